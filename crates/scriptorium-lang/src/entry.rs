//! Which function the engine calls, and the edits that make it the default export.

use oxc_ast::ast::{
    ExportDefaultDeclaration, ExportDefaultDeclarationKind, Expression, Program, Statement,
};
use oxc_span::{GetSpan, Span};

use crate::diagnostic::{Finding, Spot, shorten};
use crate::modules;
use crate::rewrite::Edits;
use crate::survey::{Binding, Export, Survey};
use crate::{Convention, Entry, Options};

const ENTRY: &str = "script.entry";

/// How a program becomes a module whose default export is its entry function.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) edits: Edits,
    pub(crate) entry: Entry,
    /// What the program exports as it is written.
    pub(crate) exports: Vec<String>,
    pub(crate) warnings: Vec<Finding>,
}

impl Convention {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Main => &["main"],
            Self::HandleRequest => &["handleRequest"],
            Self::HandleEvent => &["handleEvent"],
            Self::Any => &["main", "handleRequest", "handleEvent"],
        }
    }

    /// The parameters that a body sees.
    fn parameters(self) -> &'static str {
        match self {
            Self::Main | Self::Any => "input, ctx",
            Self::HandleRequest => "req, ctx",
            Self::HandleEvent => "event, ctx",
        }
    }

    /// How to write the entry function, for messages.
    fn signature(self) -> &'static str {
        match self {
            Self::Main => "main(input, ctx)",
            Self::HandleRequest => "handleRequest(req, ctx)",
            Self::HandleEvent => "handleEvent(event, ctx)",
            Self::Any => "main(input, ctx), handleRequest(req, ctx) or handleEvent(event, ctx)",
        }
    }
}

/// Finds the entry function by the first rule that applies: the `entry` setting, a default
/// export, the convention, the only function, the body itself.
pub(crate) fn plan(program: &Program<'_>, options: &Options<'_>) -> Result<Plan, Vec<Finding>> {
    Planner {
        program,
        survey: Survey::new(program),
        options,
    }
    .plan()
    .map_err(|error| vec![error])
}

/// What a library becomes: itself, with the engine's names for what it imports.
pub(crate) fn plan_library(
    program: &Program<'_>,
    options: &Options<'_>,
) -> Result<Plan, Vec<Finding>> {
    let planner = Planner {
        program,
        survey: Survey::new(program),
        options,
    };
    planner.library().map_err(|error| vec![error])
}

struct Planner<'p, 'a> {
    program: &'p Program<'a>,
    survey: Survey<'p, 'a>,
    options: &'p Options<'p>,
}

impl Planner<'_, '_> {
    fn plan(&self) -> Result<Plan, Finding> {
        if let (Some(span), true) = (self.survey.top_return, self.survey.is_module()) {
            let message = "`return` outside of a function cannot be combined with `export`. \
                           Put the code into the exported function";
            return Err(error(span, message.to_owned()));
        }
        if let Some(name) = self.options.entry {
            return self.by_setting(name);
        }
        if let Some(default) = self.survey.default {
            return self.default_export(default);
        }
        if self.survey.exports_default() || self.exports().iter().any(|name| name == "default") {
            return Ok(self.unchanged());
        }
        let named = self
            .options
            .convention
            .names()
            .iter()
            .find_map(|name| self.by_name(name));
        match named.or_else(|| self.only_function()) {
            Some(function) => self.call(function.name, function),
            None => self.body(),
        }
    }

    fn library(&self) -> Result<Plan, Finding> {
        if let Some(span) = self.survey.top_return {
            let message = "A library is a module: `return` stands inside of functions only";
            return Err(error(span, message.to_owned()));
        }
        let plan = self.unchanged();
        if plan.exports.is_empty() {
            let message = format!(
                "A library exports something: write `export` before what other scripts may use{}",
                self.present_functions()
            );
            return Err(error(Spot(0, 0), message));
        }
        Ok(plan)
    }

    fn by_setting(&self, name: &str) -> Result<Plan, Finding> {
        if name == "default" && self.survey.exports_default() {
            return match self.survey.default {
                Some(default) => self.default_export(default),
                None => Ok(self.unchanged()),
            };
        }
        let quoted = shorten(name, 100);
        match self.survey.lookup(name) {
            Some(binding) if binding.may_be_function => self.call(name, binding),
            Some(binding) => {
                let message =
                    format!("The entry setting names `{quoted}`, which is not a function");
                Err(error(binding.span, message))
            }
            None => {
                let message = format!(
                    "The entry setting names `{quoted}`, but there is no top-level or exported \
                     function of that name{}",
                    self.present_functions()
                );
                Err(error(Spot(0, 0), message))
            }
        }
    }

    fn default_export(&self, default: &ExportDefaultDeclaration<'_>) -> Result<Plan, Finding> {
        use ExportDefaultDeclarationKind as Kind;
        let generator = match &default.declaration {
            Kind::FunctionDeclaration(function) => function.generator,
            Kind::FunctionExpression(function) => function.generator,
            _ => false,
        };
        let refuse = |what: &str| {
            let message = format!("The default export must be a function, this is {what}");
            Err(error(default.declaration.span(), message))
        };
        if generator && !self.takes_generators() {
            return refuse("a generator");
        }
        match &default.declaration {
            Kind::ClassDeclaration(_) => refuse("a class"),
            declaration => match declaration.as_expression().and_then(not_callable) {
                Some(what) => refuse(what),
                None => Ok(self.unchanged()),
            },
        }
    }

    /// What a generator gives goes out as an answer in parts; elsewhere nobody takes the parts.
    fn takes_generators(&self) -> bool {
        self.options.convention == Convention::HandleRequest
    }

    /// A function under a conventional name: declared, or exported under it.
    fn by_name(&self, name: &str) -> Option<&Binding<'_>> {
        let binding = self.survey.lookup(name)?;
        let exported = self
            .survey
            .exports
            .iter()
            .any(|export| export.exported == name);
        (binding.is_function || (exported && binding.may_be_function)).then_some(binding)
    }

    /// The only function among declarations, or the only one that a module exports.
    fn only_function(&self) -> Option<&Binding<'_>> {
        let mut functions = self.survey.functions();
        let only = functions.next().filter(|_| functions.next().is_none());
        if only.is_some() && self.survey.only_declarations {
            return only;
        }
        let exported = |export: &Export<'_>| self.survey.binding(export.local);
        let mut exported = self
            .survey
            .exports
            .iter()
            .filter_map(exported)
            .filter(|b| b.is_function);
        exported.next().filter(|_| exported.next().is_none())
    }

    /// Makes a named function the default export. Where a `return` at the top makes the
    /// source a body, the function is called when the body ends without one.
    fn call(&self, name: &str, function: &Binding<'_>) -> Result<Plan, Finding> {
        if function.generator && !self.takes_generators() {
            let message = format!(
                "`{}` must be a function, this is a generator",
                shorten(name, 100)
            );
            return Err(error(function.span, message));
        }
        let is_body = self.survey.top_return.is_some();
        let mut edits = self.edits(is_body);
        if is_body {
            self.wrap(
                &mut edits,
                &format!("return {}(...arguments);", function.name),
            );
        } else if self.survey.default_name() != Some(function.name) {
            self.remove_default(&mut edits);
            edits.suffix(&format!("\nexport {{ {} as default }};\n", function.name));
        }
        let entry = Entry::Function(name.to_owned());
        let warnings = self.self_calls(function.name);
        Ok(Plan {
            edits,
            entry,
            exports: self.exports(),
            warnings,
        })
    }

    /// Takes the source as the body of the entry function.
    fn body(&self) -> Result<Plan, Finding> {
        if self.survey.is_module() {
            let message = format!(
                "No entry function: export one as default, or define {}{}",
                self.options.convention.signature(),
                self.present_functions()
            );
            return Err(error(Spot(0, 0), message));
        }
        if self.is_empty() {
            let message = format!(
                "Nothing to run: define {}, or write statements at the top level{}",
                self.options.convention.signature(),
                self.present_functions()
            );
            return Err(error(Spot(0, 0), message));
        }
        let mut edits = self.edits(true);
        for span in &self.survey.empty_exports {
            edits.blank(self.program.source_text, span.start, span.end);
        }
        if self.survey.top_return.is_none()
            && let Some(span) = self.last_expression()
        {
            edits.insert(span.start, "return (");
            edits.insert(span.end, ")");
        }
        self.wrap(&mut edits, "");
        Ok(Plan {
            edits,
            entry: Entry::Body,
            exports: Vec::new(),
            warnings: Vec::new(),
        })
    }

    /// The inner block lets the body declare names that are also parameters.
    fn wrap(&self, edits: &mut Edits, last: &str) {
        let parameters = self.options.convention.parameters();
        edits.prefix(&format!(
            "export default async function ({parameters}) {{{{"
        ));
        edits.suffix(&format!("\n{last}}}}}\n"));
    }

    fn unchanged(&self) -> Plan {
        Plan {
            edits: self.edits(false),
            entry: Entry::Export,
            exports: self.exports(),
            warnings: Vec::new(),
        }
    }

    fn exports(&self) -> Vec<String> {
        let own = self.survey.exports.iter().map(|e| e.exported.to_owned());
        let default = self.survey.exports_default().then(|| "default".to_owned());
        let mut all: Vec<String> = own.chain(default).collect();
        all.extend(modules::passed_on(self.program, self.options.libraries));
        all.sort();
        all.dedup();
        all
    }

    /// What every program needs: the engine's names of libraries. In front of a body stand its
    /// imports, since inside of a function there are none.
    fn edits(&self, is_body: bool) -> Edits {
        let mut edits = Edits::default();
        let source = self.program.source_text;
        for request in modules::requests(self.program) {
            let Some(literal) = modules::literal(&request, self.options.libraries) else {
                continue;
            };
            let (whole, name) = (request.span, request.source.span);
            if is_body && request.is_import {
                let text = |start: u32, end: u32| &source[start as usize..end as usize];
                let (before, after) = (text(whole.start, name.start), text(name.end, whole.end));
                edits.prefix(&format!("{before}{literal}{after};"));
                edits.blank(source, whole.start, whole.end);
            } else {
                edits.replace(name.start, name.end, literal);
            }
        }
        // A `#!` line is only allowed at the very start, where a prefix may come to stand.
        if let Some(hashbang) = &self.program.hashbang {
            edits.replace(
                hashbang.span.start,
                hashbang.span.start + 2,
                "//".to_owned(),
            );
        }
        edits
    }

    /// Turns `export default` into a plain declaration or expression: a module has only one.
    fn remove_default(&self, edits: &mut Edits) {
        use ExportDefaultDeclarationKind as Kind;
        let source = self.program.source_text;
        for export in &self.survey.default_specifiers {
            let alias = format!("{} as __unused_default", export.local);
            edits.replace(export.span.start, export.span.end, alias);
        }
        let Some(default) = self.survey.default else {
            return;
        };
        let declaration = default.declaration.span();
        edits.blank(source, default.span.start, declaration.start);
        let is_named = match &default.declaration {
            Kind::FunctionDeclaration(function) => function.id.is_some(),
            Kind::ClassDeclaration(class) => class.id.is_some(),
            _ => false,
        };
        if !is_named {
            edits.insert(declaration.start, ";(");
            edits.insert(declaration.end, ");");
        }
    }

    /// Calls of the entry function from the top level: the platform calls it already.
    fn self_calls(&self, name: &str) -> Vec<Finding> {
        let is_call = |statement: &&Statement<'_>| match statement {
            Statement::ExpressionStatement(statement) => calls(&statement.expression, name),
            _ => false,
        };
        let warning = |statement: &Statement<'_>| {
            let message = format!(
                "`{name}` is called by the platform; this call makes it run twice. Remove it"
            );
            Finding::warning("script.entry_called", statement.span(), message)
        };
        self.program
            .body
            .iter()
            .filter(is_call)
            .map(warning)
            .collect()
    }

    fn is_empty(&self) -> bool {
        self.program.directives.is_empty() && self.survey.only_definitions
    }

    /// The expression whose value the body has, as `eval` would say: declarations of
    /// functions and empty statements after it do not count.
    fn last_expression(&self) -> Option<Span> {
        let has_value = |statement: &&Statement<'_>| {
            !matches!(
                statement,
                Statement::EmptyStatement(_)
                    | Statement::FunctionDeclaration(_)
                    | Statement::ImportDeclaration(_)
            ) && !self.survey.empty_exports.contains(&statement.span())
        };
        match self.program.body.iter().rev().find(has_value) {
            Some(Statement::ExpressionStatement(last)) => Some(last.expression.span()),
            Some(_) => None,
            None => self
                .program
                .directives
                .last()
                .map(|last| last.expression.span),
        }
    }

    fn present_functions(&self) -> String {
        let names: Vec<_> = self
            .survey
            .functions()
            .take(5)
            .map(|f| shorten(f.name, 40))
            .collect();
        match names.is_empty() {
            true => String::new(),
            false => format!(". Found: {}", names.join(", ")),
        }
    }
}

fn error(span: impl Into<Spot>, message: String) -> Finding {
    Finding::error(ENTRY, span, message)
}

/// What an expression is when it is certainly not a function.
pub(crate) fn not_callable(expression: &Expression<'_>) -> Option<&'static str> {
    match expression.get_inner_expression() {
        Expression::ObjectExpression(_) => Some("an object"),
        Expression::ArrayExpression(_) => Some("an array"),
        Expression::ClassExpression(_) => Some("a class"),
        Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => Some("a string"),
        Expression::NumericLiteral(_) | Expression::BigIntLiteral(_) => Some("a number"),
        Expression::BooleanLiteral(_) => Some("a boolean"),
        Expression::NullLiteral(_) => Some("null"),
        Expression::RegExpLiteral(_) => Some("a regular expression"),
        Expression::FunctionExpression(function) if function.generator => Some("a generator"),
        _ => None,
    }
}

/// Whether an expression is a call of `name`, perhaps awaited or followed by `.catch(…)`.
fn calls(expression: &Expression<'_>, name: &str) -> bool {
    let mut expression = expression.get_inner_expression();
    loop {
        expression = match expression {
            Expression::AwaitExpression(awaited) => awaited.argument.get_inner_expression(),
            Expression::UnaryExpression(unary) => unary.argument.get_inner_expression(),
            Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                Expression::Identifier(callee) => return callee.name == name,
                Expression::StaticMemberExpression(member) => member.object.get_inner_expression(),
                _ => return false,
            },
            _ => return false,
        };
    }
}
