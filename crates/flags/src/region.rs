//! The region of interest.
use crate::exit::{BAD_INPUT, CommandError};
use area::{Clip, Interest};
use clap::Args;
use std::path::Path;
use stores::Cube;

/// Which part of the Earth.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Region")]
pub struct RegionArgs {
    /// The region: a file (GeoJSON, shapefile, FlatGeobuf, GeoParquet, WKT), a box in degrees (also across 180), WKT or GeoJSON
    /// itself, or antarctica or greenland.
    #[arg(long, value_name = "FILE|W,S,E,N|NAME", allow_hyphen_values = true)]
    pub region: Option<String>,
    /// The coordinate system of a region that states none: EPSG:3413 [default: degrees, or as the file says].
    #[arg(long, value_name = "CRS", requires = "region")]
    pub region_crs: Option<String>,
    /// Which cells belong to it: those whose centre is inside, that touch it, all of the parent cells (none), or those that touch
    /// it with the rows inside alone (rows).
    #[arg(long, value_name = "centre|touch|none|rows", default_value_t, requires = "region")]
    pub clip: Clip,
}

impl RegionArgs {
    /// The region, if there is one.
    ///
    /// # Errors
    /// What is no region, or a coordinate system that is refused, with its reason.
    pub fn interest(&self) -> Result<Option<Interest>, CommandError> {
        let Some(text) = &self.region else { return Ok(None) };
        if is_of_aws(text) {
            let failure = CommandError::usage(format!("--region {text}: this is a region of AWS, not of the Earth"));
            return Err(failure.hint(format!("write --aws-region {text}")));
        }
        let (path, crs) = (Path::new(text), self.region_crs.as_deref());
        if names_a_file(text) && !path.is_file() {
            return Err(CommandError::new(BAD_INPUT, format!("--region {text}: there is no such file")));
        }
        if !path.is_file() {
            return Ok(Some(Interest::parse(text, crs)?));
        }
        let failed = |error: std::io::Error| CommandError::new(BAD_INPUT, format!("{text}: {error}"));
        let bytes = std::fs::read(path).map_err(failed)?;
        let sibling = |name: &str| std::fs::read(path.with_file_name(name)).ok();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Some(Interest::of_file(&name, &bytes, &sibling, crs)?))
    }

    /// The cells of a table that belong to the region.
    ///
    /// # Errors
    /// As [`RegionArgs::interest`]; a way to clip that tables do not have.
    pub fn cut(&self, cube: Cube) -> Result<Cube, CommandError> {
        let Some(interest) = self.interest()? else { return Ok(cube) };
        if matches!(self.clip, Clip::Rows | Clip::None) {
            let failure = CommandError::usage(format!("--clip {}: the cells of a store are whole", self.clip));
            return Err(failure.hint("--clip centre or --clip touch chooses among them"));
        }
        let (order, latitude) = (cube.cells.order, cube.cells.latitude);
        let kept = interest.kept(order, order, latitude, self.clip)?;
        let is_kept = |id: u64| {
            let at = kept.partition_point(|range| range.end <= id);
            kept.get(at).is_some_and(|range| range.start <= id)
        };
        let rows: Vec<usize> = (0..).zip(&cube.cells.ids).filter(|(_, id)| is_kept(**id)).map(|(row, _)| row).collect();
        if rows.is_empty() {
            return Err(
                CommandError::new(BAD_INPUT, "no cell lies in the region").hint("--clip touch takes more cells")
            );
        }
        Ok(cube.select(&rows))
    }
}

/// Whether a text can be nothing but the name of a file: it has an ending, and neither the commas of a box nor brackets.
fn names_a_file(text: &str) -> bool {
    !text.contains([',', '(', '{']) && Path::new(text).extension().is_some()
}

/// Whether a text is the name of a region of AWS: `us-west-2`.
fn is_of_aws(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [first, middle @ .., last] => {
            first.len() == 2
                && letters(first)
                && !middle.is_empty()
                && middle.iter().all(letters)
                && last.len() == 1
                && last.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_aws;

    #[test]
    fn regions_of_aws_are_told_from_those_of_the_earth() {
        for name in ["us-west-2", "eu-central-1", "us-gov-east-1", "ap-northeast-3"] {
            assert!(is_of_aws(name), "{name}");
        }
        for name in ["antarctica", "-51,68.5,-48,69.8", "basin-2", "ab-1", "", "us-west-22", "my-basin-1.shp"] {
            assert!(!is_of_aws(name), "{name}");
        }
    }
}
