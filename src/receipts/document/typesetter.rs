//! The threads that typeset documents.

use std::panic::catch_unwind;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};

use tokio::sync::oneshot;

use super::content::ReceiptContent;
use super::error::DocumentError;
use super::pdf::render;
use crate::concurrent::parallelism;

/// A document to typeset, and where the result goes.
struct TypesetJob {
    content: ReceiptContent,
    reply: oneshot::Sender<Result<Vec<u8>, DocumentError>>,
}

/// One thread a core, kept for typesetting: a document takes a third less time on a thread whose
/// caches are warm.
struct Typesetter {
    jobs: mpsc::Sender<TypesetJob>,
}

/// Typesets a receipt as a tagged PDF file (PDF/A-3a, PDF/UA-1). The same content gives the same
/// bytes.
pub async fn typeset(content: ReceiptContent) -> Result<Vec<u8>, DocumentError> {
    static TYPESETTER: LazyLock<Typesetter> = LazyLock::new(Typesetter::start);
    let stopped = || DocumentError("no typesetting thread is running".into());
    let (reply, rendered) = oneshot::channel();
    let job = TypesetJob { content, reply };
    TYPESETTER.jobs.send(job).map_err(|_| stopped())?;
    rendered.await.map_err(|_| stopped())?
}

impl Typesetter {
    fn start() -> Self {
        let (jobs, queue) = mpsc::channel::<TypesetJob>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..parallelism() {
            let queue = queue.clone();
            std::thread::spawn(move || work(&queue));
        }
        Self { jobs }
    }
}

/// Typesets jobs until the queue is closed.
fn work(queue: &Mutex<mpsc::Receiver<TypesetJob>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A panic of the typesetter fails this document and leaves the thread to the others.
        let rendered = catch_unwind(|| render(&job.content))
            .unwrap_or_else(|_| Err(DocumentError("the typesetter panicked".into())));
        if job.reply.send(rendered).is_err() {
            tracing::debug!("nobody waits for this document any more");
        }
    }
}
