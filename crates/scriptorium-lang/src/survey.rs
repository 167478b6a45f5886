//! What stands at the top level of a program: functions, exports, `return`.

use oxc_ast::ast::{
    ArrowFunctionExpression, BindingPattern, Class, Declaration, ExportDefaultDeclaration,
    ExportDefaultDeclarationKind, ExportSpecifier, Expression, Function, ModuleExportName, Program,
    ReturnStatement, Statement, VariableDeclarator,
};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeFlags;

use crate::entry::not_callable;

/// The top level of a JavaScript program.
#[derive(Debug)]
pub(crate) struct Survey<'p, 'a> {
    pub(crate) bindings: Vec<Binding<'p>>,
    pub(crate) exports: Vec<Export<'p>>,
    pub(crate) default: Option<&'p ExportDefaultDeclaration<'a>>,
    /// `export { x as default }`.
    pub(crate) default_specifiers: Vec<Export<'p>>,
    /// `export {}`, which types leave behind.
    pub(crate) empty_exports: Vec<Span>,
    /// Something is exported from another module.
    pub(crate) passes_on: bool,
    /// The first `return` outside of a function.
    pub(crate) top_return: Option<Span>,
    /// Nothing but declarations, so that loading the module has no visible effect.
    pub(crate) only_declarations: bool,
    /// Nothing but functions and classes: as a body it would do nothing at all.
    pub(crate) only_definitions: bool,
}

/// A name declared at the top level.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding<'p> {
    pub(crate) name: &'p str,
    pub(crate) span: Span,
    /// A function declaration, or a variable that starts as a function.
    pub(crate) is_function: bool,
    /// `false` when it is certainly something else.
    pub(crate) may_be_function: bool,
    pub(crate) generator: bool,
}

/// `export { local as exported }`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Export<'p> {
    pub(crate) exported: &'p str,
    pub(crate) local: &'p str,
    pub(crate) span: Span,
}

impl<'p, 'a> Survey<'p, 'a> {
    pub(crate) fn new(program: &'p Program<'a>) -> Self {
        let mut returns = TopReturn(None);
        returns.visit_program(program);
        let mut survey = Self {
            bindings: Vec::new(),
            exports: Vec::new(),
            default: None,
            default_specifiers: Vec::new(),
            empty_exports: Vec::new(),
            passes_on: false,
            top_return: returns.0,
            only_declarations: true,
            only_definitions: true,
        };
        for statement in &program.body {
            survey.statement(statement);
        }
        survey
    }

    /// Whether the program must stay a module: it exports something. Imports do not count: a
    /// body has them in front of itself.
    pub(crate) fn is_module(&self) -> bool {
        !self.exports.is_empty() || self.exports_default() || self.passes_on
    }

    pub(crate) fn exports_default(&self) -> bool {
        self.default.is_some() || !self.default_specifiers.is_empty()
    }

    /// The local name of the default export, if it has one.
    pub(crate) fn default_name(&self) -> Option<&'p str> {
        if let Some(specifier) = self.default_specifiers.first() {
            return Some(specifier.local);
        }
        match &self.default?.declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => function_name(function),
            ExportDefaultDeclarationKind::Identifier(identifier) => Some(identifier.name.as_str()),
            _ => None,
        }
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &Binding<'p>> {
        self.bindings.iter().filter(|binding| binding.is_function)
    }

    pub(crate) fn binding(&self, local: &str) -> Option<&Binding<'p>> {
        self.bindings.iter().find(|binding| binding.name == local)
    }

    /// What a name means to the outside: an export of that name, or else a declaration.
    pub(crate) fn lookup(&self, name: &str) -> Option<&Binding<'p>> {
        let export = self.exports.iter().find(|export| export.exported == name);
        self.binding(export.map_or(name, |export| export.local))
    }

    fn statement(&mut self, statement: &'p Statement<'a>) {
        match statement {
            Statement::ExportDeclaration(export) => {
                let before = self.bindings.len();
                self.declaration(&export.declaration);
                let export = |binding: &Binding<'p>| Export {
                    exported: binding.name,
                    local: binding.name,
                    span: binding.span,
                };
                self.exports
                    .extend(self.bindings[before..].iter().map(export));
            }
            Statement::ExportNamedDeclaration(export) if export.specifiers.is_empty() => {
                self.empty_exports.push(export.span);
            }
            Statement::ExportNamedDeclaration(export) => {
                export
                    .specifiers
                    .iter()
                    .for_each(|specifier| self.specifier(specifier));
            }
            Statement::ExportDefaultDeclaration(export) => {
                self.default = Some(export);
                if let ExportDefaultDeclarationKind::FunctionDeclaration(function) =
                    &export.declaration
                {
                    self.function(function);
                }
            }
            Statement::ImportDeclaration(import) => {
                for specifier in import.specifiers.iter().flatten() {
                    let local = specifier.local();
                    self.value(local.name.as_str(), local.span, true);
                }
            }
            Statement::ExportFromDeclaration(_) | Statement::ExportAllDeclaration(_) => {
                self.passes_on = true;
            }
            Statement::EmptyStatement(_) => {}
            other => match other.as_declaration() {
                Some(declaration) => self.declaration(declaration),
                None => {
                    self.only_declarations = false;
                    self.only_definitions = false;
                }
            },
        }
    }

    fn declaration(&mut self, declaration: &'p Declaration<'a>) {
        match declaration {
            Declaration::FunctionDeclaration(function) => self.function(function),
            Declaration::ClassDeclaration(class) => {
                if let Some(id) = &class.id {
                    self.value(id.name.as_str(), id.span, false);
                }
            }
            Declaration::VariableDeclaration(variables) => {
                variables
                    .declarations
                    .iter()
                    .for_each(|variable| self.variable(variable));
            }
            _ => {}
        }
    }

    fn function(&mut self, function: &'p Function<'a>) {
        if let Some(id) = &function.id {
            self.bindings.push(Binding {
                name: id.name.as_str(),
                span: id.span,
                is_function: true,
                may_be_function: true,
                generator: function.generator,
            });
        }
    }

    fn variable(&mut self, variable: &'p VariableDeclarator<'a>) {
        let init = variable.init.as_ref().map(Expression::get_inner_expression);
        let generator = match init {
            Some(Expression::ArrowFunctionExpression(_)) => Some(false),
            Some(Expression::FunctionExpression(function)) => Some(function.generator),
            _ => None,
        };
        self.only_definitions &= generator.is_some();
        match (&variable.id, generator) {
            (BindingPattern::BindingIdentifier(id), Some(generator)) => {
                self.bindings.push(Binding {
                    name: id.name.as_str(),
                    span: id.span,
                    is_function: true,
                    may_be_function: true,
                    generator,
                });
            }
            (pattern, _) => {
                let may_be_function = init.is_none_or(|init| not_callable(init).is_none());
                for id in pattern.get_binding_identifiers() {
                    self.value(id.name.as_str(), id.span, may_be_function);
                }
            }
        }
    }

    fn value(&mut self, name: &'p str, span: Span, may_be_function: bool) {
        self.bindings.push(Binding {
            name,
            span,
            is_function: false,
            may_be_function,
            generator: false,
        });
    }

    fn specifier(&mut self, specifier: &'p ExportSpecifier<'a>) {
        let export = Export {
            exported: export_name(&specifier.exported),
            local: export_name(&specifier.local),
            span: specifier.span,
        };
        if export.exported == "default" {
            self.default_specifiers.push(export);
        } else {
            self.exports.push(export);
        }
    }
}

fn function_name<'p>(function: &'p Function<'_>) -> Option<&'p str> {
    function.id.as_ref().map(|id| id.name.as_str())
}

pub(crate) fn export_name<'p>(name: &'p ModuleExportName<'_>) -> &'p str {
    match name {
        ModuleExportName::IdentifierName(name) => name.name.as_str(),
        ModuleExportName::IdentifierReference(name) => name.name.as_str(),
        ModuleExportName::StringLiteral(name) => name.value.as_str(),
    }
}

/// Finds the first `return` that belongs to no function.
struct TopReturn(Option<Span>);

impl<'a> Visit<'a> for TopReturn {
    fn visit_return_statement(&mut self, statement: &ReturnStatement<'a>) {
        self.0.get_or_insert(statement.span());
    }

    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}

    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}

    fn visit_class(&mut self, _: &Class<'a>) {}
}
