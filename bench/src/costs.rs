//! What a call from inside a script costs: each family called many times in one execution, and the same done in
//! Rust by the host. What is left is ours: the wall, arguments and results as JSON, permissions, metering.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use scriptorium::model::limits::Limits;
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Json, Uuid};
use scriptorium::outbound::{Policy, Request, Rules};
use scriptorium::tenant_data::{ColumnType, Table};
use scriptorium::{Platform, SecretInput, Service, ServiceError, TenantHandle, TenantSchema};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::figures::{micros, percentile};
use crate::platform::{World, activate_with, runtime};

/// Calls of one execution.
const CALLS: usize = 500;

/// What calls cost, and what is not done at all.
#[derive(Serialize)]
pub(crate) struct Costs {
    pub(crate) calls: Vec<Cost>,
    /// Requests to where none may go: what is there, and how soon they are refused (P2.3).
    pub(crate) refused: Vec<Refused>,
    /// Looking whether an address may be asked (P2.4), which is done for every address before it is dialled.
    #[serde(rename = "check_us", serialize_with = "micros")]
    pub(crate) check: Duration,
    /// The same with reading the URL that names it.
    #[serde(rename = "read_and_check_us", serialize_with = "micros")]
    pub(crate) read_and_check: Duration,
}

/// A request that is refused.
#[derive(Serialize)]
pub(crate) struct Refused {
    pub(crate) there: &'static str,
    #[serde(rename = "p50_us", serialize_with = "micros")]
    pub(crate) p50: Duration,
}

/// What one family costs.
#[derive(Serialize)]
pub(crate) struct Cost {
    pub(crate) call: &'static str,
    /// One call from a script, of the execution in the middle.
    #[serde(rename = "from_a_script_us", serialize_with = "micros")]
    pub(crate) from_a_script: Duration,
    /// The same in Rust; nothing where a host has nothing that is the same.
    pub(crate) in_rust_us: Option<f64>,
}

impl Cost {
    /// What we add, in microseconds.
    pub(crate) fn ours(&self) -> Option<f64> {
        let from_a_script = self.from_a_script.as_secs_f64() * 1e6;
        self.in_rust_us.map(|in_rust| from_a_script - in_rust)
    }

    pub(crate) fn per_second(&self) -> f64 {
        1.0 / self.from_a_script.as_secs_f64()
    }
}

/// The families, and how a script calls them.
const FAMILIES: &[(&str, &str)] = &[
    ("utils.uuid", "utils.uuid()"),
    ("utils.crypto.hash", "utils.crypto.hash('text')"),
    ("context.budget", "context.budget()"),
    ("console.log", "console.log('a line')"),
    (
        "events.publish",
        "await events.publish('scripts.custom.bench', 1)",
    ),
    ("cache.get", "await cache.get('key')"),
    ("secrets.get", "await secrets.get('key')"),
    ("services", "await services.bench.echo(1)"),
    ("storage.get", "await storage.get('key')"),
    ("storage.set", "await storage.set('key', 1)"),
    ("db.findOne", "await db.findOne('items', { id: 'a' })"),
    (
        "db.query",
        "await db.query('select name from items where id = $1', ['a'])",
    ),
    (
        "db.execute",
        "await db.execute('update items set number = number + 1 where id = $1', ['a'])",
    ),
    ("http.get", "await http.get(url)"),
];

/// What asks for what is refused.
const REFUSED: &str = "http-refused";
/// An address outside, which nobody asks: it is looked at only.
const OUTSIDE: &str = "93.184.215.14";

/// Measures every family whose name begins so, so many executions of each.
pub(crate) fn measure(executions: usize, only: &str) -> Result<Costs> {
    runtime()?.block_on(async {
        let site = TcpListener::bind("127.0.0.1:0").await?;
        let address = site.local_addr()?;
        let mut serving = JoinSet::new();
        serving.spawn(serve(site));
        let table = Table::new("items")
            .column("id", ColumnType::Text)
            .column("name", ColumnType::Text)
            .column("number", ColumnType::Integer)
            .written_by_scripts();
        let schema = TenantSchema {
            tables: vec![table],
        };
        let echo = Service::new("bench", "Answers what it is asked.").method(
            "echo",
            "value: number",
            "Promise<number>",
            "The value.",
            |mut call| async move { call.args.pop().ok_or_else(nothing) },
        );
        let world = World::with(|builder| {
            let builder = builder.tenant_schema(schema).service(echo);
            builder.http_allow([address])
        })
        .await?;
        let measured = Calling::prepare(&world, address)
            .await?
            .measure(executions, only)
            .await;
        world.stop().await;
        measured
    })
}

fn nothing() -> ServiceError {
    ServiceError::new("VALIDATION_ERROR", "asks for nothing")
}

/// The script that calls it.
fn named(call: &str) -> String {
    call.replace('.', "-").to_lowercase()
}

struct Calling<'a> {
    platform: &'a Platform,
    tenant: TenantHandle,
    url: String,
}

impl<'a> Calling<'a> {
    async fn prepare(world: &'a World, address: SocketAddr) -> Result<Self> {
        let platform = &world.platform;
        let tenant = platform.tenant("default").await?;
        let limits = Limits {
            api_calls: 10_000,
            service_calls: 10_000,
            ..Limits::default()
        };
        for (name, call) in FAMILIES {
            let source = format!(
                "export default async ({{ n, url }}) => {{ for (let i = 0; i < n; i++) {call}; }}"
            );
            let author = world.author();
            activate_with(
                platform,
                author,
                &named(name),
                Trigger::Embedded,
                &source,
                limits,
            )
            .await?;
        }
        let source = "export default async ({ n, url }) => {
            for (let i = 0; i < n; i++) {
                await http.get(url).then(() => { throw new Error('it was sent'); }, () => {});
            }
        }";
        let (author, trigger) = (world.author(), Trigger::Embedded);
        activate_with(platform, author, REFUSED, trigger, source, limits).await?;
        let one = Json::parse("1")?;
        platform
            .storage()
            .set(tenant.ctx(), "key", one, None)
            .await?;
        let secret = SecretInput {
            value: Some("a value that is long enough".into()),
            keep_previous: None,
            test_value: None,
            scripts: None,
        };
        platform
            .secrets()
            .put(world.author(), "key", secret)
            .await?;
        let row = vec![json!("a"), json!("a name"), json!(1)];
        let insert = "insert into items (id, name, number) values ($1, $2, $3)";
        tenant.data().execute(tenant.ctx(), insert, row).await?;
        Ok(Self {
            platform,
            tenant,
            url: format!("http://{address}/"),
        })
    }

    async fn measure(&self, executions: usize, only: &str) -> Result<Costs> {
        Ok(Costs {
            calls: self.calls(executions, only).await?,
            refused: match only {
                "" => self.refused(executions).await?,
                _ => Vec::new(),
            },
            check: checked()?,
            read_and_check: self.read_and_checked()?,
        })
    }

    /// Somebody listens, nobody does, or nobody would answer.
    async fn refused(&self, executions: usize) -> Result<Vec<Refused>> {
        let listening = TcpListener::bind("127.0.0.1:0").await?;
        let open = format!("http://{}/", listening.local_addr()?);
        let closed = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        let places = [
            ("an open port of this machine", open),
            ("a closed port of this machine", format!("http://{closed}/")),
            (
                "an address of a private network",
                "http://10.255.255.1/".to_owned(),
            ),
            ("a cloud's metadata", "http://169.254.169.254/".to_owned()),
        ];
        let mut refused = Vec::with_capacity(places.len());
        for (there, url) in places {
            let each = self.each(REFUSED, &url, executions).await?;
            refused.push(Refused { there, p50: each });
        }
        Ok(refused)
    }

    fn read_and_checked(&self) -> Result<Duration> {
        let (outbound, url) = (self.platform.outbound(), format!("https://{OUTSIDE}/"));
        repeated(|| Ok(outbound.check(&Rules::default(), &url)?))
    }

    /// One call of the execution in the middle.
    async fn each(&self, script: &str, url: &str, executions: usize) -> Result<Duration> {
        // Programs and connections are warm, and what is asked is known.
        self.executed(script, url, CALLS).await?;
        let mut times = Vec::with_capacity(executions.max(1));
        for _ in 0..executions.max(1) {
            times.push(self.one(script, url).await?);
        }
        middle(times)
    }

    /// One call of one execution.
    async fn one(&self, script: &str, url: &str) -> Result<Duration> {
        let empty = self.executed(script, url, 0).await?;
        let full = self.executed(script, url, CALLS).await?;
        Ok(full.saturating_sub(empty) / u32::try_from(CALLS)?)
    }

    /// In turns with the same in Rust, as many times each, and of both what is in the middle: what a disk or a
    /// connection takes now and then is in one as it is in the other.
    async fn calls(&self, executions: usize, only: &str) -> Result<Vec<Cost>> {
        let mut costs = Vec::with_capacity(FAMILIES.len());
        for (call, _) in FAMILIES.iter().filter(|(call, _)| call.starts_with(only)) {
            let script = named(call);
            self.executed(&script, &self.url, CALLS).await?;
            let is_same = self.in_rust(call).await?;
            let (mut theirs, mut same) = (Vec::new(), Vec::new());
            for _ in 0..executions.max(1) {
                theirs.push(self.one(&script, &self.url).await?);
                let began = Instant::now();
                for _ in 0..if is_same { CALLS } else { 0 } {
                    self.in_rust(call).await?;
                }
                same.push(began.elapsed() / u32::try_from(CALLS)?);
            }
            let same = is_same.then(|| middle(same)).transpose()?;
            costs.push(Cost {
                call,
                from_a_script: middle(theirs)?,
                in_rust_us: same.map(|time| time.as_secs_f64() * 1e6),
            });
        }
        Ok(costs)
    }

    async fn executed(&self, script: &str, url: &str, n: usize) -> Result<Duration> {
        let input = json!({ "n": n, "url": url });
        let began = Instant::now();
        let _: Value = self.platform.invoke(script, &input).await?;
        Ok(began.elapsed())
    }

    /// The same by the host's own code; whether there is something that is the same.
    async fn in_rust(&self, call: &str) -> Result<bool> {
        let (ctx, data) = (self.tenant.ctx(), self.tenant.data());
        let id = || vec![json!("a")];
        match call {
            "utils.uuid" => {
                let _: Uuid = self.platform.ambient().new_id();
            }
            "storage.get" => {
                let entry = self.platform.storage().get(ctx, "key").await?;
                ensure!(entry.is_some(), "the entry is gone");
            }
            "storage.set" => {
                let one = Json::parse("1")?;
                self.platform.storage().set(ctx, "key", one, None).await?;
            }
            "db.findOne" | "db.query" => {
                let text = "select id, name, number from items where id = $1 limit 1";
                ensure!(data.query(ctx, text, id()).await?.len() == 1, "no row");
            }
            "db.execute" => {
                let text = "update items set number = number + 1 where id = $1";
                ensure!(data.execute(ctx, text, id()).await? == 1, "no row");
            }
            "http.get" => {
                let tenant = self.tenant.tenant().id.0;
                let get = Request::new(tenant, "GET".parse()?, self.url.clone());
                let mut answer = self.platform.outbound().send(get).await?;
                ensure!(answer.status.is_success(), "{}", answer.status);
                answer.bytes().await?;
            }
            // Its work is next to nothing.
            "services" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn checked() -> Result<Duration> {
    let policy = Policy::default();
    let address = SocketAddr::new(OUTSIDE.parse()?, 443);
    repeated(|| {
        let permitted = policy.permits(address);
        permitted.map_err(|reason| anyhow::anyhow!("{address} is refused: {reason}"))
    })
}

fn repeated(work: impl Fn() -> Result<()>) -> Result<Duration> {
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let began = Instant::now();
        work()?;
        times.push(began.elapsed());
    }
    middle(times)
}

fn middle(mut times: Vec<Duration>) -> Result<Duration> {
    times.sort_unstable();
    percentile(&times, 50).context("nothing was measured")
}

/// Answers every request with the same few bytes.
async fn serve(site: TcpListener) {
    let mut peers = JoinSet::new();
    while let Ok((peer, _)) = site.accept().await {
        peers.spawn(answer(peer));
    }
}

async fn answer(mut peer: TcpStream) -> std::io::Result<()> {
    peer.set_nodelay(true)?;
    let mut request = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let read = peer.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&part[..read]);
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            peer.write_all(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok",
            )
            .await?;
        }
    }
}
