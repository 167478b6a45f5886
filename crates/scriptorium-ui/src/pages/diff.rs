//! Two versions side by side, or one after the other.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{Redirect, Response};
use scriptorium::model::ScriptId;
use scriptorium::{Diff, DiffLine, DiffRow, RowKind};
use serde::Deserialize;

use super::id;
use crate::failure::{Failure, explained, not_kept};
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
    /// The rows one below the other; empty when they stand side by side.
    unified: Vec<Line>,
    is_unified: bool,
}

struct Field {
    name: String,
    before: String,
    after: String,
}

/// A pair of lines, or a number of equal lines that are not shown.
#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    left: Option<Side>,
    right: Option<Side>,
    changed: bool,
    folded: Option<u64>,
}

/// A line with what differs from the other side apart.
#[derive(Clone, Debug, PartialEq)]
struct Side {
    number: u32,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
struct Piece {
    text: String,
    marked: bool,
}

/// A line of the unified view: of one version, of both, or a number of those that are not shown.
#[derive(Clone, Debug, Default, PartialEq)]
struct Line {
    left: Option<u32>,
    right: Option<u32>,
    pieces: Vec<Piece>,
    folded: Option<u64>,
}

#[derive(Deserialize)]
pub(crate) struct Pair {
    a: u32,
    b: u32,
    view: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct View {
    view: Option<String>,
}

const UNIFIED: &str = "unified";

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
    let Pair { a, b, view } = pair;
    let view = match view.as_deref() {
        Some(UNIFIED) => "?view=unified",
        _ => "",
    };
    Ok(Redirect::to(&format!(
        "/scripts/{script}/versions/{a}/diff/{b}{view}"
    )))
}

/// `GET /scripts/{id}/versions/{a}/diff/{b}`
pub(crate) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Path((script, a, b)): Path<(String, String, String)>,
    Query(view): Query<View>,
) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let script_id: ScriptId = id(&script, &visitor)?;
    let (a, b): (u32, u32) = (id(&a, &visitor)?, id(&b, &visitor)?);
    let scripts = site.platform.scripts();
    let script = scripts.find(ctx, script_id).await;
    let head = Head::of(
        &site.platform,
        ctx,
        &script.map_err(explained(&visitor))?,
        "versions",
    );
    let kept = scripts.version_numbers(ctx, script_id).await;
    let kept = kept.map_err(explained(&visitor))?;
    let gone = [a, b].into_iter().find(|number| !kept.contains(number));
    if let Some(number) = gone.filter(|number| (1..head.version).contains(number)) {
        return Err(not_kept(t, Some(&visitor.caller), number));
    }
    let diff = scripts.diff(ctx, script_id, a, b).await;
    let diff = diff.map_err(explained(&visitor))?;
    let is_unified = view.view.as_deref() == Some(UNIFIED);
    let rows = folded(&diff.rows);
    let page = DiffPage {
        frame: Frame::new(t, head.name.clone(), "scripts", Some(&visitor.caller)),
        t,
        a,
        b,
        numbers: kept,
        head,
        added: diff.rows.iter().filter(|row| adds(row)).count(),
        removed: diff.rows.iter().filter(|row| removes(row)).count(),
        unified: if is_unified {
            unified(&rows)
        } else {
            Vec::new()
        },
        rows,
        is_unified,
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

/// The rows one below the other: of a stretch of changes first what is gone, then what is new.
fn unified(rows: &[Row]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut new = Vec::new();
    for row in rows {
        if !row.changed {
            lines.append(&mut new);
        }
        match (&row.left, &row.right) {
            (Some(left), right) if !row.changed => lines.push(Line {
                left: Some(left.number),
                right: right.as_ref().map(|side| side.number),
                pieces: left.pieces.clone(),
                folded: None,
            }),
            (left, right) => {
                lines.extend(left.iter().map(|side| Line {
                    left: Some(side.number),
                    pieces: side.pieces.clone(),
                    ..Line::default()
                }));
                new.extend(right.iter().map(|side| Line {
                    right: Some(side.number),
                    pieces: side.pieces.clone(),
                    ..Line::default()
                }));
            }
        }
        if row.folded.is_some() {
            lines.push(Line {
                folded: row.folded,
                ..Line::default()
            });
        }
    }
    lines.append(&mut new);
    lines
}

impl Line {
    /// Whether only the left version has it.
    fn is_gone(&self) -> bool {
        self.right.is_none()
    }

    /// Whether only the right version has it.
    fn is_new(&self) -> bool {
        self.left.is_none()
    }
}

impl Row {
    fn of(row: &DiffRow) -> Self {
        Self {
            left: row.left.as_ref().map(Side::of),
            right: row.right.as_ref().map(Side::of),
            changed: row.kind != RowKind::Equal,
            folded: None,
        }
    }
}

impl Side {
    fn of(line: &DiffLine) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        for (at, character) in line.text.chars().enumerate() {
            let marked = line.marks.iter().any(|mark| mark.contains(&at));
            match pieces.last_mut() {
                Some(piece) if piece.marked == marked => piece.text.push(character),
                _ => pieces.push(Piece {
                    text: character.to_string(),
                    marked,
                }),
            }
        }
        Self {
            number: line.number,
            pieces,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u32, text: &str) -> Option<DiffLine> {
        Some(DiffLine {
            number,
            text: text.into(),
            marks: Vec::new(),
        })
    }

    fn equal(n: u32) -> DiffRow {
        DiffRow {
            kind: RowKind::Equal,
            left: line(n, "same"),
            right: line(n, "same"),
        }
    }

    #[test]
    fn marked_characters_are_pieces_of_their_own() {
        let line = DiffLine {
            number: 7,
            text: "имя = ab".into(),
            marks: vec![0..1, 6..8],
        };
        let pieces = Side::of(&line).pieces;
        let told: Vec<_> = pieces.iter().map(|p| (p.text.as_str(), p.marked)).collect();
        assert_eq!(told, [("и", true), ("мя = ", false), ("ab", true)]);
    }

    #[test]
    fn one_below_the_other_what_is_gone_comes_before_what_is_new() {
        let replaced = |n: u32| DiffRow {
            kind: RowKind::Replace,
            left: line(n, "old"),
            right: line(n, "new"),
        };
        let rows = [equal(1), replaced(2), replaced(3), equal(4)];
        let lines = unified(&folded(&rows));
        let told: Vec<_> = lines.iter().map(|line| (line.left, line.right)).collect();
        let expected = [
            (Some(1), Some(1)),
            (Some(2), None),
            (Some(3), None),
            (None, Some(2)),
            (None, Some(3)),
            (Some(4), Some(4)),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn equal_lines_far_from_a_change_are_folded() {
        let mut rows: Vec<_> = (1..=20).map(equal).collect();
        rows.push(DiffRow {
            kind: RowKind::Insert,
            left: None,
            right: line(21, "new"),
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
            left: line(7, "old"),
            right: None,
        });
        assert!(folded(&rows).iter().all(|row| row.folded.is_none()));
    }

    #[test]
    fn equal_sources_show_no_rows() {
        assert!(folded(&[equal(1), equal(2)]).is_empty());
    }
}
