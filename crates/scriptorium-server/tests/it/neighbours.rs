//! Whatever a tenant's answers name, sent by another tenant in every position of every operation of
//! the document: it is answered like a name that nobody has, and changes nothing of the owner's
//! (security.md P3.1, T3.2).

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use http::header::HeaderMap;
use reqwest::RequestBuilder;
use scriptorium::model::permission::Permission;
use scriptorium::model::{Timestamp, Uuid};
use serde_json::{Value, json};

use crate::fixture::{Fixture, json_of};
use crate::roles;

/// Is in every name that the neighbour gives.
const MARK: &str = "neighbour";
/// What the same name is when nobody gave it.
const NOBODY: &str = "nightfall";
/// Is in everything that the neighbour writes and names nothing by.
const SECRET: &str = "xylographers";
/// Password of the users.
const PASSWORD: &str = "a password of both tenants";

/// Something that an answer named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Id(String),
    Cursor(String),
    Name(String),
}

/// A tenant with one of everything.
struct Tenant {
    token: String,
    cookie: String,
    script: String,
    execution: String,
    event: String,
    letter: String,
    notification: String,
    operation: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_neighbour_has_is_answered_like_what_nobody_has() {
    let server = Fixture::start().await;
    let theirs = Tenant::seed(&server, "globex", MARK, SECRET).await;
    let mine = Tenant::seed(&server, "acme", "resident", "plainword").await;
    let viewer = server.token(Some("acme"), &["scripts.read"]).await;
    let empty = tenant(&server, "initech").await;
    let stranger = String::new();

    let named = harvest(&server, &theirs).await;
    let kinds = |wanted: fn(&Named) -> bool| named.iter().filter(|named| wanted(named)).count();
    assert!(
        kinds(|named| matches!(named, Named::Id(_))) >= 12,
        "{named:?}"
    );
    assert!(
        kinds(|named| matches!(named, Named::Cursor(_))) >= 3,
        "{named:?}"
    );
    assert!(
        kinds(|named| matches!(named, Named::Name(_))) >= 10,
        "{named:?}"
    );

    let before = everything_of(&server, &theirs).await;
    let mut told = Vec::new();
    let mut asked = 0;
    // A path to an id that nobody has is answered alike, whichever it is.
    let mut nowhere: HashMap<(usize, &str), Answer> = HashMap::new();
    for (number, position) in positions().iter().enumerate() {
        for named in named.iter().filter(|named| position.takes(named)) {
            for token in [&mine.token, &viewer, &empty, &stranger] {
                if !position.in_path && token != &mine.token {
                    continue;
                }
                asked += 1;
                let unique = format!("{number} {asked}");
                let (value, absent) = (named.value(), named.absent());
                let real = position.ask(&server, &mine, token, &value, &format!("{unique} a"));
                let real = Answer::to(real, &[&value, &format!("{unique} a")]).await;
                let once = position.in_path && position.path.contains("{id}");
                let none = match nowhere.get(&(number, token.as_str())) {
                    Some(none) if once => none.clone(),
                    _ => {
                        let unique = format!("{unique} b");
                        let none = position.ask(&server, &mine, token, &absent, &unique);
                        Answer::to(none, &[&absent, &unique]).await
                    }
                };
                if once {
                    nowhere.insert((number, token), none.clone());
                }
                if real != none {
                    told.push(format!("{position:?} {named:?}: {real:?} is not {none:?}"));
                } else if real.text.contains(SECRET) {
                    told.push(format!("{position:?} {named:?} tells: {real:?}"));
                }
            }
        }
    }
    assert!(
        told.is_empty(),
        "{} of {asked}:\n{}",
        told.len(),
        told.join("\n")
    );
    assert!(asked > 2_000, "only {asked} questions");
    assert_eq!(everything_of(&server, &theirs).await, before);

    // Once more with a name that is there: the comparison sees a difference.
    let shown = |id: &str| server.request("GET", &format!("/api/v1/scripts/{id}"), &mine.token);
    let own = Answer::to(shown(&mine.script), &[&mine.script]).await;
    assert_ne!(
        own,
        Answer::to(shown(&theirs.script), &[&theirs.script]).await
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_endpoints_of_a_neighbour_are_not_there() {
    let server = Fixture::start().await;
    let theirs = Tenant::seed(&server, "globex", MARK, SECRET).await;
    let mine = Tenant::seed(&server, "acme", "resident", "plainword").await;
    let absent = Uuid::max().to_string();
    for page in [
        "/scripts/{script}",
        "/scripts/{script}/edit",
        "/scripts/{script}/executions",
        "/scripts/{script}/run",
        "/scripts/{script}/run?execution={execution}",
        "/operations",
        "/operations/{operation}",
        "/operations/new?kind=replay&script={script}",
        "/scripts/{script}/versions",
        "/scripts/{script}/versions/compare?a=1&b=2",
        "/scripts/{script}/versions/1",
        "/scripts/{script}/versions/1/diff/2",
        "/executions/{execution}",
        "/executions?script_id={script}",
        "/executions?q=xylographers",
        "/scripts?q=xylographers",
        "/scripts?tag=neighbour-tag",
        "/dead-letters?script={script}",
        "/dead-letters/{letter}",
        "/notifications?script={script}",
        "/notifications/{notification}",
        "/audit?q=xylographers",
        "/audit?subject={script}",
        "/trash",
    ] {
        let ask = async |[script, execution, letter, operation, notification]: [&str; 5],
                         cookie: &str| {
            let path = page
                .replace("{script}", script)
                .replace("{execution}", execution)
                .replace("{letter}", letter)
                .replace("{operation}", operation)
                .replace("{notification}", notification);
            let request = server.request("GET", &path, "").header("cookie", cookie);
            let response = request.header("accept", "text/html").send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        };
        let of_theirs = [
            &*theirs.script,
            &*theirs.execution,
            &*theirs.letter,
            &*theirs.operation,
            &*theirs.notification,
        ];
        let (owner, _) = ask(of_theirs, &theirs.cookie).await;
        assert!([200, 303].contains(&owner), "{page} of its owner: {owner}");
        let (none, _) = ask([&absent; 5], &mine.cookie).await;
        let (real, text) = ask(of_theirs, &mine.cookie).await;
        assert_eq!(real, none, "{page}");
        for word in [SECRET, MARK] {
            let typed = text
                .replace("q=xylographers", "")
                .replace("neighbour-tag", "");
            let typed = typed.replace("value=\"xylographers\"", "");
            assert!(!typed.contains(word), "{page} tells {word}: {text}");
        }
    }
    let hook = |tenant: &str| {
        let path = format!("/t/{tenant}/api/scripts/neighbour/hook");
        server.request("POST", &path, &mine.token)
    };
    let real = Answer::to(hook("globex"), &["globex"]).await;
    assert_eq!(real, Answer::to(hook("nowhere"), &["nowhere"]).await);
    assert_eq!(real.status, 404);
    server.stop().await;
}

/// A place of a request that a value can be put in.
#[derive(Debug)]
struct Position {
    method: String,
    path: String,
    in_path: bool,
    query: Option<String>,
    header: Option<&'static str>,
    body: Value,
    /// Which kind of value belongs there.
    cursor: bool,
}

/// Those of the document, and the members of bodies that name something.
fn positions() -> Vec<Position> {
    let document: Value = serde_json::from_str(&scriptorium_server::openapi()).unwrap();
    let mut positions = Vec::new();
    for (operation, body, _) in roles::rows() {
        let (method, path) = operation.split_once(' ').unwrap();
        let path = path.split('?').next().unwrap();
        // Of the platform, for its operator.
        if ["/healthz", "/readyz", "/metrics", "/api/v1/backup"].contains(&path) {
            continue;
        }
        let declared = &document["paths"][path][method.to_lowercase()]["parameters"];
        let parameters = declared.as_array().into_iter().flatten();
        let place = |in_path, query: Option<&str>, header, cursor| Position {
            method: method.to_owned(),
            path: path.to_owned(),
            in_path,
            query: query.map(str::to_owned),
            header,
            body: body.clone(),
            cursor,
        };
        let mut in_path = false;
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap();
            match parameter["in"].as_str().unwrap() {
                "query" => positions.push(place(false, Some(name), None, name == "cursor")),
                "path" => in_path |= ["id", "name", "key"].contains(&name),
                "header" if name == "idempotency-key" => {
                    positions.push(place(false, None, Some("idempotency-key"), false));
                }
                _ => {}
            }
        }
        if in_path {
            positions.push(place(true, None, None, false));
        }
    }
    let one_off = |more: &Value| {
        let mut body = json!({"name": "n {n}", "type": "oneoff", "source": "return 1"});
        let members = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(members);
        body
    };
    let http = json!({"type": "http", "http": {"path": "{value}", "methods": ["POST"]}});
    let template = json!({"name": "{value}", "body": "x"});
    for (operation, body) in [
        (
            "POST /api/v1/users",
            json!({"email": "{value}", "name": "Ada", "role": "viewer"}),
        ),
        ("POST /api/v1/scripts", one_off(&json!({"name": "{value}"}))),
        (
            "POST /api/v1/scripts",
            one_off(&json!({"run_as": "{value}"})),
        ),
        (
            "POST /api/v1/scripts",
            one_off(&json!({"tags": ["{value}"]})),
        ),
        ("POST /api/v1/scripts", one_off(&http)),
        ("PATCH /api/v1/scripts/{id}", json!({"run_as": "{value}"})),
        ("POST /api/v1/events", json!({"type": "{value}"})),
        (
            "POST /api/v1/events",
            json!({"type": "a.b", "id": "{value}"}),
        ),
        (
            "POST /api/v1/import",
            json!({"format": 1, "scripts": [], "templates": [template]}),
        ),
        (
            "POST /api/v1/tokens",
            json!({"name": "n {n}", "permissions": ["scripts.read"], "tenant": "{value}"}),
        ),
    ] {
        let (method, path) = operation.split_once(' ').unwrap();
        positions.push(Position {
            method: method.to_owned(),
            path: path.to_owned(),
            in_path: false,
            query: None,
            header: None,
            body,
            cursor: false,
        });
    }
    positions
}

impl Position {
    fn takes(&self, named: &Named) -> bool {
        match named {
            Named::Cursor(_) => self.cursor,
            // A path with an id takes nothing else; a name may look like anything.
            Named::Name(_) => !(self.cursor || self.in_path && self.path.contains("{id}")),
            Named::Id(_) => !self.cursor,
        }
    }

    /// The request with the value in its place, and `mine` in the others.
    fn ask(
        &self,
        server: &Fixture,
        mine: &Tenant,
        token: &str,
        value: &str,
        unique: &str,
    ) -> RequestBuilder {
        let own = match self.path.split('/').nth(3) {
            Some("executions") => &mine.execution,
            Some("events") => &mine.event,
            Some("dead-letters") => &mine.letter,
            Some("notifications") => &mine.notification,
            Some("operations") => &mine.operation,
            _ => &mine.script,
        };
        let value_in_path = urlencoded(value);
        let (id, name) = if self.in_path {
            (value_in_path.as_str(), value_in_path.as_str())
        } else {
            (own.as_str(), "thing")
        };
        let mut path = self
            .path
            .replace("{id}", id)
            .replace("{name}", name)
            .replace("{key}", name)
            .replace("{secret}", id)
            .replace("{version}", "1")
            .replace("{a}", "1")
            .replace("{b}", "2");
        if let Some(query) = &self.query {
            path = format!("{path}?{query}={value_in_path}");
        }
        let mut request = server.request(&self.method, &path, token);
        if let Some(header) = self.header {
            request = request.header(header, value);
        }
        if self.body.is_null() {
            return request;
        }
        let body = self.body.to_string();
        let value = json!(value).to_string();
        let body = body
            .replace("\"{value}\"", &value)
            .replace("{n}", unique)
            .replace("{column}", &unique.replace(' ', "-"))
            .replace("{identifier}", &format!("n{}", unique.replace(' ', "_")));
        request
            .header("content-type", "application/json")
            .body(body)
    }
}

/// What an answer tells, apart from what was asked and what is new in every answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: BTreeSet<String>,
    text: String,
}

impl Answer {
    async fn to(request: RequestBuilder, asked: &[&str]) -> Self {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers = names(response.headers());
        let text = response.text().await.unwrap();
        let text = match serde_json::from_str(&text) {
            Ok(value) => plain(value, asked).to_string(),
            // Lines of JSON, or text.
            Err(_) => text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap_or_else(|_| line.into()))
                .map(|line: Value| plain(line, asked).to_string())
                .collect(),
        };
        Self {
            status,
            headers,
            text,
        }
    }
}

fn names(headers: &HeaderMap) -> BTreeSet<String> {
    headers.keys().map(ToString::to_string).collect()
}

/// Members that are new in every answer.
const NEW: [&str; 2] = ["request_id", "mac"];

fn plain(value: Value, asked: &[&str]) -> Value {
    match value {
        Value::Number(_) => 0.into(),
        Value::String(text) if text.parse::<Timestamp>().is_ok() => "an instant".into(),
        Value::String(mut text) => {
            for asked in asked {
                for form in [
                    (*asked).to_owned(),
                    urlencoded(asked),
                    asked.replace(' ', "-"),
                ] {
                    text = text.replace(&form, "what was asked");
                }
            }
            // What was asked before stands in one's own records, and differs as it was asked.
            text = text.replace(NOBODY, MARK);
            if text.parse::<Uuid>().is_ok() {
                text = "an id".into();
            }
            text.into()
        }
        Value::Array(items) => items.into_iter().map(|item| plain(item, asked)).collect(),
        Value::Object(members) => {
            let members = members
                .into_iter()
                .filter(|(key, _)| !NEW.contains(&key.as_str()));
            Value::Object(
                members
                    .map(|(key, value)| (key, plain(value, asked)))
                    .collect(),
            )
        }
        other => other,
    }
}

impl Named {
    fn value(&self) -> String {
        match self {
            Self::Id(value) | Self::Cursor(value) | Self::Name(value) => value.clone(),
        }
    }

    /// The same when nobody has it.
    fn absent(&self) -> String {
        match self {
            Self::Id(id) => {
                let id = id.parse::<Uuid>().unwrap().as_u128();
                Uuid::from_u128(id ^ 0xffff).to_string()
            }
            Self::Cursor(cursor) => {
                let flipped = if cursor.starts_with('A') { "B" } else { "A" };
                format!("{flipped}{}", &cursor[1..])
            }
            Self::Name(name) => name.replace(MARK, NOBODY),
        }
    }

    fn find(key: &str, value: &Value, found: &mut BTreeSet<Self>) {
        match value {
            Value::String(text) if key == "next_cursor" => {
                found.insert(Self::Cursor(text.clone()));
            }
            Value::String(text) if text.parse::<Uuid>().is_ok() => {
                found.insert(Self::Id(text.clone()));
            }
            Value::String(text)
                if text.contains(MARK) && !text.contains(SECRET) && text.len() <= 100 =>
            {
                found.insert(Self::Name(text.clone()));
            }
            Value::Array(items) => items.iter().for_each(|item| Self::find(key, item, found)),
            Value::Object(members) => members
                .iter()
                .for_each(|(key, value)| Self::find(key, value, found)),
            _ => {}
        }
    }
}

/// Every answer that the owner can read, by its path.
async fn answers(server: &Fixture, owner: &Tenant) -> Vec<(String, Value)> {
    let mut answers = Vec::new();
    for (operation, ..) in roles::rows() {
        let Some(path) = operation.strip_prefix("GET ") else {
            continue;
        };
        let own = match path.split('/').nth(3) {
            Some("executions") => &owner.execution,
            Some("events") => &owner.event,
            Some("dead-letters") => &owner.letter,
            Some("notifications") => &owner.notification,
            Some("operations") => &owner.operation,
            _ => &owner.script,
        };
        let skipped = [
            "/stream",
            "/metrics",
            "/session",
            "/openapi.json",
            "/typings",
        ];
        if skipped.iter().any(|end| path.ends_with(end)) {
            continue;
        }
        let path = path
            .replace("{id}", own)
            .replace("{secret}", own)
            .replace("{version}", "1")
            .replace("{a}", "1")
            .replace("{b}", "2")
            .replace("{key}", &format!("{MARK}-key"))
            .replace("{name}", &format!("{MARK}-template"));
        for query in ["", "?limit=1"] {
            let request = server.request("GET", &format!("{path}{query}"), &owner.token);
            let response = request.send().await.unwrap();
            if response.status() == 200 {
                answers.push((format!("{path}{query}"), json_of(response).await));
            }
        }
    }
    answers
}

async fn harvest(server: &Fixture, owner: &Tenant) -> BTreeSet<Named> {
    let mut found = BTreeSet::new();
    for (_, answer) in answers(server, owner).await {
        Named::find("", &answer, &mut found);
    }
    found
}

/// What the owner has, without instants of use.
async fn everything_of(server: &Fixture, owner: &Tenant) -> Vec<(String, String)> {
    let answers = answers(server, owner).await.into_iter();
    let held = answers.filter(|(path, _)| !path.contains("/audit/"));
    held.map(|(path, answer)| (path, without_instants(answer).to_string()))
        .collect()
}

fn without_instants(value: Value) -> Value {
    match value {
        Value::String(text) if text.parse::<Timestamp>().is_ok() => Value::Null,
        // Each look takes an export, of which the trail tells.
        Value::Array(items) => items
            .into_iter()
            .filter(|item| item["action"] != "tenant.exported")
            .map(without_instants)
            .collect(),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                // The cursor names instants, and every cursor is sealed anew.
                .filter(|(key, _)| key != "next_cursor")
                .map(|(key, value)| (key, without_instants(value)))
                .collect(),
        ),
        other => other,
    }
}

async fn tenant(server: &Fixture, slug: &str) -> String {
    let body = json!({"slug": slug, "name": slug});
    let (status, made) = server.call("POST", "/api/v1/tenants", body).await;
    assert_eq!(status, 201, "{made}");
    let all = Permission::ALL.map(Permission::as_str);
    let inside: Vec<&str> = all
        .into_iter()
        .filter(|name| *name != "tenants.manage")
        .collect();
    server.token(Some(slug), &inside).await
}

/// Waits until nothing of a tenant runs any more; its dead letter.
async fn settled(server: &Fixture, token: &str) -> String {
    let first = async |path: &str| {
        let response = server.request("GET", path, token).send().await.unwrap();
        let found = json_of(response).await;
        found.pointer("/items/0/id").cloned().unwrap_or_default()
    };
    let settled = async {
        loop {
            let letter = first("/api/v1/dead-letters").await;
            let mut live = Vec::new();
            for status in ["pending", "running"] {
                let path = format!("/api/v1/executions?status={status}");
                live.push(first(&path).await);
            }
            if let (Some(letter), true) = (letter.as_str(), live.iter().all(Value::is_null)) {
                return letter.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, settled)
        .await
        .expect("it ends")
}

impl Tenant {
    /// One of everything, with `mark` in what it is named by and `word` in what it says.
    async fn seed(server: &Fixture, slug: &str, mark: &str, word: &str) -> Self {
        let token = tenant(server, slug).await;
        let sent = std::cell::Cell::new(0);
        let send = async |method: &str, path: &str, body: Value| {
            let request = server.request(method, path, &token);
            sent.set(sent.get() + 1);
            let key = format!("{mark}-key-{}", sent.get());
            let request = request.header("idempotency-key", key);
            let response = request.json(&body).send().await.unwrap();
            let status = response.status();
            let answer = json_of(response).await;
            assert!(status.is_success(), "{method} {path}: {status} {answer}");
            answer
        };
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        let script = async |name: &str, source: &str, more: Value| {
            let mut body = json!({
                "name": format!("{mark} {name}"),
                "description": word,
                "type": "oneoff",
                "source": source.replace("WORD", word),
                "tags": [format!("{mark}-tag")],
                "metadata": {"team": word},
            });
            let members = more.as_object().unwrap().clone();
            body.as_object_mut().unwrap().extend(members);
            let made = id(&send("POST", "/api/v1/scripts", body).await);
            let path = format!("/api/v1/scripts/{made}/activate");
            send("POST", &path, json!({})).await;
            made
        };
        let source = "console.log('WORD'); return {answer: 'WORD'}";
        let main = script("main", source, json!({})).await;
        let path = format!("/{mark}/hook");
        let http = json!({"type": "http", "http": {"path": path, "methods": ["POST"]}});
        script("hook", source, http).await;
        let clock = json!({"type": "scheduled", "schedule": {"cron": "0 9 * * *"}});
        script("clock", source, clock).await;
        let types = [format!("{mark}.happened")];
        script(
            "listener",
            source,
            json!({"type": "event", "event": {"types": types}}),
        )
        .await;
        script("rule", source, json!({"type": "embedded"})).await;
        let failing = script("failing", "throw new Error('WORD')", json!({})).await;
        let gone = script("thrown away", source, json!({})).await;
        server
            .request("DELETE", &format!("/api/v1/scripts/{gone}"), &token)
            .send()
            .await
            .unwrap();

        let path = format!("/api/v1/scripts/{main}");
        let next = json!({
            "source": source.replace("WORD", &format!("{word} again")),
            "change_description": word,
        });
        send("PATCH", &path, next).await;
        let milestone = json!({"name": format!("{mark} milestone")});
        let request = server.request("PUT", &format!("{path}/versions/1/milestone"), &token);
        let marked = request.json(&milestone).send().await.unwrap();
        assert!(marked.status().is_success(), "{}", marked.status());
        let input = json!({"input": {"word": word}});
        let ran = send("POST", &format!("{path}/execute"), input.clone()).await;
        send("POST", &format!("/api/v1/scripts/{failing}/execute"), input).await;
        let event = json!({"type": format!("{mark}.happened"), "payload": {"word": word}});
        let event = send("POST", "/api/v1/events", event).await;
        let mode = json!({"mode": "record"});
        let request = server.request("PUT", "/api/v1/notification-mode", &token);
        let recorded = request.json(&mode).send().await.unwrap();
        assert!(recorded.status().is_success(), "{}", recorded.status());
        let source = "return services.notifications.sendEmail({
            to: 'ada@WORD.example', subject: 'WORD', body: 'WORD' })";
        let telling = script("telling", source, json!({})).await;
        let told = send(
            "POST",
            &format!("/api/v1/scripts/{telling}/execute"),
            json!({}),
        )
        .await;
        let types = [format!("{mark}.lost")];
        let lost = json!({"type": "event", "event": {"types": types, "max_attempts": 1}});
        script("losing", "throw new Error('WORD')", lost).await;
        let lost = json!({"type": format!("{mark}.lost"), "payload": {"word": word}});
        send("POST", "/api/v1/events", lost).await;
        let letter = settled(server, &token).await;
        // Of none, so that nothing of what is compared changes by it.
        let none = json!({"kind": "replay", "status": "timeout"});
        let operation = send("POST", "/api/v1/operations", none).await;
        let value = json!({"value": word});
        send("PUT", &format!("/api/v1/storage/{mark}-key"), value).await;
        let body = json!({"body": word});
        send("PUT", &format!("/api/v1/templates/{mark}-template"), body).await;
        let secret = json!({"value": word});
        send("PUT", &format!("/api/v1/secrets/{mark}-secret"), secret).await;
        let other = json!({"name": format!("{mark} token"), "permissions": ["scripts.read"]});
        send("POST", "/api/v1/tokens", other).await;
        let email = format!("{mark}@example.com");
        let person = json!({
            "email": email, "name": format!("{mark} person"), "role": "org_admin",
            "password": PASSWORD,
        });
        // An administrator, which takes a maker who holds everything in the tenant.
        let maker = server.token(Some(slug), &["*"]).await;
        let request = server
            .request("POST", "/api/v1/users", &maker)
            .json(&person);
        let made = request.send().await.unwrap();
        assert_eq!(made.status(), 201, "{}", made.text().await.unwrap());

        let who = json!({"email": email, "password": PASSWORD});
        let request = server.request("POST", "/api/v1/session", "").json(&who);
        let signed_in = request.send().await.unwrap();
        let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let draft = json!({"source": word, "base_version": 2});
        let request = server.request("PUT", &format!("{path}/draft"), "");
        let request = request
            .header("cookie", &cookie)
            .header("origin", &server.url)
            .json(&draft);
        let drafted = request.send().await.unwrap();
        assert!(drafted.status().is_success(), "{}", drafted.status());
        Self {
            script: main,
            execution: id(&ran),
            event: id(&event),
            letter,
            notification: id(&told["output"]),
            operation: id(&operation),
            token,
            cookie,
        }
    }
}

fn urlencoded(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}
