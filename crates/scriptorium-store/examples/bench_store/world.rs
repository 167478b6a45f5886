//! What both databases begin with: tenants, and one script of each type in the first of them, made
//! through the store so that they are as real ones are. The others are copies (`filling`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use scriptorium_model::ambient::{Clock, Entropy};
use scriptorium_model::endpoint::Method;
use scriptorium_model::execution::{
    Execution, ExecutionStatus, LogLevel, LogLine, NewExecution, TriggerKind,
};
use scriptorium_model::limits::Limits;
use scriptorium_model::schedule::Schedule;
use scriptorium_model::script::{Definition, Language, Script, ScriptStatus};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::trigger::{Endpoint, EndpointAuth, Subscription, Trigger};
use scriptorium_model::{Ambient, Ctx, Json, ScriptId, TenantId, Timestamp};
use scriptorium_store::{Finished, Store};

use crate::rows::{Source, mix};
use crate::shape::Shape;

/// The tenants, and the scripts that the others are copied from.
pub(crate) struct World {
    pub(crate) ambient: Ambient,
    pub(crate) tenants: Vec<TenantId>,
    /// One of each type.
    pub(crate) templates: Vec<Script>,
    /// A script with two large versions.
    pub(crate) large: Script,
    /// The instant that all others are counted from.
    pub(crate) now_us: i64,
}

impl World {
    /// The world of a database that was filled before.
    pub(crate) async fn again(store: &Store, now_us: i64, ambient: Ambient) -> Result<Self> {
        let mut tenants = Vec::new();
        while let Some(tenant) = store.find_tenant_by_slug(&slug(tenants.len())).await? {
            tenants.push(tenant.id);
        }
        let first = *tenants.first().context("there is no tenant")?;
        let ctx = Ctx::platform(first);
        let large = store.find_script_by_name(&ctx, LARGE).await?;
        Ok(Self {
            ambient,
            large: large.context("there is no large script")?,
            tenants,
            templates: Vec::new(),
            now_us,
        })
    }

    pub(crate) async fn begin(store: &Store, shape: Shape, ambient: Ambient) -> Result<Self> {
        let mut tenants: Vec<TenantId> = Vec::new();
        for number in 0..shape.tenants {
            let tenant = Tenant {
                id: ambient.new_id(),
                slug: slug(number),
                name: format!("Tenant {number}"),
                created_at: ambient.now(),
            };
            store
                .create_tenant(&Ctx::platform(tenant.id), &tenant)
                .await?;
            tenants.push(tenant.id);
        }
        let ctx = Ctx::platform(tenants[0]);
        let mut templates = Vec::new();
        for (number, trigger) in triggers().into_iter().enumerate() {
            let definition = definition(&format!("template {number}"), trigger, SOURCE.into());
            templates.push(active(store, &ctx, &ambient, definition).await?);
        }
        let source = |word: &str| {
            let line = |n: usize| format!("  total += price({n}) * {word}; // line {n}\n");
            (0..2_400).map(line).collect::<String>()
        };
        let mut definition = definition(LARGE, Trigger::OneOff, source("quantity"));
        let large = active(store, &ctx, &ambient, definition.clone()).await?;
        definition.source = source("quantity").replace("00) * quantity", "00) * amount");
        store
            .update_script(&ctx, large.id, None, definition, "")
            .await?;
        Ok(Self {
            now_us: ambient.now().as_microsecond(),
            ambient,
            tenants,
            templates,
            large,
        })
    }

    /// What is generated for these tenants.
    pub(crate) fn source(&self, shape: Shape) -> Arc<Source> {
        let now_ms = self.now_us.unsigned_abs() / 1_000;
        Arc::new(Source::new(shape, &self.tenants, now_ms))
    }

    pub(crate) fn template_ids(&self) -> Vec<[u8; 16]> {
        let ids = self.templates.iter().map(|script| script.id.0.into_bytes());
        ids.collect()
    }
}

const LARGE: &str = "large";

fn slug(number: usize) -> String {
    format!("tenant-{number}")
}

const SOURCE: &str = "export default function main(input, ctx) {\n  const order = input.order;\n  \
    return { ok: true, order };\n}\n";

fn triggers() -> [Trigger; 5] {
    [
        Trigger::Scheduled(Schedule::new("0 9 * * *", "Asia/Tashkent")),
        Trigger::Http(Endpoint::new(
            "/template",
            &[Method::Get],
            EndpointAuth::Public,
        )),
        Trigger::Event(Subscription::to(["order.created"])),
        Trigger::OneOff,
        Trigger::Embedded,
    ]
}

fn definition(name: &str, trigger: Trigger, source: String) -> Definition {
    Definition {
        name: name.into(),
        description: "checks an order against the stock".into(),
        source,
        language: Language::JavaScript,
        entry: None,
        trigger,
        limits: Limits::default(),
        concurrency: None,
        input_schema: None,
        output_schema: None,
        compatibility: None,
        database: Default::default(),
        allowed_services: None,
        library: false,
        run_as: None,
        tags: vec!["orders".into()],
        metadata: Default::default(),
    }
}

async fn active(
    store: &Store,
    ctx: &Ctx,
    ambient: &Ambient,
    definition: Definition,
) -> Result<Script> {
    let script = Script {
        id: ambient.new_id(),
        tenant: ctx.tenant,
        definition,
        status: ScriptStatus::Draft,
        version: 1,
        owner: None,
        updated_by: None,
        activated_by: None,
        created_by: None,
        created_at: ambient.now(),
        updated_at: ambient.now(),
        paused_reason: None,
    };
    store.create_script(ctx, &script, "").await?;
    let (from, to) = (ScriptStatus::Draft, ScriptStatus::Active);
    Ok(store.set_status(ctx, script.id, from, to, None).await?)
}

/// An execution that has ended, with a log line, for measuring how fast they are recorded.
pub(crate) fn ended(ambient: &Ambient, source: &Source, number: u64) -> Finished {
    let like = source.execution(number);
    let now = ambient.now();
    let new = NewExecution {
        id: ambient.new_id(),
        tenant: like.tenant,
        script: ScriptId(like.script),
        script_name: like.script_name,
        version: 1,
        trigger: TriggerKind::Http,
        input: Json::from_written(like.input),
        at: now,
    };
    let execution = Execution {
        status: ExecutionStatus::Completed,
        output: like.output.map(Json::from_written),
        started_at: Some(now),
        completed_at: Some(now),
        ..Execution::pending(new)
    };
    let line = LogLine {
        seq: 1,
        level: LogLevel::Info,
        message: "recorded, while others were".into(),
        data: Some(Json::from_written(like.line_data)),
        at: now,
    };
    Finished {
        execution,
        lease: None,
        logs: vec![line],
        events: Vec::new(),
        notifications: Vec::new(),
        incidents: Vec::new(),
    }
}

/// The real clock, and numbers that do not repeat.
pub(crate) fn ambient() -> Ambient {
    Ambient::new(Arc::new(RealClock), Arc::new(Numbers(AtomicU64::new(0))))
}

struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

struct Numbers(AtomicU64);

impl Entropy for Numbers {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = mix(self.0.fetch_add(1, Ordering::Relaxed)).to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }
}
