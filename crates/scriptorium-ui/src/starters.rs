//! What a new script can begin as: one small working example of each type.

use scriptorium::model::endpoint::Method;
use scriptorium::model::schedule::Schedule;
use scriptorium::model::script::{Definition, Language};
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Subscription, Trigger};

/// A starter; its name and description are the texts `starter-{id}` and `starter-text-{id}`.
pub(crate) struct Starter {
    pub(crate) id: &'static str,
    pub(crate) icon: &'static str,
    language: Language,
    source: &'static str,
    /// The input that the run panel offers.
    pub(crate) input: &'static str,
}

/// Every starter in the order they are offered.
pub(crate) const STARTERS: [Starter; 6] = [
    Starter {
        id: "oneoff",
        icon: "hand",
        language: Language::JavaScript,
        source: include_str!("../starters/oneoff.js"),
        input: "{\n  \"name\": \"Ada\"\n}",
    },
    Starter {
        id: "scheduled",
        icon: "clock",
        language: Language::JavaScript,
        source: include_str!("../starters/scheduled.js"),
        input: "{}",
    },
    Starter {
        id: "http",
        icon: "globe",
        language: Language::TypeScript,
        source: include_str!("../starters/http.ts"),
        input: "{\n  \"method\": \"GET\",\n  \"path\": \"/hello/Ada\",\n  \"params\": { \"name\": \"Ada\" },\n  \"query\": {},\n  \"headers\": {},\n  \"body\": null\n}",
    },
    Starter {
        id: "event",
        icon: "bolt",
        language: Language::JavaScript,
        source: include_str!("../starters/event.js"),
        input: "{\n  \"orderId\": \"1001\",\n  \"total\": 250\n}",
    },
    Starter {
        id: "embedded",
        icon: "plug",
        language: Language::TypeScript,
        source: include_str!("../starters/embedded.ts"),
        input: "{\n  \"price\": 120,\n  \"quantity\": 12\n}",
    },
    Starter {
        id: "blank",
        icon: "code",
        language: Language::JavaScript,
        source: "",
        input: "{}",
    },
];

impl Starter {
    /// The starter of an id.
    pub(crate) fn find(id: &str) -> Option<&'static Self> {
        STARTERS.iter().find(|starter| starter.id == id)
    }

    /// What the editor opens with.
    pub(crate) fn definition(&self) -> Definition {
        Definition {
            source: self.source.to_owned(),
            language: self.language,
            ..Definition::blank(self.trigger())
        }
    }

    fn trigger(&self) -> Trigger {
        match self.id {
            "scheduled" => Trigger::Scheduled(Schedule::new("0 9 * * *", "UTC")),
            "http" => Trigger::Http(Endpoint::new(
                "/hello/{name}",
                &[Method::Get],
                EndpointAuth::Required,
            )),
            "event" => Trigger::Event(Subscription::to(["order.created"])),
            "embedded" => Trigger::Embedded,
            _ => Trigger::OneOff,
        }
    }
}
