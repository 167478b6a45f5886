//! Setting a platform up: the operator's settings, and what the host application offers scripts.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use scriptorium_model::permission::{PermissionSet, Role};
use scriptorium_model::storage::Quota;
use scriptorium_model::tenant::Tenant;
use scriptorium_model::user::User;
use scriptorium_model::{Ambient, Ctx, Invalid};
use scriptorium_outbound::{IpNet, Outbound, Policy};
use scriptorium_runtime::{
    Deprecation, Named, Notifications as NotificationSettings, Options, Runtime, Service,
    TenantShare,
};
use scriptorium_store::Store;
use scriptorium_store::tenant_data::TenantSchema;
use scriptorium_triggers::Triggers;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backlog::Backlogs;
use crate::database::Database;
use crate::endpoints::Rates;
use crate::error::Result;
use crate::halts::Standing;
use crate::hooks::Hook;
use crate::password::{self, Passwords};
use crate::platform::{FIRST_TENANT, FirstSignIn, Inner, Platform};
use crate::waiting::Waiting;
use crate::{secret, wiring};

/// A platform to be set up. Every setting has a default.
pub struct Builder {
    data_dir: PathBuf,
    backup_dir: Option<PathBuf>,
    database: Option<Database>,
    node_name: Option<String>,
    audit_key_file: Option<PathBuf>,
    secrets_key_file: Option<PathBuf>,
    storage_quota: Quota,
    notifications_per_day: Option<u64>,
    options: Options,
    policy: Policy,
    networks: Vec<IpNet>,
    service_addresses: Vec<SocketAddr>,
    schema: TenantSchema,
    ambient: Option<Ambient>,
    bootstrap_token: Option<String>,
    admin_password: Option<String>,
    triggers: bool,
    hooks: Vec<Hook>,
}

/// Address of the account that the first start makes.
const FIRST_EMAIL: &str = "admin@localhost";
/// Fewest characters of a bootstrap token.
const BOOTSTRAP_LENGTH: usize = 32;

impl Default for Builder {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            backup_dir: None,
            database: None,
            node_name: None,
            audit_key_file: None,
            secrets_key_file: None,
            storage_quota: Quota::default(),
            notifications_per_day: None,
            options: Options::default(),
            policy: Policy::default(),
            networks: Vec::new(),
            service_addresses: Vec::new(),
            schema: TenantSchema::default(),
            ambient: None,
            bootstrap_token: None,
            admin_password: None,
            triggers: true,
            hooks: Vec::new(),
        }
    }
}

impl Builder {
    /// Directory of everything durable; `./data` by default, made when missing.
    #[must_use]
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data_dir = dir.into();
        self
    }

    /// Directory of the compiled engine; `engine` in the data directory by default. What is read
    /// from it runs as native code, so it must be writable by the service alone.
    #[must_use]
    pub fn cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.options.cache_dir = Some(dir.into());
        self
    }

    /// Directory of the backups; `backups` in the data directory by default. One on another disk
    /// survives the loss of this one.
    #[must_use]
    pub fn backup_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.backup_dir = Some(dir.into());
        self
    }

    /// Keeps the platform on a PostgreSQL server instead of in files of the data directory.
    #[must_use]
    pub fn database(mut self, database: Database) -> Self {
        self.database = Some(database);
        self
    }

    /// What this server is called among those that share a PostgreSQL database; `scriptorium` by
    /// default.
    #[must_use]
    pub fn node_name(mut self, name: impl Into<String>) -> Self {
        self.node_name = Some(name.into());
        self
    }

    /// How much storage each tenant may have; 100,000 entries and 256 MiB unless it is said.
    #[must_use]
    pub fn storage_quota(mut self, quota: Quota) -> Self {
        self.storage_quota = quota;
        self
    }

    /// The file with the key that secrets are sealed with, shared by all servers of one database;
    /// `keys/secrets.key` in the data directory unless it is said.
    #[must_use]
    pub fn secrets_key_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.secrets_key_file = Some(file.into());
        self
    }

    /// File with the key of the audit trail, 64 hexadecimal digits: all servers of one database
    /// share one. By default `keys/audit.key` in the data directory, made when missing.
    #[must_use]
    pub fn audit_key_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.audit_key_file = Some(file.into());
        self
    }

    /// Offers scripts a service.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.options.services.push(service);
        self
    }

    /// Says of a function of a service, or of the platform's own, that scripts should not use it any more: the
    /// editor, the log of its executions and the upgrade report tell them. The function has to be there
    /// when the platform starts.
    #[must_use]
    pub fn deprecate(mut self, deprecation: Deprecation) -> Self {
        self.options.deprecations.push(deprecation);
        self
    }

    /// Declares a hook: a place where the host asks a tenant's scripts before it goes on
    /// ([`crate::Transaction::before`]). Its value's type is in the editor's `Hooks`.
    #[must_use]
    pub fn hook(mut self, hook: Hook) -> Self {
        let (name, value, doc) = (hook.name.clone(), hook.value.clone(), hook.doc.clone());
        self.options.types.hooks.push(Named { name, value, doc });
        self.hooks.push(hook);
        self
    }

    /// Tells scripts' authors of an event that the host publishes: its type, the TypeScript type of
    /// its payload, and when it happens. `events.publish` and `TriggerEvent` of the editor know it.
    #[must_use]
    pub fn event(
        mut self,
        kind: impl Into<String>,
        payload: impl Into<String>,
        doc: impl Into<String>,
    ) -> Self {
        self.options.types.events.push(Named {
            name: kind.into(),
            value: payload.into(),
            doc: doc.into(),
        });
        self
    }

    /// Adds TypeScript declarations that hooks and events use.
    #[must_use]
    pub fn types(mut self, declarations: impl Into<String>) -> Self {
        self.options.types.declarations.push(declarations.into());
        self
    }

    /// Makes a permission name of the host known, such as `reports.view`.
    #[must_use]
    pub fn permission(mut self, name: impl Into<String>) -> Self {
        self.options.permissions.push(name.into());
        self
    }

    /// Declares the tenants' business tables (D5). On SQLite a tenant's file is made when it is used
    /// first. On PostgreSQL the tables are made by the start, which needs the login of the owner then,
    /// and are used as the login `script`.
    #[must_use]
    pub fn tenant_schema(mut self, schema: TenantSchema) -> Self {
        self.schema = schema;
        self
    }

    /// Offers every tenant a message template, which a tenant's own of that name overrides.
    #[must_use]
    pub fn template(mut self, name: impl Into<String>, body: impl Into<String>) -> Self {
        self.options.templates.insert(name.into(), body.into());
        self
    }

    /// Opens single addresses to requests of tenants, wherever they are: also on this machine. None by default.
    #[must_use]
    pub fn http_allow(mut self, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.policy = self.policy.allow(addresses);
        self
    }

    /// Whether requests of tenants may go to addresses outside, by default they may. What is private, this
    /// machine's own or a cloud's stays closed.
    #[must_use]
    pub fn http_public(mut self, public: bool) -> Self {
        self.policy = self.policy.public(public);
        self
    }

    /// Opens private networks to requests of tenants. None by default; the start is refused when one of
    /// them is not private as a whole.
    #[must_use]
    pub fn http_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.networks.extend(networks);
        self
    }

    /// Closes networks to requests of tenants, whatever is opened: what belongs to the platform and is not
    /// this machine, such as its public address.
    #[must_use]
    pub fn http_deny(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.policy = self.policy.deny(networks);
        self
    }

    /// Opens single addresses to calls of remote services that an operator has registered, wherever they are: also
    /// on this machine. None by default; scripts' own requests and services that tenants register do not reach them.
    #[must_use]
    pub fn service_allow(mut self, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.service_addresses.extend(addresses);
        self
    }

    /// A way out of one's own, in place of one with the system's name servers and authorities. What else is
    /// said of `http`, and of addresses of services, has no effect then.
    #[must_use]
    pub fn outbound(mut self, outbound: Outbound) -> Self {
        self.options.outbound = Some(outbound);
        self
    }

    /// What scripts' messages to people go through: a mail server, a gateway for SMS, webhooks; nothing by
    /// default, and then scripts are told so. A host with a service `notifications` of its own has no need of it.
    #[must_use]
    pub fn notifications(mut self, settings: NotificationSettings) -> Self {
        self.options.notifications = settings;
        self
    }

    /// How many notifications each tenant may send a day, by the clock of UTC; 1,000 unless it is said.
    #[must_use]
    pub fn notifications_per_day(mut self, number: u64) -> Self {
        self.notifications_per_day = Some(number);
        self
    }

    /// Leaves `eval` and `Function` on (D14). Refused when there are several tenants.
    #[must_use]
    pub fn allow_eval(mut self, allow: bool) -> Self {
        self.options.allow_eval = allow;
        self
    }

    /// Executions at once: `hot` with resident memory, `overflow` beyond; 64 and 448 by default.
    #[must_use]
    pub fn slots(mut self, hot: u32, overflow: u32) -> Self {
        self.options.hot_slots = hot;
        self.options.overflow_slots = overflow;
        self
    }

    /// Executions of the queue worked on at once; 32 by default.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.options.workers = workers;
        self
    }

    /// Threads that run scripts, apart from those of I/O; one per core by default.
    #[must_use]
    pub fn guest_threads(mut self, threads: usize) -> Self {
        self.options.guest_threads = threads;
        self
    }

    /// What the tenant of this slug may take of the process. The tenant `default` is
    /// [`TenantShare::TRUSTED`] unless something else is said here.
    #[must_use]
    pub fn tenant_share(mut self, slug: impl Into<String>, share: TenantShare) -> Self {
        self.options.shares.named.insert(slug.into(), share);
        self
    }

    /// What every other tenant may take; [`TenantShare::SHARED_HOSTING`] by default.
    #[must_use]
    pub fn other_tenants(mut self, share: TenantShare) -> Self {
        self.options.shares.others = share;
        self
    }

    /// A token with all rights for as long as this process lives, of at least 32 characters.
    #[must_use]
    pub fn bootstrap_token(mut self, token: impl Into<String>) -> Self {
        self.bootstrap_token = Some(token.into());
        self
    }

    /// Password of the account the first start makes; made up and printed once by default.
    #[must_use]
    pub fn admin_password(mut self, password: impl Into<String>) -> Self {
        self.admin_password = Some(password.into());
        self
    }

    /// Another clock and randomness than the real ones; for tests.
    #[must_use]
    pub fn ambient(mut self, ambient: Ambient) -> Self {
        self.ambient = Some(ambient);
        self
    }

    /// Whether schedules fire, events are delivered and the queue is worked on in this process; on by
    /// default.
    #[must_use]
    pub fn triggers(mut self, on: bool) -> Self {
        self.triggers = on;
        self
    }

    /// Opens the store and starts the platform. On an empty store it makes the tenant `default`
    /// and the user `admin@localhost`.
    ///
    /// # Errors
    /// A setting is refused, another server has the data directory, or the engine could not be
    /// set up.
    pub async fn start(mut self) -> Result<Platform> {
        self.validate()?;
        let ambient = self.ambient.unwrap_or_else(wiring::ambient);
        if self.options.cache_dir.is_none() {
            self.options.cache_dir = Some(self.data_dir.join("engine"));
        }
        let mut store = scriptorium_store::Options::new(&self.data_dir);
        store.audit_key_file = self.audit_key_file;
        store.secrets_key_file = self.secrets_key_file;
        store.storage_quota = self.storage_quota;
        if let Some(number) = self.notifications_per_day {
            store.notifications_per_day = number;
        }
        if let Some(name) = self.node_name {
            store.node_name = name;
        }
        if let Some(database) = &self.database {
            store.postgres = Some(database.options(&self.data_dir)?);
        }
        let store = Store::open(store, ambient.clone()).await?;
        let passwords = Passwords::new()?;
        let first = First {
            store: &store,
            ambient: &ambient,
            passwords: &passwords,
        };
        let (default_tenant, first_sign_in) = first.make(self.admin_password).await?;
        if self.options.allow_eval && store.list_tenants().await?.len() > 1 {
            let message = "cannot be on while there are several tenants";
            return Err(Invalid::field("allow_eval", "several_tenants", message).into());
        }
        let schema = store.attach_tables(self.schema).await?;
        let data = store.tenant_data(schema)?;
        store.make_tables(&data).await?;
        self.options.data = Some(data.clone());
        let mut options = self.options;
        let outbound = match options.outbound.take() {
            Some(outbound) => outbound,
            None => {
                let policy = self.policy.open(self.networks).map_err(|error| {
                    Invalid::field("http_networks", "bad_network", error.to_string())
                })?;
                let made = |policy| Outbound::new(policy).map_err(scriptorium_runtime::Error::from);
                if !self.service_addresses.is_empty() {
                    let wider = policy.clone().allow(self.service_addresses);
                    options.service_outbound = Some(made(wider)?);
                }
                made(policy)?
            }
        };
        options.outbound = Some(outbound.clone());
        let made = Runtime::new(options, store.clone(), ambient.clone());
        let runtime = made?;
        let backup_dir = self.backup_dir;
        let platform = Platform(Arc::new(Inner {
            backup_dir: backup_dir.unwrap_or_else(|| self.data_dir.join("backups")),
            backing_up: Arc::default(),
            triggers: Triggers::new(store.clone(), ambient.clone()),
            bootstrap_hash: self.bootstrap_token.as_deref().map(secret::hash),
            drain: CancellationToken::new(),
            operations: tokio::sync::Notify::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            io: Handle::current(),
            hooks: self.hooks,
            store,
            runtime,
            outbound,
            waiting: Waiting::default(),
            halts: Standing::default(),
            rates: Rates::new(ambient.clone()),
            backlogs: Backlogs::default(),
            ambient,
            passwords,
            data,
            default_tenant,
            first_sign_in,
        }));
        platform.read_halts().await?;
        platform.start_upkeep();
        if self.triggers {
            platform.start_triggers();
        }
        Ok(platform)
    }

    fn validate(&self) -> Result<()> {
        let mut invalid = Invalid::default();
        if self
            .bootstrap_token
            .as_ref()
            .is_some_and(|token| token.len() < BOOTSTRAP_LENGTH)
        {
            invalid.push(
                "bootstrap_token",
                "too_short",
                "must have at least 32 characters",
            );
        }
        if let Some(text) = &self.admin_password
            && let Err(refused) = password::validate(text)
        {
            invalid.extend(refused);
        }
        Ok(invalid.or(())?)
    }
}

impl Platform {
    fn start_triggers(&self) {
        self.runtime().start_workers();
        let wake = || {
            let runtime = self.runtime().clone();
            move || runtime.wake()
        };
        let (triggers, drain) = (&self.0.triggers, &self.0.drain);
        let scheduler = triggers.clone().run(drain.clone(), wake());
        let dispatcher = triggers.clone().dispatch(drain.clone(), wake());
        self.0.tasks.spawn(scheduler);
        self.0.tasks.spawn(dispatcher);
        self.0.tasks.spawn(self.clone().keep_operating());
    }
}

/// What an empty store gets.
struct First<'a> {
    store: &'a Store,
    ambient: &'a Ambient,
    passwords: &'a Passwords,
}

impl First<'_> {
    async fn make(&self, password: Option<String>) -> Result<(Tenant, Option<FirstSignIn>)> {
        let found = self.store.find_tenant_by_slug(FIRST_TENANT).await?;
        let tenant = match found {
            Some(tenant) => tenant,
            None => self.tenant().await?,
        };
        if self.store.count_users().await? > 0 {
            return Ok((tenant, None));
        }
        let given = password.is_some();
        let password = password.unwrap_or_else(|| secret::new_password(self.ambient));
        self.user(&tenant, password.clone()).await?;
        let password = (!given).then_some(password);
        Ok((
            tenant,
            Some(FirstSignIn {
                email: FIRST_EMAIL.into(),
                password,
            }),
        ))
    }

    async fn tenant(&self) -> Result<Tenant> {
        let tenant = Tenant {
            id: self.ambient.new_id(),
            slug: FIRST_TENANT.into(),
            name: "Default".into(),
            created_at: self.ambient.now(),
        };
        let ctx = Ctx::platform(tenant.id);
        self.store.create_tenant(&ctx, &tenant).await?;
        Ok(tenant)
    }

    async fn user(&self, tenant: &Tenant, password: String) -> Result<()> {
        let user = User {
            id: self.ambient.new_id(),
            tenant: tenant.id,
            email: FIRST_EMAIL.into(),
            name: "Administrator".into(),
            role: Role::Superadmin,
            extra_permissions: PermissionSet::none(),
            password_hash: Some(self.passwords.hash(password).await?),
            locale: "en".into(),
            active: true,
            created_at: self.ambient.now(),
        };
        Ok(self
            .store
            .create_user(&Ctx::platform(tenant.id), &user)
            .await?)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}
