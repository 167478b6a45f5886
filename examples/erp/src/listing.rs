//! Lists with filters, as scripts ask for them: `{ filters: [{ field, operator, value }], orderBy,
//! limit }` (R-JSVC-07). Fields and operators come from allow-lists, values are always parameters.

use scriptorium::ServiceError;
use serde_json::Value;

use crate::arguments::{self, Fields};
use crate::rows::written;

/// TypeScript of what a list takes.
pub(crate) const TYPES: &str = r#"/** One condition; all conditions of a list hold together. */
interface Filter {
  field: string;
  /** `in` takes an array, `contains` a part of a text. */
  operator: "eq" | "ne" | "lt" | "lte" | "gt" | "gte" | "in" | "contains";
  value: unknown;
}
interface ListOptions {
  filters?: Filter[];
  /** A field, with `-` in front for the opposite order. */
  orderBy?: string;
  /** 1 to 1000; 100 if left out. */
  limit?: number;
}"#;

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1_000;
const MAX_FILTERS: usize = 20;
const MAX_CHOICES: usize = 100;

/// What a field holds, and so which values it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Id,
    Text,
    Integer,
    Instant,
    Day,
}

/// A table that scripts can list.
pub(crate) struct Listing {
    /// The table.
    pub(crate) table: &'static str,
    /// Fields that may be filtered and ordered by.
    pub(crate) fields: &'static [(&'static str, Kind)],
    /// Order when none is asked for.
    pub(crate) order: &'static str,
}

/// A statement with its parameters.
#[derive(Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) parameters: Vec<Value>,
}

impl Listing {
    /// The statement for the first argument of a `list` call.
    pub(crate) fn statement(&self, options: &Value) -> Result<Statement, ServiceError> {
        let empty = Value::Object(serde_json::Map::new());
        let options = if options.is_null() { &empty } else { options };
        let options = Fields::read(options, "", &["filters", "orderBy", "limit"])?;

        let mut parameters = Vec::new();
        let conditions = options
            .optional("filters", |filters, field| {
                self.conditions(filters, field, &mut parameters)
            })?
            .unwrap_or_default();
        let order = options.optional("orderBy", |order, field| self.order(order, field))?;
        let limit = options.optional("limit", arguments::integer(1..=MAX_LIMIT))?;

        let mut sql = format!("SELECT * FROM {}", self.table);
        if !conditions.is_empty() {
            sql.push_str(" WHERE ");
            sql.push_str(&conditions.join(" AND "));
        }
        let order = order.unwrap_or_else(|| self.order.to_owned());
        // The id makes the order total, so that equal rows come in the same order every time.
        let limit = place(&mut parameters, limit.unwrap_or(DEFAULT_LIMIT).into());
        sql.push_str(&format!(" ORDER BY {order}, id LIMIT {limit}"));
        Ok(Statement { sql, parameters })
    }

    fn conditions(
        &self,
        filters: &Value,
        field: &str,
        parameters: &mut Vec<Value>,
    ) -> Result<Vec<String>, ServiceError> {
        let filters = filters
            .as_array()
            .filter(|filters| filters.len() <= MAX_FILTERS)
            .ok_or_else(|| {
                let expectation = format!("must be an array of at most {MAX_FILTERS} filters");
                ServiceError::invalid(field, expectation)
            })?;
        let indexed = filters.iter().enumerate();
        indexed
            .map(|(index, filter)| self.condition(filter, &format!("{field}[{index}]"), parameters))
            .collect()
    }

    fn condition(
        &self,
        filter: &Value,
        path: &str,
        parameters: &mut Vec<Value>,
    ) -> Result<String, ServiceError> {
        let filter_fields = Fields::read(filter, path, &["field", "operator", "value"])?;
        let (name, kind) =
            filter_fields.required("field", |name, field| self.field(name.as_str(), field))?;
        let operator = filter_fields.required(
            "operator",
            arguments::word(&["eq", "ne", "lt", "lte", "gt", "gte", "in", "contains"]),
        )?;
        let value = filter.get("value").unwrap_or(&Value::Null);
        let path = format!("{path}.value");

        let comparison = match operator.as_str() {
            "eq" if value.is_null() => return Ok(format!("{name} IS NULL")),
            "ne" if value.is_null() => return Ok(format!("{name} IS NOT NULL")),
            "in" => return choice(name, kind, value, &path, parameters),
            "contains" => return part(name, kind, value, &path, parameters),
            "eq" => "=",
            "ne" => "<>",
            "lt" => "<",
            "lte" => "<=",
            "gt" => ">",
            _ => ">=",
        };
        let place = place(parameters, operand(kind, value, &path)?);
        Ok(format!("{name} {comparison} {place}"))
    }

    fn order(&self, order: &Value, path: &str) -> Result<String, ServiceError> {
        let text = order.as_str();
        match text.and_then(|text| text.strip_prefix('-')) {
            Some(name) => Ok(format!("{} DESC", self.field(Some(name), path)?.0)),
            None => Ok(self.field(text, path)?.0.to_owned()),
        }
    }

    /// The allow-listed field of this name. The returned name is ours, never the script's text.
    fn field(&self, name: Option<&str>, path: &str) -> Result<(&'static str, Kind), ServiceError> {
        let mut fields = self.fields.iter();
        fields
            .find(|(field, _)| Some(*field) == name)
            .copied()
            .ok_or_else(|| {
                let names: Vec<&str> = self.fields.iter().map(|(name, _)| *name).collect();
                ServiceError::invalid(path, format!("must be one of {}", names.join(", ")))
            })
    }
}

/// Adds a parameter; gives its place in the statement.
fn place(parameters: &mut Vec<Value>, value: Value) -> String {
    parameters.push(value);
    format!("${}", parameters.len())
}

fn choice(
    name: &str,
    kind: Kind,
    value: &Value,
    path: &str,
    parameters: &mut Vec<Value>,
) -> Result<String, ServiceError> {
    let choices = value
        .as_array()
        .filter(|choices| (1..=MAX_CHOICES).contains(&choices.len()))
        .ok_or_else(|| {
            let expectation = format!("must be an array of 1 to {MAX_CHOICES} values");
            ServiceError::invalid(path, expectation)
        })?;
    let mut places = Vec::with_capacity(choices.len());
    for (index, choice) in choices.iter().enumerate() {
        let value = operand(kind, choice, &format!("{path}[{index}]"))?;
        places.push(place(parameters, value));
    }
    Ok(format!("{name} IN ({})", places.join(", ")))
}

fn part(
    name: &str,
    kind: Kind,
    value: &Value,
    path: &str,
    parameters: &mut Vec<Value>,
) -> Result<String, ServiceError> {
    if kind != Kind::Text {
        let expectation = format!("cannot be part of {name}: contains is for texts");
        return Err(ServiceError::invalid(path, expectation));
    }
    let text = arguments::text(200)(value, path)?;
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    let place = place(parameters, pattern.into());
    Ok(format!("{name} LIKE {place} ESCAPE '\\'"))
}

/// A value in the form in which the field's column holds it.
fn operand(kind: Kind, value: &Value, path: &str) -> Result<Value, ServiceError> {
    const SAFE: i64 = 9_007_199_254_740_991;
    Ok(match kind {
        Kind::Id => arguments::id(value, path)?.to_string().into(),
        Kind::Text => arguments::text(500)(value, path)?.into(),
        Kind::Integer => arguments::integer(-SAFE..=SAFE)(value, path)?.into(),
        Kind::Instant => written(arguments::instant(value, path)?).into(),
        Kind::Day => arguments::day(value, path)?.to_string().into(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CLIENTS: Listing = Listing {
        table: "clients",
        fields: &[
            ("id", Kind::Id),
            ("name", Kind::Text),
            ("credit_limit", Kind::Integer),
            ("last_activity", Kind::Instant),
        ],
        order: "name",
    };

    #[track_caller]
    fn check(options: Value, sql: &str, parameters: Value) {
        let statement = CLIENTS.statement(&options).unwrap();
        assert_eq!(statement.sql, format!("SELECT * FROM clients {sql}"));
        assert_eq!(Value::Array(statement.parameters), parameters);
    }

    #[track_caller]
    fn refuse(options: Value, complaint: &str) {
        let error = CLIENTS.statement(&options).unwrap_err();
        assert_eq!(error.code(), "VALIDATION_ERROR");
        assert!(error.to_string().contains(complaint), "{error}");
    }

    fn one(field: &str, operator: &str, value: Value) -> Value {
        json!({"filters": [{"field": field, "operator": operator, "value": value}]})
    }

    #[test]
    fn filters_become_conditions_with_parameters() {
        check(json!(null), "ORDER BY name, id LIMIT $1", json!([100]));
        check(
            json!({"orderBy": "-credit_limit", "limit": 5}),
            "ORDER BY credit_limit DESC, id LIMIT $1",
            json!([5]),
        );
        check(
            one("credit_limit", "gte", json!(10)),
            "WHERE credit_limit >= $1 ORDER BY name, id LIMIT $2",
            json!([10, 100]),
        );
        check(
            one("name", "in", json!(["a", "b"])),
            "WHERE name IN ($1, $2) ORDER BY name, id LIMIT $3",
            json!(["a", "b", 100]),
        );
        check(
            one("name", "contains", json!("50%_")),
            "WHERE name LIKE $1 ESCAPE '\\' ORDER BY name, id LIMIT $2",
            json!(["%50\\%\\_%", 100]),
        );
        check(
            one("last_activity", "ne", json!(null)),
            "WHERE last_activity IS NOT NULL ORDER BY name, id LIMIT $1",
            json!([100]),
        );
    }

    #[test]
    fn what_is_not_on_a_list_is_refused() {
        refuse(json!([]), "argument must be an object");
        refuse(json!({"where": "1=1"}), "where is unknown");
        refuse(json!({"limit": 0}), "limit must be a whole number");
        refuse(json!({"limit": 1001}), "from 1 to 1000");
        refuse(json!({"orderBy": "name; --"}), "orderBy must be one of");
        refuse(json!({"filters": {}}), "filters must be an array");
        refuse(
            one("1=1 OR name", "eq", json!("a")),
            "filters[0].field must be one of",
        );
        refuse(
            one("name", "like", json!("a")),
            "filters[0].operator must be one of",
        );
        refuse(
            one("name", "eq", json!({"a": 1})),
            "filters[0].value must be a string",
        );
        refuse(
            one("credit_limit", "lt", json!("5")),
            "filters[0].value must be a whole",
        );
        refuse(
            one("credit_limit", "contains", json!("5")),
            "contains is for texts",
        );
        refuse(
            one("id", "eq", json!("5")),
            "filters[0].value must be a UUID",
        );
        refuse(one("id", "in", json!([])), "1 to 100 values");
        refuse(
            one("id", "in", json!(["5"])),
            "filters[0].value[0] must be a UUID",
        );
    }
}
