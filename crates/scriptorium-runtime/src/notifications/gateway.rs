//! SMS, by whatever HTTP gateway the operator has: its URL and body are templates.

use std::fmt;

use minijinja::value::ValueKind;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, context};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderValue;
use scriptorium_model::Invalid;
use scriptorium_model::notification::{Notification, SendError};
use serde::{Deserialize, Serialize};

use super::web::{self, Request, Web};

/// The operator's gateway for SMS. In URL and body stand `{{ to }}`, `{{ message }}` and `{{ id }}` for the
/// number with its `+`, the text, and the notification's id; each is escaped as where it stands asks for.
#[derive(Clone)]
pub struct SmsGateway {
    /// Where a message is sent to. Usually the operator's secret: many gateways want a key in it.
    pub url: String,
    /// What is sent; a GET request without when `None`.
    pub body: Option<String>,
    /// What the body is: `application/json` or `application/x-www-form-urlencoded`.
    pub content_type: String,
    /// The header `Authorization`, such as `Bearer …`.
    pub authorization: Option<String>,
}

impl SmsGateway {
    /// What the body is unless the operator says so.
    pub const JSON: &str = "application/json";
    /// The other kind of body there is.
    pub const FORM: &str = "application/x-www-form-urlencoded";
    /// The body unless the operator says so.
    pub const BODY: &str = r#"{"to":"{{ to }}","message":"{{ message }}","id":"{{ id }}"}"#;
}

impl fmt::Debug for SmsGateway {
    /// Without the address, which may hold a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmsGateway").finish_non_exhaustive()
    }
}

/// What an SMS is made of, as it is recorded.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sms {
    pub(crate) to: String,
    pub(crate) text: String,
}

/// The gateway as it is spoken to.
pub(crate) struct Gateway {
    settings: SmsGateway,
    authorization: Option<HeaderValue>,
}

impl Gateway {
    pub(crate) fn new(settings: SmsGateway) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        if ![SmsGateway::JSON, SmsGateway::FORM].contains(&settings.content_type.as_str()) {
            let message = format!("must be {} or {}", SmsGateway::JSON, SmsGateway::FORM);
            invalid.push("sms_content_type", "bad_gateway", message);
        }
        let mut authorization = None;
        if let Some(text) = &settings.authorization {
            match HeaderValue::from_str(text) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    authorization = Some(value);
                }
                Err(_) => {
                    let message = "must be one line of printable text";
                    invalid.push("sms_authorization", "bad_gateway", message);
                }
            }
        }
        let gateway = Self {
            settings,
            authorization,
        };
        // A template that cannot be filled would fail every message.
        let sample = Sms {
            to: "+998901234567".to_owned(),
            text: "\"1\" & 1\n".to_owned(),
        };
        match gateway.url(&sample, "0") {
            Ok(url) => {
                invalid.check(web::check_url("sms_url", &url));
            }
            Err(error) => {
                let message = format!("must be a URL with to, message and id only: {error}");
                invalid.push("sms_url", "bad_gateway", message);
            }
        }
        match gateway.body(&sample, "0") {
            Ok(Some(body)) if gateway.is_json() => {
                if serde_json::from_str::<serde_json::Value>(&body).is_err() {
                    invalid.push(
                        "sms_body",
                        "bad_gateway",
                        "must be JSON when it is filled in",
                    );
                }
            }
            Ok(_) => {}
            Err(error) => {
                let message = format!("must be a text with to, message and id only: {error}");
                invalid.push("sms_body", "bad_gateway", message);
            }
        }
        invalid.or(gateway)
    }

    /// Hands one over.
    pub(crate) async fn send(
        &self,
        web: &Web,
        notification: &Notification,
    ) -> Result<(), SendError> {
        let broken = |text: String| {
            let message = format!("it cannot be written for the gateway: {text}");
            SendError::permanent("notification.invalid", message)
        };
        let sms: Sms = serde_json::from_str(notification.content.as_str())
            .map_err(|error| broken(error.to_string()))?;
        let id = notification.id.to_string();
        let url = self
            .url(&sms, &id)
            .map_err(|error| broken(error.to_string()))?;
        let body = self
            .body(&sms, &id)
            .map_err(|error| broken(error.to_string()))?;
        let request = Request {
            url: &url,
            body: body.map(|body| (body, self.settings.content_type.as_str())),
            authorization: self.authorization.clone(),
            id: &id,
        };
        web.send("the SMS gateway", request).await
    }

    fn is_json(&self) -> bool {
        self.settings.content_type == SmsGateway::JSON
    }

    fn url(&self, sms: &Sms, id: &str) -> Result<String, minijinja::Error> {
        fill(&self.settings.url, sms, id, in_url)
    }

    fn body(&self, sms: &Sms, id: &str) -> Result<Option<String>, minijinja::Error> {
        let escape = if self.is_json() { in_json } else { in_url };
        let body = self.settings.body.as_deref();
        body.map(|body| fill(body, sms, id, escape)).transpose()
    }
}

/// Fills a template in, each value so that it stays one, whatever is in it.
fn fill(
    template: &str,
    sms: &Sms,
    id: &str,
    escape: fn(&str) -> String,
) -> Result<String, minijinja::Error> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(move |out, _, value| {
        if value.kind() == ValueKind::Undefined {
            return Err(ErrorKind::UndefinedError.into());
        }
        let text = escape(&value.to_string());
        out.write_str(&text)
            .map_err(|_| ErrorKind::WriteFailure.into())
    });
    let template = environment.template_from_str(template)?;
    template.render(context! { to => &sms.to, message => &sms.text, id })
}

/// Within the quotes of a JSON string.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// Within a URL or a form.
fn in_url(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(url: &str, body: Option<&str>, content_type: &str) -> SmsGateway {
        SmsGateway {
            url: url.to_owned(),
            body: body.map(str::to_owned),
            content_type: content_type.to_owned(),
            authorization: None,
        }
    }

    #[track_caller]
    fn check(settings: SmsGateway, url: &str, body: Option<&str>) {
        let gateway = Gateway::new(settings).unwrap();
        let sms = Sms {
            to: "+998901234567".to_owned(),
            text: "\"Hi\" \\ & bye\n".to_owned(),
        };
        assert_eq!(gateway.url(&sms, "7").unwrap(), url);
        assert_eq!(gateway.body(&sms, "7").unwrap().as_deref(), body);
    }

    #[test]
    fn what_is_filled_in_stays_where_it_was_put() {
        check(
            gateway(
                "https://a.example/send",
                Some(SmsGateway::BODY),
                SmsGateway::JSON,
            ),
            "https://a.example/send",
            Some(r#"{"to":"+998901234567","message":"\"Hi\" \\ & bye\n","id":"7"}"#),
        );
        check(
            gateway(
                "https://a.example/{{ id }}",
                Some("to={{ to }}&text={{ message }}"),
                SmsGateway::FORM,
            ),
            "https://a.example/7",
            Some("to=%2B998901234567&text=%22Hi%22%20%5C%20%26%20bye%0A"),
        );
        check(
            gateway(
                "https://a.example/?to={{ to }}&text={{ message }}",
                None,
                SmsGateway::JSON,
            ),
            "https://a.example/?to=%2B998901234567&text=%22Hi%22%20%5C%20%26%20bye%0A",
            None,
        );
    }

    #[test]
    fn what_could_never_be_sent_is_refused_at_the_start() {
        let json = SmsGateway::JSON;
        for (settings, field) in [
            (gateway("ftp://a.example", None, json), "sms_url"),
            (gateway("{{ host }}", None, json), "sms_url"),
            (gateway("https://a.example/{{", None, json), "sms_url"),
            (
                gateway("https://a.example", Some("{{ text }}"), json),
                "sms_body",
            ),
            (
                gateway("https://a.example", Some("{\"to\":{{ to }}}"), json),
                "sms_body",
            ),
            (
                gateway("https://a.example", None, "text/plain"),
                "sms_content_type",
            ),
            (
                SmsGateway {
                    authorization: Some("a\r\nb: c".to_owned()),
                    ..gateway("https://a.example", None, json)
                },
                "sms_authorization",
            ),
        ] {
            let refused = Gateway::new(settings).err().unwrap();
            assert_eq!(refused.errors[0].field, field, "{refused}");
        }
    }
}
