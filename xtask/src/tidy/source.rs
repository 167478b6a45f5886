//! The files that the rules look at: paths and texts, and Rust as a flat list of tokens.
//! Tokens, not text, so that comments and strings never look like code.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Every text file that git knows or would add.
#[derive(Default)]
pub(crate) struct Tree {
    pub files: Vec<File>,
}

/// One file; `path` is relative to the root, with `/`.
pub(crate) struct File {
    pub path: String,
    pub text: String,
}

impl Tree {
    /// Reads the tree below `root`, without what git ignores.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for path in listed(root)? {
            // A deleted file is still listed; a binary one holds no rule.
            if let Ok(text) = fs::read_to_string(root.join(&path)) {
                files.push(File { path, text });
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Self { files })
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// The file at `path`.
    pub(crate) fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// A tree made up for a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Self {
            files: files.iter().map(file).collect(),
        }
    }
}

impl File {
    /// Folder of the crate below `crates/` that the file belongs to, if any.
    pub(crate) fn package(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Whether the whole file is for tests, benches or examples.
    pub(crate) fn is_test(&self) -> bool {
        let folders = ["/tests/", "/benches/", "/examples/"];
        folders.iter().any(|folder| self.path.contains(folder)) || self.path.ends_with("/tests.rs")
    }

    /// The tokens of a Rust file in order, without `#[cfg(test)]` items.
    /// An unreadable file has none: the compiler says so better.
    pub(crate) fn tokens(&self) -> Vec<Token> {
        self.read_tokens(Keep::Shipped)
    }

    /// The tokens of a Rust file in order, those of tests too.
    pub(crate) fn all_tokens(&self) -> Vec<Token> {
        self.read_tokens(Keep::All)
    }

    fn read_tokens(&self, keep: Keep) -> Vec<Token> {
        let mut tokens = Vec::new();
        if let Ok(stream) = self.text.parse::<TokenStream>() {
            flatten(stream, keep, &mut tokens);
        }
        tokens
    }
}

/// Paths from the root of every file that git knows or would add.
pub(crate) fn listed(root: &Path) -> anyhow::Result<Vec<String>> {
    let listing = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("cannot start git")?;
    if !listing.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
    }
    let paths = String::from_utf8(listing.stdout)?;
    Ok(paths.split_terminator('\0').map(str::to_owned).collect())
}

/// One token with the line it starts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub text: String,
    pub line: usize,
}

impl Token {
    /// What a string literal says, if the token is one; escapes stay as written.
    pub(crate) fn string(&self) -> Option<&str> {
        let from_quote = self.text.trim_start_matches(['r', 'b', 'c', '#']);
        let body = from_quote.strip_prefix('"')?;
        body.trim_end_matches('#').strip_suffix('"')
    }
}

/// Positions where `pattern`, a path or call split by spaces, occurs in `tokens`.
pub(crate) fn find<'a>(tokens: &'a [Token], pattern: &str) -> impl Iterator<Item = &'a Token> {
    let words: Vec<String> = pattern.split(' ').map(str::to_owned).collect();
    tokens
        .windows(words.len())
        .filter(move |window| {
            window
                .iter()
                .zip(&words)
                .all(|(token, word)| token.text == *word)
        })
        .filter_map(|window| window.first())
}

/// Which items to look into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    All,
    Shipped,
}

fn flatten(stream: TokenStream, keep: Keep, tokens: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        if keep == Keep::Shipped && is_hash(&tree) && trees.peek().is_some_and(is_cfg_test) {
            skip_item(&mut trees);
            continue;
        }
        let line = tree.span().start().line;
        let mut push = |text: &str, line| {
            let text = text.to_owned();
            tokens.push(Token { text, line });
        };
        let TokenTree::Group(group) = tree else {
            push(&tree.to_string(), line);
            continue;
        };
        let (open, close) = brackets(group.delimiter());
        push(open, line);
        flatten(group.stream(), keep, tokens);
        let text = close.to_owned();
        let line = group.span_close().start().line;
        tokens.push(Token { text, line });
    }
}

/// Whether `tree` may start an attribute.
pub(crate) fn is_hash(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == '#')
}

/// Whether `tree` is the rest of `#[cfg(test)]`.
pub(crate) fn is_cfg_test(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Group(group)
        if group.delimiter() == Delimiter::Bracket && group.stream().to_string() == "cfg (test)")
}

/// Leaves `trees` after the item that starts here: at its body or its semicolon.
fn skip_item(trees: &mut impl Iterator<Item = TokenTree>) {
    for tree in trees {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            _ => {}
        }
    }
}

fn brackets(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, pattern: &str, lines: &[usize]) {
        let tree = Tree::of(&[("a.rs", text)]);
        let tokens = tree.files[0].tokens();
        let found: Vec<usize> = find(&tokens, pattern).map(|token| token.line).collect();
        assert_eq!(found, lines, "{pattern} in {text}");
    }

    #[test]
    fn comments_strings_and_test_modules_are_not_code() {
        check("fn a() { b::c(); }\nfn d() { b::c() }", "b : : c", &[1, 2]);
        check("// b::c\nconst A: &str = \"b::c\";", "b : : c", &[]);
        check(
            "#[cfg(test)]\nmod tests { fn a() { b::c() } }",
            "b : : c",
            &[],
        );
        check("#[cfg(test)]\nuse b::c;\nuse b::c;", "b : : c", &[3]);
    }

    #[test]
    fn a_string_literal_gives_its_content() {
        for (literal, content) in [
            ("\"a\"", Some("a")),
            ("r#\"a \"b\"\"#", Some("a \"b\"")),
            ("b\"a\"", Some("a")),
            ("a", None),
            ("'a'", None),
        ] {
            let text = literal.to_owned();
            assert_eq!(Token { text, line: 1 }.string(), content, "{literal}");
        }
    }
}
