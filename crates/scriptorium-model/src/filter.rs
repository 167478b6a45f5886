//! Filters of subscriptions: rules over the payload of an event, joined by all or any (R-EVT-05,
//! They are data, never evaluated as code, and small enough to be asked for every event.

use serde_json::{Map, Value};

use crate::definition::at_most_bytes;
use crate::{Invalid, Json};

/// The field that a refused filter names.
const FIELD: &str = "event.filter";
/// Largest text of a filter in bytes.
const BYTES: usize = 16 << 10;
/// Most comparisons of a filter.
const COMPARISONS: usize = 50;
/// Deepest that groups may hold groups.
const DEPTH: usize = 5;

/// A checked filter, with the text it was written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    text: Json,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    All(Vec<Rule>),
    Any(Vec<Rule>),
    /// The value at a path of member names, compared with a fixed one.
    Compare(Vec<String>, Comparison, Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    In,
    Contains,
}

impl Comparison {
    const ALL: [(&str, Self); 8] = [
        ("eq", Self::Equal),
        ("ne", Self::NotEqual),
        ("gt", Self::Greater),
        ("gte", Self::GreaterOrEqual),
        ("lt", Self::Less),
        ("lte", Self::LessOrEqual),
        ("in", Self::In),
        ("contains", Self::Contains),
    ];
}

impl Filter {
    /// Reads `{"field": "order.total", "op": "gt", "value": 100}`, or several of them in
    /// `{"all": […]}` or `{"any": […]}`.
    ///
    /// # Errors
    /// The broken rule, as field `event.filter`.
    pub fn parse(text: Json) -> Result<Self, Invalid> {
        at_most_bytes(FIELD, text.len(), BYTES)?;
        let mut comparisons = 0;
        let rule = rule(&text.to_value(), DEPTH, &mut comparisons)?;
        Ok(Self { text, rule })
    }

    /// The text it was written as.
    pub fn as_json(&self) -> &Json {
        &self.text
    }

    /// Whether a payload is what it asks for. A member that is not there equals nothing.
    pub fn matches(&self, payload: &Value) -> bool {
        self.rule.matches(payload)
    }
}

impl Rule {
    fn matches(&self, payload: &Value) -> bool {
        match self {
            Self::All(rules) => rules.iter().all(|rule| rule.matches(payload)),
            Self::Any(rules) => rules.iter().any(|rule| rule.matches(payload)),
            Self::Compare(path, comparison, wanted) => {
                let found = path
                    .iter()
                    .try_fold(payload, |value, name| value.get(name.as_str()));
                match found {
                    Some(found) => comparison.holds(found, wanted),
                    None => *comparison == Comparison::NotEqual,
                }
            }
        }
    }
}

impl Comparison {
    fn holds(self, found: &Value, wanted: &Value) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let order = || order(found, wanted);
        match self {
            Self::Equal => equal(found, wanted),
            Self::NotEqual => !equal(found, wanted),
            Self::Greater => order() == Some(Greater),
            Self::GreaterOrEqual => matches!(order(), Some(Greater | Equal)),
            Self::Less => order() == Some(Less),
            Self::LessOrEqual => matches!(order(), Some(Less | Equal)),
            Self::In => holds_one(wanted, found),
            Self::Contains => match (found, wanted) {
                (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
                _ => holds_one(found, wanted),
            },
        }
    }
}

/// Numbers and texts have an order; a number and a text have none.
fn order(one: &Value, other: &Value) -> Option<std::cmp::Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

/// JavaScript knows one kind of number: 1 and 1.0 are the same.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

fn holds_one(list: &Value, wanted: &Value) -> bool {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().any(|item| equal(item, wanted))
}

fn rule(value: &Value, depth: usize, comparisons: &mut usize) -> Result<Rule, Invalid> {
    let Value::Object(members) = value else {
        return refuse("must be an object with all, any, or field, op and value");
    };
    if members.contains_key("all") {
        return group(members, "all", depth, comparisons).map(Rule::All);
    }
    if members.contains_key("any") {
        return group(members, "any", depth, comparisons).map(Rule::Any);
    }
    *comparisons += 1;
    if *comparisons > COMPARISONS {
        return refuse(&format!("must have at most {COMPARISONS} comparisons"));
    }
    compare(members)
}

fn group(
    members: &Map<String, Value>,
    name: &str,
    depth: usize,
    comparisons: &mut usize,
) -> Result<Vec<Rule>, Invalid> {
    let rules = members.get(name).and_then(Value::as_array);
    let Some(rules) = rules.filter(|rules| !rules.is_empty() && members.len() == 1) else {
        return refuse("all and any must stand alone and hold a list of rules");
    };
    let Some(depth) = depth.checked_sub(1) else {
        return refuse(&format!("groups may be nested {DEPTH} deep"));
    };
    rules
        .iter()
        .map(|value| rule(value, depth, comparisons))
        .collect()
}

fn compare(members: &Map<String, Value>) -> Result<Rule, Invalid> {
    let known = ["field", "op", "value"];
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return refuse(&format!("does not know {name}"));
    }
    let path = members.get("field").and_then(Value::as_str).unwrap_or("");
    let path: Vec<String> = path.split('.').map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        return refuse("field must be names joined by dots, such as order.total");
    }
    let name = members.get("op").and_then(Value::as_str).unwrap_or("");
    let comparison = Comparison::ALL.iter().find(|(known, _)| *known == name);
    let Some((_, comparison)) = comparison else {
        return refuse("op must be eq, ne, gt, gte, lt, lte, in or contains");
    };
    let Some(wanted) = members.get("value") else {
        return refuse("value is required");
    };
    let fits = match comparison {
        Comparison::Equal | Comparison::NotEqual => true,
        Comparison::In => wanted.is_array(),
        Comparison::Contains => !wanted.is_array() && !wanted.is_object(),
        _ => wanted.is_number() || wanted.is_string(),
    };
    if !fits {
        return refuse(&format!("value does not fit {name}"));
    }
    Ok(Rule::Compare(path, *comparison, wanted.clone()))
}

fn refuse<T>(message: &str) -> Result<T, Invalid> {
    Err(Invalid::field(FIELD, "bad_filter", message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(filter: Value, payload: Value, expected: bool) {
        let filter = Filter::parse(filter.into()).unwrap();
        assert_eq!(filter.matches(&payload), expected, "{filter:?} {payload}");
    }

    fn one(op: &str, value: Value) -> Value {
        json!({"field": "order.total", "op": op, "value": value})
    }

    fn order(total: Value) -> Value {
        json!({"order": {"total": total}})
    }

    #[test]
    fn each_comparison_compares() {
        for (op, wanted, found, expected) in [
            ("eq", json!(1), json!(1.0), true),
            ("eq", json!("1"), json!(1), false),
            ("eq", json!({"a": [1]}), json!({"a": [1]}), true),
            ("ne", json!(1), json!(2), true),
            ("ne", json!(1), json!(1), false),
            ("gt", json!(100), json!(100), false),
            ("gt", json!(100), json!(100.5), true),
            ("gt", json!(100), json!("101"), false),
            ("gte", json!(100), json!(100), true),
            ("lt", json!("2026-02"), json!("2026-01-31"), true),
            ("lt", json!(1), json!(1), false),
            ("lte", json!(1), json!(1), true),
            ("in", json!(["a", "b"]), json!("b"), true),
            ("in", json!(["a", "b"]), json!("c"), false),
            ("contains", json!("ош"), json!("Тошкент ош"), true),
            ("contains", json!("x"), json!(["x", "y"]), true),
            ("contains", json!("z"), json!(["x", "y"]), false),
        ] {
            check(one(op, wanted), order(found), expected);
        }
    }

    #[test]
    fn a_member_that_is_not_there_equals_nothing() {
        for op in ["eq", "gt", "lte", "contains"] {
            check(one(op, json!("x")), json!({"order": null}), false);
            check(one(op, json!("x")), json!([1]), false);
        }
        check(one("in", json!([null])), json!({}), false);
        check(one("ne", json!("x")), json!({}), true);
    }

    #[test]
    fn groups_are_all_or_any() {
        let both = [one("gt", json!(1)), one("lt", json!(5))];
        check(json!({"all": both}), order(json!(3)), true);
        check(json!({"all": both}), order(json!(7)), false);
        check(json!({"any": both}), order(json!(7)), true);
        check(
            json!({"any": [{"all": both}, one("eq", json!(9))]}),
            order(json!(9)),
            true,
        );
    }

    #[track_caller]
    fn refused(filter: Value) {
        let refused = Filter::parse(filter.into()).unwrap_err();
        assert_eq!(refused.errors[0].field, FIELD);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in [
            json!(null),
            json!([]),
            json!({}),
            json!({"all": []}),
            json!({"all": {}}),
            json!({"all": [one("eq", json!(1))], "any": [one("eq", json!(1))]}),
            json!({"field": "", "op": "eq", "value": 1}),
            json!({"field": "a..b", "op": "eq", "value": 1}),
            json!({"field": "a", "op": "=", "value": 1}),
            json!({"field": "a", "op": "eq"}),
            json!({"field": "a", "op": "eq", "value": 1, "code": "x"}),
            json!({"field": "a", "op": "in", "value": 1}),
            json!({"field": "a", "op": "gt", "value": [1]}),
            json!({"field": "a", "op": "eq", "value": "x".repeat(BYTES)}),
        ] {
            refused(filter);
        }
    }

    #[test]
    fn size_and_depth_are_bounded() {
        let comparison = json!({"field": "a", "op": "eq", "value": 1});
        let many = |count| json!({"all": vec![comparison.clone(); count]});
        check(many(COMPARISONS), json!({"a": 1}), true);
        refused(many(COMPARISONS + 1));
        let deep = |depth| (0..depth).fold(comparison.clone(), |rule, _| json!({"all": [rule]}));
        check(deep(DEPTH), json!({"a": 1}), true);
        refused(deep(DEPTH + 1));
    }
}
