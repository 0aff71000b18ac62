//! What to write for a key.

/// What belongs to a key, by its path.
pub(crate) fn advice(path: &str) -> &'static str {
    let mut key = String::new();
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            letter if !inside => key.push(letter),
            _ => {}
        }
    }
    let key = key.strip_prefix("values.").unwrap_or(&key);
    match key {
        "name" => "write what the product is called, like name = \"ATL06\"",
        "title" | "notes" => "write a text in quotes",
        "short_names" => "write what its granules call themselves, like short_names = [\"ATL06\"]",
        "names" => {
            "write patterns of file names, like names = [\"ATL06_{time:14}_{rgt:4}{cycle:2}{region:2}_{release:3}_{version:2}\"]"
        }
        "collections" => {
            "write collections of NASA's catalog, like collections = [{ short_name = \"ATL06\", provider = \"NSIDC_CPRD\" }]"
        }
        "tracks" => "write the groups of tracks, like tracks = [\"gt1l\", \"gt1r\"], or [\"\"] where there are none",
        "group" => "write the group inside a track, like group = \"land_ice_segments\", or leave it out",
        "latitude" => "write the path of a dataset inside the group, like latitude = \"latitude\"",
        "longitude" => "write the path of a dataset inside the group, like longitude = \"longitude\"",
        "value" => "write the path of a dataset inside the group, like value = \"h_li\", or value = { count = true }",
        "uncertainty" => {
            "write the path of a dataset inside the group, like uncertainty = \"h_li_sigma\", or leave it out"
        }
        "weight" => "write weight = \"inverse_variance\", \"none\" or { column = \"PATH\" }",
        "beams" => "write beams = \"strong\", \"weak\" or a list of tracks, or leave it out for all",
        "direction" => "write direction = \"ascending\" or \"descending\", or leave it out for both",
        "min_count" => "write a whole number from 1, like min_count = 3",
        "statistics" => "write a list like statistics = [\"count\", \"mean\", \"q50\"]",
        "output" => "write a table [output] with prefix, label and units",
        "output.prefix" => "write what begins the names of arrays, like prefix = \"h\"",
        "output.label" => "write what the value is in words, like label = \"height above the ellipsoid\"",
        "output.units" => "write the unit of the value, like units = \"m\"",
        "output.standard_name" => "write CF's standard name, or leave it out",
        "output.limit" => "write a number above 0, like limit = 1e5, or leave it out",
        "values" => "write a table [[values]] for each, with value and [values.output]",
        "link" => "write a table [link] with begin, count, base, and groups of parents, or leave it out",
        "link.begin" => "write the path inside the track, like begin = \"geolocation/ph_index_beg\"",
        "link.count" => "write the path inside the track, like count = \"geolocation/segment_ph_cnt\"",
        "link.base" => "write the number of the first row, like base = 1",
        "link.latitude" | "link.longitude" => {
            "write the path inside the track of the parents' places, or leave them out"
        }
        "link.margin" => "write the kilometres that rows lie from their parent at most, like margin = 1.0",
        "link.groups" => "write groups inside the track, like groups = [\"geolocation\"]",
        "orbit" => "write a table [orbit] with period, inclination, spacing, spread and pointing, or leave it out",
        "orbit.period" => "write the seconds of a revolution, like period = 5668.6, or leave [orbit] out",
        "orbit.inclination" => "write degrees, like inclination = 92.0, or leave [orbit] out",
        "orbit.spacing" => "write the kilometres between rows, like spacing = 0.02, or leave [orbit] out",
        "orbit.spread" => "write the kilometres between the outer tracks, like spread = 7.5, or leave [orbit] out",
        "orbit.pointing" => "write the kilometres beside the ground track, like pointing = 50.0, or leave [orbit] out",
        "keep" => "write a table [[keep]] for each condition, with column and one test, like is = [0] or at_least = 1",
        "keep.is" | "keep.not" => "write a list of numbers, like [0, 1]",
        "keep.between" => "write two numbers, like between = [0, 0.5]",
        "keep.bits_all" | "keep.bits_none" => "write the sum of the bits' values, like 5 for the first and the third",
        "keep.at_least" | "keep.at_most" | "keep.above" | "keep.below" => "write a number, like 0.5",
        _ => of_column(key.rsplit('.').next().unwrap_or_default()),
    }
}

/// What belongs to a key of a table that names a column.
fn of_column(key: &str) -> &'static str {
    match key {
        "column" => "write the path of a dataset inside the group, like column = \"h_li\", or a list of paths",
        "index" => "write which column of the second axis, from 0, like index = 98",
        "axis" => "write the coordinate of the second axis, like axis = { column = \"cycle_number\", value = 7 }",
        "value" => "write the number wanted of the coordinate, like value = 7",
        "fill" => "write a list of numbers, like fill = [-9999]",
        "optional" => "write optional = true or false",
        "minus" => "write the path of the dataset to subtract, like minus = \"geoid\"",
        "count" => "write count = true",
        _ => "compare with a built-in description: icestream product show ATL06",
    }
}
