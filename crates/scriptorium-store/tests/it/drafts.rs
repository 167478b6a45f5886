//! Drafts, milestones, what is pruned and what is kept, and the end of the trash.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::draft::{DRAFTS_PER_USER, DraftText};
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::version::VersionPolicy;
use scriptorium_model::{Ctx, Json, Timestamp, UserId};
use scriptorium_store::{ImportStep, ScriptFilter, Trashed};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_conflict, assert_missing, completed, user};

const DAY: Duration = Duration::from_secs(86_400);

fn text(source: &str, base_version: u32) -> DraftText {
    DraftText {
        source: source.into(),
        settings: Some(Json::parse(r#"{"name":"Отчёт"}"#).unwrap()),
        base_version,
    }
}

fn me(ctx: &Ctx) -> UserId {
    ctx.actor.user().unwrap()
}

/// A second user of the tenant.
async fn colleague(world: &World) -> UserId {
    let user = user(&world.ambient, world.ctx.tenant, "ben@acme.test");
    world.store.create_user(&world.ctx, &user).await.unwrap();
    user.id
}

async fn save(world: &World, script: &Script, source: &str) -> u32 {
    let mut definition = script.definition.clone();
    definition.source = source.into();
    let (store, ctx) = (&world.store, &world.ctx);
    let saved = store.update_script(ctx, script.id, None, definition, "");
    saved.await.unwrap().version
}

#[rstest]
#[tokio::test]
async fn a_draft_is_its_users_alone_and_the_last_one_kept(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let (id, me) = (world.script("drafted").await.id, me(ctx));
    assert_eq!(store.find_draft(ctx, id, me).await.unwrap(), None);
    let first = store.put_draft(ctx, id, me, text("one", 1)).await.unwrap();
    world.advance(Duration::from_secs(2));
    let second = store.put_draft(ctx, id, me, text("", 1)).await.unwrap();
    assert_eq!(second.text, text("", 1));
    assert_eq!(second.created_at, first.created_at);
    assert_eq!(second.updated_at, world.now());
    assert_eq!(store.find_draft(ctx, id, me).await.unwrap(), Some(second));

    let ben = colleague(&world).await;
    assert_eq!(store.find_draft(ctx, id, ben).await.unwrap(), None);
    assert!(!store.delete_draft(ctx, id, ben).await.unwrap());
    assert!(store.delete_draft(ctx, id, me).await.unwrap());
    assert_eq!(store.find_draft(ctx, id, me).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn what_is_archived_takes_no_draft_and_no_version(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("archived").await;
    let (draft, archived) = (ScriptStatus::Draft, ScriptStatus::Archived);
    let moved = store
        .set_status(ctx, script.id, draft, archived, None)
        .await;
    moved.unwrap();
    let kept = store
        .put_draft(ctx, script.id, me(ctx), text("one", 1))
        .await;
    assert_conflict(kept, ("archived", "status"));
    for base in [None, Some(1)] {
        let mut definition = script.definition.clone();
        definition.source = "return 2".into();
        let saved = store
            .update_script(ctx, script.id, base, definition, "")
            .await;
        assert_conflict(saved, ("archived", "status"));
    }
    let step = ImportStep::Replace {
        id: script.id,
        base_version: 1,
        definition: Box::new(script.definition.clone()),
        change_description: String::new(),
        milestone: None,
        pins: Vec::new(),
    };
    let imported = store.import_scripts(ctx, &[step], true).await.unwrap();
    assert_eq!(imported, [Some(("archived", "status"))]);
    assert_eq!(store.find_script(ctx, script.id).await.unwrap().version, 1);
}

#[rstest]
#[tokio::test]
async fn a_draft_of_another_tenant_does_not_exist(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let (id, me) = (world.script("drafted").await.id, me(ctx));
    store.put_draft(ctx, id, me, text("x", 1)).await.unwrap();
    assert_eq!(store.find_draft(other, id, me).await.unwrap(), None);
    assert!(!store.delete_draft(other, id, me).await.unwrap());
    assert_missing(store.put_draft(other, id, me, text("y", 1)).await);
    // Nor may somebody of elsewhere have one here.
    let stranger = other.actor.user().unwrap();
    assert_missing(store.put_draft(ctx, id, stranger, text("y", 1)).await);
    assert_missing(store.set_milestone(other, id, 1, "mine").await);
    assert!(!store.delete_milestone(other, id, 1).await.unwrap());
    let draft = store.find_draft(ctx, id, me).await.unwrap().unwrap();
    assert_eq!(draft.text.source, "x");
}

#[rstest]
#[tokio::test]
async fn a_draft_of_an_older_version_is_refused_and_the_one_before_stays(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("contested").await;
    let ben = colleague(&world).await;
    let put = async |base| {
        store
            .put_draft(ctx, script.id, ben, text("mine", base))
            .await
    };
    put(1).await.unwrap();
    assert_eq!(save(&world, &script, "return 'theirs'").await, 2);
    assert_conflict(put(1).await, ("stale_version", "base_version"));
    assert_conflict(put(3).await, ("stale_version", "base_version"));
    let kept = store.find_draft(ctx, script.id, ben).await.unwrap();
    assert_eq!(kept.unwrap().text.base_version, 1);
    assert_eq!(put(2).await.unwrap().text.base_version, 2);
}

#[rstest]
#[tokio::test]
async fn saving_ends_the_draft_of_who_saves_and_of_nobody_else(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("saved").await;
    let ben = colleague(&world).await;
    for user in [me(ctx), ben] {
        let put = store.put_draft(ctx, script.id, user, text("x", 1));
        put.await.unwrap();
    }
    save(&world, &script, "return 2").await;
    let left = async |user| store.find_draft(ctx, script.id, user).await.unwrap();
    assert_eq!(left(me(ctx)).await, None);
    assert!(left(ben).await.is_some());
}

#[rstest]
#[tokio::test]
async fn a_user_has_only_so_many_drafts(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let mut last = None;
    for index in 0..=DRAFTS_PER_USER {
        let script = world.script(&format!("script {index}")).await;
        let put = store.put_draft(ctx, script.id, me(ctx), text("x", 1)).await;
        if index < DRAFTS_PER_USER {
            put.unwrap();
            last = Some(script.id);
        } else {
            assert_conflict(put, ("too_many_drafts", "draft"));
        }
    }
    // One that is there may still be written.
    let again = store.put_draft(ctx, last.unwrap(), me(ctx), text("y", 1));
    again.await.unwrap();
}

#[rstest]
#[tokio::test]
async fn a_draft_rests_in_the_trash_and_ends_with_its_script(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let (id, me) = (world.script("trashed").await.id, me(ctx));
    store.put_draft(ctx, id, me, text("x", 1)).await.unwrap();
    store.delete_script(ctx, id).await.unwrap();
    assert_eq!(store.find_draft(ctx, id, me).await.unwrap(), None);
    assert_missing(store.put_draft(ctx, id, me, text("y", 1)).await);
    store.restore_script(ctx, id).await.unwrap();
    assert!(store.find_draft(ctx, id, me).await.unwrap().is_some());
    store.delete_script(ctx, id).await.unwrap();
    store.purge_script(ctx, id).await.unwrap();
    assert_missing(store.restore_script(ctx, id).await);
    assert!(!store.delete_draft(ctx, id, me).await.unwrap());
}

/// Prunes a script with versions 1 to 6, one a day, of which 2 is a milestone; gives what is left.
async fn check(database: Database, policy: VersionPolicy, expected: &[u32]) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("pruned").await;
    let bystander = world.script("bystander").await;
    // Version 1 waits to run.
    world.pending(ctx, &script).await;
    for number in 2..=6 {
        world.advance(DAY);
        save(&world, &script, &format!("return {number}")).await;
    }
    save(&world, &bystander, "return 2").await;
    store
        .set_milestone(ctx, script.id, 2, "before")
        .await
        .unwrap();
    store.put_version_policy(ctx, policy).await.unwrap();
    assert_eq!(store.find_version_policy(ctx).await.unwrap(), policy);
    let other = store.find_version_policy(&world.other).await.unwrap();
    assert!(other.keeps_all());
    store.prune_versions(world.now()).await.unwrap();
    assert_eq!(store.prune_versions(world.now()).await.unwrap(), 0);
    let left = numbers(&world, &script).await;
    assert_eq!(left, expected, "{policy:?}");
}

async fn numbers(world: &World, script: &Script) -> Vec<u32> {
    let page = scriptorium_model::page::PageRequest::first();
    let list = world.store.list_versions(&world.ctx, script.id, &page);
    let mut numbers: Vec<u32> = list.await.unwrap().items.iter().map(|v| v.number).collect();
    numbers.reverse();
    numbers
}

#[rstest]
#[tokio::test]
async fn pruning_keeps_what_runs_what_will_run_and_milestones(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let policy = |max_count, max_age_days| VersionPolicy {
        max_count,
        max_age_days,
    };
    check(database, policy(None, None), &[1, 2, 3, 4, 5, 6]).await;
    check(database, policy(Some(1), None), &[1, 2, 6]).await;
    check(database, policy(Some(3), None), &[1, 2, 4, 5, 6]).await;
    check(database, policy(Some(6), None), &[1, 2, 3, 4, 5, 6]).await;
    check(database, policy(None, Some(1)), &[1, 2, 5, 6]).await;
    check(database, policy(None, Some(2)), &[1, 2, 4, 5, 6]).await;
    check(database, policy(Some(4), Some(1)), &[1, 2, 5, 6]).await;
    check(
        database,
        policy(Some(10_000), Some(3_650)),
        &[1, 2, 3, 4, 5, 6],
    )
    .await;
}

#[rstest]
#[tokio::test]
async fn a_version_goes_when_its_execution_has_ended_and_its_milestone_is_gone(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("released").await;
    world.finished(ctx, &script).await;
    save(&world, &script, "return 2").await;
    store
        .set_milestone(ctx, script.id, 1, "first")
        .await
        .unwrap();
    store
        .set_milestone(ctx, script.id, 1, "renamed")
        .await
        .unwrap();
    let version = store.find_version(ctx, script.id, 1).await.unwrap();
    assert_eq!(version.milestone.as_deref(), Some("renamed"));
    assert_missing(store.set_milestone(ctx, script.id, 9, "none").await);
    let policy = VersionPolicy {
        max_count: Some(1),
        max_age_days: None,
    };
    store.put_version_policy(ctx, policy).await.unwrap();
    assert_eq!(store.prune_versions(world.now()).await.unwrap(), 0);
    assert!(store.delete_milestone(ctx, script.id, 1).await.unwrap());
    assert!(!store.delete_milestone(ctx, script.id, 1).await.unwrap());
    assert_eq!(store.prune_versions(world.now()).await.unwrap(), 1);
    // Numbers go on from where they were: none is given twice.
    assert_eq!(save(&world, &script, "return 3").await, 3);
}

#[rstest]
#[tokio::test]
async fn the_trash_says_who_and_when_latest_first_and_pages(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    for name in ["one", "two", "three"] {
        let script = world.script(name).await;
        world.advance(Duration::from_secs(1));
        store.delete_script(ctx, script.id).await.unwrap();
    }
    let trash = ScriptFilter {
        trash: true,
        ..ScriptFilter::default()
    };
    let mut page = scriptorium_model::page::PageRequest {
        limit: 1,
        cursor: None,
    };
    let mut names = Vec::new();
    loop {
        let part = store.list_scripts(ctx, &trash, &page).await.unwrap();
        names.extend(part.items.iter().map(|item| item.script.name.clone()));
        let Some(cursor) = part.next_cursor else {
            break;
        };
        page.cursor = Some(cursor);
    }
    assert_eq!(names, ["three", "two", "one"]);
    let first = world.scripts(ctx, &trash).await.remove(0);
    let expected = Trashed {
        at: world.now(),
        by: ctx.actor.user(),
    };
    assert_eq!(first.trashed, Some(expected));
    let restored = store.restore_script(ctx, first.script.id).await.unwrap();
    let all = ScriptFilter::default();
    let listed = world.scripts(ctx, &all).await.remove(0);
    assert_eq!((listed.script.id, listed.trashed), (restored.id, None));
}

#[rstest]
#[tokio::test]
async fn the_trash_is_emptied_of_what_is_old_and_still(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let [old, busy, recent] = [
        world.script("old").await,
        world.script("busy").await,
        world.script("recent").await,
    ];
    let kept = world.script("in use").await;
    let execution = world.finished(ctx, &old).await;
    let pending = world.pending(ctx, &busy).await;
    for script in [&old, &busy] {
        store.delete_script(ctx, script.id).await.unwrap();
    }
    world.advance(30 * DAY);
    store.delete_script(ctx, recent.id).await.unwrap();
    let before = |days: u32| -> Timestamp { world.now().checked_sub(days * DAY).unwrap() };

    assert_eq!(store.purge_trash(before(30)).await.unwrap(), 0);
    world.advance(Duration::from_secs(1));
    assert_eq!(store.purge_trash(before(30)).await.unwrap(), 1);
    assert_missing(store.restore_script(ctx, old.id).await);
    assert_missing(store.find_execution(ctx, execution.id).await);
    assert_missing(store.find_version(ctx, old.id, 1).await);

    let still = store.purge_script(ctx, busy.id).await;
    assert_conflict(still, ("still_running", "id"));
    store.request_cancel(ctx, pending.id).await.unwrap();
    store.purge_script(ctx, busy.id).await.unwrap();
    // What is in use, or of another tenant, cannot be purged.
    assert_missing(store.purge_script(ctx, kept.id).await);
    assert_missing(store.purge_script(&world.other, recent.id).await);
    let restored = store.restore_script(ctx, recent.id).await.unwrap();
    assert_eq!(restored.status, ScriptStatus::Draft);
}

#[rstest]
#[tokio::test]
async fn a_script_with_a_long_history_is_purged_whole(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("long").await;
    let mut commits = Vec::new();
    for _ in 0..1_001 {
        let execution = completed(world.execution(&script), world.now());
        commits.push(world.record(ctx, execution, None).await);
    }
    for commit in commits {
        commit.await.unwrap();
    }
    store.delete_script(ctx, script.id).await.unwrap();
    store.purge_script(ctx, script.id).await.unwrap();
    let all = scriptorium_store::ExecutionFilter::default();
    assert_eq!(world.executions(ctx, &all).await, []);
}
