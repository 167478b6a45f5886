//! Signing in, sessions and tokens.

use std::time::Duration;

use scriptorium::model::Ctx;
use scriptorium::model::permission::Role;
use scriptorium::{Error, ErrorKind, NewToken, NewUser};

use crate::world::World;

#[track_caller]
fn refused(result: Result<impl Sized, Error>, kind: ErrorKind, code: &str) {
    let error = result.err().expect("should be refused");
    assert_eq!((error.kind(), error.code()), (kind, code), "{error}");
}

fn token(permissions: &[&str]) -> NewToken {
    NewToken {
        name: "ci".into(),
        tenant: None,
        permissions: permissions.iter().map(ToString::to_string).collect(),
        expires_at: None,
    }
}

#[tokio::test]
async fn a_session_lives_until_it_is_ended_or_forgotten() {
    let world = World::new().await;
    let platform = &world.platform;
    for (email, password) in [
        ("admin@localhost", "wrong"),
        ("nobody@localhost", "correct horse"),
        ("", ""),
    ] {
        refused(
            platform.sign_in(email, password, None, None).await,
            ErrorKind::Unauthenticated,
            "unauthenticated",
        );
    }
    let signed_in = platform
        .sign_in(" Admin@localhost ", "correct horse", None, None)
        .await
        .unwrap();
    let caller = platform
        .authenticate_session(&signed_in.secret)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(caller.user.unwrap().email, "admin@localhost");
    assert!(
        platform
            .authenticate_session("another")
            .await
            .unwrap()
            .is_none()
    );
    platform.sign_out(&caller.ctx).await.unwrap();
    assert!(
        platform
            .authenticate_session(&signed_in.secret)
            .await
            .unwrap()
            .is_none()
    );

    let again = platform
        .sign_in("admin@localhost", "correct horse", None, None)
        .await
        .unwrap();
    world.advance(Duration::from_secs(47 * 3600));
    assert!(
        platform
            .authenticate_session(&again.secret)
            .await
            .unwrap()
            .is_some()
    );
    world.advance(Duration::from_secs(49 * 3600));
    assert!(
        platform
            .authenticate_session(&again.secret)
            .await
            .unwrap()
            .is_none()
    );
}

/// An address may have an account in several tenants, so that adding a user tells nothing of others
/// (P3.1); which one is meant is said by the password, and by the tenant where that is not enough.
#[tokio::test]
async fn an_address_with_several_accounts_signs_in_to_the_one_that_is_meant() {
    let world = World::new().await;
    let platform = &world.platform;
    let superadmin = Ctx {
        permissions: Role::Superadmin.permissions(),
        ..world.ctx.clone()
    };
    for slug in ["acme", "globex"] {
        world.advance(Duration::from_secs(1));
        let made = platform.tenants().create(&superadmin, slug, slug).await;
        let ctx = Ctx {
            tenant: made.unwrap().id,
            ..superadmin.clone()
        };
        let ada = NewUser {
            email: "ada@example.com".into(),
            name: "Ada".into(),
            role: Role::Developer,
            extra_permissions: vec![],
            password: Some("one and the same".into()),
            locale: "en".into(),
        };
        platform.users().create(&ctx, ada.clone()).await.unwrap();
        let again = platform.users().create(&ctx, ada).await;
        refused(again, ErrorKind::Conflict, "not_unique");
    }
    let here = NewUser {
        email: "ada@example.com".into(),
        name: "Ada".into(),
        role: Role::Viewer,
        extra_permissions: vec![],
        password: Some("of the default tenant".into()),
        locale: "en".into(),
    };
    platform.users().create(&world.ctx, here).await.unwrap();

    let check = async |password: &str, tenant: Option<&str>, expected: Result<&str, &str>| {
        let signed_in = platform
            .sign_in("ada@example.com", password, tenant, None)
            .await;
        let slug = signed_in.map(|signed_in| signed_in.caller.tenant.slug);
        let slug = slug.map_err(|error| error.code().to_owned());
        assert_eq!(
            slug.as_deref().map_err(String::as_str),
            expected,
            "{password} in {tenant:?}"
        );
    };
    check("of the default tenant", None, Ok("default")).await;
    check("of the default tenant", Some(""), Ok("default")).await;
    check("one and the same", Some("globex"), Ok("globex")).await;
    check("one and the same", None, Err("validation_failed")).await;
    check("one and the same", Some("default"), Err("unauthenticated")).await;
    check("one and the same", Some("nowhere"), Err("unauthenticated")).await;
    check("of nobody at all", None, Err("unauthenticated")).await;
    let asked = platform
        .sign_in("ada@example.com", "one and the same", None, None)
        .await;
    let refusal = asked.unwrap_err();
    let error = &refusal.invalid().unwrap().errors[0];
    assert_eq!((error.field.as_str(), error.code), ("tenant", "several"));
    assert_eq!(error.params, [("values", "acme, globex".to_owned())]);
}

#[tokio::test]
async fn a_token_never_exceeds_its_maker() {
    let world = World::new().await;
    let tokens = world.platform.tokens();
    let admin = world.user("ada", Role::OrgAdmin).await;
    refused(
        tokens.create(&admin, token(&["tenants.manage"])).await,
        ErrorKind::Invalid,
        "validation_failed",
    );
    let developer = world.user("dev", Role::Developer).await;
    refused(
        tokens.create(&developer, token(&["scripts.read"])).await,
        ErrorKind::Forbidden,
        "permission_denied",
    );

    let (made, secret) = tokens
        .create(&admin, token(&["scripts.read"]))
        .await
        .unwrap();
    let caller = world
        .platform
        .authenticate_token(&secret)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        caller.ctx.permissions.names().collect::<Vec<_>>(),
        ["scripts.read"]
    );
    tokens.revoke(&admin, made.id).await.unwrap();
    assert!(
        world
            .platform
            .authenticate_token(&secret)
            .await
            .unwrap()
            .is_none()
    );
}

/// A token for another tenant is bound by its maker as one for their own is (D12).
#[tokio::test]
async fn a_token_for_another_tenant_remembers_its_maker() {
    let world = World::new().await;
    let platform = &world.platform;
    let signed_in = platform
        .sign_in("admin@localhost", "correct horse", None, None)
        .await;
    let root = signed_in.unwrap().caller.ctx;
    let tenants = platform.tenants();
    let acme = tenants.create(&root, "acme", "Acme").await.unwrap();
    let new = NewToken {
        tenant: Some("acme".into()),
        ..token(&["scripts.read"])
    };
    let (_, secret) = platform.tokens().create(&root, new).await.unwrap();
    let caller = platform.authenticate_token(&secret).await.unwrap().unwrap();
    assert_eq!(caller.ctx.tenant, acme.id);
    assert_eq!(caller.ctx.actor.user(), root.actor.user());
    let rights: Vec<&str> = caller.ctx.permissions.names().collect();
    assert_eq!(rights, ["scripts.read"]);
}

#[tokio::test]
async fn the_bootstrap_token_lives_with_the_setting() {
    let secret = "a bootstrap token of forty characters...";
    let world = World::with(|builder| builder.bootstrap_token(secret)).await;
    let caller = world
        .platform
        .authenticate_token(secret)
        .await
        .unwrap()
        .unwrap();
    assert!(caller.ctx.permissions.allows("tenants.manage"));
    let world = world.restarted(|builder| builder).await;
    assert!(
        world
            .platform
            .authenticate_token(secret)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn tenants_see_nothing_of_each_other() {
    let world = World::new().await;
    let platform = &world.platform;
    let root = platform
        .sign_in("admin@localhost", "correct horse", None, None)
        .await
        .unwrap()
        .caller
        .ctx;
    platform
        .tenants()
        .create(&root, "acme", "Acme")
        .await
        .unwrap();
    let acme = platform.tenant("acme").await.unwrap();
    let script = world
        .active(crate::world::definition(
            "mine",
            scriptorium::model::trigger::Trigger::OneOff,
            "return 1",
        ))
        .await;
    refused(
        platform.scripts().find(acme.ctx(), script.id).await,
        ErrorKind::NotFound,
        "not_found",
    );
    let page = scriptorium::model::page::PageRequest::first();
    let list = platform
        .scripts()
        .list(acme.ctx(), &Default::default(), &page)
        .await
        .unwrap();
    assert!(list.items.is_empty());
}
