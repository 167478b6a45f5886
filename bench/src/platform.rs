//! The platform as a host application uses it: a warm call of a trivial script, and a platform with
//! scripts as every measurement of it needs one.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use scriptorium::model::limits::Limits;
use scriptorium::model::permission::Role;
use scriptorium::model::script::{Definition, Language, Script, ScriptStatus};
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Actor, Ctx};
use scriptorium::{Builder, NewUser, Platform, TenantHandle};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::disk;
use crate::figures::{Figures, Rounds};

const DRAIN: Duration = Duration::from_secs(5);
/// As many executions of one script at once as a script may have.
const CONCURRENCY: u32 = 20;

/// Measures a warm call of a trivial embedded script, one after the other, history relaxed.
pub(crate) fn measure(executions: usize, rounds: usize) -> Result<Rounds> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let world = World::start().await?;
        let source = "export default (input) => input.n + 1";
        world.activate("trivial", Trigger::Embedded, source).await?;
        calls(&world.platform, executions / 10).await?;
        let mut measured = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            measured.push(calls(&world.platform, executions).await?);
        }
        world.stop().await;
        Rounds::of(measured)
    })
}

async fn calls(platform: &Platform, executions: usize) -> Result<Figures> {
    let mut times = Vec::with_capacity(executions);
    let began = Instant::now();
    for n in 0..executions.max(1) {
        let one = Instant::now();
        let next: Value = platform.invoke("trivial", &json!({ "n": n })).await?;
        times.push(one.elapsed());
        ensure!(next == n + 1, "the trivial script gives {next} for {n}");
    }
    Figures::of(times, began.elapsed())
}

/// The runtime of a server: one thread for each processor.
pub(crate) fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// A platform on an empty database, with everything as an operator gets it.
pub(crate) struct World {
    pub(crate) platform: Platform,
    author: Ctx,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn start() -> Result<Self> {
        Self::with(|builder| builder).await
    }

    /// The same with something said otherwise.
    pub(crate) async fn with(more: impl FnOnce(Builder) -> Builder) -> Result<Self> {
        let folder = disk::folder()?;
        let builder = Platform::builder()
            .data_dir(folder.path())
            .admin_password("of no use after the measurement");
        let platform = more(builder).start().await?;
        Ok(Self {
            author: author(&platform, "default").await?,
            platform,
            _folder: folder,
        })
    }

    /// An active script of the tenant `default`.
    pub(crate) async fn activate(&self, name: &str, trigger: Trigger, source: &str) -> Result<()> {
        activate(&self.platform, &self.author, name, trigger, source).await?;
        Ok(())
    }

    /// A new tenant, and somebody who may write scripts in it.
    pub(crate) async fn tenant(&self, slug: &str) -> Result<(TenantHandle, Ctx)> {
        let platform = &self.platform;
        let operator = Ctx {
            permissions: Role::Superadmin.permissions(),
            ..platform.tenant("default").await?.ctx().clone()
        };
        platform.tenants().create(&operator, slug, slug).await?;
        let author = author(platform, slug).await?;
        Ok((platform.tenant(slug).await?, author))
    }

    /// Who writes the scripts of the tenant `default`.
    pub(crate) fn author(&self) -> &Ctx {
        &self.author
    }

    pub(crate) async fn stop(self) {
        self.platform.shutdown(DRAIN).await;
    }
}

/// An active script with an author, whose rights are asked for at each execution.
pub(crate) async fn activate(
    platform: &Platform,
    author: &Ctx,
    name: &str,
    trigger: Trigger,
    source: &str,
) -> Result<Script> {
    activate_with(platform, author, name, trigger, source, Limits::default()).await
}

/// The same within other limits.
pub(crate) async fn activate_with(
    platform: &Platform,
    author: &Ctx,
    name: &str,
    trigger: Trigger,
    source: &str,
    limits: Limits,
) -> Result<Script> {
    let definition = Definition {
        name: name.into(),
        description: String::new(),
        source: source.into(),
        language: Language::JavaScript,
        entry: None,
        trigger,
        limits: Limits {
            concurrency: CONCURRENCY,
            ..limits
        },
        input_schema: None,
        output_schema: None,
        compatibility: None,
        database: Default::default(),
        allowed_services: None,
        library: false,
        concurrency: None,
        run_as: None,
        tags: Vec::new(),
        metadata: Default::default(),
    };
    let scripts = platform.scripts();
    let script = scripts.create(author, definition, "").await?;
    let active = ScriptStatus::Active;
    Ok(scripts.set_status(author, script.id, active, None).await?)
}

/// Somebody who may write scripts in a tenant.
async fn author(platform: &Platform, tenant: &str) -> Result<Ctx> {
    let host = platform.tenant(tenant).await?.ctx().clone();
    let new = NewUser {
        email: "author@example.com".into(),
        name: "Author".into(),
        role: Role::OrgAdmin,
        extra_permissions: Vec::new(),
        password: None,
        locale: "en".into(),
    };
    let user = platform.users().create(&host, new).await?;
    Ok(Ctx {
        tenant: user.tenant,
        permissions: user.permissions(),
        actor: Actor::User {
            id: user.id,
            session: None,
        },
        origin: None,
    })
}
