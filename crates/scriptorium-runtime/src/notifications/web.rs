//! Requests of notifications: to the addresses that the operator wrote down, and, through the client that
//! scripts have, to those that a tenant keeps as a secret. Nothing else in here opens a connection.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, StatusCode};
use scriptorium_model::notification::{Channel, SendError};
use scriptorium_model::{Invalid, TenantId};
use scriptorium_outbound::{self as outbound, Outbound};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::TIMEOUT;
use super::mail::sources;
use crate::error::Error;

/// What a chat message is made of, as it is recorded.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Chat {
    pub(crate) text: String,
    /// Which chat, of Telegram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// Name of the tenant's secret with the address; the operator's without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
}

/// A request that is ready to go.
pub(crate) struct Request<'a> {
    pub(crate) url: &'a str,
    /// What is sent, and what that is; a GET request without.
    pub(crate) body: Option<(String, &'a str)>,
    pub(crate) authorization: Option<HeaderValue>,
    /// The notification's id, by which who gets it twice can tell.
    pub(crate) id: &'a str,
}

/// The client for the operator's own addresses: it looks names up and speaks TLS, and follows nobody elsewhere.
pub(crate) struct Web(reqwest::Client);

/// Checks an address of the operator's.
///
/// # Errors
/// The broken rule, of `field`.
pub(crate) fn check_url(field: &str, text: &str) -> Result<(), Invalid> {
    let good = Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if good {
        return Ok(());
    }
    let message = "must be an address such as https://a.example/path";
    Err(Invalid::field(field, "bad_url", message))
}

impl Web {
    pub(crate) fn new() -> Result<Self, Error> {
        // An error says that the host application has installed its own.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .timeout(TIMEOUT)
            .user_agent(concat!("scriptorium/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::Web)?;
        Ok(Self(client))
    }

    /// Sends a request to an address of the operator's; `whom` says to people what that is.
    pub(crate) async fn send(&self, whom: &str, request: Request<'_>) -> Result<(), SendError> {
        let builder = match request.body {
            None => self.0.get(request.url),
            Some((body, content_type)) => self
                .0
                .post(request.url)
                .header(CONTENT_TYPE, content_type)
                .body(body),
        };
        let builder = match request.authorization {
            Some(value) => builder.header(AUTHORIZATION, value),
            None => builder,
        };
        finish(whom, request.id, builder).await
    }

    /// Posts a chat message to an address of the operator's, or to one of the tenant's through the way out, which
    /// decides whether it may be reached.
    pub(crate) async fn chat(
        &self,
        channel: Channel,
        chat: &Chat,
        address: Address<'_>,
        id: &str,
    ) -> Result<(), SendError> {
        let body = body(channel, chat).to_string();
        let path = if channel == Channel::Telegram {
            "/sendMessage"
        } else {
            ""
        };
        let whom = "the webhook";
        match address {
            Address::Operators(url) => {
                let request = Request {
                    url: &format!("{url}{path}"),
                    body: Some((body, "application/json")),
                    authorization: None,
                    id,
                };
                self.send(whom, request).await
            }
            Address::Tenants(url, tenant, outbound) => {
                let url = format!("{}{path}", url.trim());
                let mut request = outbound::Request::new(tenant.0, outbound::Method::POST, url);
                let json = HeaderValue::from_static("application/json");
                request.headers.insert(CONTENT_TYPE, json);
                if let Ok(id) = HeaderValue::from_str(id) {
                    request.headers.insert("idempotency-key", id);
                }
                request.body = body.into();
                request.timeout = TIMEOUT;
                request.redirects = 0;
                let response = outbound
                    .send(request)
                    .await
                    .map_err(|error| unsent(whom, &error))?;
                outcome(whom, response.status)
            }
        }
    }
}

/// Whose address it is, which decides how far it is trusted.
#[derive(Clone, Copy)]
pub(crate) enum Address<'a> {
    Operators(&'a str),
    /// Through the way out, which decides whether it may be reached.
    Tenants(&'a str, TenantId, &'a Outbound),
}

/// Why a tenant's address did not get it. The address may hold a key: no error tells more than its host.
fn unsent(whom: &str, error: &outbound::Error) -> SendError {
    match error {
        outbound::Error::Blocked(_) | outbound::Error::Invalid { .. } => {
            let message = format!("the secret's address may not be reached: {error}");
            SendError::permanent("notification.blocked", message)
        }
        error => {
            let message = format!("{whom} cannot be reached: {error}");
            SendError::transient("notification.unreachable", message)
        }
    }
}

async fn finish(whom: &str, id: &str, builder: RequestBuilder) -> Result<(), SendError> {
    let response = builder.header("idempotency-key", id).send().await;
    // The address may hold a key: no error tells it.
    let response = response.map_err(|error| {
        let message = format!(
            "{whom} cannot be reached: {}",
            sources(&error.without_url())
        );
        SendError::transient("notification.unreachable", message)
    })?;
    outcome(whom, response.status())
}

fn outcome(whom: &str, status: StatusCode) -> Result<(), SendError> {
    if status.is_success() {
        return Ok(());
    }
    let message = format!("{whom} answered {}", status.as_u16());
    let later = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    Err(match later {
        true => SendError::transient("notification.refused", message),
        false => SendError::permanent("notification.refused", message),
    })
}

/// What the webhook of a chat takes.
fn body(channel: Channel, chat: &Chat) -> Value {
    match channel {
        // Else a customer's name could call a whole channel.
        Channel::Slack => {
            let text = chat.text.replace('&', "&amp;");
            json!({ "text": text.replace('<', "&lt;").replace('>', "&gt;") })
        }
        Channel::Teams => json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.2",
                    "body": [{ "type": "TextBlock", "text": chat.text, "wrap": true }],
                },
            }],
        }),
        _ => json!({ "chat_id": chat.to, "text": chat.text }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        for (status, expected) in [
            (200, None),
            (202, None),
            (302, Some(false)),
            (400, Some(false)),
            (401, Some(false)),
            (404, Some(false)),
            (408, Some(true)),
            (429, Some(true)),
            (500, Some(true)),
            (503, Some(true)),
        ] {
            let outcome = outcome("it", StatusCode::from_u16(status).unwrap());
            let is_transient = outcome.err().map(|error| error.is_transient);
            assert_eq!(is_transient, expected, "{status}");
        }
    }

    #[test]
    fn chats_get_text_and_nothing_that_calls_people() {
        let chat = Chat {
            text: "<!channel> A & B".to_owned(),
            to: Some("42".to_owned()),
            secret: None,
        };
        let check = |channel, place: &str, text: &str| {
            let body = body(channel, &chat);
            assert_eq!(body.pointer(place).unwrap(), text, "{channel:?}");
        };
        check(Channel::Slack, "/text", "&lt;!channel&gt; A &amp; B");
        check(
            Channel::Teams,
            "/attachments/0/content/body/0/text",
            "<!channel> A & B",
        );
        check(Channel::Telegram, "/chat_id", "42");
    }
}
