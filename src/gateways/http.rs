//! The way out over HTTP: one client's settings, TLS by rustls over ring with the system's roots.

use std::time::Duration;

/// A client that follows no redirects and waits no longer than `patience` for a whole answer.
pub fn client(patience: Duration) -> Result<reqwest::Client, reqwest::Error> {
    builder(patience).build()
}

/// The same, to be narrowed further.
pub fn builder(patience: Duration) -> reqwest::ClientBuilder {
    // A second call finds the provider there, which is as good.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    reqwest::Client::builder()
        .timeout(patience)
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
}
