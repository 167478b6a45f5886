//! Entry rules: the setting, the default export, the convention, the only function, the body.

use scriptorium_lang::{Convention, Entry, Language, Options, Severity, diagnose, translate};

use crate::{JS, TS};

const MAIN: Options<'static> = Options {
    convention: Convention::Main,
    ..JS
};

fn with_entry(entry: &str) -> Options<'_> {
    Options {
        entry: Some(entry),
        ..MAIN
    }
}

#[track_caller]
fn check(source: &str, options: &Options<'_>, entry: &Entry, code: &str) {
    match translate(source, options) {
        Ok(translated) => {
            assert_eq!(&translated.entry, entry, "in {source:?}");
            assert_eq!(translated.code, code, "from {source:?}");
        }
        Err(errors) => panic!("{source:?} was refused: {errors}"),
    }
}

#[track_caller]
fn check_function(source: &str, options: &Options<'_>, name: &str) {
    let code = format!("{source}\nexport {{ {name} as default }};\n");
    check(source, options, &Entry::Function(name.to_owned()), &code);
}

#[track_caller]
fn check_body(source: &str, inside: &str) {
    let code = format!("export default async function (input, ctx) {{{{{inside}\n}}}}\n");
    check(source, &MAIN, &Entry::Body, &code);
}

#[track_caller]
fn check_refused(source: &str, options: &Options<'_>, code: &str, message: &str) {
    let errors = match translate(source, options) {
        Ok(translated) => panic!("{source:?} became {}", translated.code),
        Err(errors) => errors,
    };
    let first = errors.first_error().expect("a refusal has an error");
    assert_eq!(first.code, code, "{first}");
    assert!(first.message.contains(message), "{first}");
}

#[test]
fn conventional_functions_are_exported_and_text_stays() {
    check_function("async function main() { return 1 }", &MAIN, "main");
    check_function("const main = async () => 1", &MAIN, "main");
    check_function("let main = function () {}; setup()", &MAIN, "main");
    check_function("export async function main() {}", &MAIN, "main");
    check_function("function a() {}\nfunction main() {}\n// end", &MAIN, "main");
    let http = Options {
        convention: Convention::HandleRequest,
        ..JS
    };
    check_function(
        "function handleRequest(req) {} function main() {}",
        &http,
        "handleRequest",
    );
    let event = Options {
        convention: Convention::HandleEvent,
        ..JS
    };
    check_function(
        "const x = 1; function handleEvent(e) {}",
        &event,
        "handleEvent",
    );
    check_function("function handleEvent(e) {} f()", &JS, "handleEvent");
}

#[test]
fn exported_names_follow_their_local_function() {
    let source = "function run() {} function other() {}\nexport { run as main }";
    let code = format!("{source}\nexport {{ run as default }};\n");
    check(source, &MAIN, &Entry::Function("run".to_owned()), &code);
    check_function(
        "function f(g) { return g } export const main = f(() => 1)",
        &MAIN,
        "main",
    );
}

#[test]
fn default_exports_stay_as_they_are() {
    for source in [
        "export default async function (input, ctx) { return input }",
        "export default () => 1",
        "function f() {} function main() {} export { f as default }",
        "const f = () => 1; export default f",
        "function main() {} export default wrap(main); function wrap(f) { return f }",
    ] {
        check(source, &MAIN, &Entry::Export, source);
    }
}

#[test]
fn the_only_function_among_declarations_is_the_entry() {
    check_function(
        "const limit = 5;\nasync function validateOrder(order) {}",
        &JS,
        "validateOrder",
    );
    check_function(
        "class A {}\nconst check = (order) => order.total > 0;",
        &JS,
        "check",
    );
    check_function(
        "function a() {}\nexport function b() { return a() }",
        &JS,
        "b",
    );
}

#[test]
fn a_body_returns_its_last_expression() {
    check_body("1 + 1", "return (1 + 1)");
    check_body(
        "const a = await f();\na.b // last",
        "const a = await f();\nreturn (a.b) // last",
    );
    check_body("f(); function f() {}", "return (f()); function f() {}");
    check_body("function f() {}\nf();;", "function f() {}\nreturn (f());;");
    check_body("'text'", "return ('text')");
    check_body("if (a) { b() }", "if (a) { b() }");
    check_body("a, b", "return (a, b)");
    check_body(
        "main(); async function* main2() {}",
        "return (main()); async function* main2() {}",
    );
}

#[test]
fn a_body_with_return_keeps_its_last_expression() {
    check_body("if (!a) return 1;\nb()", "if (!a) return 1;\nb()");
    check_body(
        "for (const a of b) { return a }",
        "for (const a of b) { return a }",
    );
    let handled = "[1].map(function () { return 1 })";
    check_body(handled, &format!("return ({handled})"));
}

#[test]
fn body_parameters_follow_the_type() {
    for (convention, parameters) in [
        (Convention::Main, "input, ctx"),
        (Convention::HandleRequest, "req, ctx"),
        (Convention::HandleEvent, "event, ctx"),
        (Convention::Any, "input, ctx"),
    ] {
        let code = format!("export default async function ({parameters}) {{{{return 1\n}}}}\n");
        check(
            "return 1",
            &Options { convention, ..JS },
            &Entry::Body,
            &code,
        );
    }
}

#[test]
fn a_body_with_an_entry_function_calls_it_at_its_end() {
    let source = "if (!input) return null;\nfunction main(input) { return input }";
    let code = format!(
        "export default async function (input, ctx) {{{{{source}\nreturn main(...arguments);}}}}\n"
    );
    check(source, &MAIN, &Entry::Function("main".to_owned()), &code);
}

#[test]
fn a_shebang_becomes_a_comment() {
    check_body("#!/usr/bin/env node\n1", "///usr/bin/env node\nreturn (1)");
}

#[test]
fn the_entry_setting_wins() {
    let source = "function main() {}\nfunction other() {}";
    check_function(source, &with_entry("other"), "other");
    let exported = "export default function main() {}\nfunction other() {}";
    let code =
        "               function main() {}\nfunction other() {}\nexport { other as default };\n";
    check(
        exported,
        &with_entry("other"),
        &Entry::Function("other".to_owned()),
        code,
    );
    let anonymous = "function other() {}\nexport default () => 1";
    let code = "function other() {}\n               ;(() => 1);\nexport { other as default };\n";
    check(
        anonymous,
        &with_entry("other"),
        &Entry::Function("other".to_owned()),
        code,
    );
    let own = "export default function main() {}";
    check(
        own,
        &with_entry("main"),
        &Entry::Function("main".to_owned()),
        own,
    );
    check(own, &with_entry("default"), &Entry::Export, own);
}

#[test]
fn a_second_default_specifier_is_renamed() {
    let source = "function a() {} function b() {}\nexport { a as default }";
    let code = "function a() {} function b() {}\nexport { a as __unused_default }\n\
                export { b as default };\n";
    check(
        source,
        &with_entry("b"),
        &Entry::Function("b".to_owned()),
        code,
    );
}

#[test]
fn unusable_entries_are_refused_by_name() {
    let entry = "script.entry";
    check_refused(
        "function a() {}",
        &with_entry("b"),
        entry,
        "names `b`, but there is no",
    );
    check_refused("function a() {}", &with_entry("b"), entry, "Found: a");
    check_refused(
        "const b = 1",
        &with_entry("b"),
        entry,
        "`b`, which is not a function",
    );
    check_refused("class b {}", &with_entry("b"), entry, "not a function");
    check_refused(
        "export default { fetch() {} }",
        &MAIN,
        entry,
        "this is an object",
    );
    check_refused("export default class {}", &MAIN, entry, "this is a class");
    check_refused("export default 'x'", &MAIN, entry, "this is a string");
    check_refused(
        "export default function* () {}",
        &MAIN,
        entry,
        "this is a generator",
    );
    check_refused("function* main() {}", &MAIN, entry, "this is a generator");
    // What one gives is an answer in parts, of requests only.
    for source in [
        "export default async function* () { yield 1 }",
        "function* handleRequest() { yield 1 }",
    ] {
        let options = Options {
            convention: Convention::HandleRequest,
            ..MAIN
        };
        assert!(translate(source, &options).is_ok(), "{source}");
    }
    check_refused("export const a = 1", &MAIN, entry, "No entry function");
    check_refused(
        "function a() {}\nfunction b() {}",
        &MAIN,
        entry,
        "Found: a, b",
    );
    check_refused("", &MAIN, entry, "Nothing to run");
    check_refused("// only a comment", &MAIN, entry, "main(input, ctx)");
    check_refused(
        "return 1; export const a = 1",
        &MAIN,
        entry,
        "cannot be combined with `export`",
    );
}

#[test]
fn calling_the_entry_function_oneself_warns() {
    for source in [
        "async function main() {}\nmain()",
        "async function main() {}\nawait main();",
        "async function main() {}\nmain().catch(console.error)",
        "async function main() {}\nvoid main().then(f).finally(g)",
    ] {
        let found = diagnose(source, &MAIN);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!((found[0].code, found[0].line), ("script.entry_called", 2));
    }
    assert_eq!(diagnose("function main() {}\nmain2(); o.main()", &MAIN), []);
}

#[test]
fn typescript_follows_the_same_rules() {
    let main = Options {
        convention: Convention::Main,
        ..TS
    };
    let function = |name: &str| Entry::Function(name.to_owned());
    check(
        "interface A { b: number }\nasync function main(a: A): Promise<number> { return a.b as number }",
        &main,
        &function("main"),
        "async function main(a) {\n\treturn a.b;\n}\n\nexport { main as default };\n",
    );
    check(
        "type T = string;\nconst f = <A,>(a: A): A => a;",
        &main,
        &function("f"),
        "const f = (a) => a;\n\nexport { f as default };\n",
    );
    check(
        "const a: number = 1;\na!;\ntype T = string",
        &main,
        &Entry::Body,
        "export default async function (input, ctx) {{const a = 1;\nreturn (a);\n\n}}\n",
    );
    check(
        "function main(a: string): void;\nfunction main(a: unknown) {}",
        &main,
        &function("main"),
        "function main(a) {}\n\nexport { main as default };\n",
    );
    check(
        "import type { A } from 'a';\nexport type B = A;\nif (input as B) return 1",
        &main,
        &Entry::Body,
        "export default async function (input, ctx) {{if (input) return 1;\n          \n\n}}\n",
    );
    check_refused(
        "export default { a: 1 } as const",
        &main,
        "script.entry",
        "this is an object",
    );
}

#[test]
fn typescript_with_code_of_its_own_keeps_it() {
    let translated = translate(
        "enum Color { Red, Green = 'g' }\nnamespace N { export const x = 1 }\n\
         class P { constructor(private readonly y: number) {} }\nreturn [Color.Red, N.x, new P(1)]",
        &TS,
    )
    .unwrap();
    for part in ["Color[Color[\"Red\"] = 0] = \"Red\"", "N.x", "this.y = y"] {
        assert!(
            translated.code.contains(part),
            "{part} in {}",
            translated.code
        );
    }
}

#[test]
fn language_is_taken_at_its_word() {
    check_refused("const a: number = 1; a", &JS, "script.syntax", "");
    check_refused("const a = <div/>; a", &JS, "script.syntax", "");
    check_refused("const a = <div/>; a", &TS, "script.syntax", "");
    assert_eq!(TS.language, Language::TypeScript);
}
