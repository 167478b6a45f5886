//! Notifications: messages to people that scripts send. What has become of each, and what a person does about it.

use async_recursion::async_recursion as boxed;
use scriptorium_model::notification::{Notification, SendMode};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::{Ctx, NotificationId, policy};
use scriptorium_store::{Allowance, NotificationFilter};

use crate::error::Result;
use crate::platform::Platform;

/// Notifications of a tenant; from [`Platform::notifications`].
#[derive(Clone, Copy, Debug)]
pub struct Notifications<'a>(pub(crate) &'a Platform);

impl Notifications<'_> {
    /// Notifications that match, the newest first.
    ///
    /// # Errors
    /// The permission `notifications.manage` is missing, or the cursor is of another list.
    #[boxed]
    pub async fn list(
        &self,
        ctx: &Ctx,
        filter: &NotificationFilter,
        page: &PageRequest,
    ) -> Result<Page<Notification>> {
        policy::require(ctx, Permission::NotificationsManage)?;
        Ok(self.0.store().list_notifications(ctx, filter, page).await?)
    }

    /// One notification, with what it says.
    ///
    /// # Errors
    /// No such notification, or the permission `notifications.manage` is missing.
    #[boxed]
    pub async fn find(&self, ctx: &Ctx, id: NotificationId) -> Result<Notification> {
        policy::require(ctx, Permission::NotificationsManage)?;
        Ok(self.0.store().find_notification(ctx, id).await?)
    }

    /// Lets one that failed be sent once more, with all its attempts.
    ///
    /// # Errors
    /// No such notification; the permission `notifications.manage` is missing; a conflict on `status`
    /// (`forbidden_move`) unless it has failed.
    #[boxed]
    pub async fn retry(&self, ctx: &Ctx, id: NotificationId) -> Result<Notification> {
        policy::require(ctx, Permission::NotificationsManage)?;
        Ok(self.0.store().retry_notification(ctx, id).await?)
    }

    /// Gives one up that waits or has failed; it stays on record until its time is over.
    ///
    /// # Errors
    /// No such notification; the permission `notifications.manage` is missing; a conflict on `status`
    /// (`forbidden_move`) otherwise.
    #[boxed]
    pub async fn discard(&self, ctx: &Ctx, id: NotificationId) -> Result<Notification> {
        policy::require(ctx, Permission::NotificationsManage)?;
        Ok(self.0.store().discard_notification(ctx, id).await?)
    }

    /// Whether the tenant's notifications are sent, and how many it may still send today.
    ///
    /// # Errors
    /// The permission `notifications.manage` is missing.
    #[boxed]
    pub async fn allowance(&self, ctx: &Ctx) -> Result<Allowance> {
        policy::require(ctx, Permission::NotificationsManage)?;
        Ok(self.0.store().notification_allowance(ctx).await?)
    }

    /// Says whether the tenant's notifications are sent, or only recorded. When they are to be recorded, those
    /// that wait are from then on, and nobody sends them any more; how many those were.
    ///
    /// # Errors
    /// The permission `notifications.manage` is missing.
    #[boxed]
    pub async fn set_mode(&self, ctx: &Ctx, mode: SendMode) -> Result<u64> {
        policy::require(ctx, Permission::NotificationsManage)?;
        Ok(self.0.store().set_notification_mode(ctx, mode).await?)
    }
}

impl Platform {
    /// Sends the notifications of all tenants that are due now, as it is done in the background, and waits for
    /// the attempts; how many there were.
    ///
    /// # Errors
    /// The database failed.
    #[boxed]
    pub async fn send_notifications(&self) -> Result<u32> {
        Ok(self.runtime().send_notifications().await?)
    }
}
