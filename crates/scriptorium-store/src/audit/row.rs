//! An entry as a row, both ways, and as the fields that its code is made over. Reading back must
//! give the very bytes that were written: both sides are here.

use scriptorium_model::audit::{
    Action, ActorKind, AuditActor, AuditEntry, Origin, Subject, SubjectKind,
};
use scriptorium_model::{TenantId, Timestamp, UserId, Uuid};

use super::chain::Field;
use super::{Note, change, stored};
use crate::db::{FromRow, Micros, Tx, Value, known, opt_json};
use crate::error::{Error, Result};
use crate::history::chunks;

/// Columns behind the tenant, in the order of [`NewRow::values`].
macro_rules! insert_into {
    () => {
        "insert into audit_entries (tenant_id, seq, at, action, actor_kind, actor_id, actor_user, \
         actor_name, subject_kind, subject_id, subject_name, address, user_agent, request_id, \
         before_value, after_value, search_text, mac) values "
    };
}

/// One entry.
pub(super) const INSERT: &str = concat!(
    insert_into!(),
    "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
);

/// Inserts entries of several tenants, in a transaction that sees them.
pub(super) async fn insert(tx: &Tx, rows: Vec<(TenantId, [Value; 17])>) -> Result<()> {
    for some in chunks(&rows) {
        let mut sql = tx.sql(insert_into!());
        sql.push_rows(some.len(), 18);
        let mut bound: Vec<Value> = Vec::with_capacity(some.len() * 18);
        for (tenant, values) in some {
            bound.push(tenant.0.into());
            bound.extend(values.iter().cloned());
        }
        tx.execute(sql.with(bound)).await?;
    }
    Ok(())
}

/// An entry to be.
pub(super) struct NewRow {
    seq: i64,
    at: Micros,
    action: &'static str,
    actor: AuditActor,
    subject: Subject,
    address: Option<String>,
    origin: Origin,
    before: Option<String>,
    after: Option<String>,
}

impl NewRow {
    pub(super) fn new(
        seq: i64,
        at: Timestamp,
        actor: &AuditActor,
        origin: Option<&Origin>,
        note: Note,
    ) -> Self {
        let origin = stored(origin);
        Self {
            seq,
            at: at.into(),
            action: note.action.as_str(),
            actor: actor.clone(),
            subject: note.subject,
            address: origin.address.map(|address| address.to_string()),
            origin,
            before: note.before.map(change::written),
            after: note.after.map(change::written),
        }
    }

    pub(super) fn fields(&self) -> [Field<'_>; 15] {
        [
            Field::Number(self.seq),
            Field::Number(self.at.0),
            Field::Text(self.action),
            Field::Text(self.actor.kind.as_str()),
            Field::bytes(self.actor.id.as_ref().map(|id| &id.as_bytes()[..])),
            Field::bytes(self.actor.user.as_ref().map(|id| &id.0.as_bytes()[..])),
            Field::Text(&self.actor.name),
            Field::Text(self.subject.kind.as_str()),
            Field::bytes(self.subject.id.as_ref().map(|id| &id.as_bytes()[..])),
            Field::Text(&self.subject.name),
            Field::text(self.address.as_deref()),
            Field::text(self.origin.user_agent.as_deref()),
            Field::text(self.origin.request_id.as_deref()),
            Field::text(self.before.as_deref()),
            Field::text(self.after.as_deref()),
        ]
    }

    pub(super) fn values(self, mac: &[u8; 32]) -> [Value; 17] {
        let search = search_text(
            self.action,
            &self.actor.name,
            &self.subject.name,
            self.address.as_deref(),
        );
        [
            self.seq.into(),
            self.at.into(),
            self.action.into(),
            self.actor.kind.as_str().into(),
            self.actor.id.into(),
            self.actor.user.map(|user| user.0).into(),
            self.actor.name.into(),
            self.subject.kind.as_str().into(),
            self.subject.id.into(),
            self.subject.name.into(),
            self.address.into(),
            self.origin.user_agent.into(),
            self.origin.request_id.into(),
            self.before.into(),
            self.after.into(),
            search.into(),
            mac.to_vec().into(),
        ]
    }
}

/// What a search looks in; lower case by Unicode's rules, which the databases do not know alike.
fn search_text(action: &str, actor: &str, subject: &str, address: Option<&str>) -> String {
    let address = address.unwrap_or_default();
    format!("{action}\n{actor}\n{subject}\n{address}").to_lowercase()
}

/// A stored entry, as it is: nothing is interpreted before its code was checked.
#[derive(Clone, FromRow)]
pub(super) struct EntryRow {
    pub(super) tenant_id: Uuid,
    pub(super) seq: i64,
    at: Micros,
    pub(super) action: String,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_user: Option<Uuid>,
    actor_name: String,
    subject_kind: String,
    pub(super) subject_id: Option<Uuid>,
    subject_name: String,
    address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    before_value: Option<String>,
    pub(super) after_value: Option<String>,
    search_text: String,
    pub(super) mac: Vec<u8>,
}

impl EntryRow {
    pub(super) fn fields(&self) -> [Field<'_>; 15] {
        [
            Field::Number(self.seq),
            Field::Number(self.at.0),
            Field::Text(&self.action),
            Field::Text(&self.actor_kind),
            Field::bytes(self.actor_id.as_ref().map(|id| &id.as_bytes()[..])),
            Field::bytes(self.actor_user.as_ref().map(|id| &id.as_bytes()[..])),
            Field::Text(&self.actor_name),
            Field::Text(&self.subject_kind),
            Field::bytes(self.subject_id.as_ref().map(|id| &id.as_bytes()[..])),
            Field::Text(&self.subject_name),
            Field::text(self.address.as_deref()),
            Field::text(self.user_agent.as_deref()),
            Field::text(self.request_id.as_deref()),
            Field::text(self.before_value.as_deref()),
            Field::text(self.after_value.as_deref()),
        ]
    }

    /// Whether the text that searches look in is made of the entry, which its code covers.
    pub(super) fn is_found_by_its_words(&self) -> bool {
        let address = self.address.as_deref();
        search_text(&self.action, &self.actor_name, &self.subject_name, address) == self.search_text
    }
}

impl TryFrom<EntryRow> for AuditEntry {
    type Error = Error;
    fn try_from(row: EntryRow) -> Result<Self> {
        let address = row.address.map(|text| text.parse());
        Ok(Self {
            tenant: TenantId(row.tenant_id),
            seq: row.seq.unsigned_abs(),
            at: row.at.into(),
            action: known(Action::from_name(&row.action), "audit_entries.action")?,
            actor: AuditActor {
                kind: known(
                    ActorKind::from_name(&row.actor_kind),
                    "audit_entries.actor_kind",
                )?,
                id: row.actor_id,
                user: row.actor_user.map(UserId),
                name: row.actor_name,
            },
            subject: Subject {
                kind: known(
                    SubjectKind::from_name(&row.subject_kind),
                    "audit_entries.subject_kind",
                )?,
                id: row.subject_id,
                name: row.subject_name,
            },
            before: opt_json(row.before_value),
            after: opt_json(row.after_value),
            origin: Origin {
                address: known(address.transpose().ok(), "audit_entries.address")?,
                user_agent: row.user_agent,
                request_id: row.request_id,
            },
            mac: known(row.mac.try_into().ok(), "audit_entries.mac")?,
        })
    }
}

/// The last number of a chain and its code.
#[derive(FromRow)]
pub(super) struct HeadRow {
    pub(super) tenant_id: Uuid,
    pub(super) seq: i64,
    mac: Vec<u8>,
}

impl HeadRow {
    pub(super) fn mac(&self) -> Result<[u8; 32]> {
        known(self.mac.as_slice().try_into().ok(), "audit_heads.mac")
    }
}
