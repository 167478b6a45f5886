//! What leads to a script: its schedule, endpoint, subscriptions and tags, kept in step with the
//! script in the transaction that changes it.

use scriptorium_model::schedule::Schedule;
use scriptorium_model::script::{Definition, Script, ScriptStatus};
use scriptorium_model::trigger::{Endpoint, Subscription, Trigger};
use scriptorium_model::{ScriptId, Timestamp, endpoint};

use crate::db::{Tx, micros};
use crate::definition::{concurrency_text, filter_text};
use crate::error::Result;
use crate::schedules::delay_of;

/// The rows that lead to one script.
pub(super) struct Routes<'a> {
    script: ScriptId,
    definition: &'a Definition,
    active: bool,
}

impl<'a> Routes<'a> {
    /// What leads to a script as it stands.
    pub(super) fn of(script: &'a Script) -> Self {
        Self {
            script: script.id,
            definition: &script.definition,
            active: script.status == ScriptStatus::Active,
        }
    }

    /// Makes the stored rows agree.
    pub(super) async fn write(&self, tx: &Tx, now: Timestamp) -> Result<()> {
        if self.definition.trigger.schedule().is_none() {
            Self::remove_from(tx, "delete from schedules where ", self.script).await?;
        }
        for table in [
            "delete from endpoints where ",
            "delete from subscriptions where ",
            "delete from script_tags where ",
        ] {
            Self::remove_from(tx, table, self.script).await?;
        }
        match &self.definition.trigger {
            Trigger::Scheduled(schedule) => self.write_schedule(tx, schedule, now).await?,
            Trigger::Http(endpoint) => self.write_endpoint(tx, endpoint).await?,
            Trigger::Event(subscription) => {
                for kind in &subscription.types {
                    self.write_subscription(tx, kind, subscription).await?;
                }
            }
            Trigger::OneOff | Trigger::Embedded => {}
        }
        for tag in &self.definition.tags {
            self.write_tag(tx, tag).await?;
        }
        Ok(())
    }

    /// Removes every row that leads to the script; its tags stay.
    pub(super) async fn remove(tx: &Tx, script: ScriptId) -> Result<()> {
        for table in [
            "delete from schedules where ",
            "delete from endpoints where ",
            "delete from subscriptions where ",
        ] {
            Self::remove_from(tx, table, script).await?;
        }
        Ok(())
    }

    async fn remove_from(tx: &Tx, delete: &'static str, script: ScriptId) -> Result<()> {
        let mut sql = tx.sql(delete);
        sql.push("tenant_id = $1 and script_id = ").bind(script.0);
        tx.execute(sql).await?;
        Ok(())
    }

    /// A change of something else must not move an instant that is already due. Failures are counted from
    /// the last time it was activated.
    async fn write_schedule(&self, tx: &Tx, schedule: &Schedule, now: Timestamp) -> Result<()> {
        let next = schedule.standing(self.active, now)?.next_at();
        tx.execute(
            tx.sql(
                "insert into schedules (tenant_id, script_id, cron, timezone, active, next_at, \
                 missed, overlap, jitter_seconds, starts_at, ends_at, pause_after, delay, \
                 retries) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
                 on conflict (tenant_id, script_id) do update set \
                 next_at = case when schedules.cron = excluded.cron \
                 and schedules.timezone = excluded.timezone \
                 and schedules.active = excluded.active \
                 and coalesce(schedules.starts_at, 0) = coalesce(excluded.starts_at, 0) \
                 and coalesce(schedules.ends_at, 0) = coalesce(excluded.ends_at, 0) \
                 then schedules.next_at else excluded.next_at end, \
                 failures = case when schedules.active = excluded.active \
                 then schedules.failures else 0 end, \
                 cron = excluded.cron, timezone = excluded.timezone, active = excluded.active, \
                 missed = excluded.missed, overlap = excluded.overlap, \
                 jitter_seconds = excluded.jitter_seconds, starts_at = excluded.starts_at, \
                 ends_at = excluded.ends_at, pause_after = excluded.pause_after, \
                 delay = excluded.delay, retries = excluded.retries",
            )
            .with([
                self.script.0.into(),
                schedule.cron.as_str().into(),
                schedule.timezone.as_str().into(),
                self.active.into(),
                micros(next).into(),
                schedule.missed.as_str().into(),
                schedule.overlap.as_str().into(),
                schedule.jitter_seconds.into(),
                micros(schedule.starts_at).into(),
                micros(schedule.ends_at).into(),
                schedule.pause_after_failures.into(),
                delay_of(schedule, self.script).into(),
                schedule.retries.into(),
            ]),
        )
        .await?;
        Ok(())
    }

    async fn write_endpoint(&self, tx: &Tx, http: &Endpoint) -> Result<()> {
        for method in &http.methods {
            tx.execute(
                tx.sql(
                    "insert into endpoints (tenant_id, script_id, method, path, route_key, auth, \
                     permission, active, rate_limit_per_minute) \
                     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                )
                .with([
                    self.script.0.into(),
                    method.as_str().into(),
                    http.path.as_str().into(),
                    endpoint::normalized(&http.path).into(),
                    http.auth.as_str().into(),
                    http.permission.clone().into(),
                    self.active.into(),
                    http.rate_limit_per_minute.into(),
                ]),
            )
            .await?;
        }
        Ok(())
    }

    async fn write_subscription(
        &self,
        tx: &Tx,
        kind: &str,
        subscription: &Subscription,
    ) -> Result<()> {
        let debounce = subscription.debounce.as_ref();
        let batch = subscription.batch.as_ref();
        tx.execute(
            tx.sql(
                "insert into subscriptions (tenant_id, script_id, event_type, active, filter, \
                 priority, max_attempts, order_by, concurrency, debounce_ms, debounce_key, \
                 batch_ms, batch_events, batch_key) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
                 on conflict do nothing",
            )
            .with([
                self.script.0.into(),
                kind.into(),
                self.active.into(),
                subscription.filter.as_ref().map(filter_text).into(),
                subscription.priority.into(),
                subscription.max_attempts.into(),
                subscription.order_by.clone().into(),
                concurrency_text(self.definition)?.into(),
                debounce.map(|debounce| debounce.wait_ms).into(),
                debounce.and_then(|debounce| debounce.key.clone()).into(),
                batch.map(|batch| batch.wait_ms).into(),
                batch.map(|batch| batch.max_events).into(),
                batch.and_then(|batch| batch.key.clone()).into(),
            ]),
        )
        .await?;
        Ok(())
    }

    async fn write_tag(&self, tx: &Tx, tag: &str) -> Result<()> {
        tx.execute(
            tx.sql(
                "insert into script_tags (tenant_id, script_id, tag) values ($1, $2, $3) \
                 on conflict do nothing",
            )
            .with([self.script.0.into(), tag.into()]),
        )
        .await?;
        Ok(())
    }
}
