//! The page of the documentation, of which one run renews some sections.

/// In this order; a section of another name comes last.
const ORDER: [&str; 6] = [
    "The machine",
    "The engine",
    "The platform",
    "Triggers",
    "Calls of scripts",
    "The store",
];

/// Sections that are measured together with the one before.
const BESIDE: [&str; 3] = [
    "A mixed load",
    "Tenants beside each other",
    "More than it can do",
];

/// The page with those sections renewed that the new text has; its head is the new one.
pub(super) fn renewed(old: &str, new: &str) -> String {
    let (head, new) = split(new);
    let (_, mut sections) = split(old);
    sections.retain(|(name, _)| new.iter().all(|(renewed, _)| renewed != name));
    sections.extend(new);
    sections.sort_by_key(|(name, _)| place(name));
    let text: String = sections.into_iter().map(|(_, text)| text).collect();
    format!("{head}{text}")
}

fn place(name: &str) -> usize {
    let name = if BESIDE.contains(&name) {
        "The platform"
    } else {
        name
    };
    let found = ORDER.iter().position(|one| *one == name);
    found.unwrap_or(ORDER.len())
}

/// The text before the first section, and each section with its name.
fn split(page: &str) -> (&str, Vec<(&str, &str)>) {
    const MARK: &str = "\n## ";
    let mut starts: Vec<usize> = page.match_indices(MARK).map(|(at, _)| at).collect();
    starts.push(page.len());
    let sections = starts.windows(2).map(|ends| {
        let text = &page[ends[0]..ends[1]];
        let name = text[MARK.len()..].lines().next().unwrap_or_default();
        (name, text)
    });
    (&page[..starts[0]], sections.collect())
}

#[cfg(test)]
mod tests {
    use super::renewed;

    #[track_caller]
    fn check(old: &str, new: &str, expected: &str) {
        assert_eq!(renewed(old, new), expected);
    }

    #[test]
    fn sections_that_were_not_measured_are_kept() {
        check("", "# New\n\n## Triggers\n1\n", "# New\n\n## Triggers\n1\n");
        check(
            "# Old\n\n## The store\nkept\n\n### SQLite\n",
            "# New\n\n## Triggers\n1\n",
            "# New\n\n## Triggers\n1\n\n## The store\nkept\n\n### SQLite\n",
        );
        check(
            "# Old\n\n## The platform\nold\n\n## A mixed load\nold\n\n## Triggers\nkept\n",
            "# New\n\n## The engine\n1\n\n## The platform\n2\n\n## A mixed load\n3\n",
            "# New\n\n## The engine\n1\n\n## The platform\n2\n\n## A mixed load\n3\n\n## Triggers\nkept\n",
        );
    }
}
