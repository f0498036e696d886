//! The database: can be reached, is recent, its schema, rights, durability, clock and queue.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};

use super::finding::{Finding, PATIENCE};
use crate::db::private::{Cluster, PrivateError};
use crate::db::{self, OLDEST_SERVER, SchemaState};
use crate::inbox;
use crate::settings::Settings;

const NAME: &str = "database";

/// Differences of the clocks: one to look at, and one that makes times contradict each other.
const CLOCK_WARNING_SECONDS: i64 = 2;
const CLOCK_WRONG_SECONDS: i64 = 60;

/// A database that could be opened.
pub(super) struct Database {
    pub connection: PgConnection,
    pub schema: SchemaState,
    is_private: bool,
    /// Kept attached while the database is examined; none when it is given by a setting.
    _cluster: Option<Cluster>,
}

impl Database {
    /// Whether the tables of this build can be read.
    pub fn has_schema(&self) -> bool {
        matches!(self.schema, SchemaState::Behind(_))
    }
}

/// What opening the database gave.
pub(super) struct Opening {
    pub findings: Vec<Finding>,
    pub database: Option<Database>,
}

impl Opening {
    fn failed(finding: Finding) -> Self {
        Self {
            findings: vec![finding],
            database: None,
        }
    }
}

/// Connects to the database. A private cluster is attached to, and started if it is stopped; none
/// is made.
pub(super) async fn open(settings: &Settings) -> Opening {
    let (options, cluster) = match &settings.database_url {
        Some(url) => match db::options(url.expose()) {
            Ok(options) => (options, None),
            Err(error) => {
                let mend = "such as postgres://user:password@host/obole";
                return Opening::failed(Finding::wrong(NAME, error.to_string(), mend));
            }
        },
        None => match Cluster::attach_existing(&settings.data).await {
            Ok(Some(cluster)) => (cluster.options("obole"), Some(cluster)),
            Ok(None) => {
                let path = settings.data.display();
                return Opening::failed(Finding::warning(
                    NAME,
                    format!("nothing here yet: {path} holds no private PostgreSQL"),
                    "`obole migrate` makes it; or set DATABASE_URL to a PostgreSQL of your own",
                ));
            }
            Err(error @ PrivateError::DataMissing { .. }) => {
                let mend = "restore the folder named above, or set OBOLE_DATA back";
                return Opening::failed(Finding::wrong(NAME, error.to_string(), mend));
            }
            Err(error) => {
                let mend = "see server.log in the cluster's data folder; PostgreSQL must be \
                            installed in the version that made the cluster";
                let detail = format!("the private PostgreSQL does not start: {error}");
                return Opening::failed(Finding::wrong(NAME, detail, mend));
            }
        },
    };
    connect(&options, cluster).await
}

async fn connect(options: &PgConnectOptions, cluster: Option<Cluster>) -> Opening {
    let is_private = cluster.is_some();
    let failed = |detail: String| {
        let mend = if is_private {
            "`obole migrate` makes what is missing; server.log in the cluster's data folder says \
             more"
        } else {
            "start PostgreSQL, and check host, port, user, password and database in DATABASE_URL"
        };
        Opening::failed(Finding::wrong(NAME, detail, mend))
    };
    let mut connection = match tokio::time::timeout(PATIENCE, options.connect()).await {
        Err(_) => {
            return failed(format!("no response within {} seconds", PATIENCE.as_secs()));
        }
        Ok(Err(error)) => return failed(format!("it cannot be reached: {error}")),
        Ok(Ok(connection)) => connection,
    };
    let version = match db::server_version(&mut connection).await {
        Ok(version) => version,
        Err(error) => return failed(format!("its version cannot be read: {error}")),
    };
    let schema = match db::schema_state(&mut connection).await {
        Ok(schema) => schema,
        Err(error) => return failed(format!("its schema cannot be read: {error}")),
    };
    let findings = vec![examine_version(version), examine_schema(schema)];
    Opening {
        findings,
        database: Some(Database {
            connection,
            schema,
            is_private,
            _cluster: cluster,
        }),
    }
}

fn examine_version(version: i32) -> Finding {
    let major = version / 10_000;
    if version < OLDEST_SERVER {
        let oldest = OLDEST_SERVER / 10_000;
        Finding::wrong(
            NAME,
            format!("PostgreSQL {major} is too old"),
            format!("use PostgreSQL {oldest} or later"),
        )
    } else {
        Finding::ok(NAME, format!("PostgreSQL {major} can be reached"))
    }
}

fn examine_schema(schema: SchemaState) -> Finding {
    const NAME: &str = "migrations";
    match schema {
        SchemaState::Behind(0) => Finding::ok(NAME, "the schema is current"),
        SchemaState::Behind(missing) => Finding::warning(
            NAME,
            format!("{missing} migrations of this build are not applied"),
            "`obole migrate` applies them, as does every other command",
        ),
        SchemaState::Empty => Finding::warning(
            NAME,
            "nothing here yet: the database has no schema",
            "`obole migrate` makes it",
        ),
        SchemaState::EarlierBuild => Finding::wrong(
            NAME,
            "the schema was made by a build from before the first release",
            "use another database: move OBOLE_DATA away or set another, or give DATABASE_URL an \
             empty one",
        ),
        SchemaState::NewerBuild => Finding::wrong(
            NAME,
            "the schema has migrations that this build does not know",
            "run the newer build of Obole that applied them, or a later one",
        ),
    }
}

/// Examines a database that could be opened. `clock` gives this machine's time.
pub(super) async fn examine(
    database: &mut Database,
    clock: impl Fn() -> DateTime<Utc>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(or_unknown("rights", examine_rights(database).await));
    let connection = &mut database.connection;
    findings.extend(or_unknown(
        "durability",
        examine_durability(connection).await,
    ));
    findings.extend(or_unknown("clock", examine_clock(connection, &clock).await));
    if database.schema == SchemaState::Behind(0) {
        let lag = examine_lag(&mut database.connection, clock()).await;
        findings.extend(or_unknown("inbox", lag));
    }
    findings
}

/// The findings, or one that says why there are none.
fn or_unknown(name: &'static str, found: Result<Vec<Finding>, sqlx::Error>) -> Vec<Finding> {
    found.unwrap_or_else(|error| {
        vec![Finding::wrong(
            name,
            format!("the database refused the question: {error}"),
            "look at the database's own log",
        )]
    })
}

/// What the login may do: become the application's role, which may change no fact.
async fn examine_rights(database: &mut Database) -> Result<Vec<Finding>, sqlx::Error> {
    const NAME: &str = "rights";
    let connection = &mut database.connection;
    let (user, is_superuser, may_make_roles, may_make_tables, role_exists): (
        String,
        bool,
        bool,
        bool,
        bool,
    ) = sqlx::query_as(
        "select current_user::text, rolsuper, rolsuper or rolcreaterole,
           has_schema_privilege(current_user, 'public', 'create'),
           exists (select 1 from pg_roles where rolname = 'obole_app')
         from pg_roles where rolname = current_user",
    )
    .fetch_one(&mut *connection)
    .await?;
    let mut findings = Vec::new();
    if is_superuser && !database.is_private {
        findings.push(Finding::warning(
            NAME,
            format!("{user} is a superuser, for whom no grant holds"),
            "let DATABASE_URL name a login that owns the database and has CREATEROLE, no more",
        ));
    }
    if database.schema == SchemaState::Empty {
        if !(role_exists || may_make_roles) {
            findings.push(Finding::wrong(
                NAME,
                format!("{user} may not make the role obole_app"),
                format!("as a superuser: create role obole_app nologin; grant obole_app to {user}"),
            ));
        } else if role_exists && !may_make_roles {
            findings.extend(examine_application_role(connection, &user).await?);
        }
        if !may_make_tables {
            findings.push(Finding::wrong(
                NAME,
                format!("{user} may not make tables in the schema public"),
                format!("as a superuser: alter database … owner to {user}"),
            ));
        }
    } else {
        findings.extend(examine_application_role(connection, &user).await?);
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            NAME,
            format!("{user} has those that are needed"),
        ));
    }
    Ok(findings)
}

async fn examine_application_role(
    connection: &mut PgConnection,
    user: &str,
) -> Result<Vec<Finding>, sqlx::Error> {
    const NAME: &str = "rights";
    if let Err(error) = sqlx::raw_sql("set role obole_app")
        .execute(&mut *connection)
        .await
    {
        let is_missing = error
            .as_database_error()
            .is_some_and(|e| e.code().as_deref() == Some("22023"));
        let mend = if is_missing {
            format!(
                "as a superuser: create role obole_app nologin; grant obole_app to {user}; then \
                 restore the backup again into an empty database, so that its grants are kept"
            )
        } else {
            format!("as a superuser: grant obole_app to {user}")
        };
        let detail = format!("{user} cannot become obole_app: {error}");
        return Ok(vec![Finding::wrong(NAME, detail, mend)]);
    }
    sqlx::raw_sql("reset role")
        .execute(&mut *connection)
        .await?;
    let (changes_facts, lacks_grants): (Option<bool>, Option<bool>) = sqlx::query_as(
        "select has_table_privilege('obole_app', to_regclass('transfer'), 'update, delete'),
           not has_table_privilege('obole_app', to_regclass('key_sentinel'), 'select')",
    )
    .fetch_one(connection)
    .await?;
    Ok(if lacks_grants == Some(true) {
        vec![Finding::wrong(
            NAME,
            "obole_app has lost its grants: a backup was restored before the role existed",
            "restore it again into an empty database, now that the role exists",
        )]
    } else if changes_facts == Some(true) {
        vec![Finding::wrong(
            NAME,
            "obole_app may update or delete transfers, which must only ever be added",
            "as the owner: revoke update, delete on transfer from obole_app",
        )]
    } else {
        Vec::new()
    })
}

/// Whether what was acknowledged survives a power cut.
async fn examine_durability(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    const NAME: &str = "durability";
    let off: Vec<String> = sqlx::query_scalar(
        "select name from pg_settings where setting = 'off'
         and name in ('fsync', 'synchronous_commit', 'full_page_writes') order by name",
    )
    .fetch_all(connection)
    .await?;
    Ok(vec![if off.is_empty() {
        Finding::ok(NAME, "acknowledged events survive a power cut")
    } else {
        let names = off.join(", ");
        Finding::wrong(
            NAME,
            format!("off: {names}; a power cut could lose events that were acknowledged"),
            format!("set {names} to on in postgresql.conf and restart PostgreSQL"),
        )
    }])
}

/// Compares the database's clock with this machine's.
async fn examine_clock(
    connection: &mut PgConnection,
    clock: impl Fn() -> DateTime<Utc>,
) -> Result<Vec<Finding>, sqlx::Error> {
    const NAME: &str = "clock";
    let before = clock();
    let theirs: DateTime<Utc> = sqlx::query_scalar("select clock_timestamp()")
        .fetch_one(connection)
        .await?;
    let after = clock();
    // Between the two readings the clocks agree; outside, the nearer reading counts.
    let difference = if theirs < before {
        before - theirs
    } else {
        theirs
            .signed_duration_since(after)
            .max(chrono::TimeDelta::zero())
    };
    let seconds = difference.num_seconds();
    let detail = format!("this machine's clock and the database's are {seconds} seconds apart");
    let mend = "set both by NTP (timedatectl set-ntp true); webhooks are refused when the clock \
                is 300 seconds off";
    Ok(vec![if seconds >= CLOCK_WRONG_SECONDS {
        Finding::wrong(NAME, detail, mend)
    } else if seconds >= CLOCK_WARNING_SECONDS {
        Finding::warning(NAME, detail, mend)
    } else {
        Finding::ok(NAME, "this machine's clock agrees with the database's")
    }])
}

/// Whether events are processed as they come.
async fn examine_lag(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<Finding>, sqlx::Error> {
    const NAME: &str = "inbox";
    Ok(vec![if inbox::is_behind(connection, now).await? {
        Finding::warning(
            NAME,
            "events have waited for more than a minute",
            "start `obole serve`, or `obole serve --only worker` where the parts are split; if it \
             runs, its log says what holds them up",
        )
    } else {
        Finding::ok(NAME, "no event has waited for more than a minute")
    }])
}
