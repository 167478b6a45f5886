//! Where a source names what is watched, and where it only seems to.

use scriptorium_lang::{Language, Severity, Watched, watch};

const WATCHED: [Watched<'static>; 2] = [
    Watched {
        path: "storage.exists",
        severity: Severity::Warning,
        code: "script.deprecated",
        message: "use storage.get",
    },
    Watched {
        path: "utils.date.parse",
        severity: Severity::Error,
        code: "script.removed",
        message: "use Temporal",
    },
];

#[track_caller]
fn check(source: &str, expected: &[(&str, u32, u32)]) {
    let found = watch(source, Language::TypeScript, &WATCHED);
    let found: Vec<_> = found
        .iter()
        .map(|(path, found)| (*path, found.line, found.column))
        .collect();
    assert_eq!(found, expected, "{source}");
}

#[test]
fn functions_are_found_in_every_spelling() {
    const EXISTS: &str = "storage.exists";
    for (source, column) in [
        ("storage.exists('a')", 1),
        ("await storage.exists('a')", 7),
        ("const f = storage.exists", 11),
        ("storage?.exists('a')", 1),
        ("storage['exists']('a')", 1),
        ("storage[`exists`]('a')", 1),
        ("(storage as any).exists('a')", 1),
        ("storage!.exists('a')", 1),
        ("ctx.storage.exists('a')", 1),
        ("sdk.storage.exists('a')", 1),
        ("globalThis.storage.exists('a')", 1),
        ("globalThis.ctx['storage'].exists('a')", 1),
        ("function main(input, ctx) { ctx.storage.exists('a') }", 29),
        ("const { exists } = storage", 9),
        ("const { exists: there } = ctx.storage", 9),
        ("const { storage: { exists } } = ctx", 20),
        ("const { get, exists = 1 } = storage", 14),
    ] {
        check(source, &[(EXISTS, 1, column)]);
    }
    check("let a\nutils.date.parse(a)", &[("utils.date.parse", 2, 1)]);
    check(
        "storage.exists(utils.date.parse(storage.exists))",
        &[(EXISTS, 1, 1), ("utils.date.parse", 1, 16), (EXISTS, 1, 33)],
    );
}

#[test]
fn what_is_the_scripts_own_is_not_found() {
    for source in [
        "storage.get('exists')",
        "exists('a')",
        "const storage = { exists() {} }; storage.exists()",
        "function main(storage) { return storage.exists }",
        "const ctx = { storage: { exists: 1 } }; ctx.storage.exists",
        "other.storage.exists('a')",
        "storage.other.exists('a')",
        "'storage.exists'",
        "// storage.exists",
        "const { exists } = other",
        "function f({ exists }) { return exists }",
        // A value of its own, which is what run time is for.
        "const s = storage; s.exists('a')",
        "utils.date",
        "storage.exists(",
        "",
    ] {
        check(source, &[]);
    }
}

#[test]
fn a_place_is_told_as_it_was_asked() {
    let found = watch("  storage.exists", Language::JavaScript, &WATCHED);
    let (path, diagnostic) = &found[0];
    assert_eq!(*path, "storage.exists");
    assert_eq!(diagnostic.to_string(), "1:3: warning: use storage.get");
    assert_eq!(diagnostic.code, "script.deprecated");
    assert_eq!((diagnostic.end_line, diagnostic.end_column), (1, 17));
    assert_eq!(diagnostic.source_line, "  storage.exists");
    let found = watch("utils.date.parse", Language::JavaScript, &WATCHED);
    assert_eq!(found[0].1.severity, Severity::Error);
}

#[test]
fn a_hostile_source_has_a_bounded_number_of_places() {
    let many = "storage.exists;".repeat(1_000);
    assert_eq!(watch(&many, Language::JavaScript, &WATCHED).len(), 100);
    let deep = format!("storage{}", ".exists".repeat(30_000));
    assert!(watch(&deep, Language::JavaScript, &WATCHED).is_empty());
    assert!(watch(&"(".repeat(100_000), Language::JavaScript, &WATCHED).is_empty());
}
