//! `utils.csv`: tables as text (RFC 4180).

use csv::{QuoteStyle, ReaderBuilder, Terminator, WriterBuilder};
use scriptorium_engine::HostError;
use serde_json::{Map, Value};

use super::text;
use crate::capabilities::args::Args;
use crate::capabilities::invalid;
use crate::host::Run;

/// Most bytes of a table as text, and of rows as JSON.
pub(super) const TEXT_BYTES: usize = 2 << 20;
/// Most rows.
const ROWS: usize = 50_000;
/// Most columns.
const COLUMNS: usize = 1_000;

/// How a table is written.
struct Form {
    delimiter: u8,
    header: bool,
    trim: bool,
    columns: Option<Vec<String>>,
    crlf: bool,
    escape_formulas: bool,
}

pub(super) fn parse(_: &Run, mut args: Args) -> Result<String, HostError> {
    let given = args.text(0).unwrap_or_default();
    let form = Form::read(args.object(1), &["delimiter", "header", "trim"])?;
    let given = given.strip_prefix('\u{feff}').unwrap_or(&given);
    let mut reader = ReaderBuilder::new()
        .delimiter(form.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(given.as_bytes());
    let mut names: Option<Vec<String>> = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| invalid("text", "is no CSV"))?;
        if record.len() > COLUMNS || rows.len() >= ROWS {
            let message = format!("must have at most {ROWS} rows and {COLUMNS} columns");
            return Err(invalid("text", message));
        }
        let cells = record
            .iter()
            .map(|cell| if form.trim { cell.trim() } else { cell });
        if !form.header {
            rows.push(cells.map(Value::from).collect::<Value>());
            continue;
        }
        let Some(names) = &names else {
            names = Some(header(cells)?);
            continue;
        };
        if record.len() > names.len() {
            let message = format!(
                "has a row {} with more cells than the header",
                rows.len() + 1
            );
            return Err(invalid("text", message));
        }
        let row = names.iter().cloned().zip(cells.map(Value::from));
        let mut row: Map<String, Value> = row.collect();
        for name in names.iter().skip(record.len()) {
            row.insert(name.clone(), Value::from(""));
        }
        rows.push(row.into());
    }
    Ok(Value::from(rows).to_string())
}

fn header<'a>(cells: impl Iterator<Item = &'a str>) -> Result<Vec<String>, HostError> {
    let names: Vec<String> = cells.map(|cell| cell.trim().to_owned()).collect();
    for (place, name) in names.iter().enumerate() {
        if names[..place].contains(name) {
            let message = format!("has two columns {name:?} in its header");
            return Err(invalid("text", message));
        }
    }
    Ok(names)
}

pub(super) fn write(_: &Run, mut args: Args) -> Result<String, HostError> {
    let Value::Array(rows) = args.json(0).to_value() else {
        return Err(invalid("rows", "must be a list of objects, or of lists"));
    };
    let known = ["delimiter", "header", "columns", "crlf", "escapeFormulas"];
    let form = Form::read(args.object(1), &known)?;
    if rows.len() > ROWS {
        return Err(invalid("rows", format!("must be at most {ROWS}")));
    }
    let mut writer = WriterBuilder::new()
        .delimiter(form.delimiter)
        .quote_style(QuoteStyle::Necessary)
        .terminator(if form.crlf {
            Terminator::CRLF
        } else {
            Terminator::Any(b'\n')
        })
        .flexible(true)
        .from_writer(Vec::new());
    let columns = form.columns.clone().unwrap_or_else(|| columns_of(&rows));
    let failed = |_| HostError::new("PLATFORM_ERROR", "the table could not be written");
    if form.header && !columns.is_empty() {
        writer.write_record(&columns).map_err(failed)?;
    }
    for row in &rows {
        let cells: Vec<String> = match row {
            Value::Array(cells) => cells.iter().map(|cell| form.cell(cell)).collect(),
            Value::Object(members) => {
                let cell =
                    |name: &String| members.get(name).map_or(String::new(), |v| form.cell(v));
                columns.iter().map(cell).collect()
            }
            _ => return Err(invalid("rows", "must be a list of objects, or of lists")),
        };
        writer.write_record(&cells).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|_| HostError::new("PLATFORM_ERROR", "the table could not be written"))?;
    Ok(text(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The members of all objects, in the order in which they turn up.
fn columns_of(rows: &[Value]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for row in rows.iter().filter_map(Value::as_object) {
        for name in row.keys() {
            if seen.insert(name.clone()) {
                columns.push(name.clone());
            }
        }
    }
    columns
}

impl Form {
    fn read(options: Map<String, Value>, known: &[&str]) -> Result<Self, HostError> {
        let mut form = Self {
            delimiter: b',',
            header: true,
            trim: false,
            columns: None,
            crlf: false,
            escape_formulas: false,
        };
        for (name, value) in options {
            if !known.contains(&name.as_str()) {
                return Err(invalid(
                    "options",
                    format!("may have {} only", known.join(", ")),
                ));
            }
            let field = format!("options.{name}");
            let switch = || {
                value
                    .as_bool()
                    .ok_or_else(|| invalid(&field, "must be true or false"))
            };
            match name.as_str() {
                _ if value.is_null() => {}
                "header" => form.header = switch()?,
                "trim" => form.trim = switch()?,
                "crlf" => form.crlf = switch()?,
                "escapeFormulas" => form.escape_formulas = switch()?,
                "columns" => {
                    let list = value.as_array().filter(|list| list.len() <= COLUMNS);
                    let names = list.and_then(|list| {
                        let name = |name: &Value| name.as_str().map(str::to_owned);
                        list.iter().map(name).collect::<Option<Vec<_>>>()
                    });
                    let refuse = || invalid(&field, "must be a list of names");
                    form.columns = Some(names.ok_or_else(refuse)?);
                }
                _ => match value.as_str().map(str::as_bytes) {
                    Some([sign]) if !matches!(sign, b'"' | b'\r' | b'\n') => {
                        form.delimiter = *sign;
                    }
                    _ => return Err(invalid(&field, "must be one sign, such as ; or a tab")),
                },
            }
        }
        Ok(form)
    }

    fn cell(&self, value: &Value) -> String {
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        // A spreadsheet would calculate it.
        let formula = value.is_string() && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        if self.escape_formulas && formula {
            return format!("'{text}");
        }
        text
    }
}
