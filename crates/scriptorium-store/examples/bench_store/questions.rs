//! The questions: what the pages and the platform ask all day, each with the time it may take and the
//! indexes that must answer it. How they are asked is in `asking`.

use std::time::Duration;

/// Which database answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// One kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Scripts,
    ScriptsByNameDeep,
    ScriptsByStatusDeep,
    ScriptsOfType,
    ScriptsWithTag,
    ScriptsByWord,
    Tags,
    Executions,
    ExecutionsDeep,
    ByEndDeep,
    CompletedDeep,
    FailedDeep,
    OfScriptDeep,
    OfScriptFailed,
    OfScriptRunning,
    ByTriggerAndTime,
    RareWord,
    CommonWord,
    CommonWordDeep,
    TwoWords,
    WordEverywhere,
    WordOfTwoDays,
    CommonWordTimedOut,
    Execution,
    LogLines,
    DueSchedules,
    Upcoming,
    Endpoints,
    EventsOfType,
    Event,
    VersionDiff,
}

/// What there is to know of a question.
pub(crate) struct About {
    /// What is asked, for the table.
    pub(crate) name: &'static str,
    /// What its 99th percentile should be at most, in milliseconds.
    pub(crate) target: u64,
    /// What must be in the plans on SQLite; all of it.
    pub(crate) sqlite: &'static [&'static str],
    /// The same on PostgreSQL, where the index of a partition is named after the columns.
    pub(crate) postgres: &'static [&'static str],
    /// Whether SQLite may sort: the rows are few, and their number does not grow with the tables.
    pub(crate) sorts_few: bool,
}

const PAGE: u64 = 20;
const SEARCH: u64 = 50;
const DIFF: u64 = 50;

impl Question {
    pub(crate) const ALL: [Self; 31] = [
        Self::Scripts,
        Self::ScriptsByNameDeep,
        Self::ScriptsByStatusDeep,
        Self::ScriptsOfType,
        Self::ScriptsWithTag,
        Self::ScriptsByWord,
        Self::Tags,
        Self::Executions,
        Self::ExecutionsDeep,
        Self::ByEndDeep,
        Self::CompletedDeep,
        Self::FailedDeep,
        Self::OfScriptDeep,
        Self::OfScriptFailed,
        Self::OfScriptRunning,
        Self::ByTriggerAndTime,
        Self::RareWord,
        Self::CommonWord,
        Self::CommonWordDeep,
        Self::TwoWords,
        Self::WordEverywhere,
        Self::WordOfTwoDays,
        Self::CommonWordTimedOut,
        Self::Execution,
        Self::LogLines,
        Self::DueSchedules,
        Self::Upcoming,
        Self::Endpoints,
        Self::EventsOfType,
        Self::Event,
        Self::VersionDiff,
    ];

    /// Pages in the middle of a list; the others are first pages or single things.
    pub(crate) const DEEP: [Self; 8] = [
        Self::ScriptsByNameDeep,
        Self::ScriptsByStatusDeep,
        Self::ExecutionsDeep,
        Self::ByEndDeep,
        Self::CompletedDeep,
        Self::FailedDeep,
        Self::OfScriptDeep,
        Self::CommonWordDeep,
    ];

    /// Whether nothing may be the right answer.
    pub(crate) fn may_be_empty(self) -> bool {
        self == Self::OfScriptRunning
    }

    pub(crate) fn about(self) -> About {
        let page = |name, sqlite, postgres| About {
            name,
            target: PAGE,
            sqlite,
            postgres,
            sorts_few: false,
        };
        let search = |name| About {
            name,
            target: SEARCH,
            sqlite: &["VIRTUAL TABLE INDEX", "sqlite_autoindex_executions_1"],
            postgres: &["find_executions"],
            sorts_few: false,
        };
        match self {
            Self::Scripts => page(
                "scripts, newest first",
                &["scripts_created", "executions_script"],
                &["scripts_created", "script_id_id"],
            ),
            Self::ScriptsByNameDeep => page(
                "scripts by name, page deep in the list",
                &["scripts_name"],
                &["scripts_name"],
            ),
            Self::ScriptsByStatusDeep => page(
                "scripts by status, page deep in the list",
                &["scripts_order_status"],
                &["scripts_order_status"],
            ),
            Self::ScriptsOfType => page(
                "scripts of a type, newest first",
                &["scripts_type"],
                &["scripts_"],
            ),
            Self::ScriptsWithTag => page(
                "scripts with a tag in one of fifty",
                &["scripts_created", "PRIMARY KEY (tenant_id=? AND tag=?)"],
                &["script_tags"],
            ),
            Self::ScriptsByWord => About {
                target: SEARCH,
                ..page(
                    "scripts, a word in one of twenty",
                    &["scripts_created", "VIRTUAL TABLE INDEX"],
                    &["script_documents_words"],
                )
            },
            Self::Tags => About {
                sorts_few: true,
                ..page(
                    "tags of a tenant's scripts",
                    &["PRIMARY KEY (tenant_id=? AND tag>?)"],
                    &["script_tags_pkey"],
                )
            },
            Self::Executions => page(
                "executions, newest first",
                &["sqlite_autoindex_executions_1"],
                &["pkey"],
            ),
            Self::ExecutionsDeep => page(
                "executions, page deep in the list",
                &["sqlite_autoindex_executions_1"],
                &["pkey"],
            ),
            Self::ByEndDeep => page(
                "executions by their end, page deep in the list",
                &["executions_completed"],
                &["completed_at_id_idx"],
            ),
            // Nineteen of twenty: the key serves as well, and PostgreSQL may know.
            Self::CompletedDeep => page(
                "executions completed, page deep in the list",
                &["executions_status"],
                &["executions_20"],
            ),
            Self::FailedDeep => page(
                "executions failed, page deep in the list",
                &["executions_status"],
                &["status_id_idx"],
            ),
            Self::OfScriptDeep => page(
                "executions of the busiest script, page deep in the list",
                &["executions_script"],
                &["script_id_id"],
            ),
            Self::OfScriptFailed => page(
                "executions of the busiest script that failed, which are few",
                &["executions_failures"],
                &["script_id_status_id"],
            ),
            Self::OfScriptRunning => page(
                "executions of the busiest script that run now",
                &["executions_status"],
                &["executions_20"],
            ),
            Self::ByTriggerAndTime => page(
                "executions by trigger, ten days in the middle",
                &["executions_trigger"],
                &["trigger_kind_id"],
            ),
            Self::RareWord => About {
                postgres: &["find_executions", "words_idx"],
                ..search("search, a word of a log line in at most 100 rows")
            },
            Self::CommonWord => search("search, a word of an input in 6 % of the tenant's"),
            Self::CommonWordDeep => search("search, that word, page deep in the list"),
            Self::TwoWords => search("search, two words that are together in 0.6 %"),
            Self::WordEverywhere => search("search, a word in all of the tenant's"),
            Self::WordOfTwoDays => search("search, a word in all of two days six weeks ago"),
            // A few executions are left to be read, by whatever index.
            Self::CommonWordTimedOut => About {
                sqlite: &["VIRTUAL TABLE INDEX"],
                ..search("search, a word in 6 %, in what timed out")
            },
            Self::Execution => page(
                "one execution with its payloads",
                &["sqlite_autoindex_executions_1"],
                &["pkey"],
            ),
            Self::LogLines => page(
                "log lines of one execution",
                &["USING PRIMARY KEY"],
                &["pkey"],
            ),
            Self::DueSchedules => page(
                "due schedules of all tenants, 100",
                &["schedules_due"],
                &["schedules_due"],
            ),
            Self::Upcoming => page(
                "next planned instants of a tenant, 10",
                &["schedules_upcoming"],
                &["schedules_upcoming"],
            ),
            Self::Endpoints => page(
                "routing table of a tenant",
                &["endpoints_route"],
                &["endpoints_"],
            ),
            Self::EventsOfType => page(
                "events of a type, newest first",
                &["events_kind"],
                &["events_kind"],
            ),
            Self::Event => page(
                "one event",
                &["sqlite_autoindex_events_1"],
                &["events_pkey"],
            ),
            Self::VersionDiff => About {
                name: "two versions of 100 KB, and their difference",
                target: DIFF,
                sqlite: &["sqlite_autoindex_script_versions_1"],
                postgres: &["script_versions_pkey"],
                sorts_few: false,
            },
        }
    }

    pub(crate) fn target(self) -> Duration {
        Duration::from_millis(self.about().target)
    }
}
