//! Tenants: their end, while something of theirs goes on.

use std::time::Duration;

use futures_util::{StreamExt, pin_mut};
use scriptorium::model::execution::ExecutionStatus;
use scriptorium::model::permission::Role;
use scriptorium::model::tenant::Tenant;
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Ctx, TenantId, Uuid};
use scriptorium::{Error, ErrorKind, Execute, Live, Mode, NewUser};
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{World, definition, json as doc};

/// Less than what runs would be given if it did not stop when it is told to.
const SOON: Duration = Duration::from_secs(20);

/// An administrator of the platform, and a tenant of theirs.
async fn doomed(world: &World) -> (Ctx, Tenant) {
    let ctx = Ctx {
        permissions: Role::Superadmin.permissions(),
        ..world.ctx.clone()
    };
    let tenants = world.platform.tenants();
    let made = tenants.create(&ctx, "doomed", "Doomed").await;
    (ctx, made.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_in_a_deleted_tenant_is_stopped_first() {
    let world = World::new().await;
    let (admin, tenant) = doomed(&world).await;
    let own = Ctx::host(tenant.id);
    let mut endless = definition("endless", Trigger::OneOff, "console.log('on'); for (;;);");
    endless.limits.wall = Duration::from_secs(300);
    endless.limits.cpu = Duration::from_secs(300);
    let scripts = world.platform.scripts();
    let script = scripts.create(&own, endless, "").await.unwrap();
    let execute = |mode| Execute::new(script.id, doc(json!({})), mode);
    let user = NewUser {
        email: "of@doomed.example".into(),
        name: "Ada".into(),
        role: Role::OrgAdmin,
        extra_permissions: vec![],
        password: Some("correct horse battery".into()),
        locale: "en".into(),
    };
    world.platform.users().create(&own, user).await.unwrap();
    let sign_in = async || {
        let platform = &world.platform;
        let signed = platform.sign_in("of@doomed.example", "correct horse battery", None, None);
        signed.await.map(|signed| signed.secret)
    };
    let session = sign_in().await.unwrap();

    // One from the queue, one that a caller waits for.
    let executions = world.platform.executions();
    let queued = executions
        .execute(&own, execute(Mode::Async))
        .await
        .unwrap();
    let mut waited = JoinSet::new();
    let (platform, ctx, what) = (world.platform.clone(), own.clone(), execute(Mode::Sync));
    waited.spawn(async move { platform.executions().execute(&ctx, what).await });
    let stream = executions.watch(&own, queued.id).await.unwrap();
    pin_mut!(stream);
    while !matches!(stream.next().await, Some(Ok(Live::Log(_)))) {}
    while world.platform.status().runtime.executions < 2 {
        tokio::task::yield_now().await;
    }

    let tenants = world.platform.tenants();
    let deleting = tenants.delete(&admin, tenant.id, "doomed");
    let deleted = tokio::time::timeout(SOON, deleting).await;
    deleted.expect("nothing of it keeps it waiting").unwrap();
    assert_eq!(world.platform.status().runtime.executions, 0);
    match waited.join_next().await.unwrap().unwrap() {
        Ok(ended) => assert_eq!(ended.status, ExecutionStatus::Cancelled),
        // Its end came when there was nowhere to keep it.
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound),
    }
    let slugs = tenants.list(&admin).await.unwrap().into_iter();
    assert!(slugs.map(|tenant| tenant.slug).all(|slug| slug != "doomed"));
    let signed = world.platform.authenticate_session(&session).await.unwrap();
    assert!(signed.is_none());
    let refused = sign_in().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_tenant_is_deleted_by_who_may_and_means_it() {
    let world = World::new().await;
    let (admin, tenant) = doomed(&world).await;
    let first = world.platform.default_tenant().clone();
    let inside = Ctx {
        permissions: Role::Superadmin.permissions(),
        ..Ctx::host(tenant.id)
    };
    let org_admin = world.user("admin", Role::OrgAdmin).await;
    let nobody = TenantId(Uuid::nil());
    for (ctx, id, slug, kind, code) in [
        (&admin, nobody, "doomed", ErrorKind::NotFound, "not_found"),
        (
            &admin,
            tenant.id,
            "Doomed",
            ErrorKind::Invalid,
            "validation_failed",
        ),
        (
            &admin,
            first.id,
            "default",
            ErrorKind::Conflict,
            "default_tenant",
        ),
        (
            &inside,
            first.id,
            "default",
            ErrorKind::Conflict,
            "default_tenant",
        ),
        (
            &inside,
            tenant.id,
            "doomed",
            ErrorKind::Conflict,
            "own_tenant",
        ),
        (
            &org_admin,
            tenant.id,
            "doomed",
            ErrorKind::Forbidden,
            "permission_denied",
        ),
    ] {
        let tenants = world.platform.tenants();
        let refused: Error = tenants.delete(ctx, id, slug).await.unwrap_err();
        assert_eq!((refused.kind(), refused.code()), (kind, code), "{slug}");
    }
    assert_eq!(
        world.platform.tenants().list(&admin).await.unwrap().len(),
        2
    );
}
