//! What may be in a statement: a list of what is known, and a refusal of everything else. The
//! parser's visitor comes to every query, table, expression and name, however deep.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Assignment, AssignmentTarget, BinaryOperator, CastKind, Cte, DataType, Delete, Distinct, Expr,
    FromTable, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    GroupByExpr, Ident, InTarget, Insert, JoinConstraint, JoinOperator, LimitClause, ObjectName,
    ObjectNamePart, OnConflictAction, OnInsert, OrderBy, OrderByExpr, OrderByKind, Query, Select,
    SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement, TableAlias,
    TableFactor, TableObject, TableWithJoins, UnaryOperator, Update, UpdateTableFromKind, Value,
    Visit, Visitor, WildcardAdditionalOptions,
};

use super::{Kind, Names, forbidden, refused, shown};
use crate::error::{Error, Result};

/// Functions that both databases have and that do the same there.
const FUNCTIONS: [&str; 26] = [
    "abs",
    "avg",
    "coalesce",
    "count",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "length",
    "lower",
    "ltrim",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "rank",
    "replace",
    "row_number",
    "rtrim",
    "string_agg",
    "substr",
    "sum",
    "trim",
    "upper",
];

/// Names that a database has a meaning of its own for, whatever a statement calls so.
const MEANT: [&str; 26] = [
    "cmax",
    "cmin",
    "ctid",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "information_schema",
    "localtime",
    "localtimestamp",
    "oid",
    "pg_catalog",
    "rowid",
    "session_user",
    "system_user",
    "tableoid",
    "tenant_id",
    "user",
    "xmax",
    "xmin",
    "_rowid_",
    "sqlite",
];

/// Beginnings of such names.
const PREFIXES: [&str; 7] = [
    "pg_",
    "sqlite_",
    "pragma_",
    "json_",
    "jsonb_",
    "fts",
    "scriptorium",
];

/// Whether a function is one of those, one that a text is given for them, or what SQLite calls
/// operators that it has as functions.
pub(in super::super) fn is_known_function(name: &str) -> bool {
    FUNCTIONS.contains(&name)
        || matches!(name, "like" | "->" | "->>")
        || matches!(name, super::TO_DECIMAL | super::SUM_OF_DECIMALS)
}

/// What was found out about a statement.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) reads: BTreeSet<String>,
    pub(super) writes: Option<String>,
    pub(super) gives_rows: bool,
    /// Whether none of its steps takes long, so that it can be stopped at any time.
    pub(super) brief: bool,
}

/// Compares a statement with the rules.
pub(super) fn check(statement: &Statement, names: &Names) -> Result<Found> {
    let mut walk = Walk {
        names,
        statements: 0,
        reads: BTreeSet::new(),
        aliases: BTreeSet::new(),
        queries: BTreeSet::new(),
        relations: Vec::new(),
        used: Vec::new(),
        named: Vec::new(),
        brief: true,
    };
    let (kind, writes, gives_rows) = match statement {
        Statement::Query(_) => (Kind::Select, None, true),
        Statement::Insert(insert) => {
            let table = walk.insert(insert)?;
            (Kind::Insert, Some(table), insert.returning.is_some())
        }
        Statement::Update(update) => {
            let table = walk.update(update)?;
            (Kind::Update, Some(table), update.returning.is_some())
        }
        Statement::Delete(delete) => {
            let table = walk.delete(delete)?;
            (Kind::Delete, Some(table), delete.returning.is_some())
        }
        _ => return Err(forbidden("must be a select, insert, update or delete")),
    };
    if let ControlFlow::Break(error) = statement.visit(&mut walk) {
        return Err(error);
    }
    let brief = walk.brief;
    let reads = walk.finish()?;
    Ok(Found {
        kind,
        reads,
        writes,
        gives_rows,
        brief,
    })
}

struct Walk<'a> {
    names: &'a Names,
    statements: usize,
    reads: BTreeSet<String>,
    /// Names that the statement gives to columns and tables.
    aliases: BTreeSet<String>,
    /// Names of the queries behind `with`.
    queries: BTreeSet<String>,
    relations: Vec<String>,
    /// Names that stand for values.
    used: Vec<String>,
    /// All names.
    named: Vec<String>,
    brief: bool,
}

impl Walk<'_> {
    fn finish(mut self) -> Result<BTreeSet<String>> {
        for name in &self.relations {
            if self.queries.contains(name) {
                continue;
            }
            if !self.names.tables.contains_key(name) {
                return Err(forbidden(format!(
                    "there is no table {} for scripts",
                    shown(name)
                )));
            }
            self.reads.insert(name.clone());
        }
        let known = |name: &String| {
            self.names.columns.contains(name)
                || self.names.tables.contains_key(name)
                || self.aliases.contains(name)
                || self.queries.contains(name)
        };
        if let Some(name) = self.used.iter().find(|name| !known(name)) {
            return Err(refused(format!("there is no column {}", shown(name))));
        }
        let is_function = |name: &String| FUNCTIONS.contains(&name.as_str());
        if let Some(name) = self.named.iter().find(|n| !known(n) && !is_function(n)) {
            return Err(refused(format!("there is nothing called {}", shown(name))));
        }
        Ok(self.reads)
    }

    fn insert(&mut self, insert: &Insert) -> Result<String> {
        let plain = insert.into
            && insert.or.is_none()
            && !insert.ignore
            && !insert.by_name
            && !insert.overwrite
            && insert.assignments.is_empty()
            && insert.partitioned.is_none()
            && insert.after_columns.is_empty()
            && insert.overriding.is_none()
            && !insert.has_table_keyword
            && insert.output.is_none()
            && !insert.replace_into
            && insert.priority.is_none()
            && insert.insert_alias.is_none()
            && insert.settings.is_none()
            && insert.format_clause.is_none()
            && insert.multi_table_insert_type.is_none()
            && insert.multi_table_into_clauses.is_empty()
            && insert.multi_table_when_clauses.is_empty()
            && insert.multi_table_else_clause.is_none()
            && insert.table_alias.is_none()
            && insert.source.is_some();
        if !plain {
            return Err(unknown("insert"));
        }
        if insert.columns.is_empty() {
            return Err(refused("an insert must name its columns"));
        }
        match &insert.on {
            None => {}
            Some(OnInsert::OnConflict(conflict))
                if conflict.conflict_target.is_none()
                    && matches!(conflict.action, OnConflictAction::DoNothing) => {}
            Some(_) => {
                return Err(refused(
                    "of on conflict there is do nothing only: use db.upsert",
                ));
            }
        }
        self.returning(insert.returning.as_deref())?;
        match &insert.table {
            TableObject::TableName(name) => Ok(folded(only(name)?)),
            _ => Err(unknown("insert")),
        }
    }

    fn update(&mut self, update: &Update) -> Result<String> {
        let plain = update.on_cluster.is_none()
            && update.output.is_none()
            && update.or.is_none()
            && update.order_by.is_empty()
            && update.limit.is_none()
            && update.settings.is_none()
            && !matches!(update.from, Some(UpdateTableFromKind::BeforeSet(_)))
            && update.assignments.iter().all(is_plain);
        if !plain {
            return Err(unknown("update"));
        }
        self.returning(update.returning.as_deref())?;
        target(std::slice::from_ref(&update.table)).ok_or_else(|| unknown("update"))
    }

    fn delete(&mut self, delete: &Delete) -> Result<String> {
        let plain = delete.tables.is_empty()
            && delete.on_cluster.is_none()
            && delete.using.is_none()
            && delete.output.is_none()
            && delete.order_by.is_empty()
            && delete.limit.is_none()
            && delete.settings.is_none();
        self.returning(delete.returning.as_deref())?;
        match &delete.from {
            FromTable::WithFromKeyword(from) if plain => {
                target(from).ok_or_else(|| unknown("delete"))
            }
            _ => Err(unknown("delete")),
        }
    }

    fn returning(&mut self, items: Option<&[SelectItem]>) -> Result<()> {
        items
            .unwrap_or_default()
            .iter()
            .try_for_each(|i| self.item(i))
    }

    fn item(&mut self, item: &SelectItem) -> Result<()> {
        match item {
            SelectItem::UnnamedExpr(_) => Ok(()),
            SelectItem::ExprWithAlias { alias, .. } => self.alias(alias),
            SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(name),
                options,
            ) if is_bare(options) => only(name).map(drop),
            SelectItem::Wildcard(options) if is_bare(options) => Ok(()),
            _ => Err(unknown("select")),
        }
    }

    fn alias(&mut self, alias: &Ident) -> Result<()> {
        let name = folded(alias);
        if is_meant(&name) {
            return Err(forbidden(format!("nothing may be called {}", shown(&name))));
        }
        self.aliases.insert(name);
        Ok(())
    }

    fn table_alias(&mut self, alias: Option<&TableAlias>) -> Result<()> {
        let Some(alias) = alias else { return Ok(()) };
        if alias.at.is_some() {
            return Err(unknown("alias"));
        }
        for column in &alias.columns {
            if column.data_type.is_some() {
                return Err(unknown("alias"));
            }
            self.alias(&column.name)?;
        }
        self.alias(&alias.name)
    }

    fn query(&mut self, query: &Query) -> Result<()> {
        let plain = query.fetch.is_none()
            && query.locks.is_empty()
            && query.for_clause.is_none()
            && query.settings.is_none()
            && query.format_clause.is_none()
            && query.pipe_operators.is_empty();
        if !plain {
            return Err(unknown("query"));
        }
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit_by, .. }) if limit_by.is_empty() => {}
            Some(_) => return Err(unknown("limit")),
        }
        if let Some(with) = &query.with {
            if with.recursive {
                return Err(forbidden("a query that repeats itself is not for scripts"));
            }
            for cte in &with.cte_tables {
                self.named_query(cte)?;
            }
        }
        set(&query.body)
    }

    fn named_query(&mut self, cte: &Cte) -> Result<()> {
        if cte.from.is_some() || cte.materialized.is_some() {
            return Err(unknown("with"));
        }
        let name = folded(&cte.alias.name);
        // Elsewhere in the statement the name would mean the table.
        if self.names.tables.contains_key(&name) || self.names.closed.contains(&name) {
            let message = format!("a query cannot have the name of the table {}", shown(&name));
            return Err(refused(message));
        }
        self.table_alias(Some(&cte.alias))?;
        self.queries.insert(name);
        Ok(())
    }

    fn select(&mut self, select: &Select) -> Result<()> {
        let plain = select.optimizer_hints.is_empty()
            && select.select_modifiers.is_none()
            && select.top.is_none()
            && select.exclude.is_none()
            && select.into.is_none()
            && select.lateral_views.is_empty()
            && select.prewhere.is_none()
            && select.connect_by.is_empty()
            && select.cluster_by.is_empty()
            && select.distribute_by.is_empty()
            && select.sort_by.is_empty()
            && select.qualify.is_none()
            && select.value_table_mode.is_none()
            && matches!(select.flavor, SelectFlavor::Standard)
            && matches!(
                select.distinct,
                None | Some(Distinct::Distinct | Distinct::All)
            )
            && matches!(&select.group_by, GroupByExpr::Expressions(_, with) if with.is_empty());
        if !plain {
            return Err(unknown("select"));
        }
        if select.projection.is_empty() {
            return Err(refused("a select must give something"));
        }
        for window in &select.named_window {
            self.alias(&window.0)?;
        }
        for from in &select.from {
            joins(from)?;
        }
        select
            .projection
            .iter()
            .try_for_each(|item| self.item(item))
    }

    fn table(&mut self, factor: &TableFactor) -> Result<()> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                with_hints,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_directives,
                inheritance: None,
            } if with_hints.is_empty() && partitions.is_empty() && index_directives.is_empty() => {
                only(name)?;
                self.table_alias(alias.as_ref())
            }
            TableFactor::Derived {
                lateral: false,
                alias,
                sample: None,
                ..
            } => self.table_alias(alias.as_ref()),
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                joins(table_with_joins)?;
                self.table_alias(alias.as_ref())
            }
            _ => Err(forbidden("only tables and queries can be read from")),
        }
    }

    fn expression(&mut self, expression: &Expr) -> Result<()> {
        self.brief &= is_brief(expression);
        match expression {
            Expr::Identifier(name) => {
                self.used.push(folded(name));
                Ok(())
            }
            Expr::CompoundIdentifier(parts) if parts.len() == 2 => {
                self.used.extend(parts.iter().map(folded));
                Ok(())
            }
            Expr::Function(function) => call(function),
            Expr::BinaryOp { op, .. } if is_known(op) => Ok(()),
            Expr::UnaryOp {
                op: UnaryOperator::Not | UnaryOperator::Plus | UnaryOperator::Minus,
                ..
            } => Ok(()),
            Expr::Value(value)
                if matches!(
                    value.value,
                    Value::Number(_, false)
                        | Value::SingleQuotedString(_)
                        | Value::Boolean(_)
                        | Value::Null
                        | Value::Placeholder(_)
                ) =>
            {
                Ok(())
            }
            Expr::Cast {
                kind: CastKind::Cast,
                data_type,
                format: None,
                ..
            } => cast(data_type),
            Expr::In {
                target: InTarget::List(_) | InTarget::Subquery(_),
                global: false,
                ..
            }
            | Expr::Like { any: false, .. }
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::Between { .. }
            | Expr::Substring { special: true, .. }
            | Expr::Trim {
                trim_where: None,
                trim_what: None,
                trim_characters: None,
                ..
            }
            | Expr::Nested(_)
            | Expr::Case { .. }
            | Expr::Exists { .. }
            | Expr::Subquery(_)
            | Expr::Tuple(_) => Ok(()),
            other => Err(forbidden(format!(
                "{} is not for scripts",
                shown(&other.to_string())
            ))),
        }
    }
}

/// One query, or several that are put together.
fn set(body: &SetExpr) -> Result<()> {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) => Ok(()),
        SetExpr::Values(values) if !values.explicit_row && !values.value_keyword => Ok(()),
        SetExpr::SetOperation { left, right, .. } => {
            set(left)?;
            set(right)
        }
        _ => Err(forbidden("a query reads, and does not change rows")),
    }
}

fn joins(from: &TableWithJoins) -> Result<()> {
    use JoinOperator as J;
    for join in &from.joins {
        let constraint = match &join.join_operator {
            J::Join(on)
            | J::Inner(on)
            | J::Left(on)
            | J::LeftOuter(on)
            | J::Right(on)
            | J::RightOuter(on)
            | J::FullOuter(on)
            | J::CrossJoin(on) => on,
            _ => return Err(unknown("join")),
        };
        if join.global || matches!(constraint, JoinConstraint::UsingAlias(..)) {
            return Err(unknown("join"));
        }
    }
    Ok(())
}

fn call(function: &Function) -> Result<()> {
    let name = only(&function.name)?;
    let lower = folded(name);
    if name.quote_style.is_some() || !FUNCTIONS.contains(&lower.as_str()) {
        return Err(forbidden(format!(
            "there is no function {} for scripts",
            shown(&name.value)
        )));
    }
    let plain = !function.uses_odbc_syntax
        && matches!(function.parameters, FunctionArguments::None)
        && function.within_group.is_empty()
        && function.null_treatment.is_none();
    let FunctionArguments::List(list) = &function.args else {
        return Err(unknown(&lower));
    };
    let known = |arg: &FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(_)) => true,
        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => lower == "count",
        _ => false,
    };
    let ordered =
        |clause: &FunctionArgumentClause| matches!(clause, FunctionArgumentClause::OrderBy(_));
    if plain && list.args.iter().all(known) && list.clauses.iter().all(ordered) {
        Ok(())
    } else {
        Err(unknown(&lower))
    }
}

fn cast(to: &DataType) -> Result<()> {
    match to {
        DataType::Text | DataType::BigInt(None) | DataType::DoublePrecision => Ok(()),
        _ => Err(forbidden(
            "a cast is to text, bigint or double precision, which both databases have",
        )),
    }
}

/// Whether its steps in the database's machine take no time worth mentioning, however it is made. A pattern looked for
/// in a long text takes minutes, and a table is counted in one step: nothing stops those meanwhile.
fn is_brief(expression: &Expr) -> bool {
    use BinaryOperator as B;
    match expression {
        Expr::Function(_) => false,
        Expr::BinaryOp { op, .. } => !matches!(op, B::StringConcat | B::Arrow | B::LongArrow),
        Expr::Like { .. } | Expr::Cast { .. } | Expr::Substring { .. } | Expr::Trim { .. } => false,
        _ => true,
    }
}

fn is_known(op: &BinaryOperator) -> bool {
    use BinaryOperator as B;
    matches!(
        op,
        B::Plus
            | B::Minus
            | B::Multiply
            | B::Divide
            | B::Modulo
            | B::StringConcat
            | B::Gt
            | B::Lt
            | B::GtEq
            | B::LtEq
            | B::Eq
            | B::NotEq
            | B::And
            | B::Or
            | B::Arrow
            | B::LongArrow
    )
}

fn is_plain(assignment: &Assignment) -> bool {
    matches!(&assignment.target, AssignmentTarget::ColumnName(name) if only(name).is_ok())
}

fn is_bare(options: &WildcardAdditionalOptions) -> bool {
    options.opt_ilike.is_none()
        && options.opt_exclude.is_none()
        && options.opt_except.is_none()
        && options.opt_replace.is_none()
        && options.opt_rename.is_none()
        && options.opt_alias.is_none()
}

/// The one table that is changed.
fn target(from: &[TableWithJoins]) -> Option<String> {
    let [one] = from else { return None };
    match &one.relation {
        TableFactor::Table { name, .. } if one.joins.is_empty() => only(name).ok().map(folded),
        _ => None,
    }
}

/// A name without a schema before it.
fn only(name: &ObjectName) -> Result<&Ident> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Ok(name),
        _ => Err(forbidden(format!(
            "{} has a schema: tables and functions are named without",
            shown(&name.to_string())
        ))),
    }
}

/// A name as both databases understand it.
pub(super) fn folded(name: &Ident) -> String {
    match name.quote_style {
        None => name.value.to_ascii_lowercase(),
        Some(_) => name.value.clone(),
    }
}

fn is_meant(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    MEANT.contains(&name.as_str()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn unknown(what: &str) -> Error {
    forbidden(format!(
        "this form of {what} is not for scripts: the reference of db says which are"
    ))
}

fn flow(result: Result<()>) -> ControlFlow<Error> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

impl Visitor for Walk<'_> {
    type Break = Error;

    fn pre_visit_statement(&mut self, _: &Statement) -> ControlFlow<Error> {
        self.statements += 1;
        // Within another one it would be behind `with`, or a part of `explain`.
        if self.statements > 1 {
            return ControlFlow::Break(forbidden("a query reads, and does not change rows"));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        flow(self.query(query))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Error> {
        flow(self.select(select))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Error> {
        flow(self.table(factor))
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Error> {
        let name = only(relation).map(folded);
        flow(name.map(|name| self.relations.push(name)))
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Error> {
        flow(self.expression(expression))
    }

    fn pre_visit_ident(&mut self, ident: &Ident) -> ControlFlow<Error> {
        let name = folded(ident);
        if ident.quote_style.is_none() && is_meant(&name) && !self.names.columns.contains(&name) {
            let message = format!("{} is not for scripts", shown(&name));
            return ControlFlow::Break(forbidden(message));
        }
        self.named.push(name);
        ControlFlow::Continue(())
    }

    fn pre_visit_order_by(&mut self, order: &OrderBy) -> ControlFlow<Error> {
        let plain =
            order.interpolate.is_none() && matches!(order.kind, OrderByKind::Expressions(_));
        flow(if plain {
            Ok(())
        } else {
            Err(unknown("order by"))
        })
    }

    fn pre_visit_order_by_expr(&mut self, order: &OrderByExpr) -> ControlFlow<Error> {
        let plain = order.with_fill.is_none()
            && !matches!(
                order.options.sort,
                Some(sqlparser::ast::OrderBySort::Using(_))
            );
        flow(if plain {
            Ok(())
        } else {
            Err(unknown("order by"))
        })
    }
}
