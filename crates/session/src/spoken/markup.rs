//! What is written for the eye only: markdown, tags, pictures.

/// What the beginning of a line is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Line {
    /// An item of a list, a heading, a row: a sentence of its own.
    Item {
        mark: usize,
    },
    Text,
    /// A rule, a fence: nothing to say.
    Void {
        length: usize,
    },
}

/// Looks at the beginning of a line.
pub(super) fn line(text: &str) -> Line {
    let end = text.find('\n').unwrap_or(text.len());
    let whole = &text[..end];
    let bare = whole.trim();
    if is_rule(bare) || bare.starts_with("```") {
        return Line::Void { length: end };
    }
    let indent = whole.len() - whole.trim_start().len();
    let mark = item_mark(whole.trim_start());
    if mark > 0 {
        return Line::Item {
            mark: indent + mark,
        };
    }
    let numbered = bare.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let is_numbered = numbered.len() < bare.len() && numbered.starts_with([')', '.']);
    if is_numbered && numbered[1..].starts_with(' ') {
        return Line::Item { mark: 0 };
    }
    Line::Text
}

/// A line of dashes, stars or table joints.
fn is_rule(line: &str) -> bool {
    let strokes = line
        .chars()
        .filter(|letter| matches!(letter, '-' | '*' | '_' | '='))
        .count();
    strokes >= 3
        && line
            .chars()
            .all(|letter| matches!(letter, '-' | '*' | '_' | '=' | '|' | ':' | ' '))
}

/// The length of the mark of a heading, a quotation, a list item or a table row.
fn item_mark(line: &str) -> usize {
    let hashes = line.len() - line.trim_start_matches('#').len();
    if (1..=6).contains(&hashes) && line[hashes..].starts_with(' ') {
        return hashes + 1;
    }
    if line.starts_with('|') {
        return 1;
    }
    let bullet = ["- ", "* ", "+ ", "• ", "‣ ", "◦ ", "– ", "> "]
        .into_iter()
        .find(|bullet| line.starts_with(bullet));
    let Some(bullet) = bullet else { return 0 };
    let rest = &line[bullet.len()..];
    let boxed = ["[ ] ", "[x] ", "[X] "]
        .into_iter()
        .find(|tick| rest.starts_with(tick));
    bullet.len() + boxed.map_or(0, str::len)
}

/// What a mark inside a line becomes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mark {
    /// Nothing.
    Gone { length: usize },
    /// A short pause between the cells of a row.
    Pause { length: usize },
    /// A space.
    Space { length: usize },
}

/// Looks for a mark at the beginning of `rest`.
pub(super) fn mark(before: &str, rest: &str) -> Option<Mark> {
    let first = rest.chars().next()?;
    let gone = |length| Some(Mark::Gone { length });
    match first {
        '*' | '`' => gone(run(rest, first)),
        '~' if rest.starts_with("~~") => gone(2),
        '#' | '~' | '\\' | '^' => Some(Mark::Space { length: 1 }),
        '_' => Some(underscore(before, rest)),
        '!' if rest.starts_with("![") && rest.contains("](") => gone(2),
        '[' => gone(1),
        ']' => gone(link_end(rest)),
        '<' => gone(tag(rest)),
        '>' => gone(1),
        '|' => Some(bar(before, rest)),
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{fe0f}' | '\u{feff}' | '\u{20e3}' => {
            gone(first.len_utf8())
        }
        _ if is_picture(first) || first.is_control() => Some(Mark::Space {
            length: first.len_utf8(),
        }),
        _ => None,
    }
}

/// Whether a letter is a mark, so that a text with it is not plain.
pub(super) fn is_mark(letter: char) -> bool {
    matches!(
        letter,
        '*' | '`' | '#' | '~' | '\\' | '^' | '_' | '[' | ']' | '<' | '>' | '|' | '•' | '‣' | '◦'
    ) || matches!(
        letter,
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fe0f}' | '\u{20e3}'
    ) || letter.is_control()
        || is_picture(letter)
}

fn is_picture(letter: char) -> bool {
    matches!(
        letter,
        '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' | '\u{e0000}'..='\u{e007f}'
    )
}

fn run(text: &str, letter: char) -> usize {
    text.len() - text.trim_start_matches(letter).len()
}

/// Emphasis around a word, or a joint inside a name.
fn underscore(before: &str, rest: &str) -> Mark {
    let length = run(rest, '_');
    let inside = before.ends_with(char::is_alphanumeric)
        && rest[length..].starts_with(char::is_alphanumeric);
    if inside {
        Mark::Space { length }
    } else {
        Mark::Gone { length }
    }
}

/// The `](address)` that ends a link.
fn link_end(rest: &str) -> usize {
    let address = rest.strip_prefix("](").and_then(|after| {
        let end = after.find([')', '\n'])?;
        after[end..].starts_with(')').then_some(end)
    });
    address.map_or(1, |end| 2 + end + 1)
}

fn tag(rest: &str) -> usize {
    let named = rest[1..].starts_with(|next: char| next.is_ascii_alphabetic() || next == '/');
    let end = rest
        .find(['>', '\n'])
        .filter(|_| named && !rest[1..].starts_with("http"));
    end.filter(|end| rest[*end..].starts_with('>'))
        .map_or(1, |end| end + 1)
}

/// The bars around a row are nothing, those inside are short pauses.
fn bar(before: &str, rest: &str) -> Mark {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let after = rest[1..].split('\n').next().unwrap_or_default();
    if line.trim().is_empty() || after.trim().is_empty() {
        Mark::Space { length: 1 }
    } else {
        Mark::Pause { length: 1 }
    }
}
