//! Notifications: messages to people that scripts send by e-mail, SMS or chat, with the state machine of
//! what becomes of each (R-JSVC-08). One is recorded with the end of its execution and sent afterwards, so
//! that it is on record before anybody hears of it.

use std::time::Duration;

use jiff::Timestamp;

use crate::{ExecutionId, Invalid, Json, NotificationId, ScriptId, TenantId, retry};

/// Days after which one goes that nothing more will happen to.
pub const DAYS: u32 = 30;
/// Attempts before only a person tries again: about an hour with the waits between them.
pub const ATTEMPTS: u32 = 8;
/// The wait before the second attempt; each further one is twice as long, an hour at most. Mail servers that
/// refuse strangers for a while want more than seconds.
pub const BASE: Duration = Duration::from_secs(30);
/// Most of one execution.
pub const OF_EXECUTION: usize = 100;
/// Most bytes of text that those of one execution have together.
pub const EXECUTION_BYTES: usize = 4 << 20;
/// Most recipients of one e-mail, open and hidden ones together.
pub const RECIPIENTS: usize = 20;
/// Most characters of a subject.
pub const SUBJECT_CHARS: usize = 200;
/// Most bytes of an e-mail's text, and of its HTML.
pub const EMAIL_BYTES: usize = 256 << 10;
/// Most characters of an SMS; the gateway cuts it into parts.
pub const SMS_CHARS: usize = 1_000;
/// Most characters of a chat message.
pub const CHAT_CHARS: usize = 4_000;
/// Most bytes of what a script notes beside a notification.
pub const METADATA_BYTES: usize = 4 << 10;
/// Most characters of why an attempt failed.
pub const ERROR_CHARS: usize = 500;
/// Longest address in bytes (RFC 5321, 4.5.3.1.3, without the angle brackets).
const ADDRESS_BYTES: usize = 254;
/// Longest part before the @ in bytes.
const LOCAL_BYTES: usize = 64;

/// How a notification reaches people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// By the operator's mail server.
    Email,
    /// By the operator's HTTP gateway.
    Sms,
    /// By an incoming webhook of Slack.
    Slack,
    /// By an incoming webhook of Microsoft Teams.
    Teams,
    /// By a bot of Telegram.
    Telegram,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 5] = [
        Self::Email,
        Self::Sms,
        Self::Slack,
        Self::Teams,
        Self::Telegram,
    ];
    /// Those of `sendChat`.
    pub const CHATS: [Self; 3] = [Self::Slack, Self::Teams, Self::Telegram];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Telegram => "telegram",
        }
    }

    /// The channel of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// Where a notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotificationStatus {
    /// Waits to be sent, or to be tried again.
    Pending,
    /// Somebody sends it now, and holds it by a lease.
    Sending,
    /// Its server or gateway has taken it.
    Sent,
    /// It was recorded instead of sent.
    Recorded,
    /// It cannot be sent, or its attempts are used up.
    Failed,
    /// Given up by a person.
    Discarded,
}

impl NotificationStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Sending,
        Self::Sent,
        Self::Recorded,
        Self::Failed,
        Self::Discarded,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Recorded => "recorded",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }

    /// The status of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// Whether nothing more happens to it unless a person says so.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Pending | Self::Sending)
    }

    /// Whether one may move from here to `next`. What was recorded is never sent: whoever tests would be
    /// surprised by it. Nobody discards what is being sent, because it may have arrived.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (
                Self::Pending,
                Self::Sending | Self::Recorded | Self::Discarded
            ) | (Self::Sending, Self::Sent | Self::Pending | Self::Failed)
                | (Self::Failed, Self::Pending | Self::Discarded)
        )
    }
}

/// Whether a tenant's notifications reach anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SendMode {
    /// They are sent.
    #[default]
    Send,
    /// They are recorded instead, for tests.
    Record,
}

impl SendMode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Send, Self::Record];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Record => "record",
        }
    }

    /// The one of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError {
    /// The stable code, such as `notification.refused`.
    pub code: &'static str,
    /// What happened, for people; without credentials.
    pub message: String,
    /// Whether the same may do better later.
    pub is_transient: bool,
}

impl SendError {
    /// The same would fail again.
    pub fn permanent(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            is_transient: false,
        }
    }

    /// The same may do better later.
    pub fn transient(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            is_transient: true,
            ..Self::permanent(code, message)
        }
    }
}

/// A message to people, and what has become of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Its id; the `Message-ID` of an e-mail and the `Idempotency-Key` of a request are made of it, so that
    /// whoever gets it twice can tell.
    pub id: NotificationId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The script that sent it.
    pub script: ScriptId,
    /// The script's name at the time.
    pub script_name: String,
    /// The execution that sent it, which may have left the history since.
    pub execution: ExecutionId,
    /// How it reaches people.
    pub channel: Channel,
    /// Whom, for people: addresses, a number, a chat; empty when the webhook decides.
    pub recipient: String,
    /// The first line, of an e-mail.
    pub subject: Option<String>,
    /// What the channel needs to send it, as JSON.
    pub content: Json,
    /// What the script notes beside it.
    pub metadata: Json,
    /// Where it stands.
    pub status: NotificationStatus,
    /// Attempts so far, since a person last said to try again.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub next_at: Timestamp,
    /// Code and text of why the last attempt failed.
    pub error: Option<(String, String)>,
    /// When the script sent it.
    pub created_at: Timestamp,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
}

/// How long after a failed attempt the next one is; `None` when there is none. `chance` is any number, the
/// source of the jitter.
pub fn wait(attempts: u32, error: &SendError, chance: u32) -> Option<Duration> {
    let again = error.is_transient && attempts < ATTEMPTS;
    again.then(|| retry::spread(BASE, attempts, chance))
}

/// Checks an e-mail address: one of the plain form that mail systems agree on. Quoted parts, comments and
/// literals are refused, and so is whatever could end a line of the SMTP conversation or of a header.
///
/// # Errors
/// The broken rule, of `field`.
pub fn check_email(field: &str, address: &str) -> Result<(), Invalid> {
    let refuse = || {
        let message = "must be an e-mail address such as ada@example.com";
        Err(Invalid::field(field, "bad_address", message))
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return refuse();
    };
    let atom = |part: &str| {
        !part.is_empty()
            && part.split('.').all(|word| {
                !word.is_empty()
                    && word
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
            })
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let fits = address.len() <= ADDRESS_BYTES
        && local.len() <= LOCAL_BYTES
        && atom(local)
        && domain.split('.').all(label);
    if fits { Ok(()) } else { refuse() }
}

/// Checks a telephone number in the international form: `+` and 7 to 15 digits.
///
/// # Errors
/// The broken rule, of `field`.
pub fn check_phone(field: &str, number: &str) -> Result<(), Invalid> {
    let digits = number.strip_prefix('+').unwrap_or_default();
    let fits = (7..=15).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit());
    if fits {
        return Ok(());
    }
    let message = "must be a telephone number such as +998901234567: + and 7 to 15 digits";
    Err(Invalid::field(field, "bad_number", message))
}

/// Checks a subject: one line, because a second one could smuggle a header into the message.
///
/// # Errors
/// The broken rule, of `field`.
pub fn check_subject(field: &str, subject: &str) -> Result<(), Invalid> {
    let characters = subject.chars().count();
    let one_line = !subject
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    if (1..=SUBJECT_CHARS).contains(&characters) && one_line {
        return Ok(());
    }
    let message = format!("must be one line of 1 to {SUBJECT_CHARS} characters");
    Err(Invalid::field(field, "bad_subject", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain() {
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}com", "example.".repeat(32));
        for (address, good) in [
            ("ada@example.com", true),
            ("ada.lovelace+tag@mail.example.co.uz", true),
            ("o'hara@localhost", true),
            ("", false),
            ("ada", false),
            ("@example.com", false),
            ("ada@", false),
            ("ada@example..com", false),
            (".ada@example.com", false),
            ("ada@-example.com", false),
            ("ada lovelace@example.com", false),
            ("\"ada\"@example.com", false),
            ("Ada <ada@example.com>", false),
            ("ada@example.com\r\nRCPT TO:<eve@example.com>", false),
            ("ada@example.com\nBcc: eve@example.com", false),
            ("ada@example.com>", false),
            ("ada@[127.0.0.1]", false),
            ("ada,eve@example.com", false),
            ("ада@example.com", false),
            (&long, false),
            (&longer, false),
        ] {
            assert_eq!(check_email("to", address).is_ok(), good, "{address:?}");
        }
    }

    #[test]
    fn numbers_are_international() {
        for (number, good) in [
            ("+998901234567", true),
            ("+1234567", true),
            ("998901234567", false),
            ("+123456", false),
            ("+1234567890123456", false),
            ("+99890 1234567", false),
            ("+9989012345\n", false),
        ] {
            assert_eq!(check_phone("to", number).is_ok(), good, "{number:?}");
        }
    }

    #[test]
    fn subjects_are_one_line() {
        let long = "ы".repeat(SUBJECT_CHARS);
        for (subject, good) in [
            ("Your receipt", true),
            (long.as_str(), true),
            ("", false),
            ("Hi\r\nBcc: eve@example.com", false),
            ("Hi\nthere", false),
            ("Hi\u{2028}there", false),
            ("a\0b", false),
        ] {
            assert_eq!(
                check_subject("subject", subject).is_ok(),
                good,
                "{subject:?}"
            );
        }
        assert!(check_subject("subject", &format!("{long}!")).is_err());
    }

    #[test]
    fn what_may_pass_is_tried_again_later_and_later() {
        let busy = SendError::transient("notification.refused", "450 later");
        let no = SendError::permanent("notification.refused", "550 no");
        for (attempts, error, seconds) in [
            (1, &busy, Some(30)),
            (2, &busy, Some(60)),
            (7, &busy, Some(1_920)),
            (8, &busy, None),
            (1, &no, None),
        ] {
            let middle = u32::MAX / 2;
            let wait = wait(attempts, error, middle).map(|wait| wait.as_secs_f64().round());
            assert_eq!(wait, seconds.map(f64::from), "{attempts} {}", error.message);
        }
    }
}
