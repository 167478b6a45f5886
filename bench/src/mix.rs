//! A mixed load as a business has it: tenants with scripts of several kinds, a few of them asked for
//! most of the time, authors who save new versions and try texts meanwhile. What matters is what the
//! platform itself counts: programs that were kept ready, and executions that found a slot at once.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use scriptorium::model::script::Script;
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Ctx, Json};
use scriptorium::{
    Execute, Mode, Platform, Service, Statistics, TenantHandle, TenantShare, Update,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::platform::{World, activate, runtime};

const TENANTS: usize = 8;
const SCRIPTS: usize = 15;
/// Of each tenant.
const CALLERS: usize = 20;
/// Of so many calls, after one the script is saved anew, and after another a text is tried.
const SAVE_EVERY: u64 = 200;
const TRY_EVERY: u64 = 500;
/// How long the business takes to answer a script.
const BUSINESS: Duration = Duration::from_millis(10);

/// What scripts do: compute, check, remember, report, ask the business. Each returns what it was given.
const KINDS: [&str; 5] = [
    "export default ({ n }) => { const net = n * 120; return { n, gross: net + net * 0.12 }; }",
    "export default ({ n }) => {
        if (!/^C-\\d+$/.test(`C-${n}`)) throw new Error('no number of a client');
        const lines = Array.from({ length: 20 }, (_, i) => ({ sku: `S${i}`, quantity: i + 1 }));
        return { n, total: lines.reduce((sum, line) => sum + line.quantity, 0) };
    }",
    "export default async ({ n }) => {
        const seen = (await storage.get('seen')) ?? 0;
        await storage.set('seen', seen + 1);
        return { n };
    }",
    "export default ({ n }) => {
        const rows = Array.from({ length: 400 }, (_, i) => ({ day: (i * 7) % 31, sum: i * n }));
        rows.sort((one, other) => one.day - other.day);
        const days = new Map();
        for (const { day, sum } of rows) days.set(day, (days.get(day) ?? 0) + sum);
        return { n, days: [...days] };
    }",
    "export default async ({ n }) => { const client = await services.business.client(n); return { n: client.n }; }",
];

/// What was asked, and what the platform counted meanwhile.
#[derive(Serialize)]
pub(crate) struct Mix {
    pub(crate) calls: u64,
    pub(crate) saves: u64,
    pub(crate) trials: u64,
    pub(crate) per_second: f64,
    pub(crate) program_hits: u64,
    pub(crate) program_misses: u64,
    pub(crate) pool_hits: u64,
    pub(crate) pool_waits: u64,
}

impl Mix {
    /// Part of the programs that were kept ready.
    pub(crate) fn ready(&self) -> f64 {
        part(self.program_hits, self.program_misses)
    }

    /// Part of the executions that found a slot at once.
    pub(crate) fn at_once(&self) -> f64 {
        part(self.pool_hits, self.pool_waits)
    }
}

fn part(hits: u64, misses: u64) -> f64 {
    hits as f64 / (hits + misses).max(1) as f64
}

/// Calls for a time, from an empty cache on: what is compiled at first counts.
pub(crate) fn measure(time: Duration) -> Result<Mix> {
    runtime()?.block_on(async {
        let world = World::with(|builder| {
            builder
                .service(business())
                .other_tenants(TenantShare::TRUSTED)
        })
        .await?;
        let before = world.platform.status().runtime;
        let mut offices = Vec::new();
        for number in 0..TENANTS {
            offices.push(Office::open(&world, number).await?);
        }
        let mut callers = JoinSet::new();
        let began = Instant::now();
        for (number, office) in offices.iter().enumerate() {
            for caller in 0..CALLERS {
                let seed = (number * CALLERS + caller) as u64 + 1;
                callers.spawn(office.clone().calls(began + time, Random(seed)));
            }
        }
        let (mut calls, mut saves, mut trials) = (0, 0, 0);
        while let Some(done) = callers.join_next().await {
            let done = done??;
            calls += done.calls;
            saves += done.saves;
            trials += done.trials;
        }
        let elapsed = began.elapsed();
        let after = world.platform.status().runtime;
        world.stop().await;
        let more = |count: fn(&Statistics) -> u64| count(&after) - count(&before);
        Ok(Mix {
            calls,
            saves,
            trials,
            per_second: calls as f64 / elapsed.as_secs_f64(),
            program_hits: more(|read| read.programs.hits),
            program_misses: more(|read| read.programs.misses),
            pool_hits: more(|read| read.engine.at_once),
            pool_waits: more(|read| read.engine.waited),
        })
    })
}

/// The host application's service.
fn business() -> Service {
    Service::new("business", "Clients.").method(
        "client",
        "n: number",
        "Promise<{ n: number }>",
        "The client of this number.",
        |call| async move {
            tokio::time::sleep(BUSINESS).await;
            Ok(json!({ "n": call.args.first() }))
        },
    )
}

/// A tenant with its scripts and their author.
#[derive(Clone)]
struct Office {
    platform: Platform,
    tenant: TenantHandle,
    author: Ctx,
    scripts: Vec<Script>,
}

#[derive(Default)]
struct Done {
    calls: u64,
    saves: u64,
    trials: u64,
}

impl Office {
    async fn open(world: &World, number: usize) -> Result<Self> {
        let (tenant, author) = world.tenant(&format!("office-{number}")).await?;
        let platform = world.platform.clone();
        let mut scripts = Vec::new();
        for script in 0..SCRIPTS {
            let (name, kind) = (format!("script {script}"), KINDS[script % KINDS.len()]);
            // A text of its own: nobody finds another's program.
            let source = format!("// {number}.{script}\n{kind}");
            let saved = activate(&platform, &author, &name, Trigger::Embedded, &source).await?;
            scripts.push(saved);
        }
        Ok(Self {
            platform,
            tenant,
            author,
            scripts,
        })
    }

    async fn calls(self, until: Instant, mut random: Random) -> Result<Done> {
        let mut done = Done::default();
        while Instant::now() < until {
            let script = &self.scripts[random.skewed(SCRIPTS)];
            let n = random.below(1_000);
            let output: Value = self.tenant.invoke(&script.name, &json!({ "n": n })).await?;
            ensure!(output["n"] == n, "{} gives {output} for {n}", script.name);
            done.calls += 1;
            if random.below(SAVE_EVERY) == 0 {
                self.save(script, random.next()).await?;
                done.saves += 1;
            }
            if random.below(TRY_EVERY) == 0 {
                self.try_text(script, random.next()).await?;
                done.trials += 1;
            }
        }
        Ok(done)
    }

    /// A new version: the same with another comment.
    async fn save(&self, script: &Script, number: u64) -> Result<()> {
        let mut definition = script.definition.clone();
        definition
            .source
            .push_str(&format!("\n// saved as {number}"));
        let update = Update {
            base_version: None,
            definition,
            change_description: String::new(),
        };
        let scripts = self.platform.scripts();
        scripts.update(&self.author, script.id, update).await?;
        Ok(())
    }

    async fn try_text(&self, script: &Script, number: u64) -> Result<()> {
        let input = Json::from(json!({ "n": 1 }));
        let trial = Execute {
            source: Some(format!(
                "{}\n// tried as {number}",
                script.definition.source
            )),
            ..Execute::new(script.id, input, Mode::Sync)
        };
        let executions = self.platform.executions();
        let ended = executions.execute(&self.author, trial).await?;
        ensure!(
            ended.failure.is_none(),
            "a trial failed: {:?}",
            ended.failure
        );
        Ok(())
    }
}

/// The same choices in each run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    /// An index, small ones far more often: of ten, the first two or three are chosen half of the time.
    fn skewed(&mut self, bound: usize) -> usize {
        let unit = self.below(1 << 20) as f64 / (1_u32 << 20) as f64;
        (unit * unit * bound as f64) as usize
    }
}
