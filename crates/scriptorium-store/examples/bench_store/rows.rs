//! The generated data: the same for both databases, and the same in every run of a size. Time is
//! the last 85 days; tenants take turns, so that no tenant's rows lie together.

use scriptorium_model::{TenantId, Uuid};

use crate::prefix;
use crate::shape::Shape;

/// Customers of a tenant's orders: each is named in one of this many executions.
pub(crate) const CUSTOMERS: u64 = 1_000;
const CITIES: [&str; 20] = [
    "Toshkent",
    "Samarqand",
    "Buxoro",
    "Xiva",
    "Andijon",
    "Namangan",
    "Fargona",
    "Nukus",
    "Qarshi",
    "Termiz",
    "Jizzax",
    "Guliston",
    "Navoiy",
    "Urganch",
    "Angren",
    "Chirchiq",
    "Olmaliq",
    "Bekobod",
    "Denov",
    "Kogon",
];
const DAY_MS: u64 = 86_400_000;

/// One execution with its log line and its words.
pub(crate) struct Generated {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
    pub(crate) script: Uuid,
    pub(crate) script_name: String,
    pub(crate) status: &'static str,
    pub(crate) trigger: &'static str,
    pub(crate) created_at: i64,
    pub(crate) failure: Option<&'static str>,
    pub(crate) input: String,
    pub(crate) output: String,
    pub(crate) line: String,
    /// Separated by spaces, with the tenant's prefix.
    pub(crate) words: String,
}

/// Makes executions one after the other.
pub(crate) struct Source {
    shape: Shape,
    tenants: Vec<(TenantId, String)>,
    begin_ms: u64,
    step_us: u64,
}

impl Source {
    pub(crate) fn new(shape: Shape, tenants: &[TenantId], now_ms: u64) -> Self {
        let span = 85 * DAY_MS;
        Self {
            shape,
            tenants: tenants.iter().map(|id| (*id, prefix::of(*id))).collect(),
            begin_ms: now_ms - span,
            step_us: span * 1_000 / shape.executions.max(1),
        }
    }

    /// The scripts' ids by tenant and number; they were made before the first execution.
    pub(crate) fn script(&self, tenant: usize, number: u64) -> Uuid {
        let ms = self.begin_ms - DAY_MS + number;
        uuid7(ms, mix(number * self.tenants.len() as u64 + tenant as u64))
    }

    pub(crate) fn begin_ms(&self) -> u64 {
        self.begin_ms
    }

    pub(crate) fn execution(&self, number: u64) -> Generated {
        let dice = mix(number);
        let place = (number % self.tenants.len() as u64) as usize;
        let (tenant, prefix) = &self.tenants[place];
        let script = (dice >> 8) % self.shape.scripts_of_tenant();
        let us = self.begin_ms * 1_000 + number * self.step_us;
        let (status, failure) = match dice % 200 {
            0..=7 => ("failed", Some("script.threw")),
            8..=10 => ("timeout", Some("limit.wall")),
            11 => ("cancelled", Some("cancelled")),
            _ => ("completed", None),
        };
        let customer = (dice >> 20) % CUSTOMERS;
        let city = CITIES[((dice >> 32) % 20) as usize];
        let total = (dice >> 40) % 5_000_000;
        let mut words = String::with_capacity(640);
        for word in [
            "script",
            "order",
            "so",
            "customer",
            "city",
            "total",
            "ok",
            "true",
            "reserved",
            "in",
            "warehouse",
            "north",
            "the",
            "was",
            "checked",
        ] {
            push(&mut words, prefix, word);
        }
        let trigger = ["cron", "http", "event", "manual", "api"][((dice >> 48) % 5) as usize];
        let script_id = self.script(place, script);
        for mark in [script_id.simple().to_string().as_str(), status, trigger] {
            push(&mut words, prefix, &format!("§{mark}"));
        }
        push(&mut words, prefix, &city.to_ascii_lowercase());
        for number in [script, number, total] {
            push(&mut words, prefix, &number.to_string());
        }
        push(&mut words, prefix, &format!("customer{customer}"));
        for word in failure.unwrap_or_default().split_terminator('.') {
            push(&mut words, prefix, word);
        }
        Generated {
            tenant: *tenant,
            id: uuid7(us / 1_000, mix(dice)),
            script: script_id,
            script_name: format!("Script {script}"),
            status,
            trigger,
            created_at: us as i64,
            failure,
            input: format!(
                r#"{{"order":"SO-{number}","customer":"customer{customer}","city":"{city}","total":{total}}}"#
            ),
            output: r#"{"ok":true,"reserved":"in warehouse north"}"#.into(),
            line: format!("the order SO-{number} was checked"),
            words,
        }
    }
}

fn push(words: &mut String, prefix: &str, word: &str) {
    if !words.is_empty() {
        words.push(' ');
    }
    words.push_str(prefix);
    words.push_str(word);
}

/// A version 7 id of an instant.
pub(crate) fn uuid7(ms: u64, random: u64) -> Uuid {
    let (first, rest) = (u128::from(random >> 52), u128::from(random) << 10);
    Uuid::from_u128(u128::from(ms) << 80 | 7 << 76 | first << 64 | 2 << 62 | rest & ((1 << 62) - 1))
}

/// Splitmix64: well-mixed numbers without state.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
