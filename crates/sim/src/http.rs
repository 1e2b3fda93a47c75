use std::{io, sync::Arc};

use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// A client for servers on this machine: it trusts no certificate and follows no redirect.
pub(crate) fn client() -> io::Result<reqwest::Client> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        .build()
        .map_err(io::Error::other)
}
