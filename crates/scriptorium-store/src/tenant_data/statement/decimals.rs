//! Where a statement has decimals: which of its values are some, which sums are of them, which
//! columns it gives. What would be rounded by one database and not by the other is refused: arithmetic,
//! functions of text, and decimals together with what is none.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{
    Assignment, AssignmentTarget, BinaryOperator, Cte, Expr, FromTable, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArguments, GroupByExpr, Ident, InTarget,
    Insert, JoinConstraint, JoinOperator, LimitClause, NamedWindowExpr, ObjectName, ObjectNamePart,
    OnConflictAction, OnInsert, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Statement, TableAlias, TableFactor, TableObject,
    TableWithJoins, UnaryOperator, UpdateTableFromKind, Value, WindowFrameBound, WindowFrameUnits,
    WindowSpec, WindowType,
};
use sqlparser::tokenizer::Span;

use super::super::decimal::Fit;
use super::super::schema::{ColumnType, Table, TenantSchema};
use super::rules::folded;
use super::{refused, shown};
use crate::error::Result;

/// The tables of a schema of which one has decimals.
#[derive(Debug)]
pub(super) struct Tables {
    columns: BTreeMap<String, Vec<(String, Option<Fit>)>>,
    with_decimals: BTreeSet<String>,
}

/// What was found out about a statement.
#[derive(Debug, Default)]
pub(super) struct Decimals {
    /// Values that are decimals, by the place of their word.
    pub(super) values: BTreeMap<usize, Placed>,
    /// Names of functions that sum decimals, by the place of their word.
    pub(super) sums: BTreeSet<usize>,
    /// The columns that it gives, and whether they are decimals.
    pub(super) given: Vec<(String, bool)>,
}

/// A value that is a decimal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) fit: Fit,
    /// Whether the word before it is its sign.
    pub(super) signed: bool,
}

impl Tables {
    /// Nothing when there is no decimal in the schema.
    pub(super) fn new(schema: &TenantSchema) -> Option<Self> {
        let fit = |ty| match ty {
            ColumnType::Decimal { precision, scale } => Some(Fit { precision, scale }),
            _ => None,
        };
        let columns = |table: &Table| {
            let columns = table.columns.iter();
            columns.map(|c| (c.name.clone(), fit(c.ty))).collect()
        };
        let columns: BTreeMap<String, Vec<_>> = schema
            .tables
            .iter()
            .map(|table| (table.name.clone(), columns(table)))
            .collect();
        let with_decimals: BTreeSet<String> = columns
            .iter()
            .filter(|(_, columns)| columns.iter().any(|(_, fit)| fit.is_some()))
            .map(|(name, _)| name.clone())
            .collect();
        (!with_decimals.is_empty()).then_some(Self {
            columns,
            with_decimals,
        })
    }

    /// Whether a table has decimals.
    pub(super) fn has_decimals(&self, table: &str) -> bool {
        self.with_decimals.contains(table)
    }

    /// Whether a text that nobody has read may be about a table with decimals.
    pub(super) fn may_be_in(&self, sql: &str) -> bool {
        let sql = sql.to_ascii_lowercase();
        self.with_decimals.iter().any(|name| sql.contains(name))
    }

    /// Finds the decimals of a statement whose words know their places.
    pub(super) fn find(&self, statement: &Statement) -> Result<Decimals> {
        let mut walk = Walk {
            tables: self,
            found: Decimals::default(),
            queries: Vec::new(),
        };
        let given = walk.statement(statement)?;
        let mut found = walk.found;
        found.given = given
            .into_iter()
            .map(|(name, is)| (name, matches!(is, Is::Decimal(_))))
            .collect();
        Ok(found)
    }
}

/// Where a word is. The words were given their numbers as places.
fn place(span: Span) -> usize {
    usize::try_from(span.start.column).unwrap_or(0)
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
enum Is {
    /// A decimal with so many digits behind the point.
    Decimal(u8),
    /// Values of the statement, which are what they meet.
    Open(Vec<Word>),
    /// Several in brackets.
    Several(Vec<Is>),
    /// None of these.
    Other,
}

/// The place of a value, and whether the word before it is its sign.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Word {
    place: usize,
    signed: bool,
}

type Columns = Vec<(String, Is)>;

/// What names mean where they are.
struct Scope<'a> {
    relations: Vec<Relation>,
    aliases: Columns,
    outer: Option<&'a Scope<'a>>,
}

struct Relation {
    name: Option<String>,
    columns: Columns,
    /// Whether all of its columns are known, and in their order.
    whole: bool,
}

struct Walk<'a> {
    tables: &'a Tables,
    found: Decimals,
    /// The queries behind `with`, the innermost last.
    queries: Vec<(String, Columns)>,
}

impl Is {
    fn is_decimal(&self) -> bool {
        match self {
            Self::Decimal(_) => true,
            Self::Several(parts) => parts.iter().any(Self::is_decimal),
            Self::Open(_) | Self::Other => false,
        }
    }

    /// As others see it, who do not reach its values.
    fn closed(self) -> Self {
        match self {
            Self::Decimal(scale) => Self::Decimal(scale),
            _ => Self::Other,
        }
    }
}

fn closed(columns: Columns) -> Columns {
    let columns = columns.into_iter();
    columns.map(|(name, is)| (name, is.closed())).collect()
}

impl Walk<'_> {
    fn statement(&mut self, statement: &Statement) -> Result<Columns> {
        match statement {
            Statement::Query(query) => self.query(query, None),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => {
                let mut scope = self.scope(std::slice::from_ref(&update.table), None)?;
                match &update.from {
                    None => {}
                    Some(UpdateTableFromKind::AfterSet(from)) => {
                        let further = self.scope(from, None)?;
                        scope.relations.extend(further.relations);
                        self.joins(from, &scope)?;
                    }
                    Some(UpdateTableFromKind::BeforeSet(_)) => return Err(unread("update")),
                }
                let TableFactor::Table { name, .. } = &update.table.relation else {
                    return Err(unread("update"));
                };
                let target = only(name)?;
                self.assign(&update.assignments, &target, &scope)?;
                self.condition(update.selection.as_ref(), &scope)?;
                self.project(update.returning.as_deref().unwrap_or_default(), &scope)
            }
            Statement::Delete(delete) => {
                let FromTable::WithFromKeyword(from) = &delete.from else {
                    return Err(unread("delete"));
                };
                let mut scope = self.scope(from, None)?;
                if let Some(using) = &delete.using {
                    let further = self.scope(using, None)?;
                    scope.relations.extend(further.relations);
                    self.joins(using, &scope)?;
                }
                self.condition(delete.selection.as_ref(), &scope)?;
                self.project(delete.returning.as_deref().unwrap_or_default(), &scope)
            }
            _ => Err(unread("statement")),
        }
    }

    fn insert(&mut self, insert: &Insert) -> Result<Columns> {
        let TableObject::TableName(name) = &insert.table else {
            return Err(unread("insert"));
        };
        let target = only(name)?;
        let columns = self.table(&target)?;
        let named: Vec<String> = if insert.columns.is_empty() {
            columns.iter().map(|(name, _)| name.clone()).collect()
        } else {
            insert.columns.iter().map(only).collect::<Result<_>>()?
        };
        if let Some(source) = &insert.source {
            let given = self.query(source, None)?;
            if given.len() > named.len() {
                return Err(refused("has more values than columns"));
            }
            for (column, (_, is)) in named.iter().zip(given) {
                self.store(&target, column, is)?;
            }
        }
        let mut scope = Scope {
            relations: vec![Relation {
                name: Some(match &insert.table_alias {
                    Some(alias) => folded(&alias.alias),
                    None => target.clone(),
                }),
                columns: columns.clone(),
                whole: true,
            }],
            aliases: Columns::new(),
            outer: None,
        };
        let returned = self.project(insert.returning.as_deref().unwrap_or_default(), &scope)?;
        match &insert.on {
            None => {}
            Some(OnInsert::OnConflict(conflict)) => {
                if let OnConflictAction::DoUpdate(update) = &conflict.action {
                    scope.relations.push(Relation {
                        name: Some("excluded".to_owned()),
                        columns,
                        whole: true,
                    });
                    self.assign(&update.assignments, &target, &scope)?;
                    self.condition(update.selection.as_ref(), &scope)?;
                }
            }
            Some(_) => return Err(unread("insert")),
        }
        Ok(returned)
    }

    fn assign(
        &mut self,
        assignments: &[Assignment],
        target: &str,
        scope: &Scope<'_>,
    ) -> Result<()> {
        for assignment in assignments {
            let AssignmentTarget::ColumnName(column) = &assignment.target else {
                return Err(unread("assignment"));
            };
            let is = self.expression(&assignment.value, scope)?;
            self.store(target, &only(column)?, is)?;
        }
        Ok(())
    }

    /// What a column is given to hold.
    fn store(&mut self, table: &str, column: &str, is: Is) -> Result<()> {
        let columns = self.tables.columns.get(table).into_iter().flatten();
        let fit = columns
            .filter(|(name, _)| name == column)
            .find_map(|(_, fit)| *fit);
        match (fit, is) {
            (Some(fit), Is::Open(words)) => self.mark(&words, fit),
            (Some(fit), Is::Decimal(scale)) if fit.scale == scale => Ok(()),
            (Some(fit), _) => Err(refused(format!(
                "{} is a decimal: it is given a value, or a decimal with {} digits behind the \
                 point",
                shown(column),
                fit.scale
            ))),
            (None, is) if is.is_decimal() => {
                let message = format!("{} is no decimal, and is given one", shown(column));
                Err(refused(message))
            }
            (None, _) => Ok(()),
        }
    }

    /// Values that are decimals.
    fn mark(&mut self, words: &[Word], fit: Fit) -> Result<()> {
        for word in words {
            let placed = Placed {
                fit,
                signed: word.signed,
            };
            let before = self.found.values.entry(word.place).or_insert(placed);
            if before.fit.scale != fit.scale {
                return Err(scales(before.fit.scale, fit.scale));
            }
            before.fit.precision = before.fit.precision.min(fit.precision);
        }
        Ok(())
    }

    /// Two that are compared, or that one place may hold.
    fn meet(&mut self, left: Is, right: Is) -> Result<Is> {
        match (left, right) {
            (Is::Decimal(left), Is::Decimal(right)) if left == right => Ok(Is::Decimal(left)),
            (Is::Decimal(left), Is::Decimal(right)) => Err(scales(left, right)),
            (Is::Decimal(scale), Is::Open(words)) | (Is::Open(words), Is::Decimal(scale)) => {
                self.mark(&words, Fit::of_scale(scale))?;
                Ok(Is::Decimal(scale))
            }
            (Is::Open(mut left), Is::Open(right)) => {
                left.extend(right);
                Ok(Is::Open(left))
            }
            (Is::Several(left), Is::Several(right)) if left.len() == right.len() => {
                let pairs = left.into_iter().zip(right);
                let met = pairs.map(|(left, right)| self.meet(left, right));
                met.collect::<Result<_>>().map(Is::Several)
            }
            (left, right) if left.is_decimal() || right.is_decimal() => Err(refused(
                "a decimal is compared and put together with decimals and values only",
            )),
            _ => Ok(Is::Other),
        }
    }

    fn table(&self, name: &str) -> Result<Columns> {
        let columns = self.tables.columns.get(name);
        let columns =
            columns.ok_or_else(|| refused(format!("there is no table {}", shown(name))))?;
        Ok(columns
            .iter()
            .map(|(name, fit)| {
                let is = fit.map_or(Is::Other, |fit| Is::Decimal(fit.scale));
                (name.clone(), is)
            })
            .collect())
    }

    /// The columns of a query.
    fn query(&mut self, query: &Query, outer: Option<&Scope<'_>>) -> Result<Columns> {
        let before = self.queries.len();
        if let Some(with) = &query.with {
            if with.recursive {
                return Err(unread("with"));
            }
            for cte in &with.cte_tables {
                self.named_query(cte, outer)?;
            }
        }
        let nothing: &[OrderByExpr] = &[];
        let order = match &query.order_by {
            None => nothing,
            Some(OrderBy {
                kind: OrderByKind::Expressions(order),
                ..
            }) => order,
            Some(_) => return Err(unread("order by")),
        };
        let columns = match query.body.as_ref() {
            SetExpr::Select(select) => self.select(select, outer, order)?,
            body => {
                let columns = self.set(body, outer)?;
                let scope = Scope {
                    relations: Vec::new(),
                    aliases: closed(columns.clone()),
                    outer: None,
                };
                self.order(order, &scope)?;
                columns
            }
        };
        let scope = Scope {
            relations: Vec::new(),
            aliases: Columns::new(),
            outer: None,
        };
        let bounds = match &query.limit_clause {
            None => [None, None],
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                [limit.as_ref(), offset.as_ref().map(|offset| &offset.value)]
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => [Some(offset), Some(limit)],
        };
        for bound in bounds.into_iter().flatten() {
            self.no_decimal(bound, &scope)?;
        }
        self.queries.truncate(before);
        Ok(columns)
    }

    fn named_query(&mut self, cte: &Cte, outer: Option<&Scope<'_>>) -> Result<()> {
        let name = folded(&cte.alias.name);
        if self.tables.columns.keys().any(|table| same(table, &name)) {
            let message = format!("a query cannot have the name of the table {}", shown(&name));
            return Err(refused(message));
        }
        let columns = closed(self.query(&cte.query, outer)?);
        self.queries
            .push((name, renamed(columns, Some(&cte.alias))?));
        Ok(())
    }

    fn set(&mut self, body: &SetExpr, outer: Option<&Scope<'_>>) -> Result<Columns> {
        match body {
            SetExpr::Select(select) => self.select(select, outer, &[]),
            SetExpr::Query(query) => self.query(query, outer),
            SetExpr::Values(values) => {
                let scope = Scope {
                    relations: Vec::new(),
                    aliases: Columns::new(),
                    outer,
                };
                let mut columns = Columns::new();
                for row in &values.rows {
                    let mut made = Columns::new();
                    for (index, value) in row.content.iter().enumerate() {
                        let is = self.expression(value, &scope)?;
                        made.push((format!("column{}", index + 1), is));
                    }
                    columns = if columns.is_empty() {
                        made
                    } else {
                        self.meet_all(columns, made)?
                    };
                }
                Ok(columns)
            }
            SetExpr::SetOperation { left, right, .. } => {
                let left = self.set(left, outer)?;
                let right = self.set(right, outer)?;
                self.meet_all(left, right)
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement) => self.statement(statement),
            _ => Err(unread("query")),
        }
    }

    fn meet_all(&mut self, left: Columns, right: Columns) -> Result<Columns> {
        if left.len() != right.len() {
            return Err(refused("puts together rows with different columns"));
        }
        let pairs = left.into_iter().zip(right);
        pairs
            .map(|((name, left), (_, right))| Ok((name, self.meet(left, right)?)))
            .collect()
    }

    fn select(
        &mut self,
        select: &Select,
        outer: Option<&Scope<'_>>,
        order: &[OrderByExpr],
    ) -> Result<Columns> {
        let mut scope = self.scope(&select.from, outer)?;
        self.joins(&select.from, &scope)?;
        let columns = self.project(&select.projection, &scope)?;
        scope.aliases = named(&select.projection, &columns);
        self.condition(select.selection.as_ref(), &scope)?;
        match &select.group_by {
            GroupByExpr::Expressions(groups, _) => {
                for group in groups {
                    self.expression(group, &scope)?;
                }
            }
            GroupByExpr::All(_) => return Err(unread("group by")),
        }
        self.condition(select.having.as_ref(), &scope)?;
        for window in &select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = &window.1 {
                self.window(window, &scope)?;
            }
        }
        self.order(order, &scope)?;
        Ok(columns)
    }

    fn order(&mut self, order: &[OrderByExpr], scope: &Scope<'_>) -> Result<()> {
        for order in order {
            self.expression(&order.expr, scope)?;
        }
        Ok(())
    }

    fn condition(&mut self, condition: Option<&Expr>, scope: &Scope<'_>) -> Result<()> {
        match condition {
            Some(condition) => self.no_decimal(condition, scope),
            None => Ok(()),
        }
    }

    fn scope<'o>(
        &mut self,
        from: &[TableWithJoins],
        outer: Option<&'o Scope<'o>>,
    ) -> Result<Scope<'o>> {
        let mut scope = Scope {
            relations: Vec::new(),
            aliases: Columns::new(),
            outer,
        };
        for from in from {
            self.relations(from, &mut scope)?;
        }
        Ok(scope)
    }

    fn relations(&mut self, from: &TableWithJoins, scope: &mut Scope<'_>) -> Result<()> {
        self.relation(&from.relation, scope)?;
        for join in &from.joins {
            let before = scope.relations.len();
            self.relation(&join.relation, scope)?;
            let merged: Vec<String> = match constraint(&join.join_operator)? {
                JoinConstraint::Using(names) => names.iter().map(only).collect::<Result<_>>()?,
                JoinConstraint::Natural => {
                    let (left, right) = scope.relations.split_at(before);
                    let names = |of: &[Relation]| -> BTreeSet<String> {
                        let columns = of.iter().flat_map(|relation| &relation.columns);
                        columns.map(|(name, _)| name.clone()).collect()
                    };
                    names(left).intersection(&names(right)).cloned().collect()
                }
                _ => continue,
            };
            for name in merged {
                // Compared, whichever tables they are of.
                lookup(&name, scope)?;
            }
            // `*` gives the columns that both have once, and first.
            scope.relations.iter_mut().for_each(|r| r.whole = false);
        }
        Ok(())
    }

    fn relation(&mut self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<()> {
        let relation = match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => {
                let name = only(name)?;
                let mut queries = self.queries.iter().rev();
                let query = queries.find(|(query, _)| same(query, &name));
                let columns = match query {
                    Some((_, columns)) => columns.clone(),
                    None => self.table(&name)?,
                };
                let called = alias.as_ref().map_or(name, |alias| folded(&alias.name));
                Relation {
                    name: Some(called),
                    columns: renamed(columns, alias.as_ref())?,
                    whole: true,
                }
            }
            TableFactor::Derived {
                lateral: false,
                subquery,
                alias,
                ..
            } => {
                let columns = closed(self.query(subquery, scope.outer)?);
                Relation {
                    name: alias.as_ref().map(|alias| folded(&alias.name)),
                    columns: renamed(columns, alias.as_ref())?,
                    whole: true,
                }
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => return self.relations(table_with_joins, scope),
            _ => return Err(unread("from")),
        };
        scope.relations.push(relation);
        Ok(())
    }

    /// The conditions of joins, when all of their tables are known.
    fn joins(&mut self, from: &[TableWithJoins], scope: &Scope<'_>) -> Result<()> {
        for from in from {
            self.inner_joins(&from.relation, scope)?;
            for join in &from.joins {
                self.inner_joins(&join.relation, scope)?;
                if let JoinConstraint::On(condition) = constraint(&join.join_operator)? {
                    self.no_decimal(condition, scope)?;
                }
            }
        }
        Ok(())
    }

    fn inner_joins(&mut self, factor: &TableFactor, scope: &Scope<'_>) -> Result<()> {
        match factor {
            TableFactor::NestedJoin {
                table_with_joins, ..
            } => self.joins(std::slice::from_ref(table_with_joins), scope),
            _ => Ok(()),
        }
    }

    fn project(&mut self, items: &[SelectItem], scope: &Scope<'_>) -> Result<Columns> {
        let mut columns = Columns::new();
        for item in items {
            match item {
                SelectItem::UnnamedExpr(expression) => {
                    let is = self.expression(expression, scope)?;
                    columns.push((name_of(expression), is));
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let is = self.expression(expr, scope)?;
                    columns.push((folded(alias), is));
                }
                SelectItem::Wildcard(_) => {
                    for relation in &scope.relations {
                        columns.extend(relation.all()?);
                    }
                }
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    _,
                ) => {
                    let name = only(name)?;
                    let mut relations = scope.relations.iter();
                    let relation = relations.find(|relation| relation.is_called(&name));
                    columns.extend(relation.ok_or_else(|| unread("select"))?.all()?);
                }
                _ => return Err(unread("select")),
            }
        }
        Ok(columns)
    }

    fn expressions<'e>(
        &mut self,
        expressions: impl IntoIterator<Item = &'e Expr>,
        scope: &Scope<'_>,
    ) -> Result<Is> {
        let mut all: Option<Is> = None;
        for expression in expressions {
            let is = self.expression(expression, scope)?;
            all = Some(match all {
                Some(all) => self.meet(all, is)?,
                None => is,
            });
        }
        Ok(all.unwrap_or(Is::Other))
    }

    /// What must not be a decimal, because the databases would compute with it in different ways.
    fn no_decimal(&mut self, expression: &Expr, scope: &Scope<'_>) -> Result<()> {
        if self.expression(expression, scope)?.is_decimal() {
            return Err(refused(format!(
                "{} is a decimal: compute with it by utils.decimal in the script, or use sum",
                shown(&expression.to_string())
            )));
        }
        Ok(())
    }

    fn expression(&mut self, expression: &Expr, scope: &Scope<'_>) -> Result<Is> {
        match expression {
            Expr::Identifier(name) => lookup(&folded(name), scope),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, column] => qualified(&folded(table), &folded(column), scope),
                _ => Err(unread("name")),
            },
            Expr::Value(value) => Ok(match value.value {
                Value::Number(..) | Value::SingleQuotedString(_) | Value::Placeholder(_) => {
                    Is::Open(vec![Word {
                        place: place(value.span),
                        signed: false,
                    }])
                }
                Value::Null => Is::Open(Vec::new()),
                _ => Is::Other,
            }),
            Expr::UnaryOp {
                op: UnaryOperator::Minus | UnaryOperator::Plus,
                expr,
            } => {
                if let Expr::Value(value) = expr.as_ref()
                    && let Value::Number(..) = value.value
                {
                    return Ok(Is::Open(vec![Word {
                        place: place(value.span),
                        signed: true,
                    }]));
                }
                self.no_decimal(expr, scope)?;
                Ok(Is::Other)
            }
            Expr::Nested(inner) => self.expression(inner, scope),
            Expr::BinaryOp { left, op, right } => {
                use BinaryOperator as B;
                if let B::Eq | B::NotEq | B::Lt | B::LtEq | B::Gt | B::GtEq = op {
                    self.expressions([left.as_ref(), right.as_ref()], scope)?;
                } else {
                    self.no_decimal(left, scope)?;
                    self.no_decimal(right, scope)?;
                }
                Ok(Is::Other)
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.expressions([left.as_ref(), right.as_ref()], scope)?;
                Ok(Is::Other)
            }
            Expr::Between {
                expr, low, high, ..
            } => {
                self.expressions([expr.as_ref(), low.as_ref(), high.as_ref()], scope)?;
                Ok(Is::Other)
            }
            Expr::In { expr, target, .. } => {
                match target {
                    InTarget::List(list) => {
                        self.expressions(std::iter::once(expr.as_ref()).chain(list), scope)?;
                    }
                    InTarget::Subquery(query) => {
                        let is = self.expression(expr, scope)?;
                        let found = self.value_of(query, scope)?;
                        self.meet(is, found)?;
                    }
                    _ => return Err(unread("in")),
                }
                Ok(Is::Other)
            }
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                self.expression(inner, scope)?;
                Ok(Is::Other)
            }
            Expr::UnaryOp { expr, .. }
            | Expr::IsTrue(expr)
            | Expr::IsNotTrue(expr)
            | Expr::IsFalse(expr)
            | Expr::IsNotFalse(expr)
            | Expr::Cast { expr, .. } => {
                self.no_decimal(expr, scope)?;
                Ok(Is::Other)
            }
            Expr::Like {
                expr,
                pattern,
                escape_char,
                ..
            } => {
                let escape = escape_char.iter();
                for part in [expr, pattern].into_iter().chain(escape) {
                    self.no_decimal(part, scope)?;
                }
                Ok(Is::Other)
            }
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => {
                for part in std::iter::once(expr)
                    .chain(substring_from)
                    .chain(substring_for)
                {
                    self.no_decimal(part, scope)?;
                }
                Ok(Is::Other)
            }
            Expr::Trim { expr, .. } => {
                self.no_decimal(expr, scope)?;
                Ok(Is::Other)
            }
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                for case in conditions {
                    match operand {
                        Some(operand) => {
                            self.expressions([operand.as_ref(), &case.condition], scope)?;
                        }
                        None => self.no_decimal(&case.condition, scope)?,
                    }
                }
                let results = conditions.iter().map(|case| &case.result);
                self.expressions(results.chain(else_result.as_deref()), scope)
            }
            Expr::Exists { subquery, .. } => {
                self.query(subquery, Some(scope))?;
                Ok(Is::Other)
            }
            Expr::Subquery(query) => self.value_of(query, scope),
            Expr::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.expression(part, scope));
                parts.collect::<Result<_>>().map(Is::Several)
            }
            Expr::Function(function) => self.call(function, scope),
            other => Err(unread(&other.to_string())),
        }
    }

    /// What a query is that stands for a value, or for several.
    fn value_of(&mut self, query: &Query, scope: &Scope<'_>) -> Result<Is> {
        let mut columns = self.query(query, Some(scope))?;
        Ok(match columns.pop() {
            Some((_, is)) if columns.is_empty() => is,
            Some(last) => {
                columns.push(last);
                Is::Several(columns.into_iter().map(|(_, is)| is).collect())
            }
            None => Is::Other,
        })
    }

    fn call(&mut self, function: &Function, scope: &Scope<'_>) -> Result<Is> {
        let [ObjectNamePart::Identifier(called)] = function.name.0.as_slice() else {
            return Err(unread("function"));
        };
        let name = folded(called);
        let mut args = Vec::new();
        match &function.args {
            FunctionArguments::List(list) => {
                for arg in &list.args {
                    match arg {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) => args.push(arg),
                        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {}
                        _ => return Err(unread(&name)),
                    }
                }
                for clause in &list.clauses {
                    match clause {
                        FunctionArgumentClause::OrderBy(order) => self.order(order, scope)?,
                        _ => return Err(unread(&name)),
                    }
                }
            }
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => return Err(unread(&name)),
        }
        self.condition(function.filter.as_deref(), scope)?;
        match &function.over {
            Some(WindowType::WindowSpec(window)) => self.window(window, scope)?,
            Some(WindowType::NamedWindow(_)) | None => {}
        }
        match (name.as_str(), args.as_slice()) {
            ("count", args) => {
                for arg in args {
                    self.expression(arg, scope)?;
                }
                Ok(Is::Other)
            }
            ("sum", [arg]) => match self.expression(arg, scope)? {
                Is::Decimal(scale) => {
                    self.found.sums.insert(place(called.span));
                    Ok(Is::Decimal(scale))
                }
                _ => Ok(Is::Other),
            },
            ("min" | "max" | "first_value" | "last_value", [arg]) => {
                self.expression(arg, scope).map(Is::closed)
            }
            ("coalesce", args) => self.expressions(args.iter().copied(), scope),
            ("nullif", [_, _]) => self.expressions(args.iter().copied(), scope),
            ("nth_value", [arg, which]) => {
                self.no_decimal(which, scope)?;
                self.expression(arg, scope).map(Is::closed)
            }
            ("lag" | "lead", [arg, further @ ..]) => {
                if let Some(rows) = further.first() {
                    self.no_decimal(rows, scope)?;
                }
                let instead = further.get(1).copied();
                self.expressions(std::iter::once(*arg).chain(instead), scope)
                    .map(Is::closed)
            }
            (_, args) => {
                for arg in args {
                    self.no_decimal(arg, scope)?;
                }
                Ok(Is::Other)
            }
        }
    }

    fn window(&mut self, window: &WindowSpec, scope: &Scope<'_>) -> Result<()> {
        for part in &window.partition_by {
            self.expression(part, scope)?;
        }
        let order: Vec<Is> = window
            .order_by
            .iter()
            .map(|order| self.expression(&order.expr, scope))
            .collect::<Result<_>>()?;
        let Some(frame) = &window.window_frame else {
            return Ok(());
        };
        for bound in std::iter::once(&frame.start_bound).chain(&frame.end_bound) {
            let (WindowFrameBound::Preceding(Some(far)) | WindowFrameBound::Following(Some(far))) =
                bound
            else {
                continue;
            };
            self.no_decimal(far, scope)?;
            // The bound would be added to it.
            if frame.units == WindowFrameUnits::Range && order.iter().any(Is::is_decimal) {
                return Err(refused("a range of rows is not counted in decimals"));
            }
        }
        Ok(())
    }
}

impl Relation {
    fn is_called(&self, name: &str) -> bool {
        self.name
            .as_deref()
            .is_some_and(|called| same(called, name))
    }

    fn all(&self) -> Result<Columns> {
        if self.whole {
            return Ok(self.columns.clone());
        }
        Err(refused(
            "* is not for joins by using in a statement with decimals: name the columns",
        ))
    }
}

/// Whether one of the databases takes two names for the same: a file does not know their case, even
/// in quotes.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// What the aliases of a select mean.
fn named(items: &[SelectItem], columns: &Columns) -> Columns {
    let names: BTreeSet<String> = items
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
            _ => None,
        })
        .collect();
    let aliased = columns.iter().filter(|(name, _)| names.contains(name));
    closed(aliased.cloned().collect())
}

/// What a name stands for. What is called so in several places has to be the same in each.
fn lookup(name: &str, scope: &Scope<'_>) -> Result<Is> {
    let columns = scope
        .relations
        .iter()
        .flat_map(|relation| &relation.columns);
    let mut meanings = columns.chain(&scope.aliases).filter(|(n, _)| same(n, name));
    let Some((_, is)) = meanings.next() else {
        // A row as a whole would be text with its decimals in it.
        let is_row = |relation: &&Relation| relation.is_called(name);
        if let Some(row) = scope.relations.iter().find(is_row)
            && row.columns.iter().any(|(_, is)| is.is_decimal())
        {
            return Err(unread(name));
        }
        return match scope.outer {
            Some(outer) => lookup(name, outer),
            None => Ok(Is::Other),
        };
    };
    if meanings.any(|(_, other)| other != is) {
        return Err(refused(format!(
            "{} stands for a decimal and for something else: say whose it is, or give it another \
             name",
            shown(name)
        )));
    }
    Ok(is.clone())
}

fn qualified(table: &str, column: &str, scope: &Scope<'_>) -> Result<Is> {
    let mut relations = scope.relations.iter();
    match relations.find(|relation| relation.is_called(table)) {
        Some(relation) => {
            let found = relation.columns.iter().find(|(name, _)| same(name, column));
            Ok(found.map_or(Is::Other, |(_, is)| is.clone()))
        }
        None => match scope.outer {
            Some(outer) => qualified(table, column, outer),
            None => Ok(Is::Other),
        },
    }
}

fn renamed(mut columns: Columns, alias: Option<&TableAlias>) -> Result<Columns> {
    let names = alias.map_or(&[][..], |alias| &alias.columns);
    if names.len() > columns.len() {
        return Err(refused("names more columns than there are"));
    }
    for ((name, _), alias) in columns.iter_mut().zip(names) {
        *name = folded(&alias.name);
    }
    Ok(columns)
}

fn constraint(operator: &JoinOperator) -> Result<&JoinConstraint> {
    use JoinOperator as J;
    match operator {
        J::Join(on)
        | J::Inner(on)
        | J::Left(on)
        | J::LeftOuter(on)
        | J::Right(on)
        | J::RightOuter(on)
        | J::FullOuter(on)
        | J::CrossJoin(on) => Ok(on),
        _ => Err(unread("join")),
    }
}

/// What PostgreSQL calls the column of an expression without a name.
fn name_of(expression: &Expr) -> String {
    let name = |ident: &Ident| folded(ident);
    match expression {
        Expr::Identifier(ident) => name(ident),
        Expr::CompoundIdentifier(parts) => parts.last().map(name).unwrap_or_default(),
        Expr::Nested(inner) => name_of(inner),
        Expr::Function(function) => only(&function.name).unwrap_or_default(),
        Expr::Case { .. } => "case".to_owned(),
        Expr::Exists { .. } => "exists".to_owned(),
        _ => "?column?".to_owned(),
    }
}

fn only(name: &ObjectName) -> Result<String> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Ok(folded(name)),
        _ => Err(unread(&name.to_string())),
    }
}

fn scales(left: u8, right: u8) -> crate::error::Error {
    refused(format!(
        "decimals with {left} and with {right} digits behind the point are not compared or put \
         together"
    ))
}

fn unread(what: &str) -> crate::error::Error {
    refused(format!(
        "{} is not for statements on tables with decimals",
        shown(what)
    ))
}
