//! Which database a script asks, over HTTP: said, refused, told, compared, restored.

use serde_json::{Value, json};

use crate::fixture::Fixture;

const SCRIPTS: &str = "/api/v1/scripts";

#[tokio::test(flavor = "multi_thread")]
async fn a_script_says_its_database_and_every_version_has_its_own() {
    let server = Fixture::start().await;
    let new = json!({"name": "report", "type": "oneoff", "source": "return db.count('orders')"});
    let (status, new) = server.call("POST", SCRIPTS, new).await;
    assert_eq!(
        (status, &new["database"]),
        (201, &json!("primary")),
        "{new}"
    );

    let path = format!("{SCRIPTS}/{}", new["id"].as_str().unwrap());
    let replica = json!({"database": "replica"});
    let (status, changed) = server.call("PATCH", &path, replica.clone()).await;
    assert_eq!(
        (status, &changed["database"]),
        (200, &replica["database"]),
        "{changed}"
    );
    // What is not said stays.
    let (_, same) = server.call("PATCH", &path, json!({"tags": []})).await;
    assert_eq!(
        (&same["version"], &same["database"]),
        (&json!(2), &replica["database"])
    );
    let (_, diff) = server
        .call("GET", &format!("{path}/versions/1/diff/2"), Value::Null)
        .await;
    let expected = json!([{"field": "database", "before": "primary", "after": "replica"}]);
    assert_eq!(diff["changed_fields"], expected, "{diff}");
    let (_, restored) = server
        .call("POST", &format!("{path}/versions/1/restore"), Value::Null)
        .await;
    assert_eq!(restored["database"], "primary");

    for value in [json!("secondary"), json!(""), json!("Replica")] {
        let (status, refused) = server
            .call("PATCH", &path, json!({"database": value}))
            .await;
        let found = (
            &refused["errors"][0]["field"],
            &refused["errors"][0]["code"],
        );
        let expected = (&json!("database"), &json!("unknown_value"));
        assert_eq!((status, found), (422, expected), "{refused}");
    }
}
