//! Dead letters: what is kept of an event that its script could not deal with, who finds it again,
//! and when it goes.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::dead_letter::{Cause, DeadLetter, DeadLetterStatus};
use scriptorium_model::delivery::Delivery;
use scriptorium_model::execution::Failure;
use scriptorium_model::filter::Filter;
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::trigger::{Subscription, Trigger};
use scriptorium_model::{DeadLetterId, ExecutionId, Json};
use scriptorium_store::{DeadLetterFilter, Maintained, RetriedLetters, RetriedUnder, Written};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{
    World, assert_conflict, assert_missing, completed, dead_letter, definition, key_of, keyed, on,
};

const DAY: Duration = Duration::from_secs(86_400);
const FORBIDDEN: (&str, &str) = ("forbidden_move", "status");

async fn event_script(world: &World, name: &str) -> Script {
    let definition = definition(name, on(&["order.created"]));
    world.active(&world.ctx, definition).await
}

async fn kept(world: &World, script: &Script) -> DeadLetter {
    let letter = dead_letter(world, script);
    let inserted = world.store.insert_dead_letter(&world.ctx, &letter).await;
    inserted.unwrap();
    letter
}

async fn listed(world: &World, filter: &DeadLetterFilter) -> Vec<DeadLetterId> {
    let page = PageRequest::first();
    let page = world.store.list_dead_letters(&world.ctx, filter, &page);
    page.await.unwrap().items.iter().map(|l| l.id).collect()
}

async fn actions(world: &World) -> Vec<&'static str> {
    let page = PageRequest::first();
    let filter = scriptorium_model::audit::AuditFilter {
        action: Some("dead_letter".into()),
        ..Default::default()
    };
    let entries = world.store.list_audit(&world.ctx, &filter, &page).await;
    let entries = entries.unwrap().items;
    entries.iter().map(|e| e.action.as_str()).collect()
}

#[rstest]
#[tokio::test]
async fn a_letter_reads_back_as_it_was_written(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = event_script(&world, "mine").await;
    let mut letter = dead_letter(&world, &script);
    letter.next_retry_at = Some(world.now());
    let (store, ctx) = (&world.store, &world.ctx);
    store.insert_dead_letter(ctx, &letter).await.unwrap();
    assert_eq!(
        store.find_dead_letter(ctx, letter.id).await.unwrap(),
        letter
    );
    let again = store.insert_dead_letter(ctx, &letter).await;
    assert_conflict(again, ("not_unique", "id"));
    let mut nobodys = letter.clone();
    (nobodys.id, nobodys.script) = (world.ambient.new_id(), world.ambient.new_id());
    assert_missing(store.insert_dead_letter(ctx, &nobodys).await);
}

#[rstest]
#[tokio::test]
async fn a_list_is_narrowed_by_script_type_status_and_time(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let one = event_script(&world, "one").await;
    let two = event_script(&world, "two").await;
    let first = kept(&world, &one).await;
    world.advance(DAY);
    let noon = world.now();
    let mut second = dead_letter(&world, &two);
    second.event_type = "order.paid".into();
    let inserted = world.store.insert_dead_letter(&world.ctx, &second).await;
    inserted.unwrap();
    let discarded = world.store.discard_dead_letter(&world.ctx, second.id).await;
    assert_eq!(discarded.unwrap().status, DeadLetterStatus::Discarded);

    let all = DeadLetterFilter::default;
    let check = async |filter: DeadLetterFilter, expected: &[DeadLetterId]| {
        assert_eq!(listed(&world, &filter).await, expected, "{filter:?}");
    };
    check(all(), &[second.id, first.id]).await;
    let script = Some(one.id);
    check(DeadLetterFilter { script, ..all() }, &[first.id]).await;
    let event_type = Some("order.paid".into());
    check(
        DeadLetterFilter {
            event_type,
            ..all()
        },
        &[second.id],
    )
    .await;
    let status = Some(DeadLetterStatus::Pending);
    check(DeadLetterFilter { status, ..all() }, &[first.id]).await;
    let from = Some(noon);
    check(DeadLetterFilter { from, ..all() }, &[second.id]).await;
    let to = Some(noon);
    check(DeadLetterFilter { to, ..all() }, &[first.id]).await;
}

#[rstest]
#[tokio::test]
async fn a_subscription_reads_back_as_it_was_written(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let text = r#"{"field":"total","op":"gt","value":100}"#;
    let subscription = Subscription {
        filter: Some(Filter::parse(Json::parse(text).unwrap()).unwrap()),
        priority: 7,
        max_attempts: 2,
        ..Subscription::to(["order.created", "order.*", "*"])
    };
    let script = definition("mine", Trigger::Event(subscription.clone()));
    let script = world.active(ctx, script).await;
    let found = store.find_script(ctx, script.id).await.unwrap();
    assert_eq!(found.trigger, Trigger::Event(subscription));
}

#[rstest]
#[tokio::test]
async fn pages_follow_each_other(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = event_script(&world, "mine").await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        // Ids of different instants are in the order they were made.
        world.advance(Duration::from_millis(1));
        expected.insert(0, kept(&world, &script).await.id);
    }
    let filter = DeadLetterFilter::default();
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 2, cursor };
        let page = world.store.list_dead_letters(&world.ctx, &filter, &page);
        let page = page.await.unwrap();
        found.extend(page.items.iter().map(|letter| letter.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
}

#[rstest]
#[tokio::test]
async fn a_letter_that_is_taken_up_waits_for_its_execution(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = event_script(&world, "mine").await;
    let letter = kept(&world, &script).await;

    let edited = Json::parse(r#"{"total":2}"#).unwrap();
    let taken = store.retry_dead_letter(ctx, letter.id, Some(edited.clone()), None);
    let (retried, execution) = taken.await.unwrap();
    assert_eq!(retried.status, DeadLetterStatus::Retrying);
    assert_eq!(
        (retried.attempts, retried.execution),
        (5, Some(execution.id))
    );
    assert_eq!(retried.last_retry_at, Some(world.now()));
    assert_eq!(retried.payload, letter.payload, "the event is what it was");
    let found = store.find_execution(ctx, execution.id).await.unwrap();
    assert_eq!(found, execution);
    assert_eq!((&found.input, found.attempt), (&edited, 5));
    assert_eq!(found.triggered_by, ctx.actor.user());
    let delivery = Delivery::of(&found).unwrap();
    assert_eq!(delivery.event, letter.event);
    assert_eq!(delivery.dead_letter, Some(letter.id));

    // Once only.
    let refused = store.retry_dead_letter(ctx, letter.id, None, None).await;
    assert_conflict(refused, FORBIDDEN);
    assert_conflict(store.discard_dead_letter(ctx, letter.id).await, FORBIDDEN);
    let refused = store.delete_dead_letter(ctx, letter.id).await;
    assert_conflict(refused, ("still_running", "status"));

    world.advance(DAY);
    let failure = Failure {
        stack: Some("at main".into()),
        ..Failure::new("limit.wall", "too slow")
    };
    end(&world, execution.id, Some(failure.clone())).await;
    let failed = store.find_dead_letter(ctx, letter.id).await.unwrap();
    assert_eq!(failed.status, DeadLetterStatus::Pending);
    assert_eq!(failed.cause, Cause::from(&failure));
    assert_eq!(failed.failed_at, world.now());

    let (_, last) = store
        .retry_dead_letter(ctx, letter.id, None, None)
        .await
        .unwrap();
    assert_eq!((last.attempt, &last.input), (6, &letter.payload));
    end(&world, last.id, None).await;
    let resolved = store.find_dead_letter(ctx, letter.id).await.unwrap();
    assert_eq!(resolved.status, DeadLetterStatus::Resolved);
    store.delete_dead_letter(ctx, letter.id).await.unwrap();
    assert_missing(store.delete_dead_letter(ctx, letter.id).await);
    let expected = [
        "dead_letter.deleted",
        "dead_letter.retried",
        "dead_letter.retried",
    ];
    assert_eq!(actions(&world).await, expected);
}

/// Claims an execution and records its end.
async fn end(world: &World, id: ExecutionId, failure: Option<Failure>) {
    let lease = Duration::from_secs(60);
    let claimed = world.store.claim_execution(&world.ctx, id, lease).await;
    let claimed = claimed.unwrap().unwrap();
    let mut ended = completed(claimed.execution, world.now());
    if let Some(failure) = failure {
        ended.status = failure.status();
        ended.output = None;
        ended.failure = Some(failure);
    }
    let commit = world.record(&world.ctx, ended, Some(claimed.lease)).await;
    assert_eq!(commit.await.unwrap(), Written::Stored);
}

#[rstest]
#[tokio::test]
async fn a_letter_of_a_script_that_is_not_active_stays(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = event_script(&world, "mine").await;
    let letter = kept(&world, &script).await;
    let (from, to) = (ScriptStatus::Active, ScriptStatus::Paused);
    let paused = store.set_status(ctx, script.id, from, to, None).await;
    paused.unwrap();
    let refused = store.retry_dead_letter(ctx, letter.id, None, None).await;
    assert_conflict(refused, ("not_active", "status"));
    let all = DeadLetterFilter::default();
    assert_eq!(store.count_retriable(ctx, &all).await.unwrap(), 0);
    let many = store
        .retry_dead_letters(ctx, &all, 10, Duration::ZERO)
        .await;
    assert_eq!(many.unwrap(), 0);
    let found = store.find_dead_letter(ctx, letter.id).await.unwrap();
    assert_eq!(found, letter);
}

#[rstest]
#[tokio::test]
async fn many_letters_are_taken_up_the_oldest_first_and_at_a_rate(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = event_script(&world, "mine").await;
    let other = event_script(&world, "other").await;
    kept(&world, &other).await;
    let mut ids = Vec::new();
    for _ in 0..250 {
        world.advance(Duration::from_millis(1));
        ids.push(kept(&world, &script).await.id);
    }
    store.discard_dead_letter(ctx, ids.remove(0)).await.unwrap();
    let filter = DeadLetterFilter {
        script: Some(script.id),
        ..DeadLetterFilter::default()
    };
    assert_eq!(store.count_retriable(ctx, &filter).await.unwrap(), 249);
    let second = Duration::from_secs(1);
    let done = store.retry_dead_letters(ctx, &filter, 240, second).await;
    assert_eq!(done.unwrap(), 240);
    assert_eq!(store.count_retriable(ctx, &filter).await.unwrap(), 9);
    let begin = world.now();
    for (place, id) in ids.iter().enumerate() {
        let letter = store.find_dead_letter(ctx, *id).await.unwrap();
        let Some(execution) = letter.execution else {
            assert!(place >= 240, "the newest wait");
            continue;
        };
        let execution = store.find_execution(ctx, execution).await.unwrap();
        let due = execution.terms.due(begin).duration_since(begin);
        assert_eq!(due.as_secs(), i64::try_from(place).unwrap());
    }
    let rest = store.retry_dead_letters(ctx, &filter, 100, Duration::ZERO);
    assert_eq!(rest.await.unwrap(), 9);
    let none = store.retry_dead_letters(ctx, &filter, 100, Duration::ZERO);
    assert_eq!(none.await.unwrap(), 0);
}

#[rstest]
#[tokio::test]
async fn letters_are_taken_up_once_however_many_ask(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = event_script(&world, "mine").await;
    for _ in 0..60 {
        kept(&world, &script).await;
    }
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, ctx) = (world.store.clone(), world.ctx.clone());
        asked.spawn(async move {
            let all = DeadLetterFilter::default();
            let done = store.retry_dead_letters(&ctx, &all, 1_000, Duration::ZERO);
            done.await.unwrap()
        });
    }
    let done: u32 = asked.join_all().await.into_iter().sum();
    assert_eq!(done, 60);
}

#[rstest]
#[tokio::test]
async fn a_letter_outlives_its_execution_and_goes_with_its_script(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = event_script(&world, "mine").await;
    let ended = completed(world.execution(&script), world.now());
    let commit = world.record(ctx, ended.clone(), None).await;
    commit.await.unwrap();
    let mut letter = dead_letter(&world, &script);
    letter.execution = Some(ended.id);
    letter.attempts = 1;
    store.insert_dead_letter(ctx, &letter).await.unwrap();

    world.advance(DAY * 91);
    let removed = store.maintain(world.now()).await.unwrap();
    assert_eq!((removed.executions, removed.dead_letters), (1, 0));
    assert_eq!(
        store.find_dead_letter(ctx, letter.id).await.unwrap(),
        letter
    );

    store.delete_script(ctx, script.id).await.unwrap();
    store.find_dead_letter(ctx, letter.id).await.unwrap();
    world.advance(DAY * 31);
    let removed = store.maintain(world.now()).await.unwrap();
    assert_eq!((removed.dead_letters, removed.scripts), (1, 1));
    assert_missing(store.find_dead_letter(ctx, letter.id).await);
}

#[rstest]
#[tokio::test]
async fn after_thirty_days_only_those_stay_that_may_be_tried_again(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = event_script(&world, "mine").await;
    let used_up = kept(&world, &script).await;
    let discarded = kept(&world, &script).await;
    store.discard_dead_letter(ctx, discarded.id).await.unwrap();
    world.advance(Duration::from_millis(1));
    let mut with_attempts = dead_letter(&world, &script);
    with_attempts.attempts = 3;
    store.insert_dead_letter(ctx, &with_attempts).await.unwrap();
    world.advance(Duration::from_millis(1));
    let running = kept(&world, &script).await;
    let retried = store.retry_dead_letter(ctx, running.id, None, None).await;
    retried.unwrap();

    world.advance(DAY * 30 - Duration::from_secs(1));
    let removed = store.maintain(world.now()).await.unwrap();
    assert_eq!(removed, Maintained::default());
    let young = kept(&world, &script).await;
    world.advance(Duration::from_secs(2));
    let removed = store.maintain(world.now()).await.unwrap();
    assert_eq!(removed.dead_letters, 2);
    let left = listed(&world, &DeadLetterFilter::default()).await;
    assert_eq!(left, [young.id, running.id, with_attempts.id]);
    assert_missing(store.find_dead_letter(ctx, used_up.id).await);
    let again = store.maintain(world.now()).await.unwrap();
    assert_eq!(again, Maintained::default());
}

/// A request for many under a key is one request, also when its server is lost on the way.
#[rstest]
#[tokio::test]
async fn many_letters_are_taken_up_once_under_a_key(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = event_script(&world, "mine").await;
    for _ in 0..7 {
        world.advance(Duration::from_millis(1));
        kept(&world, &script).await;
    }
    let all = DeadLetterFilter::default();
    let ask = async |limit: u32, key: &str, request: u8| {
        let key = key_of("somebody", key, request);
        let asked = store.retry_dead_letters_under(ctx, &all, limit, Duration::ZERO, &key);
        asked.await.unwrap()
    };
    let came = |matched, retried| RetriedLetters { matched, retried };
    assert_eq!(ask(3, "k", 1).await, RetriedUnder::Now(came(7, 3)));
    assert_eq!(ask(3, "k", 1).await, RetriedUnder::Before(came(7, 3)));
    assert_eq!(ask(3, "k", 2).await, RetriedUnder::Other);
    assert_eq!(store.count_retriable(ctx, &all).await.unwrap(), 4);
    // The key of something else is another request's.
    let event = keyed(world.execution(&script), "e", 1);
    store.accept(ctx, event).await.unwrap();
    assert_eq!(ask(3, "e", 1).await, RetriedUnder::Other);

    // After a day it counts no more.
    world.advance(DAY);
    assert_eq!(ask(1, "k", 1).await, RetriedUnder::Now(came(4, 1)));
    assert_eq!(ask(1, "k", 1).await, RetriedUnder::Before(came(4, 1)));
}

/// Two at once: one does it, and the letters are taken up once.
#[rstest]
#[tokio::test]
async fn one_of_several_alike_requests_does_it(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = event_script(&world, "mine").await;
    for _ in 0..150 {
        kept(&world, &script).await;
    }
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, ctx) = (world.store.clone(), world.ctx.clone());
        asked.spawn(async move {
            let (all, key) = (DeadLetterFilter::default(), key_of("me", "k", 1));
            let done = store.retry_dead_letters_under(&ctx, &all, 120, Duration::ZERO, &key);
            done.await.unwrap()
        });
    }
    let came = asked.join_all().await;
    let now = came
        .iter()
        .filter(|one| matches!(one, RetriedUnder::Now(_)));
    assert_eq!(now.count(), 1, "{came:?}");
    for one in came {
        match one {
            RetriedUnder::Now(done) | RetriedUnder::Before(done) => {
                assert_eq!((done.matched, done.retried), (150, 120));
            }
            other => assert_eq!(other, RetriedUnder::GoesOn),
        }
    }
    let all = DeadLetterFilter::default();
    let left = world.store.count_retriable(&world.ctx, &all).await;
    assert_eq!(left.unwrap(), 30);
}

/// Whoever repeats a request whose server was lost goes on with it, a minute after it was heard of last.
#[rstest]
#[tokio::test]
async fn work_that_was_lost_is_gone_on_with(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = event_script(&world, "mine").await;
    for _ in 0..7 {
        world.advance(Duration::from_millis(1));
        kept(&world, &script).await;
    }
    let all = DeadLetterFilter::default();
    let ask = async || {
        let key = key_of("somebody", "k", 1);
        let asked = store.retry_dead_letters_under(ctx, &all, 3, Duration::ZERO, &key);
        asked.await.unwrap()
    };
    let came = |retried| RetriedLetters {
        matched: 7,
        retried,
    };
    assert_eq!(ask().await, RetriedUnder::Now(came(3)));
    // As if its server had been lost after the second letter.
    edit(
        &world,
        "update idempotency_keys set done = 2, ended = false",
    );
    assert_eq!(ask().await, RetriedUnder::GoesOn);
    world.advance(Duration::from_secs(60));
    assert_eq!(ask().await, RetriedUnder::Now(came(3)));
    assert_eq!(ask().await, RetriedUnder::Before(came(3)));
    assert_eq!(store.count_retriable(ctx, &all).await.unwrap(), 3);
}

/// Changes rows behind the store's back.
fn edit(world: &World, statement: &str) {
    match &world.server {
        None => {
            let file = world.path().join("scriptorium.db");
            let db = rusqlite::Connection::open(file).unwrap();
            db.execute_batch(statement).unwrap();
        }
        Some(server) => {
            server.psql(&format!("set search_path = scriptorium; {statement}"));
        }
    }
}
