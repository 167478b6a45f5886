//! What scripts call: `services.notifications`, unless the host application has a service of that name. Every
//! call is checked whole, so that whoever sends something wrong hears of it while it can still be put right.

use std::sync::Arc;

use scriptorium_engine::{Held, HostError, Reply};
use scriptorium_model::effect::EffectKind;
use scriptorium_model::notification::{
    CHAT_CHARS, Channel, EMAIL_BYTES, EXECUTION_BYTES, Notification, NotificationStatus,
    OF_EXECUTION, SMS_CHARS, SendMode,
};
use scriptorium_model::permission::Permission;
use scriptorium_model::{Json, NotificationId};
use scriptorium_store::Error;
use serde::Serialize;
use serde_json::{Value, json};

use super::draft::{Draft, Fields, Kind, Text, chat, email, sms};
use super::gateway::Sms;
use super::mail::Email;
use super::web::Chat;
use crate::capabilities::utils::template::{Escape, render_named};
use crate::capabilities::{invalid, store_failed};
use crate::host::Run;
use crate::service::Service;

/// The service's name; a host that registers one of it keeps it.
pub(crate) const NAME: &str = "notifications";

const TYPES: &str = r#"/** A message that is sent when the execution has ended. */
interface SentNotification {
  id: string;
  channel: "email" | "sms" | "slack" | "teams" | "telegram";
  /** "recorded" in a trial, a dry run, and where nothing is really sent. */
  status: "pending" | "recorded";
}
/** A template of the tenant's by name in place of a text, and what is filled in. */
interface NotificationTemplate {
  template?: string;
  data?: unknown;
  /** What you want to know of it later; 4 KiB. */
  metadata?: Record<string, unknown>;
}
interface EmailNotification extends NotificationTemplate {
  to: string | string[];
  cc?: string | string[];
  bcc?: string | string[];
  replyTo?: string;
  /** One line of 200 characters at most. */
  subject: string;
  /** The text, unless a template gives it. */
  body?: string;
  /** The same as HTML. */
  html?: string;
  /** A template that gives the HTML; values are escaped. */
  htmlTemplate?: string;
}
interface SmsNotification extends NotificationTemplate {
  /** With + and country: +998901234567. */
  to: string;
  /** The text, unless a template gives it; 1,000 characters at most. */
  message?: string;
}
interface ChatNotification extends NotificationTemplate {
  channel: "slack" | "teams" | "telegram";
  /** The text, unless a template gives it; 4,000 characters at most. */
  message?: string;
  /** The chat, of Telegram. */
  to?: string;
  /** Name of the secret with the webhook's address, or the bot's; the operator's without. */
  secret?: string;
}"#;

/// Characters of the text that a dry run shows.
const SHOWN: usize = 200;
/// What one takes beside its texts.
const BYTES: usize = size_of::<Notification>() + 512;

/// The service as it is registered.
pub(crate) fn service() -> Service {
    let needed = Permission::NotificationsSend.as_str();
    let returns = "Promise<SentNotification>";
    Service::new(
        NAME,
        "Messages to people. They are sent when the execution has ended, once, and not when it is tried again or its transaction is rolled back; the page Notifications tells what became of each.",
    )
    .types(TYPES)
    .own(
        "sendEmail",
        "message: EmailNotification",
        returns,
        "Sends an e-mail to 20 recipients at most.",
        |run, args, held| call(run, args, held, email),
    )
    .requires(needed)
    .own(
        "sendSMS",
        "message: SmsNotification",
        returns,
        "Sends a text message.",
        |run, args, held| call(run, args, held, sms),
    )
    .requires(needed)
    .own(
        "sendChat",
        "message: ChatNotification",
        returns,
        "Posts a message to a chat.",
        |run, args, held| call(run, args, held, chat),
    )
    .requires(needed)
}

/// The notifications that a run leaves. A call takes its place at once, so that their order is that of the
/// calls, and what belongs to a transaction goes with it.
#[derive(Default)]
pub(crate) struct Outgoing {
    places: Vec<Place>,
    next: u64,
}

struct Place {
    number: u64,
    notification: Option<Notification>,
    bytes: usize,
    /// What counts it.
    held: Vec<Held>,
}

impl Outgoing {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn truncate(&mut self, count: usize) {
        self.places.truncate(count);
    }

    /// All that were finished; what a script did not wait for is not sent.
    pub(crate) fn take(&mut self) -> Vec<Notification> {
        let places = std::mem::take(&mut self.places);
        places
            .into_iter()
            .filter_map(|one| one.notification)
            .collect()
    }

    fn enter(&mut self, held: Held) -> Result<u64, HostError> {
        if self.places.len() >= OF_EXECUTION {
            let message = format!("an execution sends {OF_EXECUTION} notifications at most");
            return Err(HostError::new("QUOTA_EXCEEDED", message));
        }
        self.next += 1;
        self.places.push(Place {
            number: self.next,
            notification: None,
            bytes: 0,
            held: vec![held],
        });
        Ok(self.next)
    }

    fn leave(&mut self, number: u64) {
        self.places.retain(|place| place.number != number);
    }

    /// A place that is gone was part of a transaction that is.
    fn fill(&mut self, number: u64, one: Notification, held: Held) -> Result<(), HostError> {
        let bytes = one.content.len() + one.metadata.len();
        let all: usize = self.places.iter().map(|place| place.bytes).sum();
        if all + bytes > EXECUTION_BYTES {
            let message =
                format!("an execution sends {EXECUTION_BYTES} bytes of notifications at most");
            return Err(HostError::new("QUOTA_EXCEEDED", message));
        }
        if let Some(place) = self.places.iter_mut().find(|place| place.number == number) {
            place.notification = Some(one);
            place.bytes = bytes;
            place.held.push(held);
        }
        Ok(())
    }
}

fn call(
    run: &Arc<Run>,
    args: Vec<Value>,
    held: Held,
    read: fn(Fields) -> Result<Draft, HostError>,
) -> Reply {
    let begun = Fields::of(args).and_then(read).and_then(|draft| {
        let place = run.hold(BYTES)?;
        Ok((draft, run.outgoing().enter(place)?))
    });
    let (draft, number) = match begun {
        Ok(begun) => begun,
        Err(error) => return Reply::Ready(Err(error)),
    };
    let this = run.clone();
    run.later(async move {
        let _held = held;
        let done = finish(&this, draft, number).await;
        if done.is_err() {
            this.outgoing().leave(number);
        }
        done
    })
}

async fn finish(run: &Run, draft: Draft, number: u64) -> Result<String, HostError> {
    let text = filled(run, draft.text, &draft.data, Escape::None).await?;
    let html = filled(run, draft.html, &draft.data, Escape::Html).await?;
    check_text(draft.channel, text.as_deref(), html.as_deref())?;
    let id: NotificationId = run.world.ambient.new_id();
    let channel = draft.channel;
    let status = match run.is_dry() {
        true => NotificationStatus::Recorded,
        false => allowed(run, &draft.kind, channel).await?,
    };
    let answer = json!({ "id": id.0, "channel": channel.as_str(), "status": status.as_str() });
    if run.is_dry() {
        let target = format!("{} {}", channel.as_str(), draft.recipient);
        let shown = [&draft.subject, &text, &html];
        let shown: Vec<&str> = shown.into_iter().flatten().map(String::as_str).collect();
        let shown: String = shown.join("\n").chars().take(SHOWN).collect();
        run.outgoing().leave(number);
        run.intend(EffectKind::Notification, target.trim_end(), &shown)?;
        return Ok(answer.to_string());
    }
    // It is stored and shown, and whoever gets it has no business with secrets either.
    let masked = |text: String| run.masked(|mask| mask.text(&text).into_owned());
    let (text, html) = (text.map(masked), html.map(masked));
    let content = match draft.kind {
        Kind::Email(email) => written(&Email {
            text,
            html,
            ..email
        }),
        Kind::Sms { to } => written(&Sms {
            to,
            text: text.unwrap_or_default(),
        }),
        Kind::Chat { to, secret } => written(&Chat {
            text: text.unwrap_or_default(),
            to,
            secret,
        }),
    };
    let (execution, now) = (&run.job.execution, run.now());
    let settled = status.is_settled().then_some(now);
    let notification = Notification {
        id,
        tenant: run.ctx.tenant,
        script: run.script,
        script_name: execution.script_name.clone(),
        execution: run.execution,
        channel,
        recipient: masked(draft.recipient),
        subject: draft.subject.map(masked),
        content,
        metadata: run.masked(|mask| mask.json(draft.metadata)),
        status,
        attempts: 0,
        next_at: now,
        error: None,
        created_at: now,
        settled_at: settled,
    };
    let bytes = BYTES + notification.content.len() + notification.metadata.len();
    let held = run.hold(bytes)?;
    run.outgoing().fill(number, notification, held)?;
    Ok(answer.to_string())
}

fn written(content: &impl Serialize) -> Json {
    json!(content).into()
}

/// Whether it may be sent now, and whether it really is.
async fn allowed(
    run: &Run,
    kind: &Kind,
    channel: Channel,
) -> Result<NotificationStatus, HostError> {
    let (store, outlets) = (&run.world.store, &run.world.outlets);
    let allowance = store.notification_allowance(&run.ctx).await;
    let allowance = allowance.map_err(|error| store_failed(&error))?;
    if (run.outgoing().len() as u64) > allowance.left() {
        let message = format!(
            "the tenant may send {} notifications a day",
            allowance.per_day
        );
        return Err(HostError::new("QUOTA_EXCEEDED", message));
    }
    if run.job.execution.test || [outlets.mode, allowance.mode].contains(&SendMode::Record) {
        return Ok(NotificationStatus::Recorded);
    }
    if let Kind::Chat {
        secret: Some(name), ..
    } = kind
    {
        check_secret(run, name).await?;
    } else if !outlets.has(channel) {
        let message = format!("the operator has set up nothing for {}", channel.as_str());
        return Err(HostError::new("CHANNEL_UNAVAILABLE", message));
    }
    Ok(NotificationStatus::Pending)
}

/// The script needs what it would need to read it: else it could post where it may not.
async fn check_secret(run: &Run, name: &str) -> Result<(), HostError> {
    run.require(Permission::SecretsUse.as_str(), || {
        "to use secrets".to_owned()
    })?;
    let store = &run.world.store;
    let opened = store.open_secret(&run.ctx, name, run.script, false).await;
    match opened {
        Ok(_) => {}
        Err(Error::NotFound) => {
            let message = format!("there is no secret {name} that this script may read");
            return Err(HostError {
                field: Some("secret".to_owned()),
                ..HostError::new("NOT_FOUND", message)
            });
        }
        Err(error) => return Err(store_failed(&error)),
    }
    let noted = store.note_secret_use(&run.ctx, name, run.script, run.execution);
    noted.await.map_err(|error| store_failed(&error))
}

async fn filled(
    run: &Run,
    text: Option<Text>,
    data: &Json,
    escape: Escape,
) -> Result<Option<String>, HostError> {
    Ok(match text {
        None => None,
        Some(Text::Given(text)) => Some(text),
        Some(Text::Template(name)) => Some(render_named(run, &name, data.clone(), escape).await?),
    })
}

/// Checks what a template may have given, too.
fn check_text(channel: Channel, text: Option<&str>, html: Option<&str>) -> Result<(), HostError> {
    let too_long = |field: &str, most: usize, what: &str| {
        Err(invalid(field, format!("must have 1 to {most} {what}")))
    };
    match channel {
        Channel::Email => {
            for (field, part) in [("body", text), ("html", html)] {
                if part.is_some_and(|part| part.is_empty() || part.len() > EMAIL_BYTES) {
                    return too_long(field, EMAIL_BYTES, "bytes");
                }
            }
            if text.or(html).is_none() {
                return Err(invalid("body", "is missing; give body, html or a template"));
            }
        }
        other => {
            let most = if other == Channel::Sms {
                SMS_CHARS
            } else {
                CHAT_CHARS
            };
            let Some(text) = text else {
                return Err(invalid("message", "is missing; give message or a template"));
            };
            if !(1..=most).contains(&text.chars().count()) {
                return too_long("message", most, "characters");
            }
            if text
                .chars()
                .any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
            {
                return Err(invalid("message", "must not have control characters"));
            }
        }
    }
    Ok(())
}
