//! What comes back: counted while it arrives, and shown to the script by its content type.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scriptorium_engine::{Held, HostError};
use scriptorium_model::Json;
use scriptorium_outbound::{Error, Response};
use serde_json::{Map, Value, json};

/// Reads the response and gives it as JSON text; `held` counts the bodies meanwhile.
pub(super) async fn receive(mut response: Response, mut held: Held) -> Result<String, HostError> {
    let failed = |error: Error| HostError::new(error.code(), error.to_string());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        held.grow(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    // Its text is written beside it.
    held.grow(body.len())?;
    Ok(shown(&response, body))
}

/// Bytes of a base64 text.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

fn shown(response: &Response, body: Vec<u8>) -> String {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in &response.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        match headers.get_mut(name.as_str()) {
            Some(Value::String(old)) => {
                old.push_str(", ");
                old.push_str(&value);
            }
            _ => {
                headers.insert(name.as_str().to_owned(), value.into());
            }
        }
    }
    let content_type = response
        .headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let status = response.status;
    let mut text = json!({
        "status": status.as_u16(),
        "ok": status.is_success(),
        "headers": headers,
        "url": response.url,
        "redirects": response.redirects,
    })
    .to_string();
    text.pop();
    text.push_str(",\"body\":");
    text.push_str(&body_json(content_type, body));
    text.push('}');
    text
}

/// JSON as its value, text as text, everything else as bytes.
fn body_json(content_type: &str, body: Vec<u8>) -> String {
    let essence = content_type.split(';').next().unwrap_or("").trim();
    let essence = essence.to_ascii_lowercase();
    if body.is_empty() {
        return "null".to_owned();
    }
    let is_json = essence == "application/json" || essence.ends_with("+json");
    let is_text = is_json
        || essence.is_empty()
        || essence.starts_with("text/")
        || essence.ends_with("xml")
        || essence == "application/x-www-form-urlencoded"
        || essence == "application/javascript";
    let text = if is_text {
        String::from_utf8(body)
    } else {
        return bytes_json(&body);
    };
    match text {
        Ok(text) if is_json && Json::parse(&text).is_ok() => text,
        Ok(text) => Value::from(text).to_string(),
        Err(error) => bytes_json(error.as_bytes()),
    }
}

fn bytes_json(bytes: &[u8]) -> String {
    json!({ "$bytes": STANDARD.encode(bytes) }).to_string()
}
