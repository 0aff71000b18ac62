//! Maps, exports and documents of the command. What GDAL, pyarrow and xdggs see in them is checked in tests/python.
use crate::support::{demo_granules, folder, stderr, stdout};
use std::path::Path;

const CELL: &str = "--cell=-6134114";

/// A store of the demo granules, with its table beside it.
fn store(folder: &Path) -> (String, String) {
    let [store, csv] = ["cell.zarr", "cell.csv"].map(|name| folder.join(name).display().to_string());
    let granules = demo_granules().display().to_string();
    stdout(&["cell", &granules, CELL, "--out", &store, "--csv", &csv, "--overviews", "9", "--quiet"], 0);
    (store, csv)
}

fn at(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// Pixels across and down, from the header of a PNG.
fn size(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn maps_of_a_store_and_of_its_table_are_the_same_picture() {
    let folder = folder("outputs-maps");
    let (store, csv) = store(&folder);
    let [one, two, svg] = ["one.png", "two.png", "map.svg"].map(|name| at(&folder, name));
    stdout(&["plot", &store, "--out", &one, "--out", &svg, "--size", "500x400", "--title", "T"], 0);
    stdout(&["plot", &csv, "--out", &two, "--size", "500x400", "--title", "T"], 0);
    assert_eq!(size(&std::fs::read(&one).unwrap()), (500, 400));
    let text = std::fs::read_to_string(&svg).unwrap();
    assert!(text.contains("867 of 4,096 cells with data, 8,842 observations") && text.contains("EPSG:3031"));
    assert!(text.contains("4 granules of 2024-01-23 to 2024-02-17, 8,842 of 9,815 rows used"), "{text}");
    // A table knows no granules: all but the footer is the same.
    let cells = |path: &str| text_of_cells(path, &folder);
    assert_eq!(cells(&store), cells(&csv));
}

/// The cells of a map, as SVG paths.
fn text_of_cells(input: &str, folder: &Path) -> Vec<String> {
    let svg = at(folder, "cells.svg");
    stdout(&["plot", input, "--out", &svg, "--size", "500x400"], 0);
    let text = std::fs::read_to_string(&svg).unwrap();
    let cells = text.lines().filter(|line| line.contains("<path") && line.contains("fill=\"#"));
    let cells: Vec<String> = cells.map(|line| line.split(" fill=").next().unwrap().to_owned()).collect();
    assert!(cells.len() > 50, "{}", cells.len());
    cells
}

#[test]
fn a_sheet_shows_every_variable_and_a_difference_of_equals_is_none() {
    let folder = folder("outputs-sheet");
    let (store, csv) = store(&folder);
    let svg = at(&folder, "sheet.svg");
    stdout(&["plot", &store, "--sheet", "--order", "9", "--out", &svg], 0);
    let text = std::fs::read_to_string(&svg).unwrap();
    for name in ["count", "h_min", "h_max", "h_mean", "h_sigma", "h_variance", "h_q25", "h_q50", "h_q75"] {
        assert!(text.contains(&format!(">{name}</text>")), "{name}");
    }
    stdout(&["plot", "--compare", &store, &csv, "--var", "h_q75", "--out", &svg], 0);
    let text = std::fs::read_to_string(&svg).unwrap();
    assert!(text.contains("equal in all 867 cells that both have"));
}

#[test]
fn exports_are_written_once_and_whole() {
    let folder = folder("outputs-exports");
    let (store, csv) = store(&folder);
    for (name, magic) in [("c.parquet", &b"PAR1"[..]), ("c.tif", b"II*\0"), ("c.nc", b"\x89HDF"), ("c.csv", b"morton")]
    {
        let to = at(&folder, name);
        let said = stdout(&["export", &store, "--to", &to], 0);
        assert!(said.contains("cells, 9 variables"), "{said}");
        let bytes = std::fs::read(&to).unwrap();
        assert!(bytes.starts_with(magic), "{name}");
        assert!(stderr(&["export", &store, "--to", &to], 2).contains("--overwrite"));
        stdout(&["export", &store, "--to", &to, "--overwrite"], 0);
        assert_eq!(std::fs::read(&to).unwrap(), bytes, "{name} again");
    }
    // The export of the table is that of the store.
    let (a, b) = (at(&folder, "c.csv"), at(&folder, "d.csv"));
    stdout(&["export", &csv, "--to", &b], 0);
    assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    assert_eq!(std::fs::read_to_string(&a).unwrap().lines().count(), 868);
}

#[test]
fn what_is_wrong_is_said_with_the_way_out() {
    let folder = folder("outputs-errors");
    let (store, _) = store(&folder);
    let nowhere = at(&folder, "nowhere.zarr");
    let png = at(&folder, "x.png");
    for (args, code, says) in [
        (vec!["plot", &nowhere, "--out", &png], 5, "no Zarr store here"),
        (vec!["plot", &store, "--out", "x.gif"], 2, ".png or .svg"),
        (vec!["plot", &store, "--var", "h_median", "--out", &png], 2, "h_q50"),
        (vec!["plot", &store, "--order", "10", "--out", &png], 2, "it has 12, 9"),
        (vec!["plot", &store, "--size", "10x10", "--out", &png], 2, "10 by 10 pixels"),
        (vec!["plot", &store, &store, "--out", &png], 5, "a cell is in two of them"),
        (vec!["export", &store, "--to", "x.shp"], 2, ".parquet, .fgb, .tif, .nc or .csv"),
        (vec!["export", &store, "--to", "x.tif", "--crs", "EPSG:3857"], 2, "none of the coordinate reference systems"),
        (vec!["export", &store, "--to", "x.nc", "--gridded", "--resolution", "0.1"], 2, "choose a coarser resolution"),
        (vec!["export", &store, "--to", "x.tif", "--resolution=-1"], 2, "must be a positive number"),
        (vec!["export", &store, "--to", "x.csv", "--var", "no"], 2, "there is no variable `no`"),
    ] {
        let said = stderr(&args, code);
        assert!(said.contains(says), "{args:?}: {said}");
        assert!(!Path::new(&png).exists(), "{args:?}");
    }
}

#[test]
fn the_reference_is_current_and_every_command_has_its_pages() {
    let reference = stdout(&["docs", "--markdown"], 0);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == reference, "docs/cli.md is old: cargo run -- docs --markdown > docs/cli.md");
    let folder = folder("outputs-docs");
    stdout(&["docs", "--out", &folder.display().to_string()], 0);
    for command in reference.lines().filter_map(|line| line.strip_prefix("## icestream ")) {
        let page =
            std::fs::read_to_string(folder.join(format!("man/icestream-{}.1", command.replace(' ', "-")))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let completions = stdout(&["docs", "--completions", shell], 0);
        assert!(completions.contains("export") && completions.contains("tracks-in-flight"), "{shell}");
    }
}
