//! Requests under an idempotency key (REL-18): what tells one request from another, and what a repeated
//! one is answered.

use scriptorium_model::execution::Execution;
use scriptorium_model::idempotency::{self, IdempotencyKey};
use scriptorium_model::{Ctx, EventId, ExecutionId, Uuid};
use scriptorium_store::KnownKey;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::executions::Mode;
use crate::platform::Platform;

/// What a request that may be sent again came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// What it came to.
    pub value: T,
    /// Whether that was so before: the same caller had sent the same request under the same key.
    pub repeated: bool,
}

impl<T> Answer<T> {
    pub(crate) fn first(value: T) -> Self {
        Self {
            value,
            repeated: false,
        }
    }

    pub(crate) fn again(value: T) -> Self {
        Self {
            value,
            repeated: true,
        }
    }
}

/// A request being digested, part by part. Each part has its name and its length in front, so that no
/// two requests are written alike.
pub(crate) struct Request(Sha256);

impl Request {
    pub(crate) fn new(operation: &str) -> Self {
        Self(Sha256::new()).part("operation", operation)
    }

    pub(crate) fn part(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [name.as_bytes(), value.as_ref()] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
        self
    }

    /// A part that may be missing, which is something else than an empty one.
    pub(crate) fn maybe(self, name: &str, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.part(name, value),
            None => self,
        }
    }

    /// The digest under the key that a caller of the library or of the API chose.
    ///
    /// # Errors
    /// The key is refused.
    pub(crate) fn under(self, ctx: &Ctx, key: Option<&str>) -> Result<Option<IdempotencyKey>> {
        let Some(key) = key else { return Ok(None) };
        idempotency::validate("idempotency_key", key)?;
        Ok(Some(self.of(idempotency::caller(&ctx.actor), key)))
    }

    pub(crate) fn of(self, caller: String, key: &str) -> IdempotencyKey {
        IdempotencyKey {
            caller,
            key: key.to_owned(),
            request: self.0.finalize().into(),
        }
    }
}

/// Whose keys those of a stranger are: nobody who comes from elsewhere, or with other credentials, gets
/// to see what was answered.
pub(crate) fn stranger(ip: std::net::IpAddr, headers: &[(String, String)]) -> String {
    const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "x-api-key"];
    let mut told = Request::new("stranger").part("ip", ip.to_string());
    for (name, value) in headers {
        if CREDENTIALS.contains(&name.as_str()) {
            told = told.part(name, value);
        }
    }
    let digest: [u8; 32] = told.0.finalize().into();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("stranger:{hex}")
}

impl Platform {
    /// What was started under a key by the same request; `None` when nothing was.
    ///
    /// # Errors
    /// It stands for another request.
    pub(crate) async fn known(&self, ctx: &Ctx, key: &IdempotencyKey) -> Result<Option<Uuid>> {
        match self.store().find_key(ctx, key).await? {
            None => Ok(None),
            Some(KnownKey::Same(id)) => Ok(Some(id)),
            Some(KnownKey::Other) => Err(Error::key_reused()),
        }
    }

    /// The execution that was started under a key, as the answer to who asks again.
    ///
    /// # Errors
    /// The key stands for another request, or who waits has to wait for longer.
    pub(crate) async fn known_execution(
        &self,
        ctx: &Ctx,
        key: Option<&IdempotencyKey>,
        mode: Mode,
        dry_run: bool,
    ) -> Result<Option<Answer<Execution>>> {
        let Some(key) = key else { return Ok(None) };
        let Some(id) = self.known(ctx, key).await? else {
            return Ok(None);
        };
        let found = self.store().find_execution(ctx, ExecutionId(id)).await?;
        answered(found, mode, dry_run).map(Some)
    }

    /// The event that was published under a key.
    ///
    /// # Errors
    /// The key stands for another request.
    pub(crate) async fn known_event(
        &self,
        ctx: &Ctx,
        key: &IdempotencyKey,
    ) -> Result<Option<Answer<scriptorium_model::event::Event>>> {
        let Some(id) = self.known(ctx, key).await? else {
            return Ok(None);
        };
        let found = self.store().find_event(ctx, EventId(id)).await?;
        Ok(Some(Answer::again(found)))
    }
}

/// What an execution that was asked for before is to who asks again. Who waits is told to come back
/// while it goes on (draft-ietf-httpapi-idempotency-key-header, Stripe's API).
pub(crate) fn answered(
    execution: Execution,
    mode: Mode,
    dry_run: bool,
) -> Result<Answer<Execution>> {
    // What was only tried is no answer to who wants it done, nor the other way round.
    if execution.dry_run != dry_run {
        return Err(Error::conflict(
            "idempotency_key_reused",
            Some("idempotency_key"),
            "the key was used with another `dry_run`",
        ));
    }
    if mode == Mode::Sync && !execution.status.is_final() {
        return Err(Error::key_in_use());
    }
    Ok(Answer::again(execution))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_requests_are_written_alike() {
        let requests = [
            Request::new("a"),
            Request::new("a").part("b", ""),
            Request::new("a").part("", "b"),
            Request::new("a").part("b", "c"),
            Request::new("a").part("bc", ""),
            Request::new("a").part("b", "c").part("d", ""),
            Request::new("a").part("b", "cd"),
            Request::new("b"),
        ];
        let count = requests.len();
        let digests = requests.map(|request| request.of(String::new(), "k").request);
        let different: std::collections::BTreeSet<[u8; 32]> = digests.into_iter().collect();
        assert_eq!(different.len(), count);
        let none = Request::new("a").maybe("b", None::<&str>);
        assert_eq!(none.of(String::new(), "k").request, digests[0]);
    }

    #[test]
    fn strangers_are_told_apart_by_address_and_credentials() {
        let of = |ip: [u8; 4], headers: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
            let headers: Vec<(String, String)> = headers.iter().map(owned).collect();
            stranger(ip.into(), &headers)
        };
        let here = [192, 0, 2, 1];
        let nobody = of(here, &[]);
        assert_eq!(nobody, of(here, &[("x-attempt", "2"), ("date", "later")]));
        for other in [
            of([192, 0, 2, 2], &[]),
            of(here, &[("authorization", "Bearer a")]),
            of(here, &[("cookie", "a=1")]),
            of(here, &[("x-api-key", "a")]),
        ] {
            assert_ne!(nobody, other);
        }
    }
}
