//! The demonstration as its visitor clicks through it, in a real browser, on a wide screen and on a narrow one.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::program::{Beside, House, free_port};
use crate::support::tool;

/// A headless browser; none where the programs are missing.
async fn browser(width: u32) -> Option<(Beside, Client)> {
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
        json!({"args": options, "mobileEmulation": {"deviceMetrics": {"width": width, "height": 700, "pixelRatio": 1.0, "mobile": true}}})
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

/// The text of the page's main part.
async fn shown(browser: &Client) -> String {
    browser
        .find(Locator::Css("main"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

async fn press(browser: &Client, css: &str) {
    browser
        .find(Locator::Css(css))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
}

/// Clicks on what leads to another page, and waits for that page.
async fn follow(browser: &Client, to: Locator<'_>) {
    browser
        .execute("document.documentElement.dataset.left = 1", Vec::new())
        .await
        .unwrap();
    browser.find(to).await.unwrap().click().await.unwrap();
    browser
        .wait()
        .for_element(Locator::Css("html:not([data-left]) footer"))
        .await
        .unwrap();
}

/// Nothing on the page is wider than the screen.
async fn fits(browser: &Client, page: &str, width: i64) {
    let wide = browser
        .execute("return document.documentElement.scrollWidth", Vec::new())
        .await
        .unwrap();
    assert!(
        wide.as_i64().unwrap() <= width,
        "{page} is {wide} pixels wide"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_gives_a_euro_plays_the_month_and_opens_the_receipt() {
    let Some((driver, b)) = browser(1100).await else {
        return;
    };
    let port = free_port();
    let house = House::new("demo", &[]);
    let mut child = house
        .command(&["demo", "--port", &port.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let demo = Beside(child);
    let told: Vec<String> = lines
        .by_ref()
        .take_while(|l| !l.contains("Ctrl-C"))
        .collect();
    let url = format!("http://127.0.0.1:{port}");
    let link = told
        .iter()
        .flat_map(|l| l.split_whitespace())
        .find(|w| w.contains("/login/"))
        .unwrap()
        .to_owned();

    // At the shop the box is not ticked, and without it nothing is sent.
    b.goto(&format!("{url}/demo/shop")).await.unwrap();
    let ticked = b
        .find(Locator::Css("input[name=euro]"))
        .await
        .unwrap()
        .prop("checked")
        .await
        .unwrap();
    assert_eq!(ticked.as_deref(), Some("false"), "never ticked beforehand");
    follow(&b, Locator::Css("main button")).await;
    assert!(shown(&b).await.contains("Sans euro ajouté"));
    b.goto(&format!("{url}/demo/shop")).await.unwrap();
    press(&b, "input[name=euro]").await;
    follow(&b, Locator::Css("main button")).await;
    assert!(
        shown(&b).await.contains("Votre euro est enregistré"),
        "{}",
        shown(&b).await
    );

    // Playing the month takes every euro to its association.
    b.goto(&format!("{url}/demo/bank")).await.unwrap();
    follow(&b, Locator::Css("main form button")).await;
    let bank = shown(&b).await;
    assert!(
        bank.contains("Le mois est joué") && bank.contains("30,00 €") && !bank.contains("en route"),
        "{bank}"
    );
    for part in ["camt.053-", "pain.001-"] {
        assert!(bank.contains(part), "{part}");
    }

    // The receipt is in the mail.
    b.goto(&format!("{url}/demo/mail")).await.unwrap();
    follow(
        &b,
        Locator::XPath("//tr[td='camille@example.org']//a[contains(., 'reçus')]"),
    )
    .await;
    assert!(shown(&b).await.contains("haies-vivantes-"));
    let pdf = b
        .find(Locator::XPath("//a[contains(., 'recu-haies-vivantes')]"))
        .await
        .unwrap()
        .prop("href")
        .await
        .unwrap()
        .unwrap();
    let receipt = obole::gateways::http::client(std::time::Duration::from_secs(30))
        .unwrap()
        .get(&pdf)
        .send()
        .await
        .unwrap();
    assert_eq!(receipt.headers()["content-type"], "application/pdf");
    assert!(receipt.bytes().await.unwrap().starts_with(b"%PDF-"));

    // Camille signs in, sees every station passed, and chooses causes for the next euros.
    b.goto(&link).await.unwrap();
    follow(&b, Locator::Css("main button")).await;
    let home = shown(&b).await;
    assert!(
        home.contains("Bonjour Camille")
            && home.contains("haies-vivantes-")
            && !home.contains("à venir"),
        "{home}"
    );
    b.goto(&format!("{url}/donor/causes")).await.unwrap();
    b.find(Locator::Css("select#repas"))
        .await
        .unwrap()
        .select_by_value("2")
        .await
        .unwrap();
    b.find(Locator::Css("select#haies"))
        .await
        .unwrap()
        .select_by_value("1")
        .await
        .unwrap();
    follow(
        &b,
        Locator::Css("main form[method=post]:not([action]) button"),
    )
    .await;
    assert_eq!(
        b.find_all(Locator::Css(".choice.chosen"))
            .await
            .unwrap()
            .len(),
        2
    );

    // An anonymous gift is claimed with a name, and shows on the donor's page.
    b.goto(&format!("{url}/demo/shop")).await.unwrap();
    press(&b, "input[name=euro]").await;
    press(&b, "input[name=anonymous]").await;
    follow(&b, Locator::Css("main button")).await;
    follow(&b, Locator::Css("main a.button")).await;
    for (field, text) in [
        ("email", "nina@example.org"),
        ("first_name", "Nina"),
        ("last_name", "Roche"),
        ("line1", "5 rue du Port"),
        ("postal_code", "13002"),
        ("city", "Marseille"),
    ] {
        b.find(Locator::Id(field))
            .await
            .unwrap()
            .send_keys(text)
            .await
            .unwrap();
    }
    follow(&b, Locator::Css("main button")).await;
    assert!(
        shown(&b).await.contains("ce don est à votre nom"),
        "{}",
        shown(&b).await
    );
    b.close().await.unwrap();
    drop(driver);

    // Every page fits a narrow screen, in both languages.
    let (_driver, narrow) = browser(320).await.unwrap();
    narrow.goto(&format!("{url}/login")).await.unwrap();
    narrow
        .find(Locator::Id("email"))
        .await
        .unwrap()
        .send_keys("camille@example.org")
        .await
        .unwrap();
    follow(&narrow, Locator::Css("main button")).await;
    narrow.goto(&format!("{url}/demo/mail")).await.unwrap();
    follow(
        &narrow,
        Locator::XPath("//tr[td='camille@example.org']//a[contains(., 'connexion')]"),
    )
    .await;
    follow(
        &narrow,
        Locator::XPath("//article//a[contains(., '/login/')]"),
    )
    .await;
    follow(&narrow, Locator::Css("main button")).await;
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
            narrow
                .goto(&format!("{url}{page}?lang={lang}"))
                .await
                .unwrap();
            fits(&narrow, &format!("{page} in {lang}"), 320).await;
        }
    }
    assert!(shown(&narrow).await.contains("There is nothing here"));
    narrow.close().await.unwrap();
    tool("kill", "procps", &["-INT", &demo.0.id().to_string()]);
    let mut demo = demo;
    assert!(
        demo.0.wait().unwrap().success(),
        "Ctrl-C ends it in good order"
    );
}
