//! A donor's browser and mail program: it reads the mails that were sent, and keeps its session.

use std::time::Duration;

use mail_parser::MessageParser;

use crate::shop::Service;

/// A mail that was sent.
pub struct Mail {
    pub to: String,
    pub text: String,
    /// The address of its List-Unsubscribe header.
    pub unsubscribe_url: Option<String>,
    /// The names of its attachments.
    pub attachments: Vec<String>,
}

/// Every mail sent to an address, oldest first.
pub fn mails_to(s: &Service, email: &str) -> Vec<Mail> {
    let folder = std::fs::read_dir(s.app.settings.data.join("mail"));
    let mut paths: Vec<_> = folder
        .into_iter()
        .flatten()
        .map(|f| f.unwrap().path())
        .collect();
    // Their names are ids, which are ordered by time.
    paths.sort();
    let whole = paths
        .iter()
        .filter(|p| p.extension().is_some_and(|e| e == "eml"));
    let mails = whole.map(|p| read_mail(&std::fs::read(p).unwrap()));
    mails.filter(|m| m.to == email).collect()
}

fn read_mail(bytes: &[u8]) -> Mail {
    let message = MessageParser::default().parse(bytes).unwrap();
    let unsubscribe = message.header_raw("List-Unsubscribe").map(|raw| {
        let url: String = raw.chars().filter(|c| !c.is_whitespace()).collect();
        url.trim_matches(['<', '>']).to_owned()
    });
    let to = message.to().and_then(|to| to.first()?.address());
    Mail {
        to: to.unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        unsubscribe_url: unsubscribe,
        attachments: message
            .attachments()
            .filter_map(|a| mail_parser::MimeHeaders::attachment_name(a).map(str::to_owned))
            .collect(),
    }
}

/// The sign-in links sent to an address, each as its path, oldest first.
pub fn links_to(s: &Service, email: &str) -> Vec<String> {
    let link = format!("{}/login/", s.app.settings.public_url);
    let mails = mails_to(s, email);
    let texts = mails.iter().flat_map(|m| m.text.lines());
    texts
        .filter_map(|line| line.trim().strip_prefix(&link))
        .map(|token| format!("/login/{token}"))
        .collect()
}

/// Asks for a sign-in link; returns the page that answers.
pub async fn ask_for_link(s: &Service, email: &str) -> String {
    let form = [("email", email)];
    let request = s.shop.http.post(format!("{}/login", s.url)).form(&form);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

/// Asks for a sign-in link and waits for its mail; returns the link's path.
pub async fn link(s: &Service, email: &str) -> String {
    let before = links_to(s, email).len();
    ask_for_link(s, email).await;
    let arrives = async {
        loop {
            if let Some(link) = links_to(s, email).get(before) {
                return link.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrives)
        .await
        .expect("the link arrives")
}

/// A browser with a cookie, or with none yet.
pub struct Browser {
    http: reqwest::Client,
    url: String,
    pub cookie: String,
}

impl Browser {
    pub fn new(s: &Service) -> Self {
        Self {
            http: s.shop.http.clone(),
            url: s.url.clone(),
            cookie: String::new(),
        }
    }

    /// A browser that has used a fresh link.
    pub async fn signed_in(s: &Service, email: &str) -> Self {
        let mut browser = Self::new(s);
        let link = link(s, email).await;
        assert!(browser.press(&link).await.is_some(), "the link works");
        browser
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = request.header("cookie", &self.cookie);
        request.send().await.unwrap()
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> reqwest::Response {
        self.request(path, form).send().await.unwrap()
    }

    /// A form about to be posted.
    pub fn request(&self, path: &str, form: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.url)).form(form);
        request.header("cookie", &self.cookie)
    }

    /// Presses the button of a link's page. Returns the header that sets the session's cookie,
    /// which the browser keeps, or none when the link does not work.
    pub async fn press(&mut self, link: &str) -> Option<String> {
        let response = self.post(link, &[]).await;
        let header = response.headers().get("set-cookie")?;
        let header = header.to_str().unwrap().to_owned();
        self.cookie = header.split(';').next().unwrap().to_owned();
        Some(header)
    }

    /// Whether the donor's pages open.
    pub async fn is_signed_in(&self) -> bool {
        let response = self.get("/donor").await;
        if response.status() == 200 {
            return true;
        }
        assert_eq!(response.headers()["location"], "/login");
        false
    }

    /// Saves a complete profile with one wish for receipts.
    pub async fn wish_for_receipts(&self, frequency: &str) {
        let mut form = PROFILE.to_vec();
        form.push(("receipts", frequency));
        let saved = self.post("/donor/profile", &form).await;
        assert_eq!(saved.headers()["location"], "/donor");
    }
}

/// The fields of a complete profile, without the wish for receipts.
pub const PROFILE: [(&str, &str); 8] = [
    ("first_name", "Camille"),
    ("last_name", "Durand"),
    ("line1", "3 rue des Lilas"),
    ("line2", ""),
    ("postal_code", "75020"),
    ("city", "Paris"),
    ("country", "FR"),
    ("locale", "fr"),
];
