//! The statements of a month's collections, as one CSV file a merchant.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures_util::TryStreamExt as _;
use tokio::task::JoinSet;

use crate::app::App;
use crate::collections::{self, Collection, Csv};
use crate::concurrent::{for_each_concurrent, parallelism};
use crate::db;
use crate::gateways::files::{FileError, write_whole};
use crate::mailing::statement_path;
use crate::progress::{Step, UnitCounter};
use crate::values::CollectionId;

/// The most files that one worker writes at a time: each waits for the disk, not for a core.
const MAX_OPEN_FILES: usize = 16;

/// Writes the statements of collections, on all cores. Returns why some were not written: the
/// others are.
pub(super) async fn write_statements(
    app: &App,
    of: &[Collection],
) -> anyhow::Result<BTreeMap<CollectionId, FileError>> {
    let written = app.progress.count(Step::WriteStatements, of.len());
    let shares = of
        .chunks(of.len().div_ceil(parallelism()).max(1))
        .map(<[_]>::to_vec)
        .collect();
    let app = app.clone();
    let unwritten = for_each_concurrent(parallelism(), shares, move |share: Vec<Collection>| {
        let (app, written) = (app.clone(), written.clone());
        async move { write_share(&app, &share, &written).await }
    })
    .await?;
    Ok(unwritten.into_iter().flatten().collect())
}

/// Writes some collections' statements. Their lines are read in one stream, ordered by collection,
/// and each file is written while the next collection's lines are read.
async fn write_share(
    app: &App,
    of: &[Collection],
    written: &UnitCounter,
) -> anyhow::Result<Unwritten> {
    let mut paths: BTreeMap<CollectionId, PathBuf> = of
        .iter()
        .map(|c| (c.collection_id, statement_path(app, c)))
        .collect();
    let mut tx = app.db.begin().await?;
    db::disable_parallel_workers(&mut tx).await?;
    let mut files = FileWriters::new(written);
    let mut lines = collections::lines_of_month(&mut tx, of);
    let mut current: Option<(CollectionId, Csv)> = None;
    loop {
        let line = lines.try_next().await?;
        let next = line.as_ref().map(|l| l.collection_id);
        if let Some((id, csv)) = current.take_if(|(id, _)| Some(*id) != next)
            && let Some(path) = paths.remove(&id)
        {
            files.write(id, path, csv).await?;
        }
        let Some(line) = line else { break };
        current
            .get_or_insert_with(|| (line.collection_id, Csv::default()))
            .1
            .add(&line);
    }
    files.finish().await
}

/// Why files were not written, by their collections.
type Unwritten = Vec<(CollectionId, FileError)>;

/// Writes files in the background, so many at a time.
struct FileWriters<'a> {
    running: JoinSet<Result<(), (CollectionId, FileError)>>,
    written: &'a UnitCounter,
    unwritten: Unwritten,
}

impl<'a> FileWriters<'a> {
    fn new(written: &'a UnitCounter) -> Self {
        Self {
            running: JoinSet::new(),
            written,
            unwritten: Vec::new(),
        }
    }

    /// Starts to write a collection's file, once there are few enough others.
    async fn write(&mut self, id: CollectionId, path: PathBuf, csv: Csv) -> anyhow::Result<()> {
        while self.running.len() >= MAX_OPEN_FILES && self.wait_for_one().await? {}
        self.running.spawn_blocking(move || {
            write_whole(&path, csv.text().as_bytes()).map_err(|error| (id, error))
        });
        Ok(())
    }

    /// Waits until all files are written. Returns why some are not.
    async fn finish(mut self) -> anyhow::Result<Unwritten> {
        while self.wait_for_one().await? {}
        Ok(self.unwritten)
    }

    /// Waits for a file to be written; returns false when none is.
    async fn wait_for_one(&mut self) -> anyhow::Result<bool> {
        let Some(result) = self.running.join_next().await else {
            return Ok(false);
        };
        if let Err(unwritten) = result? {
            self.unwritten.push(unwritten);
        }
        self.written.add_one();
        Ok(true)
    }
}
