//! Rules on Rust files: a header, SQL only in the store, unsafe only in the engine and explained, no
//! serde in the model, no clock, randomness or environment below the façade's wiring, the operation
//! context first in the store.

use super::Violation;
use super::source::{File, Token, Tree, find};

/// Crates below the façade's wiring.
const BELOW: [&str; 7] = [
    "scriptorium-model",
    "scriptorium-engine",
    "scriptorium-intl",
    "scriptorium-lang",
    "scriptorium-store",
    "scriptorium-triggers",
    "scriptorium-runtime",
];

/// What reaches around the injected ambient: tokens, what it is.
const AMBIENT: [(&str, &str); 12] = [
    ("SystemTime : : now", "the clock"),
    ("Instant : : now", "the clock"),
    ("Timestamp : : now", "the clock"),
    ("Zoned : : now", "the clock"),
    ("Utc : : now", "the clock"),
    ("Uuid : : now_v7", "randomness"),
    ("Uuid : : new_v4", "randomness"),
    ("getrandom : :", "randomness"),
    ("rand : :", "randomness"),
    ("std : : env", "the environment"),
    ("env : : var", "the environment"),
    ("env : : args", "the environment"),
];

/// Where that is right all the same: path prefix, tokens, why.
const AMBIENT_EXCEPTIONS: [(&str, &str, &str); 7] = [
    (
        "crates/scriptorium-store/src/system/",
        "Instant : : now",
        "how long background work took is measured, so that it rests as long",
    ),
    (
        "crates/scriptorium-engine/src/",
        "Instant : : now",
        "deadlines of a run are measured, not decided",
    ),
    (
        "crates/scriptorium-runtime/src/scheduler/",
        "Instant : : now",
        "how long a run waits for room is measured, not decided",
    ),
    (
        "crates/scriptorium-runtime/src/circuits.rs",
        "Instant : : now",
        "the circuit breaker counts by the same clock",
    ),
    (
        "crates/scriptorium-runtime/src/remote/breakers.rs",
        "Instant : : now",
        "the circuit breaker counts by the same clock",
    ),
    (
        "crates/scriptorium-engine/src/host.rs",
        "SystemTime : : now",
        "default for whoever embeds the engine alone; the runtime overrides it",
    ),
    (
        "crates/scriptorium-engine/src/host.rs",
        "getrandom : :",
        "default for whoever embeds the engine alone; the runtime overrides it",
    ),
];

/// Where SQL may be: path prefix, why.
const WITH_SQL: [(&str, &str); 5] = [
    ("crates/scriptorium-store/", "all of the platform's SQL"),
    (
        "examples/erp/",
        "a host asks its own tables, through TenantData",
    ),
    (
        "bench/src/costs.rs",
        "a host and a script ask its tables, to be compared",
    ),
    (
        "testing/",
        "databases are made for tests, not for the product",
    ),
    ("xtask/", "this rule's samples"),
];

/// How a statement starts, and what it must hold further on.
const SQL: [(&str, &str); 15] = [
    ("select ", " from "),
    ("select 1", ""),
    ("insert into ", ""),
    ("insert or ", " into "),
    ("update ", " set "),
    ("delete from ", ""),
    ("with ", " as ("),
    ("create ", " table"),
    ("create ", " index"),
    ("alter table ", ""),
    ("drop table ", ""),
    ("drop index ", ""),
    ("pragma ", ""),
    ("begin", " immediate"),
    ("attach ", " as "),
];

/// Parts of the store that work without an operation context: path prefix, why.
const WITHOUT_CTX: [(&str, &str); 5] = [
    (
        "crates/scriptorium-store/src/audit/",
        "chains of all tenants are anchored and pruned together",
    ),
    (
        "crates/scriptorium-store/src/sessions.rs",
        "a sign-in that fails has no context; its user says the tenant",
    ),
    (
        "crates/scriptorium-store/src/system",
        "work for the whole platform, kept in one place",
    ),
    (
        "crates/scriptorium-store/src/store.rs",
        "opening and closing belong to no tenant",
    ),
    (
        "crates/scriptorium-store/src/db/",
        "what the repositories are made of",
    ),
];

/// Lines above an `unsafe` in which its `SAFETY:` note may start.
const SAFETY_REACH: usize = 8;

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let tokens = file.tokens();
    let mut found = Vec::new();
    header(file, &mut found);
    unsafe_code(file, &mut found);
    if file.is_test() {
        return found;
    }
    sql(file, &tokens, &mut found);
    serde_in_model(file, &tokens, &mut found);
    ambient(file, &tokens, &mut found);
    context_first(file, &tokens, &mut found);
    found
}

fn header(file: &File, found: &mut Vec<Violation>) {
    if !file.text.trim_start().starts_with("//!") {
        let message = "start the file with a `//!` header: what it is, what it is not";
        found.push(Violation::new(&file.path, 1, message));
    }
}

fn unsafe_code(file: &File, found: &mut Vec<Violation>) {
    let lines: Vec<&str> = file.text.lines().collect();
    for token in find(&file.all_tokens(), "unsafe") {
        let from = token.line.saturating_sub(SAFETY_REACH + 1);
        let explained = lines[from..token.line]
            .iter()
            .any(|line| line.contains("SAFETY:"));
        if file.package() != Some("scriptorium-engine") {
            let message = "`unsafe` is for scriptorium-engine only; find the safe way, or a crate that has it";
            found.push(Violation::new(&file.path, token.line, message));
        } else if !explained {
            let message = "say in a `// SAFETY:` comment above why this is sound";
            found.push(Violation::new(&file.path, token.line, message));
        }
    }
}

fn sql(file: &File, tokens: &[Token], found: &mut Vec<Violation>) {
    if WITH_SQL
        .iter()
        .any(|(prefix, _)| file.path.starts_with(prefix))
    {
        return;
    }
    for token in tokens {
        if token.string().is_some_and(is_sql) {
            let message = "SQL stays in scriptorium-store; add a function there and call it";
            found.push(Violation::new(&file.path, token.line, message));
        }
    }
}

fn is_sql(text: &str) -> bool {
    let text = text.to_lowercase();
    let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\\');
    SQL.iter().any(|(start, rest)| {
        text.strip_prefix(start)
            .is_some_and(|_| text.contains(rest))
    })
}

fn serde_in_model(file: &File, tokens: &[Token], found: &mut Vec<Violation>) {
    if file.package() != Some("scriptorium-model") {
        return;
    }
    for word in ["Serialize", "Deserialize", "serde"] {
        for token in find(tokens, word) {
            let message =
                "the model has no wire format; give the outer crate a type of its own and convert";
            found.push(Violation::new(&file.path, token.line, message));
        }
    }
}

fn ambient(file: &File, tokens: &[Token], found: &mut Vec<Violation>) {
    let is_below = file
        .package()
        .is_some_and(|package| BELOW.contains(&package));
    // A build script is told everything by the environment, and ships nothing.
    if !is_below || file.path.ends_with("/build.rs") {
        return;
    }
    for (pattern, what) in AMBIENT {
        let is_excepted = |(prefix, tokens, _): &(&str, &str, &str)| {
            file.path.starts_with(prefix) && *tokens == pattern
        };
        if AMBIENT_EXCEPTIONS.iter().any(is_excepted) {
            continue;
        }
        for token in find(tokens, pattern) {
            let message = format!(
                "`{}` reaches around for {what}; take it from model::Ambient, which tests control",
                pattern.replace(' ', "")
            );
            found.push(Violation::new(&file.path, token.line, message));
        }
    }
}

fn context_first(file: &File, tokens: &[Token], found: &mut Vec<Violation>) {
    let is_exempt = WITHOUT_CTX
        .iter()
        .any(|(prefix, _)| file.path.starts_with(prefix));
    if file.package() != Some("scriptorium-store") || is_exempt {
        return;
    }
    for (index, window) in tokens.windows(4).enumerate() {
        let [public, asynchronous, function, name] = window else {
            continue;
        };
        if (
            public.text.as_str(),
            asynchronous.text.as_str(),
            function.text.as_str(),
        ) != ("pub", "async", "fn")
        {
            continue;
        }
        let after = tokens[index..].iter().map(|token| token.text.as_str());
        let parameters: Vec<&str> = after.skip_while(|text| *text != "(").take(8).collect();
        if parameters != ["(", "&", "self", ",", "ctx", ":", "&", "Ctx"] {
            let message = format!(
                "`{}` must take `ctx: &Ctx` first, so that no tenant can be forgotten; work for the whole platform goes to system",
                name.text
            );
            found.push(Violation::new(&file.path, name.line, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "crates/scriptorium-model/src/a.rs";
    const ENGINE: &str = "crates/scriptorium-engine/src/a.rs";
    const STORE: &str = "crates/scriptorium-store/src/a.rs";
    const SERVER: &str = "crates/scriptorium-server/src/a.rs";

    /// Expects one violation that says `complaint` on `line`, or none.
    #[track_caller]
    fn check(path: &str, body: &str, expected: Option<(usize, &str)>) {
        let text = format!("//! A file.\n{body}");
        let tree = Tree::of(&[(path, text.as_str())]);
        let found = super::check(&tree);
        match expected {
            None => assert!(found.is_empty(), "{found:?}"),
            Some((line, complaint)) => assert!(
                matches!(&found[..], [only] if only.line == line && only.message.contains(complaint)),
                "{complaint}: {found:?}"
            ),
        }
    }

    #[test]
    fn a_file_without_header_is_a_violation() {
        let tree = Tree::of(&[(MODEL, "use std::fmt;\n")]);
        assert!(super::check(&tree)[0].message.contains("header"));
        check(MODEL, "use std::fmt;", None);
    }

    #[test]
    fn unsafe_outside_the_engine_or_unexplained_is_a_violation() {
        let bare = "fn a() { unsafe { b() } }";
        let explained = "// SAFETY: b has no precondition.\nfn a() { unsafe { b() } }";
        check(ENGINE, explained, None);
        check(ENGINE, bare, Some((2, "SAFETY")));
        check(STORE, explained, Some((3, "scriptorium-engine only")));
        check(
            STORE,
            "// nothing unsafe\nconst A: &str = \"unsafe\";",
            None,
        );
        check(
            STORE,
            "#[cfg(test)]\nmod tests { fn a() { unsafe { b() } } }",
            Some((3, "only")),
        );
    }

    #[test]
    fn sql_outside_the_store_is_a_violation() {
        for statement in [
            "SELECT id FROM scripts",
            "INSERT INTO scripts VALUES (1)",
            "UPDATE scripts SET name = 1",
            "delete from scripts",
            "PRAGMA journal_mode = WAL",
            "\\\n    select id \\\n from scripts",
        ] {
            let body = format!("const A: &str = \"{statement}\";");
            check(SERVER, &body, Some((2, "SQL stays in")));
            check(STORE, &body, None);
        }
        check(SERVER, "const A: &str = \"SELECT a file\";", None);
        check(
            SERVER,
            "#[cfg(test)]\nmod tests { const A: &str = \"DROP TABLE a\"; }",
            None,
        );
    }

    #[test]
    fn serde_in_the_model_is_a_violation() {
        check(
            MODEL,
            "#[derive(Serialize)]\nstruct A;",
            Some((2, "no wire format")),
        );
        check(SERVER, "#[derive(Serialize)]\nstruct A;", None);
    }

    #[test]
    fn clock_randomness_and_environment_below_the_wiring_are_violations() {
        check(
            STORE,
            "fn a() { std::time::SystemTime::now(); }",
            Some((2, "the clock")),
        );
        check(
            STORE,
            "fn a() { Timestamp::now(); }",
            Some((2, "the clock")),
        );
        check(STORE, "fn a() { Uuid::now_v7(); }", Some((2, "randomness")));
        check(
            STORE,
            "fn a() { env::var(\"A\"); }",
            Some((2, "the environment")),
        );
        check(ENGINE, "fn a() { Instant::now(); }", None);
        check(STORE, "fn a() { Instant::now(); }", Some((2, "the clock")));
        check(SERVER, "fn a() { Instant::now(); }", None);
    }

    #[test]
    fn a_store_function_without_context_is_a_violation() {
        let with =
            "impl Store { pub async fn find(&self, ctx: &Ctx, id: Id) {} async fn own(&self) {} }";
        let without = "impl Store { pub async fn find(&self, id: Id) {} }";
        let system = "crates/scriptorium-store/src/system/due.rs";
        check(STORE, with, None);
        check(STORE, without, Some((2, "`find` must take")));
        check(system, without, None);
        check(SERVER, without, None);
    }
}
