//! `utils.template`: messages from templates. A template may come from a script, so what it can
//! do is an allow-list over its syntax tree: output, conditions and loops. Nothing in it can make
//! a value larger than the data it was given, and the output is cut off while it is written.

use std::io;
use std::sync::Arc;

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Stmt};
use minijinja::machinery::{Token, parse, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use scriptorium_engine::{HostError, Reply};
use scriptorium_model::Json;

use super::text;
use crate::capabilities::args::Args;
use crate::capabilities::{invalid, store_failed};
use crate::host::Run;

/// Largest template in bytes.
pub(super) const BODY_BYTES: usize = scriptorium_model::template::BODY_BYTES;
/// Largest data in bytes of JSON.
pub(super) const DATA_BYTES: usize = 256 << 10;
/// Largest message in bytes.
const OUTPUT_BYTES: usize = 256 << 10;
/// Steps one rendering may take.
const FUEL: u64 = 50_000;
/// Tokens of one tag, and block tags of one template: both bound how deep its tree can be, which
/// is walked by recursion.
const TAG_TOKENS: usize = 200;
const BLOCKS: usize = 500;
/// Additions one template may hold: each may join two texts of the data.
const ADDITIONS: usize = 20;
/// Filters a template may use; each is the crate's own and gives at most a few times its input.
const FILTERS: [&str; 9] = [
    "upper", "lower", "title", "trim", "default", "length", "round", "first", "last",
];
/// Tests a template may use.
const TESTS: [&str; 3] = ["defined", "undefined", "none"];

pub(super) fn render(run: &Arc<Run>, mut args: Args) -> Reply {
    let this = run.clone();
    run.later(async move {
        let given = args.text(0).unwrap_or_default();
        let data = args.json(1);
        let body = if is_name(&given) {
            find(&this, &given).await?
        } else {
            given
        };
        fill(&this, body, data, Escape::None).await.map(text)
    })
}

/// What happens to values where they are put into a text.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Escape {
    /// Nothing.
    None,
    /// They stay text within HTML.
    Html,
}

/// A named template of the tenant's or the host application's, filled in.
pub(crate) async fn render_named(
    run: &Run,
    name: &str,
    data: Json,
    escape: Escape,
) -> Result<String, HostError> {
    let body = find(run, name).await?;
    fill(run, body, data, escape).await
}

/// Rendering is bounded, but not instant: it must hold up neither guests nor I/O.
async fn fill(run: &Run, body: String, data: Json, escape: Escape) -> Result<String, HostError> {
    let rendered = run
        .world
        .blocking(move || rendered(&body, &data, escape))
        .await;
    rendered.ok_or_else(|| HostError::new("PLATFORM_ERROR", "the template was not rendered"))?
}

fn is_name(given: &str) -> bool {
    scriptorium_model::template::validate(given, "").is_ok()
}

/// The tenant's own template of a name, or the host application's.
async fn find(run: &Run, name: &str) -> Result<String, HostError> {
    let found = run.world.store.find_template(&run.ctx, name).await;
    let own = found.map_err(|error| store_failed(&error))?;
    own.map(|template| template.body)
        .or_else(|| run.world.templates.get(name).cloned())
        .ok_or_else(|| HostError::new("NOT_FOUND", format!("there is no template named {name}")))
}

fn rendered(body: &str, data: &Json, escape: Escape) -> Result<String, HostError> {
    let refuse = |error: minijinja::Error| invalid("template", reason(&error));
    measure(body)?;
    let tree = parse(body, "template", SyntaxConfig::default()).map_err(refuse)?;
    Check::default().statement(&tree)?;
    let mut environment = environment();
    if escape == Escape::Html {
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
    }
    let template = environment.template_from_str(body).map_err(refuse)?;
    let data = Value::from(Serde(data.to_value()));
    let mut out = Capped::default();
    match template.render_captured_to(data, &mut out) {
        Ok(_) => {}
        Err(_) if out.full => {
            return Err(invalid(
                "template",
                format!("must not give more than {OUTPUT_BYTES} bytes"),
            ));
        }
        Err(error) => return Err(refuse(error)),
    }
    String::from_utf8(out.bytes).map_err(|_| invalid("template", "did not give text"))
}

/// Refuses long tags and many blocks before anything recursive sees them.
fn measure(body: &str) -> Result<(), HostError> {
    let (mut in_tag, mut blocks) = (0, 0);
    for token in tokenize(body, false, SyntaxConfig::default()) {
        let (token, _) = token.map_err(|error| invalid("template", reason(&error)))?;
        in_tag += 1;
        match token {
            Token::VariableStart => in_tag = 0,
            Token::BlockStart => {
                in_tag = 0;
                blocks += 1;
            }
            _ => {}
        }
        if in_tag > TAG_TOKENS {
            return Err(not_allowed(&format!(
                "more than {TAG_TOKENS} words in one tag"
            )));
        }
        if blocks > BLOCKS {
            return Err(not_allowed(&format!("more than {BLOCKS} block tags")));
        }
    }
    Ok(())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    environment.add_filter("upper", minijinja::filters::upper);
    environment.add_filter("lower", minijinja::filters::lower);
    environment.add_filter("title", minijinja::filters::title);
    environment.add_filter("trim", minijinja::filters::trim);
    environment.add_filter("default", minijinja::filters::default);
    environment.add_filter("length", minijinja::filters::length);
    environment.add_filter("round", minijinja::filters::round);
    environment.add_filter("first", minijinja::filters::first);
    environment.add_filter("last", minijinja::filters::last);
    environment.add_test("defined", minijinja::tests::is_defined);
    environment.add_test("undefined", minijinja::tests::is_undefined);
    environment.add_test("none", minijinja::tests::is_none);
    environment
}

/// The parser's words and the line, without its picture of the source.
fn reason(error: &minijinja::Error) -> String {
    let detail = error.detail().map_or_else(
        || error.kind().to_string(),
        |detail| format!("{}: {detail}", error.kind()),
    );
    match error.line() {
        Some(line) => format!("cannot be rendered: {detail} (line {line})"),
        None => format!("cannot be rendered: {detail}"),
    }
}

/// Walks a template and refuses what is not on the list.
#[derive(Default)]
struct Check {
    additions: usize,
}

impl Check {
    fn statements(&mut self, list: &[Stmt<'_>]) -> Result<(), HostError> {
        list.iter().try_for_each(|one| self.statement(one))
    }

    fn statement(&mut self, statement: &Stmt<'_>) -> Result<(), HostError> {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitRaw(_) => Ok(()),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr)?;
                self.statements(&condition.true_body)?;
                self.statements(&condition.false_body)
            }
            Stmt::ForLoop(each) if !each.recursive => {
                self.target(&each.target)?;
                self.expression(&each.iter)?;
                self.optional(each.filter_expr.as_ref())?;
                self.statements(&each.body)?;
                self.statements(&each.else_body)
            }
            _ => Err(not_allowed(
                "a statement other than if and for; compute it in the script",
            )),
        }
    }

    /// `item`, or `key, value`.
    fn target(&mut self, target: &Expr<'_>) -> Result<(), HostError> {
        match target {
            Expr::Var(_) => Ok(()),
            Expr::List(list) => list.items.iter().try_for_each(|item| self.target(item)),
            Expr::Tuple(tuple) => tuple.items.iter().try_for_each(|item| self.target(item)),
            _ => Err(not_allowed("a loop variable that is not a name")),
        }
    }

    fn optional(&mut self, expression: Option<&Expr<'_>>) -> Result<(), HostError> {
        expression.map_or(Ok(()), |expression| self.expression(expression))
    }

    fn expression(&mut self, expression: &Expr<'_>) -> Result<(), HostError> {
        match expression {
            Expr::Var(_) | Expr::Const(_) => Ok(()),
            Expr::UnaryOp(unary) => self.expression(&unary.expr),
            Expr::BinOp(binary) => {
                self.operator(binary.op)?;
                self.expression(&binary.left)?;
                self.expression(&binary.right)
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr)?;
                compare
                    .ops
                    .iter()
                    .try_for_each(|op| self.expression(&op.expr))
            }
            Expr::IfExpr(condition) => {
                self.expression(&condition.test_expr)?;
                self.expression(&condition.true_expr)?;
                self.optional(condition.false_expr.as_ref())
            }
            Expr::Filter(filter) => {
                if !FILTERS.contains(&filter.name) {
                    let list = FILTERS.join(", ");
                    let what = format!("the filter {}; there are {list}", filter.name);
                    return Err(not_allowed(&what));
                }
                self.optional(filter.expr.as_ref())?;
                filter.args.iter().try_for_each(|arg| self.argument(arg))
            }
            Expr::Test(test) => {
                if !TESTS.contains(&test.name) {
                    let list = TESTS.join(", ");
                    return Err(not_allowed(&format!(
                        "the test {}; there are {list}",
                        test.name
                    )));
                }
                self.expression(&test.expr)?;
                test.args.iter().try_for_each(|arg| self.argument(arg))
            }
            Expr::GetAttr(attribute) => self.expression(&attribute.expr),
            Expr::GetItem(item) => {
                self.expression(&item.expr)?;
                self.expression(&item.subscript_expr)
            }
            Expr::Slice(_) | Expr::Call(_) | Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => Err(
                not_allowed("a call, slice, list or object; compute it in the script"),
            ),
        }
    }

    fn argument(&mut self, argument: &CallArg<'_>) -> Result<(), HostError> {
        match argument {
            CallArg::Pos(expression) => self.expression(expression),
            _ => Err(not_allowed("a named or spread argument")),
        }
    }

    fn operator(&mut self, op: BinOpKind) -> Result<(), HostError> {
        match op {
            BinOpKind::Mul | BinOpKind::Pow | BinOpKind::Concat => Err(not_allowed(
                "the operators *, ** and ~; compute it in the script",
            )),
            BinOpKind::Add => {
                self.additions += 1;
                if self.additions > ADDITIONS {
                    return Err(not_allowed(&format!("more than {ADDITIONS} additions")));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn not_allowed(what: &str) -> HostError {
    invalid("template", format!("must not have {what}"))
}

/// Takes output up to the limit.
#[derive(Default)]
struct Capped {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > OUTPUT_BYTES {
            self.full = true;
            return Err(io::Error::other("the output is full"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, data: &str, message: &str) {
        let data = Json::parse(data).unwrap();
        assert_eq!(
            rendered(template, &data, Escape::None).as_deref(),
            Ok(message)
        );
    }

    #[track_caller]
    fn check_refused(template: &str, data: &str, part: &str) {
        let data = Json::parse(data).unwrap();
        let error = rendered(template, &data, Escape::None).unwrap_err();
        assert_eq!(error.code, "VALIDATION_ERROR");
        assert!(error.message.contains(part), "{}", error.message);
    }

    #[test]
    fn template_gives_a_message() {
        check(
            "Dear {{ name }}!",
            r#"{"name":"Ada & Co <b>"}"#,
            "Dear Ada & Co <b>!",
        );
        check(
            "{% for i in items %}{{ loop.index }}. {{ i.name|upper }}{% if not loop.last %}; {% endif %}{% endfor %}",
            r#"{"items":[{"name":"a"},{"name":"b"}]}"#,
            "1. A; 2. B",
        );
        check(
            "{{ n + 1 }} {{ who|default('you') }}",
            r#"{"n":1}"#,
            "2 you",
        );
        check("{% if a is defined %}1{% else %}2{% endif %}", "{}", "2");
    }

    #[test]
    fn values_stay_text_within_html() {
        let data = Json::parse(r#"{"name":"Ada & Co <b>"}"#).unwrap();
        let rendered = rendered("<p>{{ name }}</p>", &data, Escape::Html);
        assert_eq!(rendered.as_deref(), Ok("<p>Ada &amp; Co &lt;b&gt;</p>"));
    }

    #[test]
    fn template_that_could_grow_without_bound_is_refused() {
        let data = format!(r#"{{"x":"{}"}}"#, "x".repeat(200_000));
        for (template, part) in [
            ("{% set y = x ~ x %}", "statement"),
            ("{% macro m() %}{% endmacro %}", "statement"),
            (
                "{% for i in x recursive %}{{ loop(x) }}{% endfor %}",
                "statement",
            ),
            ("{% include 'x' %}", "statement"),
            ("{{ x * 100000000 }}", "operators"),
            ("{{ x ~ x }}", "operators"),
            ("{{ x|replace('x', x) }}", "filter"),
            ("{{ range(10000000) }}", "call"),
            ("{{ x.__class__() }}", "call"),
            (&"{{ x + x }}".repeat(21), "additions"),
            ("{{ x }}{{ x }}", "bytes"),
            ("{{ unclosed", "line 1"),
            ("{{ missing.name }}", "undefined"),
            (
                &format!("{{{{ {}1 }}}}", "(".repeat(10_000)),
                "words in one tag",
            ),
            (
                &format!("{{{{ {}x }}}}", "not ".repeat(15_000)),
                "words in one tag",
            ),
            (
                &format!("{{{{ x{} }}}}", ".a".repeat(30_000)),
                "words in one tag",
            ),
            (
                &format!("{{{{ x{} }}}}", "|upper".repeat(10_000)),
                "words in one tag",
            ),
            (&"{% if x %}".repeat(5_000), "block tags"),
            (
                &format!("{{% if x %}}{}", "{% elif x %}".repeat(490)),
                "cannot be rendered",
            ),
            (&"{% for x in x %}".repeat(490), "cannot be rendered"),
        ] {
            check_refused(template, &data, part);
        }
    }

    #[test]
    fn endless_work_is_cut_off() {
        let data = format!("{{\"x\":[{}0]}}", "0,".repeat(999));
        let template =
            "{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}";
        check_refused(template, &data, "fuel");
    }
}
