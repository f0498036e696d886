//! The demonstration as its visitor clicks through it, in a real browser, on a wide screen and on a
//! narrow one.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::program::{Beside, House, free_port};
use crate::support::tool;

/// A headless browser; none where the programs are missing.
async fn open_browser(width: u32) -> Option<(Beside, Client)> {
    tool("chromium", "chromium", &["--version", "--no-sandbox"])?;
    tool("chromedriver", "chromium-driver", &["--version"])?;
    let port = free_port();
    let mut driver = Command::new("chromedriver")
        .arg(format!("--port={port}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(
        lines.any(|l| l.contains("started successfully")),
        "chromedriver did not start"
    );
    std::thread::spawn(move || lines.count());
    let options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--accept-lang=fr",
        "--hide-scrollbars",
        "--disable-dev-shm-usage",
        &format!("--window-size={width},900"),
    ];
    // A headless window is never narrower than some 500 pixels: a small screen is emulated.
    let chrome = if width < 500 {
        let metrics = json!({"width": width, "height": 700, "pixelRatio": 1.0, "mobile": true});
        json!({"args": options, "mobileEmulation": {"deviceMetrics": metrics}})
    } else {
        json!({"args": options})
    };
    let capabilities = json!({"browserName": "chrome", "goog:chromeOptions": chrome})
        .as_object()
        .unwrap()
        .clone();
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .unwrap();
    Some((Beside(driver), client))
}

/// The demonstration, with the link by which Camille signs in.
struct Demo {
    program: Beside,
    url: String,
    sign_in_link: String,
}

impl Demo {
    fn start() -> Self {
        let port = free_port();
        let mut child = House::new("demo", &[])
            .command(&["demo", "--port", &port.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let program = Beside(child);
        let told: Vec<String> = lines
            .by_ref()
            .take_while(|l| !l.contains("Ctrl-C"))
            .collect();
        std::thread::spawn(move || lines.count());
        let sign_in_link = told
            .iter()
            .flat_map(|l| l.split_whitespace())
            .find(|w| w.contains("/login/"))
            .unwrap()
            .to_owned();
        Self {
            program,
            url: format!("http://127.0.0.1:{port}"),
            sign_in_link,
        }
    }

    fn stops_in_good_order(mut self) {
        let pid = self.program.0.id().to_string();
        tool("kill", "procps", &["-INT", &pid]);
        assert!(
            self.program.0.wait().unwrap().success(),
            "Ctrl-C ends it in good order"
        );
    }
}

/// Somebody who looks at the demonstration in a browser.
struct Visitor {
    browser: Client,
    url: String,
}

impl Visitor {
    async fn opens(&self, page: &str) {
        let address = format!("{}{page}", self.url);
        self.browser.goto(&address).await.unwrap();
    }

    /// The text of the page's main part.
    async fn shown(&self) -> String {
        let main = self.browser.find(Locator::Css("main")).await.unwrap();
        main.text().await.unwrap()
    }

    async fn presses(&self, css: &str) {
        let found = self.browser.find(Locator::Css(css)).await.unwrap();
        found.click().await.unwrap();
    }

    /// Clicks on what leads to another page, and waits for that page.
    async fn follows(&self, to: Locator<'_>) {
        self.browser
            .execute("document.documentElement.dataset.left = 1", Vec::new())
            .await
            .unwrap();
        let found = self.browser.find(to).await.unwrap();
        found.click().await.unwrap();
        self.browser
            .wait()
            .for_element(Locator::Css("html:not([data-left]) footer"))
            .await
            .unwrap();
    }

    async fn writes(&self, field: &str, text: &str) {
        let found = self.browser.find(Locator::Id(field)).await.unwrap();
        found.send_keys(text).await.unwrap();
    }

    async fn selects(&self, css: &str, value: &str) {
        let found = self.browser.find(Locator::Css(css)).await.unwrap();
        found.select_by_value(value).await.unwrap();
    }

    /// Nothing on the page is wider than the screen.
    async fn sees_it_fit(&self, page: &str, width: i64) {
        let wide = self
            .browser
            .execute("return document.documentElement.scrollWidth", Vec::new())
            .await
            .unwrap();
        assert!(
            wide.as_i64().unwrap() <= width,
            "{page} is {wide} pixels wide"
        );
    }

    /// The box for the euro is not ticked, and without it nothing is sent.
    async fn adds_a_euro_by_ticking_the_box(&self) {
        self.opens("/demo/shop").await;
        let euro = Locator::Css("input[name=euro]");
        let euro = self.browser.find(euro).await.unwrap();
        let ticked = euro.prop("checked").await.unwrap();
        assert_eq!(ticked.as_deref(), Some("false"), "never ticked beforehand");
        self.follows(Locator::Css("main button")).await;
        assert!(self.shown().await.contains("Sans euro ajouté"));
        self.opens("/demo/shop").await;
        self.presses("input[name=euro]").await;
        self.follows(Locator::Css("main button")).await;
        assert!(
            self.shown().await.contains("Votre euro est enregistré"),
            "{}",
            self.shown().await
        );
    }

    /// Playing the month takes every euro to its association.
    async fn plays_the_month(&self) {
        self.opens("/demo/bank").await;
        self.follows(Locator::Css("main form button")).await;
        let bank = self.shown().await;
        assert!(
            bank.contains("Le mois est joué")
                && bank.contains("30,00 €")
                && !bank.contains("en route"),
            "{bank}"
        );
        for part in ["camt.053-", "pain.001-"] {
            assert!(bank.contains(part), "{part}");
        }
    }

    async fn opens_the_receipt_that_was_mailed(&self) {
        self.opens("/demo/mail").await;
        let mail = "//tr[td='camille@example.org']//a[contains(., 'reçus')]";
        self.follows(Locator::XPath(mail)).await;
        assert!(self.shown().await.contains("haies-vivantes-"));
        let attached = Locator::XPath("//a[contains(., 'recu-haies-vivantes')]");
        let attached = self.browser.find(attached).await.unwrap();
        let pdf = attached.prop("href").await.unwrap().unwrap();
        let receipt = obole::gateways::http::client(Duration::from_secs(30))
            .unwrap()
            .get(&pdf)
            .send()
            .await
            .unwrap();
        assert_eq!(receipt.headers()["content-type"], "application/pdf");
        assert!(receipt.bytes().await.unwrap().starts_with(b"%PDF-"));
    }

    /// Camille sees every station passed, and chooses causes for the next euros.
    async fn signs_in_and_chooses_causes(&self, link: &str) {
        self.browser.goto(link).await.unwrap();
        self.follows(Locator::Css("main button")).await;
        let home = self.shown().await;
        assert!(
            home.contains("Bonjour Camille")
                && home.contains("haies-vivantes-")
                && !home.contains("à venir"),
            "{home}"
        );
        self.opens("/donor/causes").await;
        self.selects("select#repas", "2").await;
        self.selects("select#haies", "1").await;
        let save = "main form[method=post]:not([action]) button";
        self.follows(Locator::Css(save)).await;
        let chosen = Locator::Css(".choice.chosen");
        let chosen = self.browser.find_all(chosen).await.unwrap();
        assert_eq!(chosen.len(), 2);
    }

    /// An anonymous donation is claimed with a name, and shows on the donor's page.
    async fn claims_an_anonymous_donation(&self) {
        self.opens("/demo/shop").await;
        self.presses("input[name=euro]").await;
        self.presses("input[name=anonymous]").await;
        self.follows(Locator::Css("main button")).await;
        self.follows(Locator::Css("main a.button")).await;
        for (field, text) in [
            ("email", "nina@example.org"),
            ("first_name", "Nina"),
            ("last_name", "Roche"),
            ("line1", "5 rue du Port"),
            ("postal_code", "13002"),
            ("city", "Marseille"),
        ] {
            self.writes(field, text).await;
        }
        self.follows(Locator::Css("main button")).await;
        assert!(
            self.shown().await.contains("ce don est à votre nom"),
            "{}",
            self.shown().await
        );
    }

    /// Asks for a link, finds it among the demonstration's mails, and presses the button.
    async fn signs_in_by_mail(&self) {
        self.opens("/login").await;
        self.writes("email", "camille@example.org").await;
        self.follows(Locator::Css("main button")).await;
        // The link is mailed beside the page that says so: it may arrive after the page.
        let mail = Locator::XPath("//tr[td='camille@example.org']//a[contains(., 'connexion')]");
        let deadline = Instant::now() + Duration::from_secs(20);
        self.opens("/demo/mail").await;
        while self.browser.find(mail).await.is_err() {
            assert!(Instant::now() < deadline, "no sign-in link was mailed");
            self.opens("/demo/mail").await;
        }
        self.follows(mail).await;
        let link = "//article//a[contains(., '/login/')]";
        self.follows(Locator::XPath(link)).await;
        self.follows(Locator::Css("main button")).await;
    }

    async fn sees_every_page_fit_in_both_languages(&self, width: i64) {
        for lang in ["fr", "en"] {
            for page in [
                "/",
                "/login",
                "/donor",
                "/donor/causes",
                "/donor/profile",
                "/demo/shop",
                "/demo/bank",
                "/demo/mail",
                "/nowhere",
            ] {
                self.opens(&format!("{page}?lang={lang}")).await;
                self.sees_it_fit(&format!("{page} in {lang}"), width).await;
            }
        }
        assert!(self.shown().await.contains("There is nothing here"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_gives_a_euro_plays_the_month_and_opens_the_receipt() {
    let Some((driver, browser)) = open_browser(1100).await else {
        return;
    };
    let demo = Demo::start();
    let url = demo.url.clone();
    let visitor = Visitor { browser, url };
    visitor.adds_a_euro_by_ticking_the_box().await;
    visitor.plays_the_month().await;
    visitor.opens_the_receipt_that_was_mailed().await;
    visitor
        .signs_in_and_chooses_causes(&demo.sign_in_link)
        .await;
    visitor.claims_an_anonymous_donation().await;
    visitor.browser.close().await.unwrap();
    drop(driver);

    let (_driver, browser) = open_browser(320).await.unwrap();
    let url = demo.url.clone();
    let visitor = Visitor { browser, url };
    visitor.signs_in_by_mail().await;
    visitor.sees_every_page_fit_in_both_languages(320).await;
    visitor.browser.close().await.unwrap();
    demo.stops_in_good_order();
}
