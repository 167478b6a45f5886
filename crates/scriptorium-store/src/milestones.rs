//! How long versions are kept: milestones, the tenant's policy, and the pruning that follows it
//! (R-VER-09, 10). Off unless the tenant has a policy.

use std::time::Duration;

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::version::VersionPolicy;
use scriptorium_model::{Ctx, ScriptId, Timestamp, UserId, Uuid};
use serde_json::{Value, json};

use crate::Store;
use crate::audit::{Note, unaudited};
use crate::db::{FromRow, Micros, Scope, Tx, Value as SqlValue, number};
use crate::error::{Error, Result};
use crate::executions::IdRow;
use crate::scripts::lock;

/// Versions deleted by one transaction, so that others get their turn.
pub(crate) const BATCH: i64 = 200;
/// Scripts looked up at a time.
const SCRIPTS: i64 = 100;

impl Store {
    /// Makes a version a milestone, or gives the milestone another name.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn set_milestone(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        version: u32,
        name: &str,
    ) -> Result<()> {
        let now = self.inner.ambient.now();
        let tx = self.db().write(ctx).await?;
        let of = lock(&tx, script).await?.ok_or(Error::NotFound)?;
        mark(&tx, script, version, name, ctx.actor.user(), now).await?;
        let note = marked(script, &of, version, Some(name));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }

    /// Makes a milestone a version like others; whether it was one.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn delete_milestone(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        version: u32,
    ) -> Result<bool> {
        let tx = self.db().write(ctx).await?;
        let of = lock(&tx, script).await?.unwrap_or_default();
        let sql = tx
            .sql(
                "delete from version_milestones \
                 where tenant_id = $1 and script_id = $2 and number = $3",
            )
            .with([script.0.into(), version.into()]);
        let deleted = tx.execute(sql).await? > 0;
        let noted = if deleted {
            let note = marked(script, &of, version, None);
            self.audited(&tx, ctx, note).await?
        } else {
            unaudited("nothing changed")
        };
        tx.commit(noted).await?;
        Ok(deleted)
    }

    /// How many versions the tenant keeps; all when it has not said.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_version_policy(&self, ctx: &Ctx) -> Result<VersionPolicy> {
        let db = self.db().read(ctx).await?;
        find_policy(&db).await
    }

    /// Says how many versions the tenant keeps.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn put_version_policy(&self, ctx: &Ctx, policy: VersionPolicy) -> Result<()> {
        let now = self.inner.ambient.now();
        let tx = self.db().write(ctx).await?;
        let note = put_policy(&tx, policy, ctx.actor.user(), now).await?;
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }

    /// Some scripts of the tenant with versions that the rule does not keep, after the one given.
    pub(crate) async fn scripts_to_prune(
        &self,
        ctx: &Ctx,
        rule: PruneRule,
        after: Uuid,
    ) -> Result<Vec<IdRow>> {
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql("select distinct v.script_id as id");
        sql.push(NOT_KEPT).push(" and v.script_id > $4");
        sql.push(" order by v.script_id limit $5");
        let [oldest, newer] = rule.values();
        db.all(sql.with([oldest, newer, after.into(), SCRIPTS.into()]))
            .await
    }

    /// Deletes some versions of a script that the rule does not keep; how many.
    ///
    /// The script is locked before anything is looked at. Whoever records an execution of it, or makes
    /// a version of it a milestone, has done so by then and is seen, or waits and finds the version
    /// gone.
    pub(crate) async fn prune_script(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        rule: PruneRule,
    ) -> Result<u64> {
        let tx = self.db().write(ctx).await?;
        let Some(name) = lock(&tx, script).await? else {
            return Ok(0);
        };
        let mut sql = tx.sql(
            "delete from script_versions where tenant_id = $1 and script_id = $4 and number in \
             (select v.number",
        );
        sql.push(NOT_KEPT).push(" and v.script_id = $4");
        sql.push(" order by v.number limit $5)");
        let [oldest, newer] = rule.values();
        let sql = sql.with([oldest, newer, script.0.into(), BATCH.into()]);
        let deleted = tx.execute(sql).await?;
        let noted = if deleted > 0 {
            let subject = Subject::new(SubjectKind::Script, script.0, &name);
            let note = Note::new(Action::VersionsPruned, subject);
            let after = json!({ "versions": deleted, "policy": shown(rule.policy) });
            self.audited(&tx, ctx, note.after(after)).await?
        } else {
            unaudited("nothing changed")
        };
        tx.commit(noted).await?;
        Ok(deleted)
    }
}

/// A policy at an instant.
#[derive(Clone, Copy)]
pub(crate) struct PruneRule {
    policy: VersionPolicy,
    at: Timestamp,
}

impl PruneRule {
    pub(crate) fn new(policy: VersionPolicy, at: Timestamp) -> Self {
        Self { policy, at }
    }

    /// The instant before which versions are too old, and how many newer ones are enough.
    fn values(self) -> [SqlValue; 2] {
        let days = self.policy.max_age_days.map(u64::from);
        let age = days.map(|days| Duration::from_hours(24 * days));
        let oldest = age.and_then(|age| self.at.checked_sub(age).ok());
        let oldest = oldest.map_or(i64::MIN, Timestamp::as_microsecond);
        let newer = self.policy.max_count.map_or(i64::MAX, i64::from);
        [oldest.into(), newer.into()]
    }
}

/// Names a version, in a transaction that has locked its script or made it.
pub(crate) async fn mark(
    tx: &Tx,
    script: ScriptId,
    version: u32,
    name: &str,
    by: Option<UserId>,
    at: Timestamp,
) -> Result<()> {
    let sql = tx
        .sql(
            "insert into version_milestones \
             (tenant_id, script_id, number, name, created_by, created_at) \
             values ($1, $2, $3, $4, $5, $6) \
             on conflict (tenant_id, script_id, number) do update set name = excluded.name",
        )
        .with([
            script.0.into(),
            version.into(),
            name.into(),
            by.map(|user| user.0).into(),
            Micros::from(at).into(),
        ]);
    tx.execute(sql).await?;
    Ok(())
}

/// Says how many versions are kept; what the trail says of it.
pub(crate) async fn put_policy(
    tx: &Tx,
    policy: VersionPolicy,
    by: Option<UserId>,
    at: Timestamp,
) -> Result<Note> {
    let before = find_policy(tx).await?;
    let sql = tx
        .sql(
            "insert into version_policies \
             (tenant_id, max_count, max_age_days, updated_by, updated_at) \
             values ($1, $2, $3, $4, $5) on conflict (tenant_id) do update set \
             max_count = excluded.max_count, max_age_days = excluded.max_age_days, \
             updated_by = excluded.updated_by, updated_at = excluded.updated_at",
        )
        .with([
            policy.max_count.map(i64::from).into(),
            policy.max_age_days.map(i64::from).into(),
            by.map(|user| user.0).into(),
            Micros::from(at).into(),
        ]);
    tx.execute(sql).await?;
    let subject = Subject::new(SubjectKind::Settings, None, "versions");
    let note = Note::new(Action::SettingsChanged, subject);
    Ok(note.change(&shown(before), &shown(policy)))
}

async fn find_policy(db: &Scope) -> Result<VersionPolicy> {
    let sql = db.sql("select * from version_policies where tenant_id = $1");
    let row: Option<PolicyRow> = db.one(sql).await?;
    Ok(row.map_or_else(VersionPolicy::default, |row| row.policy()))
}

fn shown(policy: VersionPolicy) -> Value {
    json!({ "max_count": policy.max_count, "max_age_days": policy.max_age_days })
}

/// What the trail says of a milestone that was set or taken back.
fn marked(script: ScriptId, of: &str, version: u32, name: Option<&str>) -> Note {
    let subject = Subject::new(SubjectKind::Script, script.0, of);
    let after = json!({ "version": version, "milestone": name });
    Note::new(Action::VersionMarked, subject).after(after)
}

/// What a rule does not keep: too old, or with enough newer ones; but never the current version, a
/// milestone, what another version uses as a library, or what a pending or running execution names.
const NOT_KEPT: &str = " from script_versions v \
    join scripts s on s.tenant_id = v.tenant_id and s.id = v.script_id \
    where v.tenant_id = $1 and v.number < s.version \
    and (v.created_at < $2 or (select count(*) from script_versions n \
    where n.tenant_id = v.tenant_id and n.script_id = v.script_id \
    and n.number > v.number) >= $3) \
    and not exists (select 1 from version_milestones m where m.tenant_id = v.tenant_id \
    and m.script_id = v.script_id and m.number = v.number) \
    and not exists (select 1 from version_libraries l where l.tenant_id = v.tenant_id \
    and l.library_id = v.script_id and l.library_version = v.number) \
    and not exists (select 1 from executions e where e.tenant_id = v.tenant_id \
    and e.script_id = v.script_id and e.version = v.number \
    and e.status in ('pending', 'running'))";

#[derive(FromRow)]
pub(crate) struct PolicyRow {
    pub(crate) tenant_id: Uuid,
    max_count: Option<i64>,
    max_age_days: Option<i64>,
}

impl PolicyRow {
    pub(crate) fn policy(&self) -> VersionPolicy {
        VersionPolicy {
            max_count: self.max_count.map(number),
            max_age_days: self.max_age_days.map(number),
        }
    }
}
