//! A large statement: how long its import takes, beside reading it alone.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;

use crate::app::App;
use crate::gateways::bank::{BankItem, BankReader};
use crate::runs;

/// Entries of the statement.
const ENTRIES: usize = 100_000;

/// How long the statement took.
pub(super) struct StatementTimes {
    pub reading: Duration,
    pub import: Duration,
}

/// Reads a statement alone, and then imports it: each entry is a payment that nothing explains,
/// with a case of its own, which is the most that an entry can cost.
pub(super) async fn import(app: &App) -> anyhow::Result<StatementTimes> {
    let path = app.settings.data.join("statement.xml");
    write_statement(&path, app.settings.account.iban.as_str())?;
    let began = Instant::now();
    let mut reader = BankReader::open(&path, "statement")?;
    let mut read = 0;
    while let Some(item) = reader.next_item()? {
        if let BankItem::Entry(lines) = item {
            read += lines.len();
        }
    }
    let reading = began.elapsed();
    let began = Instant::now();
    let imported = runs::import_statements(app, Utc::now(), &[path]).await?;
    let import = began.elapsed();
    let told = imported
        .files
        .first()
        .context("the statement is imported")?;
    anyhow::ensure!(
        read == ENTRIES && told.imported.unmatched == ENTRIES,
        "{read} entries were read, and {:?} were imported",
        told.imported
    );
    Ok(StatementTimes { reading, import })
}

fn write_statement(path: &Path, iban: &str) -> anyhow::Result<()> {
    let mut to = std::io::BufWriter::new(std::fs::File::create(path)?);
    let balance = |code: &str, euros: usize| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{euros}.00</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-12-02</Dt></Dt></Bal>"
        )
    };
    write!(
        to,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Document \
         xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr/><Stmt>\
         <Id>BENCH</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>{}{}",
        balance("OPBD", 0),
        balance("CLBD", ENTRIES)
    )?;
    for n in 0..ENTRIES {
        write!(
            to,
            "<Ntry><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>2026-12-02</Dt></BookgDt><ValDt><Dt>2026-12-02</Dt></ValDt>\
             <AcctSvcrRef>B{n}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>\
             <SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs>\
             <EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy=\"EUR\">1.00</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>Payer {n}</Nm></Pty></Dbtr>\
             </RltdPties><RmtInf><Ustrd>Commande {n} du 2 decembre</Ustrd></RmtInf></TxDtls>\
             </NtryDtls></Ntry>"
        )?;
    }
    write!(to, "</Stmt></BkToCstmrStmt></Document>")?;
    Ok(to.flush()?)
}
