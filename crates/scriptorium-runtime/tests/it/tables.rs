//! Business tables across runs: whose rows, what is left when a run ends early, who may change.

use std::time::{Duration, Instant};

use scriptorium_model::Ctx;
use scriptorium_model::script::ScriptDatabase;
use serde_json::{Value, json};

use crate::harness::Database::{Postgres, Sqlite};
use crate::harness::{Harness, options};

async fn run(harness: &Harness, source: &str) -> Value {
    let finished = harness.runtime.run(harness.main(source)).await;
    match finished.execution.failure {
        None => finished.execution.output.unwrap().to_value(),
        Some(failure) => json!({ "failed": failure.code, "message": failure.message }),
    }
}

const COUNT: &str = "function main() { return db.count('orders'); }";

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_the_tenants_own() {
    let ours = Harness::new().await;
    let theirs = ours.neighbour("globex").await;
    let insert = "function main() { return db.insert('orders', { id: 'SHARED', name: 'CANARY', number: 'n' }); }";
    run(&theirs, insert).await;
    assert_eq!(run(&ours, COUNT).await, 0);
    // Their key and their unique value are free here, and their row is out of reach.
    let source = "async function main() {
      return [
        await db.findOne('orders', { id: 'SHARED' }),
        await db.update('orders', { id: 'SHARED' }, { name: 'mine' }),
        await db.delete('orders', { number: 'n' }),
        (await db.insert('orders', { id: 'SHARED', name: 'ours', number: 'n' })).name,
        (await db.query(\"select name from orders where 1 = 1 or name = 'CANARY'\")).length,
      ];
    }";
    assert_eq!(run(&ours, source).await, json!([null, 0, 0, "ours", 1]));
    let name = "async function main() { return (await db.findMany('orders')).map((o) => o.name); }";
    assert_eq!(run(&theirs, name).await, json!(["CANARY"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_leaves_nothing_and_nobody_waits_for_it() {
    let harness = Harness::new().await;
    for rest in [
        // Waiting, and in the middle of a statement.
        "await new Promise(() => setTimeout(() => {}, 1e6));",
        "await tx.query('select count(*) as n from orders a, orders b, orders c, orders d, orders e, orders f');",
    ] {
        let fill = "await tx.insert('orders', Array.from({ length: 60 }, () => ({ name: 'x' })));";
        let source = format!(
            "async function main() {{ await db.transaction(async (tx) => {{ {fill} console.progress(1); {rest} }}); }}"
        );
        let job = harness.main(&source);
        let id = job.execution.id;
        let (finished, ()) = tokio::join!(harness.runtime.run(job), async {
            while harness
                .runtime
                .watch(id)
                .is_none_or(|seen| seen.lines.is_empty())
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(harness.runtime.cancel(id));
        });
        assert_eq!(
            finished.execution.failure.unwrap().code,
            "cancelled",
            "{rest}"
        );
        let began = Instant::now();
        assert_eq!(run(&harness, COUNT).await, 0, "{rest}");
        assert!(began.elapsed() < Duration::from_secs(3), "{rest}");
    }
}

/// Somebody changes an entry that the transaction has read: nothing of it is kept, and doing it again is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_read_what_was_changed_is_not_kept() {
    let harness = Harness::new().await;
    let source = "async function main() {
      const rest = () => new Promise((done) => setTimeout(done, 20));
      const once = () => db.transaction(async (tx) => {
        const next = await storage.get('next');
        await tx.insert('orders', { name: 'n' + next });
        await storage.set('next', next + 1);
        console.progress(1);
        // A list is not held to what it gave.
        while ((await storage.list('go')).items.length === 0) await rest();
      });
      const first = await once().catch((error) => error.code);
      await once();
      const names = (await db.findMany('orders')).map((order) => order.name);
      return [first, names, await storage.get('next')];
    }";
    let set = async |key: &str, value: &str| {
        let value = scriptorium_model::Json::parse(value).unwrap();
        let ctx = Ctx::platform(harness.tenant.id);
        let set = harness.store.set_entry(&ctx, key, value, None);
        set.await.unwrap();
    };
    set("next", "7").await;
    let mut job = harness.main(source);
    std::sync::Arc::make_mut(&mut job.definition)
        .limits
        .api_calls = 1_000;
    let id = job.execution.id;
    let (finished, ()) = tokio::join!(harness.runtime.run(job), async {
        let told = || harness.runtime.watch(id).map_or(0, |seen| seen.lines.len());
        while told() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        set("next", "40").await;
        set("go", "true").await;
    });
    let output = finished.execution.output.map(|output| output.to_value());
    assert_eq!(output, Some(json!(["CONFLICT", ["n40"], 41])));
}

/// What scripts with an earlier compatibility date change in a transaction is there at once, and stays.
#[tokio::test(flavor = "multi_thread")]
async fn storage_of_earlier_scripts_is_written_at_once() {
    let harness = Harness::new().await;
    let source = "async function main() {
      await db.transaction(async () => {
        await storage.set('seen', 1);
        throw new Error('no');
      }).catch(() => {});
      return storage.get('seen');
    }";
    for (compatibility, expected) in [
        (None, json!(1)),
        (Some("2026-11-29"), json!(1)),
        (Some("2026-11-30"), json!(null)),
    ] {
        let mut job = harness.main(source);
        let definition = std::sync::Arc::make_mut(&mut job.definition);
        definition.compatibility = compatibility.map(|date| date.parse().unwrap());
        let finished = harness.runtime.run(job).await;
        let output = finished.execution.output.unwrap().to_value();
        assert_eq!(output, expected, "{compatibility:?}");
        run(
            &harness,
            "function main() { return storage.delete('seen'); }",
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_counted() {
    let harness = Harness::new().await;
    let source = "async function main() {
      await db.count('orders');
      await db.transaction(async (tx) => { await tx.count('orders'); await tx.count('orders'); });
      await db.count('nothing').catch(() => {});
    }";
    let finished = harness.runtime.run(harness.main(source)).await;
    let metrics = finished.execution.metrics;
    assert_eq!((metrics.db_queries, metrics.api_calls), (3, 5));
}

/// R-GEN-13.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_tenant_reads() {
    let harness = Harness::new().await;
    let set = async |read_only: bool| {
        let ctx = Ctx::platform(harness.tenant.id);
        let store = &harness.store;
        let set = store.set_scripts_read_only(&ctx, &harness.tenant, read_only);
        set.await.unwrap();
    };
    let source = "async function main() {
      const code = (error) => error.code;
      return [
        await db.insert('orders', { name: 'x' }).then(() => 'done', code),
        await db.execute('delete from orders where total is null').then(() => 'done', code),
        await db.transaction((tx) => tx.update('orders', { name: 'x' }, { total: 1 })).then(() => 'done', code),
        await db.count('orders'),
        await db.transaction((tx) => tx.count('orders')),
      ];
    }";
    set(true).await;
    let refused = "UNAUTHORIZED_OPERATION";
    let expected = json!([refused, refused, refused, 0, 0]);
    assert_eq!(run(&harness, source).await, expected);
    set(false).await;
    let expected = json!(["done", "done", "done", 0, 0]);
    assert_eq!(run(&harness, source).await, expected);
}

/// R-JDB-14. There is no replica here: what such a script may do does not depend on one.
#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_reads_from_a_replica_only_reads() {
    let source = "async function main() {
      const tried = (work) => work().then(() => 'done', (error) => error.code);
      const changes = (at) => [
        () => at.insert('orders', { name: 'x' }),
        () => at.insert('orders', [{ name: 'x' }, { name: 'y' }]),
        () => at.update('orders', { name: 'there' }, { total: 1 }),
        () => at.upsert('orders', { id: '00000000-0000-4000-8000-000000000001', name: 'x' }),
        () => at.delete('orders', { name: 'there' }),
        () => at.execute('delete from orders where total is null'),
        () => at.query('delete from orders where total is null returning id'),
        () => at.queryOne(\"update orders set name = 'x' returning id\"),
        () => at.query(\"with gone as (delete from orders returning id) select id from gone\"),
      ];
      const codes = new Set();
      for (const change of changes(db)) codes.add(await tried(change));
      const within = await db.transaction(async (tx) => {
        for (const change of changes(tx)) codes.add(await tried(change));
        await storage.set('kept', (await storage.get('kept') ?? 0) + 1);
        return tx.count('orders');
      });
      await db.transaction(async () => {
        await storage.set('kept', 9);
        throw new Error('no');
      }).catch(() => {});
      return {
        codes: [...codes],
        writable: db.tables().some((table) => table.writable),
        seen: [
          (await db.query('select name from orders')).length,
          (await db.queryOne('select name from orders')).name,
          (await db.findOne('orders', { name: 'there' })).name,
          (await db.findMany('orders')).length,
          await db.count('orders'),
          within,
        ],
        kept: await storage.get('kept'),
      };
    }";
    for (database, dry) in [
        (Sqlite, false),
        (Sqlite, true),
        (Postgres, false),
        (Postgres, true),
    ] {
        let harness = Harness::on(database, options()).await;
        run(
            &harness,
            "function main() { return db.insert('orders', { name: 'there' }); }",
        )
        .await;
        let mut job = harness.main(source);
        let definition = std::sync::Arc::make_mut(&mut job.definition);
        definition.database = ScriptDatabase::Replica;
        definition.limits.api_calls = 1_000;
        job.execution.dry_run = dry;
        let finished = harness.runtime.run(job).await;
        let execution = finished.execution;
        assert_eq!(execution.failure, None);
        let effects = execution.effects.items.iter();
        assert!(
            effects.clone().all(|effect| effect.kind.as_str() != "db"),
            "nothing would be changed"
        );
        let expected = json!({
            "codes": ["UNAUTHORIZED_OPERATION"],
            "writable": false,
            "seen": [1, "there", "there", 1, 1, 1],
            // Nothing of a dry run is undone in it.
            "kept": if dry { 9 } else { 1 },
        });
        assert_eq!(execution.output.unwrap().to_value(), expected);
        let rows = run(
            &harness,
            "function main() { return db.findMany('orders', {}, { select: ['name'] }); }",
        );
        assert_eq!(rows.await, json!([{ "name": "there" }]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_no_row_and_says_what_it_would_have() {
    let harness = Harness::new().await;
    let source = "async function main() {
      const row = await db.insert('orders', { name: 'dry', total: 3 });
      const count = await db.transaction(async (tx) => {
        await tx.update('orders', { name: 'dry' }, { total: 4 });
        return tx.count('orders');
      });
      await storage.increment('dry', 2);
      return [row.name, row.total, row.paid, row.id.length, count, await storage.increment('dry')];
    }";
    let mut job = harness.main(source);
    job.execution.dry_run = true;
    let finished = harness.runtime.run(job).await;
    let output = finished.execution.output.unwrap().to_value();
    assert_eq!(output, json!(["dry", 3, null, 36, 0, 3]));
    let effects = finished.execution.effects.items;
    let told: Vec<(&str, &str)> = effects
        .iter()
        .map(|effect| (effect.kind.as_str(), effect.target.as_str()))
        .collect();
    let expected = [
        ("db", "orders"),
        ("db", "orders"),
        ("storage", "dry"),
        ("storage", "dry"),
    ];
    assert_eq!(told, expected);
    assert_eq!(run(&harness, COUNT).await, 0);
    assert_eq!(
        run(&harness, "function main() { return storage.get('dry'); }").await,
        Value::Null
    );
}
