//! How many executions a second the history writer makes durable on this disk, for several numbers
//! of concurrent callers, with the fsync of the disk beside it. Usage: `history_rate [DIR] [SECONDS]`.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring command prints, and reads the real clock"
)]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scriptorium_model::ambient::{Clock, Entropy};
use scriptorium_model::execution::{
    Execution, ExecutionStatus, LogLevel, LogLine, NewExecution, TriggerKind,
};
use scriptorium_model::limits::Limits;
use scriptorium_model::script::{Definition, Language, Script, ScriptStatus};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{Ambient, Ctx, ExecutionId, Json, Timestamp};
use scriptorium_store::{Error, Finished, Options, Store};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let parent = args.next().unwrap_or_else(|| ".".into());
    let seconds = args.next().and_then(|text| text.parse().ok()).unwrap_or(3);
    let dir = tempfile::tempdir_in(parent).map_err(|_| Error::NotFound)?;
    println!("fsync p50: {:?}", fsync_p50(dir.path()).unwrap_or_default());

    let ambient = Ambient::new(Arc::new(RealClock), Arc::new(Sequence::default()));
    let store = Store::open(Options::new(dir.path()), ambient.clone()).await?;
    let (ctx, script) = prepare(&store, &ambient).await?;
    let stop = CancellationToken::new();
    let indexer = tokio::task::spawn(store.clone().keep_indexed(stop.clone()));
    println!("callers  log lines  executions/s  per commit   p50        p99");
    for (callers, logs) in [(1, 0), (16, 0), (64, 0), (256, 0), (1_024, 0), (256, 3)] {
        let load = Load {
            callers,
            logs,
            time: Duration::from_secs(seconds),
        };
        load.run(&store, &ctx, &script, &ambient).await?;
    }
    stop.cancel();
    let _ = indexer.await;
    let begin = Instant::now();
    let mut left = 0;
    loop {
        let indexed = store.index_pending().await?;
        left += indexed.documents;
        if !indexed.more {
            break;
        }
    }
    println!(
        "{left} documents were left to index, in {:.1?}",
        begin.elapsed()
    );
    store.close().await;
    Ok(())
}

struct Load {
    callers: usize,
    logs: u32,
    time: Duration,
}

impl Load {
    /// Each caller records one execution after the other, waiting for the commit of each.
    async fn run(
        &self,
        store: &Store,
        ctx: &Ctx,
        script: &Script,
        ambient: &Ambient,
    ) -> Result<(), Error> {
        let before = store.history_stats();
        let begin = Instant::now();
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..self.callers {
            let (store, ctx, script) = (store.clone(), ctx.clone(), script.clone());
            let (ambient, logs, time) = (ambient.clone(), self.logs, self.time);
            callers.spawn(async move {
                let mut waits = Vec::new();
                while begin.elapsed() < time {
                    let asked = Instant::now();
                    let finished = finished(&ambient, &script, logs);
                    store.record(&ctx, finished).await?.await?;
                    waits.push(asked.elapsed());
                }
                Ok::<_, Error>(waits)
            });
        }
        let mut waits = Vec::new();
        while let Some(Ok(done)) = callers.join_next().await {
            waits.extend(done?);
        }
        let elapsed = begin.elapsed().as_secs_f64();
        waits.sort_unstable();
        let after = store.history_stats();
        let records = (after.records - before.records) as f64;
        let commits = (after.commits - before.commits) as f64;
        println!(
            "{:7}  {:9}  {:12.0}  {:10.1}  {:>9.2?}  {:>9.2?}",
            self.callers,
            self.logs,
            records / elapsed,
            records / commits,
            waits[waits.len() / 2],
            waits[waits.len() * 99 / 100],
        );
        Ok(())
    }
}

async fn prepare(store: &Store, ambient: &Ambient) -> Result<(Ctx, Script), Error> {
    let tenant = Tenant {
        id: ambient.new_id(),
        slug: "bench".into(),
        name: "Bench".into(),
        created_at: ambient.now(),
    };
    let ctx = Ctx::host(tenant.id);
    store.create_tenant(&ctx, &tenant).await?;
    let script = Script {
        id: ambient.new_id(),
        tenant: tenant.id,
        definition: Definition {
            name: "trivial".into(),
            description: String::new(),
            source: "1".into(),
            language: Language::JavaScript,
            entry: None,
            trigger: Trigger::OneOff,
            limits: Limits::default(),
            concurrency: None,
            input_schema: None,
            output_schema: None,
            compatibility: None,
            database: Default::default(),
            allowed_services: None,
            library: false,
            run_as: None,
            tags: Vec::new(),
            metadata: Default::default(),
        },
        status: ScriptStatus::Active,
        version: 1,
        owner: None,
        updated_by: None,
        activated_by: None,
        created_by: None,
        created_at: ambient.now(),
        updated_at: ambient.now(),
        paused_reason: None,
    };
    store.create_script(&ctx, &script, "").await?;
    Ok((ctx, script))
}

/// About 1 KiB of payload, as the reference script has: some forty words, most of them common, a few
/// of this execution alone.
fn finished(ambient: &Ambient, script: &Script, logs: u32) -> Finished {
    let now = ambient.now();
    let id: ExecutionId = ambient.new_id();
    let number = id.0.as_u128() as u16;
    let input = Json::from_written(INPUT.replace("1007", &number.to_string()));
    let output = Json::from_written(OUTPUT.replace("1007", &number.to_string()));
    let new = NewExecution {
        id,
        tenant: script.tenant,
        script: script.id,
        script_name: script.name.clone(),
        version: 1,
        trigger: TriggerKind::Http,
        input,
        at: now,
    };
    Finished {
        execution: Execution {
            status: ExecutionStatus::Completed,
            output: Some(output),
            started_at: Some(now),
            completed_at: Some(now),
            ..Execution::pending(new)
        },
        lease: None,
        logs: (1..=logs)
            .map(|seq| LogLine {
                seq,
                level: LogLevel::Info,
                message: "a line that a script logged about an order".into(),
                data: None,
                at: now,
            })
            .collect(),
        events: Vec::new(),
        notifications: Vec::new(),
        incidents: Vec::new(),
    }
}

const INPUT: &str = r#"{"order":"SO-1007","client":{"name":"Alisher Usmonov","city":"Toshkent","segment":"retail"},"lines":[{"sku":"JUICE-1","title":"Apple juice, one litre","quantity":12,"price":14500},{"sku":"TEA-5","title":"Green tea, loose","quantity":3,"price":32000},{"sku":"RICE-10","title":"Rice for plov, ten kilograms","quantity":1,"price":189000}],"currency":"UZS","note":"deliver before noon, call the doorman","warehouse":"north","delivery":"2026-11-23","manager":"Dilnoza","source":"web"}"#;
const OUTPUT: &str = r#"{"ok":true,"order":"SO-1007","total":459000,"discount":{"rule":"loyal client","percent":3,"amount":13770},"checks":[{"check":"stock","passed":true},{"check":"minimum quantity","passed":true},{"check":"credit limit","passed":true},{"check":"blocked delivery days","passed":true}],"messages":["the order was accepted and reserved in the warehouse","the client is told by short message"],"next":"payment","valid until":"2026-11-25T18:00:00Z"}"#;

fn fsync_p50(dir: &Path) -> std::io::Result<Duration> {
    let mut file = File::create(dir.join("fsync"))?;
    let mut times = Vec::new();
    for _ in 0..100 {
        file.write_all(&[0; 4096])?;
        let begin = Instant::now();
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Distinct is all that ids must be here.
#[derive(Default)]
struct Sequence(std::sync::atomic::AtomicU64);

impl Entropy for Sequence {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let number = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
        for (byte, value) in bytes.iter_mut().zip(number.iter().cycle()) {
            *byte = *value;
        }
    }
}
