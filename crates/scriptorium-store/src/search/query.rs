//! What somebody typed into a search box, as the databases want it. Every word must be there, each
//! as the beginning of a word, because Russian and Uzbek bend their words at the end; words of one
//! or two characters must be there as they are, or they would stand for half of the index.

use std::ops::RangeInclusive;

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

    /// For FTS5's `match`: scripts.
    pub(crate) fn of_scripts_for_sqlite(&self) -> String {
        self.joined(&SQLITE, "")
    }

    /// For FTS5's `match`: executions of some days.
    pub(crate) fn of_days_for_sqlite(&self, days: RangeInclusive<u32>) -> String {
        let days = days.map(|day| format!("({})", self.joined(&SQLITE, &prefix::name_of(day))));
        days.collect::<Vec<_>>().join(" OR ")
    }

    /// For a cast to `tsquery`: scripts.
    pub(crate) fn of_scripts_for_postgres(&self) -> String {
        self.joined(&POSTGRES, "")
    }

    /// For `find_executions`, which puts the name of each day where [`A_DAY`] is.
    pub(crate) fn of_executions_for_postgres(&self) -> String {
        self.joined(&POSTGRES, A_DAY)
    }

    fn joined(&self, spelling: &Spelling, day: &str) -> String {
        let prefix = &self.prefix;
        let words = self.words.iter().map(|word| {
            let (open, close) = if word.chars().count() >= BEGINNING_CHARS {
                spelling.beginning
            } else {
                spelling.whole
            };
            format!("{open}{prefix}{day}{word}{close}")
        });
        let (open, close) = spelling.whole;
        let marks = self.marks.iter();
        let marks = marks.map(|mark| format!("{open}{prefix}{day}{MARK}{mark}{close}"));
        words.chain(marks).collect::<Vec<_>>().join(spelling.and)
    }
}

/// Stands for a day; no word has it.
const A_DAY: &str = "~";

/// How a database wants a query written: what is around a whole word, around the beginning of one,
/// and between two.
struct Spelling {
    whole: (&'static str, &'static str),
    beginning: (&'static str, &'static str),
    and: &'static str,
}

const SQLITE: Spelling = Spelling {
    whole: ("\"", "\""),
    beginning: ("\"", "\"*"),
    and: " ",
};

const POSTGRES: Spelling = Spelling {
    whole: ("'", "'"),
    beginning: ("'", "':*"),
    and: " & ",
};

#[cfg(test)]
mod tests {
    use scriptorium_model::Uuid;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let tenant = TenantId(Uuid::nil());
        let prefix = prefix::of(tenant);
        let query = Query::parse(tenant, text);
        let found = query.map(|query| {
            [
                query.of_scripts_for_sqlite(),
                query.of_scripts_for_postgres(),
            ]
        });
        let expected =
            expected.map(|(one, other)| [one, other].map(|text| text.replace('^', &prefix)));
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
            query.of_scripts_for_sqlite(),
            format!("\"{prefix}failed\"* \"{prefix}§failed\"")
        );
    }

    #[test]
    fn executions_are_asked_for_day_by_day() {
        let tenant = TenantId(Uuid::nil());
        let query = Query::parse(tenant, "so 1007").unwrap();
        let prefix = prefix::of(tenant);
        assert_eq!(
            query.of_days_for_sqlite(0x4f0f..=0x4f10),
            "(\"^4f0fso\" \"^4f0f1007\"*) OR (\"^4f10so\" \"^4f101007\"*)".replace('^', &prefix)
        );
        assert_eq!(
            query.of_executions_for_postgres(),
            "'^~so' & '^~1007':*".replace('^', &prefix)
        );
    }

    #[test]
    fn a_query_counts_by_its_first_words() {
        let many: String = (0..100).map(|n| format!("word{n} ")).collect();
        let query = Query::parse(TenantId(Uuid::nil()), &many).unwrap();
        assert_eq!(query.words.len(), QUERY_WORDS);
    }
}
