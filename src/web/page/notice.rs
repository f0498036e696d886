//! A short page: a title, a text, and at most one thing to do.

use askama::Template;

use super::Shell;

/// A short page. Its words are keys of the catalogue.
#[derive(Template)]
#[template(path = "page/notice.html", config = ".askama.toml")]
pub struct Notice {
    pub shell: Shell,
    pub title: &'static str,
    pub text: &'static str,
    /// The words of a button that posts to the page's own address.
    pub button: Option<&'static str>,
    /// A link's address and its words.
    pub link: Option<(&'static str, &'static str)>,
}
