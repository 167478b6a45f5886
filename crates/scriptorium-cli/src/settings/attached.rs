//! `[attached.<name>]` of the configuration file: tables that the host has in the database already, and
//! what scripts may do with their rows (decision 0053).

use scriptorium::tenant_data::{Attached, Keys, Named, Table};
use serde::Deserialize;

/// One of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// `schema.table` of the host.
    table: String,
    /// The column that says whose a row is.
    tenant: String,
    #[serde(default)]
    tenant_is: Is,
    /// Where the keys of tenants are, when `tenant` is one.
    tenant_keys: Option<Listed>,
    #[serde(default)]
    access: Access,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    key: Vec<String>,
}

/// A table of the host's with a key beside each tenant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    table: String,
    key: String,
    tenant: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Is {
    #[default]
    Id,
    Slug,
    Key,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Access {
    #[default]
    Read,
    Write,
}

/// The table of a name, or what is wrong with it.
pub(super) fn table(name: &str, value: toml::Value) -> Result<Table, String> {
    let entry: Entry = value.try_into().map_err(|error| error.to_string())?;
    let (schema, table) = place(&entry.table)?;
    let named = match (entry.tenant_is, entry.tenant_keys) {
        (Is::Id, None) => Named::Id,
        (Is::Slug, None) => Named::Slug,
        (Is::Key, Some(keys)) => {
            let (schema, table) = place(&keys.table)?;
            Named::Key(Keys {
                schema,
                table,
                key: keys.key,
                tenant: keys.tenant,
            })
        }
        _ => return Err("tenant_keys goes with tenant_is = \"key\", and the other way".to_owned()),
    };
    let attached = Attached::new(schema, table, entry.tenant)
        .named(named)
        .columns(entry.columns);
    let table = match entry.access {
        Access::Read => Table::attached(name, attached).read_by_scripts(),
        Access::Write => Table::attached(name, attached.written()).written_by_scripts(),
    };
    Ok(table.key(entry.key))
}

fn place(text: &str) -> Result<(String, String), String> {
    let (schema, table) = text
        .split_once('.')
        .ok_or_else(|| format!("{text} must be a schema and a table, such as shop.orders"))?;
    Ok((schema.to_owned(), table.to_owned()))
}
