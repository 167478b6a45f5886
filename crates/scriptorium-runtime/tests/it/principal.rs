//! Whose rights a run has (D12).

use scriptorium_model::permission::{PermissionSet, Role};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::user::User;
use scriptorium_model::{Actor, Ctx, UserId};
use scriptorium_runtime::principal::{Parties, Party, Refusal, effective};

use crate::harness::{Harness, create_user};

struct Cast {
    harness: Harness,
    admin: User,
    developer: User,
    gone: User,
}

async fn cast() -> Cast {
    let harness = Harness::new().await;
    let ctx = harness.ctx();
    let admin = harness.user.clone();
    let mut developer =
        create_user(&harness.store, &ctx, &harness.ambient, "dev@example.com").await;
    developer.role = Role::Developer;
    developer.extra_permissions = PermissionSet::from_names(["reports.view"]);
    harness.store.update_user(&ctx, &developer).await.unwrap();
    let mut gone = create_user(&harness.store, &ctx, &harness.ambient, "gone@example.com").await;
    gone.active = false;
    harness.store.update_user(&ctx, &gone).await.unwrap();
    Cast {
        harness,
        admin,
        developer,
        gone,
    }
}

impl Cast {
    fn caller(&self, actor: Actor, permissions: PermissionSet) -> Ctx {
        Ctx {
            actor,
            permissions,
            ..self.harness.ctx()
        }
    }

    fn user(&self, id: UserId) -> Ctx {
        self.caller(Actor::User { id, session: None }, PermissionSet::all())
    }

    async fn check(&self, caller: &Ctx, parties: Parties, allowed: &[&str], denied: &[&str]) {
        let principal = effective(&self.harness.store, caller, parties)
            .await
            .unwrap();
        for name in allowed {
            assert!(principal.permissions.allows(name), "{name} is missing");
        }
        for name in denied {
            assert!(!principal.permissions.allows(name), "{name} is too much");
        }
    }

    async fn check_gone(&self, caller: &Ctx, parties: Parties, who: Party) {
        let refusal = effective(&self.harness.store, caller, parties).await;
        let Err(Refusal::Gone { party, user }) = refusal else {
            panic!("{refusal:?}");
        };
        assert_eq!((party, user), (who, self.gone.id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_may_do_what_all_its_people_may() {
    let cast = cast().await;
    let (admin, developer) = (Some(cast.admin.id), Some(cast.developer.id));
    let parties = |run_as, author, activator| Parties {
        run_as,
        author,
        activator,
        libraries: Vec::new(),
    };
    let by_admin = cast.user(cast.admin.id);
    cast.check(
        &by_admin,
        parties(None, admin, admin),
        &["users.manage", "reports.view"],
        &["tenants.manage"],
    )
    .await;
    // A developer's code does not gain an administrator's rights by being run by one.
    cast.check(
        &by_admin,
        parties(None, developer, admin),
        &["reports.view"],
        &["users.manage"],
    )
    .await;
    let by_developer = cast.user(cast.developer.id);
    cast.check(
        &by_developer,
        parties(None, admin, admin),
        &["scripts.execute"],
        &["users.manage"],
    )
    .await;
    // A token may do less than its user.
    let id = cast.harness.ambient.new_id();
    let token = Actor::Token { id, user: admin };
    let token = cast.caller(token, PermissionSet::from_names(["scripts.execute"]));
    cast.check(
        &token,
        parties(None, admin, admin),
        &["scripts.execute"],
        &["users.manage"],
    )
    .await;
    // Nobody asked: the run-as user.
    let platform = cast.harness.ctx();
    cast.check(
        &platform,
        parties(developer, admin, admin),
        &["reports.view"],
        &["users.manage"],
    )
    .await;
    let host = Ctx::host(cast.harness.tenant.id);
    cast.check(
        &host,
        Parties::default(),
        &["users.manage"],
        &["tenants.manage"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn person_who_is_gone_is_named() {
    let cast = cast().await;
    let gone = Some(cast.gone.id);
    let platform = cast.harness.ctx();
    let run_as = Parties {
        run_as: gone,
        ..Parties::default()
    };
    cast.check_gone(&platform, run_as, Party::RunAs).await;
    let author = Parties {
        author: gone,
        ..Parties::default()
    };
    cast.check_gone(&platform, author, Party::Author).await;
    let activator = Parties {
        activator: gone,
        ..Parties::default()
    };
    cast.check_gone(&platform, activator, Party::Activator)
        .await;
    let caller = cast.user(cast.gone.id);
    cast.check_gone(&caller, Parties::default(), Party::Caller)
        .await;
}

/// Whoever runs the platform may act in any tenant, for as long as they run it; any other user of
/// another tenant is a stranger here.
#[tokio::test(flavor = "multi_thread")]
async fn administrators_of_the_platform_count_in_every_tenant() {
    let mut cast = cast().await;
    let (store, ambient) = (cast.harness.store.clone(), cast.harness.ambient.clone());
    let other = Tenant {
        id: ambient.new_id(),
        slug: "operations".to_owned(),
        name: "Operations".to_owned(),
        created_at: ambient.now(),
    };
    store
        .create_tenant(&Ctx::platform(other.id), &other)
        .await
        .unwrap();
    let other = Ctx::platform(other.id);
    let mut operator = create_user(&store, &other, &ambient, "ops@example.com").await;
    operator.role = Role::Superadmin;
    store.update_user(&other, &operator).await.unwrap();
    let caller = cast.user(operator.id);
    cast.check(&caller, Parties::default(), &["scripts.execute"], &[])
        .await;
    operator.role = Role::OrgAdmin;
    store.update_user(&other, &operator).await.unwrap();
    cast.gone = operator;
    cast.check_gone(&caller, Parties::default(), Party::Caller)
        .await;
}
