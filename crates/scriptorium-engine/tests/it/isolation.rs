//! Executions share nothing: what one leaves, the next one in its slot does not find.

use std::collections::HashSet;
use std::sync::OnceLock;

use scriptorium_engine::{Cancel, Config, Engine, Limits};

use crate::support::{TestHost, config, output, run, run_with};

/// One slot: every execution gets the memory of the one before.
fn single_slot() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        Engine::new(Config {
            hot_slots: 1,
            overflow_slots: 0,
            ..config()
        })
        .unwrap()
    })
}

/// Everything reachable from the global object: names, kinds and flags of properties.
const FINGERPRINT: &str = "export default () => {
    const seen = new Map(), lines = [];
    const visit = (value, path) => {
        if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
            lines.push(path + '=' + String(value)); return;
        }
        if (seen.has(value)) { lines.push(path + '->' + seen.get(value)); return; }
        seen.set(value, path);
        lines.push(path + ':' + Object.isExtensible(value));
        visit(Object.getPrototypeOf(value), path + '.[[proto]]');
        for (const key of Reflect.ownKeys(value)) {
            const d = Object.getOwnPropertyDescriptor(value, key);
            const at = path + '.' + String(key) + (d.writable ? 'w' : '') + (d.enumerable ? 'e' : '') + (d.configurable ? 'c' : '');
            if (at.startsWith('global.performance.timeOrigin')) continue;
            if ('value' in d) visit(d.value, at); else { visit(d.get, at + '(get)'); visit(d.set, at + '(set)'); }
        }
    };
    visit(globalThis, 'global');
    return lines;
}";

const DESTROY: &str = "export default () => {
    const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect, { freeze, defineProperty } = Object;
    const seen = new Set();
    const visit = (value) => {
        if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
        seen.add(value);
        for (const key of ownKeys(value)) {
            const d = getOwnPropertyDescriptor(value, key);
            if ('value' in d) visit(d.value); else { visit(d.get); visit(d.set); }
        }
        visit(getPrototypeOf(value));
    };
    visit(globalThis);
    defineProperty(Object.prototype, 'toJSON', { get() { return undefined; }, configurable: true });
    const all = [...seen], keys = all.map(ownKeys), size = seen.size;
    for (let i = 0; i < size; i++) {
        try { all[i].canary = 'CANARY'; } catch {}
        for (let k = 0; k < keys[i].length; k++) { try { delete all[i][keys[i][k]]; } catch {} }
        try { freeze(all[i]); } catch {}
    }
    return size > 500;
}";

#[tokio::test]
async fn destroyed_globals_are_whole_in_the_next_execution() {
    let engine = single_slot();
    let before = output(run(engine, FINGERPRINT).await);
    assert!(before.len() > 10_000, "the walk reaches the globals");
    assert_eq!(output(run(engine, DESTROY).await), "true");
    assert_eq!(output(run(engine, FINGERPRINT).await), before);
}

#[tokio::test]
async fn memory_of_the_former_execution_is_not_found() {
    let engine = single_slot();
    // Ends by a trap, with the canary all over 16 MiB.
    let fill = "export default () => {
        const keep = [];
        for (;;) keep.push(new Uint8Array(1 << 16).fill(0xC7));
    }";
    let limits = Limits {
        memory_bytes: 16 << 20,
        ..Limits::default()
    };
    let report = run_with(
        engine,
        fill,
        r#"{"args":[]}"#,
        limits,
        TestHost::default(),
        Cancel::new(),
    )
    .await;
    assert!(report.usage.memory_peak_bytes > 15 << 20);
    let scan = "export default () => {
        let found = 0;
        for (let i = 0; i < 300; i++) {
            const bytes = new Uint8Array(1 << 16);
            for (const byte of bytes) if (byte !== 0) found++;
        }
        return found;
    }";
    assert_eq!(output(run(engine, scan).await), "0");
}

#[tokio::test]
async fn random_numbers_differ_between_executions() {
    let code = "export default () => [Math.random(), hostRandom()]";
    let mut seen = HashSet::new();
    for _ in 0..20 {
        assert!(seen.insert(output(run(single_slot(), code).await)));
    }
}

#[tokio::test]
async fn dates_show_the_hosts_time() {
    let code = "export default () => [Date.now(), hostNow(), new Date().getTimezoneOffset(), performance.now() < 1000]";
    let got = output(run(single_slot(), code).await);
    let got: (f64, f64, f64, bool) = serde_json::from_str(&got).unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as f64;
    assert!((now - got.0).abs() < 60_000.0 && (now - got.1).abs() < 60_000.0);
    assert_eq!(got.2, 0.0);
    assert!(got.3, "performance.now starts with the execution");
}
