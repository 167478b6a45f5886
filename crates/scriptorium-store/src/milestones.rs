//! How long versions are kept: milestones, the tenant's policy, and the pruning that follows it
//! (R-VER-09, 10). Off unless the tenant has a policy.

use std::time::Duration;

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::version::VersionPolicy;
use scriptorium_model::{Ctx, ScriptId, Timestamp, Uuid};
use sea_orm::FromQueryResult;
use serde_json::{Value, json};

use crate::Store;
use crate::audit::{Note, unaudited};
use crate::db::{Micros, Tx, number};
use crate::error::Result;

/// Versions deleted by one transaction, so that others get their turn.
pub(crate) const BATCH: i64 = 200;

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
        let tx = self.db().write(ctx).await?;
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
                ctx.actor.user().map(|user| user.0).into(),
                Micros::from(self.inner.ambient.now()).into(),
            ]);
        tx.execute(sql).await?;
        let note = marked(&tx, script, version, Some(name)).await?;
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
        let sql = tx
            .sql(
                "delete from version_milestones \
                 where tenant_id = $1 and script_id = $2 and number = $3",
            )
            .with([script.0.into(), version.into()]);
        let deleted = tx.execute(sql).await? > 0;
        let noted = if deleted {
            let note = marked(&tx, script, version, None).await?;
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
        let sql = db.sql("select * from version_policies where tenant_id = $1");
        let row: Option<PolicyRow> = db.one(sql).await?;
        Ok(row.map_or_else(VersionPolicy::default, |row| row.policy()))
    }

    /// Says how many versions the tenant keeps.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn put_version_policy(&self, ctx: &Ctx, policy: VersionPolicy) -> Result<()> {
        let before = self.find_version_policy(ctx).await?;
        let tx = self.db().write(ctx).await?;
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
                ctx.actor.user().map(|user| user.0).into(),
                Micros::from(self.inner.ambient.now()).into(),
            ]);
        tx.execute(sql).await?;
        let subject = Subject::new(SubjectKind::Settings, None, "versions");
        let note = Note::new(Action::SettingsChanged, subject);
        let note = note.change(&shown(before), &shown(policy));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }

    /// Deletes some versions that a policy does not keep; how many.
    pub(crate) async fn prune_some(
        &self,
        ctx: &Ctx,
        policy: VersionPolicy,
        now: Timestamp,
    ) -> Result<u64> {
        let days = policy.max_age_days.map(u64::from);
        let age = days.map(|days| Duration::from_hours(24 * days));
        let oldest = age.and_then(|age| now.checked_sub(age).ok());
        let oldest = oldest.map_or(i64::MIN, Timestamp::as_microsecond);
        let newer = policy.max_count.map_or(i64::MAX, i64::from);
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql(PRUNE)
            .with([oldest.into(), newer.into(), BATCH.into()]);
        let deleted = tx.execute(sql).await?;
        let noted = if deleted > 0 {
            let subject = Subject::new(SubjectKind::Tenant, ctx.tenant.0, "");
            let note = Note::new(Action::VersionsPruned, subject);
            let after = json!({ "versions": deleted, "policy": shown(policy) });
            self.audited(&tx, ctx, note.after(after)).await?
        } else {
            unaudited("nothing changed")
        };
        tx.commit(noted).await?;
        Ok(deleted)
    }
}

fn shown(policy: VersionPolicy) -> Value {
    json!({ "max_count": policy.max_count, "max_age_days": policy.max_age_days })
}

/// What the trail says of a milestone that was set or taken back.
async fn marked(tx: &Tx, script: ScriptId, version: u32, name: Option<&str>) -> Result<Note> {
    let sql = tx
        .sql("select name from scripts where tenant_id = $1 and id = $2")
        .with([script.0.into()]);
    let row: Option<NameRow> = tx.one(sql).await?;
    let of = row.map(|row| row.name).unwrap_or_default();
    let subject = Subject::new(SubjectKind::Script, script.0, &of);
    let after = json!({ "version": version, "milestone": name });
    Ok(Note::new(Action::VersionMarked, subject).after(after))
}

#[derive(FromQueryResult)]
struct NameRow {
    name: String,
}

/// What a policy does not keep: too old, or with enough newer ones; but never the current version, a
/// milestone, or what a pending or running execution names.
const PRUNE: &str = "delete from script_versions \
    where tenant_id = $1 and (script_id, number) in \
    (select v.script_id, v.number from script_versions v \
    join scripts s on s.tenant_id = v.tenant_id and s.id = v.script_id \
    where v.tenant_id = $1 and v.number < s.version \
    and (v.created_at < $2 or (select count(*) from script_versions n \
    where n.tenant_id = v.tenant_id and n.script_id = v.script_id \
    and n.number > v.number) >= $3) \
    and not exists (select 1 from version_milestones m where m.tenant_id = v.tenant_id \
    and m.script_id = v.script_id and m.number = v.number) \
    and not exists (select 1 from executions e where e.tenant_id = v.tenant_id \
    and e.script_id = v.script_id and e.version = v.number \
    and e.status in ('pending', 'running')) \
    order by v.script_id, v.number limit $4)";

#[derive(FromQueryResult)]
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
