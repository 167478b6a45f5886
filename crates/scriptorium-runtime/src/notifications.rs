//! Notifications: what scripts call as `services.notifications`, and who sends what they have left. A call only
//! keeps a message until its run has ended; the store records it with that end, and [`sender`] hands it to the
//! mail server, the gateway or the webhook (decision 0044).

mod draft;
mod gateway;
mod mail;
pub(crate) mod sender;
pub(crate) mod service;
mod web;

use std::fmt;
use std::time::Duration;

use scriptorium_model::Invalid;
use scriptorium_model::notification::{Channel, SendMode};

pub use gateway::SmsGateway;
pub use mail::{MailServer, MailTls};

use crate::error::Error;

/// Time for one attempt, connecting included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What of the operator's notifications go through. Nothing by default: then scripts are told that there is
/// nothing to send them by.
#[derive(Clone, Default)]
pub struct Notifications {
    /// The mail server.
    pub mail: Option<MailServer>,
    /// The gateway for SMS.
    pub sms: Option<SmsGateway>,
    /// The incoming webhook of Slack that is used when a script names none of its tenant's.
    pub slack: Option<String>,
    /// The same of Microsoft Teams.
    pub teams: Option<String>,
    /// The bot of Telegram that is used when a script names none of its tenant's:
    /// `https://api.telegram.org/bot` and its token.
    pub telegram: Option<String>,
    /// Whether anything is sent at all; recorded for every tenant otherwise.
    pub mode: SendMode,
}

impl fmt::Debug for Notifications {
    /// Without addresses, which may hold keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifications")
            .field("mail", &self.mail)
            .field("sms", &self.sms.is_some())
            .field("slack", &self.slack.is_some())
            .field("teams", &self.teams.is_some())
            .field("telegram", &self.telegram.is_some())
            .field("mode", &self.mode)
            .finish()
    }
}

/// Everything that leads out of the process for notifications.
pub(crate) struct Outlets {
    mail: Option<mail::Mailer>,
    sms: Option<gateway::Gateway>,
    web: web::Web,
    chats: [(Channel, Option<String>); 3],
    pub(crate) mode: SendMode,
}

impl Outlets {
    pub(crate) fn new(options: Notifications) -> Result<Self, Error> {
        let mut invalid = Invalid::default();
        let mail = options.mail.map(mail::Mailer::new).transpose();
        let mail = invalid.check(mail).flatten();
        let sms = options.sms.map(gateway::Gateway::new).transpose();
        let sms = invalid.check(sms).flatten();
        let chats = [
            (Channel::Slack, "slack_url", options.slack),
            (Channel::Teams, "teams_url", options.teams),
            (Channel::Telegram, "telegram_url", options.telegram),
        ];
        let chats = chats.map(|(channel, field, url)| {
            if let Some(url) = &url {
                invalid.check(web::check_url(field, url));
            }
            (channel, url)
        });
        let outlets = Self {
            mail,
            sms,
            web: web::Web::new()?,
            chats,
            mode: options.mode,
        };
        invalid.or(outlets).map_err(Error::Options)
    }

    /// The operator's address of a chat.
    fn chat(&self, channel: Channel) -> Option<&str> {
        let found = self.chats.iter().find(|(one, _)| *one == channel);
        found.and_then(|(_, url)| url.as_deref())
    }

    /// Whether the operator has set up what a channel needs.
    fn has(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.mail.is_some(),
            Channel::Sms => self.sms.is_some(),
            chat => self.chat(chat).is_some(),
        }
    }
}
