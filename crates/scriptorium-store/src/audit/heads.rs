//! The heads of the chains, written down outside the database: whoever puts an older database in
//! place, or cuts the end of a trail off, does not change this file. One JSON object a line; a new
//! file begins with the newest line of each tenant, and the one before it is kept.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use scriptorium_model::{TenantId, Timestamp, Uuid};
use serde::{Deserialize, Serialize};

use super::change::hex;
use crate::Store;
use crate::db::{FromRow, Micros};
use crate::error::{Error, Result};
use crate::files;
use crate::system;

/// A file of heads that is longer than this is followed by a new one.
const FILE_BYTES: u64 = 16 << 20;
/// Microseconds that are looked at again: ten minutes.
const OVERLAP: i64 = 600_000_000;

/// The file of anchored heads of one process.
#[derive(Debug)]
pub(crate) struct Heads {
    path: PathBuf,
    written: Mutex<Written>,
}

/// What this process has written down.
#[derive(Debug, Default)]
struct Written {
    /// The number of each tenant's last head.
    last: HashMap<Uuid, i64>,
    /// When the newest of them moved.
    newest: i64,
}

/// A head that was written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Anchor {
    tenant: Uuid,
    pub(super) seq: i64,
    pub(super) mac: String,
    at: Timestamp,
}

impl Store {
    pub(crate) async fn anchor_heads(&self) -> Result<usize> {
        let heads = &self.inner.heads;
        let db = self.db().read_all(system::for_audit()).await?;
        let sql = db
            .sql(
                "select tenant_id, seq, mac, moved_at from audit_heads where moved_at >= $1 \
                 order by tenant_id",
            )
            .with([heads.since().into()]);
        let rows: Vec<MovedRow> = db.all(sql).await?;
        let at = self.inner.ambient.now();
        let moved = rows.iter().filter(|row| heads.is_news(row));
        let anchors: Vec<Anchor> = moved.map(|row| row.anchor(at)).collect();
        if anchors.is_empty() {
            return Ok(0);
        }
        heads.append(&anchors)?;
        for anchor in &anchors {
            tracing::info!(tenant = %anchor.tenant, seq = anchor.seq, mac = anchor.mac, "audit head");
        }
        heads.remember(&rows);
        Ok(anchors.len())
    }
}

impl Heads {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join("audit-heads.jsonl"),
            written: Mutex::default(),
        }
    }

    /// Heads that moved earlier are written down. A transaction may commit some time after it has
    /// set the time, and on another node, so what is looked at again overlaps.
    fn since(&self) -> Micros {
        Micros(self.lock().newest.saturating_sub(OVERLAP))
    }

    fn is_news(&self, row: &MovedRow) -> bool {
        self.lock().last.get(&row.tenant_id) != Some(&row.seq)
    }

    fn remember(&self, rows: &[MovedRow]) {
        let mut written = self.lock();
        for row in rows {
            written.last.insert(row.tenant_id, row.seq);
            written.newest = written.newest.max(row.moved_at.0);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The written heads of a tenant, in the order they were written.
    pub(super) fn of(&self, tenant: TenantId) -> Result<Vec<Anchor>> {
        let mut found = Vec::new();
        for path in [self.older(), self.path.clone()] {
            each(&path, |anchor| {
                if anchor.tenant == tenant.0 {
                    found.push(anchor);
                }
            })?;
        }
        Ok(found)
    }

    fn append(&self, anchors: &[Anchor]) -> Result<()> {
        let size = fs::metadata(&self.path).map_or(0, |file| file.len());
        if size > FILE_BYTES {
            self.turn()?;
        }
        let failed = |error| Error::caused(format!("cannot write {}", self.path.display()), error);
        files::make_private(&self.path)?;
        let mut text = String::new();
        for anchor in anchors {
            text.push_str(&line(anchor)?);
        }
        let mut file = OpenOptions::new()
            .append(true)
            .open(&self.path)
            .map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_data().map_err(failed)
    }

    /// Begins a new file with the newest head of each tenant.
    fn turn(&self) -> Result<()> {
        let mut newest = BTreeMap::new();
        each(&self.path, |anchor| {
            newest.insert(anchor.tenant, anchor);
        })?;
        let failed = |error| Error::caused(format!("cannot turn {}", self.path.display()), error);
        fs::rename(&self.path, self.older()).map_err(failed)?;
        files::make_private(&self.path)?;
        let lines = newest.values().map(line).collect::<Result<String>>()?;
        fs::write(&self.path, lines).map_err(failed)
    }

    fn older(&self) -> PathBuf {
        self.path.with_extension("1.jsonl")
    }
}

/// Gives each head of a file; a line that was cut by a crash is none.
fn each(path: &Path, mut give: impl FnMut(Anchor)) -> Result<()> {
    let failed = |error| Error::caused(format!("cannot read {}", path.display()), error);
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for line in BufReader::new(file).lines() {
        if let Ok(anchor) = serde_json::from_str(&line.map_err(failed)?) {
            give(anchor);
        }
    }
    Ok(())
}

fn line(anchor: &Anchor) -> Result<String> {
    let text = serde_json::to_string(anchor)
        .map_err(|error| Error::caused("a head could not be written", error))?;
    Ok(text + "\n")
}

#[derive(FromRow)]
struct MovedRow {
    tenant_id: Uuid,
    seq: i64,
    mac: Vec<u8>,
    moved_at: Micros,
}

impl MovedRow {
    fn anchor(&self, at: Timestamp) -> Anchor {
        Anchor {
            tenant: self.tenant_id,
            seq: self.seq,
            mac: hex(&self.mac),
            at,
        }
    }
}
