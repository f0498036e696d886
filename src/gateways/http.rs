//! Outgoing HTTP: the settings that all clients share, with TLS by rustls over ring and the
//! system's root certificates.

use std::time::Duration;

/// A client that follows no redirects and gives up after `timeout`, body included.
pub fn client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    builder(timeout).build()
}

/// The same client before it is built, for further settings.
pub fn builder(timeout: Duration) -> reqwest::ClientBuilder {
    // Fails when a provider is installed already: then there is nothing to do.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
}
