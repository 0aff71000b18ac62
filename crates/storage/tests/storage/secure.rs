//! A server behind TLS whose certificate is of an authority that no system trusts (fixtures/make_ca.sh).
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).join(name)
}

/// Answers ranges of `content`, one request a connection; returns the port.
pub(crate) fn serve(content: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let chain = CertificateDer::pem_file_iter(fixture("server.pem")).unwrap().collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls_graviola::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut reader = BufReader::new(StreamOwned::new(connection, stream));
            let (mut head, mut range) = (String::new(), (0, 0));
            while reader.read_line(&mut head).is_ok_and(|count| count > 2) {
                let line = head.to_ascii_lowercase();
                if let Some((first, last)) = line.strip_prefix("range: bytes=").and_then(|r| r.trim().split_once('-')) {
                    range = (first.parse().unwrap(), last.parse::<usize>().unwrap().min(content.len() - 1));
                }
                head.clear();
            }
            let (first, last) = range;
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-{last}/{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                content.len(),
                last + 1 - first
            );
            let stream = reader.get_mut();
            // A client that does not trust it has hung up.
            _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&content[first..=last]));
            _ = stream.flush();
        }
    });
    port
}
