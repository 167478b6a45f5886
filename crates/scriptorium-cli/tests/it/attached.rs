//! Tables that the host has in the database already, from the configuration file to a script.

use scriptorium_testing::Database;
use serde_json::json;

use crate::command::{command, json, stderr};
use crate::serve::Server;

const PREFIX: &str = "attached_command";

const FILE: &str = r#"
[attached.orders]
table = "shop.orders"
tenant = "company"
tenant_is = "slug"
access = "write"
key = ["id"]
"#;

const SCRIPT: &str = "async function main() {
  await db.insert('orders', { id: 3, price: '12.50' });
  return await db.findMany('orders', {}, { orderBy: 'id' });
}";

/// By what the guide says: two commands, one grant, a table of the file. The neighbour's order is not seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_the_file_is_a_scripts() {
    let database = Database::cloned("empty", async |_| {}).await;
    database.psql(
        "create schema shop; create table shop.orders (company text, id bigint, \
         price numeric(12, 2), primary key (company, id)); \
         insert into shop.orders values ('default', 1, 7.1), ('neighbour', 2, 9)",
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("scriptorium.toml"), FILE).unwrap();
    let file = folder.path().join("orders.js");
    std::fs::write(&file, SCRIPT).unwrap();
    let login = [
        ("SCRIPTORIUM_DATABASE_URL", database.superuser()),
        ("SCRIPTORIUM_DATABASE_ROLE_PREFIX", PREFIX.to_owned()),
    ];
    let migrated = command()
        .current_dir(folder.path())
        .envs(login.clone())
        .args(["migrate", "up", "--create-roles"])
        .output()
        .unwrap();
    assert_eq!(migrated.status.code(), Some(0), "{}", stderr(&migrated));
    database.psql(&format!(
        "grant usage on schema shop to {PREFIX}_migrator; \
         grant select, insert, update, delete on shop.orders to {PREFIX}_migrator"
    ));

    let server = Server::start_with(folder, |command| {
        command.envs(login);
    });
    server.json(&["script", "push", file.to_str().unwrap(), "--activate"]);
    let ran = server
        .command()
        .args(["script", "run", "orders"])
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", stderr(&ran));
    let expected = json!([{ "id": 1, "price": "7.10" }, { "id": 3, "price": "12.50" }]);
    assert_eq!(json(&ran), expected);
    assert_eq!(server.stop(), Some(0));
    let rows = database.psql("select company, id from shop.orders order by id");
    assert_eq!(rows.lines().last(), Some("default|3"), "{rows}");
}
