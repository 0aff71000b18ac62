//! A coordinate system in the words of CF and of WKT.
use super::definition::{Definition, Ellipsoid, Kind};
use serde_json::{Value, json};

/// Attributes of a grid mapping of CF 1.11; only `crs_wkt` where CF has no name for the projection.
pub(super) fn cf(definition: &Definition, epsg: Option<u16>) -> Vec<(String, Value)> {
    let (name, numbers): (&str, Vec<(&str, Value)>) = match definition.kind {
        Kind::Degrees => ("latitude_longitude", Vec::new()),
        Kind::PolarByParallel { parallel, lon } => (
            "polar_stereographic",
            vec![
                ("latitude_of_projection_origin", json!(90.0_f64.copysign(parallel))),
                ("straight_vertical_longitude_from_pole", json!(lon)),
                ("standard_parallel", json!(parallel)),
            ],
        ),
        Kind::PolarByScale { pole, lon, scale } => (
            "polar_stereographic",
            vec![
                ("latitude_of_projection_origin", json!(pole)),
                ("straight_vertical_longitude_from_pole", json!(lon)),
                ("scale_factor_at_projection_origin", json!(scale)),
            ],
        ),
        Kind::EqualArea { lat, lon } => (
            "lambert_azimuthal_equal_area",
            vec![("latitude_of_projection_origin", json!(lat)), ("longitude_of_projection_origin", json!(lon))],
        ),
        Kind::TransverseMercator { lat, lon, scale } => (
            "transverse_mercator",
            vec![
                ("latitude_of_projection_origin", json!(lat)),
                ("longitude_of_central_meridian", json!(lon)),
                ("scale_factor_at_central_meridian", json!(scale)),
            ],
        ),
        Kind::Conformal { lat, lon, parallels, scale: 1.0 } => ("lambert_conformal_conic", conic(lat, lon, parallels)),
        Kind::Albers { lat, lon, parallels } => ("albers_conical_equal_area", conic(lat, lon, parallels)),
        Kind::Mercator { lon, parallel: 0.0, scale } => (
            "mercator",
            vec![("longitude_of_projection_origin", json!(lon)), ("scale_factor_at_projection_origin", json!(scale))],
        ),
        Kind::Mercator { lon, parallel, .. } => {
            ("mercator", vec![("longitude_of_projection_origin", json!(lon)), ("standard_parallel", json!(parallel))])
        }
        Kind::Conformal { .. } | Kind::WebMercator { .. } => ("", Vec::new()),
    };
    let mut attributes: Vec<(&str, Value)> = Vec::new();
    if !name.is_empty() {
        attributes.push(("grid_mapping_name", json!(name)));
        attributes.extend(numbers);
        if definition.kind != Kind::Degrees {
            attributes.push(("false_easting", json!(definition.false_easting / definition.unit)));
            attributes.push(("false_northing", json!(definition.false_northing / definition.unit)));
        }
        let Ellipsoid { semi_major, inverse_flattening } = definition.ellipsoid;
        if inverse_flattening == 0.0 {
            attributes.push(("earth_radius", json!(semi_major)));
        } else {
            attributes.push(("semi_major_axis", json!(semi_major)));
            attributes.push(("inverse_flattening", json!(inverse_flattening)));
        }
        attributes.push(("longitude_of_prime_meridian", json!(0.0)));
    }
    attributes.push(("crs_wkt", json!(wkt(definition, epsg))));
    attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn conic(lat: f64, lon: f64, [first, second]: [f64; 2]) -> Vec<(&'static str, Value)> {
    let parallels = if first == second { json!(first) } else { json!([first, second]) };
    vec![
        ("latitude_of_projection_origin", json!(lat)),
        ("longitude_of_central_meridian", json!(lon)),
        ("standard_parallel", parallels),
    ]
}

/// A parameter in WKT: its name, its value, and whether it is an angle.
type Parameter = (&'static str, f64, bool);

/// WKT of version 2; without the shift to WGS 84, if there is one.
pub(super) fn wkt(definition: &Definition, epsg: Option<u16>) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let Ellipsoid { semi_major, inverse_flattening } = definition.ellipsoid;
    let (datum, ellipsoid, geographic) = match definition.ellipsoid {
        Ellipsoid::WGS_84 => ("World Geodetic System 1984", "WGS 84", "WGS 84"),
        Ellipsoid::GRS_80 => ("unknown, on GRS 1980", "GRS 1980", "unknown"),
        _ if inverse_flattening == 0.0 => ("sphere", "sphere", "sphere"),
        _ => ("unknown", "unknown", "unknown"),
    };
    let datum = format!(
        "DATUM[{},ELLIPSOID[{},{semi_major},{inverse_flattening},LENGTHUNIT[\"metre\",1]]],\
         PRIMEM[\"Greenwich\",0,ANGLEUNIT[\"degree\",0.0174532925199433]]",
        quoted(datum),
        quoted(ellipsoid)
    );
    let id = epsg.map_or_else(String::new, |number| format!(",ID[\"EPSG\",{number}]"));
    let name = quoted(&definition.name);
    if definition.is_degrees() {
        return format!(
            "GEOGCRS[{name},{datum},CS[ellipsoidal,2],AXIS[\"geodetic latitude (Lat)\",north,ORDER[1]],\
             AXIS[\"geodetic longitude (Lon)\",east,ORDER[2]],ANGLEUNIT[\"degree\",0.0174532925199433]{id}]"
        );
    }
    let (method, [east, north], parameters) = method(definition);
    let shifts = [("False easting", definition.false_easting), ("False northing", definition.false_northing)];
    let names = if matches!(definition.kind, Kind::Conformal { scale: 1.0, .. } | Kind::Albers { .. }) {
        ["Easting at false origin", "Northing at false origin"]
    } else {
        shifts.map(|(name, _)| name)
    };
    let parameters = parameters.iter().map(|&(name, value, angle)| {
        let unit = if angle { "ANGLEUNIT[\"degree\",0.0174532925199433]" } else { "SCALEUNIT[\"unity\",1]" };
        format!(",PARAMETER[\"{name}\",{value},{unit}]")
    });
    let shifts = names
        .iter()
        .zip(shifts)
        .map(|(name, (_, value))| format!(",PARAMETER[\"{name}\",{value},LENGTHUNIT[\"metre\",1]]"));
    let parameters: String = parameters.chain(shifts).collect();
    let unit = definition.unit;
    let unit_name = if unit == 1.0 { "metre" } else { "unit" };
    format!(
        "PROJCRS[{name},BASEGEOGCRS[{},{datum}],CONVERSION[\"unnamed\",METHOD[\"{method}\"]{parameters}],\
         CS[Cartesian,2],AXIS[\"easting (X)\",{east},ORDER[1]],AXIS[\"northing (Y)\",{north},ORDER[2]],\
         LENGTHUNIT[\"{unit_name}\",{unit}]{id}]",
        quoted(geographic)
    )
}

/// The method, the directions of its axes, and its parameters.
fn method(definition: &Definition) -> (&'static str, [String; 2], Vec<Parameter>) {
    let straight = || ["east", "north"].map(str::to_owned);
    let origin = |lat: f64, lon: f64| {
        vec![("Latitude of natural origin", lat, true), ("Longitude of natural origin", lon, true)]
    };
    let scaled = |lat: f64, lon: f64, scale: f64| {
        let mut parameters = origin(lat, lon);
        parameters.push(("Scale factor at natural origin", scale, false));
        parameters
    };
    let cone = |lat: f64, lon: f64, [first, second]: [f64; 2]| {
        vec![
            ("Latitude of false origin", lat, true),
            ("Longitude of false origin", lon, true),
            ("Latitude of 1st standard parallel", first, true),
            ("Latitude of 2nd standard parallel", second, true),
        ]
    };
    match definition.kind {
        Kind::PolarByParallel { parallel, lon } => (
            "Polar Stereographic (variant B)",
            polar_axes(parallel, lon),
            vec![("Latitude of standard parallel", parallel, true), ("Longitude of origin", lon, true)],
        ),
        Kind::PolarByScale { pole, lon, scale } => {
            ("Polar Stereographic (variant A)", polar_axes(pole, lon), scaled(pole, lon, scale))
        }
        Kind::EqualArea { lat, lon } => {
            let axes = if lat.abs() == 90.0 { polar_axes(lat, lon) } else { straight() };
            let sphere = definition.ellipsoid.inverse_flattening == 0.0;
            let name = if sphere { "Lambert Azimuthal Equal Area (Spherical)" } else { "Lambert Azimuthal Equal Area" };
            (name, axes, origin(lat, lon))
        }
        Kind::TransverseMercator { lat, lon, scale } => ("Transverse Mercator", straight(), scaled(lat, lon, scale)),
        Kind::Conformal { lat, lon, parallels, scale: 1.0 } => {
            ("Lambert Conic Conformal (2SP)", straight(), cone(lat, lon, parallels))
        }
        Kind::Conformal { lat, lon, scale, .. } => {
            ("Lambert Conic Conformal (1SP)", straight(), scaled(lat, lon, scale))
        }
        Kind::Albers { lat, lon, parallels } => ("Albers Equal Area", straight(), cone(lat, lon, parallels)),
        Kind::Mercator { lon, parallel: 0.0, scale } => ("Mercator (variant A)", straight(), scaled(0.0, lon, scale)),
        Kind::Mercator { lon, parallel, .. } => (
            "Mercator (variant B)",
            straight(),
            vec![("Latitude of 1st standard parallel", parallel, true), ("Longitude of natural origin", lon, true)],
        ),
        Kind::WebMercator { lon } => ("Popular Visualisation Pseudo Mercator", straight(), origin(0.0, lon)),
        Kind::Degrees => ("", straight(), Vec::new()),
    }
}

/// On a polar map both axes run away from the pole, along meridians.
fn polar_axes(lat: f64, lon: f64) -> [String; 2] {
    let (direction, up) = if lat > 0.0 { ("south", lon + 180.0) } else { ("north", lon) };
    [lon + 90.0, up].map(|meridian| {
        let meridian = (meridian + 180.0).rem_euclid(360.0) - 180.0;
        // Writers say 180, not -180.
        let meridian = if meridian == -180.0 { 180.0 } else { meridian };
        format!("{direction},MERIDIAN[{meridian},ANGLEUNIT[\"degree\",0.0174532925199433]]")
    })
}
