//! People who are deleted: nothing runs by rights that nobody has any more, and nothing by more.

use std::time::Duration;

use scriptorium::model::execution::TriggerKind;
use scriptorium::model::permission::Role;
use scriptorium::model::schedule::Schedule;
use scriptorium::model::script::{Script, ScriptStatus};
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Ctx, UserId};
use scriptorium::{Error, ErrorKind, Execute, Mode, NewToken, Update};
use serde_json::json;

use crate::world::{World, definition, json as doc};

fn who(ctx: &Ctx) -> UserId {
    ctx.actor.user().unwrap()
}

/// A script that one person wrote and another switched on.
async fn script(world: &World, author: &Ctx, activator: &Ctx, trigger: Trigger) -> Script {
    let scripts = world.platform.scripts();
    let written = definition("abc", trigger, "return 1");
    let script = scripts.create(author, written, "").await.unwrap();
    let active = scripts.set_status(activator, script.id, ScriptStatus::Active, None);
    active.await.unwrap()
}

async fn run(world: &World, ctx: &Ctx, script: &Script) -> Result<(), Error> {
    let what = Execute {
        trigger: TriggerKind::Manual,
        ..Execute::new(script.id, doc(json!({})), Mode::Sync)
    };
    world
        .platform
        .executions()
        .execute(ctx, what)
        .await
        .map(drop)
}

#[tokio::test]
async fn what_somebody_wrote_runs_no_more_until_somebody_stands_for_it() {
    let world = World::new().await;
    let admin = world.user("admin", Role::OrgAdmin).await;
    let author = world.user("author", Role::Developer).await;
    let script = script(&world, &author, &admin, Trigger::OneOff).await;
    run(&world, &admin, &script).await.unwrap();
    let users = world.platform.users();
    users.delete(&admin, who(&author)).await.unwrap();
    // Not by whoever asks, nor by the host, whose rights have no bound of their own.
    for ctx in [&admin, &world.ctx] {
        let refused = run(&world, ctx, &script).await.unwrap_err();
        assert_eq!(refused.code(), "principal_gone", "{refused}");
    }
    let scripts = world.platform.scripts();
    let kept = scripts.version(&admin, script.id, 1).await.unwrap();
    assert_eq!(kept.created_by, Some(who(&author)));
    let mut changed = script.definition.clone();
    changed.source = "return 2".into();
    let update = Update {
        base_version: None,
        definition: changed,
        change_description: "mine now".into(),
    };
    scripts.update(&admin, script.id, update).await.unwrap();
    run(&world, &admin, &script).await.unwrap();
}

/// The clock stands at 08:59 when a test begins.
#[tokio::test]
async fn a_schedule_of_somebody_who_is_gone_pauses_with_the_reason() {
    let world = World::with(|builder| builder.triggers(false)).await;
    let admin = world.user("admin", Role::OrgAdmin).await;
    let owner = world.user("owner", Role::Developer).await;
    let nine = Trigger::Scheduled(Schedule::new("0 9 * * *", "UTC"));
    let script = script(&world, &owner, &admin, nine).await;
    let users = world.platform.users();
    users.delete(&admin, who(&owner)).await.unwrap();
    world.advance(Duration::from_secs(120));
    let world = world.restarted(|builder| builder).await;
    let scripts = world.platform.scripts();
    let paused = loop {
        let script = scripts.find(&admin, script.id).await.unwrap();
        if script.status == ScriptStatus::Paused {
            break script;
        }
        tokio::task::yield_now().await;
    };
    let reason = paused.paused_reason.unwrap();
    assert!(reason.contains("no longer an active user"), "{reason}");
}

#[tokio::test]
async fn who_is_deleted_is_out_at_once() {
    let world = World::new().await;
    let admin = world.user("admin", Role::OrgAdmin).await;
    let person = world.user("person", Role::Developer).await;
    let token = NewToken {
        name: "theirs".into(),
        tenant: None,
        permissions: vec!["scripts.read".into()],
        expires_at: None,
    };
    let mut maker = person.clone();
    maker.permissions = Role::OrgAdmin.permissions();
    let made = world.platform.tokens().create(&maker, token).await;
    let (_, secret) = made.unwrap();
    let works = async || {
        let caller = world.platform.authenticate_token(&secret).await;
        caller.unwrap().is_some()
    };
    assert!(works().await);
    let users = world.platform.users();
    users.delete(&admin, who(&person)).await.unwrap();
    assert!(!works().await);
    let left = users.list(&admin).await.unwrap();
    assert!(left.iter().all(|user| user.id != who(&person)));
    // Another one with their address is another one.
    let again = world.user("person", Role::Developer).await;
    assert_ne!(who(&again), who(&person));
}

#[tokio::test]
async fn nobody_deletes_themselves_or_who_may_do_more() {
    let world = World::new().await;
    let admin = world.user("admin", Role::OrgAdmin).await;
    let developer = world.user("developer", Role::Developer).await;
    let signed = world
        .platform
        .sign_in("admin@localhost", "correct horse", None, None);
    let chief = signed.await.unwrap().caller.ctx;
    let cases = [
        (&admin, who(&admin), ErrorKind::Conflict, "own_user"),
        (&admin, who(&chief), ErrorKind::Invalid, "validation_failed"),
        (
            &developer,
            who(&admin),
            ErrorKind::Forbidden,
            "permission_denied",
        ),
    ];
    let users = world.platform.users();
    for (ctx, id, kind, code) in cases {
        let refused = users.delete(ctx, id).await.unwrap_err();
        assert_eq!((refused.kind(), refused.code()), (kind, code));
    }
    users.delete(&chief, who(&admin)).await.unwrap();
    let gone = users.delete(&chief, who(&admin)).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}
