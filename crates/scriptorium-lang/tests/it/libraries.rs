//! Libraries: what a source asks for, what the engine is given, what is told when one is missing.

use std::sync::LazyLock;

use scriptorium_lang::{
    Entry, Language, Library, Module, Options, Severity, diagnose, imports, translate,
};

use crate::{JS, TS};

static MONEY: LazyLock<Vec<String>> =
    LazyLock::new(|| ["default", "round", "total"].map(str::to_owned).into());

/// `lib/money` is there in version 3, `lib/old` is not; one has a name that needs quotes.
static LIBRARIES: LazyLock<Vec<Library<'static>>> = LazyLock::new(|| {
    let money = |specifier, name| Library {
        specifier,
        found: Ok(Module {
            name,
            exports: &MONEY,
        }),
    };
    vec![
        money("lib/money", "lib/money@3"),
        money("lib/a \"b\" \\ с", "lib/a \"b\" \\ с@1"),
        Library {
            specifier: "lib/old",
            found: Err("The library `lib/old` is archived"),
        },
    ]
});

fn with(options: Options<'static>) -> Options<'static> {
    Options {
        libraries: &LIBRARIES,
        ..options
    }
}

fn library() -> Options<'static> {
    Options {
        is_library: true,
        ..with(JS)
    }
}

#[track_caller]
fn check(source: &str, options: &Options<'_>, code: &str) {
    match translate(source, options) {
        Ok(translated) => assert_eq!(translated.code, code, "from {source:?}"),
        Err(errors) => panic!("{source:?} was refused: {errors}"),
    }
}

/// `marked` is what the first diagnostic of that code marks.
#[track_caller]
fn check_refused(source: &str, options: &Options<'_>, code: &str, marked: &str, message: &str) {
    let found = diagnose(source, options);
    let first = found.iter().find(|found| found.code == code);
    let first = first.unwrap_or_else(|| panic!("{source:?}: {found:?}"));
    assert_eq!(first.severity, Severity::Error, "{first}");
    assert!(first.message.contains(message), "{first}");
    let text = &source[first.column as usize - 1..first.end_column as usize - 1];
    assert_eq!(text, marked, "{first}");
}

#[track_caller]
fn check_exports(source: &str, options: &Options<'_>, exports: &[&str]) {
    let translated = translate(source, options).unwrap();
    assert_eq!(translated.exports, exports, "of {source:?}");
    assert_eq!(translated.entry, Entry::Export);
}

#[test]
fn a_source_says_what_it_asks_for() {
    #[track_caller]
    fn check(source: &str, language: Language, expected: &[&str]) {
        assert_eq!(imports(source, language).unwrap(), expected, "{source:?}");
    }
    let (js, ts) = (Language::JavaScript, Language::TypeScript);
    check("return 1", js, &[]);
    check("const a = 'lib/money'", js, &[]);
    check(
        "import { a } from 'lib/b'; import 'lib/a'; import 'lib/b'",
        js,
        &["lib/b", "lib/a"],
    );
    check(
        "export * from 'lib/a'; export { b } from 'lib/b'",
        js,
        &["lib/a", "lib/b"],
    );
    check("import a from 'lib/\\u0061'", js, &["lib/a"]);
    check("import fs from 'fs'; import 'lib/'", js, &[]);
    check(
        "import { a } from 'lib/имя с пробелом'",
        js,
        &["lib/имя с пробелом"],
    );
    check(
        "import type { A } from 'lib/a'; import { type B } from 'lib/b'; import { type C, d } from 'lib/c'",
        ts,
        &["lib/c"],
    );
    assert!(imports("import { a from 'lib/a'", js).is_err());
}

#[test]
fn the_engine_is_given_its_own_names() {
    check(
        "import { total } from 'lib/money';\nexport default () => total()",
        &with(JS),
        "import { total } from \"lib/money@3\";\nexport default () => total()",
    );
    check(
        "import m, * as all from \"lib/money\"\nimport 'lib/money'\nexport { round as r } from 'lib/money'\nexport default m",
        &with(JS),
        "import m, * as all from \"lib/money@3\"\nimport \"lib/money@3\"\nexport { round as r } from \"lib/money@3\"\nexport default m",
    );
    check(
        "import { total } from 'lib/a \"b\" \\\\ с'; export default total",
        &with(JS),
        "import { total } from \"lib/a \\\"b\\\" \\\\ с@1\"; export default total",
    );
    check(
        "import { total } from 'lib/money';\nfunction main() { return total() }",
        &with(JS),
        "import { total } from \"lib/money@3\";\nfunction main() { return total() }\nexport { main as default };\n",
    );
    check(
        "import { total, type Money } from 'lib/money';\nexport default (m: Money): number => total(m)",
        &with(TS),
        "import { total } from \"lib/money@3\";\nexport default (m) => total(m);\n",
    );
    check(
        "export { default } from 'lib/money'",
        &with(JS),
        "export { default } from \"lib/money@3\"",
    );
}

#[test]
fn a_body_has_its_imports_in_front() {
    check(
        "import { total } from 'lib/money'\nconst t = total(input)\nt + 1",
        &with(JS),
        "import { total } from \"lib/money@3\";export default async function (input, ctx) {{                                 \nconst t = total(input)\nreturn (t + 1)\n}}\n",
    );
    check(
        "return total(1);\nimport { total } from 'lib/money';",
        &with(JS),
        "import { total } from \"lib/money@3\";;export default async function (input, ctx) {{return total(1);\n                                  \n}}\n",
    );
    check(
        "1 + 1\nimport 'lib/money'",
        &with(JS),
        "import \"lib/money@3\";export default async function (input, ctx) {{return (1 + 1)\n                  \n}}\n",
    );
}

#[test]
fn places_lead_back_over_an_import() {
    for (options, source) in [
        (
            with(JS),
            "import { total } from 'lib/money'\n\n  throw total",
        ),
        (
            with(TS),
            "import { total } from 'lib/money'\n\n  throw total as Error",
        ),
        (
            with(JS),
            "import { total } from 'lib/money'\nfunction main() {\n  throw total }",
        ),
    ] {
        let translated = translate(source, &options).unwrap();
        let before = translated.code.split("throw").next().unwrap();
        let line = before.matches('\n').count() as u32 + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1;
        let place = translated.map.original(line, column as u32);
        assert_eq!(place, Some((3, 3)), "{}", translated.code);
    }
}

#[test]
fn what_is_not_there_is_told_with_its_place() {
    let (js, ts) = (with(JS), with(TS));
    check_refused(
        "import { a } from 'lib/new'; a()",
        &js,
        "script.import",
        "'lib/new'",
        "There is no library `lib/new`",
    );
    check_refused(
        "import { a } from 'lib/old'; a()",
        &js,
        "script.import",
        "'lib/old'",
        "is archived",
    );
    check_refused(
        "export * from 'lib/new'; export default () => 1",
        &js,
        "script.import",
        "'lib/new'",
        "no library",
    );
    check_refused(
        "import { total, tax } from 'lib/money'; total(tax)",
        &js,
        "script.import",
        "tax",
        "exports no `tax`; it exports default, round, total",
    );
    check_refused(
        "export { tax as t } from 'lib/money'; export default () => 1",
        &js,
        "script.import",
        "tax",
        "exports no `tax`",
    );
    check_refused(
        "import { a } from 'lib/money'; function main() { return a() }",
        &ts,
        "script.import",
        "a",
        "exports no `a`",
    );
    // A name that only types use is gone when they are.
    assert!(diagnose("import { Money } from 'lib/money'; let a: Money; 1", &ts).is_empty());
}

#[test]
fn other_modules_stay_refused() {
    let js = with(JS);
    for source in [
        "import fs from 'fs'",
        "import { a } from 'money'",
        "import { a } from './lib/money'",
        "import { a } from '/lib/money'",
        "import { a } from 'lib/'",
        "import { a } from 'LIB/money'",
        "import 'https://example.com/lib/money'",
        "export { a } from 'node:fs'",
    ] {
        check_refused(source, &js, "script.forbidden", source, "lib/name");
    }
    check_refused(
        "import('lib/money')",
        &js,
        "script.forbidden",
        "import('lib/money')",
        "cannot load code",
    );
    check_refused(
        "import a from 'lib/money' with { type: 'json' }",
        &js,
        "script.syntax",
        "{ type: 'json' }",
        "without attributes",
    );
    check_refused(
        "import defer * as a from 'lib/money'",
        &js,
        "script.syntax",
        "import defer * as a from 'lib/money'",
        "not supported",
    );
}

#[test]
fn libraries_say_what_they_export() {
    let options = library();
    check_exports(
        "export const a = 1, [b, { c }] = []",
        &options,
        &["a", "b", "c"],
    );
    check_exports(
        "export function f() {} export class C {}",
        &options,
        &["C", "f"],
    );
    check_exports(
        "const a = 1; export { a as b, a as default }",
        &options,
        &["b", "default"],
    );
    check_exports("export default {}", &options, &["default"]);
    check_exports("export default class {}", &options, &["default"]);
    check_exports("export * from 'lib/money'", &options, &["round", "total"]);
    check_exports("export * as money from 'lib/money'", &options, &["money"]);
    check_exports(
        "export { total as sum, default } from 'lib/money'; export * from 'lib/money'",
        &options,
        &["default", "round", "sum", "total"],
    );
    let typed = Options {
        language: Language::TypeScript,
        ..options
    };
    check_exports(
        "export type A = 1; export interface B {} export enum E { X } export const c: A = 1",
        &typed,
        &["E", "c"],
    );
}

#[test]
fn what_is_no_library_is_told() {
    let options = library();
    for source in [
        "function total() {}",
        "1 + 1",
        "import { total } from 'lib/money'",
        "export {}",
    ] {
        check_refused(
            source,
            &options,
            "script.entry",
            "",
            "A library exports something",
        );
    }
    check_refused(
        "export const a = 1; return a",
        &options,
        "script.entry",
        "return a",
        "inside of functions only",
    );
}
