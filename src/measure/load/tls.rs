//! TLS of the load: whom we trust, who we are, and which protocol is asked for. All files are read before the clock starts.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{AlertDescription, RootCertStore, crypto};

use crate::config::scenario::{Protocol, Tls};

use super::check::cut;
use super::data::read_bounded;

/// The largest file of certificates or keys, in bytes.
const PEM_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What the negotiation calls HTTP/2.
pub(super) const HTTP2: &[u8] = b"h2";

/// What is said of a server that speaks another protocol than the one asked for.
pub(super) const NOT_OFFERED: &str = "the server does not offer the protocol that was asked for";

/// Why TLS could not begin, in words.
pub(super) fn trouble(error: &io::Error) -> String {
    match error.get_ref().and_then(|error| error.downcast_ref()) {
        Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => NOT_OFFERED.to_owned(),
        _ => format!("TLS: {error}"),
    }
}

/// The configuration of all TLS connections of a load. `root` is where relative paths start. A problem is in words.
pub(super) fn config(tls: &Tls, protocol: Protocol, root: &Path) -> Result<Arc<ClientConfig>, Vec<String>> {
    let trusted = match &tls.ca {
        Some(path) => trusted(root, path),
        None => system(),
    };
    let own = tls.client.as_ref().map(|(certificate, key)| identity(root, certificate, key)).transpose();
    let (trusted, own) = match (trusted, own) {
        (Ok(trusted), Ok(own)) => (trusted, own),
        (trusted, own) => return Err(trusted.err().into_iter().chain(own.err()).collect()),
    };
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| vec![format!("TLS: {error}")])?
        .with_root_certificates(trusted);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| vec![format!("the client certificate and its key cannot be used: {error}")])?,
    };
    config.alpn_protocols = vec![match protocol {
        Protocol::Http2 => HTTP2.to_vec(),
        Protocol::Http1 | Protocol::Http1Close => b"http/1.1".to_vec(),
    }];
    Ok(Arc::new(config))
}

/// The name to ask a server for and to check, in its own form.
pub(super) fn server_name(name: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| format!("`{}` is no name that a certificate could hold", cut(name)))
}

/// Who the system trusts.
fn system() -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        return Err("this system trusts no certificate: name a file of them as `ca`".to_owned());
    }
    Ok(store)
}

fn trusted(root: &Path, path: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(root, path)? {
        store
            .add(certificate)
            .map_err(|error| format!("a certificate of `{}` cannot be trusted: {error}", shown(path)))?;
    }
    Ok(store)
}

fn identity(
    root: &Path,
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let chain = certificates(root, certificate)?;
    let key =
        PrivateKeyDer::from_pem_slice(&pem(root, key)?).map_err(|_| format!("`{}` holds no key in PEM", shown(key)))?;
    Ok((chain, key))
}

fn certificates(root: &Path, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem(root, path)?).collect();
    match read {
        Ok(read) if !read.is_empty() => Ok(read),
        _ => Err(format!("`{}` holds no certificate in PEM", shown(path))),
    }
}

fn pem(root: &Path, path: &Path) -> Result<Vec<u8>, String> {
    read_bounded(&root.join(path), PEM_BYTES_MAX).map_err(|error| format!("`{}` {error}", shown(path)))
}

fn shown(path: &Path) -> String {
    cut(&path.to_string_lossy())
}
