//! The words of a text, for whatever is searched: one tokenizer for both databases, so that they
//! find alike. It knows no language. A word is a run of letters and digits in lower case; endings
//! are dealt with by looking for beginnings of words.

use std::collections::HashSet;

/// Longest word in characters; of a longer one only the beginning counts, here and in queries.
pub(super) const WORD_CHARS: usize = 40;
/// Most distinct words that one part of a document (its log, its input, its output) adds to it.
const PART_WORDS: usize = 256;
/// How much of one part is read, in bytes.
const PART_BYTES: usize = 64 << 10;

/// What marks begin with: neither letter nor digit, so part of no word, and yet one to both
/// databases.
pub(super) const MARK: char = '§';

/// Collects the distinct words of a document.
#[derive(Default)]
pub(super) struct Words {
    text: String,
    seen: HashSet<Box<str>>,
}

impl Words {
    /// Adds plain text.
    pub(super) fn add(&mut self, text: &str) -> &mut Self {
        self.part([text])
    }

    /// Adds one part that consists of several plain texts.
    pub(super) fn part<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> &mut Self {
        let mut part = Part::new(self);
        for text in texts {
            part.read(text.chars());
        }
        self
    }

    /// Adds a JSON document, its names and its values, as they read without escapes.
    pub(super) fn json(&mut self, text: &str) -> &mut Self {
        Part::new(self).read(Unescaped(text.chars()));
        self
    }

    /// Adds what was logged: each line's text, and its data, which is JSON.
    pub(super) fn log<'a>(
        &mut self,
        lines: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> &mut Self {
        let mut part = Part::new(self);
        for (message, data) in lines {
            part.read(message.chars());
            part.read(Unescaped(data.unwrap_or_default().chars()));
        }
        self
    }

    /// Adds a mark: what a filter asks for, as a word that no text has and nobody can type.
    pub(super) fn mark(&mut self, mark: &str) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push(MARK);
        self.text.push_str(mark);
        self
    }

    /// The words, separated by spaces.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// The words in the order of their first appearance.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split_ascii_whitespace()
    }
}

/// One part of a document being read, within its bounds.
struct Part<'a> {
    words: &'a mut Words,
    word: String,
    length: usize,
    new_words: usize,
    bytes: usize,
}

impl<'a> Part<'a> {
    fn new(words: &'a mut Words) -> Self {
        Self {
            words,
            word: String::new(),
            length: 0,
            new_words: 0,
            bytes: 0,
        }
    }

    fn read(&mut self, characters: impl Iterator<Item = char>) {
        for character in characters {
            self.bytes += character.len_utf8();
            if self.bytes > PART_BYTES || self.new_words >= PART_WORDS {
                break;
            }
            // Some apostrophes are letters to Unicode.
            if is_joint(character) {
                continue;
            }
            if character.is_alphanumeric() {
                self.push(character);
            } else {
                self.end();
            }
        }
        self.end();
    }

    /// Adds a character to the word: in lower case, and `ё` as most people write it.
    fn push(&mut self, character: char) {
        if self.length >= WORD_CHARS {
            return;
        }
        if character.is_ascii() {
            self.word.push(character.to_ascii_lowercase());
        } else {
            let lower = character.to_lowercase();
            let lower = lower.filter(|character| !is_mark(*character));
            self.word
                .extend(lower.map(|c| if c == 'ё' { 'е' } else { c }));
        }
        self.length += 1;
    }

    fn end(&mut self) {
        if self.word.is_empty() {
            return;
        }
        if !self.words.seen.contains(self.word.as_str()) {
            if !self.words.text.is_empty() {
                self.words.text.push(' ');
            }
            self.words.text.push_str(&self.word);
            self.words.seen.insert(self.word.as_str().into());
            self.new_words += 1;
        }
        self.word.clear();
        self.length = 0;
    }
}

/// Characters inside a word that neither count nor end it: the apostrophes that people type for the
/// Uzbek oʻ and gʻ, the tutuq belgisi among them, and marks set over a letter.
fn is_joint(character: char) -> bool {
    matches!(
        character,
        '\'' | '`' | '´' | 'ʻ' | 'ʼ' | 'ʽ' | 'ʹ' | '‘' | '’' | '‛' | '′' | '＇' | '\u{ad}'
    ) || is_mark(character)
}

fn is_mark(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

/// The characters of a JSON text, escapes of its strings resolved.
struct Unescaped<'a>(std::str::Chars<'a>);

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let character = self.0.next()?;
        if character != '\\' {
            return Some(character);
        }
        Some(match self.0.next()? {
            'u' => self.code(),
            'n' | 't' | 'r' | 'b' | 'f' => ' ',
            other => other,
        })
    }
}

impl Unescaped<'_> {
    /// The character of `\uXXXX`; halves of a pair are put together, lone ones separate words.
    fn code(&mut self) -> char {
        let first = self.digits();
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).unwrap_or(' ');
        }
        let mut ahead = Self(self.0.clone());
        if ahead.0.next() != Some('\\') || ahead.0.next() != Some('u') {
            return ' ';
        }
        let second = ahead.digits();
        if !(0xdc00..0xe000).contains(&second) {
            return ' ';
        }
        self.0 = ahead.0;
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).unwrap_or(' ')
    }

    fn digits(&mut self) -> u32 {
        let mut value = 0;
        for _ in 0..4 {
            let Some(digit) = self.0.clone().next().and_then(|c| c.to_digit(16)) else {
                return u32::from(' ');
            };
            self.0.next();
            value = value * 16 + digit;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut words = Words::default();
        words.add(text);
        assert_eq!(words.into_text(), expected, "{text:?}");
    }

    #[test]
    fn words_are_letters_and_digits_in_lower_case() {
        check("", "");
        check(" .,-_/ ", "");
        check("Order #1007: 3 × Sok", "order 1007 3 sok");
        check("order order ORDER", "order");
        check("hook_a script.threw a-b", "hook a script threw b");
        check("Отчёт МЕСЯЧНЫЙ", "отчет месячный");
        check("ЁЛКА елка", "елка");
        check("İstanbul", "istanbul");
        check("e\u{301}te\u{301}", "ete");
        check("价格 ٣٤", "价格 ٣٤");
    }

    #[test]
    fn every_spelling_of_the_uzbek_apostrophe_is_the_same_word() {
        for apostrophe in ["'", "`", "´", "ʻ", "ʼ", "‘", "’", "′", "＇", ""] {
            check(&format!("O{apostrophe}zbek"), "ozbek");
            check(&format!("tog{apostrophe}"), "tog");
            check(&format!("ma{apostrophe}no"), "mano");
        }
        check("'quoted' ''", "quoted");
    }

    #[test]
    fn json_is_read_without_its_escapes() {
        let json = r#"{"note":"line1\nline2 \"deep\" c:\\temp","ru":"\u0417\u0430\u043a\u0430\u0437","pair":"\ud83d\ude00x","lone":"a\ud83db","bad":"\u12"}"#;
        let mut words = Words::default();
        words.json(json);
        assert_eq!(
            words.into_text(),
            "note line1 line2 deep c temp ru заказ pair x lone a b bad"
        );
    }

    #[test]
    fn a_long_word_counts_by_its_beginning() {
        check(&"ж".repeat(90), &"ж".repeat(WORD_CHARS));
    }

    #[test]
    fn a_part_is_bounded_and_leaves_room_for_the_next() {
        let many: String = (0..10_000).map(|n| format!("w{n} ")).collect();
        let mut words = Words::default();
        words.add(&many).add("after");
        assert_eq!(words.iter().count(), PART_WORDS + 1);
        let mut words = Words::default();
        words.add(&format!("{} hidden", "- ".repeat(PART_BYTES)));
        assert_eq!(words.into_text(), "");
    }

    proptest::proptest! {
        #[test]
        fn a_word_of_a_document_is_found_by_itself(text in "\\PC{0,200}") {
            let mut words = Words::default();
            words.add(&text);
            for word in words.iter() {
                let mut again = Words::default();
                again.add(word);
                proptest::prop_assert_eq!(again.into_text(), word);
            }
        }

        #[test]
        fn words_hold_nothing_that_means_something_to_a_database(text in ".{0,200}") {
            let mut words = Words::default();
            words.json(&text);
            let plain = |c: char| c.is_alphanumeric() || c == ' ';
            proptest::prop_assert!(words.into_text().chars().all(plain));
        }
    }
}
