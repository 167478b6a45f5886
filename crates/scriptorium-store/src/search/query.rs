//! What somebody typed into a search box, as the databases want it. Every word must be there, each
//! as the beginning of a word, because Russian and Uzbek bend their words at the end; words of one
//! or two characters must be there as they are, or they would stand for half of the index.

use scriptorium_model::TenantId;

use super::prefix;
use super::words::{MARK, Words};

/// Most words of a query that count.
const QUERY_WORDS: usize = 8;
/// Shortest word that is looked for as a beginning, in characters.
const BEGINNING_CHARS: usize = 3;

/// The words of a query, ready for one tenant's documents.
pub(crate) struct Query {
    prefix: String,
    words: Vec<String>,
    marks: Vec<String>,
}

/// What a list's `q` asks for.
pub(crate) enum Wanted {
    /// Nothing was asked: everything.
    All,
    /// What was typed holds no word, and nothing matches it.
    Nothing,
    /// What holds these words.
    Words(Query),
}

impl Wanted {
    /// Reads what somebody typed.
    pub(crate) fn by(tenant: TenantId, text: Option<&str>) -> Self {
        match text.map(str::trim) {
            None | Some("") => Self::All,
            Some(text) => Query::parse(tenant, text).map_or(Self::Nothing, Self::Words),
        }
    }
}

impl Query {
    /// Reads a query; `None` when it holds no word.
    fn parse(tenant: TenantId, text: &str) -> Option<Self> {
        let mut words = Words::default();
        words.add(text);
        let words: Vec<String> = words.iter().take(QUERY_WORDS).map(Into::into).collect();
        (!words.is_empty()).then(|| Self {
            prefix: prefix::of(tenant),
            words,
            marks: Vec::new(),
        })
    }

    /// The same, of documents that have these marks as well.
    pub(crate) fn with(mut self, marks: impl Iterator<Item = String>) -> Self {
        self.marks.extend(marks);
        self
    }

    /// For FTS5's `match`.
    pub(crate) fn for_sqlite(&self) -> String {
        self.joined(
            " ",
            |begins| if begins { ("\"", "\"*") } else { ("\"", "\"") },
        )
    }

    /// For a cast to `tsquery`.
    pub(crate) fn for_postgres(&self) -> String {
        self.joined(
            " & ",
            |begins| if begins { ("'", "':*") } else { ("'", "'") },
        )
    }

    fn joined(&self, between: &str, quotes: fn(bool) -> (&'static str, &'static str)) -> String {
        let quoted = self.words.iter().map(|word| {
            let (open, close) = quotes(word.chars().count() >= BEGINNING_CHARS);
            format!("{open}{}{word}{close}", self.prefix)
        });
        let marks = self.marks.iter().map(|mark| {
            let (open, close) = quotes(false);
            format!("{open}{}{MARK}{mark}{close}", self.prefix)
        });
        quoted.chain(marks).collect::<Vec<_>>().join(between)
    }
}

#[cfg(test)]
mod tests {
    use scriptorium_model::Uuid;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let tenant = TenantId(Uuid::nil());
        let prefix = prefix::of(tenant);
        let query = Query::parse(tenant, text);
        let found = query.map(|query| (query.for_sqlite(), query.for_postgres()));
        let expected =
            expected.map(|(one, other)| (one.replace('^', &prefix), other.replace('^', &prefix)));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn queries_are_words_and_nothing_else() {
        check("", None);
        check(" \"*' ", None);
        check("Отчёт 5", Some(("\"^отчет\"* \"^5\"", "'^отчет':* & '^5'")));
        check(
            "a OR b",
            Some(("\"^a\" \"^or\" \"^b\"", "'^a' & '^or' & '^b'")),
        );
        check(
            "x\") OR (words:y",
            Some((
                "\"^x\" \"^or\" \"^words\"* \"^y\"",
                "'^x' & '^or' & '^words':* & '^y'",
            )),
        );
        check("it's' | 'x", Some(("\"^its\"* \"^x\"", "'^its':* & '^x'")));
    }

    #[test]
    fn marks_are_asked_for_whole_and_cannot_be_typed() {
        let tenant = TenantId(Uuid::nil());
        let query = Query::parse(tenant, "§failed").unwrap();
        let query = query.with(["failed".to_owned()].into_iter());
        let prefix = prefix::of(tenant);
        assert_eq!(
            query.for_sqlite(),
            format!("\"{prefix}failed\"* \"{prefix}§failed\"")
        );
    }

    #[test]
    fn a_query_counts_by_its_first_words() {
        let many: String = (0..100).map(|n| format!("word{n} ")).collect();
        let query = Query::parse(TenantId(Uuid::nil()), &many).unwrap();
        assert_eq!(query.words.len(), QUERY_WORDS);
    }
}
