//! What the prelude asks the host for when a script uses the language's own library: URLs, timers,
//! cryptography. Scripts cannot name these calls; the arguments are a stranger's all the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use scriptorium_engine::{CallClass, HostError, Reply};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::{Url, form_urlencoded, quirks};

use super::args::{Args, Check, Param, optional, required};
use super::{Binding, Give, How, Reach, invalid, text};
use crate::host::Run;

/// Longest address, and longest query, in bytes.
const URL_BYTES: usize = 1 << 20;
/// Largest list of a query's names and values in bytes of JSON.
const QUERY_BYTES: usize = 4 << 20;
/// Longest wait of a timer in milliseconds; the limit of wall time is far below.
const LONGEST_MS: i64 = i32::MAX as i64;
/// Whole numbers up to here survive JSON.
const MOST_NUMBERS: i64 = (1 << 53) - 1;
/// What `URL` lets a script change, by the names of its properties.
const URL_PARTS: &[&str] = &[
    "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash",
];
const HASHES: &[&str] = &["SHA-1", "SHA-256", "SHA-384", "SHA-512"];

const HASH: Param = required("hash", "", Check::Word(HASHES));
const KEY: Param = required("key", "", Check::Bytes);
const DATA: Param = required("data", "", Check::Bytes);

/// The one alarm that all timers of a run share.
#[derive(Default)]
pub(crate) struct Alarm(OnceLock<watch::Sender<Option<Ring>>>);

/// Which alarm rings, and how long after it was set.
#[derive(Clone, Copy)]
struct Ring {
    number: i64,
    wait: Duration,
}

/// The calls of a run that an `AbortSignal` may end, by the prelude's numbers.
#[derive(Default)]
pub(crate) struct Signals(Mutex<HashMap<i64, CancellationToken>>);

impl Alarm {
    fn sender(&self) -> &watch::Sender<Option<Ring>> {
        self.0.get_or_init(|| watch::Sender::new(None))
    }
}

impl Signals {
    /// What ends when the signal of this number aborts.
    pub(crate) fn token(&self, number: i64) -> CancellationToken {
        self.lock().entry(number).or_default().clone()
    }

    /// The call has ended; what is kept for it goes with it.
    pub(crate) fn forget(&self, number: i64) {
        self.lock().remove(&number);
    }

    fn abort(&self, number: i64) {
        if let Some(token) = self.lock().remove(&number) {
            token.cancel();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) const fn internal(path: &'static str, params: &'static [Param], how: How) -> Binding {
    Binding {
        path,
        generics: "",
        params,
        returns: "",
        doc: "",
        class: CallClass::Free,
        needs: None,
        reach: Reach::Execution,
        how,
        give: Give::Plain,
    }
}

/// The calls of the prelude; no script has a function for them.
pub(crate) static BINDINGS: [Binding; 11] = [
    internal(
        "internal.readUrl",
        &[
            required("url", "", Check::Text(URL_BYTES)),
            optional("base", "", Check::Text(URL_BYTES)),
        ],
        How::Sync(read_url),
    ),
    internal(
        "internal.changeUrl",
        &[
            required("url", "", Check::Text(3 * URL_BYTES)),
            required("part", "", Check::Word(URL_PARTS)),
            required("value", "", Check::Text(3 * URL_BYTES)),
        ],
        How::Sync(change_url),
    ),
    internal(
        "internal.readQuery",
        &[required("query", "", Check::Text(3 * URL_BYTES))],
        How::Sync(read_query),
    ),
    internal(
        "internal.writeQuery",
        &[required("pairs", "", Check::Json(QUERY_BYTES))],
        How::Sync(write_query),
    ),
    internal(
        "internal.setAlarm",
        &[
            required("number", "", Check::Integer(1, MOST_NUMBERS)),
            optional("wait", "", Check::Integer(0, LONGEST_MS)),
        ],
        How::Sync(set_alarm),
    ),
    internal("internal.alarm", &[], How::Async(alarm)),
    internal(
        "internal.abort",
        &[required("signal", "", Check::Integer(1, MOST_NUMBERS))],
        How::Sync(|run, mut args| {
            run.signals.abort(args.integer(0).unwrap_or_default());
            Ok("null".to_owned())
        }),
    ),
    internal("internal.randomUuid", &[], How::Sync(random_uuid)),
    internal("internal.digest", &[HASH, DATA], How::Sync(digest)),
    internal("internal.sign", &[HASH, KEY, DATA], How::Sync(sign)),
    internal(
        "internal.verify",
        &[HASH, KEY, DATA, required("signature", "", Check::Bytes)],
        How::Sync(verify),
    ),
];

/// The parts of an address as `URL` shows them; `null` when it is none.
fn read_url(_: &Run, mut args: Args) -> Result<String, HostError> {
    let (url, base) = (args.text(0).unwrap_or_default(), args.text(1));
    let url = match base.as_deref().map(Url::parse) {
        None => Url::parse(&url).ok(),
        Some(Ok(base)) => base.join(&url).ok(),
        Some(Err(_)) => None,
    };
    Ok(url.map_or_else(|| "null".to_owned(), |url| parts(&url)))
}

/// The parts after a script assigned to one of them; what the standard ignores, changes nothing.
fn change_url(_: &Run, mut args: Args) -> Result<String, HostError> {
    let mut url = args
        .text(0)
        .and_then(|url| Url::parse(&url).ok())
        .ok_or_else(|| invalid("url", "must be a URL"))?;
    let part = args.text(1).unwrap_or_default();
    let value = args.text(2).unwrap_or_default();
    match part.as_str() {
        "protocol" => _ = quirks::set_protocol(&mut url, &value),
        "username" => _ = quirks::set_username(&mut url, &value),
        "password" => _ = quirks::set_password(&mut url, &value),
        "host" => _ = quirks::set_host(&mut url, &value),
        "hostname" => _ = quirks::set_hostname(&mut url, &value),
        "port" => _ = quirks::set_port(&mut url, &value),
        "pathname" => quirks::set_pathname(&mut url, &value),
        "search" => quirks::set_search(&mut url, &value),
        _ => quirks::set_hash(&mut url, &value),
    }
    Ok(parts(&url))
}

fn parts(url: &Url) -> String {
    let origin = quirks::origin(url);
    let parts: [&str; 11] = [
        quirks::href(url),
        &origin,
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ];
    text(parts.as_slice())
}

/// Name, value, name, value, …
fn read_query(_: &Run, mut args: Args) -> Result<String, HostError> {
    let query = args.text(0).unwrap_or_default();
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .flat_map(|(name, value)| [name.into_owned(), value.into_owned()])
        .collect();
    Ok(text(pairs))
}

fn write_query(_: &Run, mut args: Args) -> Result<String, HostError> {
    let list: Vec<String> = serde_json::from_str(args.json(0).as_str())
        .map_err(|_| invalid("pairs", "must be texts"))?;
    let pairs = list.chunks_exact(2).map(|pair| (&pair[0], &pair[1]));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    Ok(text(query.finish()))
}

/// From now on the alarm rings after this wait, or not at all.
fn set_alarm(run: &Run, mut args: Args) -> Result<String, HostError> {
    let number = args.integer(0).unwrap_or_default();
    let wait = args.integer(1).and_then(|wait| u64::try_from(wait).ok());
    let ring = wait.map(|wait| Ring {
        number,
        wait: Duration::from_millis(wait),
    });
    run.alarm.sender().send_replace(ring);
    Ok("null".to_owned())
}

/// Answers with the number of the alarm that rings; with zero when there is none any more, so that
/// a script that waits for nothing is seen to do so.
fn alarm(run: &Arc<Run>, _: Args) -> Reply {
    let mut set = run.alarm.sender().subscribe();
    // Timers that are due need no clock, and no other thread.
    let first = *set.borrow_and_update();
    if let Some(Ring { number, .. }) = first.filter(|ring| ring.wait.is_zero()) {
        return Reply::Later(Box::pin(std::future::ready(Ok(number.to_string()))));
    }
    run.later(async move {
        loop {
            let Some(Ring { number, wait }) = *set.borrow_and_update() else {
                return Ok("0".to_owned());
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => return Ok(number.to_string()),
                changed = set.changed() => if changed.is_err() {
                    return Ok("0".to_owned());
                },
            }
        }
    })
}

/// A UUID version 4.
fn random_uuid(run: &Run, _: Args) -> Result<String, HostError> {
    let id = uuid::Builder::from_random_bytes(run.world.ambient.random()).into_uuid();
    Ok(text(id.to_string()))
}

fn digest(_: &Run, mut args: Args) -> Result<String, HostError> {
    let (hash, data) = (args.text(0), args.bytes(1));
    let digest = match hash.as_deref() {
        Some("SHA-1") => Sha1::digest(&data).to_vec(),
        Some("SHA-384") => Sha384::digest(&data).to_vec(),
        Some("SHA-512") => Sha512::digest(&data).to_vec(),
        _ => Sha256::digest(&data).to_vec(),
    };
    Ok(text(STANDARD.encode(digest)))
}

fn sign(_: &Run, mut args: Args) -> Result<String, HostError> {
    Ok(text(STANDARD.encode(mac(&mut args)?)))
}

fn verify(_: &Run, mut args: Args) -> Result<String, HostError> {
    let signature = args.bytes(3);
    let mac = mac(&mut args)?;
    Ok(bool::from(mac.ct_eq(&signature)).to_string())
}

/// The HMAC of hash, key and data, the first three arguments.
fn mac(args: &mut Args) -> Result<Vec<u8>, HostError> {
    let (hash, key, data) = (args.text(0), args.bytes(1), args.bytes(2));
    match hash.as_deref() {
        Some("SHA-1") => code::<Hmac<Sha1>>(&key, &data),
        Some("SHA-384") => code::<Hmac<Sha384>>(&key, &data),
        Some("SHA-512") => code::<Hmac<Sha512>>(&key, &data),
        _ => code::<Hmac<Sha256>>(&key, &data),
    }
}

/// The code of data under a key.
pub(super) fn code<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Result<Vec<u8>, HostError> {
    let mut mac = <M as KeyInit>::new_from_slice(key)
        .map_err(|_| invalid("key", "has a length that cannot be used"))?;
    mac.update(data);
    Ok(mac.finalize().into_bytes().to_vec())
}
