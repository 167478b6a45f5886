//! Processor time between equal tenants: twenty of them with more to compute than there are
//! processors, and how far apart they are as long as all of them are busy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use scriptorium::model::trigger::Trigger;
use scriptorium::{Platform, TenantHandle};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use crate::figures::micros;
use crate::platform::{World, activate, runtime};

const TENANTS: usize = 20;
/// Callers of each tenant: more than it may have executions at once, so that it always has as many.
const CALLERS: usize = 8;
const SCRIPT: &str = "export default ({ n }) => {
    let sum = n;
    for (let i = 0; i < 1_000_000; i++) sum = (sum * 31 + i) & 0xffff;
    return sum;
}";

/// What the tenants got.
#[derive(Serialize)]
pub(crate) struct Shares {
    pub(crate) tenants: usize,
    pub(crate) runs: usize,
    #[serde(rename = "elapsed_us", serialize_with = "micros")]
    pub(crate) elapsed: Duration,
    /// Processor time of the tenants that got least and most while all were busy.
    #[serde(rename = "least_us", serialize_with = "micros")]
    pub(crate) least: Duration,
    #[serde(rename = "most_us", serialize_with = "micros")]
    pub(crate) most: Duration,
}

impl Shares {
    /// How much more the one got than the other: 0.05 is a twentieth.
    pub(crate) fn spread(&self) -> f64 {
        self.most.as_secs_f64() / self.least.as_secs_f64() - 1.0
    }
}

/// Runs so many scripts, the same number for each tenant, every result checked.
pub(crate) fn measure(runs: usize) -> Result<Shares> {
    let each = runs.div_ceil(TENANTS);
    runtime()?.block_on(async {
        let world = World::start().await?;
        let mut tenants = Vec::new();
        for number in 0..TENANTS {
            let (tenant, author) = world.tenant(&format!("tenant-{number}")).await?;
            activate(
                &world.platform,
                &author,
                "computes",
                Trigger::Embedded,
                SCRIPT,
            )
            .await?;
            // Compiled, and its people looked for.
            call(&tenant, 0).await?;
            tenants.push(tenant);
        }
        let before = used(&world.platform);
        let began = Instant::now();
        let busy = Arc::new(OnceCell::new());
        let mut callers = JoinSet::new();
        for tenant in tenants {
            let taken = Arc::new(AtomicUsize::new(0));
            for _ in 0..CALLERS {
                let (tenant, taken) = (tenant.clone(), taken.clone());
                let (busy, platform) = (busy.clone(), world.platform.clone());
                callers.spawn(async move {
                    loop {
                        let n = taken.fetch_add(1, Ordering::Relaxed);
                        if n >= each {
                            // The first to find nothing left: all others are as busy as they may be.
                            busy.get_or_init(|| async { used(&platform) }).await;
                            return Ok(());
                        }
                        call(&tenant, n).await?;
                    }
                });
            }
        }
        while let Some(ended) = callers.join_next().await {
            let ended: Result<()> = ended?;
            ended?;
        }
        let elapsed = began.elapsed();
        world.stop().await;
        let after = busy.get().context("nobody was ever done")?;
        let mut got: Vec<Duration> = after
            .iter()
            .filter_map(|(tenant, cpu)| Some(*cpu - *before.get(tenant)?))
            .collect();
        got.sort_unstable();
        ensure!(got.len() == TENANTS, "{} tenants computed", got.len());
        Ok(Shares {
            tenants: TENANTS,
            runs: each * TENANTS,
            elapsed,
            least: got[0],
            most: got[TENANTS - 1],
        })
    })
}

/// Processor time by tenant, as the platform counts it.
fn used(platform: &Platform) -> BTreeMap<String, Duration> {
    let tenants = platform.status().runtime.tenants.into_iter();
    tenants
        .filter_map(|one| Some((one.tenant?.to_string(), one.cpu)))
        .collect()
}

async fn call(tenant: &TenantHandle, n: usize) -> Result<()> {
    let sum: Value = tenant.invoke("computes", &json!({ "n": n })).await?;
    ensure!(sum == expected(n), "a tenant computes {sum} from {n}");
    Ok(())
}

/// The script in Rust.
fn expected(n: usize) -> u64 {
    (0..1_000_000).fold(n as u64, |sum, i| (sum * 31 + i) & 0xffff)
}
