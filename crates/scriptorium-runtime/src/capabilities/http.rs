//! `http`: requests of scripts to the few addresses the operator has listed, and to nothing else.
//! Addresses are compared as addresses, never as text; names are not resolved at all; redirects
//! are not followed; no proxy is asked (F-SSRF, security.md 2).

mod answer;
mod guard;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use scriptorium_engine::{CallClass, Held, HostError, Reply};
use scriptorium_model::Json;
use scriptorium_model::effect::{EFFECT_CHARS, EffectKind};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::args::{Args, Check, Param, optional, required};
use super::{Binding, Capability, Give, How, invalid};
use crate::error::Error;
use crate::host::Run;

/// Longest address in bytes.
const URL_BYTES: usize = 8 << 10;
/// Largest body of a request in bytes of JSON.
const BODY_BYTES: usize = 1 << 20;
/// Time for one call, connecting included; scripts may ask for less.
const TIMEOUT_MS: u64 = 10_000;
/// Calls of one execution at once: each may hold a whole response.
pub(crate) const PARALLEL: usize = 6;
/// Headers that decide where and how the request goes.
const REFUSED_HEADERS: [&str; 12] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "proxy-authorization",
    "proxy-connection",
    "forwarded",
];

const URL: Param = required("url", "string", Check::Text(URL_BYTES));
const DATA: Param = optional("data", "unknown", Check::Json(BODY_BYTES));
const OPTIONS: Param = optional("options", "HttpOptions", Check::Object);

const fn call(
    path: &'static str,
    params: &'static [Param],
    doc: &'static str,
    handler: fn(&Arc<Run>, Args) -> Reply,
) -> Binding {
    Binding {
        path,
        generics: "<T = any>",
        params,
        returns: "Promise<HttpResponse<T>>",
        doc,
        class: CallClass::Io,
        how: How::Async(handler),
        give: Give::Response,
    }
}

pub(super) const CAPABILITY: Capability = Capability {
    name: "http",
    doc: "HTTP requests to the addresses the operator allows; redirects are not followed.",
    bindings: &[
        call(
            "http.get",
            &[URL, OPTIONS],
            "Sends a GET request.",
            |run, args| without_data(run, Method::GET, args),
        ),
        call(
            "http.post",
            &[URL, DATA, OPTIONS],
            "Sends a POST request; data that is neither text nor bytes is sent as JSON.",
            |run, args| with_data(run, Method::POST, args),
        ),
        call(
            "http.put",
            &[URL, DATA, OPTIONS],
            "Sends a PUT request.",
            |run, args| with_data(run, Method::PUT, args),
        ),
        call(
            "http.patch",
            &[URL, DATA, OPTIONS],
            "Sends a PATCH request.",
            |run, args| with_data(run, Method::PATCH, args),
        ),
        call(
            "http.delete",
            &[URL, OPTIONS],
            "Sends a DELETE request.",
            |run, args| without_data(run, Method::DELETE, args),
        ),
        call(
            "http.request",
            &[
                required("method", "string", Check::Word(&METHODS)),
                URL,
                OPTIONS,
            ],
            "Sends a request with any of the methods; options.body is its data.",
            any_method,
        ),
    ],
};

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

/// The client scripts share. It keeps no connection between calls, so that nothing of one tenant
/// is left for another.
pub(crate) struct Client {
    client: reqwest::Client,
    allow: Vec<SocketAddr>,
}

impl Client {
    pub(crate) fn new(allow: Vec<SocketAddr>) -> Result<Self, Error> {
        // Nothing here speaks TLS yet, but the client asks for a provider. An error says that
        // the host application has installed its own.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .http1_only()
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_millis(TIMEOUT_MS))
            .user_agent(concat!("scriptorium/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::Client)?;
        Ok(Self { client, allow })
    }

    /// A POST request to an address that a tenant chose, held to what its scripts may reach; why not otherwise.
    pub(crate) fn post(&self, url: &str) -> Result<RequestBuilder, String> {
        let (url, _) = guard::check(url, &self.allow).map_err(|error| error.message)?;
        Ok(self.client.post(url))
    }
}

/// What a script asks for, checked.
struct Request {
    method: Method,
    url: String,
    data: Json,
    options: Map<String, Value>,
}

fn without_data(run: &Arc<Run>, method: Method, mut args: Args) -> Reply {
    let request = Request {
        method,
        url: args.text(0).unwrap_or_default(),
        data: Json::null(),
        options: args.object(1),
    };
    send(run, request)
}

fn with_data(run: &Arc<Run>, method: Method, mut args: Args) -> Reply {
    let request = Request {
        method,
        url: args.text(0).unwrap_or_default(),
        data: args.json(1),
        options: args.object(2),
    };
    send(run, request)
}

fn any_method(run: &Arc<Run>, mut args: Args) -> Reply {
    let method = args.text(0).unwrap_or_default();
    let mut options = {
        let url = args.text(1).unwrap_or_default();
        (url, args.object(2))
    };
    let data = options.1.remove("body").map_or_else(Json::null, Json::from);
    if data.len() > BODY_BYTES {
        let expectation = format!("must have at most {BODY_BYTES} bytes as JSON");
        return Reply::Ready(Err(invalid("options.body", expectation)));
    }
    let request = Request {
        // The check has let only names of METHODS through, each of which is a method.
        method: method.parse().unwrap_or(Method::GET),
        url: options.0,
        data,
        options: options.1,
    };
    send(run, request)
}

fn send(run: &Arc<Run>, request: Request) -> Reply {
    let method = request.method.clone();
    let intended = format!("{method} {}", said(&request.data));
    // Noted only of an address that was checked; what follows it may hold a secret.
    let url = request.url.split(['?', '#']).next().unwrap_or_default();
    let url = url.to_owned();
    let prepared = prepare(run, request);
    // What may change something elsewhere is not sent; what is refused is refused all the same.
    if run.is_dry() && !matches!(method, Method::GET | Method::HEAD) {
        return Reply::Ready(prepared.and_then(|prepared| {
            if let Some((number, _)) = prepared.signal {
                run.signals.forget(number);
            }
            run.intend(EffectKind::Http, &url, intended.trim_end())?;
            Ok(UNSENT.to_owned())
        }));
    }
    let this = run.clone();
    run.later(async move {
        let prepared = prepared?;
        let receive = async {
            let _permit = this.http_calls.acquire().await;
            let (builder, address) = (prepared.builder, prepared.address);
            answer::receive(builder, address, prepared.held).await
        };
        match prepared.signal {
            None => receive.await,
            // The script has got the reason already, from its own signal.
            Some((number, signal)) => {
                let answer = signal.run_until_cancelled(receive).await;
                this.signals.forget(number);
                answer.unwrap_or_else(|| Ok("null".to_owned()))
            }
        }
    })
}

/// What a dry run gets for a request that was not sent.
const UNSENT: &str = r#"{"status":200,"ok":true,"headers":{},"body":""}"#;

/// The beginning of a request's data, for people.
fn said(data: &Json) -> String {
    match data.as_str() {
        "null" => String::new(),
        text => text.chars().take(EFFECT_CHARS).collect(),
    }
}

/// A request that is ready to go.
struct Prepared {
    builder: RequestBuilder,
    address: SocketAddr,
    /// The prelude's number for what may end it.
    signal: Option<(i64, CancellationToken)>,
    /// Counts its body, and later what comes back.
    held: Held,
}

fn prepare(run: &Run, request: Request) -> Result<Prepared, HostError> {
    let http = &run.world.http;
    let (mut url, address) = guard::check(&request.url, &http.allow).inspect_err(|refused| {
        if refused.code == "SSRF_BLOCKED" {
            run.blocked(&guard::destination(&request.url), &refused.message);
        }
    })?;
    let options = Options::read(request.options)?;
    if !options.query.is_empty() {
        url.query_pairs_mut().extend_pairs(options.query);
    }
    let mut headers = options.headers;
    let body = body(request.data, &mut headers)?;
    let held = run.hold(body.as_ref().map_or(0, Vec::len))?;
    let mut builder = http
        .client
        .request(request.method, url)
        .headers(headers)
        .timeout(options.timeout);
    if let Some(body) = body {
        builder = builder.body(body);
    }
    let signal = options.signal;
    Ok(Prepared {
        builder,
        address,
        signal: signal.map(|number| (number, run.signals.token(number))),
        held,
    })
}

/// Text and bytes go as they are, everything else as JSON; the content type follows unless the
/// script has set one.
fn body(data: Json, headers: &mut HeaderMap) -> Result<Option<Vec<u8>>, HostError> {
    let (bytes, content_type) = match data.to_value() {
        Value::Null => return Ok(None),
        Value::String(text) => (text.into_bytes(), "text/plain; charset=utf-8"),
        Value::Object(object) if object.len() == 1 && object.contains_key("$bytes") => {
            let bytes = object
                .get("$bytes")
                .and_then(Value::as_str)
                .and_then(answer::decode)
                .ok_or_else(|| invalid("data", "must be JSON, text or a Uint8Array"))?;
            (bytes, "application/octet-stream")
        }
        _ => (data.as_str().as_bytes().to_vec(), "application/json"),
    };
    headers
        .entry(CONTENT_TYPE)
        .or_insert(HeaderValue::from_static(content_type));
    Ok(Some(bytes))
}

/// The third argument of a call.
struct Options {
    headers: HeaderMap,
    query: Vec<(String, String)>,
    timeout: Duration,
    /// The prelude's number for an `AbortSignal`.
    signal: Option<i64>,
}

impl Options {
    fn read(given: Map<String, Value>) -> Result<Self, HostError> {
        let mut options = Self {
            headers: HeaderMap::new(),
            query: Vec::new(),
            timeout: Duration::from_millis(TIMEOUT_MS),
            signal: None,
        };
        for (name, value) in given {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("headers", Value::Object(headers)) => options.headers = read_headers(headers)?,
                ("query", Value::Object(query)) => options.query = read_query(query)?,
                ("timeout", Value::Number(millis)) => {
                    let millis = millis
                        .as_u64()
                        .filter(|millis| (1..=TIMEOUT_MS).contains(millis))
                        .ok_or_else(|| {
                            invalid(
                                "options.timeout",
                                format!("must be 1 to {TIMEOUT_MS} milliseconds"),
                            )
                        })?;
                    options.timeout = Duration::from_millis(millis);
                }
                ("signal", Value::Number(number)) => options.signal = number.as_i64(),
                ("headers" | "query", _) => {
                    return Err(invalid(&format!("options.{name}"), "must be an object"));
                }
                ("timeout", _) => return Err(invalid("options.timeout", "must be a number")),
                _ => {
                    let field = format!("options.{name}");
                    return Err(invalid(
                        &field,
                        "is not known; there are headers, query, timeout, signal",
                    ));
                }
            }
        }
        Ok(options)
    }
}

fn read_headers(given: Map<String, Value>) -> Result<HeaderMap, HostError> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let field = format!("options.headers.{name}");
        let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(invalid(&field, "is not the name of a header"));
        };
        if REFUSED_HEADERS.contains(&parsed.as_str()) {
            return Err(invalid(&field, "is set by the platform"));
        }
        let value = scalar(&value)
            .and_then(|text| HeaderValue::from_str(&text).ok())
            .ok_or_else(|| invalid(&field, "must be one line of printable ASCII text"))?;
        headers.insert(parsed, value);
    }
    Ok(headers)
}

fn read_query(given: Map<String, Value>) -> Result<Vec<(String, String)>, HostError> {
    let mut query = Vec::new();
    for (name, value) in given {
        let values = match value {
            Value::Array(values) => values,
            Value::Null => continue,
            value => vec![value],
        };
        for value in values {
            let Some(text) = scalar(&value) else {
                let field = format!("options.query.{name}");
                return Err(invalid(&field, "must be text, a number or a boolean"));
            };
            query.push((name.clone(), text));
        }
    }
    Ok(query)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
