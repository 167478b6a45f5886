//! What the prelude asks the host for when a script answers in parts: the head first, then each part.
//! Scripts cannot name these calls; the arguments are a stranger's all the same.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use scriptorium_engine::{Code, HostError, Reply};
use serde_json::{Map, Value};

use super::args::{Args, Check, required};
use super::language::internal;
use super::{Binding, How, invalid};
use crate::host::Run;
use crate::reply;
use crate::streaming::{Gone, StreamHead};

/// Largest part as JSON in bytes.
const PART_BYTES: usize = 4 << 20;
/// Bytes of the parts that the record keeps.
const KEPT: usize = 16 << 10;
/// Longest `id` and `event` of an event in bytes.
const NAME_BYTES: usize = 1 << 10;
const EVENT_STREAM: &str = "text/event-stream";

pub(crate) static BINDINGS: [Binding; 2] = [
    internal(
        "internal.begin",
        &[
            required("status", "", Check::Json(64)),
            required("headers", "", Check::Json(1 << 20)),
        ],
        How::Async(begin),
    ),
    internal(
        "internal.send",
        &[required("part", "", Check::Json(PART_BYTES))],
        How::Async(send),
    ),
];

/// What a run has answered in parts so far.
#[derive(Default)]
pub(crate) struct Streamed(Mutex<Sent>);

#[derive(Default)]
pub(crate) struct Sent {
    /// Whether the parts are server-sent events; `None` before the head is out.
    events: Option<bool>,
    /// Its answer goes on record whole, and so not in parts.
    refused: bool,
    parts: u64,
    bytes: u64,
    kept: Vec<u8>,
}

impl Streamed {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was ended because it began to answer in parts.
    pub(crate) fn is_refused(&self) -> bool {
        self.lock().refused
    }

    /// What the record says of the parts: how many, how much, and how they begin.
    pub(crate) fn record(&self) -> Value {
        let sent = self.lock();
        let mut record = Map::new();
        record.insert("parts".to_owned(), sent.parts.into());
        record.insert("bytes".to_owned(), sent.bytes.into());
        if let Ok(text) = std::str::from_utf8(&sent.kept) {
            record.insert("beginning".to_owned(), text.into());
        }
        record.into()
    }
}

fn begin(run: &Arc<Run>, mut args: Args) -> Reply {
    let (status, headers) = (args.json(0), args.json(1));
    Reply::Ready(begun(run, status.as_str(), headers.as_str()).map(|()| "null".to_owned()))
}

fn begun(run: &Run, status: &str, headers: &str) -> Result<(), HostError> {
    let bad = |message: String| HostError {
        message,
        fatal: Some(Code::BadResult),
        ..HostError::default()
    };
    let mut sent = run.streamed.lock();
    if sent.events.is_some() {
        return Err(bad("a response has one beginning".to_owned()));
    }
    let head = reply::read_head(status, headers).map_err(|failure| bad(failure.message))?;
    if matches!(head.status, 204 | 205 | 304) {
        let message = format!("a response of status {} has no parts", head.status);
        return Err(bad(message));
    }
    if run.job.is_answered_by_its_record() {
        sent.refused = true;
        return Err(bad("it answers in parts".to_owned()));
    }
    let head = with_type(head.status, head.headers);
    sent.events = Some(head.events);
    match &run.job.stream {
        Some(sink) => sink.begin(head).map_err(hung_up),
        None => Ok(()),
    }
}

/// Parts are events unless the script says what they are.
fn with_type(status: u16, mut headers: Vec<(String, String)>) -> StreamHead {
    let named = headers.iter().find(|(name, _)| name == "content-type");
    let events = match named {
        Some((_, value)) => {
            let essence = value.split(';').next().unwrap_or_default();
            essence.trim().eq_ignore_ascii_case(EVENT_STREAM)
        }
        None => {
            headers.push(("content-type".to_owned(), EVENT_STREAM.to_owned()));
            true
        }
    };
    StreamHead {
        status,
        headers,
        events,
    }
}

fn send(run: &Arc<Run>, mut args: Args) -> Reply {
    let part = args.json(0);
    let bytes = match counted(run, &part.to_value()) {
        Ok(bytes) => bytes,
        Err(error) => return Reply::Ready(Err(error)),
    };
    let Some(sink) = run.job.stream.clone() else {
        return Reply::Ready(Ok("null".to_owned()));
    };
    match run.hold(bytes.len()) {
        Ok(held) => run.later(async move {
            let sent = sink.send(bytes, held).await;
            sent.map(|()| "null".to_owned()).map_err(hung_up)
        }),
        Err(too_much) => Reply::Ready(Err(too_much.into())),
    }
}

/// A part as it goes out, counted against the limit of the result.
fn counted(run: &Run, part: &Value) -> Result<Bytes, HostError> {
    let mut sent = run.streamed.lock();
    let bytes = match sent.events {
        Some(true) => event(part)?.into_bytes(),
        Some(false) => plain(part)?,
        None => return Err(HostError::new("UNKNOWN_CALL", "there is no such call")),
    };
    sent.parts += 1;
    sent.bytes += bytes.len() as u64;
    let most = run.job.definition.limits.output_bytes;
    if sent.bytes > most {
        return Err(HostError {
            message: format!("the parts of the response have more than {most} bytes together"),
            fatal: Some(Code::Output),
            ..HostError::default()
        });
    }
    let room = KEPT.saturating_sub(sent.kept.len());
    let fits = std::str::from_utf8(&bytes).map_or(room, |text| text.floor_char_boundary(room));
    sent.kept
        .extend_from_slice(bytes.get(..fits).unwrap_or(&bytes));
    Ok(bytes.into())
}

/// Whoever asked is gone: nobody is there to see the rest, nor this error.
fn hung_up(_: Gone) -> HostError {
    HostError {
        message: "the client has hung up".to_owned(),
        fatal: Some(Code::Cancelled),
        ..HostError::default()
    }
}

fn plain(part: &Value) -> Result<Vec<u8>, HostError> {
    let bytes = match part {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(object) if object.len() == 1 => object
            .get("$bytes")
            .and_then(Value::as_str)
            .and_then(|digits| STANDARD.decode(digits).ok()),
        _ => None,
    };
    bytes.ok_or_else(|| {
        invalid(
            "part",
            "must be text or a Uint8Array, unless it is an event",
        )
    })
}

/// A part as a server-sent event: `{ event, id, data, retry }`, or what its data is.
fn event(part: &Value) -> Result<String, HostError> {
    let named = part.as_object().filter(|object| is_event(object));
    let Some(object) = named else {
        return Ok(format!("{}\n", data(part)));
    };
    let mut text = String::new();
    for name in ["event", "id"] {
        match object.get(name) {
            None | Some(Value::Null) => {}
            Some(value) => {
                let value = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => return Err(invalid(name, "must be text")),
                };
                let ends_a_line = |c: char| matches!(c, '\r' | '\n' | '\0');
                if value.len() > NAME_BYTES || value.contains(ends_a_line) {
                    return Err(invalid(name, "must be one line of at most 1 KiB"));
                }
                text.push_str(&format!("{name}: {value}\n"));
            }
        }
    }
    match object.get("retry") {
        None | Some(Value::Null) => {}
        Some(value) => match value.as_u64() {
            Some(millis) => text.push_str(&format!("retry: {millis}\n")),
            None => return Err(invalid("retry", "must be a whole number of milliseconds")),
        },
    }
    if let Some(value) = object.get("data") {
        text.push_str(&data(value));
    }
    text.push('\n');
    Ok(text)
}

/// Whether it has members of an event and no others.
fn is_event(object: &Map<String, Value>) -> bool {
    let known = ["event", "id", "data", "retry"];
    !object.is_empty() && object.keys().all(|name| known.contains(&name.as_str()))
}

/// Text goes line by line, anything else as JSON, which has one line.
fn data(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.replace("\r\n", "\n").replace('\r', "\n"),
        other => other.to_string(),
    };
    let lines = text.split('\n').map(|line| format!("data: {line}\n"));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(part: Value, expected: &str) {
        let text = event(&part).unwrap_or_else(|error| format!("{:?}", error.field));
        assert_eq!(text, expected, "{part}");
    }

    #[test]
    fn a_part_is_one_event_whatever_is_in_it() {
        check(json!("hello"), "data: hello\n\n");
        check(json!({"n": 1}), "data: {\"n\":1}\n\n");
        check(json!(7), "data: 7\n\n");
        check(json!({}), "data: {}\n\n");
        check(
            json!("a\nb\r\nc\rd"),
            "data: a\ndata: b\ndata: c\ndata: d\n\n",
        );
        check(json!(""), "data: \n\n");
        check(
            json!("x\n\nevent: forged"),
            "data: x\ndata: \ndata: event: forged\n\n",
        );
        check(
            json!({"event": "tick", "id": 7, "data": {"n": "a\nb"}, "retry": 500}),
            "event: tick\nid: 7\nretry: 500\ndata: {\"n\":\"a\\nb\"}\n\n",
        );
        check(json!({"event": "end"}), "event: end\n\n");
        check(
            json!({"data": 1, "more": 2}),
            "data: {\"data\":1,\"more\":2}\n\n",
        );
        check(
            json!({"event": "a\ndata: forged", "data": 1}),
            "Some(\"event\")",
        );
        check(json!({"id": "a\rb", "data": 1}), "Some(\"id\")");
        check(json!({"id": "a\0b", "data": 1}), "Some(\"id\")");
        check(json!({"event": {}, "data": 1}), "Some(\"event\")");
        check(json!({"retry": "soon", "data": 1}), "Some(\"retry\")");
        check(json!({"retry": -1, "data": 1}), "Some(\"retry\")");
    }

    #[test]
    fn parts_of_another_type_are_text_or_bytes() {
        assert_eq!(plain(&json!("a\n")).unwrap(), b"a\n");
        assert_eq!(plain(&json!({"$bytes": "aGk="})).unwrap(), b"hi");
        for part in [
            json!(1),
            json!({"a": 1}),
            json!({"$bytes": "?"}),
            json!(null),
        ] {
            assert!(plain(&part).is_err(), "{part}");
        }
    }
}
