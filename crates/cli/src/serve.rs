//! `icestream serve`: the page, the bundled sample and a folder of granules by ranges, on this machine alone.
use crate::access::{self, AccessArgs};
use crate::exit::CommandError;
use ::serve::{PageServer, ServeOptions};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Folder of granules to offer to the page.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8321)]
    port: u16,
    /// Do not open a browser.
    #[arg(long)]
    no_open: bool,
    /// Let pages of another site read too (granules of the folder, and the proxy): `https://pages.example`
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Hosts that the proxy reads from in place of NSIDC's, and to which it follows redirects; the Earthdata token goes to
    /// Earthdata's hosts alone.
    #[arg(long, value_name = "HOST")]
    proxy_host: Vec<String>,
    /// Folder of the page, as `wasm/build` makes it [default: the one that came with the program].
    #[arg(long, value_name = "DIR")]
    page: Option<PathBuf>,
}

pub(crate) fn run(args: &ServeArgs) -> Result<u8, CommandError> {
    let server = PageServer::new(ServeOptions {
        port: args.port,
        page: args.page.clone().or_else(page_beside).unwrap_or_else(|| PathBuf::from("wasm/dist")),
        folder: args.folder.clone(),
        origins: args.allow_origin.clone(),
        proxy_hosts: args.proxy_host.clone(),
        storage: access::options(&AccessArgs::default()),
    })?;
    access::block_on(async {
        let server = server.bind().await?;
        let url = server.url();
        println!("{url}  (this machine only; Ctrl-C ends it)");
        if !args.no_open && !open(url) {
            println!("open it in a browser");
        }
        match server.run().await {}
    })
}

/// The page in the folders above the program: `page/` of an installation, `wasm/dist/` of a checkout.
fn page_beside() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let mut places =
        program.ancestors().skip(1).take(4).flat_map(|folder| ["page", "wasm/dist"].map(|p| folder.join(p)));
    places.find(|place| place.join("index.html").is_file())
}

/// Asks the desktop to open a URL; returns whether a program for that was started.
fn open(url: &str) -> bool {
    let (program, arguments): (&str, &[&str]) = match () {
        () if cfg!(target_os = "macos") => ("open", &[]),
        () if cfg!(windows) => ("explorer", &[]),
        () => ("xdg-open", &[]),
    };
    let spawned = Command::new(program)
        .args(arguments)
        .arg(Path::new(url))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    spawned.is_ok()
}
