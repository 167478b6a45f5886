//! The audit trail (D15): append-only, one chain per tenant, without any reference to what it
//! describes. A transaction that writes says what it leaves in the trail before it can commit: an
//! entry in the same transaction, or the reason why there is none.

mod chain;
mod change;
mod executions;
mod heads;
mod key;
mod list;
mod prune;
mod row;
mod verify;

use std::collections::BTreeMap;

use scriptorium_model::audit::{
    Action, AuditActor, NAME_CHARS, Origin, Subject, USER_AGENT_CHARS, cut,
};
use scriptorium_model::{Actor, Ambient, Ctx, TenantId, Timestamp};
use serde_json::Value;

pub(crate) use self::chain::Key;
pub(crate) use self::change::{of_gone, of_script, of_user, text_of};
pub(crate) use self::executions::{Ends, Removal, pruned};
pub(crate) use self::heads::Heads;
pub(crate) use self::key::of as key;
use crate::Store;
use crate::db::{Dialect, FromRow, Micros, Tx, known};
use crate::error::Result;
use crate::history::chunks;

/// Proof that a transaction has said what it leaves in the audit trail.
#[must_use = "a transaction commits with it"]
pub(crate) struct Noted(());

/// Leaves nothing in the audit trail, for this reason.
pub(crate) fn unaudited(_reason: &'static str) -> Noted {
    Noted(())
}

/// What was done to which thing; who and when is added where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) action: Action,
    pub(crate) subject: Subject,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

impl Note {
    pub(crate) fn new(action: Action, subject: Subject) -> Self {
        Self {
            action,
            subject,
            before: None,
            after: None,
        }
    }

    /// What it was before.
    pub(crate) fn before(mut self, value: Value) -> Self {
        self.before = Some(value);
        self
    }

    /// What it is now.
    pub(crate) fn after(mut self, value: Value) -> Self {
        self.after = Some(value);
        self
    }

    /// Of two whole states, what differs.
    pub(crate) fn change(self, before: &Value, after: &Value) -> Self {
        let (before, after) = change::unlike(before, after);
        self.before(before).after(after)
    }
}

/// Who did something and from where, as far as an operation knows.
#[derive(Clone, Debug)]
pub(crate) struct By {
    actor: Option<Actor>,
    /// Whose user or token it is, when it may be another tenant's than the trail's.
    home: Option<TenantId>,
    origin: Option<Origin>,
}

impl By {
    pub(crate) fn of(ctx: &Ctx) -> Self {
        Self {
            actor: Some(ctx.actor.clone()),
            home: Some(ctx.tenant),
            origin: ctx.origin.clone(),
        }
    }

    /// The platform, by itself.
    pub(crate) fn platform() -> Self {
        Self {
            actor: Some(Actor::Platform),
            home: None,
            origin: None,
        }
    }

    /// Somebody who did not prove who they are.
    pub(crate) fn stranger(origin: Option<Origin>) -> Self {
        Self {
            actor: None,
            home: None,
            origin,
        }
    }
}

/// What is to be said in the trail of one tenant.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) tenant: TenantId,
    pub(crate) by: By,
    pub(crate) notes: Vec<Note>,
}

impl Said {
    pub(crate) fn one(tenant: TenantId, by: &By, note: Note) -> Self {
        Self {
            tenant,
            by: by.clone(),
            notes: vec![note],
        }
    }
}

/// Writes entries. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    key: Key,
    ambient: Ambient,
}

impl Store {
    /// Leaves an entry in the trail of the tenant of `ctx`, in the transaction that it tells of.
    pub(crate) async fn audited(&self, tx: &Tx, ctx: &Ctx, note: Note) -> Result<Noted> {
        let by = By::of(ctx);
        self.inner
            .trail
            .append(tx, ctx.tenant, &by, vec![note])
            .await
    }
}

impl Trail {
    pub(crate) fn new(key: Key, ambient: Ambient) -> Self {
        Self { key, ambient }
    }

    pub(crate) fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Adds entries to the chains of several tenants, in the order of their ids, so that two
    /// transactions never wait for each other.
    pub(crate) async fn append_all(&self, tx: &Tx, mut said: Vec<Said>) -> Result<Noted> {
        said.retain(|said| !said.notes.is_empty());
        said.sort_by_key(|said| said.tenant);
        let of_several = said.first().map(|one| one.tenant) != said.last().map(|one| one.tenant);
        if of_several && tx.sees_all() && tx.dialect() == Dialect::Sqlite {
            return self.append_together(tx, said).await;
        }
        for said in said {
            let Noted(()) = self.append(tx, said.tenant, &said.by, said.notes).await?;
        }
        Ok(Noted(()))
    }

    /// The same in a transaction that sees all tenants: their chains move on by the same few statements.
    async fn append_together(&self, tx: &Tx, said: Vec<Said>) -> Result<Noted> {
        let mut counts: BTreeMap<TenantId, usize> = BTreeMap::new();
        for one in &said {
            *counts.entry(one.tenant).or_default() += one.notes.len();
        }
        let mut heads = reserve_all(tx, &counts.into_iter().collect::<Vec<_>>()).await?;
        let at = self.ambient.now();
        let mut rows = Vec::with_capacity(said.len());
        for one in said {
            let tenant = one.tenant;
            let actor = self.actor(tx, tenant, &one.by).await?;
            let (seq, mac) = known(heads.get_mut(&tenant), "audit_heads")?;
            for note in one.notes {
                *seq += 1;
                let row = row::NewRow::new(*seq, at, &actor, one.by.origin.as_ref(), note);
                *mac = self.key.mac(mac, tenant, &row.fields());
                rows.push((tenant, row.values(mac)));
            }
        }
        row::insert(tx, rows).await?;
        close_all(tx, &heads.into_iter().collect::<Vec<_>>(), at).await?;
        Ok(Noted(()))
    }

    /// Adds entries to a tenant's chain. The head's row is locked from here to the end of the
    /// transaction, so numbers have no gaps and no two entries have the same predecessor.
    pub(crate) async fn append(
        &self,
        tx: &Tx,
        tenant: TenantId,
        by: &By,
        notes: Vec<Note>,
    ) -> Result<Noted> {
        if notes.is_empty() {
            return Ok(Noted(()));
        }
        let at = self.ambient.now();
        let actor = self.actor(tx, tenant, by).await?;
        let (mut seq, mut mac) = reserve(tx, tenant, notes.len()).await?;
        for note in notes {
            seq += 1;
            let row = row::NewRow::new(seq, at, &actor, by.origin.as_ref(), note);
            mac = self.key.mac(&mac, tenant, &row.fields());
            let mut sql = tx.sql_of(tenant, row::INSERT);
            sql = sql.with(row.values(&mac));
            tx.execute(sql).await?;
        }
        close(tx, tenant, &mac, at).await?;
        Ok(Noted(()))
    }

    /// The actor by the name they have now, which later nobody may be able to look up.
    async fn actor(&self, tx: &Tx, tenant: TenantId, by: &By) -> Result<AuditActor> {
        let Some(actor) = &by.actor else {
            return Ok(AuditActor::stranger());
        };
        let (text, id) = match actor {
            Actor::User { id, .. } => (
                "select email as name from users where tenant_id = $1 and id = $2",
                id.0,
            ),
            Actor::Token { id, .. } => (
                "select name from tokens where tenant_id = $1 and id = $2",
                id.0,
            ),
            Actor::Host | Actor::Platform => return Ok(AuditActor::of(actor, "")),
        };
        let home = by.home.unwrap_or(tenant);
        let sql = tx.sql_of(home, text).with([id.into()]);
        let row: Option<NameRow> = tx.one(sql).await?;
        let name = row.map(|row| row.name).unwrap_or_default();
        Ok(AuditActor::of(actor, &name))
    }
}

/// Takes the next numbers of a chain; the last number before them, and its code.
async fn reserve(tx: &Tx, tenant: TenantId, count: usize) -> Result<(i64, [u8; 32])> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let sql = tx
        .sql_of(
            tenant,
            "insert into audit_heads (tenant_id, seq, mac, moved_at) values ($1, $2, $3, 0) \
             on conflict (tenant_id) do update set seq = audit_heads.seq + excluded.seq \
             returning tenant_id, seq, mac",
        )
        .with([count.into(), chain::START.to_vec().into()]);
    let head: Option<row::HeadRow> = tx.one(sql).await?;
    let head = known(head, "audit_heads")?;
    Ok((head.seq - count, head.mac()?))
}

async fn close(tx: &Tx, tenant: TenantId, mac: &[u8; 32], at: Timestamp) -> Result<()> {
    let sql = tx
        .sql_of(
            tenant,
            "update audit_heads set mac = $2, moved_at = $3 where tenant_id = $1",
        )
        .with([mac.to_vec().into(), Micros::from(at).into()]);
    tx.execute(sql).await?;
    Ok(())
}

/// Takes the next numbers of several chains; the last number of each before them, and its code.
async fn reserve_all(
    tx: &Tx,
    counts: &[(TenantId, usize)],
) -> Result<BTreeMap<TenantId, (i64, [u8; 32])>> {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut heads = BTreeMap::new();
    for some in chunks(counts) {
        let mut sql = tx.sql("insert into audit_heads (tenant_id, seq, mac, moved_at) values ");
        sql.push_rows(some.len(), 4);
        let bound = some.iter().flat_map(|(tenant, count)| {
            let start = chain::START.to_vec();
            let head: [crate::db::Value; 4] = [
                tenant.0.into(),
                whole(*count).into(),
                start.into(),
                0.into(),
            ];
            head
        });
        let mut sql = sql.with(bound.collect::<Vec<_>>());
        sql.push(
            " on conflict (tenant_id) do update set seq = audit_heads.seq + excluded.seq \
             returning tenant_id, seq, mac",
        );
        for head in tx.all::<row::HeadRow>(sql).await? {
            heads.insert(TenantId(head.tenant_id), (head.seq, head.mac()?));
        }
    }
    for (tenant, count) in counts {
        let (seq, _) = known(heads.get_mut(tenant), "audit_heads")?;
        *seq -= whole(*count);
    }
    Ok(heads)
}

async fn close_all(tx: &Tx, heads: &[(TenantId, (i64, [u8; 32]))], at: Timestamp) -> Result<()> {
    for some in chunks(heads) {
        let mut sql = tx.sql("insert into audit_heads (tenant_id, seq, mac, moved_at) values ");
        sql.push_rows(some.len(), 4);
        let bound = some.iter().flat_map(|(tenant, (seq, mac))| {
            let head: [crate::db::Value; 4] = [
                tenant.0.into(),
                (*seq).into(),
                mac.to_vec().into(),
                Micros::from(at).into(),
            ];
            head
        });
        let mut sql = sql.with(bound.collect::<Vec<_>>());
        sql.push(
            " on conflict (tenant_id) do update set mac = excluded.mac, \
             moved_at = excluded.moved_at",
        );
        tx.execute(sql).await?;
    }
    Ok(())
}

/// The origin as it is stored.
fn stored(origin: Option<&Origin>) -> Origin {
    let cut_to = |text: &Option<String>, most| text.as_deref().map(|text| cut(text, most));
    origin.map_or_else(Origin::default, |origin| Origin {
        address: origin.address,
        user_agent: cut_to(&origin.user_agent, USER_AGENT_CHARS),
        request_id: cut_to(&origin.request_id, NAME_CHARS),
    })
}

#[derive(FromRow)]
struct NameRow {
    name: String,
}
