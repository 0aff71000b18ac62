//! The cryptography that `object_store` asks for, without C: SHA-256 and HMAC from RustCrypto, RSA from Graviola.
use graviola::signing::rsa::SigningKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use object_store::client::{CryptoProvider, DigestAlgorithm, DigestContext, HmacContext, Signer, SigningAlgorithm};
use object_store::{Error, Result};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

/// Bytes of the largest RSA signature: keys of 8192 bits.
const MAX_SIGNATURE: usize = 1024;

#[derive(Debug)]
pub(crate) struct Crypto;

impl CryptoProvider for Crypto {
    fn digest(&self, algorithm: DigestAlgorithm) -> Result<Box<dyn DigestContext>> {
        match algorithm {
            DigestAlgorithm::Sha256 => Ok(Box::new(Digest { hasher: Sha256::new(), digest: [0; 32] })),
            other => Err(unknown(&format!("{other:?}"))),
        }
    }

    fn hmac(&self, algorithm: DigestAlgorithm, secret: &[u8]) -> Result<Box<dyn HmacContext>> {
        match algorithm {
            DigestAlgorithm::Sha256 => {
                let mac = Hmac::new_from_slice(secret).map_err(|error| failed(error.to_string()))?;
                Ok(Box::new(Code { mac, code: [0; 32] }))
            }
            other => Err(unknown(&format!("{other:?}"))),
        }
    }

    fn sign(&self, algorithm: SigningAlgorithm, pem: &[u8]) -> Result<Box<dyn Signer>> {
        match algorithm {
            SigningAlgorithm::RS256 => {
                let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| failed("the private key is no PEM"))?;
                let key = match &key {
                    PrivateKeyDer::Pkcs8(der) => SigningKey::from_pkcs8_der(der.secret_pkcs8_der()),
                    PrivateKeyDer::Pkcs1(der) => SigningKey::from_pkcs1_der(der.secret_pkcs1_der()),
                    _ => return Err(failed("the private key is no RSA key")),
                };
                Ok(Box::new(Rsa(key.map_err(|_| failed("the private key is no RSA key that can be used"))?)))
            }
            other => Err(unknown(&format!("{other:?}"))),
        }
    }
}

struct Digest {
    hasher: Sha256,
    digest: [u8; 32],
}

impl DigestContext for Digest {
    fn update(&mut self, data: &[u8]) {
        self.hasher.update(data);
    }

    fn finish(&mut self) -> Result<&[u8]> {
        self.digest = self.hasher.finalize_reset().into();
        Ok(&self.digest)
    }
}

struct Code {
    mac: Hmac<Sha256>,
    code: [u8; 32],
}

impl HmacContext for Code {
    fn update(&mut self, data: &[u8]) {
        self.mac.update(data);
    }

    fn finish(&mut self) -> Result<&[u8]> {
        self.code = self.mac.clone().finalize().into_bytes().into();
        Ok(&self.code)
    }
}

struct Rsa(SigningKey);

impl Signer for Rsa {
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let mut room = [0; MAX_SIGNATURE];
        let signature =
            self.0.sign_pkcs1_sha256(&mut room, text).map_err(|_| failed("the private key does not sign"))?;
        Ok(signature.to_vec())
    }
}

fn unknown(algorithm: &str) -> Error {
    failed(format!("{algorithm} is not built in"))
}

fn failed(words: impl Into<String>) -> Error {
    Error::Generic { store: "cryptography", source: words.into().into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clients, CloudOptions, Location, Options};
    use byte_ranges::{ByteRange, Source as _};
    use testing::server::{Reply, Server};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn a_digest_is_sha256() {
        let mut digest = Crypto.digest(DigestAlgorithm::Sha256).unwrap();
        digest.update(b"a");
        digest.update(b"bc");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(digest.finish().unwrap()), expected);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn a_code_is_hmac_sha256() {
        let mut code = Crypto.hmac(DigestAlgorithm::Sha256, b"Jefe").unwrap();
        code.update(b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(code.finish().unwrap()), expected);
    }

    #[test]
    fn signatures_are_those_of_the_key_and_a_bad_key_is_told() {
        let key = SigningKey::generate(graviola::signing::rsa::KeySize::Rsa2048).unwrap();
        let mut room = vec![0; 4096];
        let der = key.to_pkcs8_der(&mut room).unwrap();
        let pem = pem_of("PRIVATE KEY", der);
        let signer = Crypto.sign(SigningAlgorithm::RS256, pem.as_bytes()).unwrap();
        let signature = signer.sign(b"header.claims").unwrap();
        key.public_key().verify_pkcs1_sha256(&signature, b"header.claims").unwrap();
        assert!(key.public_key().verify_pkcs1_sha256(&signature, b"header.claimz").is_err());
        for (bad, words) in [("", "no PEM"), (&*pem_of("PRIVATE KEY", b"nonsense"), "no RSA key")] {
            let error = Crypto.sign(SigningAlgorithm::RS256, bad.as_bytes()).err().unwrap().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    /// A token that the account signs for itself goes with every request.
    #[test]
    fn a_service_account_reads_with_the_key_in_its_file() {
        let server = Server::start(|asked, _| {
            Reply::ranged(b"granule", asked, "\"v1\"").with("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        });
        let mut room = vec![0; 4096];
        let key = SigningKey::generate(graviola::signing::rsa::KeySize::Rsa2048).unwrap();
        let account = serde_json::json!({
            "client_email": "reader@example.iam", "private_key_id": "first", "gcs_base_url": server.url(""),
            "private_key": pem_of("PRIVATE KEY", key.to_pkcs8_der(&mut room).unwrap()),
        });
        let settings = vec![("google_service_account_key".to_owned(), account.to_string().into())];
        let clouds = CloudOptions { settings, anonymous: false };
        let clients = Clients::new(Options { clouds, ..Options::default() });
        let source = clients.open(&Location::parse("gs://cells/x.h5").unwrap()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(source.fetch(ByteRange::at(0, 7).unwrap())).unwrap();
        let log = server.log();
        let token = log[0].header("authorization").strip_prefix("Bearer ").unwrap();
        assert_eq!(token.split('.').count(), 3, "a token has a head, claims and a signature");
    }

    fn pem_of(label: &str, der: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for three in der.chunks(3) {
            let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            for digit in 0..4 {
                let six = (word >> (18 - 6 * digit)) as usize & 63;
                text.push(if digit > three.len() { '=' } else { char::from(DIGITS[six]) });
            }
        }
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }
}
