//! Reads one range of a file anywhere: `read_range LOCATION [START END]`. Prints what came, what it took, and how long
//! after the start of the program the bytes were there.
use byte_ranges::{ByteRange, Source};
use std::time::Instant;
use storage::{Clients, Location, Options, TlsRoots};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [text, rest @ ..] = arguments.as_slice() else { return Err("usage: read_range LOCATION [START END]".into()) };
    let bound = |at: usize, default: u64| rest.get(at).map_or(Ok(default), |text| text.parse());
    let range = ByteRange::new(bound(0, 0)?, bound(1, 65_536)?).ok_or("the end lies before the start")?;
    let roots = if std::env::var_os("PLATFORM_ROOTS").is_some() { TlsRoots::Platform } else { TlsRoots::WebPki };
    let clients = Clients::new(Options { roots, ..Options::from_env() });
    let source = clients.open(&Location::parse(text)?)?;
    if Location::parse(text)?.as_path().is_none() {
        clients.http()?;
    }
    let ready = began.elapsed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let fetched = runtime.block_on(source.fetch(range))?;
    println!(
        "{} of {} bytes; ready after {ready:.1?}, answered after {:.1?}; {:?}",
        fetched.bytes.len(),
        fetched.file_size,
        began.elapsed(),
        source.counts()
    );
    Ok(())
}
