//! Every operation of the document × every kind of caller. An operation without a row here fails
//! the test, so that a new route cannot be forgotten (WEB-11, WEB-31).

use std::collections::BTreeSet;

use scriptorium::model::permission::{Permission, Role};
use serde_json::{Value, json};

use crate::fixture::{BOOTSTRAP, Fixture};

/// The columns: nobody, an administrator of another tenant, then the roles of this one.
const COLUMNS: [&str; 6] = [
    "anonymous",
    "other",
    "viewer",
    "developer",
    "org_admin",
    "superadmin",
];

/// An operation, what is sent (`{column}` makes it unique, `{identifier}` where it has to be one), and the status for each column. Rows
/// are asked in order, each by the columns in order, so a later one sees what an earlier one did.
pub(crate) type Row = (&'static str, Value, [u16; 6]);

pub(crate) fn rows() -> Vec<Row> {
    let none = Value::Null;
    let new = json!({"name": "made by {column}", "type": "oneoff", "source": "return 1"});
    let user = json!({"email": "{column}@example.com", "name": "Ada", "role": "viewer"});
    let look = json!({"source": "return 1", "language": "javascript"});
    let wrong = json!({"email": "nobody@example.com", "password": "wrong wrong wrong"});
    let token = json!({"name": "t", "permissions": ["scripts.read"]});
    let everyone = [200; 6];
    let members = [401, 200, 200, 200, 200, 200];
    let readers = [401, 404, 200, 200, 200, 200];
    let runners = [401, 404, 403, 200, 200, 200];
    let editors = [401, 404, 403, 403, 200, 200];
    let managers = [401, 200, 403, 403, 200, 200];
    let makers = [401, 201, 403, 403, 201, 201];
    vec![
        ("GET /healthz", none.clone(), everyone),
        ("GET /readyz", none.clone(), everyone),
        // The test asks from this machine.
        ("GET /metrics", none.clone(), everyone),
        ("GET /api/v1/openapi.json", none.clone(), everyone),
        ("GET /api/v1/typings", none.clone(), members),
        ("GET /api/v1/session", none.clone(), members),
        ("POST /api/v1/session", wrong, [401; 6]),
        (
            "DELETE /api/v1/session",
            none.clone(),
            [401, 204, 204, 204, 204, 204],
        ),
        // These tokens are of no user, who alone has a language.
        (
            "PUT /api/v1/session/locale",
            json!({"locale": "ru"}),
            [401; 6],
        ),
        ("GET /api/v1/scripts", none.clone(), members),
        ("POST /api/v1/scripts", new, [401, 201, 403, 201, 201, 201]),
        ("POST /api/v1/scripts/validate", look, members),
        ("GET /api/v1/scripts/{id}", none.clone(), readers),
        ("POST /api/v1/scripts/{id}/execute", json!({}), runners),
        (
            "PATCH /api/v1/scripts/{id}",
            json!({"description": "by {column}"}),
            editors,
        ),
        ("GET /api/v1/scripts/{id}/versions", none.clone(), readers),
        (
            "GET /api/v1/scripts/{id}/versions/{version}",
            none.clone(),
            readers,
        ),
        (
            "GET /api/v1/scripts/{id}/versions/{a}/diff/{b}",
            none.clone(),
            readers,
        ),
        (
            "POST /api/v1/scripts/{id}/versions/{version}/restore",
            none.clone(),
            editors,
        ),
        (
            "PUT /api/v1/scripts/{id}/versions/{version}/milestone",
            json!({"name": "by {column}"}),
            editors,
        ),
        (
            "DELETE /api/v1/scripts/{id}/versions/{version}/milestone",
            none.clone(),
            [401, 404, 403, 403, 204, 204],
        ),
        (
            "GET /api/v1/scripts/{id}/signing-secrets",
            none.clone(),
            readers,
        ),
        // It is no endpoint that takes signatures.
        (
            "POST /api/v1/scripts/{id}/signing-secrets",
            json!({}),
            [401, 404, 403, 403, 422, 422],
        ),
        (
            "DELETE /api/v1/scripts/{id}/signing-secrets/{secret}",
            none.clone(),
            [401, 404, 403, 403, 404, 404],
        ),
        ("GET /api/v1/endpoints/openapi.json", none.clone(), members),
        ("GET /api/v1/version-policy", none.clone(), members),
        (
            "PUT /api/v1/version-policy",
            json!({"max_count": 100}),
            managers,
        ),
        // These tokens are of no user, who alone has drafts.
        (
            "PUT /api/v1/scripts/{id}/draft",
            json!({"source": "1", "base_version": 1}),
            [401, 404, 403, 403, 409, 409],
        ),
        (
            "GET /api/v1/scripts/{id}/draft",
            none.clone(),
            [401, 404, 404, 404, 404, 404],
        ),
        (
            "DELETE /api/v1/scripts/{id}/draft",
            none.clone(),
            [401, 404, 204, 204, 204, 204],
        ),
        ("POST /api/v1/invoke/{name}", json!({"n": 1}), runners),
        ("GET /api/v1/executions", none.clone(), members),
        ("GET /api/v1/executions/{id}", none.clone(), readers),
        ("GET /api/v1/executions/{id}/logs", none.clone(), readers),
        ("GET /api/v1/executions/{id}/stream", none.clone(), readers),
        ("POST /api/v1/executions/{id}/cancel", none.clone(), runners),
        (
            "POST /api/v1/executions/{id}/replay",
            json!({}),
            [401, 404, 403, 202, 202, 202],
        ),
        (
            "GET /api/v1/scripts/{id}/input-schema",
            none.clone(),
            readers,
        ),
        ("GET /api/v1/operations", none.clone(), members),
        ("GET /api/v1/operations/{id}", none.clone(), readers),
        (
            "POST /api/v1/operations",
            json!({"kind": "replay", "preview": true}),
            [401, 200, 403, 200, 200, 200],
        ),
        ("POST /api/v1/operations/{id}/cancel", none.clone(), runners),
        ("POST /api/v1/scripts/{id}/pause", none.clone(), editors),
        ("POST /api/v1/scripts/{id}/activate", none.clone(), editors),
        ("POST /api/v1/scripts/{id}/disable", none.clone(), editors),
        ("POST /api/v1/scripts/{id}/archive", none.clone(), editors),
        (
            "DELETE /api/v1/scripts/{id}",
            none.clone(),
            [401, 404, 403, 403, 204, 404],
        ),
        (
            "POST /api/v1/scripts/{id}/restore",
            none.clone(),
            [401, 404, 403, 403, 200, 404],
        ),
        ("GET /api/v1/trash", none.clone(), members),
        // What is in use is not deleted for ever.
        (
            "DELETE /api/v1/trash/{id}",
            none.clone(),
            [401, 404, 403, 403, 404, 404],
        ),
        (
            "GET /api/v1/schedules/preview?cron=0%209%20*%20*%20*",
            none.clone(),
            members,
        ),
        // The script of the matrix has no schedule, which is as if there were none.
        (
            "GET /api/v1/scripts/{id}/schedule",
            none.clone(),
            [401, 404, 404, 404, 404, 404],
        ),
        (
            "GET /api/v1/scripts/{id}/subscription",
            none.clone(),
            readers,
        ),
        (
            "GET /api/v1/scripts/{id}/subscription/parked",
            none.clone(),
            readers,
        ),
        (
            "POST /api/v1/scripts/{id}/subscription/suspend",
            json!({"reason": "for a while"}),
            [401, 404, 403, 403, 200, 409],
        ),
        (
            "POST /api/v1/scripts/{id}/subscription/discard",
            json!({"reason": "not needed"}),
            editors,
        ),
        (
            "POST /api/v1/scripts/{id}/subscription/resume",
            json!({"per_minute": 60}),
            [401, 404, 403, 403, 200, 409],
        ),
        ("GET /api/v1/events", none.clone(), members),
        (
            "POST /api/v1/events",
            json!({"type": "a.b"}),
            [401, 202, 403, 202, 202, 202],
        ),
        ("GET /api/v1/events/types", none.clone(), members),
        (
            "GET /api/v1/events/types/{name}/samples",
            none.clone(),
            readers,
        ),
        ("GET /api/v1/events/{id}", none.clone(), readers),
        ("GET /api/v1/compatibility", none.clone(), members),
        ("GET /api/v1/alerts", none.clone(), members),
        (
            "POST /api/v1/alerts/{id}/acknowledge",
            none.clone(),
            [401, 404, 403, 200, 200, 200],
        ),
        ("GET /api/v1/dead-letters", none.clone(), members),
        ("GET /api/v1/dead-letters/{id}", none.clone(), readers),
        (
            "POST /api/v1/dead-letters/retry",
            json!({"dry_run": true}),
            [401, 200, 403, 200, 200, 200],
        ),
        (
            "POST /api/v1/dead-letters/{id}/discard",
            none.clone(),
            [401, 404, 403, 200, 409, 409],
        ),
        (
            "POST /api/v1/dead-letters/{id}/retry",
            json!({}),
            [401, 404, 403, 409, 409, 409],
        ),
        (
            "DELETE /api/v1/dead-letters/{id}",
            none.clone(),
            [401, 404, 403, 403, 204, 404],
        ),
        (
            "GET /api/v1/notifications",
            none.clone(),
            [401, 200, 403, 403, 200, 200],
        ),
        (
            "GET /api/v1/notifications/{id}",
            none.clone(),
            [401, 404, 403, 403, 200, 200],
        ),
        // What was recorded is neither sent nor given up.
        (
            "POST /api/v1/notifications/{id}/retry",
            none.clone(),
            [401, 404, 403, 403, 409, 409],
        ),
        (
            "POST /api/v1/notifications/{id}/discard",
            none.clone(),
            [401, 404, 403, 403, 409, 409],
        ),
        (
            "GET /api/v1/notification-mode",
            none.clone(),
            [401, 200, 403, 403, 200, 200],
        ),
        (
            "PUT /api/v1/notification-mode",
            json!({"mode": "record"}),
            [401, 200, 403, 403, 200, 200],
        ),
        (
            "GET /api/v1/storage/{key}",
            none.clone(),
            [401, 404, 403, 403, 200, 200],
        ),
        ("PUT /api/v1/storage/{key}", json!({"value": 1}), managers),
        (
            "DELETE /api/v1/storage/{key}",
            none.clone(),
            [401, 204, 403, 403, 204, 404],
        ),
        ("GET /api/v1/retention", none.clone(), members),
        (
            "PUT /api/v1/retention",
            json!({"execution_days": 90, "log_days": 30, "event_days": 60}),
            managers,
        ),
        ("GET /api/v1/halts", none.clone(), members),
        (
            "PUT /api/v1/halts/{scope}/{trigger}",
            json!({"reason": "stocktaking"}),
            managers,
        ),
        (
            "DELETE /api/v1/halts/{scope}/{trigger}",
            none.clone(),
            [401, 204, 403, 403, 204, 404],
        ),
        ("GET /api/v1/outgoing-rules", none.clone(), managers),
        (
            "PUT /api/v1/outgoing-rules",
            json!({"never": ["{column}.example.com"]}),
            managers,
        ),
        ("GET /api/v1/services", none.clone(), managers),
        (
            "POST /api/v1/services",
            json!({"name": "made_by_{identifier}", "url": "https://erp.example.com/services",
                "methods": [{"name": "ping"}]}),
            makers,
        ),
        // There is none of that name.
        (
            "PUT /api/v1/services/{name}",
            json!({"url": "https://erp.example.com/services", "methods": [{"name": "ping"}]}),
            [401, 404, 403, 403, 404, 404],
        ),
        (
            "DELETE /api/v1/services/{name}",
            none.clone(),
            [401, 404, 403, 403, 404, 404],
        ),
        ("GET /api/v1/secrets", none.clone(), managers),
        (
            "PUT /api/v1/secrets/{name}",
            json!({"value": "a value to hide"}),
            managers,
        ),
        (
            "DELETE /api/v1/secrets/{name}",
            none.clone(),
            [401, 204, 403, 403, 204, 404],
        ),
        ("GET /api/v1/templates", none.clone(), members),
        ("GET /api/v1/templates/{name}", none.clone(), readers),
        (
            "PUT /api/v1/templates/{name}",
            json!({"body": "x"}),
            managers,
        ),
        (
            "DELETE /api/v1/templates/{name}",
            none.clone(),
            [401, 204, 403, 403, 204, 404],
        ),
        ("GET /api/v1/users", none.clone(), managers),
        ("POST /api/v1/users", user, makers),
        (
            "DELETE /api/v1/users/{id}",
            none.clone(),
            [401, 404, 403, 403, 204, 404],
        ),
        ("GET /api/v1/tokens", none.clone(), managers),
        ("POST /api/v1/tokens", token, makers),
        (
            "DELETE /api/v1/tokens/{id}",
            none.clone(),
            [401, 404, 403, 403, 204, 204],
        ),
        ("GET /api/v1/audit", none.clone(), managers),
        ("GET /api/v1/audit/verify", none.clone(), managers),
        ("GET /api/v1/audit/export", none.clone(), managers),
        ("GET /api/v1/export", none.clone(), members),
        (
            "POST /api/v1/import",
            json!({"format": 1, "scripts": []}),
            [401, 200, 403, 200, 200, 200],
        ),
        (
            "POST /api/v1/backup",
            json!({"keep": 1}),
            [401, 403, 403, 403, 403, 201],
        ),
        (
            "GET /api/v1/backup",
            none.clone(),
            [401, 403, 403, 403, 403, 200],
        ),
        (
            "GET /api/v1/nodes",
            none.clone(),
            [401, 403, 403, 403, 403, 200],
        ),
        (
            "GET /api/v1/tenants",
            none.clone(),
            [401, 403, 403, 403, 403, 200],
        ),
        (
            "GET /api/v1/tenants/{id}/mode",
            none,
            [401, 403, 403, 403, 403, 200],
        ),
        (
            "PUT /api/v1/tenants/{id}/mode",
            json!({"read_only": false}),
            [401, 403, 403, 403, 403, 200],
        ),
        (
            "POST /api/v1/tenants",
            json!({"slug": "by-{column}", "name": "T"}),
            [401, 403, 403, 403, 403, 201],
        ),
        (
            "DELETE /api/v1/tenants/{id}",
            json!({"slug": "doomed"}),
            [401, 403, 403, 403, 403, 204],
        ),
    ]
}

/// Things of the tenant `default` that the paths name.
struct Things {
    script: String,
    subscriber: String,
    execution: String,
    event: String,
    letter: String,
    notification: String,
    operation: String,
    alert: String,
    token: String,
    tenant: String,
    user: String,
}

impl Things {
    async fn make(server: &Fixture) -> Self {
        let body =
            json!({"name": "the script", "type": "oneoff", "source": "console.log(1); return 1"});
        let script = server.script(body).await;
        let body = json!({"name": "subscriber", "type": "event", "source": "return 1",
            "event": {"types": ["c.d"]}});
        let subscriber = server.script(body).await;
        let body = json!({"name": "embedded", "type": "embedded", "source": "return 1"});
        server.script(body).await;
        let path = format!("/api/v1/scripts/{script}");
        server
            .call(
                "PATCH",
                &path,
                json!({"source": "console.log(2); return 2"}),
            )
            .await;
        let (_, execution) = server
            .call("POST", &format!("{path}/execute"), json!({}))
            .await;
        let (_, event) = server
            .call("POST", "/api/v1/events", json!({"type": "a.b"}))
            .await;
        server
            .call("POST", "/api/v1/events", json!({"type": "e.f"}))
            .await;
        let letter = server.dead_letter().await;
        let notification = server.notification().await;
        let body = json!({"kind": "replay", "status": "timeout"});
        let (_, operation) = server.call("POST", "/api/v1/operations", body).await;
        let (_, alerts) = server.call("GET", "/api/v1/alerts", Value::Null).await;
        let alert = alerts["items"][0]["id"].as_str().unwrap().to_owned();
        server
            .call("PUT", "/api/v1/storage/thing", json!({"value": 1}))
            .await;
        server
            .call("PUT", "/api/v1/templates/thing", json!({"body": "x"}))
            .await;
        let body = json!({"name": "to revoke", "permissions": ["scripts.read"]});
        let (_, token) = server.call("POST", "/api/v1/tokens", body).await;
        let body = json!({"email": "leaving@example.com", "name": "Ada", "role": "viewer"});
        let (_, user) = server.call("POST", "/api/v1/users", body).await;
        let body = json!({"slug": "doomed", "name": "Doomed"});
        let (_, tenant) = server.call("POST", "/api/v1/tenants", body).await;
        let id = |thing: Value| thing["id"].as_str().unwrap().to_owned();
        Self {
            script,
            subscriber,
            execution: id(execution),
            event: id(event),
            letter,
            notification,
            operation: id(operation),
            alert,
            token: id(token),
            tenant: id(tenant),
            user: id(user),
        }
    }

    fn path(&self, operation: &str) -> String {
        let path = operation.split_once(' ').unwrap().1;
        let id = match path.split('/').nth(3) {
            Some("scripts") if path.contains("/subscription") => &self.subscriber,
            Some("scripts" | "trash") => &self.script,
            Some("executions") => &self.execution,
            Some("events") => &self.event,
            Some("alerts") => &self.alert,
            Some("dead-letters") => &self.letter,
            Some("notifications") => &self.notification,
            Some("operations") => &self.operation,
            Some("tenants") => &self.tenant,
            Some("users") => &self.user,
            _ => &self.token,
        };
        let name = if path.contains("/invoke/") {
            "embedded"
        } else if path.contains("/events/types/") {
            "e.f"
        } else {
            "thing"
        };
        path.replace("{id}", id)
            .replace("{secret}", id)
            .replace("{version}", "1")
            .replace("{a}", "1")
            .replace("{b}", "2")
            .replace("{key}", "thing")
            .replace("{scope}", "tenant")
            .replace("{trigger}", "cron")
            .replace("{name}", name)
    }
}

async fn tokens(server: &Fixture) -> [String; 6] {
    // Of a superadmin `*` means more than an administrator of a tenant holds.
    let all = Permission::ALL.map(Permission::as_str);
    let inside: Vec<&str> = all
        .into_iter()
        .filter(|name| *name != "tenants.manage")
        .collect();
    let role = async |role: Role| {
        let permissions = role.permissions();
        let names: Vec<&str> = permissions.names().collect();
        server.token(None, &names).await
    };
    let body = json!({"slug": "other", "name": "Other"});
    server.call("POST", "/api/v1/tenants", body).await;
    [
        String::new(),
        server.token(Some("other"), &inside).await,
        role(Role::Viewer).await,
        role(Role::Developer).await,
        server.token(None, &inside).await,
        BOOTSTRAP.to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_every_kind_of_caller_as_declared() {
    let server = Fixture::start().await;
    let things = Things::make(&server).await;
    let tokens = tokens(&server).await;
    let mut wrong = Vec::new();
    for (operation, body, expected) in rows() {
        let method = operation.split_once(' ').unwrap().0;
        for ((column, token), expected) in COLUMNS.iter().zip(&tokens).zip(expected) {
            let request = server.request(method, &things.path(operation), token);
            let text = body
                .to_string()
                .replace("{column}", &column.replace('_', "-"))
                .replace("{identifier}", column);
            let request = if body.is_null() {
                request
            } else {
                request
                    .header("content-type", "application/json")
                    .body(text)
            };
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let text = response.text().await.unwrap();
            if status != expected {
                wrong.push(format!(
                    "{operation} as {column}: {status}, not {expected}: {text}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.stop().await;
}

#[test]
fn the_matrix_has_a_row_for_every_documented_operation_and_no_other() {
    let document: Value = serde_json::from_str(&scriptorium_server::openapi()).unwrap();
    let documented: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let rows: BTreeSet<String> = rows()
        .iter()
        .map(|(operation, ..)| operation.split('?').next().unwrap().to_owned())
        .collect();
    assert_eq!(rows, documented);
}
