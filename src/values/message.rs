//! What a mail says, before it has a sender and an address.

/// A mail's subject and its body, once as plain text and once as HTML.
#[derive(Clone, Debug)]
pub struct MailContent {
    pub subject: String,
    pub text: String,
    /// A whole HTML document with the same words.
    pub html: String,
}
