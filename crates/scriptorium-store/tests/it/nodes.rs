//! Several servers on one PostgreSQL database: each notices what another changed, told or not.

use scriptorium_model::Ctx;
use scriptorium_model::endpoint::Method;
use scriptorium_store::{Change, Duty, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::{Database, PATIENCE, World, definition, http, run};

/// Another server on the same database.
async fn second(world: &World) -> Store {
    let mut options = world.options.clone();
    options.node_name = "second".into();
    Store::open(options, world.ambient.clone()).await.unwrap()
}

/// Waits until so many servers listen.
async fn listening(world: &World, servers: u32) {
    let server = world.server.as_ref().unwrap();
    let sessions = "select count(*) from pg_stat_activity \
        where datname = current_database() and query ilike 'listen%'";
    let wanted = servers.to_string();
    let all = async {
        while server.psql(sessions) != wanted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, all)
        .await
        .expect("they listen");
}

async fn seen(changes: &mut watch::Receiver<u64>) {
    let seen = tokio::time::timeout(PATIENCE, changes.changed());
    seen.await.expect("the other node noticed").unwrap();
}

#[tokio::test]
async fn servers_see_who_is_there() {
    let world = World::on(Database::Postgres).await;
    let second = second(&world).await;
    let nodes = world.store.list_nodes().await.unwrap();
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["scriptorium", "second"]);
    assert!(nodes.iter().all(|node| node.seen_at >= node.started_at));
    second.close().await;
    assert_eq!(world.store.list_nodes().await.unwrap().len(), 1);
    assert!(
        World::new()
            .await
            .store
            .list_nodes()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn one_server_notices_what_another_changed() {
    let world = World::on(Database::Postgres).await;
    let second = second(&world).await;
    listening(&world, 2).await;
    let mut endpoints = second.changes(Change::Endpoints);
    let mut pending = second.changes(Change::Pending);

    let script = world
        .active(
            &world.ctx,
            definition("hook", http("/hook", &[Method::Get])),
        )
        .await;
    seen(&mut endpoints).await;
    let found = second
        .list_active_endpoints(world.ctx.tenant)
        .await
        .unwrap();
    assert_eq!(found[0].script, script.id);

    world.pending(&world.ctx, &script).await;
    seen(&mut pending).await;
}

/// What a transaction of a tenant leaves that changes its endpoints.
fn mark(ctx: &Ctx) -> String {
    format!(
        "insert into scriptorium.change_marks values ('{}', 'endpoints', pg_current_xact_id()) \
         on conflict (tenant_id, kind) do update set changed_in = excluded.changed_in",
        ctx.tenant
    )
}

/// Waits until the only node has looked for changes so many times more.
async fn looked(world: &World, times: usize) {
    let seen = async || world.store.list_nodes().await.unwrap()[0].seen_at;
    let all = async {
        for _ in 0..times {
            let before = seen().await;
            while seen().await == before {
                tokio::task::yield_now().await;
            }
        }
    };
    let all = tokio::time::timeout(PATIENCE, all);
    all.await.expect("it looks");
}

/// A node that is not told looks for itself, and misses nobody who ends late.
#[tokio::test]
async fn what_nobody_told_is_found_whenever_it_is_committed() {
    let world = World::on(Database::Postgres).await;
    listening(&world, 1).await;
    let mut endpoints = world.store.changes(Change::Endpoints);
    looked(&world, 1).await;
    endpoints.mark_unchanged();

    let mut late = world.session().await;
    run(&mut late, format!("begin; {}", mark(&world.ctx))).await;
    // This one begins later and ends earlier: a counter would be past both.
    let server = world.server.as_ref().unwrap();
    server.psql(&mark(&world.other));
    seen(&mut endpoints).await;
    looked(&world, 2).await;
    assert!(!endpoints.has_changed().unwrap(), "it is found once");
    run(&mut late, "commit".into()).await;
    seen(&mut endpoints).await;
}

/// Whatever holds up the save of one tenant, the others do not wait for it.
#[tokio::test]
async fn tenants_who_save_at_the_same_time_do_not_wait_for_each_other() {
    let world = World::on(Database::Postgres).await;
    let (store, ctx) = (world.store.clone(), world.ctx.clone());
    let mut holder = world.hold(&ctx).await;
    let script = world.draft(&ctx, definition("held", http("/held", &[Method::Get])));
    let mut save = JoinSet::new();
    save.spawn(async move { store.create_script(&ctx, &script, "").await });
    world.waiting(1).await;

    let theirs = definition("free", http("/free", &[Method::Get]));
    let theirs = tokio::time::timeout(PATIENCE, world.add(&world.other, theirs));
    theirs.await.expect("it does not wait");
    assert!(save.try_join_next().is_none());
    run(&mut holder, "commit".into()).await;
    save.join_next().await.unwrap().unwrap().unwrap();
}

/// A node whose connection was cut listens again, and takes it that everything changed.
#[tokio::test]
async fn a_lost_listener_listens_again() {
    let world = World::on(Database::Postgres).await;
    listening(&world, 1).await;
    let mut endpoints = world.store.changes(Change::Endpoints);
    let server = world.server.as_ref().unwrap();
    server.psql(
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where datname = current_database() and query ilike 'listen%'",
    );
    seen(&mut endpoints).await;
}

#[tokio::test]
async fn one_server_at_a_time_does_a_duty() {
    let world = World::on(Database::Postgres).await;
    let second = second(&world).await;
    let duty = world.store.take_duty(Duty::Maintenance).await.unwrap();
    assert!(duty.is_some());
    assert!(second.take_duty(Duty::Maintenance).await.unwrap().is_none());
    drop(duty);
    let free = async {
        while second.take_duty(Duty::Maintenance).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, free)
        .await
        .expect("the duty is free");
    // The only server of a file has every duty.
    let alone = World::new().await;
    let duty = alone.store.take_duty(Duty::Maintenance).await.unwrap();
    assert!(duty.is_some());
}
