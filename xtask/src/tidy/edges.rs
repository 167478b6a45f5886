//! The walls between the crates: who may depend on whom, and which foreign crate stays behind which
//! wall. The two tables are the design; the manifests are compared with them both ways.

use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};

use super::Violation;

/// Edges of the shipped code, from a crate to all of ours that it uses.
const EDGES: [(&str, &[&str]); 18] = [
    (
        "scriptorium-cli",
        &[
            "scriptorium",
            "scriptorium-server",
            "scriptorium-wall",
            "scriptorium-erp",
        ],
    ),
    ("scriptorium-server", &["scriptorium", "scriptorium-ui"]),
    ("scriptorium-ui", &["scriptorium"]),
    (
        "scriptorium",
        &[
            "scriptorium-triggers",
            "scriptorium-runtime",
            "scriptorium-outbound",
            "scriptorium-store",
            "scriptorium-model",
        ],
    ),
    (
        "scriptorium-triggers",
        &["scriptorium-store", "scriptorium-model"],
    ),
    (
        "scriptorium-runtime",
        &[
            "scriptorium-engine",
            "scriptorium-intl",
            "scriptorium-lang",
            "scriptorium-outbound",
            "scriptorium-store",
            "scriptorium-model",
        ],
    ),
    ("scriptorium-engine", &[]),
    ("scriptorium-intl", &[]),
    ("scriptorium-lang", &[]),
    ("scriptorium-outbound", &[]),
    (
        "scriptorium-store",
        &["scriptorium-model", "scriptorium-store-derive"],
    ),
    ("scriptorium-store-derive", &[]),
    ("scriptorium-model", &[]),
    ("scriptorium-wall", &[]),
    ("scriptorium-erp", &["scriptorium"]),
    (
        "scriptorium-bench",
        &[
            "scriptorium",
            "scriptorium-engine",
            "scriptorium-server",
            "scriptorium-testing",
        ],
    ),
    ("scriptorium-testing", &[]),
    ("xtask", &[]),
];

/// Edges that only tests may have on top; none of them has to exist.
const TEST_EDGES: [(&str, &[&str]); 9] = [
    ("scriptorium-cli", &["scriptorium-testing"]),
    ("scriptorium", &["scriptorium-testing"]),
    ("scriptorium-runtime", &["scriptorium-testing"]),
    ("scriptorium-store", &["scriptorium-testing"]),
    ("scriptorium-triggers", &["scriptorium-testing"]),
    ("scriptorium-erp", &["scriptorium-testing"]),
    ("scriptorium-wall", &["scriptorium-testing"]),
    ("scriptorium-server", &["scriptorium-erp"]),
    ("scriptorium-ui", &["scriptorium-erp"]),
];

/// Foreign crates that stay behind one wall: name or prefix with `*`, who may use it, why.
const FOREIGN: [(&str, &[&str], &str); 12] = [
    (
        "wasmtime*",
        &["scriptorium-engine"],
        "only the engine runs guests",
    ),
    (
        "oxc_*",
        &["scriptorium-lang"],
        "its interface breaks every release",
    ),
    (
        "icu_*",
        &["scriptorium-intl"],
        "one place says how a language writes",
    ),
    ("sqlx", &["scriptorium-store"], "SQL stays in the store"),
    ("rusqlite", &["scriptorium-store"], "SQL stays in the store"),
    (
        "axum*",
        &["scriptorium-server", "scriptorium-ui"],
        "below them nothing speaks HTTP",
    ),
    ("askama", &["scriptorium-ui"], "pages are the UI's"),
    (
        "clap",
        &["scriptorium-cli", "scriptorium-bench", "xtask"],
        "only commands have arguments",
    ),
    (
        "anyhow",
        &["scriptorium-cli", "scriptorium-bench", "xtask"],
        "libraries have typed errors",
    ),
    (
        "reqwest",
        &["scriptorium-runtime", "scriptorium-cli"],
        "requests of tenants go through the guarded client",
    ),
    (
        "hyper-rustls",
        &["scriptorium-outbound"],
        "requests of tenants go through the guarded client",
    ),
    (
        "hickory-*",
        &["scriptorium-outbound"],
        "names are looked up where the answer is checked",
    ),
];

pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .context("cannot read the workspace")?;
    let packages = packages(&metadata);
    let mut found = Vec::new();
    for package in &packages {
        found.extend(check_edges(package));
        found.extend(check_foreign(package));
    }
    for (name, _) in EDGES {
        if !packages.iter().any(|package| package.name == name) {
            let message = format!("crate `{name}` is gone; take it out of EDGES");
            found.push(Violation::new("xtask/src/tidy/edges.rs", 1, message));
        }
    }
    Ok(found)
}

/// A crate as the rules see it.
struct Node {
    name: String,
    manifest: String,
    shipped: Vec<String>,
    tests: Vec<String>,
}

fn packages(metadata: &Metadata) -> Vec<Node> {
    let root = &metadata.workspace_root;
    let node = |package: &Package| {
        let manifest = package.manifest_path.strip_prefix(root);
        let names = |test: bool| {
            let wanted =
                |dependency: &&Dependency| (dependency.kind == DependencyKind::Development) == test;
            let dependencies = package.dependencies.iter().filter(wanted);
            dependencies
                .map(|dependency| dependency.name.clone())
                .collect()
        };
        Node {
            name: package.name.to_string(),
            manifest: manifest.unwrap_or(&package.manifest_path).to_string(),
            shipped: names(false),
            tests: names(true),
        }
    };
    metadata.packages.iter().map(node).collect()
}

fn check_edges(package: &Node) -> Vec<Violation> {
    let say = |message: String| Violation::new(&package.manifest, 1, message);
    let name = &package.name;
    let Some(allowed) = row(&EDGES, name) else {
        return vec![say(format!(
            "crate `{name}` has no row in xtask/src/tidy/edges.rs; add one with its edges, and say why it exists in ARCHITECTURE.md"
        ))];
    };
    let tests_only = row(&TEST_EDGES, name).unwrap_or_default();
    let is_ours = |other: &&String| EDGES.iter().any(|(known, _)| known == other);

    let mut found = Vec::new();
    for other in package.shipped.iter().filter(is_ours) {
        if !allowed.contains(&other.as_str()) {
            found.push(say(format!(
                "`{name}` must not depend on `{other}`; go through {}",
                if allowed.is_empty() {
                    "its caller"
                } else {
                    allowed[0]
                }
            )));
        }
    }
    for other in package.tests.iter().filter(is_ours) {
        if other != name
            && !allowed.contains(&other.as_str())
            && !tests_only.contains(&other.as_str())
        {
            found.push(say(format!(
                "tests of `{name}` must not depend on `{other}`; test that pair where both are known"
            )));
        }
    }
    for other in allowed {
        if !package.shipped.iter().any(|used| used == other) {
            found.push(say(format!(
                "`{name}` no longer depends on `{other}`; take the edge out of xtask/src/tidy/edges.rs"
            )));
        }
    }
    found
}

fn check_foreign(package: &Node) -> Vec<Violation> {
    let mut found = Vec::new();
    for dependency in &package.shipped {
        for (pattern, allowed, why) in FOREIGN {
            if matches(pattern, dependency) && !allowed.contains(&package.name.as_str()) {
                let message = format!(
                    "`{}` must not depend on `{dependency}` ({why}); it belongs in {}",
                    package.name,
                    allowed.join(", ")
                );
                found.push(Violation::new(&package.manifest, 1, message));
            }
        }
    }
    found
}

fn row<'a>(table: &[(&str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    let found = table.iter().find(|(known, _)| *known == name);
    found.map(|(_, others)| *others)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, shipped: &[&str], tests: &[&str], complaint: Option<&str>) {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let node = Node {
            name: name.to_owned(),
            manifest: "Cargo.toml".to_owned(),
            shipped: names(shipped),
            tests: names(tests),
        };
        let mut found = check_edges(&node);
        found.extend(check_foreign(&node));
        let messages: Vec<&str> = found.iter().map(|found| found.message.as_str()).collect();
        match complaint {
            None => assert!(messages.is_empty(), "{messages:?}"),
            Some(part) => assert!(
                matches!(messages[..], [only] if only.contains(part)),
                "{part}: {messages:?}"
            ),
        }
    }

    #[test]
    fn edges_off_the_drawing_are_violations() {
        let facade = ["scriptorium", "scriptorium-ui"];
        check("scriptorium-server", &facade, &["scriptorium-erp"], None);
        check(
            "scriptorium-server",
            &["scriptorium", "scriptorium-ui", "scriptorium-store"],
            &[],
            Some("must not depend on `scriptorium-store`; go through scriptorium"),
        );
        check(
            "scriptorium-server",
            &["scriptorium"],
            &[],
            Some("no longer depends"),
        );
        check(
            "scriptorium-server",
            &facade,
            &["scriptorium-engine"],
            Some("tests of"),
        );
        check("scriptorium-common", &[], &[], Some("has no row"));
    }

    #[test]
    fn foreign_crates_stay_behind_their_wall() {
        check(
            "scriptorium-model",
            &["sqlx"],
            &[],
            Some("SQL stays in the store"),
        );
        check(
            "scriptorium-model",
            &["wasmtime-wizer"],
            &[],
            Some("only the engine"),
        );
        check("scriptorium-model", &["jiff"], &["sqlx"], None);
    }
}
