//! The generated data: the same for both databases, and the same in every run of a size. Time is
//! the last 85 days. What an execution is found by is cut into words by the product's own code.

use scriptorium_model::{TenantId, Uuid};

use crate::prefix;
use crate::shape::{Shape, Turns};
use crate::words::Words;

/// The word that one in sixteen executions of a tenant holds, in its input.
pub(crate) const COMMON: &str = "samarqand";
/// The word that one in ten executions of a tenant holds, in the data of its log line.
pub(crate) const COURIER: &str = "rustam";
/// The word that every execution holds, in its log line.
pub(crate) const EVERYWHERE: &str = "checked";
/// The word of every log line of two days in the middle, and of no other.
pub(crate) const BLACKOUT: &str = "blackout";
/// Most executions whose log line names the same parcel.
const OF_PARCEL: u64 = 80;
/// The script of a tenant that nearly a third of its executions are of.
pub(crate) const BUSIEST: u64 = 1;
/// Days of history.
const DAYS: u64 = 85;
const DAY_MS: u64 = 86_400_000;

const CITIES: [&str; 16] = [
    "Samarqand",
    "Toshkent",
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
];
const COURIERS: [&str; 10] = [
    "Rustam", "Dilnoza", "Aziz", "Malika", "Bobur", "Nodira", "Jasur", "Zilola", "Otabek", "Kamola",
];

/// One execution with its log line and its words.
pub(crate) struct Generated {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
    pub(crate) script: Uuid,
    pub(crate) script_name: String,
    pub(crate) status: &'static str,
    pub(crate) trigger: &'static str,
    pub(crate) created_at: i64,
    pub(crate) failure: Option<(&'static str, String)>,
    pub(crate) input: String,
    pub(crate) output: Option<String>,
    pub(crate) line: String,
    pub(crate) line_data: String,
    words: Words,
}

/// One recorded event.
pub(crate) struct GeneratedEvent {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) created_at: i64,
    pub(crate) payload: String,
}

/// How many executions of one tenant a search for a word can find.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) all: u64,
    pub(crate) common: u64,
    /// Of the parcel that is named most often.
    pub(crate) rare: u64,
}

/// Makes rows one after the other.
pub(crate) struct Source {
    shape: Shape,
    turns: Turns,
    tenants: Vec<TenantId>,
    /// How many each tenant has.
    parcels: Vec<u64>,
    begin_ms: u64,
    step_us: u64,
}

/// What an execution is like, before it is written out.
struct Traits {
    place: usize,
    dice: u64,
    at_us: u64,
    script: u64,
    city: usize,
    courier: usize,
    parcel: u64,
    status: &'static str,
}

impl Source {
    pub(crate) fn new(shape: Shape, tenants: &[TenantId], now_ms: u64) -> Self {
        let (span, turns) = (DAYS * DAY_MS, Turns::of(shape));
        let parcels = (0..shape.tenants).map(|place| {
            let executions = turns.count(place, shape.executions);
            executions.div_ceil(OF_PARCEL).max(1)
        });
        Self {
            shape,
            parcels: parcels.collect(),
            turns,
            tenants: tenants.to_vec(),
            begin_ms: now_ms - span,
            step_us: span * 1_000 / shape.executions.max(1),
        }
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    pub(crate) fn tenants(&self) -> &[TenantId] {
        &self.tenants
    }

    pub(crate) fn begin_ms(&self) -> u64 {
        self.begin_ms
    }

    /// The scripts' ids by tenant and number; they were made before the first execution.
    pub(crate) fn script(&self, place: usize, number: u64) -> Uuid {
        let ms = self.begin_ms - 10 * DAY_MS + number * 1_000;
        uuid7(ms, mix(number * self.tenants.len() as u64 + place as u64))
    }

    /// The parcels of a tenant.
    pub(crate) fn parcels(&self, place: usize) -> u64 {
        self.parcels[place]
    }

    /// What a search of the tenant can find.
    pub(crate) fn counts(&self, place: usize) -> Counts {
        let mut counts = Counts::default();
        for number in 0..self.shape.executions {
            let traits = self.traits(number);
            if traits.place == place {
                counts.all += 1;
                counts.common += u64::from(traits.city == 0);
                counts.rare += u64::from(traits.parcel == 0);
            }
        }
        counts
    }

    fn traits(&self, number: u64) -> Traits {
        let dice = mix(number);
        let (place, turn) = self.turns.of_row(number);
        let script = match (dice >> 8) % 10 {
            0..=2 => BUSIEST,
            _ => (dice >> 16) % self.shape.scripts_of(place),
        };
        // The busiest script hardly ever fails, and some of its failures are what somebody looks for.
        let status = match (script == BUSIEST, (dice >> 40) % 20_000) {
            (true, 0..=4) => "failed",
            (false, 0..=799) => "failed",
            (false, 800..=1_099) => "timeout",
            (false, 1_100..=1_199) => "cancelled",
            _ => "completed",
        };
        Traits {
            place,
            dice,
            at_us: self.begin_ms * 1_000 + number * self.step_us,
            script,
            city: (dice >> 32) as usize % CITIES.len(),
            courier: (dice >> 24) as usize % COURIERS.len(),
            parcel: turn % self.parcels(place),
            status,
        }
    }

    pub(crate) fn execution(&self, number: u64) -> Generated {
        let traits = self.traits(number);
        let Traits { place, dice, .. } = traits;
        let script = self.script(place, traits.script);
        let trigger = ["cron", "http", "event", "manual", "embedded"][(traits.script % 5) as usize];
        let failure = failure(traits.status, number);
        let city = CITIES[traits.city];
        let (sku, total) = ((dice >> 20) % 4_000, (dice >> 12) % 5_000_000);
        let note = if number.is_multiple_of(200) {
            LONG_NOTE
        } else {
            ""
        };
        let input = format!(
            r#"{{"order":"SO-{number}","client":{{"city":"{city}","segment":"retail"}},"lines":[{{"sku":"TEA-{sku}","quantity":{}}}],"total":{total},"currency":"UZS"{note}}}"#,
            dice % 40,
        );
        let output = failure.is_none().then(|| {
            format!(
                r#"{{"ok":true,"reserved":"in warehouse north","invoice":"INV-{number}","next":"payment"}}"#
            )
        });
        let day = (traits.at_us / 1_000 - self.begin_ms) / DAY_MS;
        let when = if (40..42).contains(&day) {
            format!(", during the {BLACKOUT}")
        } else {
            String::new()
        };
        let line = format!("parcel{:07} was {EVERYWHERE}{when}", traits.parcel);
        let line_data = format!(
            r#"{{"courier":"{}","shelf":{}}}"#,
            COURIERS[traits.courier],
            dice % 90
        );
        let mut generated = Generated {
            tenant: self.tenants[place],
            id: uuid7(traits.at_us / 1_000, mix(dice)),
            script,
            script_name: script_name(traits.script),
            status: traits.status,
            trigger,
            created_at: traits.at_us as i64,
            failure,
            input,
            output,
            line,
            line_data,
            words: Words::default(),
        };
        generated.cut();
        generated
    }

    pub(crate) fn event(&self, number: u64) -> GeneratedEvent {
        let dice = mix(number ^ 0x5555_0000_0000);
        let (place, _) = self.turns.of_row(number);
        let us = self.begin_ms * 1_000 + number * self.step_us * 20;
        GeneratedEvent {
            tenant: self.tenants[place],
            id: uuid7(us / 1_000, dice),
            kind: event_kind((dice >> 8) % EVENT_KINDS),
            created_at: us as i64,
            payload: format!(r#"{{"order":"SO-{number}","total":{}}}"#, dice % 5_000_000),
        }
    }
}

impl Generated {
    /// The words of its search document, as they are in the index.
    pub(crate) fn words_of_index(self) -> String {
        let before = prefix::of_execution(self.tenant, self.id);
        prefix::before_each(&before, &self.words.into_text())
    }

    /// As the store does when it records an end.
    fn cut(&mut self) {
        let words = &mut self.words;
        words.mark(&self.script.simple().to_string());
        words.mark(self.status).mark(self.trigger);
        words.add(&self.script_name);
        if let Some((code, message)) = &self.failure {
            words.part([*code, message.as_str()]);
        }
        words.log([(self.line.as_str(), Some(self.line_data.as_str()))]);
        if let Some(output) = &self.output {
            words.json(output);
        }
        words.json(&self.input);
    }
}

fn failure(status: &str, number: u64) -> Option<(&'static str, String)> {
    match status {
        "failed" => Some((
            "script.threw",
            format!("Error: the stock has no SO-{number}, reserve fewer or wait for the delivery"),
        )),
        "timeout" => Some((
            "limit.wall",
            format!(
                "ran for {} ms, and 30000 ms are allowed",
                30_000 + number % 50
            ),
        )),
        "cancelled" => Some(("cancelled", "cancelled by its user".into())),
        _ => None,
    }
}

/// The name of a tenant's script.
pub(crate) fn script_name(number: u64) -> String {
    let (verb, noun) = (number % 4, (number / 4) % 5);
    format!(
        "{} {} {number}",
        ["Check", "Price", "Send", "Reserve"][verb as usize],
        ["order", "invoice", "delivery", "stock", "return"][noun as usize]
    )
}

/// How many types of events there are.
pub(crate) const EVENT_KINDS: u64 = 50;

pub(crate) fn event_kind(number: u64) -> String {
    format!("order.kind{number}")
}

/// What makes one input in two hundred longer than a page of the database.
const LONG_NOTE: &str = concat!(
    r#","note":""#,
    "deliver before noon and call the doorman, who has the key of the yard and knows the way up; ",
    "deliver before noon and call the doorman, who has the key of the yard and knows the way up; ",
    "the scales stand behind the second gate, and nobody but the keeper may lift what is on them; ",
    "the scales stand behind the second gate, and nobody but the keeper may lift what is on them; ",
    "whatever is broken goes back with the same courier on the same day, with a photograph of it; ",
    "whatever is broken goes back with the same courier on the same day, with a photograph of it; ",
    "the buyer pays in cash or by card, and never to anybody who asks for it at the lower entrance; ",
    "the buyer pays in cash or by card, and never to anybody who asks for it at the lower entrance",
    r#"""#
);

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
