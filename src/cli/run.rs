//! Each command: one verb of the library, its transaction, its outcome.

use anyhow::Context as _;
use chrono::NaiveDate;
use obole::app::App;
use obole::donations::manifest;
use obole::gateways::webhook_client::address;
use obole::inbox::{self, Redrive};
use obole::outbox::{self, Subscriber};
use obole::parties::{association, cause, endpoint, merchant, operator, sign_in};
use obole::runs;
use obole::values::{Email, Reader, euros, paris_day, paris_midnight};
use obole::{bench, checks, ledger, payouts, receipts, settings};
use serde_json::json;
use sqlx::Connection as _;

use super::arguments::{
    Association, Bank, Cause, Collections, Command, ExportFormat, Inbox, InboxState, Ledger,
    Manifest, Merchant, Operator, Payouts, Receipts, Subscription,
};
use super::outcome::Outcome;
use super::serve;

/// Runs a command to its end.
pub async fn run(command: Command, settings: settings::Settings) -> anyhow::Result<Outcome> {
    if matches!(command, Command::Settings) {
        let table = settings.table();
        let document = table
            .iter()
            .map(|(n, v)| json!({"name": n, "value": v}))
            .collect();
        let text = table
            .iter()
            .map(|(n, v)| format!("{n:<20} {v}\n"))
            .collect();
        return Ok(Outcome {
            document,
            text,
            ok: true,
        });
    }
    if let Command::Demo { port, fresh } = command {
        serve::demo(settings, port, fresh).await?;
        return Ok(Outcome {
            document: json!({"ok": true}),
            text: String::new(),
            ok: true,
        });
    }
    if let Command::Bench {
        only,
        seconds,
        connections,
        events,
        scale,
        donors,
    } = command
    {
        let figures = bench::run(
            settings,
            &bench::Options {
                only,
                seconds,
                connections,
                events,
                scale,
                donors,
            },
        )
        .await?;
        return Ok(Outcome {
            text: figures_table(&figures),
            document: json!({"results": figures}),
            ok: true,
        });
    }
    let app = App::open(settings).await?;
    let mut db = app
        .db
        .acquire()
        .await
        .context("the database does not answer")?;
    let now = chrono::Utc::now();
    Ok(match command {
        Command::Settings | Command::Demo { .. } | Command::Bench { .. } | Command::Migrate => {
            Outcome {
                document: json!({"ok": true}),
                text: "The schema is up to date.\n".into(),
                ok: true,
            }
        }
        Command::Check => {
            let verdicts = checks::run(&mut db).await?;
            let ok = verdicts.iter().all(|v| v.ok);
            let text = verdicts
                .iter()
                .map(|v| {
                    format!(
                        "{:<45} {}\n",
                        v.name,
                        if v.ok {
                            "ok".into()
                        } else {
                            format!("{} violations", v.violations)
                        }
                    )
                })
                .collect();
            Outcome {
                document: json!({"ok": ok, "checks": verdicts}),
                text,
                ok,
            }
        }
        Command::Serve { only } => {
            drop(db);
            serve::serve(app, only).await?;
            Outcome {
                document: json!({"ok": true}),
                text: String::new(),
                ok: true,
            }
        }
        Command::Merchant(command) => merchants(&app, &mut db, command).await?,
        Command::Association(Association::Add { file }) => {
            let text =
                std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let file = association::read(&text)?;
            let mut tx = db.begin().await?;
            let id = association::add(&mut tx, now, &file).await?;
            tx.commit().await?;
            Outcome::of(json!({"association_id": id.to_string()}))
        }
        Command::Association(Association::List) => {
            Outcome::list(&association::list(&mut db, Reader::System).await?)?
        }
        Command::Cause(Cause::Add {
            slug,
            theme,
            association,
            title,
        }) => {
            let id = cause::add(&mut db, now, &slug, &theme, &association, &title).await?;
            Outcome::of(json!({"cause_id": id.to_string()}))
        }
        Command::Cause(Cause::List) => Outcome::list(&cause::list(&mut db).await?)?,
        Command::Inbox(Inbox::List { state }) => Outcome::list(
            &inbox::list(
                &mut db,
                inbox::EventFilter {
                    state: state.map(inbox_state),
                    ..Default::default()
                },
            )
            .await?,
        )?,
        Command::Inbox(Inbox::Show { id }) => {
            let detail = inbox::show(&mut db, id, None)
                .await?
                .context("no event has this id; see `obole inbox list`")?;
            let document = serde_json::to_value(&detail)?;
            Outcome {
                text: format!("{document:#}\n"),
                document,
                ok: true,
            }
        }
        Command::Manifest(Manifest::List { all }) => {
            let since = paris_day(now) - chrono::Days::new(90);
            let mut days = manifest::differences(&mut db, Reader::System, None, since).await?;
            days.retain(|d| all || !d.matches);
            Outcome {
                ok: days.iter().all(|d| d.matches),
                ..Outcome::list(&days)?
            }
        }
        Command::Inbox(Inbox::Redrive { ids, all_dead }) => {
            let which = if all_dead {
                Redrive::AllDead
            } else {
                Redrive::These(ids)
            };
            let back: Vec<String> = inbox::redrive(&mut db, &which)
                .await?
                .iter()
                .map(ToString::to_string)
                .collect();
            Outcome::of(json!({"redriven": back}))
        }
        Command::Collections(Collections::Run { period, on }) => {
            let collections =
                runs::run_collections(&app, now, business_day(on, now), period).await?;
            let total: i64 = collections.iter().map(|c| c.amount_cents).sum();
            let text = Outcome::list(&collections)?.text;
            Outcome {
                document: json!({"period": period.to_string(), "collections": collections, "total": euros(total)}),
                text,
                ok: true,
            }
        }
        Command::Payouts(Payouts::Run { on }) => {
            paid_out(&runs::run_payouts(&app, now, business_day(on, now)).await?)?
        }
        Command::Payouts(Payouts::Approve { id, operator, on }) => {
            let email = Email::parse(&operator).map_err(anyhow::Error::msg)?;
            paid_out(&runs::approve_payout(&app, now, business_day(on, now), id, &email).await?)?
        }
        Command::Bank(Bank::Import { files }) => {
            let imported = runs::import_statements(&app, now, &files).await?;
            let text = Outcome::list(&imported)?.text;
            Outcome {
                document: json!({"files": imported}),
                text,
                ok: true,
            }
        }
        Command::Receipts(Receipts::Run {
            period,
            on,
            dry_run,
            no_mail,
        }) => {
            let options = runs::ReceiptOptions { dry_run, no_mail };
            let run = runs::run_receipts(&app, now, business_day(on, now), period, options).await?;
            let text = format!(
                "{}issued {}, {} euros; mailed {}, refused by the mail server {}\n{}",
                Outcome::list(&run.receipts)?.text,
                run.issued,
                run.amount,
                run.mailed,
                run.unsent,
                Outcome::list(&run.held)?.text
            );
            Outcome {
                document: serde_json::to_value(&run)?,
                text,
                ok: run.unsent == 0,
            }
        }
        Command::Receipts(Receipts::Verify { number }) => {
            match receipts::find(&mut db, app.key.expose(), Reader::System, &number).await? {
                Some(r) => Outcome::of(
                    json!({"number": r.number, "state": "valid", "association": r.association,
                "issued_on": r.content.issued, "amount": euros(r.amount_cents)}),
                ),
                None => Outcome {
                    ok: false,
                    ..Outcome::of(json!({"number": number, "state": "unknown"}))
                },
            }
        }
        Command::Subscription(Subscription::Add {
            merchant,
            association,
            url,
        }) => {
            let who = match (merchant, association) {
                (Some(slug), _) => Subscriber::Merchant(slug),
                (None, slug) => Subscriber::Association(slug.unwrap_or_default()),
            };
            let url = address(&url, app.settings.private_webhooks)
                .with_context(|| format!("url {url:?}"))?;
            let (id, secret) =
                outbox::subscribe(&mut db, now, app.key.expose(), &who, url.as_str()).await?;
            Outcome::of(json!({"subscription_id": id.to_string(), "secret": secret}))
        }
        Command::Subscription(Subscription::List) => {
            Outcome::list(&outbox::list(&mut db, Reader::System).await?)?
        }
        Command::Subscription(Subscription::Enable { id }) => {
            anyhow::ensure!(
                outbox::enable(&mut db, now, id).await?,
                "no subscription has this id; see `obole subscription list`"
            );
            Outcome::of(json!({"subscription_id": id.to_string(), "state": "live"}))
        }
        Command::Subscription(Subscription::Replay { id, since }) => {
            let again = outbox::replay(&mut db, now, id, paris_midnight(since)).await?;
            Outcome::of(json!({"subscription_id": id.to_string(), "replayed": again}))
        }
        Command::Operator(Operator::Add { email }) => {
            let email = Email::parse(&email).map_err(anyhow::Error::msg)?;
            let mut tx = db.begin().await?;
            let id = operator::add(&mut tx, now, &email).await?;
            let url = sign_in_url(&app, sign_in::prepare_link(&mut tx, now, &email).await?);
            tx.commit().await?;
            Outcome::of(json!({"operator_id": id.to_string(), "sign_in_url": url}))
        }
        Command::LoginLink { email } => {
            let email = Email::parse(&email).map_err(anyhow::Error::msg)?;
            anyhow::ensure!(
                sign_in::is_known(&mut db, &email).await?,
                "nobody here has this address"
            );
            let url = sign_in_url(&app, sign_in::prepare_link(&mut db, now, &email).await?);
            Outcome::of(json!({"url": url}))
        }
        Command::Ledger(Ledger::Balances) => {
            let balances = ledger::balances(&mut db, Reader::System).await?;
            let text = balances
                .iter()
                .map(|b| {
                    format!(
                        "{} {:<45} {:>14} {:>14} {:>14}\n",
                        b.code, b.name, b.debits, b.credits, b.balance
                    )
                })
                .collect();
            Outcome {
                document: serde_json::to_value(&balances)?,
                text,
                ok: true,
            }
        }
        Command::Ledger(Ledger::Export {
            format,
            from,
            to,
            output,
        }) => {
            let format = match format {
                ExportFormat::Hledger => ledger::export::Format::Hledger,
                ExportFormat::Ledger => ledger::export::Format::Ledger,
                ExportFormat::Beancount => ledger::export::Format::Beancount,
                ExportFormat::Fec => anyhow::bail!(
                    "the FEC export is not built yet; hledger, ledger and beancount are"
                ),
            };
            let books = ledger::export::export(&mut db, format, from, to).await?;
            match output {
                Some(path) => {
                    std::fs::write(&path, &books)
                        .with_context(|| format!("writing {}", path.display()))?;
                    Outcome {
                        document: json!({"file": path}),
                        text: format!("{}\n", path.display()),
                        ok: true,
                    }
                }
                None => Outcome {
                    document: json!({"books": books}),
                    text: books,
                    ok: true,
                },
            }
        }
    })
}

fn figures_table(figures: &[bench::Figure]) -> String {
    let optional = |n: Option<f64>| n.map_or_else(|| "-".into(), |n| format!("{n:.2}"));
    let head = format!(
        "{:<4} {:<46} {:>8} {:<5} {:>10} {:>7} {:>8} {:>8} {:>7} {:>9}\n",
        "id", "what", "value", "unit", "baseline", "ratio", "p50 ms", "p99 ms", "MB", "log bytes"
    );
    let line = |f: &bench::Figure| {
        let [baseline, ratio, p50, p99, rss, logged] = [
            f.baseline,
            f.ratio,
            f.p50_ms,
            f.p99_ms,
            f.rss_mb,
            f.wal_bytes,
        ]
        .map(optional);
        format!(
            "{:<4} {:<46} {:>8.0} {:<5} {:>10} {:>7} {:>8} {:>8} {:>7} {:>9}\n",
            f.id, f.what, f.value, f.unit, baseline, ratio, p50, p99, rss, logged
        )
    };
    head + &figures.iter().map(line).collect::<String>()
}

fn paid_out(payouts: &[payouts::Payout]) -> anyhow::Result<Outcome> {
    let total: i64 = payouts.iter().map(|p| p.amount_cents).sum();
    let text = Outcome::list(&payouts)?.text;
    Ok(Outcome {
        document: json!({"payouts": payouts, "total": euros(total)}),
        text,
        ok: true,
    })
}

/// The day a batch counts as: the one asked for, else today in Paris.
fn business_day(on: Option<NaiveDate>, now: chrono::DateTime<chrono::Utc>) -> NaiveDate {
    on.unwrap_or_else(|| paris_day(now))
}

async fn merchants(
    app: &App,
    db: &mut sqlx::PgConnection,
    command: Merchant,
) -> anyhow::Result<Outcome> {
    let (now, key) = (chrono::Utc::now(), app.key.expose());
    Ok(match command {
        Merchant::Add {
            name,
            email,
            slug,
            dialect,
            settings,
            secret_file,
            api_token_file,
            rule,
            default_cause,
            collect,
            test,
        } => {
            let (secret, api_token) = (read_secret(secret_file)?, read_secret(api_token_file)?);
            let new = merchant::NewMerchant {
                name,
                email,
                slug,
                dialect,
                settings,
                secret,
                api_token,
                rule,
                default_cause,
                collect,
                test,
            };
            let mut tx = db.begin().await?;
            let added = merchant::add(&mut tx, now, key, &new).await?;
            tx.commit().await?;
            Outcome::of(json!({
                "merchant_id": added.merchant_id.to_string(),
                "endpoint_id": added.endpoint_id.to_string(),
                "webhook_url": format!("{}/webhooks/{}", app.settings.public_url, added.endpoint_id),
                "secret": added.secret,
                "api_key": added.api_key,
            }))
        }
        Merchant::RotateSecret { slug, secret_file } => {
            let given = read_secret(secret_file)?;
            let mut tx = db.begin().await?;
            let (secret, until) = endpoint::rotate_secret(&mut tx, now, key, &slug, given).await?;
            tx.commit().await?;
            Outcome::of(json!({"secret": secret, "old_secret_valid_until": until}))
        }
        Merchant::Settings { slug, pairs } => {
            let mut tx = db.begin().await?;
            let settings = endpoint::change_settings(&mut tx, &slug, &pairs).await?;
            tx.commit().await?;
            Outcome::of(serde_json::to_value(&settings)?)
        }
        Merchant::List => Outcome::list(&merchant::list(db, Reader::System).await?)?,
    })
}

/// A secret from a file or standard input, so that it stands in no list of processes.
fn read_secret(file: Option<std::path::PathBuf>) -> anyhow::Result<Option<String>> {
    let Some(path) = file else { return Ok(None) };
    let text = if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())?
    };
    Ok(Some(text.trim().to_owned()))
}

fn sign_in_url(app: &App, token: String) -> String {
    format!("{}/login/{token}", app.settings.public_url)
}

const fn inbox_state(state: InboxState) -> inbox::State {
    match state {
        InboxState::Queued => inbox::State::Queued,
        InboxState::Posted => inbox::State::Posted,
        InboxState::Dead => inbox::State::Dead,
        InboxState::Conflict => inbox::State::Conflict,
        InboxState::Parked => inbox::State::Parked,
    }
}
