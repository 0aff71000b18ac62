//! Coordinate systems in the notation of PROJ: `+proj=stere +lat_0=90 ...`.
use super::definition::{Definition, Ellipsoid, Kind, NEXT};
use super::known::utm;
use crate::Error;
use crate::error::short;
use std::collections::BTreeMap;

const ELLIPSOIDS: [(&str, f64, f64); 8] = [
    ("WGS84", 6_378_137.0, 298.257_223_563),
    ("GRS80", 6_378_137.0, 298.257_222_101),
    ("intl", 6_378_388.0, 297.0),
    ("bessel", 6_377_397.155, 299.152_812_8),
    ("krass", 6_378_245.0, 298.3),
    ("clrk66", 6_378_206.4, 294.978_698_213_898),
    ("clrk80", 6_378_249.145, 293.4663),
    ("airy", 6_377_563.396, 299.324_964_6),
];
const UNITS: [(&str, f64); 4] = [("m", 1.0), ("km", 1000.0), ("ft", 0.3048), ("us-ft", 1200.0 / 3937.0)];
/// Keys with a meaning here; others are refused rather than left unheeded.
const KEYS: [&str; 28] = [
    "proj", "lat_0", "lon_0", "lat_ts", "lat_1", "lat_2", "k", "k_0", "x_0", "y_0", "zone", "south", "ellps", "datum",
    "a", "b", "rf", "R", "towgs84", "units", "to_meter", "no_defs", "type", "wktext", "nadgrids", "pm", "over",
    "title",
];

/// Reads the notation of PROJ.
pub(super) fn read(text: &str) -> Result<Definition, Error> {
    let pairs: BTreeMap<&str, &str> = text
        .split_whitespace()
        .map(|word| word.trim_start_matches('+'))
        .map(|word| word.split_once('=').unwrap_or((word, "")))
        .collect();
    let refuse = |why: String| Error::crs(text, format!("{why}; {NEXT}"));
    if let Some(key) = pairs.keys().find(|key| !KEYS.contains(key)) {
        return Err(refuse(format!("`+{}` is not known here", short(key))));
    }
    let number = |key: &str| -> Result<Option<f64>, Error> {
        let read = |value: &&str| value.parse::<f64>().ok().filter(|number| number.is_finite());
        match pairs.get(key) {
            Some(value) => read(value).map(Some).ok_or_else(|| refuse(format!("`+{key}` is no number"))),
            None => Ok(None),
        }
    };
    let or = |key: &str, otherwise: f64| number(key).map(|value| value.unwrap_or(otherwise));
    if pairs.get("pm").is_some_and(|pm| !["0", "greenwich", "Greenwich"].contains(pm)) {
        return Err(refuse("its prime meridian is not Greenwich".to_owned()));
    }
    let (lat, lon, scale) = (or("lat_0", 0.0)?, or("lon_0", 0.0)?, or("k_0", or("k", 1.0)?)?);
    let parallels = [or("lat_1", 0.0)?, or("lat_2", or("lat_1", 0.0)?)?];
    let kind = match pairs.get("proj").copied().unwrap_or_default() {
        "longlat" | "latlong" | "lonlat" | "latlon" => Kind::Degrees,
        "stere" | "ups" if lat.abs() == 90.0 => match number("lat_ts")? {
            Some(parallel) if parallel.abs() < 90.0 => Kind::PolarByParallel { parallel: parallel.copysign(lat), lon },
            _ => Kind::PolarByScale { pole: lat, lon, scale },
        },
        "laea" => Kind::EqualArea { lat, lon },
        "tmerc" | "etmerc" => Kind::TransverseMercator { lat, lon, scale },
        "utm" => utm(zone(number("zone")?).ok_or_else(|| refuse("`+zone` is not 1 to 60".to_owned()))?, true).kind,
        "lcc" => Kind::Conformal { lat: or("lat_0", parallels[0])?, lon, parallels, scale },
        "aea" => Kind::Albers { lat, lon, parallels },
        "merc" if pairs.get("nadgrids") == Some(&"@null") => Kind::WebMercator { lon },
        "merc" => Kind::Mercator { lon, parallel: or("lat_ts", 0.0)?, scale },
        other => return Err(refuse(format!("the projection `{}` is not known here", short(other)))),
    };
    let is_utm = pairs.get("proj") == Some(&"utm");
    let unit = match (number("to_meter")?, pairs.get("units")) {
        (Some(unit), _) => unit,
        (None, Some(name)) => {
            let known = UNITS.iter().find(|(unit, _)| unit == name).map(|(_, metres)| *metres);
            known.ok_or_else(|| refuse(format!("its unit `{}` is not known", short(name))))?
        }
        (None, None) => 1.0,
    };
    let definition = Definition {
        name: text.to_owned(),
        kind,
        ellipsoid: ellipsoid(&pairs, number, &refuse)?,
        shift: shift(&pairs, &refuse)?,
        unit,
        false_easting: if is_utm { 500_000.0 } else { or("x_0", 0.0)? },
        false_northing: match pairs.contains_key("south") {
            true if is_utm => 1e7,
            _ => or("y_0", 0.0)?,
        },
    };
    if matches!(kind, Kind::Conformal { .. } | Kind::Albers { .. }) && !pairs.contains_key("lat_1") {
        return Err(refuse("`+lat_1` is missing".to_owned()));
    }
    definition.checked()
}

fn zone(number: Option<f64>) -> Option<u16> {
    (1..=60).find(|&zone| number == Some(f64::from(zone)))
}

type Pairs<'a> = BTreeMap<&'a str, &'a str>;

fn ellipsoid(
    pairs: &Pairs<'_>,
    number: impl Fn(&str) -> Result<Option<f64>, Error>,
    refuse: &impl Fn(String) -> Error,
) -> Result<Ellipsoid, Error> {
    if let Some(semi_major) = number("R")? {
        return Ok(Ellipsoid { semi_major, inverse_flattening: 0.0 });
    }
    if let Some(semi_major) = number("a")? {
        return match (number("b")?, number("rf")?) {
            (Some(semi_minor), _) => Ok(Ellipsoid::of_axes(semi_major, semi_minor)),
            (None, Some(inverse_flattening)) => Ok(Ellipsoid { semi_major, inverse_flattening }),
            (None, None) => Err(refuse("`+a` has neither `+b` nor `+rf` beside it".to_owned())),
        };
    }
    let name = match (pairs.get("datum"), pairs.get("ellps")) {
        (Some(&"NAD83"), _) => "GRS80",
        (Some(&"WGS84"), _) | (None, None) => "WGS84",
        (Some(other), _) => {
            let other = short(other);
            return Err(refuse(format!(
                "the shift of its datum `{other}` to WGS 84 is not known here: state it by `+towgs84`"
            )));
        }
        (None, Some(name)) => name,
    };
    let known = ELLIPSOIDS.iter().find(|(known, ..)| *known == name);
    known
        .map(|&(_, semi_major, inverse_flattening)| Ellipsoid { semi_major, inverse_flattening })
        .ok_or_else(|| refuse(format!("its ellipsoid `{}` is not known: state `+a` and `+rf`", short(name))))
}

fn shift(pairs: &Pairs<'_>, refuse: &impl Fn(String) -> Error) -> Result<Option<[f64; 7]>, Error> {
    if pairs.get("nadgrids").is_some_and(|grid| *grid != "@null") {
        return Err(refuse("its shift to WGS 84 needs a file of differences (`+nadgrids`)".to_owned()));
    }
    let Some(text) = pairs.get("towgs84") else { return Ok(None) };
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let mut shift = [0.0; 7];
    match numbers {
        Some(numbers) if [3, 7].contains(&numbers.len()) => {
            shift.iter_mut().zip(numbers).for_each(|(to, from)| *to = from);
            Ok(Some(shift))
        }
        _ => Err(refuse("`+towgs84` is neither three nor seven numbers".to_owned())),
    }
}
