//! Working on many things at once.

use std::future::Future;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

/// How many things can be computed at once.
pub fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Works on each item, so many at a time; answers what came of them, in no order. The first failure ends it.
pub async fn for_each_concurrent<T, R, F>(
    many: usize,
    items: Vec<T>,
    work: impl Fn(T) -> F + Clone + Send + 'static,
) -> anyhow::Result<Vec<R>>
where
    T: Send + 'static,
    R: Send + 'static,
    F: Future<Output = anyhow::Result<R>> + Send,
{
    let (next, mut workers) = (Arc::new(Mutex::new(items.into_iter())), JoinSet::new());
    for _ in 0..many {
        let (next, work) = (next.clone(), work.clone());
        workers.spawn(async move {
            let mut done = Vec::new();
            loop {
                let one = next.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(one) = one else {
                    return anyhow::Ok(done);
                };
                done.push(work(one).await?);
            }
        });
    }
    let mut all = Vec::new();
    while let Some(done) = workers.join_next().await {
        all.extend(done??);
    }
    Ok(all)
}
