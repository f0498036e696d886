//! A mail server as a test plays it: it keeps what it accepts and answers commands as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use obole::values::Secret;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::shop::Service;

/// What the server says instead of its usual answer, by a part of the command. `hang up` closes
/// the connection.
type Answers = Arc<Mutex<BTreeMap<&'static str, &'static str>>>;

/// The server, which runs until this is dropped.
pub struct MailServer {
    pub url: String,
    accepted: Arc<Mutex<Vec<String>>>,
    answers: Answers,
    serving: JoinHandle<()>,
}

impl MailServer {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (accepted, answers): (Arc<Mutex<Vec<String>>>, Answers) = Default::default();
        let (keep, say) = (accepted.clone(), answers.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, keep.clone(), say.clone()));
            }
        });
        Self {
            url,
            accepted,
            answers,
            serving,
        }
    }

    /// A service that sends its mails here.
    pub async fn service(&self) -> Service {
        let url = self.url.clone();
        Service::start_with(|settings| settings.smtp_url = Some(Secret::new(url))).await
    }

    /// From now on a command with these words is answered so.
    pub fn say(&self, command: &'static str, answer: &'static str) {
        self.answers.lock().unwrap().insert(command, answer);
    }

    /// From now on all is accepted.
    pub fn accept_all(&self) {
        self.answers.lock().unwrap().clear();
    }

    /// The recipients of what was accepted, sorted.
    pub fn recipients(&self) -> Vec<String> {
        let mut recipients = self.accepted.lock().unwrap().clone();
        recipients.sort();
        recipients
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves one connection.
async fn converse(stream: TcpStream, accepted: Arc<Mutex<Vec<String>>>, answers: Answers) {
    let mut stream = BufReader::new(stream);
    let said = |line: &str| {
        let answers = answers.lock().unwrap();
        let found = answers.iter().find(|(part, _)| line.contains(*part));
        found.map(|(_, answer)| (*answer).to_owned())
    };
    if stream.write_all(b"220 test\r\n").await.is_err() {
        return;
    }
    let (mut to, mut in_message) = (String::new(), false);
    let mut line = String::new();
    loop {
        line.clear();
        if !stream.read_line(&mut line).await.is_ok_and(|n| n > 0) {
            return;
        }
        let usual = match line.split([' ', '\r']).next().unwrap() {
            _ if in_message && line != ".\r\n" => continue,
            _ if in_message => {
                in_message = false;
                accepted.lock().unwrap().push(std::mem::take(&mut to));
                "250 accepted"
            }
            "EHLO" => "250-test\r\n250 8BITMIME",
            "DATA" => "354 go on",
            _ => "250 ok",
        };
        let answer = said(&line).unwrap_or_else(|| usual.to_owned());
        if answer == "hang up" {
            return;
        }
        in_message = in_message || answer.starts_with("354");
        if let Some(rest) = line.strip_prefix("RCPT TO:<") {
            rest.split('>').next().unwrap().clone_into(&mut to);
        }
        let answer = format!("{answer}\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
