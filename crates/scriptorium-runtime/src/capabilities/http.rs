//! `http`: requests of scripts to other hosts. Where they may go, the way out decides (`scriptorium-outbound`);
//! here they are read, counted against the run, and given what the tenant keeps for the host (R-JHTTP).

mod answer;
mod credentials;
mod options;

use std::num::NonZeroU32;
use std::sync::Arc;

use scriptorium_engine::{CallClass, Held, HostError, Reply};
use scriptorium_model::Json;
use scriptorium_model::effect::{EFFECT_CHARS, EffectKind};
use scriptorium_model::outgoing::OutgoingRules;
use scriptorium_outbound::{self as outbound, Method, Pace, Rules};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use self::options::Options;
use super::args::{Args, Check, Param, optional, required};
use super::{Binding, Capability, Give, How, Reach, invalid, store_failed};
use crate::host::Run;

/// Longest address in bytes.
const URL_BYTES: usize = 8 << 10;
/// Largest body of a request in bytes of JSON.
const BODY_BYTES: usize = 1 << 20;
/// Calls of one execution at once: each may hold a whole response.
pub(crate) const PARALLEL: usize = 6;

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
        needs: None,
        reach: Reach::Tenant,
        how: How::Async(handler),
        give: Give::Response,
    }
}

pub(super) const CAPABILITY: Capability = Capability {
    name: "http",
    doc: "HTTP requests to hosts outside, and to what the operator opens; at most 6 of an execution at once. What may not be reached is SSRF_BLOCKED.",
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
            "Sends a POST request; data that is neither text nor bytes is sent as JSON, options.form as a form.",
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
    // Noted only of a place that was checked; what follows it may hold a secret.
    let place = request.url.split(['?', '#']).next().unwrap_or_default();
    let place = place.to_owned();
    let prepared = match prepare(run, request) {
        Ok(prepared) => prepared,
        Err(error) => return Reply::Ready(Err(error)),
    };
    // What may change something elsewhere is not sent; what is refused is refused all the same.
    let sends = !run.is_dry() || matches!(method, Method::GET | Method::HEAD);
    let this = run.clone();
    run.later(async move {
        let signal = prepared.signal.clone();
        let work = async {
            let request = complete(&this, prepared.request).await?;
            if !sends {
                this.world
                    .outbound
                    .check(&request.rules, &request.url)
                    .map_err(|error| refused(&this, &request.url, &error))?;
                this.intend(EffectKind::Http, &place, intended.trim_end())?;
                return Ok(unsent(&request.url));
            }
            let _permit = this.http_calls.acquire().await;
            let url = request.url.clone();
            let sent = Box::pin(this.world.outbound.send(request)).await;
            let response = sent.map_err(|error| refused(&this, &url, &error))?;
            answer::receive(response, prepared.held).await
        };
        match signal {
            None => work.await,
            // The script has got the reason already, from its own signal.
            Some((number, signal)) => {
                let answer = signal.run_until_cancelled(work).await;
                this.signals.forget(number);
                answer.unwrap_or_else(|| Ok("null".to_owned()))
            }
        }
    })
}

/// What a dry run gets for a request that was not sent.
fn unsent(url: &str) -> String {
    json!({ "status": 200, "ok": true, "headers": {}, "url": url, "redirects": 0, "body": "" })
        .to_string()
}

/// The beginning of a request's data, for people.
fn said(data: &Json) -> String {
    match data.as_str() {
        "null" => String::new(),
        text => text.chars().take(EFFECT_CHARS).collect(),
    }
}

/// A request as the script means it.
struct Prepared {
    request: outbound::Request,
    /// The prelude's number for what may end it.
    signal: Option<(i64, CancellationToken)>,
    /// Counts its body, and later what comes back.
    held: Held,
}

fn prepare(run: &Run, request: Request) -> Result<Prepared, HostError> {
    let options = Options::read(request.options)?;
    let mut headers = options.headers;
    let body = options::body(request.data, options.form, &mut headers)?;
    let held = run.hold(body.len())?;
    let tenant = run.ctx.tenant.0;
    let mut sent = outbound::Request::new(tenant, request.method, request.url);
    if !options.query.is_empty() {
        options::extend(&mut sent.url, &options.query);
    }
    sent.headers = headers;
    sent.body = body.into();
    sent.timeout = options.timeout;
    sent.redirects = options.redirects;
    sent.retries = options.retries;
    sent.largest = options.largest;
    let share = run.world.shares.of(&run.job.tenant.slug);
    sent.pace = share
        .outgoing
        .and_then(NonZeroU32::new)
        .map(|per_minute| Pace {
            of: run.script.0,
            per_minute,
        });
    Ok(Prepared {
        request: sent,
        signal: options
            .signal
            .map(|number| (number, run.signals.token(number))),
        held,
    })
}

/// What a tenant says about the requests of its scripts, and where they may go by that.
pub(crate) struct TenantRules {
    said: OutgoingRules,
    pub(crate) rules: Arc<Rules>,
}

/// What the tenant has to say about a request: where it may go, and what goes along. It is read once in a
/// run, as the run's rights are.
async fn complete(
    run: &Run,
    mut request: outbound::Request,
) -> Result<outbound::Request, HostError> {
    let tenant = tenant_rules(run).await?;
    request.rules = Arc::clone(&tenant.rules);
    request.credentials = credentials::of(run, &tenant.said, &request.url).await?;
    Ok(request)
}

/// What the tenant says about where its requests go, read once in an execution.
pub(crate) async fn tenant_rules(run: &Run) -> Result<&TenantRules, HostError> {
    let read = async || {
        let said = run.world.store.outgoing_rules(&run.ctx).await;
        let said = said.map_err(|error| store_failed(&error))?;
        let rules = Arc::new(Rules {
            only: said.only.as_deref().map(credentials::patterns),
            never: credentials::patterns(&said.never),
        });
        Ok::<_, HostError>(TenantRules { said, rules })
    };
    run.outgoing_rules.get_or_try_init(read).await
}

/// What the script learns. What was kept from it is told in the audit trail, too.
fn refused(run: &Run, url: &str, error: &outbound::Error) -> HostError {
    let message = error.to_string();
    if let outbound::Error::Blocked(_) = error {
        run.blocked(&destination(url), &message);
    }
    let field = match error {
        outbound::Error::Invalid { field, .. } if field == "url" => Some(field.clone()),
        outbound::Error::Invalid { field, .. } => Some(format!("options.{field}")),
        outbound::Error::Blocked(_) => Some("url".to_owned()),
        _ => None,
    };
    let message = match (error, &field) {
        (outbound::Error::Invalid { expectation, .. }, Some(field)) => {
            format!("{field} {expectation}")
        }
        _ => message,
    };
    HostError {
        field,
        ..HostError::new(error.code(), message)
    }
}

/// Where a refused URL would have led, as the audit trail names it: without user, password, path
/// and query, which may hold what nobody should read there.
fn destination(text: &str) -> String {
    let Ok(url) = url::Url::parse(text) else {
        return String::new();
    };
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_names_a_destination_without_secrets() {
        let named = destination("http://ada:secret@169.254.169.254:81/token?key=secret");
        assert_eq!(named, "http://169.254.169.254:81");
        assert_eq!(destination("http://0x7f.1/"), "http://127.0.0.1");
        assert_eq!(destination("nonsense"), "");
    }
}
