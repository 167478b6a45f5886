//! Reading the trail of a tenant, newest first, by filter and page.

use scriptorium_model::audit::{Action, ActorKind, AuditEntry, AuditFilter};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{Ctx, Timestamp, Uuid};

use super::row::EntryRow;
use crate::Store;
use crate::db::FromRow;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Micros, Scope, Sql};
use crate::error::{Error, Result};

impl Store {
    /// The tenant's audit entries, newest first.
    ///
    /// # Errors
    /// `CursorInvalid`.
    pub async fn list_audit(
        &self,
        ctx: &Ctx,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>> {
        let cursors = Cursors::new(ctx, "audit", filter);
        let db = self.db().read(ctx).await?;
        let numbers = numbers(&db, filter).await?;
        let mut sql = db.sql("select * from audit_entries where tenant_id = $1");
        narrow(&mut sql, filter, numbers);
        match cursors.start(page)? {
            Some(Key::Number(seq, _)) => {
                sql.push(" and seq < ").bind(seq);
            }
            Some(_) => return Err(Error::CursorInvalid),
            None => {}
        }
        sql.push(" order by seq desc limit ");
        sql.bind(i64::from(page.limit) + 1);
        let rows: Vec<EntryRow> = db.all(sql).await?;
        let entries = rows
            .into_iter()
            .map(AuditEntry::try_from)
            .collect::<Result<Vec<_>>>()?;
        cursors.page(entries, page, |last| {
            Key::Number(i64::try_from(last.seq).unwrap_or(i64::MAX), last.tenant.0)
        })
    }

    /// The next entries behind a number, oldest first; for writing the trail out.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn next_audit(
        &self,
        ctx: &Ctx,
        filter: &AuditFilter,
        behind: u64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        let db = self.db().read(ctx).await?;
        let numbers = numbers(&db, filter).await?;
        let mut sql = db.sql("select * from audit_entries where tenant_id = $1 and seq > ");
        sql.bind(i64::try_from(behind).unwrap_or(i64::MAX));
        narrow(&mut sql, filter, numbers);
        sql.push(" order by seq limit ").bind(i64::from(limit));
        let rows: Vec<EntryRow> = db.all(sql).await?;
        rows.into_iter().map(AuditEntry::try_from).collect()
    }
}

/// The numbers between which the range of time lies, so that a page of last spring does not begin to
/// look today. Entries are numbered in the order of their commits, and servers' clocks may differ
/// by a while; the column decides.
async fn numbers(db: &Scope, filter: &AuditFilter) -> Result<NumbersRow> {
    const WHILE: i64 = 3_600_000_000;
    if filter.from.is_none() && filter.to.is_none() {
        return Ok(NumbersRow::default());
    }
    let at = |at: Option<Timestamp>, by: i64| {
        at.map(|at| Micros(at.as_microsecond().saturating_add(by)))
    };
    let sql = db
        .sql(
            "select (select a.seq from audit_entries a where a.tenant_id = $1 and a.at < $2 \
             order by a.at desc, a.seq desc limit 1) as behind, \
             (select a.seq from audit_entries a where a.tenant_id = $1 and a.at >= $3 \
             order by a.at, a.seq limit 1) as before",
        )
        .with([at(filter.from, -WHILE).into(), at(filter.to, WHILE).into()]);
    Ok(db.one(sql).await?.unwrap_or_default())
}

#[derive(Clone, Copy, Default, FromRow)]
struct NumbersRow {
    behind: Option<i64>,
    before: Option<i64>,
}

/// Whether batches of executions, which are most of a busy tenant's entries and all of them the
/// platform's, cannot be among what is asked for.
fn leaves_batches_out(filter: &AuditFilter) -> bool {
    let batches = Action::ExecutionBatch.as_str();
    let others = filter
        .action
        .as_deref()
        .is_some_and(|action| !action.contains('.') && batches.split('.').next() != Some(action));
    let of_somebody = filter.actor.as_deref().is_some_and(|actor| {
        let kind = ActorKind::from_name(actor);
        actor.parse::<Uuid>().is_ok() || kind.is_some_and(|kind| kind != ActorKind::Platform)
    });
    filter.without_executions || others || of_somebody
}

fn narrow(sql: &mut Sql, filter: &AuditFilter, numbers: NumbersRow) {
    if leaves_batches_out(filter) {
        // In the words of the partial index.
        sql.push(" and action <> 'execution.batch'");
    }
    if let Some(behind) = numbers.behind {
        sql.push(" and seq > ").bind(behind);
    }
    if let Some(before) = numbers.before {
        sql.push(" and seq < ").bind(before);
    }
    if let Some(action) = &filter.action {
        if action.contains('.') {
            sql.push(" and action = ").bind(action.as_str());
        } else {
            // Between `script.` and `script/`, which an index finds where LIKE does not.
            sql.push(" and action >= ").bind(format!("{action}."));
            sql.push(" and action < ").bind(format!("{action}/"));
        }
    }
    if let Some(actor) = &filter.actor {
        if let Ok(id) = actor.parse::<Uuid>() {
            sql.push(" and (actor_id = ").bind(id);
            sql.push(" or actor_user = ").bind(id);
            sql.push(")");
        } else if ActorKind::from_name(actor).is_some() {
            sql.push(" and actor_kind = ").bind(actor.as_str());
        } else {
            sql.push(" and actor_name = ").bind(actor.as_str());
        }
    }
    if let Some(subject) = &filter.subject {
        if let Ok(id) = subject.parse::<Uuid>() {
            sql.push(" and subject_id = ").bind(id);
        } else {
            sql.push(" and subject_name = ").bind(subject.as_str());
        }
    }
    if let Some(from) = filter.from {
        sql.push(" and at >= ").bind(Micros::from(from));
    }
    if let Some(to) = filter.to {
        sql.push(" and at < ").bind(Micros::from(to));
    }
    if let Some(q) = filter.q.as_deref().filter(|q| !q.is_empty()) {
        sql.push(" and search_text like ")
            .bind(like(&q.to_lowercase()))
            .push(" escape '\\'");
    }
}

/// The LIKE pattern of "contains", with `\` as its escape character.
fn like(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
