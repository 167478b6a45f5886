//! The server's configuration: flags over environment over file over defaults, and where each value
//! came from. Every key is one row of [`KEYS`]; unknown keys of the file are refused.

mod attached;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use reqwest::Url;
use scriptorium::TenantSchema;
use scriptorium::model::notification::SendMode;
use scriptorium::model::tenant::DEFAULT_SLUG;
use scriptorium::tenant_data::Table;
use scriptorium::{Database, MailServer, NotificationSettings, Replica, SmsGateway, TenantShare};
use scriptorium_server::IpNet;

use crate::arguments::{LogFormat, ServeArgs, duration};
use crate::exit::Refusal;
use crate::wall::Mode;

/// A setting as the operator knows it.
struct Key {
    /// Its name in the file; upper case after [`PREFIX`] in the environment.
    name: &'static str,
    default: Option<&'static str>,
    /// Whether its value is shown to nobody, and may come from a file named by `…_FILE`.
    secret: bool,
}

const PREFIX: &str = "SCRIPTORIUM_";

/// Every setting.
const KEYS: [Key; 53] = [
    key("listen", Some("127.0.0.1:8080")),
    key("data_dir", Some("./data")),
    key("cache_dir", None),
    key("backup_dir", None),
    secret("database_url"),
    secret("database_url_system"),
    secret("database_url_script"),
    secret("database_url_migrator"),
    secret("database_url_replica"),
    key("replica_max_lag", Some("10s")),
    key("database_role_prefix", Some("scriptorium")),
    key("node_name", None),
    key("audit_key_file", None),
    key("secrets_key_file", None),
    key("demo", Some("false")),
    key("public_url", None),
    key("trusted_proxies", None),
    key("http_public", Some("true")),
    key("http_allow", None),
    key("http_networks", None),
    key("http_deny", None),
    key("service_allow", None),
    key("allow_eval", Some("false")),
    key("workers", None),
    key("guest_threads", None),
    key("storage_entries", Some("100000")),
    key("storage_bytes", Some("268435456")),
    key("notifications", Some("send")),
    key("notifications_per_day", Some("1000")),
    key("smtp_host", None),
    key("smtp_port", None),
    key("smtp_tls", Some("starttls")),
    key("smtp_user", None),
    secret("smtp_password"),
    key("smtp_from", None),
    key("smtp_ca_file", None),
    secret("sms_url"),
    key("sms_body", Some(SmsGateway::BODY)),
    key("sms_content_type", Some(SmsGateway::JSON)),
    secret("sms_authorization"),
    secret("slack_url"),
    secret("teams_url"),
    secret("telegram_url"),
    key("tenant_preset", Some("shared-hosting")),
    key("tenant_shares", None),
    key("drain_delay", Some("2s")),
    key("drain_timeout", Some("25s")),
    key("wall", Some("auto")),
    key("wall_read", None),
    key("log", Some("info")),
    key("log_format", Some("text")),
    secret("bootstrap_token"),
    secret("admin_password"),
];

/// What is said of tables that the host has in the database already. Only the file says it.
const ATTACHED: &str = "attached";

/// Most that `drain_delay` and `drain_timeout` may be.
const LONGEST_DRAIN: Duration = Duration::from_secs(3_600);

/// What `tenant_preset` may be.
const PRESETS: &str = "trusted or shared-hosting";

/// Variables with our prefix that are not settings of the server.
const OTHER_VARIABLES: [&str; 4] = ["CONFIG", "URL", "TOKEN", "BIN"];

const fn key(name: &'static str, default: Option<&'static str>) -> Key {
    Key {
        name,
        default,
        secret: false,
    }
}

const fn secret(name: &'static str) -> Key {
    Key {
        name,
        default: None,
        secret: true,
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(String),
    Environment(String),
    File(PathBuf),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value as text, and where it came from. An absent value has none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Given {
    text: Option<String>,
    origin: Origin,
}

/// The effective value of every key.
#[derive(Debug)]
pub(crate) struct Layers {
    values: BTreeMap<&'static str, Given>,
    /// Tables that the host has in the database already.
    attached: Vec<Table>,
    /// Variables that look like settings and are none.
    pub(crate) unknown_variables: Vec<String>,
}

/// One line of `scriptorium config`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) key: &'static str,
    pub(crate) value: String,
    pub(crate) origin: String,
}

/// What the server is started with.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) backup_dir: Option<PathBuf>,
    /// The PostgreSQL server; `None` for files in the data directory.
    pub(crate) database: Option<Database>,
    /// Tables that the host has there already.
    pub(crate) tables: TenantSchema,
    pub(crate) node_name: Option<String>,
    pub(crate) audit_key_file: Option<PathBuf>,
    pub(crate) secrets_key_file: Option<PathBuf>,
    pub(crate) demo: bool,
    pub(crate) public_url: Option<Url>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) http_public: bool,
    pub(crate) http_allow: Vec<SocketAddr>,
    pub(crate) http_networks: Vec<IpNet>,
    pub(crate) http_deny: Vec<IpNet>,
    pub(crate) service_allow: Vec<SocketAddr>,
    pub(crate) allow_eval: bool,
    pub(crate) workers: Option<usize>,
    pub(crate) guest_threads: Option<usize>,
    /// How much storage a tenant may have.
    pub(crate) storage_entries: u64,
    pub(crate) storage_bytes: u64,
    /// What notifications go through.
    pub(crate) notifications: NotificationSettings,
    /// How many of them a tenant may send a day.
    pub(crate) notifications_per_day: u64,
    /// What a tenant may take of the process that is not among `tenant_shares`.
    pub(crate) tenant_preset: TenantShare,
    pub(crate) tenant_shares: BTreeMap<String, TenantShare>,
    /// How long callers are still served after the server was asked to stop.
    pub(crate) drain_delay: Duration,
    /// How long from then on what runs may take to end.
    pub(crate) drain_timeout: Duration,
    /// Whether the second wall is put up.
    pub(crate) wall: Mode,
    /// Files and folders that stay readable behind it.
    pub(crate) wall_read: Vec<PathBuf>,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    pub(crate) bootstrap_token: Option<String>,
    pub(crate) admin_password: Option<String>,
}

impl Layers {
    /// Joins the layers. `environment` is the whole environment of the process.
    pub(crate) fn read(
        flags: &ServeArgs,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Refusal> {
        let mut layers = Self {
            values: KEYS.iter().map(|key| (key.name, key.given())).collect(),
            attached: Vec::new(),
            unknown_variables: Vec::new(),
        };
        if let Some(path) = configuration_file(flags) {
            layers.read_file(&path)?;
        }
        layers.read_environment(environment)?;
        layers.read_flags(flags);
        Ok(layers)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Refusal> {
        let at = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Refusal::usage(format!("cannot read {at}: {error}")))?;
        let table: toml::Table =
            toml::from_str(&text).map_err(|error| Refusal::usage(format!("{at}: {error}")))?;
        for (name, value) in table {
            if name == ATTACHED {
                let toml::Value::Table(tables) = value else {
                    let message =
                        format!("{at}: {ATTACHED} must be tables, such as [attached.orders]");
                    return Err(Refusal::usage(message));
                };
                for (name, value) in tables {
                    let table = attached::table(&name, value);
                    let table = table.map_err(|error| {
                        Refusal::usage(format!("{at}: {ATTACHED}.{name}: {}", error.trim()))
                    })?;
                    self.attached.push(table);
                }
                continue;
            }
            let Some(key) = KEYS.iter().find(|key| key.name == name) else {
                let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
                let known = format!("{}, {ATTACHED}", known.join(", "));
                let message = format!("{at}: unknown key {name}; known are {known}");
                return Err(Refusal::usage(message));
            };
            let text = plain(&value).ok_or_else(|| {
                Refusal::usage(format!(
                    "{at}: {name} must be a plain value or a list of them"
                ))
            })?;
            self.give(key, text, Origin::File(path.to_owned()));
        }
        Ok(())
    }

    fn read_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), Refusal> {
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for (variable, text) in environment {
            let Some(name) = variable.strip_prefix(PREFIX) else {
                continue;
            };
            let Some((key, from_file)) = key_of(name) else {
                if !OTHER_VARIABLES.contains(&name) {
                    self.unknown_variables.push(variable);
                }
                continue;
            };
            if let Some(other) = seen.insert(key.name, variable.clone()) {
                let message = format!("{other} and {variable} are both set; keep one");
                return Err(Refusal::usage(message));
            }
            let text = if from_file {
                secret_file(&variable, &text)?
            } else {
                text
            };
            self.give(key, text, Origin::Environment(variable));
        }
        Ok(())
    }

    fn read_flags(&mut self, flags: &ServeArgs) {
        let given = [
            ("listen", flags.listen.map(|listen| listen.to_string())),
            (
                "data_dir",
                flags
                    .data_dir
                    .as_ref()
                    .map(|folder| folder.display().to_string()),
            ),
            ("database_url", flags.database_url.clone()),
            ("database_url_replica", flags.database_url_replica.clone()),
            ("demo", flags.demo.then(|| "true".to_owned())),
            (
                "log_format",
                flags.log_format.map(|format| match format {
                    LogFormat::Text => "text".to_owned(),
                    LogFormat::Json => "json".to_owned(),
                }),
            ),
        ];
        for (name, text) in given {
            let key = KEYS.iter().find(|key| key.name == name);
            if let (Some(key), Some(text)) = (key, text) {
                let flag = format!("--{}", name.replace('_', "-"));
                self.give(key, text, Origin::Flag(flag));
            }
        }
    }

    /// An empty text means that there is no value, so that a variable can undo what the file says.
    fn give(&mut self, key: &Key, text: String, origin: Origin) {
        let text = (!text.is_empty()).then_some(text);
        self.values.insert(key.name, Given { text, origin });
    }

    /// The effective values for people; secrets are masked.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        let shown = |key: &Key| {
            let given = &self.values[key.name];
            let value = match &given.text {
                None => "(not set)".to_owned(),
                Some(_) if key.secret => "********".to_owned(),
                Some(text) => text.clone(),
            };
            Shown {
                key: key.name,
                value,
                origin: given.origin.to_string(),
            }
        };
        KEYS.iter().map(shown).collect()
    }

    /// The values in their types.
    pub(crate) fn settings(&self) -> Result<Settings, Refusal> {
        let settings = Settings {
            listen: self.required("listen", "an address and port such as 127.0.0.1:8080")?,
            data_dir: self.required("data_dir", "a folder")?,
            cache_dir: self.optional("cache_dir", "a folder")?,
            backup_dir: self.optional("backup_dir", "a folder")?,
            database: self.database()?,
            tables: TenantSchema {
                tables: self.attached.clone(),
            },
            node_name: self.optional("node_name", "a name")?,
            audit_key_file: self.optional("audit_key_file", "a file")?,
            secrets_key_file: self.optional("secrets_key_file", "a file")?,
            demo: self.required("demo", "true or false")?,
            public_url: self.optional("public_url", "an address such as https://a.example")?,
            trusted_proxies: self.networks(
                "trusted_proxies",
                "addresses or networks such as 10.0.0.0/8",
            )?,
            http_public: self.required("http_public", "true or false")?,
            http_allow: self.list("http_allow", "addresses with port such as 127.0.0.1:9000")?,
            http_networks: self
                .networks("http_networks", "private networks such as 10.1.0.0/16")?,
            http_deny: self
                .networks("http_deny", "addresses or networks such as 203.0.113.0/24")?,
            service_allow: self.list(
                "service_allow",
                "addresses with port such as 127.0.0.1:9000",
            )?,
            allow_eval: self.required("allow_eval", "true or false")?,
            workers: self.optional("workers", "a number of 1 or more")?,
            guest_threads: self.optional("guest_threads", "a number of 1 or more")?,
            storage_entries: self.required("storage_entries", "a number of entries")?,
            storage_bytes: self.required("storage_bytes", "a number of bytes")?,
            notifications: self.notifications()?,
            notifications_per_day: self.required("notifications_per_day", "a number")?,
            tenant_preset: self.tenant_preset()?,
            tenant_shares: self.tenant_shares()?,
            drain_delay: self.duration("drain_delay")?,
            drain_timeout: self.duration("drain_timeout")?,
            wall: self.required("wall", "auto, require or off")?,
            wall_read: self.list("wall_read", "files or folders")?,
            log: self.required("log", "a filter such as info")?,
            log_format: self.log_format()?,
            bootstrap_token: self.optional("bootstrap_token", "a text")?,
            admin_password: self.optional("admin_password", "a text")?,
        };
        if settings.demo && !settings.tables.tables.is_empty() {
            let message = "demo has tables of its own: it cannot be on with attached ones";
            return Err(Refusal::usage(message));
        }
        let short = |token: &String| token.chars().count() < 32;
        if settings.bootstrap_token.as_ref().is_some_and(short) {
            return Err(self.refused("bootstrap_token", "at least 32 characters"));
        }
        for (name, number) in [
            ("workers", settings.workers),
            ("guest_threads", settings.guest_threads),
        ] {
            if number == Some(0) {
                return Err(self.refused(name, "a number of 1 or more"));
            }
        }
        Ok(settings)
    }

    fn notifications(&self) -> Result<NotificationSettings, Refusal> {
        let expected = "an address such as https://a.example/path";
        let mode: String = self.required("notifications", "send or record")?;
        let mode = SendMode::from_name(&mode);
        Ok(NotificationSettings {
            mail: self.mail()?,
            sms: self.sms()?,
            slack: self.optional("slack_url", expected)?,
            teams: self.optional("teams_url", expected)?,
            telegram: self.optional("telegram_url", expected)?,
            mode: mode.ok_or_else(|| self.refused("notifications", "send or record"))?,
        })
    }

    fn mail(&self) -> Result<Option<MailServer>, Refusal> {
        let Some(host) = self.optional("smtp_host", "the name of a mail server")? else {
            return Ok(None);
        };
        let user: Option<String> = self.optional("smtp_user", "a name")?;
        let password: Option<String> = self.optional("smtp_password", "a text")?;
        let login = match (user, password) {
            (Some(user), Some(password)) => Some((user, password)),
            (None, None) => None,
            (Some(_), None) => return Err(self.refused("smtp_password", "set with smtp_user")),
            (None, Some(_)) => return Err(self.refused("smtp_user", "set with smtp_password")),
        };
        let file: Option<PathBuf> = self.optional("smtp_ca_file", "a file")?;
        let authority = file.map(std::fs::read).transpose();
        Ok(Some(MailServer {
            host,
            port: self.optional("smtp_port", "a port")?,
            tls: self.required("smtp_tls", "starttls, tls or off")?,
            login,
            from: self.required("smtp_from", "a sender such as Acme <no-reply@acme.example>")?,
            authority: authority
                .map_err(|_| self.refused("smtp_ca_file", "a file that can be read"))?,
        }))
    }

    fn sms(&self) -> Result<Option<SmsGateway>, Refusal> {
        let Some(url) = self.optional("sms_url", "an address")? else {
            return Ok(None);
        };
        Ok(Some(SmsGateway {
            url,
            body: self.optional("sms_body", "a text")?,
            content_type: self.required("sms_content_type", "the type of sms_body")?,
            authorization: self.optional("sms_authorization", "a text")?,
        }))
    }

    fn duration(&self, name: &'static str) -> Result<Duration, Refusal> {
        let text = self.values[name].text.as_deref().unwrap_or_default();
        let read = duration(text).ok().filter(|time| *time <= LONGEST_DRAIN);
        read.ok_or_else(|| self.refused(name, "a time of up to an hour such as 500ms or 25s"))
    }

    fn replica(&self) -> Result<Option<Replica>, Refusal> {
        let expected = "a URL such as postgres://login:password@host/database";
        let Some(url) = self.optional("database_url_replica", expected)? else {
            return Ok(None);
        };
        let name = "replica_max_lag";
        let text = self.values[name].text.as_deref().unwrap_or_default();
        let max_lag = duration(text).ok();
        let max_lag = max_lag.ok_or_else(|| self.refused(name, "a time such as 10s or 2m"))?;
        Ok(Some(Replica { url, max_lag }))
    }

    fn database(&self) -> Result<Option<Database>, Refusal> {
        let expected = "a URL such as postgres://login:password@host/database";
        let replica = self.replica()?;
        let Some(url) = self.optional("database_url", expected)? else {
            if replica.is_some() {
                let origin = &self.values["database_url_replica"].origin;
                let message = format!(
                    "database_url_replica ({origin}) needs database_url: files in the data directory have \
                     no replicas"
                );
                return Err(Refusal::usage(message));
            }
            let others = ["system", "script", "migrator"].map(|role| {
                let key = KEYS
                    .iter()
                    .find(|key| key.name == format!("database_url_{role}"));
                key.is_some_and(|key| self.values[key.name].text.is_some())
            });
            return if others.contains(&true) {
                Err(self.refused("database_url", expected))
            } else {
                Ok(None)
            };
        };
        Ok(Some(Database {
            url,
            system: self.optional("database_url_system", expected)?,
            script: self.optional("database_url_script", expected)?,
            migrator: self.optional("database_url_migrator", expected)?,
            prefix: self.optional("database_role_prefix", "a name")?,
            replica,
        }))
    }

    fn tenant_preset(&self) -> Result<TenantShare, Refusal> {
        let name: String = self.required("tenant_preset", PRESETS)?;
        TenantShare::preset(&name).ok_or_else(|| self.refused("tenant_preset", PRESETS))
    }

    /// Entries such as `acme=trusted` and `acme.running=20`; a figure changes what the tenant would
    /// have otherwise.
    fn tenant_shares(&self) -> Result<BTreeMap<String, TenantShare>, Refusal> {
        let refused = || {
            let expected = "entries such as acme=trusted, acme.weight=200, acme.running=20, acme.waiting=50, acme.requests=600, acme.outgoing=60, acme.database=600, acme.storage=1200, acme.events=300 or acme.backlog=5000";
            self.refused("tenant_shares", expected)
        };
        let others = self.tenant_preset()?;
        let mut shares = BTreeMap::new();
        let mut entries: Vec<String> = self.list("tenant_shares", "entries")?;
        // Presets first, so that the order of the entries says nothing.
        entries.sort_by_key(|entry| entry.split('=').next().is_some_and(|it| it.contains('.')));
        for entry in &entries {
            let (left, right) = entry.split_once('=').ok_or_else(refused)?;
            let (slug, figure) = left.split_once('.').unwrap_or((left, ""));
            if slug.is_empty() {
                return Err(refused());
            }
            let before = if slug == DEFAULT_SLUG {
                TenantShare::TRUSTED
            } else {
                others
            };
            let share = shares.entry(slug.to_owned()).or_insert(before);
            let number = right.parse().map_err(|_| refused());
            match figure {
                "" => *share = TenantShare::preset(right).ok_or_else(refused)?,
                "weight" => share.weight = number?,
                "running" => share.running = number?,
                "waiting" => share.waiting = number?,
                "requests" => share.requests = Some(number?),
                "backlog" => share.backlog = number?,
                "outgoing" => share.outgoing = Some(number?),
                "database" => share.database = Some(number?),
                "storage" => share.storage = Some(number?),
                "events" => share.events = Some(number?),
                _ => return Err(refused()),
            }
        }
        Ok(shares)
    }

    /// Networks, or single addresses.
    fn networks(&self, name: &'static str, expected: &str) -> Result<Vec<IpNet>, Refusal> {
        let entries: Vec<String> = self.list(name, expected)?;
        let net = |entry: &String| {
            let address = || Some(entry.parse::<IpAddr>().ok()?.into());
            entry.parse().ok().or_else(address)
        };
        let nets: Option<Vec<IpNet>> = entries.iter().map(net).collect();
        nets.ok_or_else(|| self.refused(name, expected))
    }

    fn log_format(&self) -> Result<LogFormat, Refusal> {
        match self.values["log_format"].text.as_deref() {
            None | Some("text") => Ok(LogFormat::Text),
            Some("json") => Ok(LogFormat::Json),
            Some(_) => Err(self.refused("log_format", "text or json")),
        }
    }

    fn required<T: FromStr>(&self, name: &'static str, expected: &str) -> Result<T, Refusal> {
        self.optional(name, expected)?
            .ok_or_else(|| self.refused(name, expected))
    }

    fn optional<T: FromStr>(
        &self,
        name: &'static str,
        expected: &str,
    ) -> Result<Option<T>, Refusal> {
        let text = self.values[name].text.as_deref();
        text.map(str::parse)
            .transpose()
            .map_err(|_| self.refused(name, expected))
    }

    fn list<T: FromStr>(&self, name: &'static str, expected: &str) -> Result<Vec<T>, Refusal> {
        let text = self.values[name].text.as_deref().unwrap_or_default();
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        entries
            .map(|entry| entry.parse().map_err(|_| self.refused(name, expected)))
            .collect()
    }

    fn refused(&self, name: &'static str, expected: &str) -> Refusal {
        let origin = &self.values[name].origin;
        Refusal::usage(format!("{name} ({origin}) must be {expected}"))
    }
}

impl Key {
    fn given(&self) -> Given {
        Given {
            text: self.default.map(str::to_owned),
            origin: Origin::Default,
        }
    }
}

/// The file named by flag or variable, or the usual one if it is there.
fn configuration_file(flags: &ServeArgs) -> Option<PathBuf> {
    let usual = PathBuf::from("scriptorium.toml");
    flags
        .config
        .clone()
        .or_else(|| usual.is_file().then_some(usual))
}

/// The key of a variable without prefix, and whether the variable names a file.
fn key_of(name: &str) -> Option<(&'static Key, bool)> {
    let find = |name: &str| KEYS.iter().find(|key| key.name.to_uppercase() == name);
    if let Some(key) = find(name) {
        return Some((key, false));
    }
    let key = find(name.strip_suffix("_FILE")?)?;
    key.secret.then_some((key, true))
}

fn secret_file(variable: &str, path: &str) -> Result<String, Refusal> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Refusal::usage(format!("cannot read {path} ({variable}): {error}")))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A value of the file as the text that the environment would have; lists are joined by commas.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(answer) => Some(answer.to_string()),
        toml::Value::Array(entries) => {
            let entries: Option<Vec<String>> = entries.iter().map(plain).collect();
            Some(entries?.join(","))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
