//! The static scan: each construct in several positions, and what looks alike but is fine.

use scriptorium_lang::{Options, diagnose};

use crate::{JS, TS};

/// `marked` lists what is marked, in the order of the text.
#[track_caller]
fn check(source: &str, options: &Options<'_>, marked: &[&str]) {
    let source = format!("{source}\n0");
    let found = diagnose(&source, options);
    let texts: Vec<_> = found
        .iter()
        .map(|d| {
            assert_eq!(d.code, "script.forbidden", "{d}");
            assert_eq!((d.line, d.end_line), (1, 1), "{d}");
            &source[d.column as usize - 1..d.end_column as usize - 1]
        })
        .collect();
    assert_eq!(texts, marked, "in {source:?}");
}

#[test]
fn code_from_text_is_refused() {
    check("eval('1')", &JS, &["eval"]);
    check("(0, eval)('1')", &JS, &["eval"]);
    check("const e = eval; e('1')", &JS, &["eval"]);
    check("f(eval?.('1'))", &JS, &["eval"]);
    check("globalThis.eval('1')", &JS, &["eval"]);
    check("globalThis['ev' + 'al']('1')", &JS, &["'ev' + 'al'"]);
    check("new Function('return 1')", &JS, &["Function"]);
    check("Function('return 1')()", &JS, &["Function"]);
    check("Reflect.construct(Function, ['1'])", &JS, &["Function"]);
    check("class A extends Function {}", &JS, &["Function"]);
    check("new globalThis.Function('1')", &JS, &["Function"]);
    check(
        "const f = Function.prototype.constructor",
        &JS,
        &["Function"],
    );
    check("const f = `${Function('1')}`", &JS, &["Function"]);
    check("({ [eval('a')]: 1 })", &JS, &["eval"]);
}

#[test]
fn modules_are_refused() {
    check("const fs = require('fs')", &JS, &["require"]);
    check(
        "if (a) { require('child_process').exec('x') }",
        &JS,
        &["require"],
    );
    check("import fs from 'fs'", &JS, &["import fs from 'fs'"]);
    check("import 'x'", &JS, &["import 'x'"]);
    check("const a = () => import('x')", &JS, &["import('x')"]);
    check("await import(name)", &JS, &["import(name)"]);
    check(
        "export * from 'x'; export default () => 1",
        &JS,
        &["export * from 'x';"],
    );
    check(
        "export { a } from 'x'; export default () => 1",
        &JS,
        &["export { a } from 'x';"],
    );
    check(
        "import fs = require('fs'); fs",
        &TS,
        &["import fs = require('fs');"],
    );
    check(
        "import { type A, b } from 'x'; b",
        &TS,
        &["import { type A, b } from 'x';"],
    );
}

#[test]
fn prototypes_are_refused() {
    check("a.__proto__", &JS, &["__proto__"]);
    check("a.__proto__ = b", &JS, &["__proto__"]);
    check("a?.__proto__?.b", &JS, &["__proto__"]);
    check("a['__proto__'].b = 1", &JS, &["'__proto__'"]);
    check("a[`__proto__`]", &JS, &["`__proto__`"]);
    check("a['__pro' + 'to__']", &JS, &["'__pro' + 'to__'"]);
    check("const o = { __proto__: b }", &JS, &["__proto__"]);
    check("const o = { '__proto__': b }", &JS, &["'__proto__'"]);
    check("const { __proto__: p } = a", &JS, &["__proto__"]);
    check("({ __proto__: p } = a)", &JS, &["__proto__"]);
    check("(a as any).__proto__", &TS, &["__proto__"]);
}

#[test]
fn constructors_of_functions_are_refused() {
    check("a.constructor.constructor('x')()", &JS, &["constructor"]);
    check(
        "a['constructor']['constructor']('x')",
        &JS,
        &["'constructor'"],
    );
    check("a?.constructor?.[`constructor`]", &JS, &["`constructor`"]);
    check("(() => {}).constructor('x')", &JS, &["constructor"]);
    check("(async function () {}).constructor", &JS, &["constructor"]);
    check("new (class {}).constructor('x')", &JS, &["constructor"]);
    check("[].map.constructor('x')", &JS, &["[].map.constructor"]);
    check(
        "((a as any).constructor as any).constructor",
        &TS,
        &["constructor"],
    );
}

#[test]
fn names_of_ones_own_are_fine() {
    for source in [
        "function require(a) { return a } require('x')",
        "const f = (eval2, Function) => Function(1)",
        "{ const Function = f; new Function('x') }",
        "a.eval('1'); a.require('x'); a.Function(); a.import('x')",
        "const o = { eval: 1, require: 2, Function: 3, constructor: 4 }",
        "class A { constructor() {} require() {} }",
        "const { require } = a; require('x')",
        "try {} catch (require) { require() }",
    ] {
        check(source, &JS, &[]);
    }
}

#[test]
fn what_looks_alike_is_fine() {
    for source in [
        "a instanceof Function",
        "typeof eval === 'function' || typeof require",
        "a === Function",
        "Function.prototype.call.call(f, a)",
        "new this.constructor(1); a.constructor.name; a.constructor === Array",
        "class A extends B { constructor() { super(1) } m() { super.constructor(1) } }",
        "'__proto__ eval require'; // eval(1)",
        "`eval('x')`; /eval(x)/.test(a)",
        "import.meta",
    ] {
        check(source, &JS, &[]);
    }
    for source in [
        "const f: Function = () => 1; f()",
        "type A = typeof eval; let a: A | Function",
        "import type { A } from 'a'; let a: A",
        "import { type A } from 'a'; let a: A",
        "let a: import('x').A",
    ] {
        check(source, &TS, &[]);
    }
}

/// What the language brings is used without a word; the timers among it are bounded ones.
#[test]
fn library_of_the_language_is_fine() {
    for source in [
        "const t = setTimeout(f, 10, 1); clearTimeout(t); queueMicrotask(f)",
        "globalThis.setTimeout(f, 1)",
        "structuredClone(a); new URL(a).searchParams; new URLSearchParams(a)",
        "new TextDecoder().decode(new TextEncoder().encode(a)); btoa(atob(a))",
        "AbortSignal.any([new AbortController().signal, AbortSignal.timeout(5)])",
        "crypto.subtle.digest('SHA-256', crypto.getRandomValues(a)); performance.now()",
    ] {
        check(source, &JS, &[]);
        check(source, &TS, &[]);
    }
}

#[test]
fn unsupported_syntax_is_refused() {
    let found = diagnose("@log class A {}\nexport default () => 1", &TS);
    assert_eq!(found[0].code, "script.syntax");
    assert!(found[0].message.contains("Decorators"), "{}", found[0]);
    let found = diagnose("class A { accessor a = 1 }\nexport default () => 1", &JS);
    assert!(found[0].message.contains("accessor"), "{}", found[0]);
}
