//! What a script asks for, read and checked: addresses, subjects, and which members there are. What a template
//! gives is checked when it has given it.

use scriptorium_engine::HostError;
use scriptorium_model::notification::{
    Channel, METADATA_BYTES, RECIPIENTS, check_email, check_phone, check_subject,
};
use scriptorium_model::secret::validate_name;
use scriptorium_model::{Invalid, Json};
use serde_json::{Map, Value, json};

use super::mail::Email;
use crate::capabilities::invalid;

/// A message as its script wrote it, checked but for its templates.
pub(super) struct Draft {
    pub(super) channel: Channel,
    pub(super) recipient: String,
    pub(super) subject: Option<String>,
    pub(super) text: Option<Text>,
    pub(super) html: Option<Text>,
    pub(super) data: Json,
    pub(super) metadata: Json,
    pub(super) kind: Kind,
}

/// Where a text comes from.
pub(super) enum Text {
    Given(String),
    Template(String),
}

pub(super) enum Kind {
    Email(Email),
    Sms {
        to: String,
    },
    Chat {
        to: Option<String>,
        secret: Option<String>,
    },
}

/// Reads the message of one method.
pub(super) fn email(mut fields: Fields) -> Result<Draft, HostError> {
    let mut all = Vec::new();
    let mut addresses = |fields: &mut Fields, name: &str| {
        let list = fields.list(name)?;
        for address in &list {
            check_email(name, address).map_err(|refused| first(&refused))?;
        }
        all.extend(list.iter().cloned());
        Ok::<_, HostError>(list)
    };
    let to = addresses(&mut fields, "to")?;
    let cc = addresses(&mut fields, "cc")?;
    let bcc = addresses(&mut fields, "bcc")?;
    if to.is_empty() {
        return Err(invalid("to", "must name somebody"));
    }
    if all.len() > RECIPIENTS {
        let expectation = format!("must name {RECIPIENTS} recipients at most, cc and bcc included");
        return Err(invalid("to", expectation));
    }
    let reply_to = fields.text("replyTo")?;
    if let Some(address) = &reply_to {
        check_email("replyTo", address).map_err(|refused| first(&refused))?;
    }
    let subject = fields.text("subject")?.unwrap_or_default();
    check_subject("subject", &subject).map_err(|refused| first(&refused))?;
    let text = fields.either("body", "template")?;
    let html = fields.either("html", "htmlTemplate")?;
    let draft = Draft {
        channel: Channel::Email,
        recipient: all.join(", "),
        subject: Some(subject),
        text,
        html,
        data: fields.data()?,
        metadata: fields.metadata()?,
        kind: Kind::Email(Email {
            to,
            cc,
            bcc,
            reply_to,
            ..Email::default()
        }),
    };
    fields
        .end("to, cc, bcc, replyTo, subject, body, html, template, htmlTemplate, data, metadata")?;
    Ok(draft)
}

/// Reads the message of one method.
pub(super) fn sms(mut fields: Fields) -> Result<Draft, HostError> {
    let to = fields.text("to")?.unwrap_or_default();
    check_phone("to", &to).map_err(|refused| first(&refused))?;
    let draft = Draft {
        channel: Channel::Sms,
        recipient: to.clone(),
        subject: None,
        text: fields.either("message", "template")?,
        html: None,
        data: fields.data()?,
        metadata: fields.metadata()?,
        kind: Kind::Sms { to },
    };
    fields.end("to, message, template, data, metadata")?;
    Ok(draft)
}

/// Reads the message of one method.
pub(super) fn chat(mut fields: Fields) -> Result<Draft, HostError> {
    let name = fields.text("channel")?.unwrap_or_default();
    let channel = Channel::CHATS.into_iter().find(|one| one.as_str() == name);
    let channel = channel.ok_or_else(|| invalid("channel", "must be slack, teams or telegram"))?;
    let to = fields.text("to")?;
    let named = |to: &str| {
        (1..=100).contains(&to.len())
            && to
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "@_-".contains(c))
    };
    match (channel, &to) {
        (Channel::Telegram, Some(to)) if named(to) => {}
        (Channel::Telegram, _) => {
            return Err(invalid("to", "must be the chat: its number or @name"));
        }
        (_, None) => {}
        (_, Some(_)) => return Err(invalid("to", "is for telegram; the webhook decides here")),
    }
    let secret = fields.text("secret")?;
    if let Some(name) = &secret
        && validate_name(name).is_err()
    {
        return Err(invalid("secret", "must be the name of a secret"));
    }
    let draft = Draft {
        channel,
        recipient: to.clone().unwrap_or_default(),
        subject: None,
        text: fields.either("message", "template")?,
        html: None,
        data: fields.data()?,
        metadata: fields.metadata()?,
        kind: Kind::Chat { to, secret },
    };
    fields.end("channel, message, to, secret, template, data, metadata")?;
    Ok(draft)
}

/// The members of the one argument; each is taken out, so that what is left is not known.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn of(args: Vec<Value>) -> Result<Self, HostError> {
        match args.into_iter().next() {
            Some(Value::Object(fields)) => Ok(Self(fields)),
            _ => Err(invalid("message", "must be an object")),
        }
    }

    fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, HostError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(name, "must be a string")),
        }
    }

    fn list(&mut self, name: &str) -> Result<Vec<String>, HostError> {
        let refuse = || invalid(name, "must be an address or a list of them");
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::String(one)) => Ok(vec![one]),
            Some(Value::Array(many)) => many
                .into_iter()
                .map(|one| one.as_str().map(str::to_owned).ok_or_else(refuse))
                .collect(),
            Some(_) => Err(refuse()),
        }
    }

    /// A text that is given, or the name of the template that gives it.
    fn either(&mut self, given: &str, template: &str) -> Result<Option<Text>, HostError> {
        match (self.text(given)?, self.text(template)?) {
            (Some(_), Some(_)) => Err(invalid(template, format!("cannot be given with {given}"))),
            (Some(text), None) => Ok(Some(Text::Given(text))),
            (None, Some(name)) => Ok(Some(Text::Template(name))),
            (None, None) => Ok(None),
        }
    }

    fn data(&mut self) -> Result<Json, HostError> {
        Ok(self.value("data").map_or_else(Json::null, Json::from))
    }

    fn metadata(&mut self) -> Result<Json, HostError> {
        let metadata = self.value("metadata").unwrap_or_else(|| json!({}));
        let written = Json::from(metadata.clone());
        if !metadata.is_object() || written.len() > METADATA_BYTES {
            let expectation = format!("must be an object of {METADATA_BYTES} bytes at most");
            return Err(invalid("metadata", expectation));
        }
        Ok(written)
    }

    fn end(self, known: &str) -> Result<(), HostError> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().take(100).collect();
                Err(invalid(&name, format!("is not known; there are {known}")))
            }
        }
    }
}

/// The first refused field as scripts see it.
fn first(refused: &Invalid) -> HostError {
    let error = refused.errors.first();
    error.map_or_else(
        || HostError::new("VALIDATION_ERROR", "cannot be sent"),
        |error| invalid(&error.field, &error.message),
    )
}
