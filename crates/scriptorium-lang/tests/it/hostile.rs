//! What the worst tenant sends: sources made to overflow the stack, to be read for years,
//! or to be misread. An overflow would end this test process, a hang its patience.

use proptest::prelude::*;
use scriptorium_lang::{Language, Options, diagnose, translate};

use crate::{JS, TS, any};

const SIZE: usize = 100 * 1024;

/// A unit repeated to the size of the largest script is answered, whatever the answer.
#[track_caller]
fn check_survives(options: &Options<'_>, units: &[&str]) {
    for unit in units {
        let source = unit.repeat(SIZE / unit.len());
        for diagnostic in diagnose(&source, options) {
            assert_ne!(
                diagnostic.code, "platform.translate",
                "from {unit:?}: {diagnostic}"
            );
        }
    }
}

/// A well-formed nest is refused for its depth, before anything recurses over it for long.
#[track_caller]
fn check_too_deep(options: &Options<'_>, open: &str, middle: &str, close: &str) {
    let levels = SIZE / (open.len() + close.len());
    let source = format!("{}{middle}{}", open.repeat(levels), close.repeat(levels));
    let codes: Vec<_> = diagnose(&source, options).iter().map(|d| d.code).collect();
    assert_eq!(codes, ["script.too_deep"], "from {open:?}");
}

#[track_caller]
fn check_accepted(options: &Options<'_>, source: &str) {
    if let Err(errors) = translate(source, options) {
        panic!("{errors} in {source:?}");
    }
}

#[test]
fn endless_brackets_survive() {
    check_survives(
        &JS,
        &[
            "(", "[", "{", "`${", "((", "({", "([", "[(", "(a=", "({[", "(a,b=",
        ],
    );
    check_survives(
        &JS,
        &[
            ")",
            "]",
            "}",
            "f(",
            "a[",
            "{a:",
            "({a:",
            "async(",
            "async (a=",
        ],
    );
    check_survives(&TS, &["(", "<", "let x:(", "(a:", "<A>(", "f<A>(", "(a={["]);
}

#[test]
fn endless_chains_without_brackets_survive() {
    check_survives(
        &JS,
        &[
            "!", "-", "- -", "~", "typeof ", "await ", "a=>", "a?b:", "a?", "a=",
        ],
    );
    check_survives(
        &JS,
        &[
            "a+", "a.", "a?.", "a**", "a??", "a,", "1+", "\"a\"+", "a`", "new ",
        ],
    );
    check_survives(
        &JS,
        &[
            "a+a-",
            "a()",
            "[0]",
            "a.b.c.",
            "()=>",
            "async a=>",
            "x:",
            "\\u0061=>",
        ],
    );
}

#[test]
fn endless_statements_survive() {
    check_survives(
        &JS,
        &[
            "if(x)",
            "do ",
            "for(;;)",
            "while(x)",
            "else ",
            "if(x);else ",
            "try{",
        ],
    );
    check_survives(
        &JS,
        &[
            "function f(){",
            "()=>{",
            "class A{a=",
            "class A extends ",
            "{",
            "a\n",
        ],
    );
    check_survives(
        &JS,
        &[
            "class{static{",
            "switch(x){case 0:",
            "let a=",
            "let [",
            "export ",
            "@a ",
        ],
    );
}

#[test]
fn endless_types_survive() {
    check_survives(
        &TS,
        &[
            "A<",
            "A<A<",
            "let x:A<",
            "let x:",
            "A|",
            "A&",
            "keyof ",
            "type A=B<",
        ],
    );
    check_survives(
        &TS,
        &[
            "a as ",
            "a!",
            "a satisfies ",
            "<A>a",
            "a<b>",
            "A[",
            "[]",
            "?A:",
        ],
    );
    check_survives(
        &TS,
        &[
            "A extends B?",
            "A extends infer B ? ",
            "let x:`${",
            "namespace A{",
        ],
    );
    check_survives(
        &TS,
        &[
            "a<b<",
            "f<(",
            "a?(b):c=>",
            "import(\"a\").A<",
            "typeof a<",
            "x as ({a=",
        ],
    );
}

#[test]
fn deep_nests_are_refused() {
    check_too_deep(&JS, "(", "1", ")");
    check_too_deep(&JS, "[", "1", "]");
    check_too_deep(&JS, "{", "1", "}");
    check_too_deep(&JS, "`${", "1", "}`");
    check_too_deep(&JS, "()=>", "1", "");
    check_too_deep(&JS, "!", "1", "");
    check_too_deep(&JS, "if(1)", "1", "");
    check_too_deep(&JS, "1+", "1", "");
    check_too_deep(&JS, "1?", "1", ":1");
    check_too_deep(&JS, "f(", "1", ")");
    check_too_deep(&JS, "a", "a", ".a");
    check_too_deep(&JS, "(a=", "1", ")");
    check_too_deep(&TS, "1 as ", "b", "");
}

/// Each of these is a few hundred bytes that the parser alone would read for years.
#[test]
fn nested_attempts_are_refused() {
    for unit in [
        "a<{[",
        "new a<{[",
        "a<{[a<",
        "f<(a=f<(a=",
        "x as({a=x as ",
        "class A extends B<{[",
        "a?.b<{[",
        "a<b>c<{[",
        "a<b.if<{[",
        "a<b?c:d<{[",
        "x as (readonly{a=x as ",
        "a<(b?:({c=d as ",
    ] {
        let source = unit.repeat(60);
        let codes: Vec<_> = diagnose(&source, &TS).iter().map(|d| d.code).collect();
        assert_eq!(codes, ["script.too_deep"], "from {unit:?}");
    }
}

/// Where brackets are hidden or faked, the weigher must see what the parser sees.
#[test]
fn hidden_brackets_do_not_deceive() {
    for disguise in [
        "'>)]}';",
        "/[>)]}]/;",
        "`>)]}`;",
        "/*>)]}*/",
        "//>)]}\n",
        "1./a/1;",
        "x\u{301}/a/1;",
        "\"\\\r\n)]}\";",
        "`${1}>)]}`;",
        "if(a)/[)>]/.b;",
        "a.if(b)/c/d;",
        "x\\u{61}/a/1;",
    ] {
        let source = format!("a<{{[(() => {{{disguise}a<{{[").repeat(40);
        let found = diagnose(&source, &TS);
        assert_ne!(found, [], "from {disguise:?}");
        let codes: Vec<_> = found.iter().map(|d| d.code).collect();
        assert_eq!(codes, ["script.too_deep"], "from {disguise:?}");
    }
}

#[test]
fn ordinary_depth_is_accepted() {
    check_accepted(&JS, &format!("{}1{}", "(".repeat(300), ")".repeat(300)));
    check_accepted(&JS, &format!("1{}", "+1".repeat(900)));
    check_accepted(&JS, &format!("a{}", ".then(b => b)".repeat(300)));
    check_accepted(
        &JS,
        &format!("if (a) {{}} {}", "else if (b) {}".repeat(500)),
    );
    check_accepted(
        &JS,
        &"f({ a: [1, (b) => ({ c: b ? d : e })] });\n".repeat(2_400),
    );
    let schema = format!(
        "{}z.string(){}",
        "z.object({ a: ".repeat(12),
        " })".repeat(12)
    );
    check_accepted(&TS, &format!("{schema}\n").repeat(100));
    let typed = "const ok = a < b\nconst v = new Map<string, Array<{ a?: Foo<T> }>>()\n\
                 items.map((x: Item<A>) => ({ id: x.id < y ? f<A>(x) : null }))\n";
    check_accepted(
        &TS,
        &typed
            .replace("const ok", "var ok")
            .replace("const v", "var v")
            .repeat(600),
    );
}

#[test]
fn slashes_are_read_as_the_parser_does() {
    for source in [
        "a / b / c",
        "f(a)\n  / 2 // half\n",
        "a\n  / b / c",
        "if (a) /x/.test(b)",
        "if (a) {}\n/x/.test(b)",
        "const o = {} / 2; a",
        "a\n  / b // c, d",
        "const a = b ? /[/(]/ : /\\/\\(/g; a",
        "x = a++ / 2",
        "`${a / b}` / 2",
        "return /[(]/.test(a)",
        "for (const a of /b/.exec(c)) f()",
    ] {
        check_accepted(&JS, source);
    }
    let unclear = diagnose("if (a) {}\n/(x)/.test(b)", &JS);
    assert!(unclear[0].message.contains("`/`"), "{}", unclear[0]);
    assert_eq!((unclear[0].line, unclear[0].column), (2, 1));
}

const WORDS: [&str; 64] = [
    "a",
    "b",
    "main",
    "1",
    "'s'",
    "`t`",
    "`${",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "=>",
    "=",
    ":",
    "?",
    "?.",
    ",",
    ";",
    ".",
    "...",
    "+",
    "-",
    "/",
    "*",
    "!",
    "&&",
    "|",
    "\n",
    " ",
    "async ",
    "await ",
    "function ",
    "class ",
    "extends ",
    "new ",
    "return ",
    "const ",
    "let ",
    "if ",
    "else ",
    "for ",
    "of ",
    "in ",
    "export ",
    "default ",
    "import ",
    "type ",
    "interface ",
    "enum ",
    "namespace ",
    "as ",
    "infer ",
    "typeof ",
    "@",
    "#a",
    "/a/",
    "//",
    "/*",
    "*/",
    "😀",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(source in ".{0,200}") {
        for language in [Language::JavaScript, Language::TypeScript] {
            answered(&source, language);
        }
    }

    #[test]
    fn any_soup_of_tokens_is_answered(
        words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60),
        repeat in 1_usize..20,
    ) {
        let source = words.concat().repeat(repeat);
        for language in [Language::JavaScript, Language::TypeScript] {
            answered(&source, language);
        }
    }
}

/// An answer places its diagnostics inside the source, or maps its code into it.
fn answered(source: &str, language: Language) {
    let lines = source.split(['\n', '\r']).count() as u32 + 1;
    match translate(source, &any(language)) {
        Ok(translated) => {
            for line in 1..=translated.code.lines().count() as u32 {
                if let Some((line, _)) = translated.map.original(line, 1) {
                    assert!(line <= lines);
                }
            }
        }
        Err(errors) => {
            assert!(errors.first_error().is_some());
            for diagnostic in errors.0 {
                assert_ne!(
                    diagnostic.code, "platform.translate",
                    "{source:?}: {diagnostic}"
                );
                assert!(diagnostic.line <= lines && diagnostic.end_line <= lines);
                let _ = diagnostic.render(source, "soup");
            }
        }
    }
}
