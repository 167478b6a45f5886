//! Syntax errors: where, how many, how they are shown.

use scriptorium_lang::{
    Diagnostic, MAX_SOURCE_BYTES, Options, Severity, diagnose, translate, version,
};

use crate::{JS, TS};

#[track_caller]
fn check(source: &str, options: &Options<'_>, expected: &[(u32, u32)]) {
    let found = diagnose(source, options);
    let places: Vec<_> = found.iter().map(|d| (d.line, d.column)).collect();
    assert_eq!(places, expected, "{found:#?}");
    assert!(
        found
            .iter()
            .all(|d| d.code == "script.syntax" && d.severity == Severity::Error)
    );
}

#[test]
fn syntax_errors_carry_their_place() {
    check("let a = ;", &JS, &[(1, 9)]);
    check("function main() {\n  return 1\n", &JS, &[(3, 1)]);
    check("const a = 1\nconst a = 2\na", &JS, &[(1, 7)]);
    check("let s = 'привет'; let s", &JS, &[(1, 5)]);
    check("await (await)", &JS, &[(1, 13)]);
    check("with (a) {}", &JS, &[(1, 1)]);
    check("/(/.test(a)", &JS, &[(1, 2)]);
    check("let a: = 1", &TS, &[(1, 8)]);
    check("const a = () => {\n  export default 1;\n};", &TS, &[(2, 3)]);
    check("break", &JS, &[(1, 1)]);
}

#[test]
fn several_errors_are_told_at_once() {
    check(
        "let a = 1; let a;\nlet b = 1; let b;\nbreak;",
        &JS,
        &[(1, 5), (2, 5), (3, 1)],
    );
}

#[test]
fn diagnostics_quote_their_line() {
    let found = diagnose("function main() {\n  let x = ;\n}", &JS);
    assert_eq!(found[0].source_line, "  let x = ;");
    assert_eq!((found[0].end_line, found[0].end_column), (2, 12));
}

#[test]
fn a_frame_shows_the_place() {
    let source = "function main() {\n  let x = ;\n}";
    let frame = diagnose(source, &JS)[0].render(source, "scripts/a.js");
    for part in ["scripts/a.js:2:11", "let x = ;", "script.syntax"] {
        assert!(frame.contains(part), "{part} in {frame}");
    }
    assert!(!frame.contains('\u{1b}'));
    assert!(
        diagnose(source, &JS)[0]
            .render_coloured(source, "a.js")
            .contains('\u{1b}')
    );
}

#[test]
fn a_frame_of_an_endless_line_is_one_line() {
    let source = format!("{}let x = ;", " ".repeat(5_000));
    let diagnostic: &Diagnostic = &diagnose(&source, &JS)[0];
    assert!(diagnostic.source_line.chars().count() <= 500);
    assert_eq!(diagnostic.render(&source, "a.js").lines().count(), 1);
}

#[test]
fn what_is_quoted_stays_short() {
    let name = "x".repeat(50_000);
    let found = diagnose(&format!("let {name}; let {name};"), &JS);
    assert!(found[0].message.chars().count() <= 500);
    let many = diagnose(&"let a;".repeat(5_000), &JS);
    assert!(many.len() <= 100, "{}", many.len());
}

#[test]
fn an_oversized_source_is_refused() {
    let refused = translate(&" ".repeat(MAX_SOURCE_BYTES + 1), &JS).unwrap_err();
    assert_eq!(refused.0[0].code, "script.too_large");
}

#[test]
fn the_version_names_the_parser_in_use() {
    let manifest = include_str!("../../../../Cargo.toml");
    let parser = version().rsplit_once(' ').unwrap().1;
    assert!(
        manifest.contains(&format!("oxc_parser = \"={parser}\"")),
        "{}",
        version()
    );
}
