//! The order report: orders and revenue by day, week or month. Weeks are those of ISO 8601.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Unit};
use scriptorium::model::Timestamp;
use scriptorium::{Service, ServiceCall, ServiceError};
use serde_json::{Map, Value, json};

use crate::arguments::{self, Fields, day, word};
use crate::rows::{self, Row, written};

const TYPES: &str = r#"type OrderMetric = "count" | "revenue" | "average_value";
interface ReportOptions {
  /** The first and the last day of the period. */
  startDate: string | Date;
  endDate: string | Date;
  groupBy?: "day" | "week" | "month";
  /** All if left out. */
  includeMetrics?: OrderMetric[];
}
interface ReportRow {
  /** `2026-01-31`, `2026-W05` or `2026-01`. */
  period: string;
  count: number;
  revenue: number;
  average_value: number;
}"#;

const METRICS: &[&str] = &["count", "revenue", "average_value"];
const MAX_DAYS: i32 = 1_100;

pub(crate) fn add_to(orders: Service) -> Service {
    orders
        .types(TYPES)
        .method(
            "getReport",
            "options: ReportOptions",
            "Promise<ReportRow[]>",
            "Orders that were not cancelled, summed up by day, week or month.",
            report,
        )
        .reads_only()
        .requires(crate::REPORTS_VIEW)
}

async fn report(call: ServiceCall) -> Result<Value, ServiceError> {
    let question = Question::read(call.arg(0))?;
    let (from, until) = question.bounds()?;
    rows::within(&call, move |tables| {
        let orders = tables.select(
            "SELECT created_at, total FROM orders WHERE status <> 'cancelled' AND created_at >= $1 AND created_at < $2 ORDER BY created_at",
            vec![json!(written(from)), json!(written(until))],
        )?;
        question.answer(&orders)
    })
    .await
}

struct Question {
    start: Date,
    end: Date,
    group_by: String,
    metrics: Vec<&'static str>,
}

impl Question {
    fn read(options: &Value) -> Result<Self, ServiceError> {
        let known = ["startDate", "endDate", "groupBy", "includeMetrics"];
        let options = Fields::read(options, "", &known)?;
        let question = Self {
            start: options.required("startDate", day)?,
            end: options.required("endDate", day)?,
            group_by: options
                .optional("groupBy", word(&["day", "week", "month"]))?
                .unwrap_or_else(|| "day".to_owned()),
            metrics: options
                .optional("includeMetrics", metrics)?
                .unwrap_or_else(|| METRICS.to_vec()),
        };
        let days = question.start.until((Unit::Day, question.end));
        if !days.is_ok_and(|span| (0..=MAX_DAYS).contains(&span.get_days())) {
            let expectation = format!("must be within {MAX_DAYS} days after startDate");
            return Err(ServiceError::invalid("endDate", expectation));
        }
        Ok(question)
    }

    /// The first instant of the period, and the first after it.
    fn bounds(&self) -> Result<(Timestamp, Timestamp), ServiceError> {
        let from = arguments::start_of(self.start);
        let next = self.end.checked_add(1.day()).ok();
        let until = next.and_then(arguments::start_of);
        from.zip(until)
            .ok_or_else(|| ServiceError::invalid("endDate", "is too far away"))
    }

    fn answer(&self, orders: &[Row]) -> Result<Value, ServiceError> {
        let mut periods: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for order in orders {
            let day = rows::instant(order, "created_at")?
                .to_zoned(TimeZone::UTC)
                .date();
            let (count, revenue) = periods.entry(self.period(day)).or_default();
            *count += 1;
            *revenue += rows::number(order, "total");
        }
        let lines = periods.into_iter();
        let lines = lines.map(|(period, (count, revenue))| self.line(&period, count, revenue));
        Ok(Value::Array(lines.collect()))
    }

    fn period(&self, day: Date) -> String {
        match self.group_by.as_str() {
            "week" => {
                let week = day.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            "month" => format!("{:04}-{:02}", day.year(), day.month()),
            _ => day.to_string(),
        }
    }

    fn line(&self, period: &str, count: i64, revenue: i64) -> Value {
        let mut line = Map::from_iter([("period".to_owned(), json!(period))]);
        for metric in &self.metrics {
            let value = match *metric {
                "count" => count,
                "revenue" => revenue,
                _ => rounded_average(revenue, count),
            };
            line.insert((*metric).to_owned(), json!(value));
        }
        Value::Object(line)
    }
}

fn rounded_average(sum: i64, count: i64) -> i64 {
    (sum + count / 2) / count.max(1)
}

fn metrics(value: &Value, field: &str) -> Result<Vec<&'static str>, ServiceError> {
    let known = |metric: &Value| METRICS.iter().find(|name| metric == **name).copied();
    value
        .as_array()
        .filter(|metrics| metrics.len() <= METRICS.len())
        .and_then(|metrics| metrics.iter().map(known).collect())
        .ok_or_else(|| {
            let expectation = format!("must be an array of {}", METRICS.join(", "));
            ServiceError::invalid(field, expectation)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(at: &str, total: i64) -> Row {
        json!({"created_at": at, "total": total})
            .as_object()
            .unwrap()
            .clone()
    }

    #[track_caller]
    fn check(options: Value, expected: Value) {
        let orders = [
            order("2025-12-29T10:00:00Z", 100),
            order("2026-01-04T23:59:59Z", 50),
            order("2026-01-05T00:00:00Z", 25),
        ];
        assert_eq!(
            Question::read(&options).unwrap().answer(&orders).unwrap(),
            expected
        );
    }

    #[track_caller]
    fn refuse(options: Value, complaint: &str) {
        let error = Question::read(&options).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
    }

    #[test]
    fn orders_are_summed_up_by_period() {
        let by = |group| json!({"startDate": "2025-12-01", "endDate": "2026-01-31", "groupBy": group, "includeMetrics": ["count", "revenue"]});
        check(
            by("week"),
            json!([
                {"period": "2026-W01", "count": 2, "revenue": 150},
                {"period": "2026-W02", "count": 1, "revenue": 25},
            ]),
        );
        check(
            by("month"),
            json!([
                {"period": "2025-12", "count": 1, "revenue": 100},
                {"period": "2026-01", "count": 2, "revenue": 75},
            ]),
        );
        check(
            json!({"startDate": "2025-12-01", "endDate": "2026-01-31", "groupBy": "month", "includeMetrics": ["average_value"]}),
            json!([
                {"period": "2025-12", "average_value": 100},
                {"period": "2026-01", "average_value": 38},
            ]),
        );
    }

    #[test]
    fn questions_without_sense_are_refused() {
        let period = |start: &str, end: &str| json!({"startDate": start, "endDate": end});
        refuse(json!(null), "argument must be an object");
        refuse(json!({}), "startDate is required");
        refuse(period("2026-02-01", "2026-01-01"), "endDate must be within");
        refuse(period("2016-02-01", "2026-01-01"), "endDate must be within");
        refuse(period("soon", "2026-01-01"), "startDate must be a date");
        let mut other = period("2026-01-01", "2026-01-02");
        other["includeMetrics"] = json!(["profit"]);
        refuse(other, "includeMetrics must be an array");
    }
}
