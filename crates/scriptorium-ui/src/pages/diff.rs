//! Two versions side by side.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{Redirect, Response};
use scriptorium::model::ScriptId;
use scriptorium::{Diff, DiffRow, RowKind};
use serde::Deserialize;

use super::id;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::head::Head;
use crate::texts::Texts;
use crate::visitor::Visitor;
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "diff.html")]
struct DiffPage {
    frame: Frame,
    t: Texts,
    head: Head,
    a: u32,
    b: u32,
    numbers: Vec<u32>,
    fields: Vec<Field>,
    added: usize,
    removed: usize,
    rows: Vec<Row>,
}

struct Field {
    name: String,
    before: String,
    after: String,
}

/// A pair of lines, or a number of equal lines that are not shown.
#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    left: Option<(u32, String)>,
    right: Option<(u32, String)>,
    changed: bool,
    folded: Option<u64>,
}

#[derive(Deserialize)]
pub(crate) struct Pair {
    a: u32,
    b: u32,
}

/// Equal lines shown around a change.
const CONTEXT: usize = 4;

/// Fewer equal lines than this are not folded.
const LEAST_FOLDED: usize = 3;

/// `GET /scripts/{id}/versions/compare?a=&b=`, where the form on the page leads.
pub(crate) async fn choose(
    visitor: Visitor,
    Path(script): Path<String>,
    Query(pair): Query<Pair>,
) -> Result<Redirect, Failure> {
    let script: ScriptId = id(&script, &visitor)?;
    let Pair { a, b } = pair;
    Ok(Redirect::to(&format!(
        "/scripts/{script}/versions/{a}/diff/{b}"
    )))
}

/// `GET /scripts/{id}/versions/{a}/diff/{b}`
pub(crate) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Path((script, a, b)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let script_id: ScriptId = id(&script, &visitor)?;
    let (a, b): (u32, u32) = (id(&a, &visitor)?, id(&b, &visitor)?);
    let scripts = site.platform.scripts();
    let script = scripts.find(ctx, script_id).await;
    let head = Head::of(ctx, &script.map_err(explained(&visitor))?, "versions");
    let diff = scripts.diff(ctx, script_id, a, b).await;
    let diff = diff.map_err(explained(&visitor))?;
    let page = DiffPage {
        frame: Frame::new(t, head.name.clone(), "scripts", Some(&visitor.caller)),
        t,
        a,
        b,
        numbers: (1..=head.version).rev().collect(),
        head,
        added: diff.rows.iter().filter(|row| adds(row)).count(),
        removed: diff.rows.iter().filter(|row| removes(row)).count(),
        rows: folded(&diff.rows),
        fields: fields(diff),
    };
    Ok(answer::strict(&page))
}

fn adds(row: &DiffRow) -> bool {
    matches!(row.kind, RowKind::Insert | RowKind::Replace) && row.right.is_some()
}

fn removes(row: &DiffRow) -> bool {
    matches!(row.kind, RowKind::Delete | RowKind::Replace) && row.left.is_some()
}

/// Changed settings; the source has a view of its own.
fn fields(diff: Diff) -> Vec<Field> {
    let changed = diff.changed_fields.into_iter();
    let settings = changed.filter(|change| change.field != "source");
    settings
        .map(|change| Field {
            name: change.field,
            before: change.before,
            after: change.after,
        })
        .collect()
}

/// The rows with long stretches of equal lines folded; none when nothing changed.
fn folded(rows: &[DiffRow]) -> Vec<Row> {
    let changed: Vec<bool> = rows.iter().map(|row| row.kind != RowKind::Equal).collect();
    if !changed.contains(&true) {
        return Vec::new();
    }
    let near = |index: usize| {
        let from = index.saturating_sub(CONTEXT);
        let to = (index + CONTEXT + 1).min(rows.len());
        changed[from..to].contains(&true)
    };
    let mut shown = Vec::new();
    let mut far = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if near(index) {
            fold(&mut shown, &mut far);
            shown.push(Row::of(row));
        } else {
            far.push(row);
        }
    }
    fold(&mut shown, &mut far);
    shown
}

/// Puts one row for many equal ones; a few are shown, as a fold takes a line too.
fn fold(shown: &mut Vec<Row>, far: &mut Vec<&DiffRow>) {
    if far.len() < LEAST_FOLDED {
        shown.extend(far.iter().map(|row| Row::of(row)));
    } else {
        shown.push(Row {
            folded: Some(far.len() as u64),
            ..Row::default()
        });
    }
    far.clear();
}

impl Row {
    fn of(row: &DiffRow) -> Self {
        Self {
            left: row.left.clone(),
            right: row.right.clone(),
            changed: row.kind != RowKind::Equal,
            folded: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(n: u32) -> DiffRow {
        DiffRow {
            kind: RowKind::Equal,
            left: Some((n, "same".into())),
            right: Some((n, "same".into())),
        }
    }

    #[test]
    fn equal_lines_far_from_a_change_are_folded() {
        let mut rows: Vec<_> = (1..=20).map(equal).collect();
        rows.push(DiffRow {
            kind: RowKind::Insert,
            left: None,
            right: Some((21, "new".into())),
        });
        let shown = folded(&rows);
        assert_eq!(shown[0].folded, Some(16));
        assert_eq!(shown.len(), 1 + CONTEXT + 1);
        assert!(shown.last().unwrap().changed);
    }

    #[test]
    fn a_few_equal_lines_are_shown_rather_than_folded() {
        let mut rows: Vec<_> = (1..=6).map(equal).collect();
        rows.push(DiffRow {
            kind: RowKind::Delete,
            left: Some((7, "old".into())),
            right: None,
        });
        assert!(folded(&rows).iter().all(|row| row.folded.is_none()));
    }

    #[test]
    fn equal_sources_show_no_rows() {
        assert!(folded(&[equal(1), equal(2)]).is_empty());
    }
}
