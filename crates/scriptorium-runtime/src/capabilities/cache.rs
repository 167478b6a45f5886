//! `cache`: values a script keeps between its executions, in the memory of the process, until there
//! is no room (R-JSTO-05). No other script sees them, and another server has its own.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use moka::sync::Cache;
use scriptorium_engine::{HostError, Reply};
use scriptorium_model::storage::{KEY_BYTES, sum};
use scriptorium_model::{ScriptId, TenantId, Timestamp};
use serde_json::Value;

use super::args::{Check, required};
use super::storage::{DELTA, KEY, TTL, delta, key, keys, until};
use super::{Binding, Capability, invalid};
use crate::host::Run;

/// Scripts whose values are kept, the ones used last.
const SCRIPTS: u64 = 256;
/// Most entries of a script.
const ENTRIES: usize = 1_000;
/// Most bytes of keys and values of a script.
const BYTES: usize = 1 << 20;
/// Most bytes of a value as JSON.
const VALUE_BYTES: usize = 64 << 10;

pub(super) const CAPABILITY: Capability = Capability {
    name: "cache",
    doc: "Values that the script keeps between its executions, in memory: fast, for itself alone, and gone when the process ends or there is no room. At most 1,000 entries and 1 MiB; those not used for longest go first.",
    bindings: &[
        Binding::io(
            "cache.get",
            "<T = any>",
            &[KEY],
            "Promise<T | null>",
            "The value of a key; null when there is none any more.",
            |run, mut args| {
                answer(key(&mut args).map(|key| {
                    let value = run.cache().get(&key, run.now());
                    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
                }))
            },
        ),
        Binding::io(
            "cache.set",
            "",
            &[
                KEY,
                required("value", "unknown", Check::Json(VALUE_BYTES)),
                TTL,
            ],
            "Promise<boolean>",
            "Keeps a JSON value of at most 64 KiB, for a number of seconds or as long as there is room.",
            |run, mut args| {
                let value: Arc<str> = args.json(1).as_str().into();
                let ends = until(run, &mut args, 2);
                answer(key(&mut args).map(|key| {
                    run.cache().set(key, value, ends);
                    "true".to_owned()
                }))
            },
        ),
        Binding::io(
            "cache.delete",
            "",
            &[required(
                "key",
                "string | string[]",
                Check::Json(100 * (6 * KEY_BYTES + 3)),
            )],
            "Promise<boolean>",
            "Removes a key, or a list of at most 100; false when there was none.",
            |run, mut args| {
                answer(keys(args.json(0).to_value()).map(|keys| {
                    let mut cache = run.cache();
                    let now = run.now();
                    let found = keys.iter().filter(|key| cache.delete(key, now)).count();
                    (found > 0).to_string()
                }))
            },
        ),
        Binding::io(
            "cache.exists",
            "",
            &[KEY],
            "Promise<boolean>",
            "Whether there is a value.",
            |run, mut args| {
                let found = |key: String| run.cache().get(&key, run.now()).is_some();
                answer(key(&mut args).map(|key| found(key).to_string()))
            },
        ),
        Binding::io(
            "cache.increment",
            "",
            &[KEY, DELTA, TTL],
            "Promise<number>",
            "Adds to the number of a key, 1 unless it is said, with nothing in between, and gives the sum; a key that was not there begins with 0, and lives for the seconds.",
            |run, mut args| {
                let delta = delta(args.json(1).to_value());
                let ends = until(run, &mut args, 2);
                answer(key(&mut args).and_then(|key| {
                    let sum = run.cache().add(&key, delta?, ends, run.now());
                    let refuse =
                        || invalid("key", "has a value that is no number, or becomes none");
                    sum.map(|sum| sum.to_string()).ok_or_else(refuse)
                }))
            },
        ),
        Binding::io(
            "cache.expire",
            "",
            &[KEY, TTL],
            "Promise<boolean>",
            "Lets a key live for a number of seconds from now, or as long as there is room without; false when it is not there.",
            |run, mut args| {
                let ends = until(run, &mut args, 1);
                answer(
                    key(&mut args).map(|key| run.cache().expire(&key, ends, run.now()).to_string()),
                )
            },
        ),
    ],
};

fn answer(answer: Result<String, HostError>) -> Reply {
    Reply::Ready(answer)
}

/// The values of all scripts.
pub(crate) struct Caches(Cache<(TenantId, ScriptId), Arc<Mutex<Kept>>>);

impl Default for Caches {
    fn default() -> Self {
        Self(Cache::new(SCRIPTS))
    }
}

/// The values of one script.
#[derive(Default)]
pub(crate) struct Kept {
    entries: HashMap<String, Entry>,
    /// Keys by when they were used, the longest ago first.
    used: BTreeMap<u64, String>,
    clock: u64,
    bytes: usize,
}

struct Entry {
    value: Arc<str>,
    ends: Option<Timestamp>,
    used: u64,
}

impl Run {
    /// The script's values, for an instant.
    fn cache(&self) -> Hold {
        let key = (self.ctx.tenant, self.script);
        Hold(self.world.caches.0.get_with(key, Arc::default))
    }
}

/// The values of a script that somebody uses.
struct Hold(Arc<Mutex<Kept>>);

impl Hold {
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &str, now: Timestamp) -> Option<Arc<str>> {
        let mut kept = self.lock();
        kept.look(key, now)?;
        kept.touch(key);
        kept.entries.get(key).map(|entry| entry.value.clone())
    }

    fn set(&self, key: String, value: Arc<str>, ends: Option<Timestamp>) {
        self.lock().put(key, value, ends);
    }

    fn delete(&mut self, key: &str, now: Timestamp) -> bool {
        let mut kept = self.lock();
        let there = kept.look(key, now).is_some();
        kept.remove(key);
        there
    }

    fn add(
        &self,
        key: &str,
        delta: f64,
        ends: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Arc<str>> {
        let mut kept = self.lock();
        let (there, ends) = match kept.look(key, now) {
            Some(entry) => {
                let value = serde_json::from_str(&entry.value).unwrap_or(Value::Null);
                (value, entry.ends)
            }
            None => (Value::from(0), ends),
        };
        let sum: Arc<str> = sum(&there, delta)?.as_str().into();
        kept.put(key.to_owned(), sum.clone(), ends);
        Some(sum)
    }

    fn expire(&self, key: &str, ends: Option<Timestamp>, now: Timestamp) -> bool {
        let mut kept = self.lock();
        if kept.look(key, now).is_none() {
            return false;
        }
        if let Some(entry) = kept.entries.get_mut(key) {
            entry.ends = ends;
        }
        true
    }
}

impl Kept {
    /// The entry of a key; one whose time is over is removed.
    fn look(&mut self, key: &str, now: Timestamp) -> Option<&Entry> {
        let ends = self.entries.get(key)?.ends;
        if ends.is_some_and(|ends| ends <= now) {
            self.remove(key);
            return None;
        }
        self.entries.get(key)
    }

    fn touch(&mut self, key: &str) {
        self.clock += 1;
        if let Some(entry) = self.entries.get_mut(key) {
            self.used.remove(&entry.used);
            entry.used = self.clock;
            self.used.insert(self.clock, key.to_owned());
        }
    }

    fn put(&mut self, key: String, value: Arc<str>, ends: Option<Timestamp>) {
        self.remove(&key);
        self.clock += 1;
        self.bytes += key.len() + value.len();
        self.used.insert(self.clock, key.clone());
        let used = self.clock;
        self.entries.insert(key, Entry { value, ends, used });
        while self.entries.len() > ENTRIES || self.bytes > BYTES {
            let Some((_, oldest)) = self.used.pop_first() else {
                break;
            };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, key: &str) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= key.len() + entry.value.len();
            self.used.remove(&entry.used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let hold = Hold(Arc::default());
        for index in 0..ENTRIES {
            hold.set(format!("k{index}"), "1".into(), None);
        }
        assert!(hold.get("k0", at(0)).is_some());
        hold.set("more".into(), "1".into(), None);
        assert!(hold.get("k0", at(0)).is_some());
        assert!(hold.get("k1", at(0)).is_none());
        let kept = hold.lock();
        assert_eq!((kept.entries.len(), kept.used.len()), (ENTRIES, ENTRIES));
    }

    #[test]
    fn bytes_have_a_bound() {
        let hold = Hold(Arc::default());
        for index in 0..40 {
            let value = "x".repeat(VALUE_BYTES);
            hold.set(format!("k{index}"), value.into(), None);
        }
        let kept = hold.lock();
        assert!(kept.bytes <= BYTES, "{}", kept.bytes);
        let counted = kept.entries.iter().map(|(k, e)| k.len() + e.value.len());
        assert_eq!(counted.sum::<usize>(), kept.bytes);
        assert!(kept.entries.contains_key("k39"));
    }

    #[test]
    fn what_is_over_is_not_there() {
        let mut hold = Hold(Arc::default());
        hold.set("k".into(), "1".into(), Some(at(10)));
        assert!(hold.get("k", at(9)).is_some());
        assert!(!hold.expire("k", None, at(10)));
        assert!(hold.get("k", at(10)).is_none());
        assert!(!hold.delete("k", at(10)));
        assert_eq!(
            hold.add("n", 2.0, Some(at(20)), at(10)).as_deref(),
            Some("2")
        );
        assert_eq!(hold.add("n", 0.5, None, at(19)).as_deref(), Some("2.5"));
        assert_eq!(hold.add("n", 1.0, None, at(20)).as_deref(), Some("1"));
        hold.set("t".into(), "\"x\"".into(), None);
        assert_eq!(hold.add("t", 1.0, None, at(20)), None);
    }
}
