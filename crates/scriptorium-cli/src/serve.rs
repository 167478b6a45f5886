//! `scriptorium serve`: a platform and its server until somebody stops it.

use std::io::IsTerminal as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use scriptorium::model::storage::Quota;
use scriptorium::{Builder, Platform};
use scriptorium_server::{Config, Server};
use scriptorium_wall::Standing;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::arguments::{LogFormat, ServeArgs};
use crate::exit::Refusal;
use crate::settings::Settings;
use crate::{configuration, print, wall};

/// The configuration, read, and the wall that stands around the process since.
pub(crate) struct Prepared {
    settings: Settings,
    standing: Standing,
}

impl Prepared {
    /// To be called before anything starts a thread.
    pub(crate) fn new(arguments: &ServeArgs) -> anyhow::Result<Self> {
        let settings = configuration::read(arguments)?.settings()?;
        let standing = wall::put_up(&settings)?;
        Ok(Self { settings, standing })
    }
}

pub(crate) async fn run(prepared: Prepared) -> anyhow::Result<()> {
    let Prepared { settings, standing } = prepared;
    start_logging(&settings)?;
    wall::announce(settings.wall, standing);
    // The signals are caught from here on, so that one during the start stops it as well.
    let stop = Stop::listen()?;
    let mut builder = builder(&settings);
    if settings.demo {
        builder = scriptorium_erp::install(builder);
    }
    let platform = builder.start().await.context("cannot start the platform")?;
    let deadline = OnceLock::new();
    let result = serve(&settings, platform.clone(), stop, &deadline).await;
    // Without a signal the server could not start: nothing of anybody's runs.
    let left = deadline.get().map_or(Duration::ZERO, |at| {
        at.saturating_duration_since(Instant::now())
    });
    platform.shutdown(left).await;
    result
}

/// Serves until somebody stops it, and sets the deadline of what runs then.
async fn serve(
    settings: &Settings,
    platform: Platform,
    stop: Stop,
    deadline: &OnceLock<Instant>,
) -> anyhow::Result<()> {
    if settings.demo {
        let made_up = platform
            .first_sign_in()
            .and_then(|first| first.password.as_deref());
        let password = settings.admin_password.as_deref().or(made_up);
        scriptorium_erp::seed(&platform, password)
            .await
            .context("cannot set up the sample business")?;
    }
    let server = Server::bind(config(settings), platform.clone()).await?;
    announce(&platform, &server)?;
    let asked = async {
        let signal = stop.wait().await;
        // Nothing new by itself, and not ready any more, while who has not noticed is still served.
        platform.drain();
        let _ = deadline.set(Instant::now() + settings.drain_timeout);
        tracing::info!("stopping; a second signal ends it at once");
        // Nobody sends requests to a terminal by way of a load balancer.
        if signal == Asked::Terminate {
            tokio::time::sleep(settings.drain_delay.min(settings.drain_timeout)).await;
        }
    };
    server.run(asked).await;
    Ok(())
}

/// Tells where the server is and, at the very first start, who may sign in.
fn announce(platform: &Platform, server: &Server) -> anyhow::Result<()> {
    if let Some(first) = platform.first_sign_in()
        && let Some(password) = &first.password
    {
        print::text(&format!(
            "first sign-in, shown this once: {} / {password}",
            first.email
        ))?;
    }
    Ok(print::text(&format!(
        "listening on http://{}",
        server.local_addr()
    ))?)
}

fn builder(settings: &Settings) -> Builder {
    let mut builder = Platform::builder()
        .data_dir(&settings.data_dir)
        .tenant_schema(settings.tables.clone())
        .http_public(settings.http_public)
        .http_allow(settings.http_allow.iter().copied())
        .http_networks(settings.http_networks.iter().copied())
        .http_deny(settings.http_deny.iter().copied())
        .service_allow(settings.service_allow.iter().copied())
        .allow_eval(settings.allow_eval);
    if let Some(database) = &settings.database {
        builder = builder.database(database.clone());
    }
    if let Some(name) = settings.node_name.clone().or_else(host_name) {
        builder = builder.node_name(name);
    }
    builder = builder.storage_quota(Quota {
        entries: settings.storage_entries,
        bytes: settings.storage_bytes,
    });
    builder = builder
        .notifications(settings.notifications.clone())
        .notifications_per_day(settings.notifications_per_day);
    if let Some(file) = &settings.secrets_key_file {
        builder = builder.secrets_key_file(file);
    }
    if let Some(file) = &settings.audit_key_file {
        builder = builder.audit_key_file(file);
    }
    if let Some(folder) = &settings.cache_dir {
        builder = builder.cache_dir(folder);
    }
    if let Some(folder) = &settings.backup_dir {
        builder = builder.backup_dir(folder);
    }
    if let Some(workers) = settings.workers {
        builder = builder.workers(workers);
    }
    if let Some(threads) = settings.guest_threads {
        builder = builder.guest_threads(threads);
    }
    builder = builder.other_tenants(settings.tenant_preset);
    for (slug, share) in &settings.tenant_shares {
        builder = builder.tenant_share(slug, *share);
    }
    if let Some(token) = &settings.bootstrap_token {
        builder = builder.bootstrap_token(token);
    }
    if let Some(password) = &settings.admin_password {
        builder = builder.admin_password(password);
    }
    builder
}

/// The machine's name, as the kernel tells it.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn config(settings: &Settings) -> Config {
    Config {
        listen: settings.listen,
        public_url: settings.public_url.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        drain: (settings.drain_timeout).saturating_sub(settings.drain_delay),
        ..Config::default()
    }
}

fn start_logging(settings: &Settings) -> Result<(), Refusal> {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| Refusal::usage(format!("log must be a filter such as info: {error}")))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}

/// Signals that ask the server to stop.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
    /// Caught so that a file at its size limit (`ulimit -f`) refuses a write instead of ending the
    /// process; the store says that there is no space.
    _file_size: Signal,
}

/// SIGXFSZ, the same number on every architecture Linux has but MIPS.
const FILE_SIZE: i32 = 25;

impl Stop {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            _file_size: signal(SignalKind::from_raw(FILE_SIZE))?,
        })
    }

    /// Waits for the first signal, and leaves somebody behind who waits for the second.
    async fn wait(mut self) -> Asked {
        let asked = self.next().await;
        #[expect(
            clippy::disallowed_methods,
            reason = "it is the end of the process, or ends with it"
        )]
        tokio::spawn(async move {
            let again = self.next().await;
            // As after a kill: what was accepted is durable, and leases give it back.
            std::process::exit(128 + again as i32);
        });
        asked
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }
}

/// Who asked: a person at a terminal, or whatever supervises the process. The numbers are those of
/// the signals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Interrupt = 2,
    Terminate = 15,
}
