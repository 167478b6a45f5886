//! The audit trail's words: who did what to which thing, when, from where, and what it was before
//! and after. What is written here is data from strangers: it is cut, never interpreted. How
//! entries are chained is the store's.

use std::borrow::Cow;
use std::fmt::Write;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::{Actor, Json, TenantId, UserId, Uuid};

/// Most characters of a name in an entry; longer ones are cut.
pub const NAME_CHARS: usize = 200;
/// Most characters of a browser's description of itself in an entry.
pub const USER_AGENT_CHARS: usize = 300;
/// Most characters of one text inside `before` and `after`, a script's source apart.
pub const VALUE_CHARS: usize = 1_000;
/// Days an entry is kept at least (R-AUD-03, X-18).
pub const MIN_DAYS: u32 = 90;

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Address of the client: the peer, or whom a trusted proxy speaks for.
    pub address: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Id of the request.
    pub request_id: Option<String>,
}

/// Declares an enum whose values have stable names.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$value_doc:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$value_doc])* $value,)*
        }

        impl $type {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$value,)*];

            /// The stable name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)*
                }
            }

            /// The value of a stable name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }
    };
}

named! {
    /// What was done. The first word is the kind of thing it was done to.
    Action {
        /// A script was written.
        ScriptCreated = "script.created",
        /// A script got a new version.
        ScriptChanged = "script.changed",
        /// A script went live.
        ScriptActivated = "script.activated",
        /// A script was stopped for a while.
        ScriptPaused = "script.paused",
        /// A script was stopped.
        ScriptDisabled = "script.disabled",
        /// A script was put away.
        ScriptArchived = "script.archived",
        /// A script became a draft again.
        ScriptDrafted = "script.drafted",
        /// A script went to the trash.
        ScriptDeleted = "script.deleted",
        /// A script came back from the trash.
        ScriptRestored = "script.restored",
        /// A script was removed for good.
        ScriptPurged = "script.purged",
        /// A version was marked as a milestone, or no longer.
        VersionMarked = "version.marked",
        /// Versions were removed for good.
        VersionsPruned = "version.pruned",
        /// A user was added.
        UserCreated = "user.created",
        /// A user was changed.
        UserChanged = "user.changed",
        /// A user was deleted.
        UserDeleted = "user.deleted",
        /// A user signed in.
        UserSignedIn = "user.signed_in",
        /// A sign-in failed.
        UserSignInFailed = "user.sign_in_failed",
        /// A user signed out.
        UserSignedOut = "user.signed_out",
        /// Sessions were ended by somebody else.
        SessionsEnded = "session.ended",
        /// A token was made.
        TokenCreated = "token.created",
        /// A token was made worthless.
        TokenRevoked = "token.revoked",
        /// A message template was written.
        TemplateChanged = "template.changed",
        /// A message template was removed.
        TemplateDeleted = "template.deleted",
        /// An entry of storage was written by hand.
        StorageChanged = "storage.changed",
        /// An entry of storage was removed by hand.
        StorageDeleted = "storage.deleted",
        /// A secret was written; its value is not told.
        SecretChanged = "secret.changed",
        /// A secret was removed.
        SecretDeleted = "secret.deleted",
        /// An execution has read a secret.
        SecretUsed = "secret.used",
        /// A remote service was registered or changed; its key is not told.
        ServiceChanged = "service.changed",
        /// A remote service was removed.
        ServiceDeleted = "service.deleted",
        /// A tenant was added.
        TenantCreated = "tenant.created",
        /// A tenant was changed.
        TenantChanged = "tenant.changed",
        /// A tenant was shut, to be deleted.
        TenantClosed = "tenant.closed",
        /// A tenant was deleted with everything but its audit trail.
        TenantDeleted = "tenant.deleted",
        /// Settings of the tenant or the platform were changed.
        SettingsChanged = "settings.changed",
        /// A dead letter was taken up again.
        DeadLetterRetried = "dead_letter.retried",
        /// A dead letter was given up.
        DeadLetterDiscarded = "dead_letter.discarded",
        /// A dead letter was removed for good.
        DeadLetterDeleted = "dead_letter.deleted",
        /// A notification was to be tried again.
        NotificationRetried = "notification.retried",
        /// A notification was given up.
        NotificationDiscarded = "notification.discarded",
        /// Somebody said that they know of an alert.
        AlertAcknowledged = "alert.acknowledged",
        /// Events are parked for a script from now on.
        SubscriptionSuspended = "subscription.suspended",
        /// What was parked for a script is delivered.
        SubscriptionResumed = "subscription.resumed",
        /// What was parked for a script was discarded.
        SubscriptionDiscarded = "subscription.discarded",
        /// Executions ended; their ids and digests are in the entry.
        ExecutionBatch = "execution.batch",
        /// Somebody asked to stop an execution.
        ExecutionCancelled = "execution.cancelled",
        /// Somebody asked for something to be done to many executions.
        OperationStarted = "operation.started",
        /// Somebody stopped an operation on many executions.
        OperationCancelled = "operation.cancelled",
        /// History was removed because its time was over.
        ExecutionsPruned = "execution.pruned",
        /// An execution ended at a limit.
        LimitExceeded = "limit.exceeded",
        /// A script was kept from reaching an address.
        RequestBlocked = "request.blocked",
        /// More of the same happened at once than is told one by one.
        IncidentsSkipped = "incident.skipped",
        /// Entries of the audit trail were removed because their time was over.
        AuditPruned = "audit.pruned",
        /// A tenant's data was written out or read in as a whole.
        TenantExported = "tenant.exported",
        /// Scripts were read in from a folder.
        TenantImported = "tenant.imported",
    }
}

named! {
    /// What kind of actor it was.
    ActorKind {
        /// A signed-in user.
        User = "user",
        /// A token.
        Token = "token",
        /// The host application, or the bootstrap token.
        Host = "host",
        /// The platform itself.
        Platform = "platform",
        /// Somebody who did not prove who they are.
        Stranger = "stranger",
    }
}

named! {
    /// What kind of thing it was done to.
    SubjectKind {
        /// A script.
        Script = "script",
        /// A user.
        User = "user",
        /// A token.
        Token = "token",
        /// A message template.
        Template = "template",
        /// An entry of storage.
        Storage = "storage",
        /// A secret.
        Secret = "secret",
        /// A remote service.
        Service = "service",
        /// A tenant.
        Tenant = "tenant",
        /// An execution, or several.
        Execution = "execution",
        /// A dead letter.
        DeadLetter = "dead_letter",
        /// A message to people.
        Notification = "notification",
        /// An operation on many executions.
        Operation = "operation",
        /// The audit trail.
        Audit = "audit",
        /// Settings.
        Settings = "settings",
    }
}

/// Who did it, by the name they had then: the entry outlives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditActor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The user's or the token's id.
    pub id: Option<Uuid>,
    /// The user behind a token, or the user.
    pub user: Option<UserId>,
    /// Address of the user or name of the token at the time; may be empty.
    pub name: String,
}

impl AuditActor {
    /// The actor of an operation, by a name that was looked up.
    pub fn of(actor: &Actor, name: &str) -> Self {
        let (kind, id) = match actor {
            Actor::User { id, .. } => (ActorKind::User, Some(id.0)),
            Actor::Token { id, .. } => (ActorKind::Token, Some(id.0)),
            Actor::Host => (ActorKind::Host, None),
            Actor::Platform => (ActorKind::Platform, None),
        };
        Self {
            kind,
            id,
            user: actor.user(),
            name: cut(name, NAME_CHARS),
        }
    }

    /// Somebody who did not prove who they are.
    pub fn stranger() -> Self {
        Self {
            kind: ActorKind::Stranger,
            id: None,
            user: None,
            name: String::new(),
        }
    }
}

/// What it was done to, by the name it had then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Its id, when it has one.
    pub id: Option<Uuid>,
    /// Its name at the time.
    pub name: String,
}

impl Subject {
    /// A thing with an id.
    pub fn new(kind: SubjectKind, id: impl Into<Option<Uuid>>, name: &str) -> Self {
        Self {
            kind,
            id: id.into(),
            name: cut(name, NAME_CHARS),
        }
    }
}

/// One entry of a tenant's audit trail.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// The tenant.
    pub tenant: TenantId,
    /// Its number in the tenant's trail: 1, 2, 3 and so on, without a gap.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: AuditActor,
    /// What was done.
    pub action: Action,
    /// To what.
    pub subject: Subject,
    /// What changed, as it was before.
    pub before: Option<Json>,
    /// What changed, as it is now.
    pub after: Option<Json>,
    /// From where.
    pub origin: Origin,
    /// Keyed code over the previous entry's code and all of the above.
    pub mac: [u8; 32],
}

/// Which entries to list; every part narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Id of a user or token, an address or token name, or a kind such as `platform`.
    pub actor: Option<String>,
    /// A stable name such as `script.changed`, or its first word.
    pub action: Option<String>,
    /// Id or whole name of the thing.
    pub subject: Option<String>,
    /// At this instant or later.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// Text in action, actor, subject or address, in either case.
    pub q: Option<String>,
    /// Without the batches of executions that ended, which are most of a busy tenant's entries.
    pub without_executions: bool,
}

/// Something of a run that belongs into the audit trail besides its end (R-AUD-05).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Where the script wanted to go; cut.
    pub target: String,
    /// Why it was kept from it.
    pub reason: String,
    /// How many times.
    pub count: u32,
}

/// What checking a trail found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Entries that were looked at.
    pub entries: u64,
    /// Number of the first and of the last of them.
    pub range: Option<(u64, u64)>,
    /// Entries that lawful retention removed, as signed checkpoints say.
    pub removed: u64,
    /// Anchored heads that could be compared.
    pub anchors: u64,
    /// Executions whose digest was compared.
    pub executions: u64,
    /// Executions that are no longer in the history.
    pub executions_gone: u64,
    /// The first findings, [`Verification::MOST`] at most.
    pub findings: Vec<Finding>,
    /// How many there are in all.
    pub found: u64,
}

impl Verification {
    /// Most findings that are told one by one.
    pub const MOST: usize = 100;

    /// Whether nothing was found.
    pub fn is_intact(&self) -> bool {
        self.found == 0
    }

    /// Adds a finding.
    pub fn find(&mut self, kind: FindingKind, seq: Option<u64>, detail: impl Into<String>) {
        self.found += 1;
        if self.findings.len() < Self::MOST {
            self.findings.push(Finding {
                kind,
                seq,
                detail: detail.into(),
            });
        }
    }
}

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub kind: FindingKind,
    /// The entry it is about.
    pub seq: Option<u64>,
    /// In a sentence, without values of the entry.
    pub detail: String,
}

named! {
    /// What is wrong with a trail.
    FindingKind {
        /// An entry is not what its code was made over: edited, inserted, moved or copied.
        Altered = "altered",
        /// Numbers are missing, and no checkpoint says why.
        Missing = "missing",
        /// The end is missing: the head or an anchor knows of later entries.
        Truncated = "truncated",
        /// An anchored head names another entry than the stored one.
        Rewritten = "rewritten",
        /// The stored head is not that of the last entry.
        HeadAltered = "head_altered",
        /// A checkpoint is not what its code was made over.
        CheckpointAltered = "checkpoint_altered",
        /// An execution is not what was recorded of it.
        ExecutionAltered = "execution_altered",
        /// Executions are not there any more, and no entry says that they were removed.
        ExecutionMissing = "execution_missing",
    }
}

/// A text of at most `most` characters, and without NUL, which not every database keeps.
pub fn cut(text: &str, most: usize) -> String {
    let clean = |c: char| {
        if c == '\0' {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    match text.char_indices().nth(most) {
        None => text.chars().map(clean).collect(),
        Some(_) => {
            let kept = text.chars().take(most.saturating_sub(1)).map(clean);
            kept.chain(['…']).collect()
        }
    }
}

/// JSON with the characters escaped that a terminal or a viewer would act on instead of showing
/// them: controls, and those that turn the direction of text (WEB-16).
pub fn escaped(json: &str) -> Cow<'_, str> {
    if !json.chars().any(acts) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 32);
    for character in json.chars() {
        if acts(character) {
            // Writing to a String cannot fail; all of these are in the first plane.
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    Cow::Owned(text)
}

fn acts(character: char) -> bool {
    matches!(
        character,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_stable_and_each_its_own() {
        let names: BTreeSet<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(names.len(), Action::ALL.len());
        for action in Action::ALL {
            assert_eq!(Action::from_name(action.as_str()), Some(*action));
            assert!(action.as_str().contains('.'), "{action:?}");
        }
    }

    #[test]
    fn a_text_is_cut_at_characters() {
        assert_eq!(cut("абв", 3), "абв");
        assert_eq!(cut("абвг", 3), "аб…");
        assert_eq!(cut("a\0b", 3), "a\u{fffd}b");
        assert_eq!(
            cut(&"x".repeat(1_000_000), NAME_CHARS).chars().count(),
            NAME_CHARS
        );
    }

    #[test]
    fn nothing_in_a_line_of_json_acts_on_who_reads_it() {
        let hostile = "a\u{202e}b\u{9b}31m\u{2028}c\u{7f}Я";
        let line = serde_json::to_string(hostile).unwrap();
        let shown = escaped(&line);
        assert_eq!(shown, "\"a\\u202eb\\u009b31m\\u2028c\\u007fЯ\"");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), hostile);
        assert!(matches!(escaped("{\"a\":1}"), Cow::Borrowed(_)));
    }
}
