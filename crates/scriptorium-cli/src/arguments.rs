//! The command line as types. What an argument means is in the module of its command.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Let the users of your application extend it with JavaScript.
#[derive(Debug, Parser)]
#[command(name = "scriptorium", version, propagate_version = true)]
#[command(after_help = "\
Exit status: 0 done, 1 the script failed or was refused, 2 wrong usage or configuration,
3 a limit of the run, 4 the platform failed or cannot be reached.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server.
    Serve(ServeArgs),
    /// Run a script here, in the sandbox, without a server.
    Run(RunArgs),
    /// Look for mistakes in scripts without running them.
    Check(CheckArgs),
    /// Print the effective configuration and where each value came from.
    Config(ConfigArgs),
    /// Scripts on a server.
    #[command(subcommand)]
    Script(ScriptCommand),
    /// Executions on a server.
    #[command(subcommand)]
    Execution(ExecutionCommand),
    /// Operations on many executions of a server.
    #[command(subcommand)]
    Operation(OperationCommand),
    /// Events that scripts on a server could not deal with.
    #[command(subcommand)]
    DeadLetter(DeadLetterCommand),
    /// Messages to people that scripts on a server send.
    #[command(subcommand)]
    Notification(NotificationCommand),
    /// What keeps executions on a server from beginning: kill switches and maintenance.
    #[command(subcommand)]
    Halt(HaltCommand),
    /// What somebody should look at on a server.
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Subscriptions of event scripts on a server.
    #[command(subcommand)]
    Subscription(SubscriptionCommand),
    /// API tokens on a server.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Tenants on a server.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Secrets of a tenant: written and listed, never shown.
    #[command(subcommand)]
    Secret(SecretCommand),
    /// What an endpoint accepts signatures of: given and taken away, never shown.
    #[command(subcommand)]
    SigningSecret(SigningSecretCommand),
    /// Rules of the requests that a tenant's scripts send: where to, and what goes along.
    #[command(subcommand)]
    Outgoing(OutgoingCommand),
    /// Remote services of a tenant: what its scripts call that is somewhere else.
    #[command(subcommand)]
    Service(ServiceCommand),
    /// The audit trail on a server.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Back up every tenant's data: on a server, or with --data-dir while none runs.
    Backup(BackupArgs),
    /// Put a backup into a data directory that no server has open.
    Restore(RestoreArgs),
    /// The database's schema: how far it has come, and bringing it up to this release.
    Migrate(Migrate),
    /// Write the scripts, templates and settings of a tenant as a folder of files.
    Export(ExportArgs),
    /// Bring the scripts, templates and settings of such a folder into a tenant.
    Import(ImportArgs),
}

/// Without a command it is `up`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Migrate {
    #[command(subcommand)]
    pub(crate) command: Option<MigrateCommand>,
    #[command(flatten)]
    pub(crate) up: MigrateUp,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateUp {
    #[command(flatten)]
    pub(crate) arguments: MigrateArgs,
    /// Make or renew the logins of PostgreSQL first; takes a superuser's database URL
    #[arg(long)]
    pub(crate) create_roles: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Apply the migrations that are missing.
    Up(MigrateUp),
    /// Show how far the schema has come; exits with 1 unless it is that of this release.
    Status(MigrateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags that win over environment and file.
#[derive(Debug, Default, Args)]
pub(crate) struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Folder of the databases [default: ./data]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// PostgreSQL server instead of files in the data folder; the environment is a better place
    /// for its password than a flag
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Replica of that server, which scripts that only read are sent to
    #[arg(long, value_name = "URL")]
    pub(crate) database_url_replica: Option<String>,
    /// Serve the sample business with its sample scripts
    #[arg(long)]
    pub(crate) demo: bool,
    /// Configuration file [default: scriptorium.toml, if it exists]
    #[arg(long, value_name = "FILE", env = "SCRIPTORIUM_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// How log lines on standard error look [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// JavaScript (.js, .mjs) or TypeScript (.ts, .mts) file
    pub(crate) file: PathBuf,
    /// What the entry function is given: JSON, or @FILE
    #[arg(long, value_name = "JSON|@FILE", default_value = "null")]
    pub(crate) input: String,
    /// Name of the entry function, when it is not found by convention
    #[arg(long, value_name = "NAME")]
    pub(crate) entry: Option<String>,
    /// Longest time, from the first instruction, such as 500ms or 5s
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub(crate) timeout: Duration,
    /// Most memory, such as 64MiB
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = bytes)]
    pub(crate) memory: u64,
    /// Print the whole execution as JSON: status, output, error, metrics, logs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// JavaScript or TypeScript files
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Type of the scripts, which decides the name of the entry function
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<ScriptKind>,
    /// Name of the entry function, when it is not found by convention
    #[arg(long, value_name = "NAME")]
    pub(crate) entry: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScriptKind {
    Scheduled,
    Http,
    Event,
    Oneoff,
    Embedded,
}

/// Where the server is, and who asks.
#[derive(Debug, Args)]
pub(crate) struct RemoteArgs {
    /// Address of the server
    #[arg(
        long,
        value_name = "URL",
        env = "SCRIPTORIUM_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    pub(crate) server: String,
    /// API token; better given by the variable, which no process list shows
    #[arg(
        long,
        value_name = "TOKEN",
        env = "SCRIPTORIUM_TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<String>,
    /// Print the server's JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScriptCommand {
    /// List scripts.
    List(ScriptListArgs),
    /// Show one script with its source.
    Show(ScriptShowArgs),
    /// Create a script from a file, or update the one of that name.
    Push(ScriptPushArgs),
    /// Run a script and wait for its end: the output on standard output, its log with --follow.
    Run(ScriptRunArgs),
    /// The upgrade report: scripts that would behave differently with the present compatibility date, or that
    /// name deprecated functions.
    Compatibility(ScriptCompatibilityArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ScriptCompatibilityArgs {
    /// Most scripts to print
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ScriptRunArgs {
    /// Name or id
    pub(crate) script: String,
    /// What the script is given, as JSON or @FILE
    #[arg(long, value_name = "JSON|@FILE", default_value = "null")]
    pub(crate) input: String,
    /// Show log lines and how far it is, while it runs
    #[arg(long)]
    pub(crate) follow: bool,
    /// Run this version [default: the current one]
    #[arg(long = "script-version", value_name = "NUMBER")]
    pub(crate) script_version: Option<u32>,
    /// Longest time, in milliseconds, within the script's own
    #[arg(long, value_name = "MILLIS")]
    pub(crate) timeout_ms: Option<u64>,
    /// Change nothing: list what it would have done
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ScriptListArgs {
    /// Words in name or description
    #[arg(long, value_name = "TEXT")]
    pub(crate) q: Option<String>,
    /// Only this type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<ScriptKind>,
    /// Only this status: draft, active, paused, disabled or archived
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Only with this tag
    #[arg(long)]
    pub(crate) tag: Option<String>,
    /// Most scripts to print
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ScriptShowArgs {
    /// Name or id
    pub(crate) script: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ScriptPushArgs {
    /// JavaScript or TypeScript file; settings come from its entry in scripts.toml beside it
    pub(crate) file: PathBuf,
    /// Name of the script [default: as in scripts.toml, else the file's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Type of the script [default: as in scripts.toml, else oneoff]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<ScriptKind>,
    /// Cron expression of a scheduled script
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) cron: Option<String>,
    /// Time zone of the cron expression
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// Path of an http script, below /api/scripts
    #[arg(long)]
    pub(crate) path: Option<String>,
    /// Method of an http script; may be repeated
    #[arg(long = "method", value_name = "METHOD")]
    pub(crate) methods: Vec<String>,
    /// Event type of an event script; may be repeated
    #[arg(long = "event", value_name = "TYPE")]
    pub(crate) events: Vec<String>,
    /// Why the script changed, for its history
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// Activate the script afterwards
    #[arg(long)]
    pub(crate) activate: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExecutionCommand {
    /// List executions, the newest first.
    List(ExecutionListArgs),
    /// Show one execution with its log.
    Show(ExecutionShowArgs),
    /// Stop one execution, or with --all those that match and have not ended.
    Cancel(ExecutionCancelArgs),
    /// Repeat one execution, or with --all those that match and have ended.
    Replay(ExecutionReplayArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ExecutionCancelArgs {
    /// Id of the execution
    pub(crate) execution: Option<String>,
    #[command(flatten)]
    pub(crate) many: ManyArgs,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExecutionReplayArgs {
    /// Id of the execution
    pub(crate) execution: Option<String>,
    /// Another input than it had, as JSON or @FILE
    #[arg(long, value_name = "JSON|@FILE", conflicts_with = "all")]
    pub(crate) input: Option<String>,
    /// Run this version [default: the current one]
    #[arg(long = "script-version", value_name = "NUMBER", conflicts_with = "all")]
    pub(crate) script_version: Option<u32>,
    /// Change nothing: list what it would have done
    #[arg(long, conflicts_with = "all")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) many: ManyArgs,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

/// Many executions at once.
#[derive(Debug, Args)]
pub(crate) struct ManyArgs {
    /// All that match, by an operation that goes on by itself
    #[arg(long)]
    pub(crate) all: bool,
    /// Only of this script, by name or id
    #[arg(long, requires = "all")]
    pub(crate) script: Option<String>,
    /// Only this status
    #[arg(long, requires = "all")]
    pub(crate) status: Option<String>,
    /// Only started by this: cron, http, event, manual, api or embedded
    #[arg(long, requires = "all")]
    pub(crate) trigger: Option<String>,
    /// Only since this instant, such as 2026-01-31T09:00:00Z
    #[arg(long, value_name = "INSTANT", requires = "all")]
    pub(crate) from: Option<String>,
    /// Only before this instant
    #[arg(long, value_name = "INSTANT", requires = "all")]
    pub(crate) to: Option<String>,
    /// At most so many, the oldest first
    #[arg(long, default_value_t = 1_000)]
    pub(crate) limit: u32,
    /// So many in a minute [default: as fast as it goes]
    #[arg(long, value_name = "NUMBER", requires = "all")]
    pub(crate) per_minute: Option<u32>,
    /// Only say how many there are
    #[arg(long, requires = "all")]
    pub(crate) preview: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OperationCommand {
    /// List operations on many executions, the newest first.
    List(OperationListArgs),
    /// Show one operation, as far as it has come.
    Show(OperationOneArgs),
    /// Stop an operation; what it has done stays done.
    Cancel(OperationOneArgs),
}

#[derive(Debug, Args)]
pub(crate) struct OperationListArgs {
    /// Most operations to print
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct OperationOneArgs {
    /// Id of the operation
    pub(crate) operation: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExecutionListArgs {
    /// Only of this script, by name or id
    #[arg(long)]
    pub(crate) script: Option<String>,
    /// Only this status: pending, running, completed, failed, timeout or cancelled
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Only started by this: cron, http, event, manual, api or embedded
    #[arg(long)]
    pub(crate) trigger: Option<String>,
    /// Only since this instant, such as 2026-01-31T09:00:00Z
    #[arg(long, value_name = "INSTANT")]
    pub(crate) from: Option<String>,
    /// Only before this instant
    #[arg(long, value_name = "INSTANT")]
    pub(crate) to: Option<String>,
    /// Most executions to print
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExecutionShowArgs {
    /// Id of the execution
    pub(crate) execution: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HaltCommand {
    /// List the halts that stand, the oldest first.
    List(HaltListArgs),
    /// Keep executions from beginning. Schedules, events and the queue wait; requests are refused.
    Put(HaltPutArgs),
    /// Let executions begin again.
    Lift(HaltLiftArgs),
}

#[derive(Debug, Args)]
pub(crate) struct HaltListArgs {
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

/// Which halt.
#[derive(Debug, Args)]
pub(crate) struct WhichHaltArgs {
    /// All tenants: the platform is in maintenance
    #[arg(long, conflicts_with = "tenant")]
    pub(crate) platform: bool,
    /// The tenant of this slug, by the operator [default: the token's own tenant]
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// Only of this trigger: cron, http, event, manual, api or embedded
    #[arg(long, default_value = "any")]
    pub(crate) trigger: String,
}

#[derive(Debug, Args)]
pub(crate) struct HaltPutArgs {
    #[command(flatten)]
    pub(crate) which: WhichHaltArgs,
    /// Why, for whoever wonders
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Cancel what runs, too
    #[arg(long)]
    pub(crate) stop_running: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct HaltLiftArgs {
    #[command(flatten)]
    pub(crate) which: WhichHaltArgs,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertCommand {
    /// List alerts that nobody has acknowledged, those that happened last first.
    List(AlertListArgs),
    /// Say that one knows of an alert; what happens from now on raises a new one.
    Acknowledge(AlertOneArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AlertListArgs {
    /// Also those that somebody acknowledged
    #[arg(long)]
    pub(crate) all: bool,
    /// Only this kind: dead_letter, paused or circuit_open
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// Most alerts to print
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AlertOneArgs {
    /// Id of the alert
    pub(crate) alert: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SubscriptionCommand {
    /// Say whether a subscription is suspended, and how many events are parked.
    Show(SubscriptionArgs),
    /// Park the events of a script from now on.
    Suspend(SubscriptionSuspendArgs),
    /// Deliver what is parked, the oldest first.
    Resume(SubscriptionResumeArgs),
    /// List what is parked, in the order in which it will be delivered.
    Parked(SubscriptionParkedArgs),
    /// Do not deliver what is parked, or one event of it.
    Discard(SubscriptionDiscardArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SubscriptionArgs {
    /// Name or id of the event script
    pub(crate) script: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SubscriptionSuspendArgs {
    #[command(flatten)]
    pub(crate) of: SubscriptionArgs,
    /// Why
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SubscriptionResumeArgs {
    #[command(flatten)]
    pub(crate) of: SubscriptionArgs,
    /// Events that are delivered in a minute [default: as fast as it goes]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) per_minute: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct SubscriptionParkedArgs {
    #[command(flatten)]
    pub(crate) of: SubscriptionArgs,
    /// Most events to print
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct SubscriptionDiscardArgs {
    #[command(flatten)]
    pub(crate) of: SubscriptionArgs,
    /// Only this event, by its id
    #[arg(long, value_name = "ID")]
    pub(crate) event: Option<String>,
    /// Why
    #[arg(long)]
    pub(crate) reason: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetterCommand {
    /// List dead letters, the newest first.
    List(DeadLetterListArgs),
    /// Show one dead letter with its payload.
    Show(DeadLetterOneArgs),
    /// Let the event of one dead letter run once more, or those of all that match.
    Retry(DeadLetterRetryArgs),
    /// Give a dead letter up.
    Discard(DeadLetterOneArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DeadLetterFilterArgs {
    /// Only of this script, by name or id
    #[arg(long)]
    pub(crate) script: Option<String>,
    /// Only of this event type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// Only since this instant, such as 2026-01-31T09:00:00Z
    #[arg(long, value_name = "INSTANT")]
    pub(crate) from: Option<String>,
    /// Only before this instant
    #[arg(long, value_name = "INSTANT")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DeadLetterListArgs {
    #[command(flatten)]
    pub(crate) filter: DeadLetterFilterArgs,
    /// Only this status: pending, retrying, resolved or discarded
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Most dead letters to print
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DeadLetterOneArgs {
    /// Id of the dead letter
    pub(crate) dead_letter: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DeadLetterRetryArgs {
    /// Id of the dead letter
    pub(crate) dead_letter: Option<String>,
    /// Another payload than the event's own
    #[arg(long, value_name = "JSON", value_parser = json_value, conflicts_with = "all")]
    pub(crate) payload: Option<serde_json::Value>,
    /// All that wait, match and have an active script
    #[arg(long, conflicts_with = "dead_letter")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) filter: DeadLetterFilterArgs,
    /// Most dead letters to take up, the oldest first
    #[arg(long, default_value_t = 1_000)]
    pub(crate) limit: u32,
    /// Executions that begin in a minute [default: all at once]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) per_minute: Option<u32>,
    /// Only say how many there are
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

fn json_value(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))
}

#[derive(Debug, Subcommand)]
pub(crate) enum NotificationCommand {
    /// List notifications, the newest first.
    List(NotificationListArgs),
    /// Show one notification with what it says.
    Show(NotificationOneArgs),
    /// Send one that failed once more.
    Retry(NotificationOneArgs),
    /// Give one up that waits or has failed.
    Discard(NotificationOneArgs),
    /// Show or say whether the tenant's notifications are sent, or only recorded.
    Mode(NotificationModeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct NotificationListArgs {
    /// Only this status: pending, sending, sent, recorded, failed or discarded
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Only this channel: email, sms, slack, teams or telegram
    #[arg(long)]
    pub(crate) channel: Option<String>,
    /// Only of this script, by name or id
    #[arg(long)]
    pub(crate) script: Option<String>,
    /// Only of this execution
    #[arg(long, value_name = "ID")]
    pub(crate) execution: Option<String>,
    /// Only since this instant, such as 2026-01-31T09:00:00Z
    #[arg(long, value_name = "INSTANT")]
    pub(crate) from: Option<String>,
    /// Only before this instant
    #[arg(long, value_name = "INSTANT")]
    pub(crate) to: Option<String>,
    /// Most notifications to print
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct NotificationOneArgs {
    /// Id of the notification
    pub(crate) notification: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct NotificationModeArgs {
    /// send, or record; shows what it is without. What waits when it becomes record is never sent
    pub(crate) mode: Option<String>,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Create an API token; its secret is printed once.
    Create(TokenCreateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct TokenCreateArgs {
    /// What the token is for
    #[arg(long)]
    pub(crate) name: String,
    /// Slug of the tenant it acts in [default: the tenant of the credential]
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// Permission such as scripts.execute, or * for all that you have; may be repeated
    #[arg(long = "permission", value_name = "NAME", required = true)]
    pub(crate) permissions: Vec<String>,
    /// When it stops working, such as 2026-12-31T00:00:00Z [default: never]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) expires_at: Option<String>,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BackupArgs {
    #[command(subcommand)]
    pub(crate) command: Option<BackupCommand>,
    /// How many backups stay, the new one included [default: all of them]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) keep: Option<u32>,
    /// Back up this data directory here, without a server
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Folder of the backups, with --data-dir [default: backups in the data directory]
    #[arg(long, value_name = "FOLDER", requires = "data_dir")]
    pub(crate) to: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// List the backups of a server.
    List(RemoteOnly),
    /// Write the keys, which no backup holds, to a file of their own.
    Keys(BackupKeysArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RemoteOnly {
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BackupKeysArgs {
    /// File to write; must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Data directory of the server
    #[arg(long, value_name = "FOLDER", default_value = "./data")]
    pub(crate) data_dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// Folder of the backup, the one with manifest.json; the keys alone are restored without it
    #[arg(required_unless_present = "keys")]
    pub(crate) folder: Option<PathBuf>,
    /// Data directory to fill
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: PathBuf,
    /// Put the keys of this file back, as `backup keys` wrote it
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// Set databases that are there aside, into a folder replaced-… of the data directory
    #[arg(long)]
    pub(crate) force: bool,
    /// Check the backup and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List entries, the newest first.
    List(AuditListArgs),
    /// Check that the trail is as it was written; exit status 1 when it is not.
    Verify(AuditVerifyArgs),
    /// Write the trail to standard output as JSON lines, the oldest entry first.
    Export(AuditExportArgs),
}

/// Which entries.
#[derive(Debug, Args)]
pub(crate) struct AuditFilterArgs {
    /// Only of this actor: an id, an address, a token's name, or host, platform, stranger
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// Only this action, such as script.changed, or a first word such as script
    #[arg(long)]
    pub(crate) action: Option<String>,
    /// Only about this thing, by id or whole name
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// Only since this instant, such as 2026-01-31T09:00:00Z
    #[arg(long, value_name = "INSTANT")]
    pub(crate) from: Option<String>,
    /// Only before this instant
    #[arg(long, value_name = "INSTANT")]
    pub(crate) to: Option<String>,
    /// Text in action, actor, subject or address
    #[arg(long, value_name = "TEXT")]
    pub(crate) q: Option<String>,
    /// Without the batches of executions that ended
    #[arg(long)]
    pub(crate) without_executions: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AuditListArgs {
    #[command(flatten)]
    pub(crate) filter: AuditFilterArgs,
    /// Most entries to print
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AuditVerifyArgs {
    /// Leave out the executions that the trail names, which takes longest
    #[arg(long)]
    pub(crate) without_executions: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AuditExportArgs {
    #[command(flatten)]
    pub(crate) filter: AuditFilterArgs,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

impl ScriptKind {
    /// The stable name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Http => "http",
            Self::Event => "event",
            Self::Oneoff => "oneoff",
            Self::Embedded => "embedded",
        }
    }
}

/// `500ms`, `5s`, `2m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split_unit(text);
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        _ => return Err("must be a number with ms, s or m, such as 5s".to_owned()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .map(Duration::from_millis)
        .ok_or_else(|| "must be a whole number with ms, s or m, such as 5s".to_owned())
}

/// `65536`, `64KiB`, `64MiB`, `1GiB`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split_unit(text);
    let factor = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err("must be a number with KiB, MiB or GiB, such as 64MiB".to_owned()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| "must be a whole number with KiB, MiB or GiB, such as 64MiB".to_owned())
}

fn split_unit(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(digits)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_and_sizes_have_units() {
        for (text, millis) in [("500ms", 500), ("5s", 5_000), ("2m", 120_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "5",
            "s",
            "-1s",
            "1.5s",
            "99999999999999999999s",
            "9999999999999999999m",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        for (text, size) in [("1024", 1024), ("64KiB", 65_536), ("64MiB", 64 << 20)] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for text in ["64MB", "MiB", "-1", "99999999999999GiB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Only this script, by name or id, and no templates
    #[arg(long, value_name = "SCRIPT")]
    pub(crate) script: Option<String>,
    /// Folder to write; must be new or empty
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: Option<PathBuf>,
    /// Only the current version of each script
    #[arg(long)]
    pub(crate) no_history: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// List every tenant.
    List(RemoteOnly),
    /// Add a tenant.
    Create(TenantCreateArgs),
    /// Show or say whether a tenant's scripts may only read business tables.
    Mode(TenantModeArgs),
    /// Delete a tenant for ever, with everything in it but its audit trail.
    Delete(TenantDeleteArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// List the secrets of the tenant; no values.
    List(RemoteOnly),
    /// Write a secret, new or not.
    Set(SecretSetArgs),
    /// Delete a secret.
    Delete(SecretDeleteArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutgoingCommand {
    /// Show the rules of the tenant as JSON.
    Show(RemoteOnly),
    /// Write the rules of the tenant, in place of those before.
    Set(OutgoingSetArgs),
}

#[derive(Debug, Args)]
pub(crate) struct OutgoingSetArgs {
    /// A JSON file with the rules, as `show` prints them; `-` for standard input
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// List the remote services of the tenant; no secrets.
    List(RemoteOnly),
    /// Register a remote service; the secret is made up and shown once, unless one is given.
    Add(ServiceFileArgs),
    /// Change a remote service to what a manifest says; its secret stays unless another is given.
    Change(ServiceFileArgs),
    /// Remove a remote service.
    Delete(ServiceDeleteArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ServiceFileArgs {
    /// A JSON file with the manifest; `-` for standard input
    pub(crate) file: PathBuf,
    /// Read the secret that requests are signed with from standard input
    #[arg(long)]
    pub(crate) secret: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ServiceDeleteArgs {
    /// Its name
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SecretSetArgs {
    /// Its name in scripts
    pub(crate) name: String,
    /// Read a new value from standard input
    #[arg(long)]
    pub(crate) value: bool,
    /// The value is for trials
    #[arg(long, requires = "value")]
    pub(crate) test: bool,
    /// Have no value for trials any more
    #[arg(long, conflicts_with = "test")]
    pub(crate) no_test: bool,
    /// For how many seconds the value before it is given, too
    #[arg(long, value_name = "SECONDS")]
    pub(crate) keep_previous: Option<u64>,
    /// A script that may read it; repeat it for several
    #[arg(long, value_name = "ID")]
    pub(crate) script: Vec<String>,
    /// Let all scripts of the tenant read it
    #[arg(long, conflicts_with = "script")]
    pub(crate) all_scripts: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SigningSecretCommand {
    /// List the signing secrets of an endpoint; no texts.
    List(SigningSecretArgs),
    /// Give an endpoint one more, of at most five.
    Add(SigningSecretAddArgs),
    /// Take one away: what is signed with it is refused from then on.
    Remove(SigningSecretRemoveArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SigningSecretArgs {
    /// Name or id of the HTTP script
    pub(crate) script: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SigningSecretAddArgs {
    #[command(flatten)]
    pub(crate) of: SigningSecretArgs,
    /// Read the sender's secret from standard input; a new one is made and shown once otherwise
    #[arg(long)]
    pub(crate) value: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SigningSecretRemoveArgs {
    #[command(flatten)]
    pub(crate) of: SigningSecretArgs,
    /// Its id
    pub(crate) secret: String,
}

#[derive(Debug, Args)]
pub(crate) struct SecretDeleteArgs {
    /// Its name
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TenantModeArgs {
    /// Its name in URLs
    pub(crate) slug: String,
    /// Whether its scripts may only read; shown when not given
    #[arg(long, value_name = "BOOL")]
    pub(crate) read_only: Option<bool>,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TenantCreateArgs {
    /// Its name in URLs: 2 to 63 lower-case letters, digits and inner hyphens
    pub(crate) slug: String,
    /// Its name for people; the slug when not given
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TenantDeleteArgs {
    /// Its name in URLs
    pub(crate) slug: String,
    /// The same once more, because there is no way back but a backup
    #[arg(long, value_name = "SLUG")]
    pub(crate) confirm: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Folder that `export` wrote
    pub(crate) folder: PathBuf,
    /// Say what would happen, and change nothing
    #[arg(long)]
    pub(crate) preview: bool,
    /// What to do about a name that is taken by something else
    #[arg(long, value_enum, default_value_t = OnConflict::Skip)]
    pub(crate) conflict: OnConflict,
    /// Give scripts the status they had, active ones included; drafts otherwise
    #[arg(long)]
    pub(crate) activate: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnConflict {
    /// Leave what is there
    Skip,
    /// Come in under another name
    Rename,
    /// Become the next version of what is there
    Replace,
}

impl OnConflict {
    /// The stable name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Rename => "rename",
            Self::Replace => "replace",
        }
    }
}
