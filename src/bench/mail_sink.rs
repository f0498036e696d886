//! A mail server that discards what it accepts: as much of SMTP (RFC 5321) as a sender needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The server, which runs until this is dropped.
pub struct MailSink {
    pub url: String,
    accepted: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl MailSink {
    pub async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("smtp://{}", listener.local_addr()?);
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = count.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &count).await {
                        tracing::debug!(%error, "a sender hung up");
                    }
                });
            }
        });
        Ok(Self {
            url,
            accepted,
            serving,
        })
    }

    /// How many messages were accepted.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves one connection.
async fn converse(stream: TcpStream, accepted: &AtomicUsize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(64 << 10, stream);
    stream.write_all(b"220 sink\r\n").await?;
    let (mut line, mut in_message) = (Vec::new(), false);
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let response: &[u8] = match line.get(..4) {
            _ if in_message && line != b".\r\n" => continue,
            _ if in_message => {
                in_message = false;
                accepted.fetch_add(1, Ordering::Relaxed);
                b"250 accepted\r\n"
            }
            Some(b"EHLO") => b"250-sink\r\n250 8BITMIME\r\n",
            Some(b"DATA") => {
                in_message = true;
                b"354 go on\r\n"
            }
            Some(b"QUIT") => return stream.write_all(b"221 bye\r\n").await,
            _ => b"250 ok\r\n",
        };
        stream.write_all(response).await?;
    }
}
