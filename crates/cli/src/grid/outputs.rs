//! What a region is written as: its store, and files made from it.
use super::GridArgs;
use crate::exit::{self, CommandError};
use crate::{access, tables};
use ::grid::{Before, State};
use ::plot::{Picture, PictureFormat, PictureOptions, Size};
use export::{ExportOptions, Format, GridOptions};
use flags::files;
use pipeline::JobSpec;
use std::path::{Path, PathBuf};
use storage::Clients;
use stores::{Cube, Wanted};

/// Where everything goes.
pub(super) struct Outputs {
    /// The store: that of --out, or one beside the first file that is taken away in the end.
    pub(super) store: String,
    is_kept: bool,
    files: Vec<(String, Kind)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Table(Format),
    Picture(PictureFormat),
}

impl Outputs {
    pub(super) fn of(args: &GridArgs) -> Result<Self, CommandError> {
        let (mut stores, mut outs) = (Vec::new(), Vec::new());
        for out in &args.out {
            let path = Path::new(out);
            if out == "-" {
                return Err(CommandError::usage("--out -: name a place; several files do not fit on standard output"));
            }
            if let Some(format) = Format::of_path(path) {
                outs.push((out.clone(), Kind::Table(format)));
            } else if let Some(format) = PictureFormat::of_path(path) {
                outs.push((out.clone(), Kind::Picture(format)));
            } else if path.extension().is_none_or(|ending| ending == "zarr") {
                stores.push(out.trim_end_matches('/').to_owned());
            } else {
                let message = format!("--out {out}: write .zarr, .nc, .tif, .parquet, .fgb, .csv, .png or .svg");
                return Err(CommandError::usage(message));
            }
        }
        let beside = outs.iter().map(|(out, _)| out).find(|out| !out.contains("://"));
        let beside = beside.map_or("icestream", String::as_str);
        let store = match stores.as_slice() {
            [] => format!("{}.part.zarr", Path::new(beside).with_extension("").display()),
            [one] => one.clone(),
            _ => return Err(CommandError::usage("--out: one .zarr, and any number of files")),
        };
        if args.resolution.is_some_and(|metres| !(metres.is_finite() && metres > 0.0)) {
            return Err(CommandError::usage("--resolution: write a positive number of metres"));
        }
        let is_picture = |(_, kind): &(String, Kind)| matches!(kind, Kind::Picture(_));
        if !outs.iter().any(is_picture) && !args.quiet && !args.json {
            // A look at the result is part of it, where there is nothing yet.
            let first = args.out.iter().find(|out| !out.contains("://")).map_or("icestream", String::as_str);
            let map = Path::new(first.trim_end_matches('/')).with_extension("png");
            if args.overwrite || !map.exists() {
                outs.push((map.display().to_string(), Kind::Picture(PictureFormat::Png)));
            }
        }
        Ok(Self { store, is_kept: !stores.is_empty(), files: outs })
    }

    /// Whether the store is asked for itself.
    pub(super) const fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// That no file of others is in the way. Those of the same command that was stopped are its own.
    pub(super) fn check(&self, args: &GridArgs, before: Before) -> Result<(), CommandError> {
        let is_there = |out: &&(String, Kind)| !out.0.contains("://") && Path::new(&out.0).exists();
        match self.files.iter().find(is_there) {
            Some((out, _)) if !args.overwrite && before != Before::Stopped => {
                let failure = CommandError::new(exit::USAGE, format!("{out} is already there"));
                Err(failure.hint("add --overwrite, or choose another name"))
            }
            _ => Ok(()),
        }
    }

    /// What would fail in the end, as far as it is known before anything is read.
    pub(super) fn foresee(&self, args: &GridArgs, spec: &JobSpec) -> Result<(), CommandError> {
        let names: Vec<String> = spec.product.statistics.iter().map(|one| spec.product.array_name(*one)).collect();
        let unknown = args.var.iter().find(|name| spec.change.is_none() && !names.contains(name));
        if let Some(unknown) = unknown {
            let message = format!("--var {unknown}: there is no such variable, only {}", names.join(", "));
            return Err(CommandError::usage(message).hint("--also adds statistics"));
        }
        let is_raster = |(_, kind): &(String, Kind)| matches!(kind, Kind::Table(Format::GeoTiff));
        let windows = spec.time.as_ref().map_or(0, |axis| axis.windows().len());
        if windows > 1 && args.var.len() != 1 && self.files.iter().any(is_raster) {
            let message = format!("a GeoTIFF of {windows} windows has room for one variable");
            return Err(CommandError::usage(message).hint("choose one with --var"));
        }
        Ok(())
    }

    /// Takes the store away that was made on the way to files.
    pub(super) fn forget(&self, state: State) -> Result<(), CommandError> {
        let failed = |error: std::io::Error| CommandError::new(exit::FAILED, format!("{}: {error}", self.store));
        std::fs::remove_dir_all(&self.store).map_err(failed)?;
        state.forget();
        Ok(())
    }

    /// Writes the files from the store, unless it is empty, and names everything that is there.
    pub(super) fn write(
        &self,
        args: &GridArgs,
        clients: &Clients,
        is_empty: bool,
    ) -> Result<Vec<PathBuf>, CommandError> {
        let mut written: Vec<PathBuf> = self.is_kept.then(|| PathBuf::from(&self.store)).into_iter().collect();
        if is_empty {
            for (out, _) in &self.files {
                // What an earlier run wrote there is no answer to this one.
                let _ = std::fs::remove_file(out);
            }
            return Ok(written);
        }
        if self.files.is_empty() {
            return Ok(written);
        }
        let cube = tables::load(std::slice::from_ref(&self.store), &Wanted::default(), &args.access)?;
        for (out, kind) in &self.files {
            let Some(bytes) = bytes(args, &cube, *kind)? else { continue };
            access::block_on(files::write(out, &bytes, clients))?;
            written.push(PathBuf::from(out));
        }
        Ok(written)
    }
}

/// A file; none for a picture without anything to see.
fn bytes(args: &GridArgs, cube: &Cube, kind: Kind) -> Result<Option<Vec<u8>>, CommandError> {
    match kind {
        Kind::Table(format) => {
            let options = ExportOptions {
                variables: args.var.clone(),
                gridded: Some(GridOptions { crs: args.crs, resolution: args.resolution }),
                ..ExportOptions::default()
            };
            let cube = format.select(cube.clone(), &options)?;
            Ok(Some(format.encode(&cube, &options)?))
        }
        Kind::Picture(format) => picture(args, cube, format),
    }
}

fn picture(args: &GridArgs, cube: &Cube, format: PictureFormat) -> Result<Option<Vec<u8>>, CommandError> {
    if cube.observed().is_empty() {
        return Ok(None);
    }
    let options = PictureOptions { variable: args.var.first().cloned(), ..PictureOptions::default() };
    let (map, _) = Picture::windows(cube, &options)?;
    Ok(Some(map.to_bytes(format, Size::new(1200, 1100)?)?))
}

/// What to type next.
pub(super) fn next_lines(written: &[PathBuf], order: u8) -> Vec<String> {
    let ends = |ending: &str| written.iter().find(|path| path.extension().is_some_and(|own| own == ending));
    let mut lines = Vec::new();
    if let Some(store) = ends("zarr") {
        let shown = store.display().to_string();
        lines.push("\nOpen it in Python (pip install xarray zarr xdggs):\n\n    import xarray as xr, xdggs".to_owned());
        lines.push(format!("    ds = xdggs.decode(xr.open_zarr({shown:?}, group=\"{order}\"))"));
        lines.push(format!("\n    icestream plot {shown} --sheet      # every statistic on one picture"));
    }
    if let Some(file) = ends("nc") {
        lines.push(format!(
            "\n    xr.open_dataset({:?})      # on a regular grid, in Python",
            file.display().to_string()
        ));
    }
    if let Some(file) = ends("parquet") {
        lines.push(format!("\n    geopandas.read_parquet({:?})", file.display().to_string()));
    }
    lines
}
