//! E-mail, by the operator's SMTP server. It is only spoken to over TLS unless the operator says otherwise, and
//! what a server refuses for good is told apart from what it may take later.

use std::fmt;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use scriptorium_model::Invalid;
use scriptorium_model::notification::{Notification, SendError};
use serde::{Deserialize, Serialize};

use super::TIMEOUT;

/// The operator's mail server.
#[derive(Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Its name, which its certificate has to have.
    pub host: String,
    /// Its port: 587 with STARTTLS, 465 with TLS, 25 without when `None`.
    pub port: Option<u16>,
    /// How the conversation is kept from others.
    pub tls: MailTls,
    /// User and password; without them it has to take mail from this machine.
    pub login: Option<(String, String)>,
    /// Who e-mails are from, such as `Acme <no-reply@acme.example>`.
    pub from: String,
    /// A certificate authority to trust besides those of the system, as PEM.
    pub authority: Option<Vec<u8>>,
}

impl fmt::Debug for MailServer {
    /// Without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailServer")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// How the conversation with a mail server is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailTls {
    /// It begins in clear and goes on encrypted; a server that cannot is sent nothing.
    #[default]
    StartTls,
    /// It is encrypted from the first byte.
    Tls,
    /// It is not; for a server on the same machine.
    Off,
}

impl std::str::FromStr for MailTls {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "starttls" => Ok(Self::StartTls),
            "tls" => Ok(Self::Tls),
            "off" => Ok(Self::Off),
            _ => Err(()),
        }
    }
}

/// What an e-mail is made of, as it is recorded.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Email {
    pub(crate) to: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cc: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) bcc: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) html: Option<String>,
}

/// The server as it is spoken to.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    pub(crate) fn new(server: MailServer) -> Result<Self, Invalid> {
        let refuse = |field: &str, message: &str| Err(Invalid::field(field, "bad_mail", message));
        let Ok(from) = server.from.parse::<Mailbox>() else {
            return refuse(
                "smtp_from",
                "must be a sender such as Acme <no-reply@acme.example>",
            );
        };
        if server.host.is_empty() || server.host.chars().any(|c| c.is_control() || c == ' ') {
            return refuse("smtp_host", "must be the name of a mail server");
        }
        let mut parameters = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &server.authority {
            let Ok(certificate) = Certificate::from_pem(pem) else {
                return refuse("smtp_ca_file", "must be a certificate in PEM");
            };
            parameters = parameters.add_root_certificate(certificate);
        }
        let Ok(parameters) = parameters.build() else {
            return refuse("smtp_host", "must be a name that a certificate can have");
        };
        let (tls, port) = match server.tls {
            MailTls::StartTls => (Tls::Required(parameters), 587),
            MailTls::Tls => (Tls::Wrapper(parameters), 465),
            MailTls::Off => (Tls::None, 25),
        };
        // Not the machine's name: it is nobody's business, and may be none that a server takes.
        let hello = ClientId::Domain(from.email.domain().to_owned());
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host)
            .port(server.port.unwrap_or(port))
            .tls(tls)
            .hello_name(hello)
            .timeout(Some(TIMEOUT));
        let builder = match server.login {
            Some((user, password)) => builder.credentials(Credentials::new(user, password)),
            None => builder,
        };
        let transport = builder.build();
        Ok(Self { transport, from })
    }

    /// Sends one; its server has taken it when there is no error.
    pub(crate) async fn send(&self, notification: &Notification) -> Result<(), SendError> {
        let message = self.message(notification)?;
        let sent = tokio::time::timeout(TIMEOUT, self.transport.send(message)).await;
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refused(&error)),
            Err(_) => {
                let message = "the mail server did not answer in time";
                Err(SendError::transient("notification.unreachable", message))
            }
        }
    }

    fn message(&self, notification: &Notification) -> Result<Message, SendError> {
        let content: Email =
            serde_json::from_str(notification.content.as_str()).map_err(|error| broken(&error))?;
        let mut builder = Message::builder()
            .message_id(Some(self.message_id(notification)))
            .date(instant(notification))
            .from(self.from.clone())
            .subject(notification.subject.clone().unwrap_or_default())
            // What answers by itself leaves such a message alone (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for to in &content.to {
            builder = builder.to(mailbox(to)?);
        }
        for cc in &content.cc {
            builder = builder.cc(mailbox(cc)?);
        }
        for bcc in &content.bcc {
            builder = builder.bcc(mailbox(bcc)?);
        }
        if let Some(reply_to) = &content.reply_to {
            builder = builder.reply_to(mailbox(reply_to)?);
        }
        let plain = |text: String| part(ContentType::TEXT_PLAIN, text);
        let html = |text: String| part(ContentType::TEXT_HTML, text);
        let made = match (content.text, content.html) {
            (Some(text), Some(rich)) => {
                let both = MultiPart::alternative()
                    .singlepart(plain(text))
                    .singlepart(html(rich));
                builder.multipart(both)
            }
            (None, Some(rich)) => builder.singlepart(html(rich)),
            (text, None) => builder.singlepart(plain(text.unwrap_or_default())),
        };
        made.map_err(|error| broken(&error))
    }

    /// The same for every attempt, so that whoever gets it twice can tell.
    fn message_id(&self, notification: &Notification) -> String {
        format!("<{}@{}>", notification.id, self.from.email.domain())
    }
}

fn part(kind: ContentType, text: String) -> SinglePart {
    SinglePart::builder().header(kind).body(text)
}

fn mailbox(address: &str) -> Result<Mailbox, SendError> {
    let parsed = address.parse().map(|address| Mailbox::new(None, address));
    parsed.map_err(|error| broken(&error))
}

/// When the script sent it.
fn instant(notification: &Notification) -> SystemTime {
    let since = notification.created_at.as_second();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.max(0).unsigned_abs())
}

fn broken(error: &dyn fmt::Display) -> SendError {
    let message = format!("it cannot be written as an e-mail: {error}");
    SendError::permanent("notification.invalid", message)
}

/// Replies to a login: the operator's business, and no reason to give the message up.
const LOGIN: [&str; 4] = ["530", "534", "535", "538"];

fn refused(error: &SmtpError) -> SendError {
    let text = sources(error);
    if let Some(code) = error.status() {
        if LOGIN.contains(&code.to_string().as_str()) {
            let message = "the mail server does not take the platform's login";
            return SendError::transient("notification.login", message);
        }
        let message = format!("the mail server refused it: {text}");
        return match error.is_permanent() {
            true => SendError::permanent("notification.refused", message),
            false => SendError::transient("notification.refused", message),
        };
    }
    if error.is_tls() || text.contains("STARTTLS") {
        let message = format!("the mail server cannot be spoken to over TLS: {text}");
        return SendError::transient("notification.tls", message);
    }
    let message = format!("the mail server cannot be reached: {text}");
    SendError::transient("notification.unreachable", message)
}

/// An error with what caused it.
pub(super) fn sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
