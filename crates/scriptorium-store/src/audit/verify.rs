//! Checking a trail: every entry against the one before it, its gaps against signed checkpoints, its
//! end against the stored and the anchored heads, and the executions it names against the history and
//! what entries say was removed from it.

use std::collections::HashMap;

use scriptorium_model::audit::{FindingKind, Verification};
use scriptorium_model::{Ctx, ExecutionId, TenantId, Uuid};

use super::chain::START;
use super::change::hex;
use super::executions::{Minutes, Pruned, digest, digests, minute_at, minute_of};
use super::heads::Anchor;
use super::prune::{CHECKPOINTS, CheckpointRow};
use super::row::{EntryRow, HeadRow};
use crate::Store;
use crate::error::Result;
use crate::executions::ExecutionRow;

/// Entries read at once.
const PAGE: i64 = 500;
/// Executions read at once: each may have twenty megabytes.
const EXECUTIONS: usize = 50;
/// How often a trail is checked again that was pruned meanwhile.
const TRIES: usize = 3;

impl Store {
    /// Checks the trail of the tenant of `ctx`; with `executions`, also that the executions it
    /// names are as they were recorded, which reads all of them.
    ///
    /// # Errors
    /// `Platform` only: what is wrong with the trail is in the answer.
    pub async fn verify_audit(&self, ctx: &Ctx, executions: bool) -> Result<Verification> {
        let mut tries = 0;
        loop {
            let check = Check::begin(self, ctx).await?;
            let pruned = check.checkpoints.len();
            let found = check.run(executions).await?;
            tries += 1;
            if found.is_intact() || tries == TRIES {
                return Ok(found);
            }
            // Retention may have removed what was about to be read.
            if checkpoints(self, ctx).await?.len() == pruned {
                return Ok(found);
            }
        }
    }
}

struct Check<'a> {
    store: &'a Store,
    ctx: &'a Ctx,
    checkpoints: Vec<CheckpointRow>,
    head: Option<HeadRow>,
    /// Anchored heads by number that no entry has met yet.
    anchors: HashMap<i64, Vec<String>>,
    found: Verification,
    /// Number and code of the entry before.
    last: (i64, Vec<u8>),
    gone: Gone,
}

/// Executions that are not in the history any more, and what entries say about that.
struct Gone {
    tenant: TenantId,
    /// When they were made: not more numbers than a trail has minutes.
    made: Minutes,
    /// Those that went with their scripts.
    told: Minutes,
    /// All from before this minute, and some of it, were past their retention.
    before: u64,
    /// Everything went with the tenant.
    with_tenant: bool,
}

impl Gone {
    fn of(tenant: TenantId) -> Self {
        Self {
            tenant,
            made: Minutes::new(),
            told: Minutes::new(),
            before: 0,
            with_tenant: false,
        }
    }

    fn add(&mut self, id: ExecutionId) {
        *self.made.entry(minute_of(id.0)).or_default() += 1;
    }

    fn entry(&mut self, row: &EntryRow) {
        match row.action.as_str() {
            // Whoever deletes a tenant has such entries as well.
            "tenant.closed" | "tenant.deleted" => {
                self.with_tenant |= row.subject_id == Some(self.tenant.0);
            }
            "execution.pruned" => {
                // What cannot be read is not genuine, which is a finding already.
                let told = row.after_value.as_deref().and_then(Pruned::read);
                let Pruned { before, minutes } = told.unwrap_or_default();
                if let Some(at) = before {
                    let millis = at.as_millisecond().max(0).unsigned_abs();
                    self.before = self.before.max(minute_at(millis));
                }
                for (minute, count) in minutes {
                    *self.told.entry(minute).or_default() += count;
                }
            }
            _ => {}
        }
    }

    /// How many went without a word.
    fn unsaid(&self) -> u64 {
        if self.with_tenant {
            return 0;
        }
        let told = |minute| self.told.get(minute).copied().unwrap_or_default();
        self.made
            .range(self.before + 1..)
            .map(|(minute, gone)| gone.saturating_sub(told(minute)))
            .sum()
    }
}

impl<'a> Check<'a> {
    /// Reads what the entries are compared with first: entries that come later are no finding.
    async fn begin(store: &'a Store, ctx: &'a Ctx) -> Result<Self> {
        let mut anchors: HashMap<i64, Vec<String>> = HashMap::new();
        for Anchor { seq, mac, .. } in store.inner.heads.of(ctx.tenant)? {
            anchors.entry(seq).or_default().push(mac);
        }
        let db = store.db().read(ctx).await?;
        let head = db.sql("select tenant_id, seq, mac from audit_heads where tenant_id = $1");
        let head = db.one(head).await?;
        Ok(Self {
            store,
            ctx,
            checkpoints: checkpoints(store, ctx).await?,
            head,
            anchors,
            found: Verification::default(),
            last: (0, START.to_vec()),
            gone: Gone::of(ctx.tenant),
        })
    }

    async fn run(mut self, executions: bool) -> Result<Verification> {
        self.check_checkpoints();
        let known = self.head.as_ref().map(|head| head.seq);
        let mut head_met = known.is_none_or(|seq| seq == self.last.0);
        loop {
            let rows = self.page().await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                self.entry(row);
                self.gone.entry(row);
                head_met |= self.meets_head(row);
            }
            if executions {
                self.executions(&rows).await?;
            }
        }
        if !head_met {
            let seq = known.map(i64::unsigned_abs);
            let text = "the stored head is of an entry that is not there";
            self.found.find(FindingKind::Truncated, seq, text);
        }
        if known.is_none() && self.found.entries > 0 {
            let text = "the stored head is missing";
            self.found.find(FindingKind::HeadAltered, None, text);
        }
        self.check_rest();
        self.check_gone();
        Ok(self.found)
    }

    /// The newest genuine checkpoint is where the chain begins.
    fn check_checkpoints(&mut self) {
        let key = self.store.inner.trail.key().clone();
        for row in &self.checkpoints {
            let last: Option<&[u8; 32]> = row.last_mac.as_slice().try_into().ok();
            let genuine = last.is_some_and(|last| {
                key.checkpoint(self.ctx.tenant, last, &row.fields())[..] == row.mac[..]
            });
            if genuine && row.seq > self.last.0 {
                self.found.removed += row.entries.unsigned_abs();
                self.last = (row.seq, row.last_mac.clone());
            } else {
                let text = "a checkpoint is not what was signed";
                let seq = Some(row.seq.unsigned_abs());
                self.found.find(FindingKind::CheckpointAltered, seq, text);
            }
        }
        if let Some(met) = self.anchors.remove(&self.last.0) {
            self.compare(self.last.0, &hex(&self.last.1.clone()), &met);
        }
        let begin = self.last.0;
        // What was anchored before the checkpoint went with its entries.
        self.anchors.retain(|seq, _| *seq > begin);
    }

    async fn page(&self) -> Result<Vec<EntryRow>> {
        let db = self.store.db().read(self.ctx).await?;
        let sql = db
            .sql(
                "select * from audit_entries where tenant_id = $1 and seq > $2 \
                 order by seq limit $3",
            )
            .with([self.position().into(), PAGE.into()]);
        db.all(sql).await
    }

    /// Behind which number to read on: from the very beginning at first, so that entries which a
    /// checkpoint says were removed are seen when they are there.
    fn position(&self) -> i64 {
        if self.found.entries == 0 {
            i64::MIN
        } else {
            self.last.0
        }
    }

    fn entry(&mut self, row: &EntryRow) {
        let seq = row.seq.unsigned_abs();
        let expected = self.last.0 + 1;
        let first = self.found.range.map_or(seq, |(first, _)| first);
        self.found.entries += 1;
        self.found.range = Some((first, seq));
        if row.seq < expected {
            let text = "it has a number that is none, or that a checkpoint says was removed";
            self.found.find(FindingKind::Altered, Some(seq), text);
            return;
        }
        if row.seq > expected {
            let text = format!("{} entries are missing before it", row.seq - expected);
            self.found.find(FindingKind::Missing, Some(seq), text);
        }
        let before: Option<&[u8; 32]> = self.last.1.as_slice().try_into().ok();
        let key = self.store.inner.trail.key();
        let genuine = before.is_some_and(|before| {
            key.mac(before, self.ctx.tenant, &row.fields())[..] == row.mac[..]
        });
        // Behind a gap the code of the entry before is not known: the gap is the finding.
        if !genuine && row.seq == expected {
            let text = "its code does not fit its content and the entry before";
            self.found.find(FindingKind::Altered, Some(seq), text);
        } else if !row.is_found_by_its_words() {
            let text = "searches would not find it by its words";
            self.found.find(FindingKind::Altered, Some(seq), text);
        }
        if let Some(anchors) = self.anchors.remove(&row.seq) {
            self.compare(row.seq, &hex(&row.mac), &anchors);
        }
        self.last = (row.seq, row.mac.clone());
    }

    fn compare(&mut self, seq: i64, mac: &str, anchors: &[String]) {
        self.found.anchors += 1;
        if anchors.iter().any(|anchor| anchor != mac) {
            let text = "another entry was anchored under its number";
            let seq = Some(seq.unsigned_abs());
            self.found.find(FindingKind::Rewritten, seq, text);
        }
    }

    fn meets_head(&mut self, row: &EntryRow) -> bool {
        let Some(head) = self.head.as_ref().filter(|head| head.seq == row.seq) else {
            return false;
        };
        if !head.mac().is_ok_and(|mac| mac[..] == row.mac[..]) {
            let text = "the stored head has another code than its entry";
            let seq = Some(row.seq.unsigned_abs());
            self.found.find(FindingKind::HeadAltered, seq, text);
        }
        true
    }

    /// Anchors that no entry has met are of entries that are gone from the end.
    fn check_rest(&mut self) {
        let end = self.last.0;
        let Some(farthest) = self.anchors.keys().copied().filter(|seq| *seq > end).max() else {
            return;
        };
        let text = format!(
            "an anchored head is of entry {farthest}, and the last one is {end}: the end was cut \
             off, or an older database was put in place"
        );
        let seq = Some(farthest.unsigned_abs());
        self.found.find(FindingKind::Truncated, seq, text);
    }

    /// Whoever removes executions lawfully says so in the same transaction, behind the entries of
    /// their ends: all of it has been read.
    fn check_gone(&mut self) {
        let gone = self.gone.unsaid();
        if gone > 0 {
            let text =
                format!("{gone} executions are gone, and no entry says that they were removed");
            self.found.find(FindingKind::ExecutionMissing, None, text);
        }
    }

    async fn executions(&mut self, rows: &[EntryRow]) -> Result<()> {
        for row in rows.iter().filter(|row| row.action == "execution.batch") {
            // What cannot be read is not genuine, which is a finding already.
            let Some(told) = row.after_value.as_deref().and_then(digests) else {
                continue;
            };
            for some in told.chunks(EXECUTIONS) {
                self.some_executions(row.seq.unsigned_abs(), some).await?;
            }
        }
        Ok(())
    }

    async fn some_executions(&mut self, seq: u64, told: &[(ExecutionId, String)]) -> Result<()> {
        let db = self.store.db().read(self.ctx).await?;
        let mut sql = db.sql("select * from executions where tenant_id = $1 and id in ");
        sql.bind_list(told.iter().map(|(id, _)| id.0.into()));
        let rows: Vec<ExecutionRow> = db.all(sql).await?;
        let mut present: HashMap<Uuid, String> = HashMap::with_capacity(rows.len());
        for row in rows {
            let execution: scriptorium_model::execution::Execution = row.try_into()?;
            present.insert(execution.id.0, digest(&execution));
        }
        for (id, told) in told {
            match present.get(&id.0) {
                None => {
                    self.found.executions_gone += 1;
                    self.gone.add(*id);
                }
                Some(is) => {
                    self.found.executions += 1;
                    if is != told {
                        let text = format!("execution {id} is not what was recorded");
                        self.found
                            .find(FindingKind::ExecutionAltered, Some(seq), text);
                    }
                }
            }
        }
        Ok(())
    }
}

async fn checkpoints(store: &Store, ctx: &Ctx) -> Result<Vec<CheckpointRow>> {
    let db = store.db().read(ctx).await?;
    db.all(db.sql(CHECKPOINTS)).await
}
