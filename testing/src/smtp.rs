//! A mail server that speaks as much SMTP as it takes to send mail, and refuses what a test tells it to.

#![allow(
    clippy::unwrap_used,
    reason = "a test that gets no server should say where"
)]

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The authority that has signed the certificate of [`SmtpServer`], for `localhost`, as PEM.
pub const AUTHORITY: &[u8] = include_bytes!("certificates/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("certificates/server.pem");
const KEY: &[u8] = include_bytes!("certificates/server.key");

/// How a server offers TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offers {
    /// Not at all.
    Nothing,
    /// After `STARTTLS`.
    StartTls,
    /// From the first byte.
    Tls,
}

/// A mail that a server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Who it is from, in the conversation.
    pub from: String,
    /// Whom it is for, in the conversation.
    pub to: Vec<String>,
    /// Headers and body, as they came.
    pub data: String,
    /// Whether the conversation was encrypted by then.
    pub encrypted: bool,
    /// Who had signed in.
    pub login: Option<String>,
}

/// A mail server on a port of this machine.
#[derive(Debug)]
pub struct SmtpServer {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    offers: Offers,
    /// Base64 of the `PLAIN` login that is asked for.
    login: Option<String>,
    received: Mutex<Vec<Mail>>,
    /// What to answer to the next command of a name in place of the usual.
    replies: Mutex<VecDeque<(&'static str, String)>>,
    conversations: Mutex<Vec<String>>,
    closing: AtomicBool,
}

impl SmtpServer {
    /// Starts one; `login` is the base64 of the `PLAIN` login that it asks for.
    pub fn start(offers: Offers, login: Option<&str>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            offers,
            login: login.map(str::to_owned),
            received: Mutex::default(),
            replies: Mutex::default(),
            conversations: Mutex::default(),
            closing: AtomicBool::new(false),
        });
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.closing.load(Ordering::SeqCst) {
                    return;
                }
                let state = shared.clone();
                // Whoever hangs up has said all it wanted to.
                thread::spawn(move || stream.and_then(|stream| serve(stream, &state)));
            }
        });
        Self { address, state }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The mails that it has taken, in their order.
    pub fn received(&self) -> Vec<Mail> {
        lock(&self.state.received).clone()
    }

    /// Every command that came, in clear or not.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.state.conversations).clone()
    }

    /// Answers the next command of this name in this way: `RCPT` with `550 5.1.1 no such user`.
    pub fn answer(&self, command: &'static str, reply: &str) {
        lock(&self.state.replies).push_back((command, reply.to_owned()));
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.state.closing.store(true, Ordering::SeqCst);
        // The listener notices with the next connection.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A conversation, in clear or encrypted.
enum Line {
    Clear(TcpStream),
    Encrypted(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Line {
    fn encrypted(stream: TcpStream) -> Self {
        let certificates = CertificateDer::pem_slice_iter(CERTIFICATE);
        let certificates = certificates.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        Self::Encrypted(Box::new(StreamOwned::new(connection, stream)))
    }

    /// A line without its end; byte by byte, so that nothing of what comes after is taken along.
    fn read(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            match self {
                Self::Clear(stream) => stream.read_exact(&mut byte)?,
                Self::Encrypted(stream) => stream.read_exact(&mut byte)?,
            }
            match byte[0] {
                b'\n' => break,
                byte => line.push(byte),
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        let text = format!("{text}\r\n");
        match self {
            Self::Clear(stream) => stream.write_all(text.as_bytes()),
            Self::Encrypted(stream) => {
                stream.write_all(text.as_bytes())?;
                stream.flush()
            }
        }
    }
}

fn serve(stream: TcpStream, state: &State) -> io::Result<()> {
    let mut line = match state.offers {
        Offers::Tls => Line::encrypted(stream),
        _ => Line::Clear(stream),
    };
    line.say("220 localhost ready")?;
    let (mut from, mut to, mut login) = (String::new(), Vec::new(), None);
    loop {
        let command = line.read()?;
        lock(&state.conversations).push(command.clone());
        let name = command.split([' ', ':']).next().unwrap_or_default();
        let name = name.to_ascii_uppercase();
        let planned = {
            let mut replies = lock(&state.replies);
            let place = replies.iter().position(|(of, _)| *of == name);
            place.and_then(|place| replies.remove(place))
        };
        if let Some((_, reply)) = planned {
            line.say(&reply)?;
            if reply.starts_with("421") {
                return Ok(());
            }
            continue;
        }
        let encrypted = matches!(line, Line::Encrypted(_));
        match name.as_str() {
            "EHLO" | "HELO" => {
                line.say("250-localhost")?;
                if state.offers == Offers::StartTls && !encrypted {
                    line.say("250-STARTTLS")?;
                }
                if state.login.is_some() {
                    line.say("250-AUTH PLAIN")?;
                }
                line.say("250 8BITMIME")?;
            }
            "STARTTLS" if state.offers == Offers::StartTls && !encrypted => {
                line.say("220 go ahead")?;
                line = match line {
                    Line::Clear(stream) => Line::encrypted(stream),
                    encrypted => encrypted,
                };
            }
            "AUTH" => {
                let given = command.rsplit(' ').next().unwrap_or_default();
                if Some(given) == state.login.as_deref() {
                    login = Some(given.to_owned());
                    line.say("235 welcome")?;
                } else {
                    line.say("535 5.7.8 bad credentials")?;
                }
            }
            "MAIL" if state.login.is_some() && login.is_none() => {
                line.say("530 5.7.0 sign in first")?;
            }
            "MAIL" => {
                from = address(&command);
                to.clear();
                line.say("250 ok")?;
            }
            "RCPT" => {
                to.push(address(&command));
                line.say("250 ok")?;
            }
            "DATA" => {
                line.say("354 go on")?;
                let data = data(&mut line)?;
                let (from, to) = (std::mem::take(&mut from), std::mem::take(&mut to));
                lock(&state.received).push(Mail {
                    from,
                    to,
                    data,
                    encrypted,
                    login: login.clone(),
                });
                line.say("250 taken")?;
            }
            "RSET" | "NOOP" => line.say("250 ok")?,
            "QUIT" => return line.say("221 bye"),
            _ => line.say("500 what?")?,
        }
    }
}

/// What stands between the angle brackets.
fn address(command: &str) -> String {
    let inner = command.split_once('<').map_or("", |(_, rest)| rest);
    inner.split('>').next().unwrap_or_default().to_owned()
}

fn data(line: &mut Line) -> io::Result<String> {
    let mut data = String::new();
    loop {
        let text = line.read()?;
        if text == "." {
            return Ok(data);
        }
        data.push_str(text.strip_prefix('.').unwrap_or(&text));
        data.push('\n');
    }
}
