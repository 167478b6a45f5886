//! The HTTP API of a server, as the client commands need it. Refusals become errors with the
//! server's own words; nothing is retried.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use serde_json::Value;

use crate::arguments::RemoteArgs;
use crate::exit::Refusal;
use crate::print::{self, visible};

/// A server, and the token to speak with.
pub(crate) struct Remote {
    client: reqwest::Client,
    base: Url,
    token: String,
}

const PATIENCE: Duration = Duration::from_secs(60);
/// How long a whole trail may take.
const LONG_PATIENCE: Duration = Duration::from_secs(3_600);
/// Items of a list asked for at once.
const PAGE: usize = 200;

impl Remote {
    pub(crate) fn new(arguments: &RemoteArgs) -> anyhow::Result<Self> {
        Self::patient(arguments, PATIENCE)
    }

    /// One that waits longer for an answer than most requests are worth.
    pub(crate) fn patient(arguments: &RemoteArgs, patience: Duration) -> anyhow::Result<Self> {
        let base = Url::parse(&arguments.server)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                let server = &arguments.server;
                Refusal::usage(format!(
                    "{server} is no address such as http://127.0.0.1:8080"
                ))
            })?;
        let token = arguments.token.clone().ok_or_else(|| {
            Refusal::usage("a token is needed: set SCRIPTORIUM_TOKEN or give --token")
        })?;
        let client = reqwest::Client::builder()
            .timeout(patience)
            // The token is for this server, not for where it might send us.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("scriptorium/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot set up the HTTP client")?;
        Ok(Self {
            client,
            base,
            token,
        })
    }

    /// Reads a document. The path's segments are encoded here.
    pub(crate) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<Value> {
        self.send(self.request(Method::GET, path, query)?).await
    }

    /// Sends a document with POST.
    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> anyhow::Result<Value> {
        self.post_with(path, &[], body).await
    }

    /// Sends a document with POST and a query.
    pub(crate) async fn post_with(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        body: &Value,
    ) -> anyhow::Result<Value> {
        self.send(self.request(Method::POST, path, query)?.json(body))
            .await
    }

    /// Sends a document with PATCH.
    pub(crate) async fn patch(&self, path: &[&str], body: &Value) -> anyhow::Result<Value> {
        self.send(self.request(Method::PATCH, path, &[])?.json(body))
            .await
    }

    /// Sends a document with PUT and a query.
    pub(crate) async fn put(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        body: &Value,
    ) -> anyhow::Result<Value> {
        self.send(self.request(Method::PUT, path, query)?.json(body))
            .await
    }

    /// Deletes what path and query name.
    pub(crate) async fn remove(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<()> {
        let request = self.request(Method::DELETE, path, query)?;
        self.send(request).await.map(drop)
    }

    /// Deletes, with a document that confirms it.
    pub(crate) async fn delete(&self, path: &[&str], body: &Value) -> anyhow::Result<()> {
        let request = self.request(Method::DELETE, path, &[])?.json(body);
        self.send(request).await.map(drop)
    }

    /// The first `limit` items of a list, page after page.
    pub(crate) async fn list(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        limit: usize,
    ) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor = None;
        while items.len() < limit {
            let mut query = query.to_vec();
            query.push(("limit", (limit - items.len()).min(PAGE).to_string()));
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let mut page = self.get(path, &query).await?;
            let Some(Value::Array(found)) = page.get_mut("items").map(Value::take) else {
                bail!("the server's list has no items");
            };
            items.extend(found);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        Ok(items)
    }

    /// Writes what the server answers to standard output while it arrives.
    pub(crate) async fn copy(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<()> {
        let request = self.request(Method::GET, path, query)?;
        let request = request.timeout(LONG_PATIENCE);
        let reached = || format!("cannot reach {}", self.base);
        let mut response = request.send().await.with_context(reached)?;
        if !response.status().is_success() {
            return Self::answer(response).await.map(drop);
        }
        while let Some(part) = response.chunk().await.context("the answer broke off")? {
            print::bytes(&part)?;
        }
        Ok(())
    }

    /// Hands over what a stream of server-sent events says, as it says it: name and data.
    pub(crate) async fn events(
        &self,
        path: &[&str],
        mut heard: impl FnMut(&str, Value),
    ) -> anyhow::Result<()> {
        let request = self.request(Method::GET, path, &[])?;
        let request = request.timeout(LONG_PATIENCE);
        let reached = || format!("cannot reach {}", self.base);
        let mut response = request.send().await.with_context(reached)?;
        if !response.status().is_success() {
            return Self::answer(response).await.map(drop);
        }
        let mut rest = Vec::new();
        while let Some(part) = response.chunk().await.context("the stream broke off")? {
            rest.extend_from_slice(&part);
            while let Some(end) = rest.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = rest.drain(..end + 2).collect();
                if let Some((name, data)) = event(&String::from_utf8_lossy(&block)) {
                    heard(&name, data);
                }
            }
        }
        Ok(())
    }

    fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<RequestBuilder> {
        let mut url = self.base.clone();
        let Ok(mut segments) = url.path_segments_mut() else {
            bail!("{} cannot have a path", self.base);
        };
        segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        drop(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(self.client.request(method, url).bearer_auth(&self.token))
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let response = request
            .send()
            .await
            .with_context(|| format!("cannot reach {}", self.base))?;
        Self::answer(response).await
    }

    async fn answer(response: reqwest::Response) -> anyhow::Result<Value> {
        let status = response.status();
        let text = response.text().await.context("the answer broke off")?;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let message = problem(status, &body);
        if status.is_server_error() {
            bail!("{message}");
        }
        Err(Refusal::failed(message).into())
    }
}

/// Name and data of one event; `None` of a comment.
fn event(block: &str) -> Option<(String, Value)> {
    let field = |name: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let name = field("event")?.trim().to_owned();
    let data = serde_json::from_str(field("data")?.trim()).ok()?;
    Some((name, data))
}

/// What a problem document says, for people; one line for each refused field.
fn problem(status: StatusCode, body: &Value) -> String {
    let text = |value: &Value| value.as_str().map(visible);
    let title = text(&body["detail"])
        .or_else(|| text(&body["title"]))
        .unwrap_or_else(|| status.to_string());
    let code = text(&body["code"])
        .map(|code| format!(" ({code})"))
        .unwrap_or_default();
    let mut message = format!("{title}{code}");
    for error in body["errors"].as_array().into_iter().flatten() {
        let field = text(&error["field"]).unwrap_or_default();
        let rule = text(&error["message"]).unwrap_or_default();
        message.push_str(&format!("\n  {field}: {rule}"));
    }
    message
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(status: u16, body: Value, expected: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(problem(status, &body), expected);
    }

    #[test]
    fn problems_are_told_with_their_fields() {
        check(502, json!(null), "502 Bad Gateway");
        check(
            422,
            json!({"title": "Invalid", "code": "validation_failed", "errors": [
                {"field": "schedule.cron", "message": "must have five fields"},
            ]}),
            "Invalid (validation_failed)\n  schedule.cron: must have five fields",
        );
        check(
            404,
            json!({"title": "Not found", "detail": "no such \u{1b}script"}),
            "no such \\u{1b}script",
        );
    }
}
