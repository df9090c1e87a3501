//! A mail server of a few lines that speaks the real protocol and misbehaves when told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Takes everything.
    Take,
    /// Answers each recipient with this code.
    Answer(u16),
    /// Wants a password and takes none.
    RefusePassword,
    /// Takes connections and says nothing.
    Silent,
    /// Takes a mail, and hangs up instead of saying so.
    TakeAndDrop,
}

/// A mail as it came in.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) to: String,
    pub(super) data: String,
}

impl Received {
    /// A header's line, name included.
    pub(super) fn header(&self, name: &str) -> &str {
        self.data
            .lines()
            .take_while(|line| !line.is_empty())
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("no {name} in {}", self.data))
    }
}

#[derive(Debug)]
struct State {
    mode: Mutex<Mode>,
    received: Mutex<Vec<Received>>,
    commands: Mutex<Vec<String>>,
    connected: Notify,
}

/// Runs until it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(mode: Mode) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), mode).await
    }

    /// Listens where it is told.
    pub(super) async fn start_at(address: SocketAddr, mode: Mode) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            mode: Mutex::new(mode),
            received: Mutex::default(),
            commands: Mutex::default(),
            connected: Notify::new(),
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(talk(stream, Arc::clone(&shared)));
            }
        });
        Self {
            address,
            state,
            task,
        }
    }

    pub(super) fn set(&self, mode: Mode) {
        *self.state.mode.lock().unwrap() = mode;
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// Every line that clients said, letters aside.
    pub(super) fn commands(&self) -> Vec<String> {
        self.state.commands.lock().unwrap().clone()
    }

    /// Waits until somebody has connected.
    pub(super) async fn connected(&self) {
        self.state.connected.notified().await;
    }
}

async fn say(writer: &mut OwnedWriteHalf, line: &str) -> Option<()> {
    writer
        .write_all(format!("{line}\r\n").as_bytes())
        .await
        .ok()
}

/// One conversation; ends when either side hangs up.
async fn talk(stream: TcpStream, state: Arc<State>) -> Option<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mode = || *state.mode.lock().unwrap();
    state.connected.notify_one();
    if mode() == Mode::Silent {
        while lines.next_line().await.ok()?.is_some() {}
        return None;
    }
    say(&mut writer, "220 toy ESMTP").await?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await.ok()? {
        state.commands.lock().unwrap().push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap().to_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut writer, "250-toy\r\n250-8BITMIME\r\n250 AUTH PLAIN").await?,
            "AUTH" => {
                let answer = if mode() == Mode::RefusePassword {
                    "535 5.7.8 bad password"
                } else {
                    "235 welcome"
                };
                say(&mut writer, answer).await?;
            }
            "RCPT" => match mode() {
                Mode::Answer(code) => say(&mut writer, &format!("{code} not now")).await?,
                Mode::Take | Mode::TakeAndDrop | Mode::Silent | Mode::RefusePassword => {
                    line.clone_into(&mut to);
                    say(&mut writer, "250 ok").await?;
                }
            },
            "DATA" => {
                say(&mut writer, "354 go on").await?;
                let mut data = String::new();
                loop {
                    let line = lines.next_line().await.ok()??;
                    if line == "." {
                        break;
                    }
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push('\n');
                }
                let mail = Received {
                    to: to.clone(),
                    data,
                };
                state.received.lock().unwrap().push(mail);
                if mode() == Mode::TakeAndDrop {
                    return None;
                }
                say(&mut writer, "250 taken").await?;
            }
            "QUIT" => {
                say(&mut writer, "221 bye").await?;
                return None;
            }
            "MAIL" | "NOOP" | "RSET" => say(&mut writer, "250 ok").await?,
            _ => say(&mut writer, "502 what").await?,
        }
    }
    None
}
