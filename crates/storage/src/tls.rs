//! TLS without C: rustls with Graviola's cryptography.
use crate::{Options, TlsRoots};
use byte_ranges::{SourceError, SourceErrorKind};
use reqwest::redirect;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The HTTP client of this crate, for other requests with the same trust and patience (logins, searches, function
/// calls). It follows no redirect by itself: the code that sends a credential decides where it goes.
///
/// # Errors
/// [`SourceErrorKind::Config`] when the machine's roots cannot be read, or its processor lacks what the cryptography
/// needs.
pub fn http_client(options: &Options) -> Result<reqwest::Client, SourceError> {
    build(builder(options)?)
}

/// A client for servers beside this machine, which no proxy leads to.
#[cfg(feature = "identity")]
pub(crate) fn direct_client(
    options: &Options,
    connect: Duration,
    whole: Duration,
) -> Result<reqwest::Client, SourceError> {
    build(builder(options)?.no_proxy().connect_timeout(connect).timeout(whole))
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, SourceError> {
    builder.build().map_err(|e| config(format!("the HTTP client cannot be built: {e}")))
}

fn builder(options: &Options) -> Result<reqwest::ClientBuilder, SourceError> {
    let timeouts = &options.timeouts;
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(options)?)
        .user_agent(concat!("icestream/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        // Retries are ours, so that they are counted.
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.idle)
        .timeout(timeouts.request)
        // S3 closes idle connections after some 20 s: stop using them before.
        .pool_idle_timeout(Duration::from_secs(15))
        // Ranges of several MiB should not wait for window updates.
        .http2_initial_stream_window_size(8 << 20)
        .http2_initial_connection_window_size(32 << 20);
    if options.http1_only {
        builder = builder.http1_only();
    }
    Ok(builder)
}

fn tls_config(options: &Options) -> Result<ClientConfig, SourceError> {
    if let Some(missing) = missing_cpu_feature() {
        return Err(config(format!(
            "this processor lacks `{missing}`, which TLS needs here: use local files, or another machine"
        )));
    }
    let provider = Arc::new(rustls_graviola::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| config(format!("TLS cannot be set up: {e}")))?;
    let own = own_certificates(&options.ca_files)?;
    let mut tls = match options.roots {
        TlsRoots::WebPki => {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
            store.add_parsable_certificates(own);
            builder.with_root_certificates(store).with_no_client_auth()
        }
        TlsRoots::Platform => {
            let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(own, provider).map_err(|e| {
                config(format!("the machine's certificates cannot be read ({e}): use the built-in ones"))
            })?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        }
    };
    // RFC 7301 names. A configuration made here is taken as it is, so the offer is ours to make.
    let offer: &[&str] = if options.http1_only { &["http/1.1"] } else { &["h2", "http/1.1"] };
    tls.alpn_protocols = offer.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(tls)
}

/// The certificates of PEM files.
fn own_certificates(files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, SourceError> {
    let mut all = Vec::new();
    for file in files {
        let failed = |why: String| {
            let next = "check --ca, AWS_CA_BUNDLE and SSL_CERT_FILE";
            SourceError::new(SourceErrorKind::Config, file.display().to_string(), format!("{why}: {next}"))
        };
        let text = std::fs::read(file).map_err(|e| failed(format!("the certificates cannot be read ({e})")))?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let found = found.map_err(|e| failed(format!("no certificates in PEM ({e})")))?;
        if found.is_empty() {
            return Err(failed("no certificate in it".to_owned()));
        }
        all.extend(found);
    }
    Ok(all)
}

/// Graviola checks the processor with an assertion at its first use; asking before turns a panic into an error.
#[cfg(target_arch = "x86_64")]
fn missing_cpu_feature() -> Option<&'static str> {
    let has = [
        ("aes", is_x86_feature_detected!("aes")),
        ("pclmulqdq", is_x86_feature_detected!("pclmulqdq")),
        ("bmi1", is_x86_feature_detected!("bmi1")),
        ("adx", is_x86_feature_detected!("adx")),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2", is_x86_feature_detected!("avx2")),
    ];
    has.iter().find(|(_, has)| !has).map(|(name, _)| *name)
}

/// As above, for 64-bit ARM.
#[cfg(target_arch = "aarch64")]
fn missing_cpu_feature() -> Option<&'static str> {
    let has = [
        ("neon", std::arch::is_aarch64_feature_detected!("neon")),
        ("aes", std::arch::is_aarch64_feature_detected!("aes")),
        ("pmull", std::arch::is_aarch64_feature_detected!("pmull")),
        ("sha2", std::arch::is_aarch64_feature_detected!("sha2")),
    ];
    has.iter().find(|(_, has)| !has).map(|(name, _)| *name)
}

fn config(message: String) -> SourceError {
    SourceError::new(SourceErrorKind::Config, "TLS", message)
}
