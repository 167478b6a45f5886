//! A tokenizer that finds the brackets of a source without parsing it.
//!
//! It knows where strings, templates, comments and regular expressions are. Whether a `/`
//! divides depends on the grammar; where the token before does not tell and the difference
//! could matter, it says so instead of guessing.

use crate::Language;
use crate::text::to_u32;

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    /// `(`, `[`, `{`; also the `{` of `${`.
    Open(char),
    /// `)`, `]`, `}`.
    Close(char),
    /// An identifier, keyword or number.
    Word(&'t str),
    /// Anything else; `==` and `!=` stand for their three-sign forms too.
    Punctuator(&'t str),
    /// A string, a piece of a template, a regular expression.
    Literal,
}

/// What this tokenizer declines to decide, with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unclear {
    Slash(u32),
    HtmlComment(u32),
}

/// What a `/` after the token before would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A value ended: `/` divides.
    Value,
    /// A value is to come: `/` starts a regular expression.
    Operator,
    /// Either.
    Unclear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    /// `(`; `true` after `if`, `while`, `for`, `with`, where a statement follows its end.
    Parenthesis(bool),
    Square,
    Brace,
    /// `${`, whose end leads back into the template.
    Template,
}

/// The tokens of a source with their offsets.
pub(crate) struct Tokens<'t> {
    text: &'t str,
    language: Language,
    place: usize,
    brackets: Vec<Bracket>,
    before: Before,
    /// The last word, if it was the last token and not a property name.
    word: &'t str,
    /// The word before that.
    previous_word: &'t str,
    after_dot: bool,
    new_line: bool,
    /// A `${…}` has just ended: the template goes on.
    in_template: bool,
    failed: bool,
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Result<(Token<'t>, u32), Unclear>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let token = self.token().transpose()?;
        self.failed = token.is_err();
        Some(token)
    }
}

impl<'t> Tokens<'t> {
    pub(crate) fn new(text: &'t str, language: Language) -> Self {
        let mut tokens = Self {
            text,
            language,
            place: 0,
            brackets: Vec::new(),
            before: Before::Operator,
            word: "",
            previous_word: "",
            after_dot: false,
            new_line: true,
            in_template: false,
            failed: false,
        };
        if text.starts_with("#!") {
            tokens.skip_line();
        }
        tokens
    }

    fn rest(&self) -> &'t str {
        &self.text[self.place..]
    }

    fn token(&mut self) -> Result<Option<(Token<'t>, u32)>, Unclear> {
        if self.in_template {
            self.in_template = false;
            let start = self.place;
            return Ok(Some((self.template(), to_u32(start))));
        }
        self.skip_blank()?;
        let start = self.place;
        let Some(c) = self.rest().chars().next() else {
            return Ok(None);
        };
        let token = match c {
            '(' | '[' | '{' => self.open(c),
            ')' | ']' | '}' => self.close(c),
            '"' | '\'' => self.string(c),
            '`' => {
                self.place += 1;
                self.template()
            }
            '/' => self.slash()?,
            _ if is_word(c) => self.word(),
            _ => self.punctuator(c),
        };
        self.new_line = false;
        Ok(Some((token, to_u32(start))))
    }

    /// Skips white space and comments, noting line ends.
    fn skip_blank(&mut self) -> Result<(), Unclear> {
        loop {
            let rest = self.rest();
            if rest.starts_with("//") {
                self.skip_line();
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let length = comment.find("*/").map_or(rest.len(), |end| end + 4);
                self.new_line |= rest[..length].contains(is_line_end);
                self.place += length;
            } else if self.new_line && rest.starts_with("<!--") {
                return Err(Unclear::HtmlComment(to_u32(self.place)));
            } else {
                match rest.chars().next() {
                    Some(c) if is_blank(c) => {
                        self.new_line |= is_line_end(c);
                        self.place += c.len_utf8();
                    }
                    _ => return Ok(()),
                }
            }
        }
    }

    fn skip_line(&mut self) {
        self.place += self.rest().find(is_line_end).unwrap_or(self.rest().len());
    }

    fn after(&mut self, before: Before) {
        self.before = before;
        self.word = "";
        self.after_dot = false;
    }

    fn open(&mut self, c: char) -> Token<'t> {
        let header = matches!(self.word, "if" | "while" | "for" | "with")
            || (self.word == "await" && self.previous_word == "for");
        self.brackets.push(match c {
            '(' => Bracket::Parenthesis(header),
            '[' => Bracket::Square,
            _ => Bracket::Brace,
        });
        self.place += 1;
        self.after(Before::Operator);
        Token::Open(c)
    }

    fn close(&mut self, c: char) -> Token<'t> {
        let before = match (c, self.brackets.last()) {
            (')', Some(Bracket::Parenthesis(true))) => Before::Operator,
            (')', Some(Bracket::Parenthesis(false))) | (']', Some(Bracket::Square)) => {
                Before::Value
            }
            // A block or a value: after one a statement starts, the other can be divided.
            ('}', Some(Bracket::Brace)) => Before::Unclear,
            ('}', Some(Bracket::Template)) => {
                self.in_template = true;
                Before::Operator
            }
            // The parser stops here; what follows does not matter.
            _ => {
                self.place += 1;
                self.after(Before::Unclear);
                return Token::Close(c);
            }
        };
        self.brackets.pop();
        self.place += 1;
        self.after(before);
        Token::Close(c)
    }

    fn string(&mut self, quote: char) -> Token<'t> {
        let mut chars = self.rest()[1..].chars();
        while let Some(c) = chars.next() {
            match c {
                // An escaped CRLF is one line end.
                '\\' if chars.as_str().starts_with("\r\n") => chars.by_ref().take(2).for_each(drop),
                '\\' => drop(chars.next()),
                // Without its end on the line, the parser stops here.
                '\n' | '\r' => break,
                _ if c == quote => break,
                _ => {}
            }
        }
        self.place = self.text.len() - chars.as_str().len();
        self.after(Before::Value);
        Token::Literal
    }

    /// The text of a template up to its end or the next `${`.
    fn template(&mut self) -> Token<'t> {
        let rest = self.rest();
        let mut chars = rest.char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            match c {
                '\\' => {
                    chars.next();
                }
                '`' => {
                    self.place += offset + 1;
                    self.after(Before::Value);
                    return Token::Literal;
                }
                '$' if chars.peek().is_some_and(|&(_, next)| next == '{') => {
                    self.place += offset + 2;
                    self.brackets.push(Bracket::Template);
                    self.after(Before::Operator);
                    return Token::Open('{');
                }
                _ => {}
            }
        }
        self.place = self.text.len();
        Token::Literal
    }

    fn slash(&mut self) -> Result<Token<'t>, Unclear> {
        let unclear =
            self.before == Before::Unclear || (self.before == Before::Value && self.new_line);
        if unclear {
            return self.unclear_slash();
        }
        if self.before == Before::Value {
            return Ok(self.punctuator('/'));
        }
        let mut in_class = false;
        let mut chars = self.rest()[1..].chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => drop(chars.next()),
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => break,
                // Without its end on the line, the parser stops here.
                _ if is_line_end(c) => break,
                _ => {}
            }
        }
        self.place = self.text.len() - chars.as_str().len();
        self.after(Before::Value);
        Ok(Token::Literal)
    }

    /// Without a second `/` on the line this divides. With one, both readings agree about
    /// what follows it if nothing between the two opens or closes and a value ends before the
    /// second, which otherwise starts a regular expression for the reading that divides; where
    /// the second starts a comment for one reading, nothing may open or close on all of the line.
    fn unclear_slash(&mut self) -> Result<Token<'t>, Unclear> {
        let rest = &self.rest()[1..];
        let line = &rest[..rest.find(is_line_end).unwrap_or(rest.len())];
        let Some(second) = line.find('/') else {
            return Ok(self.punctuator('/'));
        };
        let comments = line[second + 1..].starts_with(['/', '*']);
        let shared = if comments { line } else { &line[..second] };
        let divides = comments || ends_value(shared);
        if !divides || shared.contains("/*") || shared.contains(|c| "()[]{}<>'\"`\\".contains(c)) {
            return Err(Unclear::Slash(to_u32(self.place)));
        }
        self.place += 1 + if comments { line.len() } else { second + 1 };
        self.after(Before::Unclear);
        Ok(Token::Punctuator("/"))
    }

    fn word(&mut self) -> Token<'t> {
        let rest = self.rest();
        let mut length = end_of_word(rest);
        let is_decimal = rest.starts_with(|c: char| c.is_ascii_digit())
            && rest[..length]
                .chars()
                .all(|c| c.is_ascii_digit() || c == '_');
        if is_decimal && rest[length..].starts_with('.') {
            length += 1;
            length += end_of_word(&rest[length..]);
        }
        let word = &rest[..length];
        self.place += length;
        let is_property = self.after_dot;
        let previous = self.word;
        // In `for (a of …`; elsewhere `of` is a name.
        let joins = self.before != Before::Operator
            && self.brackets.last() == Some(&Bracket::Parenthesis(true));
        self.after(match word {
            _ if is_property => Before::Value,
            "of" if joins => Before::Operator,
            // Names, where the parser is not in a module or a generator.
            "await" | "yield" => Before::Unclear,
            _ if expects_value(word) => Before::Operator,
            _ => Before::Value,
        });
        if !is_property {
            self.previous_word = previous;
            self.word = word;
        }
        Token::Word(word)
    }

    fn punctuator(&mut self, c: char) -> Token<'t> {
        const LONG: [&str; 13] = [
            "===", "!==", "...", "&&", "||", "??", "==", "!=", "=>", "<=", "++", "--", "?.",
        ];
        let rest = self.rest();
        let long = LONG.into_iter().find(|long| rest.starts_with(long));
        // `a?.5:b` is a conditional.
        let long = long
            .filter(|&long| long != "?." || !rest[2..].starts_with(|c: char| c.is_ascii_digit()));
        let length = long.map_or(c.len_utf8(), str::len);
        self.place += length;
        let text = &rest[..length];
        let was = self.before;
        let typescript = self.language == Language::TypeScript;
        self.after(match text {
            "++" | "--" => Before::Unclear,
            // `a!` is a value, `a<b>` may be one.
            "!" if typescript && was != Before::Operator => Before::Unclear,
            ">" if typescript => Before::Unclear,
            _ => Before::Operator,
        });
        self.after_dot = matches!(text, "." | "?." | "#");
        Token::Punctuator(match text {
            "===" => "==",
            "!==" => "!=",
            text => text,
        })
    }
}

/// The length of the word at the start of a text. `\u{61}` in identifiers belongs to the
/// word, or else its braces would count.
fn end_of_word(text: &str) -> usize {
    let mut rest = text;
    loop {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (before, after) = rest.split_at(word);
        if !(before.ends_with("\\u") && after.starts_with('{')) {
            return text.len() - after.len();
        }
        rest = after.find('}').map_or("", |end| &after[end + 1..]);
    }
}

/// Beyond ASCII, all that is not white space: what is no identifier is an error.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '\\') || !(c.is_ascii() || is_blank(c))
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}')
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// Whether a value must follow the word, so that a `/` after it starts a regular expression.
fn expects_value(word: &str) -> bool {
    matches!(
        word,
        "return"
            | "typeof"
            | "instanceof"
            | "in"
            | "new"
            | "delete"
            | "void"
            | "throw"
            | "case"
            | "do"
            | "else"
            | "yield"
            | "await"
            | "extends"
            | "default"
    )
}

/// Whether the text plainly ends with a name or a number.
fn ends_value(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let word = text.trim_end().rsplit(|c| !is_part(c)).next().unwrap_or("");
    !word.is_empty() && word != "of" && !expects_value(word)
}

#[cfg(test)]
mod tests {
    use oxc_allocator::Allocator;
    use oxc_parser::config::TokensParserConfig;
    use oxc_parser::{Kind, ParseOptions, Parser};
    use oxc_span::SourceType;
    use proptest::prelude::*;

    use super::*;

    /// Where the parser saw parentheses and square brackets, if it accepts the source.
    fn parsed(source: &str, language: Language) -> Option<Vec<u32>> {
        let allocator = Allocator::new();
        let source_type = match language {
            Language::JavaScript => SourceType::mjs(),
            Language::TypeScript => SourceType::ts(),
        };
        let options = ParseOptions {
            allow_return_outside_function: true,
            ..ParseOptions::default()
        };
        let parser = || Parser::new(&allocator, source, source_type).with_options(options);
        // Collecting tokens of what does not parse trips assertions of the parser's own.
        if !parser().parse().diagnostics.is_empty() {
            return None;
        }
        let parsed = parser().with_config(TokensParserConfig).parse();
        let is_bracket = |kind| {
            matches!(
                kind,
                Kind::LParen | Kind::RParen | Kind::LBrack | Kind::RBrack
            )
        };
        let brackets = parsed
            .tokens
            .iter()
            .filter(|token| is_bracket(token.kind()));
        Some(brackets.map(|token| token.start()).collect())
    }

    fn tokenized(source: &str, language: Language) -> Result<Vec<u32>, Unclear> {
        let is_bracket = |token| matches!(token, Token::Open('(' | '[') | Token::Close(')' | ']'));
        Tokens::new(source, language)
            .filter_map(|token| match token {
                Ok((token, at)) => is_bracket(token).then_some(Ok(at)),
                Err(unclear) => Some(Err(unclear)),
            })
            .collect()
    }

    /// What the parser accepts has its brackets where the tokenizer says, or it declines.
    #[track_caller]
    fn check(source: &str) -> bool {
        let mut compared = false;
        for language in [Language::JavaScript, Language::TypeScript] {
            if let (Some(parsed), Ok(tokenized)) =
                (parsed(source, language), tokenized(source, language))
            {
                assert_eq!(tokenized, parsed, "{language:?} {source:?}");
                compared = true;
            }
        }
        compared
    }

    #[test]
    fn brackets_are_where_the_parser_sees_them() {
        for source in [
            "a / (b) / c; x = /(/; [/[/(]/]",
            "if (a) /(/.test(b); else /[)]/.x()",
            "f(a) / (2)\n/ (b)",
            "`(${a(`)${b[0]}`)}(`; (c)",
            "'(' + \"\\\n(\" + '\\\r\n)' + (a)",
            "a /* ( */ + (b) // )\n+ [c] /* \n ( */",
            "1./(a)/1; 1.5.toFixed(2) / (b); .5 / (a); 0x1F.toString() / (a)",
            "a?.5:(b); a?.[0]; a?.(b)",
            "x\u{301}/(a)/1; x\\u{61}/(a)/1; \u{a0}/(/.x()",
            "a.if(b) / (c) / d; a.return / (b) / c; class A { #if; m() { return this.#if / (a) / b } }",
            "for (const a of /(/.exec(b)) {}; for await (const a of b) /(/.x()",
            "a++ / (b); a = b\n++c\n/ (d)",
            "() => {}\n; ({}) / (a); function f() {} (a)",
            "return /(/.test(typeof /)/)",
            "do /(/.x(); while (a) (b)",
            "switch (a) { case /(/.x: default: /)/.y() }",
        ] {
            assert!(check(source), "nothing to compare in {source:?}");
        }
    }

    #[test]
    fn typescript_values_before_a_slash_are_known_or_declined() {
        for source in [
            "of  \n/await /[/(]/",
            "a\n/ b + /[(]/.source",
            "await /[/(]/] ",
            "a! / (b) / c",
            "a<b> / (c) / d",
            "(a as b) / (c) / d",
            "let x: A\n/(/.x()",
        ] {
            check(source);
        }
    }

    const PIECES: [&str; 46] = [
        "a",
        "b",
        "1",
        "1.",
        "'('",
        "`(`",
        "`${",
        "}`",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "/",
        "/",
        "/",
        "/(/",
        "/[/(]/",
        "// (\n",
        "/* ( */",
        "\n",
        "\n",
        " ",
        ";",
        "=",
        "=>",
        "+",
        "++",
        "!",
        "<",
        ">",
        ".",
        "?.",
        "?",
        ":",
        ",",
        "if (a)",
        "while (b)",
        "return ",
        "of ",
        "typeof ",
        "await ",
        "function f()",
        "as ",
        "else ",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_accepted_soup_has_its_brackets(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..14),
        ) {
            check(&pieces.concat());
        }
    }
}
