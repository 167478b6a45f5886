//! Notifications that are to be sent, in every tenant. Whoever sends one holds it by a lease, as executions are
//! held: what somebody was sending who is gone is sent again, and who comes too late with an end is not heard.

use std::time::Duration;

use scriptorium_model::audit::cut;
use scriptorium_model::notification::{
    ATTEMPTS, Notification, NotificationStatus, SendError, wait,
};
use scriptorium_model::{Ctx, Timestamp, Uuid};

use super::ACROSS_TENANTS;
use super::queue::LeaseId;
use crate::Store;
use crate::audit::unaudited;
use crate::db::{FromRow, Micros};
use crate::error::Result;
use crate::executions::IdRow;
use crate::notifications::{ERROR, NotificationRow};
use crate::store::Change;

/// What a look at the notifications that wait came to.
#[derive(Clone, Debug, Default)]
pub struct ToSend {
    /// Those that the caller holds now, each with the attempt that it is in.
    pub claimed: Vec<(Notification, LeaseId)>,
    /// When the next one is due that was left, if there is one.
    pub next: Option<Timestamp>,
}

impl Store {
    /// Claims up to `limit` notifications that are due, for the time of `lease`. Each tenant that has any gets
    /// its part, so that one which sends thousands keeps nobody else waiting.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn claim_notifications(&self, limit: u32, lease: Duration) -> Result<ToSend> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let now = db.lease_clock(self.inner.ambient.now()).await?;
        let held = db.sql(HELD).with([now.into()]);
        let gone = db.one::<IdRow>(held).await?.is_some();
        let mut lanes: Vec<LaneRow> = db.all(db.sql(LANES)).await?;
        drop(db);
        if gone {
            self.take_back_notifications().await?;
            let db = self.db().read_all(ACROSS_TENANTS).await?;
            lanes = db.all(db.sql(LANES)).await?;
        }
        let due = |lane: &LaneRow| lane.next_at.is_some_and(|at| at.0 <= now.0);
        let later = lanes.iter().filter(|lane| !due(lane));
        let mut next = later.filter_map(|lane| lane.next_at.map(|at| at.0)).min();
        lanes.retain(due);
        if lanes.is_empty() || limit == 0 {
            return Ok(ToSend {
                claimed: Vec::new(),
                next: next.map(|at| Micros(at).into()),
            });
        }
        // Those that have waited longest first: they are the ones that were passed over.
        lanes.sort_by_key(|lane| lane.next_at.map(|at| at.0));
        let share = (limit as usize).div_ceil(lanes.len());
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let now = tx.lease_clock(self.inner.ambient.now()).await?;
        let until = now
            .0
            .saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX));
        let mut claimed = Vec::new();
        for tenant in lanes.iter().filter_map(|lane| lane.tenant_id) {
            let room = share.min(limit as usize - claimed.len());
            if room == 0 {
                break;
            }
            let most = i64::try_from(room).unwrap_or(i64::MAX);
            let sql = tx.sql(FIRST).with([tenant.into(), now.into(), most.into()]);
            let found: Vec<IdRow> = tx.all(sql).await?;
            for row in found {
                let id: Uuid = self.inner.ambient.new_id::<LeaseId>().0;
                let sql = tx.sql(CLAIM).with([
                    tenant.into(),
                    row.id.into(),
                    id.into(),
                    until.into(),
                    now.into(),
                ]);
                // Another node may have been faster.
                if let Some(row) = tx.one::<NotificationRow>(sql).await? {
                    claimed.push((Notification::try_from(row)?, LeaseId(id)));
                }
            }
        }
        tx.commit(unaudited("that it was sent is in its record"))
            .await?;
        // There may be more of the tenants that had some.
        next = Some(next.map_or(now.0, |at| at.min(now.0)));
        Ok(ToSend {
            claimed,
            next: next.map(|at| Micros(at).into()),
        })
    }

    /// Notes what an attempt came to: sent without an error, otherwise to be tried again at an instant, or
    /// failed. False when the lease was lost, and somebody else decides.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn settle_notification(
        &self,
        sent: &Notification,
        lease: LeaseId,
        error: Option<&SendError>,
    ) -> Result<bool> {
        let now = self.inner.ambient.now();
        let chance = u32::from_le_bytes(self.inner.ambient.random());
        let again = error.and_then(|error| wait(sent.attempts, error, chance));
        let status = match (error, again) {
            (None, _) => NotificationStatus::Sent,
            (Some(_), Some(_)) => NotificationStatus::Pending,
            (Some(_), None) => NotificationStatus::Failed,
        };
        let settled = status.is_settled().then_some(now);
        let ctx = Ctx::platform(sent.tenant);
        let tx = self.db().write(&ctx).await?;
        // By the clock that a claim compares with, which is not this server's.
        let clock = Timestamp::from(tx.lease_clock(now).await?);
        let next_at = clock.checked_add(again.unwrap_or_default());
        let sql = tx.sql(SETTLE).with([
            sent.id.0.into(),
            lease.0.into(),
            status.as_str().into(),
            Micros::from(next_at.unwrap_or(Timestamp::MAX)).into(),
            error.map(|error| error.code).into(),
            error.map(|error| cut(&error.message, ERROR)).into(),
            crate::db::micros(settled).into(),
        ]);
        let changed = tx.execute(sql).await?;
        tx.commit(unaudited("that it was sent is in its record"))
            .await?;
        Ok(changed > 0)
    }

    /// Lets those be sent again whose sender is gone, and fails those whose attempts are used up: one that ends
    /// its process cannot do so for ever.
    async fn take_back_notifications(&self) -> Result<()> {
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let now = tx.lease_clock(self.inner.ambient.now()).await?;
        let attempts = i64::from(ATTEMPTS);
        let failed = tx.sql(LOST).with([now.into(), attempts.into()]);
        tx.execute(failed).await?;
        let again = tx.execute(tx.sql(AGAIN).with([now.into()])).await?;
        tx.commit(unaudited("nobody did it")).await?;
        if again > 0 {
            tracing::warn!(again, "took back notifications whose sender was gone");
            self.signal(Change::Notifications);
        }
        Ok(())
    }
}

const HELD: &str =
    "select id from notifications where status = 'sending' and lease_until <= $1 limit 1";

/// Hops from tenant to tenant in the index of what waits, so that it reads neither what a tenant has nor
/// tenants that have nothing. The order is that index's, lest another one is taken.
const LANES: &str = "with recursive lane (tenant_id) as (\
    select (select n.tenant_id from notifications n where n.status = 'pending' \
    order by n.tenant_id, n.next_at limit 1) \
    union all \
    select (select n.tenant_id from notifications n where n.status = 'pending' \
    and n.tenant_id > lane.tenant_id order by n.tenant_id, n.next_at limit 1) \
    from lane where lane.tenant_id is not null) \
    select lane.tenant_id, (select n.next_at from notifications n \
    where n.tenant_id = lane.tenant_id and n.status = 'pending' order by n.next_at limit 1) as next_at \
    from lane where lane.tenant_id is not null";

const FIRST: &str = "select id from notifications where tenant_id = $1 and status = 'pending' \
    and next_at <= $2 order by next_at, id limit $3";

const CLAIM: &str = "update notifications set status = 'sending', attempts = attempts + 1, \
    lease_id = $3, lease_until = $4 where tenant_id = $1 and id = $2 and status = 'pending' \
    and next_at <= $5 returning *";

const SETTLE: &str = "update notifications set status = $4, next_at = $5, error_code = $6, \
    error_message = $7, settled_at = $8, lease_id = null, lease_until = null \
    where tenant_id = $1 and id = $2 and lease_id = $3";

const LOST: &str = "update notifications set status = 'failed', settled_at = $1, lease_id = null, \
    lease_until = null, error_code = 'notification.lost', \
    error_message = 'who sent it was gone before it was known whether it arrived' \
    where status = 'sending' and lease_until <= $1 and attempts >= $2";

const AGAIN: &str = "update notifications set status = 'pending', next_at = $1, lease_id = null, \
    lease_until = null where status = 'sending' and lease_until <= $1";

#[derive(FromRow)]
struct LaneRow {
    tenant_id: Option<Uuid>,
    next_at: Option<Micros>,
}
