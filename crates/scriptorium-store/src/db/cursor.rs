//! Cursors of lists: the sort key of the last item and its id, sealed to the tenant and to the
//! question they belong to. The seal is against mix-ups, not a secret: the tenant predicate of the
//! query is what keeps strangers out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{Ctx, Uuid};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::db::Value;
use crate::error::{Error, Result};

const SEAL_BYTES: usize = 12;

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Key {
    /// The last item's id, where that alone is the order.
    Id(Uuid),
    /// The last item's number or instant, and its id.
    Number(i64, Uuid),
    /// The last item's text, and its id.
    Text(String, Uuid),
    /// The id of something that the last item belongs to, and its own.
    Pair(Uuid, Uuid),
}

impl Key {
    /// What a statement compares with the columns of the order.
    pub(crate) fn values(self) -> Vec<Value> {
        match self {
            Self::Id(id) => vec![id.into()],
            Self::Number(number, id) => vec![number.into(), id.into()],
            Self::Text(text, id) => vec![text.into(), id.into()],
            Self::Pair(of, id) => vec![of.into(), id.into()],
        }
    }
}

/// Makes and reads the cursors of one list.
pub(crate) struct Cursors {
    seal: [u8; SEAL_BYTES],
}

impl Cursors {
    /// The cursors of a list: `question` says which list, filter and order.
    pub(crate) fn new(ctx: &Ctx, list: &str, question: &impl std::fmt::Debug) -> Self {
        let mut hash = Sha256::new();
        #[cfg(test)]
        let ctx = &super::mutants::forgetting(ctx);
        hash.update(ctx.tenant.0);
        hash.update(list);
        hash.update(format!("{question:?}"));
        let digest = hash.finalize();
        let mut seal = [0; SEAL_BYTES];
        seal.copy_from_slice(&digest[..SEAL_BYTES]);
        Self { seal }
    }

    /// The key where the asked page begins.
    pub(crate) fn start(&self, page: &PageRequest) -> Result<Option<Key>> {
        page.cursor
            .as_deref()
            .map(|text| self.open(text))
            .transpose()
    }

    /// Makes a page of one row more than was asked for, when there is one more.
    pub(crate) fn page<T>(
        &self,
        mut rows: Vec<T>,
        request: &PageRequest,
        key: impl FnOnce(&T) -> Key,
    ) -> Result<Page<T>> {
        let limit = request.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last() {
            Some(last) if more => Some(self.close(&key(last))?),
            _ => None,
        };
        Ok(Page {
            items: rows,
            next_cursor,
        })
    }

    fn close(&self, key: &Key) -> Result<String> {
        let mut bytes = self.seal.to_vec();
        serde_json::to_writer(&mut bytes, key)
            .map_err(|error| Error::caused("a cursor could not be written", error))?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn open(&self, text: &str) -> Result<Key> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| Error::CursorInvalid)?;
        let key = bytes
            .strip_prefix(&self.seal[..])
            .ok_or(Error::CursorInvalid)?;
        serde_json::from_slice(key).map_err(|_| Error::CursorInvalid)
    }
}
