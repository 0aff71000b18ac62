//! Writes the inputs to begin with: `seeds FOLDER` makes FOLDER/walk, /open, /splits, /filter and /datatype.
use hdf5_pure_fuzz::seeds;
use std::io;
use std::path::Path;

/// Bytes of an input at most.
const MOST: usize = 32 << 10;

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).ok_or_else(|| io::Error::other("usage: seeds FOLDER"))?;
    let seeded = |file: &Vec<u8>| [&7_u64.to_le_bytes(), file.as_slice()].concat();
    let files = seeds::files(MOST);
    write(&folder, "splits", &files.iter().map(seeded).collect::<Vec<_>>())?;
    write(&folder, "walk", &files)?;
    write(&folder, "open", &files)?;
    write(&folder, "filter", &seeds::chunks(MOST))?;
    write(&folder, "datatype", &seeds::datatypes())
}

fn write(folder: &str, target: &str, inputs: &[Vec<u8>]) -> io::Result<()> {
    let folder = Path::new(folder).join(target);
    std::fs::create_dir_all(&folder)?;
    for (i, input) in inputs.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{i:04}")), input)?;
    }
    println!("{}: {} inputs", folder.display(), inputs.len());
    Ok(())
}
