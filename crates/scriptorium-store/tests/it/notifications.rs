//! Notifications: recorded with the end of their execution, claimed by whoever sends them, settled once, and
//! no more of them a day than a tenant may have.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::audit::AuditFilter;
use scriptorium_model::event::Event;
use scriptorium_model::execution::{Execution, ExecutionStatus, Failure};
use scriptorium_model::notification::{
    ATTEMPTS, Channel, Notification, NotificationStatus, SendError, SendMode,
};
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::Script;
use scriptorium_model::trigger::{Subscription, Trigger};
use scriptorium_model::{Ctx, Json, NotificationId};
use scriptorium_store::{Finished, NotificationFilter, Written};
use serde_json::json;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{
    World, assert_conflict, assert_missing, completed, definition, notification, on,
};

const DAY: Duration = Duration::from_secs(86_400);
const LEASE: Duration = Duration::from_secs(60);
const FORBIDDEN: (&str, &str) = ("forbidden_move", "status");

fn busy() -> SendError {
    SendError::transient("notification.refused", "451 later")
}

/// Records an execution that has ended and leaves these.
async fn leave(world: &World, ctx: &Ctx, script: &Script, left: Vec<Notification>) {
    let finished = Finished {
        execution: completed(world.execution(script), world.now()),
        lease: None,
        logs: Vec::new(),
        events: Vec::new(),
        notifications: left,
        incidents: Vec::new(),
    };
    let commit = world.store.record(ctx, finished).await.unwrap();
    assert_eq!(commit.await.unwrap(), Written::Stored);
}

/// A tenant with a script and one notification that waits.
async fn waiting(database: Database) -> (World, Notification) {
    let world = World::on(database).await;
    let script = world.script("mine").await;
    let one = notification(&world, &world.ctx, &script);
    leave(&world, &world.ctx, &script, vec![one.clone()]).await;
    (world, one)
}

async fn listed(world: &World, filter: &NotificationFilter) -> Vec<NotificationId> {
    let page = PageRequest::first();
    let found = world.store.list_notifications(&world.ctx, filter, &page);
    found
        .await
        .unwrap()
        .items
        .iter()
        .map(|one| one.id)
        .collect()
}

async fn found(world: &World, id: NotificationId) -> Notification {
    let found = world.store.find_notification(&world.ctx, id).await;
    found.unwrap()
}

#[rstest]
#[tokio::test]
async fn one_reads_back_as_it_was_left(#[values(Sqlite, Postgres)] database: Database) {
    let (world, one) = waiting(database).await;
    assert_eq!(found(&world, one.id).await, one);
    let of = |change: fn(&mut NotificationFilter, &Notification)| {
        let mut filter = NotificationFilter::default();
        change(&mut filter, &one);
        filter
    };
    for (filter, count) in [
        (of(|_, _| ()), 1),
        (of(|f, _| f.status = Some(NotificationStatus::Pending)), 1),
        (of(|f, _| f.status = Some(NotificationStatus::Sent)), 0),
        (of(|f, _| f.channel = Some(Channel::Email)), 1),
        (of(|f, _| f.channel = Some(Channel::Sms)), 0),
        (of(|f, one| f.script = Some(one.script)), 1),
        (of(|f, one| f.execution = Some(one.execution)), 1),
        (of(|f, one| f.from = Some(one.created_at)), 1),
        (of(|f, one| f.to = Some(one.created_at)), 0),
    ] {
        assert_eq!(listed(&world, &filter).await.len(), count, "{filter:?}");
    }
    let nobodys = world
        .store
        .find_notification(&world.ctx, world.ambient.new_id());
    assert_missing(nobodys.await);
}

#[rstest]
#[tokio::test]
async fn one_is_sent_by_one(#[values(Sqlite, Postgres)] database: Database) {
    let (world, one) = waiting(database).await;
    let store = &world.store;
    let first = store.claim_notifications(10, LEASE).await.unwrap().claimed;
    let second = store.claim_notifications(10, LEASE).await.unwrap().claimed;
    assert_eq!((first.len(), second.len()), (1, 0));
    let (held, lease) = &first[0];
    assert_eq!((held.id, held.attempts), (one.id, 1));
    assert_eq!(held.status, NotificationStatus::Sending);
    let discarded = store.discard_notification(&world.ctx, one.id).await;
    assert_conflict(discarded, FORBIDDEN);
    assert!(store.settle_notification(held, *lease, None).await.unwrap());
    let sent = found(&world, one.id).await;
    assert_eq!(sent.status, NotificationStatus::Sent);
    assert_eq!(sent.settled_at, Some(world.now()));
    // Once is enough.
    assert!(!store.settle_notification(held, *lease, None).await.unwrap());
    assert_conflict(
        store.retry_notification(&world.ctx, one.id).await,
        FORBIDDEN,
    );
}

#[rstest]
#[tokio::test]
async fn what_may_pass_is_tried_again_until_a_person_has_to(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let (world, one) = waiting(database).await;
    let store = &world.store;
    let mut waited = Duration::ZERO;
    for attempt in 1..=ATTEMPTS {
        let claimed = store.claim_notifications(10, LEASE).await.unwrap().claimed;
        let (held, lease) = &claimed[0];
        assert_eq!(held.attempts, attempt);
        assert!(
            store
                .settle_notification(held, *lease, Some(&busy()))
                .await
                .unwrap()
        );
        let now = found(&world, one.id).await;
        let error = Some(("notification.refused".to_owned(), "451 later".to_owned()));
        assert_eq!(now.error, error);
        if attempt == ATTEMPTS {
            assert_eq!(now.status, NotificationStatus::Failed);
            break;
        }
        assert_eq!(now.status, NotificationStatus::Pending);
        let left = store.claim_notifications(10, LEASE).await.unwrap();
        assert!(left.claimed.is_empty(), "not before its time");
        assert_eq!(left.next, Some(now.next_at));
        let wait = Duration::try_from(now.next_at.duration_since(world.now())).unwrap();
        assert!(wait > waited, "{wait:?} after {waited:?}");
        waited = wait;
        world.advance(wait);
    }
    let retried = store.retry_notification(&world.ctx, one.id).await.unwrap();
    assert_eq!((retried.attempts, retried.settled_at), (0, None));
    let claimed = store.claim_notifications(10, LEASE).await.unwrap().claimed;
    let refused = SendError::permanent("notification.refused", "550 no");
    let settled = store.settle_notification(&claimed[0].0, claimed[0].1, Some(&refused));
    assert!(settled.await.unwrap());
    let failed = found(&world, one.id).await;
    assert_eq!(
        (failed.status, failed.attempts),
        (NotificationStatus::Failed, 1)
    );
    let discarded = store
        .discard_notification(&world.ctx, one.id)
        .await
        .unwrap();
    assert_eq!(discarded.status, NotificationStatus::Discarded);
    let filter = AuditFilter {
        action: Some("notification".into()),
        ..AuditFilter::default()
    };
    let page = PageRequest::first();
    let entries = store.list_audit(&world.ctx, &filter, &page).await;
    let entries = entries.unwrap().items;
    let actions: Vec<&str> = entries.iter().map(|one| one.action.as_str()).collect();
    assert_eq!(actions, ["notification.discarded", "notification.retried"]);
}

#[rstest]
#[tokio::test]
async fn what_a_dead_sender_held_is_sent_by_another(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let (world, one) = waiting(database).await;
    let store = &world.store;
    let dead = store.claim_notifications(10, Duration::ZERO).await.unwrap();
    let again = store.claim_notifications(10, LEASE).await.unwrap().claimed;
    assert_eq!((again[0].0.id, again[0].0.attempts), (one.id, 2));
    let (late, lease) = &dead.claimed[0];
    assert!(!store.settle_notification(late, *lease, None).await.unwrap());
    assert!(
        store
            .settle_notification(&again[0].0, again[0].1, None)
            .await
            .unwrap()
    );
}

#[rstest]
#[tokio::test]
async fn one_that_ends_its_senders_does_not_do_so_for_ever(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let (world, one) = waiting(database).await;
    for _ in 0..ATTEMPTS {
        let claimed = world.store.claim_notifications(10, Duration::ZERO).await;
        assert_eq!(claimed.unwrap().claimed.len(), 1);
    }
    let claimed = world.store.claim_notifications(10, LEASE).await.unwrap();
    assert!(claimed.claimed.is_empty());
    let lost = found(&world, one.id).await;
    assert_eq!(lost.status, NotificationStatus::Failed);
    assert_eq!(lost.error.unwrap().0, "notification.lost");
}

#[rstest]
#[tokio::test]
async fn who_sends_thousands_keeps_nobody_waiting(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let mine = world.script("mine").await;
    let theirs = definition("theirs", Trigger::OneOff);
    let theirs = world.add(&world.other, theirs).await;
    let many = (0..40).map(|_| notification(&world, &world.ctx, &mine));
    leave(&world, &world.ctx, &mine, many.collect()).await;
    world.advance(Duration::from_secs(1));
    let one = notification(&world, &world.other, &theirs);
    leave(&world, &world.other, &theirs, vec![one.clone()]).await;
    let claimed = world
        .store
        .claim_notifications(8, LEASE)
        .await
        .unwrap()
        .claimed;
    let of_other = claimed
        .iter()
        .filter(|(held, _)| held.tenant == world.other.tenant);
    assert_eq!((of_other.count(), claimed.len()), (1, 5));
}

#[rstest]
#[tokio::test]
async fn a_day_has_room_for_so_many(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let world = world
        .reopen_with(|options| options.notifications_per_day = 3)
        .await;
    let script = world.script("mine").await;
    let some = |count: usize| (0..count).map(|_| notification(&world, &world.ctx, &script));
    leave(&world, &world.ctx, &script, some(2).collect()).await;
    let allowance = world
        .store
        .notification_allowance(&world.ctx)
        .await
        .unwrap();
    assert_eq!((allowance.today, allowance.left()), (2, 1));
    leave(&world, &world.ctx, &script, some(2).collect()).await;
    let with = |status| NotificationFilter {
        status: Some(status),
        ..NotificationFilter::default()
    };
    let failed = listed(&world, &with(NotificationStatus::Failed)).await;
    let waiting = listed(&world, &with(NotificationStatus::Pending)).await;
    assert_eq!((failed.len(), waiting.len()), (1, 3));
    let error = found(&world, failed[0]).await.error.unwrap();
    assert_eq!(error.0, "notification.quota");
    // Theirs is theirs, and tomorrow is another day.
    let other = world.store.notification_allowance(&world.other).await;
    assert_eq!(other.unwrap().left(), 3);
    world.advance(DAY);
    let allowance = world
        .store
        .notification_allowance(&world.ctx)
        .await
        .unwrap();
    assert_eq!(allowance.left(), 3);
}

#[rstest]
#[tokio::test]
async fn a_tenant_that_records_sends_nothing_that_waits(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let (world, one) = waiting(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    assert_eq!(
        store
            .set_notification_mode(ctx, SendMode::Record)
            .await
            .unwrap(),
        1
    );
    let allowance = store.notification_allowance(ctx).await.unwrap();
    assert_eq!(allowance.mode, SendMode::Record);
    assert!(
        store
            .claim_notifications(10, LEASE)
            .await
            .unwrap()
            .claimed
            .is_empty()
    );
    assert_eq!(
        found(&world, one.id).await.status,
        NotificationStatus::Recorded
    );
    assert_conflict(store.retry_notification(ctx, one.id).await, FORBIDDEN);
    assert_eq!(
        store
            .set_notification_mode(ctx, SendMode::Send)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        found(&world, one.id).await.status,
        NotificationStatus::Recorded
    );
    let others = store.notification_allowance(&world.other).await.unwrap();
    assert_eq!(others.mode, SendMode::Send);
}

/// As with events (decision 0040): what is tried again tells people then.
#[rstest]
#[tokio::test]
async fn what_is_tried_again_sends_once(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let subscription = Subscription {
        max_attempts: 2,
        ..Subscription::to(["order.created"])
    };
    let trigger = Trigger::Event(subscription);
    let script = world.active(&world.ctx, definition("mine", trigger)).await;
    let event = Event {
        id: world.ambient.new_id(),
        tenant: world.ctx.tenant,
        kind: "order.created".into(),
        payload: Json::null(),
        script: None,
        execution: None,
        lineage: Vec::new(),
        key: None,
        created_at: world.now(),
    };
    world.store.insert_event(&world.ctx, event).await.unwrap();
    world.dispatch().await;
    for (attempt, sent) in [(1, 0), (2, 1)] {
        let claimed = world
            .store
            .claim_pending(1, LEASE, &[], &|_| u32::MAX)
            .await;
        let claimed = claimed.unwrap().remove(0);
        let failure = Failure::new("script.never_settled", "it waits");
        let execution = Execution {
            status: ExecutionStatus::Failed,
            failure: Some(failure),
            output: None,
            ..completed(claimed.execution, world.now())
        };
        let left = notification(&world, &world.ctx, &script);
        let finished = Finished {
            execution,
            lease: Some(claimed.lease),
            logs: Vec::new(),
            events: Vec::new(),
            notifications: vec![left],
            incidents: Vec::new(),
        };
        let commit = world.store.record(&world.ctx, finished).await.unwrap();
        assert_eq!(commit.await.unwrap(), Written::Stored);
        let all = listed(&world, &NotificationFilter::default()).await;
        assert_eq!(all.len(), sent, "after attempt {attempt}");
        world.advance(Duration::from_secs(20));
    }
}

/// Whoever lost the lease of an execution tells nobody anything.
#[rstest]
#[tokio::test]
async fn an_end_that_is_not_heard_sends_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = world
        .active(&world.ctx, definition("mine", on(&["a.b"])))
        .await;
    let pending = world.pending(&world.ctx, &script).await;
    let finished = Finished {
        execution: completed(pending, world.now()),
        lease: Some(world.ambient.new_id()),
        logs: Vec::new(),
        events: Vec::new(),
        notifications: vec![notification(&world, &world.ctx, &script)],
        incidents: Vec::new(),
    };
    let commit = world.store.record(&world.ctx, finished).await.unwrap();
    assert_eq!(commit.await.unwrap(), Written::Discarded);
    assert_eq!(listed(&world, &NotificationFilter::default()).await, []);
}

#[rstest]
#[tokio::test]
async fn what_is_settled_goes_after_a_month(#[values(Sqlite, Postgres)] database: Database) {
    let (world, one) = waiting(database).await;
    let (store, script) = (&world.store, world.script("another").await);
    let waits = notification(&world, &world.ctx, &script);
    leave(&world, &world.ctx, &script, vec![waits.clone()]).await;
    store
        .discard_notification(&world.ctx, one.id)
        .await
        .unwrap();
    world.advance(DAY * 29);
    assert_eq!(store.maintain(world.now()).await.unwrap().notifications, 0);
    world.advance(DAY * 2);
    assert_eq!(store.maintain(world.now()).await.unwrap().notifications, 1);
    assert_eq!(
        listed(&world, &NotificationFilter::default()).await,
        [waits.id]
    );
}

/// What comes back is JSON as it was written, whatever is in it.
#[rstest]
#[tokio::test]
async fn texts_are_kept_as_they_are(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = world.script("mine").await;
    let text = "'; drop table notifications; -- \u{1F600} \\u0000 ы";
    let one = Notification {
        recipient: text.to_owned(),
        subject: Some(text.to_owned()),
        content: Json::from(json!({ "text": text })),
        metadata: Json::from(json!({ text: text })),
        ..notification(&world, &world.ctx, &script)
    };
    leave(&world, &world.ctx, &script, vec![one.clone()]).await;
    assert_eq!(found(&world, one.id).await, one);
}
