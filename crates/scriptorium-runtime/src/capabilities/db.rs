//! `db`: the host's business tables, as far as they are open to scripts (R-JDB). What a statement may
//! be is decided by the store's parser; whose rows there are, by the database; what the run may do with
//! them, here.

mod ask;
mod transaction;

use scriptorium_engine::CallClass;
use scriptorium_model::permission::Permission;

use super::args::{Check, Param, optional, required};
use super::{Binding, Capability, Give, How, Reach};

pub(crate) use transaction::{Database, over};

/// Most bytes of the values of one call as JSON.
const PARAMS_BYTES: usize = 4 << 20;
/// Most bytes of conditions as JSON.
const CONDITIONS_BYTES: usize = 256 << 10;

const SQL: Param = required("sql", "string", Check::Text(ask::TEXT_BYTES));
const PARAMS: Param = optional("params", "unknown[]", Check::Json(PARAMS_BYTES));
const TABLE: Param = required("table", "string", Check::Text(63));
const CONDITIONS: Param = required("conditions", "Conditions", Check::Json(CONDITIONS_BYTES));
const SOME: Param = optional("conditions", "Conditions", Check::Json(CONDITIONS_BYTES));
const DATA: Param = required("data", "Record<string, unknown>", Check::Json(PARAMS_BYTES));

pub(super) const CAPABILITY: Capability = Capability {
    name: "db",
    doc: "The business tables that the host application opens to scripts; a call sees and changes rows of the tenant only. What else the host asks for a table, a call needs, too. A script whose setting database is replica only reads. At most 1,000 rows and 4 MiB (ROW_LIMIT) and 5 seconds (QUERY_TIMEOUT) for a statement.",
    bindings: &[
        Binding::io(
            "db.query",
            "<T = any>",
            &[SQL, PARAMS],
            "Promise<T[]>",
            "The rows of a select, or of a change with returning. Values are written $1, $2 or ? in the text, and given in order. One statement: select, insert, update or delete, with the functions that both databases have.",
            ask::query,
        )
        .needs(Permission::DbRead),
        Binding::io(
            "db.queryOne",
            "<T = any>",
            &[SQL, PARAMS],
            "Promise<T | null>",
            "The first row of a query; null when there is none.",
            ask::query_one,
        )
        .needs(Permission::DbRead),
        Binding::io(
            "db.execute",
            "",
            &[SQL, PARAMS],
            "Promise<number>",
            "Changes rows by an insert, update or delete; how many it were.",
            ask::execute,
        )
        .needs(Permission::DbWrite),
        Binding::io(
            "db.findOne",
            "<T = any>",
            &[
                TABLE,
                SOME,
                optional("options", "FindOptions", Check::Object),
            ],
            "Promise<T | null>",
            "The first row that meets the conditions; null when there is none.",
            ask::find_one,
        )
        .needs(Permission::DbRead),
        Binding::io(
            "db.findMany",
            "<T = any>",
            &[
                TABLE,
                SOME,
                optional("options", "FindOptions", Check::Object),
            ],
            "Promise<T[]>",
            "The rows that meet the conditions: { status: \"open\", total: { gte: 100 } }, or a list of { field, operator, value }. Operators: eq, ne, gt, gte, lt, lte, in, notIn, between, like, startsWith, endsWith, contains, isNull; $and, $or and $not for groups.",
            ask::find_many,
        )
        .needs(Permission::DbRead),
        Binding::io(
            "db.count",
            "",
            &[TABLE, SOME],
            "Promise<number>",
            "How many rows meet the conditions.",
            ask::count,
        )
        .needs(Permission::DbRead),
        Binding::io(
            "db.insert",
            "<T = any>",
            &[
                TABLE,
                required(
                    "data",
                    "Record<string, unknown> | Array<Record<string, unknown>>",
                    Check::Json(PARAMS_BYTES),
                ),
            ],
            "Promise<T>",
            "Adds a row, or several at once, and gives back what was stored: the row, or the list of them. A key that is a UUID may be left out.",
            ask::insert,
        )
        .needs(Permission::DbWrite),
        Binding::io(
            "db.update",
            "",
            &[TABLE, CONDITIONS, DATA],
            "Promise<number>",
            "Changes the rows that meet the conditions, of which there must be one; how many it were.",
            ask::update,
        )
        .needs(Permission::DbWrite),
        Binding::io(
            "db.upsert",
            "<T = any>",
            &[
                TABLE,
                DATA,
                optional("options", "{ on?: string[] }", Check::Object),
            ],
            "Promise<T>",
            "Changes the row with this key, or adds it, and gives it back. options.on names a unique column to find it by.",
            ask::upsert,
        )
        .needs(Permission::DbWrite),
        Binding::io(
            "db.delete",
            "",
            &[TABLE, CONDITIONS],
            "Promise<number>",
            "Removes the rows that meet the conditions, of which there must be one; how many it were.",
            ask::delete,
        )
        .needs(Permission::DbWrite),
        Binding {
            path: "db.tables",
            generics: "",
            params: &[],
            returns: "TableInfo[]",
            doc: "The tables that this execution may read, with their columns.",
            class: CallClass::Free,
            needs: None,
            reach: Reach::Tenant,
            how: How::Sync(ask::tables),
            give: Give::Plain,
        },
        Binding {
            path: "db.transaction",
            generics: "<T>",
            params: &[required(
                "work",
                "(tx: Transaction) => Promise<T> | T",
                Check::Any,
            )],
            returns: "Promise<T>",
            doc: "Calls work, and commits what its calls of db have changed when it succeeds; when it throws, or the execution ends before, nothing of it is kept; what was changed in storage meanwhile and the events published go with it. One transaction of an execution at a time, for at most 60 seconds; every call of db belongs to it while it is open, and services cannot be called.",
            class: CallClass::Free,
            needs: None,
            reach: Reach::Tenant,
            how: How::Guest,
            give: Give::Plain,
        },
    ],
};

/// What `db.transaction` of the prelude is made of.
pub(crate) static BINDINGS: [Binding; 3] = [
    Binding::io("db.begin", "", &[], "", "", transaction::begin),
    Binding {
        class: CallClass::Free,
        ..Binding::io("db.commit", "", &[], "", "", transaction::commit)
    },
    Binding {
        class: CallClass::Free,
        ..Binding::io("db.rollback", "", &[], "", "", transaction::rollback)
    },
];
