//! Concurrent work on the items of a list.

use std::future::Future;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

/// How many computations the machine runs in parallel.
pub fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Runs `work` on each item, on at most `limit` items at a time. Returns the results, in no
/// particular order.
///
/// After a failure nothing more begins, and what runs is ended first: a mail that is leaving is
/// still marked as sent. Then the first failure is returned. Each worker is a task of its own, so
/// that computations between two awaits use all cores.
pub async fn for_each_concurrent<T, R, F>(
    limit: usize,
    items: Vec<T>,
    work: impl Fn(T) -> F + Clone + Send + 'static,
) -> anyhow::Result<Vec<R>>
where
    T: Send + 'static,
    R: Send + 'static,
    F: Future<Output = anyhow::Result<R>> + Send,
{
    let items = Arc::new(Mutex::new(items.into_iter()));
    let mut workers = JoinSet::new();
    for _ in 0..limit {
        let (items, work) = (items.clone(), work.clone());
        let next = move || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        workers.spawn(async move {
            let mut results = Vec::new();
            while let Some(item) = next() {
                match work(item).await {
                    Ok(result) => results.push(result),
                    Err(error) => {
                        while next().is_some() {}
                        return Err(error);
                    }
                }
            }
            Ok(results)
        });
    }
    let (mut all, mut failure) = (Vec::new(), None);
    while let Some(results) = workers.join_next().await {
        match results? {
            Ok(results) => all.extend(results),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(all), Err)
}
