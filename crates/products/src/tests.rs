use super::*;

/// A sound description, on lines that the tests count on.
const SOUND: &str = r#"name = "mine"
short_names = ["MINE"]
names = ["MINE_{time:14}"]
tracks = ["gt1l", "gt1r"]
group = "land"
latitude = "lat"
longitude = "lon"
value = "h"
uncertainty = "s"
weight = "inverse_variance"
statistics = [
    "count",
    "mean",
    "sigma",
]

[output]
prefix = "h"
label = "height"
units = "m"

[[keep]]
column = "q"
at_least = 1

[[keep]]
column = "r"
axis = { column = "cycle" }
is = [0, 1]

[[values]]
value = { column = "t", minus = "u" }

[values.output]
prefix = "t"
label = "t"

[orbit]
period = 5668.6
inclination = 92.0
spacing = 0.02
spread = 7.5
pointing = 50.0
"#;

/// What is changed in the sound description, into what; how the message begins, and what to do.
const WRONG: &[[&str; 4]] = &[
    // Unknown keys.
    ["units = \"m\"", "unit = \"m\"", "20: output.unit: is no key of a description", ": did you mean units?"],
    ["short_names", "short_name", "2: short_name: is no key", ": did you mean short_names?"],
    ["at_least = 1", "atleast = 1", "24: keep[0].atleast: is no key", ": did you mean at_least?"],
    ["is = [0, 1]", "equals = [0, 1]", "29: keep[1].equals: is no key", ": write one of column, index, axis"],
    ["minus = \"u\"", "less = \"u\"", "32: values[0].value.less: is no key", ": write one of column,"],
    ["{ column = \"cycle\" }", "{ colum = \"cycle\" }", "28: keep[1].axis.colum: is no key", ": did you mean column?"],
    ["label = \"t\"", "lable = \"t\"", "36: values[0].output.lable: is no key", ": write one of prefix, label"],
    ["\"inverse_variance\"", "{ colum = \"w\" }", "10: weight.colum: is no key", "column"],
    // Missing keys.
    [
        "latitude = \"lat\"\n",
        "",
        "1: latitude: is missing",
        ": write the path of a dataset inside the group, like latitude =",
    ],
    ["prefix = \"h\"\n", "", "17: output.prefix: is missing", ": write what begins the names of arrays"],
    ["column = \"q\"\n", "", "22: keep[0].column: is missing", ": write the path of a dataset"],
    ["spread = 7.5\n", "", "38: orbit.spread: is missing", ": write the kilometres"],
    // Wrong types.
    ["name = \"mine\"", "name = 6", "1: name: is the number 6, not a text", ": write what the product is called"],
    ["[\"gt1l\", \"gt1r\"]", "\"gt1l\"", "4: tracks: is the text \"gt1l\", not a list", ": write the groups of tracks"],
    [
        "at_least = 1",
        "at_least = \"one\"",
        "24: keep[0].at_least: is the text \"one\", not a number",
        ": write a number",
    ],
    [
        "is = [0, 1]",
        "is = [0,\n\"b\"]",
        "30: keep[1].is[1]: is the text \"b\", not a number",
        ": write a list of numbers",
    ],
    ["is = [0, 1]", "between = [0]", "29: keep[1].between: has 1 items, not 2", ": write two numbers"],
    ["value = \"h\"", "value = 7", "8: value: is the number 7, not the path of a dataset", ": write the path"],
    [
        "\"inverse_variance\"",
        "\"inverse\"",
        "10: weight: is the text \"inverse\", not",
        ": write weight = \"inverse_variance\"",
    ],
    ["units = \"m\"", "limit = \"m\"", "20: output.limit: is the text \"m\", not a number", ": write a number above 0"],
    ["period = 5668.6", "period = true", "39: orbit.period: is true, not a number", ": write the seconds"],
    // What a type refuses.
    ["    \"mean\",", "    \"median\",", "13: statistics[1]: \"median\" is no statistic", ": write one of count, min"],
    ["MINE_{time:14}", "MINE_{time}", "3: names[0]: \"MINE_{time}\"", ": write fields as {name:digits}"],
    ["at_least = 1\n", "", "22: keep[0]: the condition on q asks nothing", ": write one of is, not,"],
    [
        "at_least = 1",
        "at_least = 1\nat_most = 2",
        "22: keep[0]: the condition on q asks twice",
        ": write one of is, not,",
    ],
    [
        "value = \"h\"",
        "value = \"/gt1l/h\"",
        "8: value: \"/gt1l/h\" is not a path inside the group",
        ": write the path",
    ],
    ["longitude = \"lon\"", "longitude = \"lon[x]\"", "7: longitude: lon[x]", ": write an index in the brackets"],
    // What does not go together.
    ["    \"count\",\n", "", "11: statistics: lacks count", ": add \"count\""],
    ["uncertainty = \"s\"\n", "", "13: statistics[2]: sigma needs an uncertainty", ": take sigma out"],
    ["\"gt1l\", \"gt1r\"", "\"gt1l\",\n\"gt1l\"", "5: tracks[1]: names \"gt1l\" twice", ": write the groups of tracks"],
    ["\"gt1l\", \"gt1r\"", "\"/gt1l\"", "4: tracks[0]: begins or ends with a slash", ": write gt1l and"],
    ["group = \"land\"", "group = \"land/\"", "5: group: begins or ends with a slash", ": write gt1l and"],
    ["group = \"land\"", "min_count = 0", "5: min_count: is 0", ": write a whole number from 1"],
    [
        "group = \"land\"",
        "beams = [\n\"gt1l\",\n\"gt9l\"]",
        "7: beams[1]: gt9l is none of its tracks",
        ": write beams =",
    ],
    ["prefix = \"h\"", "prefix = \"1h\"", "18: output.prefix: \"1h\" cannot begin the names", ": write a letter"],
    ["prefix = \"t\"", "prefix = \"t t\"", "35: values[0].output.prefix: \"t t\" cannot begin", ": write a letter"],
    ["{ column = \"t\", minus = \"u\" }", "{ count = true }", "32: values[0].value: count = true", ": write a column"],
    [
        "label = \"t\"\n",
        "label = \"t\"\nlimit = -1\n",
        "37: values[0].output.limit: -1 is not above 0",
        ": write a number",
    ],
    // What is not TOML.
    ["value = \"h\"", "value = h", "8: is not TOML: ", ": write texts in quotes"],
    ["value = \"h\"", "name = \"h\"", "8: is not TOML: duplicate key", ": take one of the two out"],
    ["[output]", "[output", "17: is not TOML: ", ": write texts in quotes"],
];

#[test]
fn what_is_wrong_is_said_with_line_key_and_what_to_write() {
    parse(SOUND, "mine.toml").unwrap();
    let mut failed = Vec::new();
    for [from, to, start, next] in WRONG {
        // The first place: `value = "h"` and the like are at the top.
        assert!(SOUND.contains(from), "{from:?} is not in the sound description");
        let Err(error) = parse(&SOUND.replacen(from, to, 1), "mine.toml") else {
            failed.push(format!("{to:?} passes"));
            continue;
        };
        let message = error.to_string();
        let said = message.starts_with(&format!("mine.toml:{start}")) && message.contains(next);
        if !said || error.why.is_empty() || error.next.is_empty() {
            failed.push(format!("{message}\n    wanted {start} ... {next}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let empty = parse("", "mine.toml").map(|_| ()).unwrap_err().to_string();
    assert!(empty.starts_with("mine.toml:1: name: is missing: write what the product is called"), "{empty}");
}

#[test]
fn every_built_in_is_sound_and_comes_back() {
    for (name, file) in list() {
        let product = built_in(name).map_err(|error| error.to_string()).unwrap();
        assert_eq!((product.name.as_str(), text(name).unwrap()), (name, file));
        let json = serde_json::to_string(&product).unwrap();
        assert_eq!(serde_json::from_str::<Product>(&json).unwrap(), product, "{name}");
        assert!(!product.title.is_empty() && (name == "ATL06" || !product.notes.is_empty()), "{name}");
        assert!(!product.collections.is_empty() && !product.names.is_empty(), "{name}");
        let statistics: Vec<String> = product.statistics.iter().map(ToString::to_string).collect();
        let standard = ["count", "min", "max", "mean", "sigma", "variance", "q25", "q50", "q75"];
        let sigma = |statistic: &&str| *statistic != "sigma" || product.uncertainty.is_some();
        assert_eq!(statistics, standard.into_iter().filter(sigma).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn names_of_granules_are_read_by_the_patterns() {
    for (product, granule) in [
        ("ATL06", "ATL06_20181013235645_02340114_209_01"),
        ("ATL08", "ATL08_20200821122613_08730802_004_01"),
        ("ATL08-canopy", "ATL08_20200821122613_08730802_004_01"),
        ("ATL10", "ATL10-01_20220103200708_01921401_006_01"),
        ("ATL10", "ATL10-01_20220106202428_02381401_006_01"),
        ("ATL11", "ATL11_078805_0304_02_v002"),
        ("ATL11", "ATL11_005411_0324_006_01"),
        ("ATL13", "ATL13_20181230014249_00250201_003_01"),
        ("GEDI02_A", "GEDI02_A_2019162222610_O02812_04_T01244_02_003_01_V002"),
        ("GEDI02_A", "GEDI02_A_2019108080338_O01964_T05337_02_001_01"),
        ("GEDI02_B", "GEDI02_B_2019108080338_O01964_T05337_02_001_01"),
        ("GEDI02_B", "GEDI02_B_2019108080338_O01964_02_T05337_02_003_01_V002"),
        ("GEDI04_A", "GEDI04_A_2019117051430_O02102_01_T04603_02_002_02_V002"),
    ] {
        let product = built_in(product).unwrap();
        for file in [format!("{granule}.h5"), format!("processed_{}_sub.h5", granule.to_lowercase())] {
            assert_eq!(product.mission_name(&file), format!("{granule}.h5"), "{file}");
        }
        let unread = format!("{granule}9.h5x");
        assert_eq!(product.mission_name(&unread), unread);
    }
}

#[test]
fn built_ins_are_found_by_name_and_by_what_granules_call_themselves() {
    assert_eq!(built_in("atl08-CANOPY").unwrap().name, "ATL08-canopy");
    assert_eq!(fitting("ATL08"), ["ATL08", "ATL08-canopy"]);
    assert_eq!(fitting("GEDI_L2B"), ["GEDI02_B"]);
    assert_eq!(fitting("ATL24"), Vec::<&str>::new());
    let error = |name: &str| text(name).unwrap_err().to_string();
    assert!(error("ATL6").starts_with("ATL6: is no built-in product: did you mean ATL06? write one of ATL03, ATL06, "));
    assert!(error("GEDI_L4A").contains("did you mean GEDI04_A?"));
    assert!(error("mine").starts_with("mine: is no built-in product: write one of ATL03, "));
    assert!(error("mine").ends_with(", or a file"));
    assert_eq!(built_in("ATL6").map(|_| ()).unwrap_err(), text("ATL6").unwrap_err());
}

#[test]
fn a_message_about_a_granule_is_led_back_to_its_line() {
    let line = |message: &str| concerned(SOUND, message);
    assert_eq!(line("/gt1l/land/lat: is missing although its track is there").as_deref(), Some("6: latitude"));
    assert_eq!(line("granule x could not be read: /gt1r/land/q: is no number").as_deref(), Some("23: keep.column"));
    assert_eq!(line("/gt1l/land/other: is missing"), None);
}
