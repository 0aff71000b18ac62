//! What files say of a coordinate reference system: attributes of a CF grid mapping, and WKT.

use crate::crs::{GridCrs, Method, SPHERE};

/// Semi-major axis of WGS 84, metres, and its inverse flattening.
const WGS_84: [f64; 2] = [6_378_137.0, 298.257_223_563];
const DEGREE: &str = r#"ANGLEUNIT["degree",0.0174532925199433]"#;
const METRE: &str = r#"LENGTHUNIT["metre",1]"#;

/// The value of an attribute.
pub(crate) enum Attribute {
    Text(String),
    Number(f64),
}

/// The attributes of a grid mapping (CF 1.11, appendix F), the WKT last.
pub(crate) fn attributes(crs: GridCrs) -> Vec<(&'static str, Attribute)> {
    let definition = crs.definition();
    let (pole, meridian) = (definition.pole, definition.meridian);
    let (name, numbers) = match definition.method {
        Method::Degrees => ("latitude_longitude", Vec::new()),
        Method::TrueScale(parallel) => {
            let axis = ("straight_vertical_longitude_from_pole", meridian);
            (
                "polar_stereographic",
                vec![("latitude_of_projection_origin", pole), axis, ("standard_parallel", parallel)],
            )
        }
        Method::PoleScale(scale) => {
            let axis = ("straight_vertical_longitude_from_pole", meridian);
            let scale = ("scale_factor_at_projection_origin", scale);
            ("polar_stereographic", vec![("latitude_of_projection_origin", pole), axis, scale])
        }
        Method::EqualArea => {
            let origin = [("latitude_of_projection_origin", pole), ("longitude_of_projection_origin", meridian)];
            ("lambert_azimuthal_equal_area", origin.to_vec())
        }
        Method::Utm(_) => {
            let origin = [("latitude_of_projection_origin", 0.0), ("longitude_of_central_meridian", meridian)];
            let scale = ("scale_factor_at_central_meridian", 0.9996);
            ("transverse_mercator", origin.into_iter().chain([scale]).collect())
        }
    };
    let mut all = vec![("grid_mapping_name", Attribute::Text(name.to_owned()))];
    let mut number = |name, value| all.push((name, Attribute::Number(value)));
    numbers.into_iter().for_each(|(name, value)| number(name, value));
    if !crs.is_degrees() {
        number("false_easting", definition.shift[0]);
        number("false_northing", definition.shift[1]);
    }
    number("longitude_of_prime_meridian", 0.0);
    if definition.is_sphere {
        number("earth_radius", SPHERE);
    } else {
        number("semi_major_axis", WGS_84[0]);
        number("inverse_flattening", WGS_84[1]);
    }
    all.push(("crs_wkt", Attribute::Text(wkt(crs))));
    all
}

/// WKT of 2019 (OGC 18-010r7) with the EPSG codes of all that matters.
pub(crate) fn wkt(crs: GridCrs) -> String {
    let definition = crs.definition();
    let (datum, geographic) = if definition.is_sphere {
        let figure = format!(r#"ELLIPSOID["International 1924 Authalic Sphere",{SPHERE},0,{METRE}]"#);
        (format!(r#"DATUM["NSIDC International 1924 Authalic Sphere",{figure}]"#), ("NSIDC Authalic Sphere", 10_346))
    } else {
        let figure = format!(r#"ELLIPSOID["WGS 84",{},{},{METRE}]"#, WGS_84[0], WGS_84[1]);
        (format!(r#"DATUM["World Geodetic System 1984",{figure}]"#), ("WGS 84", 4326))
    };
    let meridian = format!(r#"PRIMEM["Greenwich",0,{DEGREE}]"#);
    let base = format!(r#""{}",{datum},{meridian}"#, geographic.0);
    let Some(method) = conversion(crs) else {
        let axis = |name, way, order| format!(r#"AXIS["{name}",{way},ORDER[{order}],{DEGREE}]"#);
        let axes =
            format!("{},{}", axis("geodetic latitude (Lat)", "north", 1), axis("geodetic longitude (Lon)", "east", 2));
        return format!(r#"GEOGCRS[{base},CS[ellipsoidal,2],{axes},ID["EPSG",4326]]"#);
    };
    let name = name(crs);
    let axes = axes(crs);
    format!(
        r#"PROJCRS["{name}",BASEGEOGCRS[{base},ID["EPSG",{}]],{method},CS[Cartesian,2],{axes},ID["EPSG",{}]]"#,
        geographic.1,
        crs.code()
    )
}

/// As the EPSG registry calls it.
pub(crate) fn name(crs: GridCrs) -> String {
    let definition = crs.definition();
    match definition.method {
        Method::Utm(zone) => format!("{} {zone}{}", definition.name, if definition.pole < 0.0 { "S" } else { "N" }),
        _ => definition.name.to_owned(),
    }
}

fn conversion(crs: GridCrs) -> Option<String> {
    let definition = crs.definition();
    let angle = |name, value: f64, code| format!(r#"PARAMETER["{name}",{value},{DEGREE},ID["EPSG",{code}]]"#);
    let scale = |value: f64| {
        format!(r#"PARAMETER["Scale factor at natural origin",{value},SCALEUNIT["unity",1],ID["EPSG",8805]]"#)
    };
    let origin = |lat| {
        let lat = angle("Latitude of natural origin", lat, 8801);
        [lat, angle("Longitude of natural origin", definition.meridian, 8802)].join(",")
    };
    let (name, code, own) = match definition.method {
        Method::Degrees => return None,
        Method::TrueScale(parallel) => {
            let parallel = angle("Latitude of standard parallel", parallel, 8832);
            let axis = angle("Longitude of origin", definition.meridian, 8833);
            ("Polar Stereographic (variant B)", 9829, [parallel, axis].join(","))
        }
        Method::PoleScale(factor) => {
            ("Polar Stereographic (variant A)", 9810, [origin(definition.pole), scale(factor)].join(","))
        }
        Method::EqualArea if definition.is_sphere => {
            ("Lambert Azimuthal Equal Area (Spherical)", 1027, origin(definition.pole))
        }
        Method::EqualArea => ("Lambert Azimuthal Equal Area", 9820, origin(definition.pole)),
        Method::Utm(_) => ("Transverse Mercator", 9807, [origin(0.0), scale(0.9996)].join(",")),
    };
    let length = |name, value: f64, code| format!(r#"PARAMETER["{name}",{value},{METRE},ID["EPSG",{code}]]"#);
    let [east, north] = definition.shift;
    let shift = [length("False easting", east, 8806), length("False northing", north, 8807)].join(",");
    Some(format!(r#"CONVERSION["unnamed",METHOD["{name}",ID["EPSG",{code}]],{own},{shift}]"#))
}

/// Around a pole all ways lead to the equator: along which meridian says the direction of an axis.
fn axes(crs: GridCrs) -> String {
    let definition = crs.definition();
    let axis = |name, way: &str, order| format!(r#"AXIS["{name}",{way},ORDER[{order}],{METRE}]"#);
    if matches!(definition.method, Method::Utm(_)) {
        return [axis("(E)", "east", 1), axis("(N)", "north", 2)].join(",");
    }
    let is_north = definition.pole > 0.0;
    let along = |turn: f64| {
        let meridian = definition.meridian + turn;
        format!(r"{},MERIDIAN[{meridian},{DEGREE}]", if is_north { "south" } else { "north" })
    };
    [axis("(E)", &along(90.0), 1), axis("(N)", &along(if is_north { 180.0 } else { 0.0 }), 2)].join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_system_say_which_it_is() {
        for code in [3031, 3408, 3413, 4326, 5041, 6932, 32_633, 32_733] {
            let crs = GridCrs::new(code).unwrap();
            let text = wkt(crs);
            assert!(text.ends_with(&format!(r#",ID["EPSG",{code}]]"#)), "{text}");
            assert_eq!(text.matches('[').count(), text.matches(']').count(), "{text}");
            assert!(matches!(attributes(crs).last(), Some(("crs_wkt", Attribute::Text(own))) if *own == text));
        }
        assert_eq!(name(GridCrs::new(32_733).unwrap()), "WGS 84 / UTM zone 33S");
    }
}
