//! The hot paths read through the index that was made for them (R-DB-21).

use rusqlite::Connection;

use crate::support::World;

#[tokio::test]
async fn hot_paths_use_their_index_and_sort_nothing() {
    let world = World::new().await;
    let file = Connection::open(world.path().join("scriptorium.db")).unwrap();
    let newest = "order by id desc limit 51";
    let cases = [
        (
            "select * from schedules where next_at is not null and next_at + delay <= 1 \
             order by next_at + delay limit 10"
                .to_owned(),
            "schedules_due",
        ),
        (
            "select * from endpoints where tenant_id = x'00' and route_key = '/a' \
             and method = 'GET'"
                .to_owned(),
            "endpoints_route",
        ),
        (
            "select * from subscriptions where tenant_id = x'00' and event_type = 'a.b' \
             and active = true"
                .to_owned(),
            "subscriptions_type",
        ),
        (
            format!("select * from executions where tenant_id = x'00' {newest}"),
            "sqlite_autoindex_executions_1",
        ),
        (
            format!("select * from executions where tenant_id = x'00' and id < x'00' {newest}"),
            "sqlite_autoindex_executions_1",
        ),
        (
            format!(
                "select * from executions where tenant_id = x'00' and script_id = x'01' {newest}"
            ),
            "executions_script",
        ),
        (
            format!(
                "select * from executions where tenant_id = x'00' and status = 'failed' {newest}"
            ),
            "executions_status",
        ),
        (
            "select * from executions indexed by executions_started where tenant_id = x'00' \
             and (case when started_at is null then 0 else started_at end, id) > (5, x'01') \
             order by case when started_at is null then 0 else started_at end, id limit 51"
                .to_owned(),
            "executions_started",
        ),
        (
            "select * from executions indexed by executions_completed where tenant_id = x'00' \
             order by case when completed_at is null then 0 else completed_at end desc, id desc limit 51"
                .to_owned(),
            "executions_completed",
        ),
        (
            "select tenant_id from notifications where status = 'pending' \
             and tenant_id > x'00' order by tenant_id, next_at limit 1"
                .to_owned(),
            "notifications_due",
        ),
        (
            "select id from notifications where tenant_id = x'00' and status = 'pending' \
             and next_at <= 5 order by next_at, id limit 5"
                .to_owned(),
            "notifications_due",
        ),
        (
            format!(
                "select * from notifications indexed by notifications_status \
                 where tenant_id = x'00' and status = 'failed' {newest}"
            ),
            "notifications_status",
        ),
        (
            format!(
                "select * from notifications indexed by notifications_execution \
                 where tenant_id = x'00' and execution_id = x'01' {newest}"
            ),
            "notifications_execution",
        ),
        (
            "select * from scripts where tenant_id = x'00' and deleted_at is null \
             order by type, id limit 51"
                .to_owned(),
            "scripts_order_type",
        ),
        (
            "select * from scripts where tenant_id = x'00' and deleted_at is null \
             order by status desc, id desc limit 51"
                .to_owned(),
            "scripts_order_status",
        ),
        (
            "select id from executions where status = 'pending' and delayed = false \
             and tenant_id = x'00' and script_id not in (x'01') \
             and (expires_at is null or expires_at > 5) order by priority desc, id limit 5"
                .to_owned(),
            "COVERING INDEX executions_pending",
        ),
        (
            "select e.tenant_id from executions e where e.status = 'pending' \
             and e.delayed = false and e.tenant_id > x'00' order by e.tenant_id limit 1"
                .to_owned(),
            "COVERING INDEX executions_pending",
        ),
        (
            "select e.run_after from executions e where e.status = 'pending' \
             and e.delayed = true and e.run_after >= 0 order by e.run_after limit 1"
                .to_owned(),
            "COVERING INDEX executions_due",
        ),
        (
            "select * from executions where status = 'pending' and expires_at is not null \
             and expires_at <= 5"
                .to_owned(),
            "executions_expiring",
        ),
        (
            "select v.tenant_id from events v where v.waiting = true \
             and v.tenant_id > x'00' order by v.tenant_id limit 1"
                .to_owned(),
            "COVERING INDEX events_waiting",
        ),
        (
            "select * from events where tenant_id = x'00' and waiting = true \
             order by rowid limit 128"
                .to_owned(),
            "events_waiting",
        ),
        (
            "update executions set lease_until = 1 where status = 'running' \
             and lease_until > 0 and lease_id in (x'00', x'01')"
                .to_owned(),
            "executions_lease",
        ),
        (
            "select * from executions where status = 'running' and lease_until <= 5".to_owned(),
            "executions_running",
        ),
        (
            format!(
                "select * from executions indexed by executions_failures where tenant_id = x'00' \
                 and script_id = x'01' and status = 'failed' \
                 and status in ('failed', 'timeout', 'cancelled') {newest}"
            ),
            "executions_failures",
        ),
        (
            "select * from scripts where tenant_id = x'00' and deleted_at is null \
             and type = 'http' order by created_at desc, id desc limit 51"
                .to_owned(),
            "scripts_type",
        ),
        (
            "select * from scripts where tenant_id = x'00' and deleted_at is null \
             and status = 'draft' and (created_at, id) < (1, x'01') \
             order by created_at desc, id desc limit 51"
                .to_owned(),
            "scripts_status",
        ),
        (
            "select * from schedules where tenant_id = x'00' and next_at is not null \
             order by next_at, script_id limit 10"
                .to_owned(),
            "schedules_upcoming",
        ),
        (
            "delete from search_pending where tenant_id = x'00' and kind = 'execution' \
             and id in (x'01', x'02')"
                .to_owned(),
            "search_pending_id",
        ),
        (
            "select seq from audit_entries where tenant_id = x'00' and at >= 1 \
             order by at, seq limit 1"
                .to_owned(),
            "audit_entries_at",
        ),
        (
            "select * from audit_entries where tenant_id = x'00' and action <> 'execution.batch' \
             and action >= 'script.' and action < 'script/' and seq > 1 and seq < 100 \
             order by seq desc limit 51"
                .to_owned(),
            "audit_entries_changes",
        ),
    ];
    for (sql, index) in cases {
        let mut statement = file.prepare(&format!("explain query plan {sql}")).unwrap();
        let steps: Vec<String> = statement
            .query_map([], |row| row.get("detail"))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let plan = steps.join("; ");
        assert!(plan.contains(index), "{sql}\n{plan}");
        assert!(!plan.contains("SCAN "), "{sql}\n{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
    }
}

#[tokio::test]
async fn what_is_acknowledged_is_synced() {
    let world = World::new().await;
    let file = Connection::open(world.path().join("scriptorium.db")).unwrap();
    let mode: String = file
        .query_row("pragma journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    let version: String = file
        .query_row("select sqlite_version()", [], |row| row.get(0))
        .unwrap();
    assert!(
        version.starts_with("3.51.") || version.as_str() > "3.52",
        "{version}"
    );
}
