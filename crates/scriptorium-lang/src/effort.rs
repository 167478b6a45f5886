//! How much work a source would be to parse, told before parsing it.
//!
//! The parser tries some readings and takes them back: is `(a = …` a parenthesis or the
//! head of an arrow function, is `a < …` a comparison or the start of type arguments? Where
//! such attempts nest, the innermost text is read once for each of them, or twice as often
//! per level: `a<{[` written a few dozen times would keep the parser busy, and allocating,
//! for years. It offers no way to stop it. So the source is tokenized here first, which is
//! linear, and the tokens are weighed by how often the parser might read them.
//!
//! Wherever a rule here is not exact it errs towards more work, or refuses.

use crate::Language;
use crate::diagnostic::{Finding, Spot};
use crate::parse::{SYNTAX, TOO_DEEP};
use crate::text::to_u32;
use crate::tokens::{Token, Tokens, Unclear};

/// The most token readings that a source may cost, each about a microsecond where attempts
/// fail. A source of 100 KB has some 30,000 tokens, each read a few times.
const MAX_EFFORT: u64 = 1_000_000;

/// Refuses a source that would cost the parser more than [`MAX_EFFORT`] token readings.
pub(crate) fn check(source: &str, language: Language) -> Result<(), Vec<Finding>> {
    effort(source, language)
        .map(drop)
        .map_err(|finding| vec![finding])
}

fn effort(source: &str, language: Language) -> Result<u64, Finding> {
    let mut weigher = Weigher::new(language);
    let mut effort = 0_u64;
    for token in Tokens::new(source, language) {
        let (token, at) = token.map_err(|unclear| refusal(unclear, source))?;
        weigher.take(&token);
        effort = effort.saturating_add(weigher.weight());
        if effort > MAX_EFFORT {
            let message = "The code is nested too deeply to be read in reasonable time. \
                           Split it into functions or statements";
            return Err(Finding::error(
                TOO_DEEP,
                Spot(at, at + 1),
                message.to_owned(),
            ));
        }
    }
    Ok(effort)
}

fn refusal(unclear: Unclear, source: &str) -> Finding {
    let message = match unclear {
        Unclear::Slash(_) => {
            "It is not clear whether this `/` divides or starts a regular expression. \
             End the statement before it with `;`, or put the expression in parentheses"
        }
        Unclear::HtmlComment(_) => "HTML-like comments are not allowed. Use `//`",
    };
    let (Unclear::Slash(at) | Unclear::HtmlComment(at)) = unclear;
    let end = (at + 1).min(to_u32(source.len()));
    Finding::error(SYNTAX, Spot(at, end), message.to_owned())
}

/// An open bracket, and what is undecided directly inside of it.
#[derive(Debug, Clone, Copy)]
struct Frame {
    bracket: char,
    /// How often all of the frame may be read because of what is around it.
    weight: u64,
    /// Attempts under way: two for each `<` that may open type arguments (after `new` they
    /// are tried twice), one for each `infer`.
    undecided: u64,
    /// `?` whose branch may be an arrow function with a return type.
    conditionals: u64,
    /// A parenthesis, perhaps in a type, after which only words came: a pattern that follows
    /// is tried as that of a function type.
    fresh: bool,
}

struct Weigher {
    language: Language,
    frames: Vec<Frame>,
    parentheses: u64,
    conditionals: u64,
    after_dot: bool,
    /// A parenthesis here would be a call's.
    after_value: bool,
}

impl Weigher {
    fn new(language: Language) -> Self {
        let top = Frame {
            bracket: ' ',
            weight: 1,
            undecided: 0,
            conditionals: 0,
            fresh: false,
        };
        Self {
            language,
            frames: vec![top],
            parentheses: 0,
            conditionals: 0,
            after_dot: false,
            after_value: false,
        }
    }

    /// How often the current token may be read.
    fn weight(&self) -> u64 {
        let attempts = self
            .frames
            .last()
            .map_or(1, |f| f.weight.saturating_mul(1 + f.undecided));
        attempts.saturating_mul(1 + self.parentheses + self.conditionals)
    }

    fn take(&mut self, token: &Token<'_>) {
        match *token {
            Token::Open(bracket) => self.open(bracket),
            Token::Close(bracket) => self.close(bracket),
            Token::Word(word) => self.word(word),
            Token::Punctuator(punctuator) => self.punctuator(punctuator),
            Token::Literal => self.stale(),
        }
        self.after_value = match *token {
            Token::Word(word) => self.after_dot || !precedes_type(word),
            Token::Close(_) | Token::Literal => true,
            Token::Open(_) | Token::Punctuator(_) => false,
        };
        self.after_dot = matches!(token, Token::Punctuator("." | "?." | "#"));
    }

    fn open(&mut self, bracket: char) {
        let typescript = self.language == Language::TypeScript;
        let Some(outer) = self.frames.last_mut() else {
            return;
        };
        let mut weight = outer.weight.saturating_mul(1 + outer.undecided);
        if typescript && outer.fresh && bracket != '(' {
            weight = weight.saturating_mul(2);
        }
        outer.fresh = false;
        self.parentheses += u64::from(bracket == '(');
        let fresh = bracket == '(' && !self.after_value;
        self.frames.push(Frame {
            bracket,
            weight,
            undecided: 0,
            conditionals: 0,
            fresh,
        });
    }

    /// A bracket that does not fit ends nothing here: the parser stops at it anyway.
    fn close(&mut self, bracket: char) {
        let fits = self
            .frames
            .last()
            .is_some_and(|frame| closes(frame.bracket, bracket));
        if fits && let Some(frame) = self.frames.pop() {
            self.parentheses -= u64::from(frame.bracket == '(');
            self.conditionals -= frame.conditionals;
        }
    }

    fn word(&mut self, word: &str) {
        if self.language == Language::JavaScript || self.after_dot {
            return;
        }
        match word {
            "infer" => self.undecided(1),
            "const" | "var" | "return" | "if" | "for" | "while" | "switch" | "throw" | "try"
            | "else" => self.decided(true),
            _ => {}
        }
    }

    fn punctuator(&mut self, punctuator: &str) {
        self.stale();
        if self.language == Language::JavaScript {
            return;
        }
        match punctuator {
            "<" => self.undecided(2),
            ">" => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.undecided = frame.undecided.saturating_sub(2);
                }
            }
            "?" => {
                self.conditionals += 1;
                if let Some(frame) = self.frames.last_mut() {
                    frame.conditionals += 1;
                }
            }
            ";" => self.decided(true),
            "&&" | "||" | "??" | "=" | "==" | "!=" | "*" | "%" | "^" | "+" | "/" => {
                self.decided(false);
            }
            ":" if self
                .frames
                .last()
                .is_some_and(|frame| frame.conditionals == 0) =>
            {
                self.decided(false);
            }
            _ => {}
        }
    }

    fn undecided(&mut self, attempts: u64) {
        if let Some(frame) = self.frames.last_mut() {
            frame.undecided += attempts;
        }
    }

    /// No type goes on beyond such a token, so attempts that began in this frame have ended;
    /// at the end of a statement those at arrow functions too.
    fn decided(&mut self, statement_ends: bool) {
        if let Some(frame) = self.frames.last_mut() {
            frame.undecided = 0;
            if statement_ends {
                self.conditionals -= frame.conditionals;
                frame.conditionals = 0;
            }
        }
    }

    fn stale(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.fresh = false;
        }
    }
}

fn precedes_type(word: &str) -> bool {
    matches!(
        word,
        "as" | "satisfies" | "keyof" | "unique" | "readonly" | "is" | "asserts" | "extends"
    )
}

fn closes(open: char, close: char) -> bool {
    matches!((open, close), ('(', ')') | ('[', ']') | ('{', '}'))
}
