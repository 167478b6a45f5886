//! The wall between tenants: each call of one tenant, made by another, finds nothing, changes
//! nothing, and says no more than of a thing that does not exist.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::alert::AlertKind;
use scriptorium_model::audit::{AuditEntry, AuditFilter};
use scriptorium_model::dead_letter::DeadLetterStatus;
use scriptorium_model::delivery::Delivery;
use scriptorium_model::draft::DraftText;
use scriptorium_model::endpoint::Method::Get;
use scriptorium_model::event::Event;
use scriptorium_model::execution::{LogLevel, LogLine, TriggerKind};
use scriptorium_model::notification::{NotificationStatus, SendMode};
use scriptorium_model::operation::OperationKind;
use scriptorium_model::page::PageRequest;
use scriptorium_model::retention::Retention;
use scriptorium_model::script::ScriptStatus::{Active, Draft};
use scriptorium_model::trigger::Trigger;
use scriptorium_model::user::{Session, Token};
use scriptorium_model::version::VersionPolicy;
use scriptorium_model::{Ctx, ExecutionId, Json, permission::PermissionSet};
use scriptorium_store::events::EventFilter;
use scriptorium_store::schedules::Skipped;
use scriptorium_store::system::schedules::Decided;
use scriptorium_store::tenant_data::{Column, ColumnType, Table, TenantSchema};
use scriptorium_store::{
    AlertFilter, DeadLetterFilter, Error, ExecutionFilter, Finished, NotificationFilter, Options,
    RetriedLetters, RetriedUnder, ScriptFilter, Store,
};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{
    World, assert_missing, completed, cron, dead_letter, definition, http, key_of, keyed,
    notification, on, operation, user,
};

#[rstest]
#[tokio::test]
async fn scripts_and_versions_of_another_tenant_do_not_exist(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, other) = (&world.store, &world.other);
    let script = world
        .active(&world.ctx, definition("mine", cron("0 9 * * *")))
        .await;
    let hook = definition("hook", http("/hook", &[Get]));
    world.active(&world.ctx, hook).await;
    let (id, page) = (script.id, PageRequest::first());

    assert_missing(store.find_script(other, id).await);
    assert_eq!(
        store.find_script_by_name(other, "mine").await.unwrap(),
        None
    );
    let change = script.definition.clone();
    assert_missing(store.update_script(other, id, None, change, "").await);
    assert_missing(store.set_status(other, id, Active, Draft, None).await);
    assert_missing(store.delete_script(other, id).await);
    assert_missing(store.find_version(other, id, 1).await);
    let versions = store.list_versions(other, id, &page).await.unwrap();
    assert_eq!(versions.items, []);
    let all = ScriptFilter::default();
    assert_eq!(world.scripts(other, &all).await, []);
    assert_eq!(store.list_tags(other, 10).await.unwrap(), [""; 0]);
    assert_eq!(store.list_active_endpoints(other.tenant).await.unwrap(), []);
    assert_eq!(store.list_upcoming(other, 10).await.unwrap(), []);
    assert_eq!(store.find_schedule_state(other, id).await.unwrap(), None);
    world.advance(Duration::from_secs(5 * 3600));
    let [due] = store
        .due_schedules(world.now(), 10)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    let slot = Decided::on_time(due.due_at, None);
    assert!(store.skip_slot(&due, &slot, Skipped::Missed).await.unwrap());
    assert_eq!(store.list_slots(other, id, 10).await.unwrap(), []);
    assert_missing(store.create_script(other, &script, "").await);

    store.delete_script(&world.ctx, id).await.unwrap();
    assert_missing(store.restore_script(other, id).await);
    store.restore_script(&world.ctx, id).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn executions_of_another_tenant_do_not_exist(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, other) = (&world.store, &world.other);
    let script = world.script("mine").await;
    let pending = world.pending(&world.ctx, &script).await;
    let id = pending.id;

    assert_missing(store.find_execution(other, id).await);
    assert_missing(store.list_logs(other, id, 0, 10).await);
    assert_missing(store.request_cancel(other, id).await);
    let all = ExecutionFilter::default();
    assert_eq!(world.executions(other, &all).await, []);
    let of_script = ExecutionFilter {
        script: Some(script.id),
        ..ExecutionFilter::default()
    };
    assert_eq!(world.executions(other, &of_script).await, []);

    let said = completed(world.execution(&script), world.now());
    let with_lines = Finished {
        logs: vec![LogLine {
            seq: 1,
            level: LogLevel::Info,
            message: "mine".into(),
            data: None,
            at: world.now(),
        }],
        execution: said.clone(),
        lease: None,
        events: Vec::new(),
        notifications: Vec::new(),
        incidents: Vec::new(),
    };
    let commit = store.record(&world.ctx, with_lines).await.unwrap();
    commit.await.unwrap();
    let lines = store.list_logs(&world.ctx, said.id, 0, 10).await;
    assert_eq!(lines.unwrap().len(), 1);
    assert_missing(store.list_logs(other, said.id, 0, 10).await);

    // Neither under their own tenant with my script, nor as if they were me.
    let mut forged = world.execution(&script);
    assert_missing(store.insert_pending(other, forged.clone()).await);
    forged.tenant = other.tenant;
    assert_missing(store.insert_pending(other, forged.clone()).await);
    let end = |execution| Finished {
        execution,
        lease: None,
        logs: Vec::new(),
        events: Vec::new(),
        notifications: Vec::new(),
        incidents: Vec::new(),
    };
    let forged = completed(forged, world.now());
    let commit = store.record(other, end(forged)).await.unwrap();
    assert_missing(commit.await);
    let mine = completed(pending.clone(), world.now());
    assert_missing(store.record(other, end(mine)).await);
    assert_eq!(store.find_execution(&world.ctx, id).await.unwrap(), pending);
}

#[rstest]
#[tokio::test]
async fn an_execution_of_another_tenant_is_not_claimed(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, lease) = (&world.store, Duration::from_secs(60));
    let script = world.script("mine").await;
    let id = world.pending(&world.ctx, &script).await.id;
    let theirs = store.claim_execution(&world.other, id, lease).await;
    assert_eq!(theirs.unwrap(), None);
    let mine = store.claim_execution(&world.ctx, id, lease).await;
    assert_eq!(mine.unwrap().unwrap().execution.attempt, 1);
}

/// One tenant keeps its history for two years, the other for three months, and its lines for one.
#[rstest]
#[tokio::test]
async fn what_one_tenant_does_not_keep_is_not_taken_from_another(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let store = &world.store;
    let two_years = Retention {
        execution_days: 730,
        log_days: 730,
        event_days: 730,
        audit_days: 730,
    };
    store.set_retention(&world.ctx, two_years).await.unwrap();
    let less = Retention {
        log_days: 30,
        ..Retention::default()
    };
    store.set_retention(&world.other, less).await.unwrap();
    let mine = remember(&world, &world.ctx).await;
    remember(&world, &world.other).await;
    world.index().await;
    world.dispatch().await;
    world.advance(Duration::from_secs(40 * 86_400));
    let removed = store.maintain(world.now()).await.unwrap();
    assert_eq!((removed.log_lines, removed.expired), (1, 2));
    assert_eq!(removed.keys, 2);
    let lines = store.list_logs(&world.ctx, mine, 0, 10).await;
    assert_eq!(lines.unwrap().len(), 1);
    world.advance(Duration::from_secs(58 * 86_400));
    take_key(&world, &world.other).await;
    world.advance(Duration::from_secs(2 * 86_400));
    take_key(&world, &world.ctx).await;
    let removed = store.maintain(world.now()).await.unwrap();
    // On PostgreSQL without the predicate, what is counted is still of one tenant.
    // The event of the run, and four that tell of the script and its runs.
    assert_eq!((removed.executions, removed.events), (2, 5));
    assert_eq!(removed.keys, 1);
    assert_eq!(kept(&world, &world.other).await, (0, 0, 0, false));
    assert_eq!(kept(&world, &world.ctx).await, (2, 1, 1, true));
}

/// One of everything that goes with time: an execution with a line, an event, a key and an entry. The
/// id of the execution with a line.
async fn remember(world: &World, ctx: &Ctx) -> ExecutionId {
    let (store, now) = (&world.store, world.now());
    let script = world.add(ctx, definition("old", Trigger::OneOff)).await;
    let once = keyed(world.execution(&script), "once", 1);
    let id = once.execution.id;
    store.accept(ctx, once).await.unwrap();
    store.request_cancel(ctx, id).await.unwrap();
    let finished = Finished {
        execution: completed(world.execution(&script), now),
        lease: None,
        logs: vec![LogLine {
            seq: 1,
            level: LogLevel::Info,
            message: "spoken".into(),
            data: None,
            at: now,
        }],
        events: vec![Event {
            id: world.ambient.new_id(),
            tenant: ctx.tenant,
            kind: "order.paid".into(),
            payload: Json::null(),
            script: Some(script.id),
            execution: None,
            lineage: Vec::new(),
            key: None,
            created_at: now,
        }],
        notifications: Vec::new(),
        incidents: Vec::new(),
    };
    let with_line = finished.execution.id;
    store.record(ctx, finished).await.unwrap().await.unwrap();
    let until = Some(now + Duration::from_secs(60));
    store
        .set_entry(ctx, "brief", Json::null(), until)
        .await
        .unwrap();
    with_line
}

/// Takes the key that [`kept`] looks for, with an event that it does not count.
async fn take_key(world: &World, ctx: &Ctx) {
    let event = Event {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        kind: "order.keyed".into(),
        payload: Json::null(),
        key: None,
        script: None,
        execution: None,
        lineage: Vec::new(),
        created_at: world.now(),
    };
    let key = key_of("somebody", "once", 1);
    let known = world.store.insert_event_once(ctx, event, key).await;
    assert_eq!(known.unwrap(), None);
}

/// Executions, those found by a word of their lines, events, and whether the key is taken.
async fn kept(world: &World, ctx: &Ctx) -> (usize, usize, usize, bool) {
    let (store, page) = (&world.store, PageRequest::first());
    let all = world.executions(ctx, &ExecutionFilter::default()).await;
    let spoken = ExecutionFilter {
        q: Some("spoken".into()),
        ..ExecutionFilter::default()
    };
    let spoken = world.executions(ctx, &spoken).await;
    let paid = EventFilter {
        kind: Some("order.paid".into()),
    };
    let events = store.list_events(ctx, &paid, &page).await;
    let known = store.find_key(ctx, &key_of("somebody", "once", 1)).await;
    let taken = known.unwrap().is_some();
    (all.len(), spoken.len(), events.unwrap().items.len(), taken)
}

#[rstest]
#[tokio::test]
async fn a_finished_execution_cannot_be_overwritten_under_its_id(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("mine").await;
    let mine = world.finished(&world.ctx, &script).await;
    let theirs = definition("theirs", Trigger::OneOff);
    let theirs = world.add(&world.other, theirs).await;
    let mut forged = completed(world.execution(&theirs), world.now());
    forged.id = mine.id;
    world
        .record(&world.other, forged, None)
        .await
        .await
        .unwrap();
    let found = world.store.find_execution(&world.ctx, mine.id).await;
    assert_eq!(found.unwrap(), mine);
}

#[rstest]
#[tokio::test]
async fn people_and_secrets_of_another_tenant_do_not_exist(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let mut me = user(&world.ambient, ctx.tenant, "me@acme.test");
    store.create_user(ctx, &me).await.unwrap();
    let session = Session {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        user: me.id,
        secret_hash: [1; 32],
        created_at: world.now(),
        last_used_at: world.now(),
        expires_at: world.now() + Duration::from_secs(60),
    };
    store.create_session(ctx, &session).await.unwrap();
    let token = Token {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        name: "mine".into(),
        secret_hash: [2; 32],
        permissions: PermissionSet::all(),
        created_by: Some(me.id),
        created_at: world.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    store.create_token(ctx, &token).await.unwrap();

    assert_missing(store.find_user(other, me.id).await);
    assert_missing(store.update_user(other, &me).await);
    me.tenant = other.tenant;
    assert_missing(store.update_user(other, &me).await);
    assert!(
        !store
            .list_users(other)
            .await
            .unwrap()
            .iter()
            .any(|user| user.id == me.id)
    );
    assert_missing(store.delete_session(other, session.id).await);
    assert_eq!(
        store.delete_sessions_of_user(other, me.id).await.unwrap(),
        0
    );
    assert_eq!(store.list_tokens(other).await.unwrap(), []);
    assert_missing(store.revoke_token(other, token.id).await);
    assert_missing(store.create_token(other, &token).await);
    world.advance(Duration::from_secs(59));
    store.touch_token(other, &token).await.unwrap();
    let found = store.find_token_by_hash(&[2; 32]).await.unwrap();
    assert_eq!(found, Some(token));
}

#[rstest]
#[tokio::test]
async fn data_of_another_tenant_does_not_exist(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let value = Json::parse("1").unwrap();
    store
        .set_entry(ctx, "k", value.clone(), None)
        .await
        .unwrap();
    store.put_template(ctx, "t", "mine").await.unwrap();
    let event = Event {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        kind: "order.paid".into(),
        payload: value,
        script: None,
        execution: None,
        lineage: Vec::new(),
        key: None,
        created_at: world.now(),
    };
    store.insert_event(ctx, event.clone()).await.unwrap();

    assert_eq!(store.get_entry(other, "k").await.unwrap(), None);
    assert!(!store.delete_entry(other, "k").await.unwrap());
    assert_eq!(store.find_template(other, "t").await.unwrap(), None);
    assert_eq!(store.list_templates(other).await.unwrap(), []);
    assert!(!store.delete_template(other, "t").await.unwrap());
    assert_missing(store.find_event(other, event.id).await);
    let page = PageRequest::first();
    let events = store
        .list_events(other, &EventFilter::default(), &page)
        .await;
    assert_eq!(events.unwrap().items, []);
    assert_missing(store.insert_event(other, event).await);
    // Their own of the same name is another one.
    store.put_template(other, "t", "theirs").await.unwrap();
    let two = Json::parse("2").unwrap();
    store.set_entry(other, "k", two, None).await.unwrap();
    let entry = store.get_entry(ctx, "k").await.unwrap();
    assert_eq!(entry.unwrap().value, Json::parse("1").unwrap());
    let mine = store.find_template(ctx, "t").await.unwrap().unwrap();
    assert_eq!(mine.body, "mine");
}

#[rstest]
#[tokio::test]
async fn business_tables_of_another_tenant_are_empty(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let bills = Table::new("bills").with(Column {
        name: "id".into(),
        ty: ColumnType::Text,
        nullable: false,
        unique: true,
    });
    let schema = TenantSchema {
        tables: vec![bills],
    };
    let data = world.store.tenant_data(schema).unwrap();
    world.store.make_tables(&data).await.unwrap();
    let insert = "insert into bills (id) values ($1)";
    let mine = data.execute(&world.ctx, insert, vec!["1".into()]).await;
    assert_eq!(mine.unwrap(), 1);
    let all = "select id from bills";
    let theirs = data.query(&world.other, all, Vec::new()).await.unwrap();
    assert_eq!(theirs.len(), 0);
    let gone = data.execute(&world.other, "delete from bills", Vec::new());
    assert_eq!(gone.await.unwrap(), 0);
    // The same key is theirs to take.
    let theirs = data.execute(&world.other, insert, vec!["1".into()]).await;
    assert_eq!(theirs.unwrap(), 1);
    let mine = data.query(&world.ctx, all, Vec::new()).await.unwrap();
    assert_eq!(mine.len(), 1);
}

#[rstest]
#[tokio::test]
async fn signing_secrets_of_another_tenant_do_not_exist(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let script = world.script("mine").await.id;
    let secret = store.add_signing_secret(ctx, script, b"mine").await;
    let secret = secret.unwrap().id;
    assert_missing(store.add_signing_secret(other, script, b"theirs").await);
    assert_missing(store.remove_signing_secret(other, script, secret).await);
    let listed = store.list_signing_secrets(other, script).await;
    assert_eq!(listed.unwrap(), []);
    let keys = store.signing_keys(other, script).await.unwrap();
    assert!(keys.is_empty());
    let until = world.now() + Duration::from_secs(60);
    let accept = async |ctx: &Ctx| store.accept_signed(ctx, script, &[1; 32], until).await;
    assert!(accept(ctx).await.unwrap());
    assert_missing(accept(other).await);
    store.forget_signed(other, script, &[1; 32]).await.unwrap();
    assert!(!accept(ctx).await.unwrap());
    world.advance(Duration::from_secs(60));
    assert_missing(accept(other).await);
}

#[rstest]
#[tokio::test]
async fn drafts_milestones_rules_and_trail_of_another_tenant_do_not_exist(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let script = world.script("mine").await.id;
    let me = ctx.actor.user().unwrap();
    let text = DraftText {
        base_version: 1,
        settings: None,
        source: "mine".into(),
    };
    store
        .put_draft(ctx, script, me, text.clone())
        .await
        .unwrap();
    assert_missing(store.put_draft(other, script, me, text).await);
    assert_eq!(store.find_draft(other, script, me).await.unwrap(), None);
    assert!(!store.delete_draft(other, script, me).await.unwrap());
    store.set_milestone(ctx, script, 1, "mine").await.unwrap();
    assert_missing(store.set_milestone(other, script, 1, "theirs").await);
    assert!(!store.delete_milestone(other, script, 1).await.unwrap());
    let page = PageRequest::first();
    let milestones = store.list_milestones(other, script, &page).await;
    assert_eq!(milestones.unwrap().items, []);

    let few = VersionPolicy {
        max_count: Some(7),
        max_age_days: None,
    };
    store.put_version_policy(ctx, few).await.unwrap();
    let brief = Retention {
        event_days: 31,
        ..Retention::default()
    };
    store.set_retention(ctx, brief).await.unwrap();
    assert_eq!(
        store.find_version_policy(other).await.unwrap(),
        VersionPolicy::default()
    );
    assert_eq!(
        store.find_retention(other).await.unwrap(),
        Retention::default()
    );

    let all = AuditFilter::default();
    let trail = store.list_audit(other, &all, &page).await.unwrap().items;
    let next = store.next_audit(other, &all, 0, 100).await.unwrap();
    let foreign = |entries: &[AuditEntry]| entries.iter().any(|one| one.tenant != other.tenant);
    assert!(!foreign(&trail) && !foreign(&next), "{trail:?}");
}

#[rstest]
#[tokio::test]
async fn notifications_of_another_tenant_do_not_exist(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let script = world.script("mine").await;
    let one = notification(&world, ctx, &script);
    let left = |left| Finished {
        execution: completed(world.execution(&script), world.now()),
        lease: None,
        logs: Vec::new(),
        events: Vec::new(),
        notifications: vec![left],
        incidents: Vec::new(),
    };
    let recorded = store.record(ctx, left(one.clone())).await.unwrap();
    recorded.await.unwrap();

    assert_missing(store.find_notification(other, one.id).await);
    let (all, page) = (NotificationFilter::default(), PageRequest::first());
    let found = store.list_notifications(other, &all, &page).await;
    assert_eq!(found.unwrap().items, []);
    assert_missing(store.discard_notification(other, one.id).await);
    assert_missing(store.retry_notification(other, one.id).await);
    // They record theirs, and mine still wait; what I had today is not theirs.
    let recorded = store.set_notification_mode(other, SendMode::Record).await;
    assert_eq!(recorded.unwrap(), 0);
    let mine = store.notification_allowance(ctx).await.unwrap();
    assert_eq!((mine.mode, mine.today), (SendMode::Send, 1));
    let theirs = store.notification_allowance(other).await.unwrap();
    assert_eq!((theirs.mode, theirs.today), (SendMode::Record, 0));
    let waits = store.find_notification(ctx, one.id).await.unwrap();
    assert_eq!(waits.status, NotificationStatus::Pending);
    // Nor does one go into another tenant with an execution of mine.
    let mut forged = notification(&world, ctx, &script);
    forged.tenant = other.tenant;
    assert_missing(store.record(ctx, left(forged)).await);
    // One of theirs that is settled has the id of mine, and mine is not.
    let claimed = store.claim_notifications(10, Duration::from_secs(60)).await;
    let (held, lease) = claimed.unwrap().claimed.remove(0);
    let mut stolen = held.clone();
    stolen.tenant = other.tenant;
    assert!(
        !store
            .settle_notification(&stolen, lease, None)
            .await
            .unwrap()
    );
    let held = store.find_notification(ctx, one.id).await.unwrap();
    assert_eq!(held.status, NotificationStatus::Sending);
}

#[rstest]
#[tokio::test]
async fn dead_letters_of_another_tenant_do_not_exist(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let listener = definition("mine", on(&["order.created"]));
    let script = world.active(ctx, listener).await;
    let letter = dead_letter(&world, &script);
    store.insert_dead_letter(ctx, &letter).await.unwrap();

    assert_missing(store.find_dead_letter(other, letter.id).await);
    let (all, page) = (DeadLetterFilter::default(), PageRequest::first());
    let letters = store.list_dead_letters(other, &all, &page).await;
    assert_eq!(letters.unwrap().items, []);
    assert_missing(store.discard_dead_letter(other, letter.id).await);
    assert_missing(store.delete_dead_letter(other, letter.id).await);
    assert_missing(store.retry_dead_letter(other, letter.id, None, None).await);
    assert_eq!(store.count_retriable(other, &all).await.unwrap(), 0);
    let many = store.retry_dead_letters(other, &all, 10, Duration::ZERO);
    assert_eq!(many.await.unwrap(), 0);
    let key = key_of("somebody", "many", 1);
    let under = store.retry_dead_letters_under(other, &all, 10, Duration::ZERO, &key);
    let none = RetriedLetters {
        matched: 0,
        retried: 0,
    };
    assert_eq!(under.await.unwrap(), RetriedUnder::Now(none));
    // Theirs is not mine, though it is spelt alike.
    let under = store.retry_dead_letters_under(ctx, &all, 0, Duration::ZERO, &key);
    assert!(matches!(under.await.unwrap(), RetriedUnder::Now(_)));
    // Neither under their own tenant with my script, nor as if they were me.
    let mut forged = dead_letter(&world, &script);
    assert_missing(store.insert_dead_letter(other, &forged).await);
    forged.tenant = other.tenant;
    assert_missing(store.insert_dead_letter(other, &forged).await);

    // The end of an execution settles the letter of its own tenant, though another, older, has one
    // of the same execution.
    let theirs = definition("theirs", on(&["order.created"]));
    let theirs = world.active(other, theirs).await;
    let mut execution = world.execution(&script);
    let mut waiting = [dead_letter(&world, &theirs), letter.clone()];
    for (ctx, one) in [other, ctx].into_iter().zip(&mut waiting) {
        one.id = world.ambient.new_id();
        one.execution = Some(execution.id);
        one.status = DeadLetterStatus::Retrying;
        store.insert_dead_letter(ctx, one).await.unwrap();
    }
    let [same, mine] = waiting;
    let delivery = Delivery {
        event: mine.event,
        kind: mine.event_type,
        published_at: mine.created_at,
        script: None,
        execution: None,
        lineage: Vec::new(),
        key: None,
        order: None,
        dead_letter: Some(mine.id),
    };
    execution.trigger = TriggerKind::Event;
    execution.trigger_data = Some(delivery.to_json());
    store.insert_pending(ctx, execution.clone()).await.unwrap();
    let lease = Duration::from_secs(60);
    let claimed = store.claim_execution(ctx, execution.id, lease).await;
    let claimed = claimed.unwrap().unwrap();
    let ended = completed(claimed.execution, world.now());
    let commit = world.record(ctx, ended, Some(claimed.lease)).await;
    commit.await.unwrap();
    let found = store.find_dead_letter(ctx, mine.id).await.unwrap();
    assert_eq!(found.status, DeadLetterStatus::Resolved);
    let untouched = store.find_dead_letter(other, same.id).await.unwrap();
    assert_eq!(untouched.status, DeadLetterStatus::Retrying);
}

#[rstest]
#[tokio::test]
async fn operations_of_another_tenant_do_not_exist(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let script = definition("mine", cron("0 9 * * *"));
    let script = world.active(ctx, script).await;
    let pending = world.execution(&script);
    store.insert_pending(ctx, pending.clone()).await.unwrap();
    let operation = operation(&world, ctx, OperationKind::Cancel);
    store.create_operation(ctx, &operation).await.unwrap();

    let (kind, all) = (OperationKind::Cancel, ExecutionFilter::default());
    for (ctx, expected) in [(ctx, 1), (other, 0)] {
        let counted = store.count_operation_targets(ctx, kind, &all, 10).await;
        assert_eq!(counted.unwrap(), expected);
    }
    let targets = store.operation_targets(other, kind, &all, None, 10).await;
    assert_eq!(targets.unwrap(), []);
    assert_missing(store.find_operation(other, operation.id).await);
    let page = PageRequest::first();
    let listed = store.list_operations(other, &page).await.unwrap();
    assert_eq!(listed.items, []);
    assert_missing(store.cancel_operation(other, operation.id).await);
    assert_missing(store.create_operation(other, &operation).await);
    let mut further = operation.clone();
    further.done = 1;
    assert_missing(store.advance_operation(other, &further, None).await);
    further.tenant = other.tenant;
    let forged = store.advance_operation(other, &further, None).await;
    assert!(!forged.unwrap());
    let found = store.find_operation(ctx, operation.id).await.unwrap();
    assert_eq!(found, operation);
}

/// Both have an event of the same id, and a script that asks for it.
#[rstest]
#[tokio::test]
async fn events_start_scripts_of_their_own_tenant_only(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let store = &world.store;
    let id = world.ambient.new_id();
    for ctx in [&world.ctx, &world.other] {
        let listener = definition("listener", on(&["order.created"]));
        world.active(ctx, listener).await;
        let event = Event {
            id,
            tenant: ctx.tenant,
            kind: "order.created".into(),
            payload: Json::from(serde_json::json!(ctx.tenant.0)),
            script: None,
            execution: None,
            lineage: Vec::new(),
            key: None,
            created_at: world.now(),
        };
        assert!(store.insert_event(ctx, event).await.unwrap());
    }
    let unknown = world.ambient.new_id();
    assert_missing(store.list_deliveries(&world.ctx, unknown).await);
    let done = store.dispatch_events().await.unwrap();
    assert_eq!((done.executions, done.failed), (2, false));
    for ctx in [&world.ctx, &world.other] {
        let [one] = world
            .executions(ctx, &ExecutionFilter::default())
            .await
            .try_into()
            .unwrap();
        let execution = store.find_execution(ctx, one.id).await.unwrap();
        assert_eq!(execution.input.to_value(), serde_json::json!(ctx.tenant.0));
        let delivered = store.list_deliveries(ctx, id).await.unwrap().unwrap();
        assert_eq!(delivered.len(), 1);
        assert_eq!(delivered[0].execution, Some(one.id));
    }
    // What waits in one tenant does not look as if it waited in the other.
    let late = world.ambient.new_id();
    for (ctx, waits) in [(&world.ctx, false), (&world.other, true)] {
        let event = Event {
            id: late,
            tenant: ctx.tenant,
            kind: "order.lost".into(),
            payload: Json::null(),
            script: None,
            execution: None,
            lineage: Vec::new(),
            key: None,
            created_at: world.now(),
        };
        store.insert_event(ctx, event).await.unwrap();
        if !waits {
            store.dispatch_events().await.unwrap();
        }
    }
    let mine = store.list_deliveries(&world.ctx, late).await.unwrap();
    assert_eq!(mine, Some(Vec::new()));
    let theirs = store.list_deliveries(&world.other, late).await.unwrap();
    assert_eq!(theirs, None);
}

/// Both have a script of the same id; one suspends its subscription, and is alerted.
#[rstest]
#[tokio::test]
async fn what_is_parked_and_alerts_are_of_their_own_tenant(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let id = world.ambient.new_id();
    for ctx in [ctx, other] {
        let mut script = world.draft(ctx, definition("listener", on(&["order.created"])));
        script.id = id;
        store.create_script(ctx, &script, "first").await.unwrap();
        let activated = store.set_status(ctx, id, Draft, Active, None).await;
        activated.unwrap();
    }
    store.dispatch_events().await.unwrap();
    store.suspend(ctx, id, None).await.unwrap();
    for (ctx, kind) in [
        (ctx, "order.created"),
        (other, "order.created"),
        (ctx, "order.mine"),
    ] {
        let event = Event {
            id: world.ambient.new_id(),
            tenant: ctx.tenant,
            kind: kind.into(),
            payload: Json::null(),
            key: None,
            script: None,
            execution: None,
            lineage: Vec::new(),
            created_at: world.now(),
        };
        store.insert_event(ctx, event).await.unwrap();
    }
    assert_eq!(store.dispatch_events().await.unwrap().executions, 1);
    assert_eq!(store.find_suspension(other, id).await.unwrap(), None);
    let page = PageRequest::first();
    let parked = async |ctx| store.list_parked(ctx, id, &page).await.unwrap().items.len();
    assert_eq!((parked(ctx).await, parked(other).await), (1, 0));
    let kinds = async |ctx| {
        let types = store.list_event_types(ctx).await.unwrap().into_iter();
        let own = types.filter(|one| one.kind.starts_with("order."));
        own.map(|one| (one.kind, one.count)).collect::<Vec<_>>()
    };
    assert_eq!(kinds(other).await, [("order.created".to_owned(), 1)]);

    store
        .raise_alert(ctx, AlertKind::CircuitOpen, id, "held back")
        .await
        .unwrap();
    let filter = AlertFilter::default();
    let alerts = async |ctx| store.list_alerts(ctx, &filter, &page).await.unwrap().items;
    let [alert] = alerts(ctx).await.try_into().unwrap();
    assert_eq!(alerts(other).await, []);
    assert_eq!(store.count_open_alerts(other).await.unwrap(), 0);
    assert_missing(store.acknowledge_alert(other, alert.id).await);
    assert_eq!(store.count_open_alerts(ctx).await.unwrap(), 1);
}

#[rstest]
#[tokio::test]
async fn a_cursor_of_another_tenant_opens_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    world.script("one").await;
    world.script("two").await;
    let all = ScriptFilter::default();
    let mut page = PageRequest::first();
    page.limit = 1;
    let first = world.store.list_scripts(&world.ctx, &all, &page).await;
    page.cursor = first.unwrap().next_cursor;
    assert!(page.cursor.is_some());
    let next = world.store.list_scripts(&world.other, &all, &page).await;
    assert!(matches!(next, Err(Error::CursorInvalid)), "{next:?}");
}

#[tokio::test]
async fn a_directory_belongs_to_one_process_until_it_closes() {
    let world = World::new().await;
    let options = Options::new(world.path());
    let second = Store::open(options.clone(), world.ambient.clone()).await;
    let message = second.unwrap_err().to_string();
    assert!(message.contains("another server"), "{message}");
    world.store.close().await;
    let second = Store::open(options, world.ambient.clone()).await;
    second.unwrap().close().await;
}
