//! What the tenant keeps for a host: headers and a client certificate made of its secrets, which go along
//! with a request without the script seeing them.

use scriptorium_engine::HostError;
use scriptorium_model::outgoing::{OutgoingCredential, OutgoingRules};
use scriptorium_outbound::{Credential, HeaderMap, HeaderName, HeaderValue, HostPattern, Identity};
use scriptorium_store::Error;

use crate::capabilities::store_failed;
use crate::host::Run;

/// Host patterns that were checked when they were written.
pub(super) fn patterns(texts: &[String]) -> Vec<HostPattern> {
    let parse = |text: &String| HostPattern::parse(text).ok();
    texts.iter().filter_map(parse).collect()
}

/// What goes along with a request to a URL. A redirect to another host that the tenant keeps something for
/// does not earn that: whoever sends a script on decides nothing about credentials.
pub(super) async fn of(
    run: &Run,
    rules: &OutgoingRules,
    url: &str,
) -> Result<Vec<Credential>, HostError> {
    if rules.credentials.is_empty() {
        return Ok(Vec::new());
    }
    // What is no URL is refused later, by who decides where requests go.
    let Ok(url) = url::Url::parse(url) else {
        return Ok(Vec::new());
    };
    let origin = url.origin().ascii_serialization();
    let mut credentials = Vec::new();
    for kept in rules
        .credentials
        .iter()
        .filter(|kept| kept.origin == origin)
    {
        credentials.push(made(run, kept).await?);
    }
    Ok(credentials)
}

async fn made(run: &Run, kept: &OutgoingCredential) -> Result<Credential, HostError> {
    let mut headers = HeaderMap::new();
    for header in &kept.headers {
        let mut text = header.text.clone();
        if let Some(secret) = &header.secret {
            text.push_str(&open(run, secret, &kept.origin).await?);
        }
        let unfit = || {
            let message = format!(
                "the header {} for {} cannot be sent",
                header.name, kept.origin
            );
            HostError::new("HTTP_ERROR", message)
        };
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| unfit())?;
        let mut value = HeaderValue::from_str(&text).map_err(|_| unfit())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let identity = match &kept.certificate {
        None => None,
        Some(secret) => {
            let pem = open(run, secret, &kept.origin).await?;
            let identity = Identity::from_pem(&pem).map_err(|error| {
                let message = format!("the certificate for {}: {error}", kept.origin);
                HostError::new("HTTP_ERROR", message)
            })?;
            Some(identity)
        }
    };
    Ok(Credential {
        origin: kept.origin.clone(),
        headers,
        identity,
    })
}

/// A secret's value. The script does not read it; that it was used is noted, and it is masked, for a host may
/// send it back.
async fn open(run: &Run, name: &str, origin: &str) -> Result<String, HostError> {
    let store = &run.world.store;
    let trial = run.job.execution.test;
    let opened = store.open_secret(&run.ctx, name, run.script, trial).await;
    let opened = opened.map_err(|error| match error {
        Error::NotFound => {
            let what = if trial {
                "with a value for trials that"
            } else {
                "that"
            };
            let message = format!(
                "{origin} is given the secret {name}, and there is none {what} this script may use"
            );
            HostError::new("NOT_FOUND", message)
        }
        error => store_failed(&error),
    })?;
    if run.has_read(name, &opened) {
        let noted = store.note_secret_use(&run.ctx, name, run.script, run.execution);
        noted.await.map_err(|error| store_failed(&error))?;
    }
    Ok(opened.value)
}
