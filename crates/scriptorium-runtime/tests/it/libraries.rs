//! Scripts with libraries of their tenant: which version runs, whose rights bound it, and where
//! failures are said to be.

use scriptorium_model::execution::{Execution, ExecutionStatus};
use scriptorium_model::library::Pin;
use scriptorium_model::permission::Role;
use scriptorium_model::script::{Definition, Language, Script, ScriptStatus};
use scriptorium_model::trigger::Trigger;
use scriptorium_model::user::User;
use scriptorium_model::{Actor, Ctx, Json};
use scriptorium_runtime::{Finished, ResolvedLibrary};
use scriptorium_store::Saving;
use serde_json::{Value, json};

use crate::harness::{Harness, create_user, definition};

fn library(name: &str, source: &str) -> Definition {
    Definition {
        library: true,
        ..definition(name, source, Trigger::Embedded)
    }
}

fn main_script(name: &str, source: &str) -> Definition {
    definition(name, source, Trigger::OneOff)
}

impl Harness {
    fn as_user(&self, user: &User) -> Ctx {
        Ctx {
            actor: Actor::User {
                id: user.id,
                session: None,
            },
            ..self.ctx()
        }
    }

    /// Another version of a script, by this user, with these libraries.
    async fn save(&self, ctx: &Ctx, script: &Script, source: &str, pins: &[Pin]) -> Script {
        let saving = Saving {
            change_description: "",
            pins,
        };
        let changed = Definition {
            source: source.to_owned(),
            ..script.definition.clone()
        };
        let saved = self
            .store
            .update_script(ctx, script.id, None, changed, saving);
        saved.await.unwrap()
    }

    async fn try_run(&self, script: &Script) -> Finished {
        let execution = Execution {
            script: script.id,
            version: script.version,
            input: Json::null(),
            ..self.execution(&script.definition)
        };
        let ctx = self.as_user(&self.user);
        let job = self
            .runtime
            .job(&ctx, script, execution, None)
            .await
            .unwrap();
        self.runtime.run(job).await
    }

    async fn run(&self, script: &Script) -> Value {
        let finished = self.try_run(script).await;
        let execution = finished.execution;
        match execution.output {
            Some(output) => output.to_value(),
            None => panic!("{:?}", execution.failure),
        }
    }

    async fn resolved(&self, source: &str, importer: Option<&Script>) -> Vec<ResolvedLibrary> {
        let definition = main_script("importer", source);
        let importer = importer.map(|script| script.id);
        let ctx = self.ctx();
        let found = self.runtime.libraries(&ctx, &definition, importer);
        found.await.unwrap()
    }
}

const MONEY: &str = "export const total = (prices) => prices.reduce((a, b) => a + b, 0);\n\
                     export const fail = () => {\n  throw new Error('no money');\n};";
const USES: &str =
    "import { total } from 'lib/money';\nfunction main() {\n  return total([1, 2]);\n}";

#[tokio::test(flavor = "multi_thread")]
async fn a_version_runs_with_the_library_it_was_saved_with() {
    let harness = Harness::new().await;
    let ctx = harness.as_user(&harness.user);
    let money = harness.script(library("money", MONEY)).await;
    let script = harness.script(main_script("orders", "1")).await;
    let script = harness.save(&ctx, &script, USES, &[Pin::of(&money)]).await;
    assert_eq!(harness.run(&script).await, json!(3));

    let changed = MONEY.replace("a + b", "a + b * 10");
    let newer = harness.save(&ctx, &money, &changed, &[]).await;
    assert_eq!(harness.run(&script).await, json!(3));

    let store = &harness.store;
    let (active, paused) = (ScriptStatus::Active, ScriptStatus::Paused);
    store
        .set_status(&ctx, script.id, active, paused, None)
        .await
        .unwrap();
    let anew = [Pin::of(&newer)];
    let activated = store.activate_script(&ctx, script.id, paused, None, &anew);
    let activated = activated.await.unwrap();
    assert_eq!(harness.run(&activated).await, json!(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn libraries_may_use_libraries_in_both_languages() {
    let harness = Harness::new().await;
    let ctx = harness.as_user(&harness.user);
    let money = harness.script(library("money", MONEY)).await;
    let tax = library("tax (20 %)".replace(" %", "").as_str(), "export {}");
    let tax = harness
        .script(Definition {
            language: Language::TypeScript,
            ..tax
        })
        .await;
    let source = "import { total } from 'lib/money';\nexport { total };\n\
                  export interface Tax { rate: number }\n\
                  export const taxed = (prices: number[], tax: Tax): number => total(prices) * tax.rate;";
    let tax = harness.save(&ctx, &tax, source, &[Pin::of(&money)]).await;
    let script = harness.script(main_script("orders", "1")).await;
    let source = "import { taxed, total } from 'lib/tax (20)';\nimport * as money from 'lib/money';\n\
                  return [taxed([1, 2], { rate: 2 }), total === money.total];";
    let script = harness
        .save(&ctx, &script, source, &[Pin::of(&tax), Pin::of(&money)])
        .await;
    assert_eq!(harness.run(&script).await, json!([6, true]));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_name_the_library_and_its_line() {
    let harness = Harness::new().await;
    let ctx = harness.as_user(&harness.user);
    let money = harness
        .script(Definition {
            language: Language::TypeScript,
            ..library(
                "money",
                &MONEY.replace("(prices)", "(\n  prices: number[],\n)"),
            )
        })
        .await;
    let script = harness.script(main_script("orders", "1")).await;
    let source = "import { fail } from 'lib/money';\nconst a = 1;\nfail();";
    let script = harness
        .save(&ctx, &script, source, &[Pin::of(&money)])
        .await;
    let failure = harness.try_run(&script).await.execution.failure.unwrap();
    assert_eq!(failure.message, "Error: no money");
    assert_eq!((failure.line, failure.column), (Some(3), Some(1)));
    assert_eq!(
        failure.stack.unwrap(),
        "    at fail (lib/money@1:5:13)\n    at default (script:3:1)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authors_of_libraries_bound_the_rights() {
    let harness = Harness::new().await;
    let (store, admin) = (&harness.store, harness.as_user(&harness.user));
    let mut viewer = create_user(store, &harness.ctx(), &harness.ambient, "v@example.com").await;
    viewer.role = Role::Viewer;
    store.update_user(&harness.ctx(), &viewer).await.unwrap();
    let money = harness.script(library("money", MONEY)).await;
    let theirs = format!("{MONEY}\n");
    let theirs = harness
        .save(&harness.as_user(&viewer), &money, &theirs, &[])
        .await;
    let script = harness.script(main_script("orders", "1")).await;
    let source = "import { total } from 'lib/money';\nreturn context.user.permissions.includes('scripts.create') && total([1]) > 0;";
    let own = harness
        .save(&admin, &script, source, &[Pin::of(&money)])
        .await;
    assert_eq!(harness.run(&own).await, json!(true));
    let source = format!("{source}\n");
    let bounded = harness
        .save(&admin, &script, &source, &[Pin::of(&theirs)])
        .await;
    assert_eq!(harness.run(&bounded).await, json!(false));

    viewer.active = false;
    store.update_user(&harness.ctx(), &viewer).await.unwrap();
    let execution = Execution {
        script: script.id,
        version: bounded.version,
        ..harness.execution(&bounded.definition)
    };
    let refused = harness
        .runtime
        .job(&harness.ctx(), &bounded, execution, None)
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("the author of a library"), "{refused}");
    // Nobody asked for that run: the script is paused with the reason.
    let paused = store.find_script(&harness.ctx(), script.id).await.unwrap();
    assert_eq!(paused.status, ScriptStatus::Paused);
    assert!(paused.paused_reason.unwrap().contains("library"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_fixed_is_taken_as_it_is_now() {
    let harness = Harness::new().await;
    let ctx = harness.as_user(&harness.user);
    let money = harness.script(library("money", MONEY)).await;
    let script = harness.script(main_script("orders", "1")).await;
    let script = harness.save(&ctx, &script, USES, &[]).await;
    assert_eq!(harness.run(&script).await, json!(3));
    harness.store.delete_script(&ctx, money.id).await.unwrap();
    let finished = harness.try_run(&script).await;
    let failure = finished.execution.failure.unwrap();
    assert_eq!(finished.execution.status, ExecutionStatus::Failed);
    assert_eq!(failure.code, "script.import");
    assert_eq!(failure.message, "There is no library `lib/money`");
    assert_eq!((failure.line, failure.column), (Some(1), Some(23)));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_mean_active_libraries() {
    let harness = Harness::new().await;
    let ctx = harness.as_user(&harness.user);
    let money = harness.script(library("money", MONEY)).await;
    harness
        .script(main_script(
            "plain",
            "export const a = 1; export default () => a",
        ))
        .await;
    let paused = harness.script(library("paused", MONEY)).await;
    let (active, stopped) = (ScriptStatus::Active, ScriptStatus::Paused);
    let store = &harness.store;
    store
        .set_status(&ctx, paused.id, active, stopped, None)
        .await
        .unwrap();
    let broken = harness.script(library("broken", "export const = 1")).await;
    assert_eq!(broken.version, 1);

    let source = "import 'lib/money'; import 'lib/nobody'; import 'lib/plain'; import 'lib/paused'; import 'lib/broken'";
    let found = harness.resolved(source, None).await;
    let shown: Vec<String> = found
        .into_iter()
        .map(|library| match library.found {
            Ok(found) => format!(
                "{} {} {}",
                library.specifier,
                found.pin.version,
                found.exports.join(" ")
            ),
            Err(reason) => reason,
        })
        .collect();
    assert_eq!(shown[0], "lib/money 1 fail total");
    for (reason, part) in shown[1..].iter().zip([
        "no library `lib/nobody`",
        "`plain` is no library",
        "`lib/paused` is paused",
        "`lib/broken` cannot be used: lib/broken@1:1:14",
    ]) {
        assert!(reason.contains(part), "{reason}");
    }
    let itself = harness.resolved("import 'lib/money'", Some(&money)).await;
    let reason = itself[0].found.as_ref().unwrap_err();
    assert!(reason.contains("cannot import itself"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn circles_are_refused() {
    let harness = Harness::new().await;
    let ctx = harness.as_user(&harness.user);
    let a = harness.script(library("aaa", "export const a = 1")).await;
    let b = harness.script(library("bbb", "export const b = 1")).await;
    let source = "import { a } from 'lib/aaa'; export const b = a";
    harness.save(&ctx, &b, source, &[Pin::of(&a)]).await;
    let found = harness
        .resolved("import { b } from 'lib/bbb'", Some(&a))
        .await;
    let reason = found[0].found.as_ref().unwrap_err();
    assert!(reason.contains("in a circle"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_brings_a_bounded_number_along() {
    let harness = Harness::new().await;
    let ctx = harness.as_user(&harness.user);
    let mut last = harness.script(library("lib 0", "export const n = 0")).await;
    for number in 1..=32 {
        let next = harness
            .script(library(&format!("lib {number}"), "export const n = 0"))
            .await;
        let source = format!("export {{ n }} from 'lib/{}'", last.name);
        last = harness.save(&ctx, &next, &source, &[Pin::of(&last)]).await;
    }
    let found = harness
        .resolved("import 'lib/lib 31'; import 'lib/lib 32'", None)
        .await;
    assert!(found[0].found.is_ok());
    let reason = found[1].found.as_ref().unwrap_err();
    assert!(reason.contains("at most 32"), "{reason}");
}

/// Libraries meet the limits of the script, and share nothing between runs.
#[tokio::test(flavor = "multi_thread")]
async fn state_of_a_library_dies_with_the_run() {
    let harness = Harness::new().await;
    let ctx = harness.as_user(&harness.user);
    let counter = library(
        "counter",
        "let n = 0; export const next = () => ++n; globalThis.left = true",
    );
    let counter = harness.script(counter).await;
    let script = harness.script(main_script("orders", "1")).await;
    let source = "import { next } from 'lib/counter'; next(); return [next(), globalThis.left]";
    let script = harness
        .save(&ctx, &script, source, &[Pin::of(&counter)])
        .await;
    for _ in 0..2 {
        assert_eq!(harness.run(&script).await, json!([2, true]));
    }
    let plain = harness
        .script(main_script("plain", "typeof globalThis.left"))
        .await;
    assert_eq!(harness.run(&plain).await, json!("undefined"));
}

/// B07: neither the cache of programs nor that of libraries takes one tenant's for another's.
#[tokio::test(flavor = "multi_thread")]
async fn libraries_of_one_name_stay_each_tenants_own() {
    let harness = Harness::new().await;
    let neighbour = harness.neighbour("neighbour").await;
    let uses = "import { whose } from 'lib/vault';\nfunction main() { return whose(); }";
    let mut scripts = Vec::new();
    for (tenant, word) in [(&harness, "mine"), (&neighbour, "ours")] {
        let source = format!("export const whose = () => '{word}';");
        let vault = tenant.script(library("vault", &source)).await;
        let script = tenant.script(main_script("opener", "1")).await;
        let ctx = tenant.as_user(&tenant.user);
        let script = tenant.save(&ctx, &script, uses, &[Pin::of(&vault)]).await;
        scripts.push((tenant, script, vault, word));
    }
    for (tenant, script, ..) in scripts.iter().chain(&scripts) {
        let word = scripts.iter().find(|one| one.1.id == script.id).unwrap().3;
        assert_eq!(tenant.run(script).await, json!(word));
    }
    // The pin of another tenant's library opens nothing.
    let (theirs, ctx) = (&scripts[1].2, harness.as_user(&harness.user));
    let thief = harness.script(main_script("thief", "1")).await;
    let saving = Saving {
        change_description: "",
        pins: &[Pin::of(theirs)],
    };
    let changed = Definition {
        source: uses.to_owned(),
        ..thief.definition.clone()
    };
    let saved = harness
        .store
        .update_script(&ctx, thief.id, None, changed, saving)
        .await;
    if let Ok(saved) = saved {
        let finished = harness.try_run(&saved).await;
        assert_eq!(finished.execution.failure.unwrap().code, "script.import");
    }
    for name in [
        "lib/Vault",
        "lib/vault ",
        "lib/vаult",
        "lib/neighbour/vault",
    ] {
        let source = format!("import {{ whose }} from '{name}';\nfunction main() {{}}");
        let found = harness.resolved(&source, None).await;
        assert!(found.iter().all(|one| one.found.is_err()), "{name}");
    }
}
