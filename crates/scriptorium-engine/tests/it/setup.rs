//! Making engines: caches, preludes, slots, and what the build must consist of.

use std::fs;
use std::path::Path;

use scriptorium_engine::{
    Cancel, CompileError, Config, Engine, Error, Invocation, Limits, Outcome, Source,
};

use crate::support::{TestHost, config, engine, failure, output, run};

fn lock_version(package: &str) -> Vec<u32> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock = fs::read_to_string(lock).unwrap();
    let entry = format!("name = \"{package}\"\nversion = \"");
    let (_, rest) = lock.split_once(&entry).unwrap();
    let (version, _) = rest.split_once('"').unwrap();
    version
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect()
}

/// Below these, plain scripts reach known memory errors. The guest build checks the
/// engine's own version in its header as well.
#[test]
fn nothing_older_than_the_known_fixes_is_used() {
    assert!(lock_version("wasmtime") >= vec![48, 0, 8]);
    assert!(lock_version("rquickjs-sys") >= vec![0, 14, 0]);
}

#[test]
fn guest_asks_its_host_for_our_functions_only() {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest/dist/engine.wasm");
    let engine = wasmtime::Engine::default();
    let module = wasmtime::Module::from_file(&engine, guest).unwrap();
    let mut imports: Vec<_> = module
        .imports()
        .map(|import| format!("{}.{}", import.module(), import.name()))
        .collect();
    imports.sort();
    let expected = [
        "arg_copy",
        "arg_len",
        "call",
        "call_sync",
        "fail",
        "log",
        "next",
        "now",
        "out_of_memory",
        "output",
    ];
    assert_eq!(imports, expected.map(|name| format!("host.{name}")));
}

#[track_caller]
fn check_prelude(prelude: &str, expected: &str) {
    let config = Config {
        prelude: prelude.to_owned(),
        cache_dir: None,
        ..config()
    };
    match Engine::new(config) {
        Err(Error::Prelude(message)) => assert!(message.contains(expected), "{message}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the prelude was accepted"),
    }
}

#[test]
fn faulty_prelude_is_refused_with_its_reason() {
    check_prelude("return {", "SyntaxError");
    check_prelude("return { enter: 1 }", "enter function");
    check_prelude("throw new RangeError('no')", "RangeError: no");
}

#[tokio::test]
async fn second_start_takes_the_compiled_guest_from_the_cache() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let config = || Config {
        cache_dir: Some(cache.clone()),
        ..config()
    };
    Engine::new(config()).unwrap();
    let entry = || fs::read_dir(&cache).unwrap().next().unwrap().unwrap();
    let made = entry().metadata().unwrap().modified().unwrap();
    let engine = Engine::new(config()).unwrap();
    assert_eq!(entry().metadata().unwrap().modified().unwrap(), made);
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 1);
    assert_eq!(output(run(&engine, "export default () => 1").await), "1");

    // What is no compiled guest is made again.
    fs::write(entry().path(), b"not a module").unwrap();
    let engine = Engine::new(config()).unwrap();
    assert_eq!(output(run(&engine, "export default () => 2").await), "2");
    assert!(entry().metadata().unwrap().len() > 1 << 20);
}

#[test]
fn cache_directory_that_others_may_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o770)).unwrap();
    let result = Engine::new(Config {
        cache_dir: Some(dir.path().to_owned()),
        ..config()
    });
    assert!(matches!(result, Err(Error::Cache { .. })));
}

#[tokio::test]
async fn allow_eval_leaves_eval_on() {
    let engine = Engine::new(Config {
        allow_eval: true,
        ..config()
    })
    .unwrap();
    let code = "export default () => eval('1 + 1') + new Function('return 3')()";
    assert_eq!(output(run(&engine, code).await), "5");
}

#[test]
fn program_is_compiled_once() {
    let engine = Engine::new(config()).unwrap();
    let compile = |name, code| engine.compile(Source { name, code }).unwrap().hash();
    let first = compile("a.js", "export default () => 'compiled once'");
    assert_eq!(
        compile("a.js", "export default () => 'compiled once'"),
        first
    );
    assert_ne!(
        compile("b.js", "export default () => 'compiled once'"),
        first
    );
    let statistics = engine.statistics();
    assert_eq!((statistics.cache_hits, statistics.cache_misses), (1, 2));
}

#[tokio::test]
async fn executions_fill_the_hot_lane_then_overflow_then_wait() {
    let engine = Engine::new(Config {
        hot_slots: 1,
        overflow_slots: 1,
        ..config()
    })
    .unwrap();
    let source = Source {
        name: "script.js",
        code: "export default (call_host) => call_host ? call('never') : 1",
    };
    let program = engine.compile(source).unwrap();
    let start = |input, cancel| {
        let (engine, program) = (engine.clone(), program.clone());
        tokio::spawn(async move {
            let invocation = Invocation {
                program: &program,
                input,
                limits: Limits::default(),
                host: TestHost::default(),
                cancel,
            };
            engine.run(invocation).await.unwrap().outcome
        })
    };
    let (first, second) = (Cancel::new(), Cancel::new());
    let waiting = [
        start(r#"{"args":[true]}"#, first.clone()),
        start(r#"{"args":[true]}"#, second.clone()),
    ];
    let third = start(r#"{"args":[]}"#, Cancel::new());
    let fourth = Cancel::new();
    let never_started = start(r#"{"args":[]}"#, fourth.clone());
    // The second for the lane that is added for it.
    let both_run = || {
        let statistics = engine.statistics();
        (statistics.hot.in_use, statistics.overflow.in_use) == (1, 1)
    };
    while engine.statistics().waited < 3 || !both_run() {
        tokio::task::yield_now().await;
    }
    fourth.cancel();
    failure(never_started.await.unwrap());
    second.cancel();
    assert_eq!(output(third.await.unwrap()), "1");
    first.cancel();
    for outcome in waiting {
        assert!(matches!(outcome.await.unwrap(), Outcome::Failed(_)));
    }
    let statistics = engine.statistics();
    assert_eq!((statistics.hot.in_use, statistics.overflow.in_use), (0, 0));
}

#[track_caller]
fn check_compile(code: &str, message: &str, at: (u32, u32)) {
    let source = Source {
        name: "script.js",
        code,
    };
    match engine().compile(source) {
        Err(CompileError::Script(failure)) => {
            assert!(failure.message.contains(message), "{}", failure.message);
            let position = failure.position.unwrap();
            assert_eq!((position.line, position.column), at, "{code:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn compile_errors_point_to_the_place() {
    check_compile(
        "export default () => {\n  let x = ;\n}",
        "SyntaxError",
        (2, 11),
    );
    check_compile("let a = 1;\nlet a = 2;", "SyntaxError", (2, 7));
    check_compile("let s = 'ы\0'", "NUL", (1, 11));
}

#[test]
fn compilation_is_bounded() {
    let nested = format!(
        "export default () => {}1{}",
        "(".repeat(50_000),
        ")".repeat(50_000)
    );
    let huge = format!("export default () => [{}]", "'abcdefgh',".repeat(4_000_000));
    // What is beyond a bound of the sandbox, too, is refused by compilation's own.
    for (code, allowed) in [(nested, None), (huge, Some(64 << 20))] {
        let result = engine().compile(Source {
            name: "script.js",
            code: &code,
        });
        let Err(CompileError::Script(failure)) = result else {
            panic!("{result:?}");
        };
        let hit = failure.limit.map(|hit| hit.allowed);
        assert_eq!(hit, allowed, "{}", failure.message);
    }
}
