//! Filling both databases: scripts are copies of the first ones, made by the database from a table of
//! what differs, so that no column is forgotten; rows are made on a thread of their own while the
//! database takes those that are ready.

use scriptorium_model::{TenantId, Uuid};
use tokio::sync::mpsc::{Receiver, channel};

use crate::rows::{EVENT_KINDS, Source, event_kind, mix, script_name};
use crate::words::Words;

/// What differs from copy to copy; a temporary table. The types are SQLite's; `postgres` has its own.
pub(crate) const COPIES: &str = "create temp table copies (template, tenant_id, id, name, \
    description, tag, path, event, status, active, next_at, at, words)";

/// A table that is copied, and what each copy has instead of the template's value.
pub(crate) struct Copied {
    pub(crate) table: &'static str,
    pub(crate) script_column: &'static str,
    pub(crate) replaced: &'static [(&'static str, &'static str)],
}

pub(crate) const COPIED: [Copied; 6] = [
    Copied {
        table: "scripts",
        script_column: "id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("id", "c.id"),
            ("name", "c.name"),
            ("status", "c.status"),
            ("created_at", "c.at"),
            ("updated_at", "c.at + 1"),
        ],
    },
    Copied {
        table: "script_versions",
        script_column: "script_id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("script_id", "c.id"),
            ("name", "c.name"),
            ("description", "c.description"),
            ("created_at", "c.at"),
        ],
    },
    Copied {
        table: "script_tags",
        script_column: "script_id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("script_id", "c.id"),
            ("tag", "c.tag"),
        ],
    },
    Copied {
        table: "schedules",
        script_column: "script_id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("script_id", "c.id"),
            ("active", "c.active"),
            ("next_at", "case when c.active then c.next_at end"),
        ],
    },
    Copied {
        table: "endpoints",
        script_column: "script_id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("script_id", "c.id"),
            ("path", "c.path"),
            ("route_key", "c.path"),
            ("active", "c.active"),
        ],
    },
    Copied {
        table: "subscriptions",
        script_column: "script_id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("script_id", "c.id"),
            ("event_type", "c.event"),
            ("active", "c.active"),
        ],
    },
];

impl Copied {
    /// The statement that copies, given the columns of the table.
    pub(crate) fn statement(&self, columns: &[String]) -> String {
        let value = |column: &String| {
            let replaced = self.replaced.iter().find(|(name, _)| name == column);
            replaced.map_or_else(|| format!("t.\"{column}\""), |(_, value)| (*value).into())
        };
        let quoted: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
        let values: Vec<String> = columns.iter().map(value).collect();
        format!(
            "insert into {table} ({}) select {} from copies c join {table} t on t.{} = c.template",
            quoted.join(", "),
            values.join(", "),
            self.script_column,
            table = self.table,
        )
    }
}

/// Notes the copies for the search index.
pub(crate) const NOTE_COPIES: &str = "insert into search_pending (tenant_id, kind, id, words) \
    select tenant_id, 'script', id, words from copies";

/// One copy of a script.
pub(crate) struct Copy {
    pub(crate) tenant: TenantId,
    pub(crate) template: usize,
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) description: &'static str,
    pub(crate) tag: String,
    pub(crate) path: String,
    pub(crate) event: String,
    pub(crate) status: &'static str,
    pub(crate) next_at: i64,
    pub(crate) at: i64,
    pub(crate) words: String,
}

/// How many tags the scripts of a tenant have; each script has one.
pub(crate) const TAGS: u64 = 50;

/// Every copy, tenant by tenant. One schedule in a hundred is due, one script in ten is paused.
pub(crate) fn copies(source: &Source, now_us: i64) -> impl Iterator<Item = Copy> + '_ {
    let shape = source.shape();
    let numbers = move |place| (0..shape.scripts_of(place)).map(move |number| (place, number));
    (0..shape.tenants)
        .flat_map(numbers)
        .map(move |(place, number)| {
            let dice = mix(number << 8 | place as u64);
            let due = number % 500 < 5;
            let next_at = if due {
                now_us - 1_000_000
            } else {
                now_us + 3_600_000_000 + (dice % 86_400_000_000) as i64
            };
            let description = if number % 20 == 0 {
                "checks an order against the stock of the warehouse"
            } else {
                "checks an order against the stock"
            };
            let (name, tag) = (script_name(number), format!("tag{}", dice % TAGS));
            let mut words = Words::default();
            words.add(&name).add(description).part([tag.as_str()]);
            Copy {
                tenant: source.tenants()[place],
                template: (number % 5) as usize,
                id: source.script(place, number),
                description,
                tag,
                path: format!("/orders/{number}"),
                event: event_kind(dice % EVENT_KINDS),
                status: if dice % 10 == 9 { "paused" } else { "active" },
                next_at,
                at: (source.begin_ms() * 1_000) as i64 - (number * 1_000_000) as i64,
                words: words.into_text(),
                name,
            }
        })
}

/// Makes pieces on a thread of their own, two ahead of who takes them; each from the numbers of some
/// rows.
pub(crate) fn ahead<P: Send + 'static>(
    rows: u64,
    some: u64,
    make: impl Fn(std::ops::Range<u64>) -> P + Send + 'static,
) -> Receiver<P> {
    let (send, receive) = channel(2);
    std::thread::spawn(move || {
        let mut next = 0;
        while next < rows {
            let end = (next + some).min(rows);
            // Nobody listens any more when filling has failed.
            if send.blocking_send(make(next..end)).is_err() {
                return;
            }
            next = end;
        }
    });
    receive
}
