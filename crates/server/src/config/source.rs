//! Reads TOML with places: expands variables, and finds every unknown key and wrong type in one go.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    env::Environment,
    problem::{Place, Problem, did_you_mean},
};

/// More mistakes than these are not listed: nobody reads on.
const MOST_PROBLEMS: usize = 50;

/// Texts after their variables were filled in, by where they stand.
type Expansions = BTreeMap<Vec<String>, String>;

/// Reads files and remembers where each key stands.
pub(crate) struct Source<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) places: BTreeMap<String, Place>,
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            places: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// Reads `text`, the content of `file`, whose keys are all under `prefix` (empty for none).
    /// What cannot be read is a problem and left out.
    pub(crate) fn read<T: DeserializeOwned + Default>(
        &mut self,
        file: &str,
        text: &str,
        prefix: &str,
    ) -> T {
        let sheet = Sheet { file, text };
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            self.problems.extend(errors.iter().map(|error| Problem {
                place: Some(sheet.place(error.span().unwrap_or(0..0))),
                key: String::new(),
                message: error.message().replace('\n', ", "),
            }));
            return T::default();
        }
        let mut expansions = Expansions::new();
        each_key(
            table.get_ref(),
            &mut Vec::new(),
            &mut |steps, span, value| {
                let path = absolute(prefix, steps);
                let place = sheet.place(span);
                if let DeValue::String(text) = value
                    && text.contains("${")
                {
                    match self.environment.expand(text) {
                        Ok(expanded) => {
                            expansions.insert(steps.to_vec(), expanded);
                        }
                        Err(message) => self.problems.push(Problem {
                            place: Some(place.clone()),
                            key: path.clone(),
                            message,
                        }),
                    }
                }
                self.places.insert(path, place);
            },
        );
        self.fill(table, prefix, &expansions)
    }

    /// Turns a table into what it should be. A wrong value is reported and taken out, and the rest
    /// is tried again, so that one run finds every mistake.
    fn fill<'t, T: DeserializeOwned + Default>(
        &mut self,
        mut table: Spanned<DeTable<'t>>,
        prefix: &str,
        expansions: &'t Expansions,
    ) -> T {
        for (steps, text) in expansions {
            if let Some(slot) = slot(table.get_mut(), steps) {
                *slot = DeValue::String(text.as_str().into());
            }
        }
        let mut retyped = BTreeSet::new();
        for _ in 0..MOST_PROBLEMS {
            let deserializer = toml::de::Deserializer::from(table.clone());
            let error = match serde_path_to_error::deserialize(deserializer) {
                Ok(read) => return read,
                Err(error) => error,
            };
            let message = error.inner().message().to_owned();
            let steps = steps_to(error.path(), &message);
            // A variable is text, but the key may want a number: "${PORT:-3001}".
            if let Some(text) = expansions.get(&steps)
                && retyped.insert(steps.clone())
                && let Ok(value) = DeValue::parse(text)
                && let Some(slot) = slot(table.get_mut(), &steps)
            {
                *slot = value.into_inner();
                continue;
            }
            let path = absolute(prefix, &steps);
            self.problems.push(Problem {
                place: self.place_of(&path),
                key: path,
                message: wording(&message),
            });
            if !remove(table.get_mut(), &steps) {
                break;
            }
        }
        T::default()
    }

    /// Where a key stands, or the nearest section around it that stands anywhere.
    pub(crate) fn place_of(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return Some(place.clone());
            }
            path = path.rsplit_once('.')?.0;
        }
    }
}

struct Sheet<'a> {
    file: &'a str,
    text: &'a str,
}

impl Sheet<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

type Found<'f, 't> = &'f mut dyn FnMut(&[String], Range<usize>, &DeValue<'t>);

fn each_key<'t>(table: &DeTable<'t>, steps: &mut Vec<String>, found: Found<'_, 't>) {
    for (key, value) in table {
        steps.push(key.get_ref().clone().into_owned());
        found(steps, key.span(), value.get_ref());
        each_inside(value.get_ref(), steps, found);
        steps.pop();
    }
}

fn each_inside<'t>(value: &DeValue<'t>, steps: &mut Vec<String>, found: Found<'_, 't>) {
    if let Some(table) = value.as_table() {
        each_key(table, steps, found);
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        steps.push(index.to_string());
        found(steps, item.span(), item.get_ref());
        each_inside(item.get_ref(), steps, found);
        steps.pop();
    }
}

fn absolute(prefix: &str, steps: &[String]) -> String {
    let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
    let steps = steps.iter().map(String::as_str);
    prefix
        .into_iter()
        .chain(steps)
        .collect::<Vec<_>>()
        .join(".")
}

fn steps_to(path: &serde_path_to_error::Path, message: &str) -> Vec<String> {
    let mut steps: Vec<String> = path.iter().filter_map(step).collect();
    if let Some(unknown) = unknown_field(message)
        && steps.last().is_none_or(|last| last != unknown)
    {
        steps.push(unknown.to_owned());
    }
    steps
}

fn step(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

fn slot<'v, 't>(table: &'v mut DeTable<'t>, steps: &[String]) -> Option<&'v mut DeValue<'t>> {
    let (first, rest) = steps.split_first()?;
    let (_, value) = table.iter_mut().find(|(key, _)| key.get_ref() == first)?;
    inside(value.get_mut(), rest)
}

fn inside<'v, 't>(value: &'v mut DeValue<'t>, steps: &[String]) -> Option<&'v mut DeValue<'t>> {
    let Some((first, rest)) = steps.split_first() else {
        return Some(value);
    };
    match value {
        DeValue::Table(table) => slot(table, steps),
        DeValue::Array(items) => {
            let index: usize = first.parse().ok()?;
            inside(items.get_mut(index)?.get_mut(), rest)
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => None,
    }
}

/// Takes a value out. Of a list, the whole list.
fn remove(table: &mut DeTable<'_>, steps: &[String]) -> bool {
    let Some((last, parents)) = steps.split_last() else {
        return false;
    };
    let holder = if parents.is_empty() {
        Some(table)
    } else if let Some(DeValue::Table(holder)) = slot(table, parents) {
        Some(holder)
    } else {
        return remove(table, parents);
    };
    holder.is_some_and(|holder| holder.remove(last.as_str()).is_some())
}

fn unknown_field(message: &str) -> Option<&str> {
    message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next())
}

/// Serde's words for a mistake, in ours.
fn wording(message: &str) -> String {
    let Some(unknown) = unknown_field(message) else {
        return mismatch(message).unwrap_or_else(|| message.to_owned());
    };
    let expected: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
    let hint = did_you_mean(unknown, expected.iter().copied());
    if hint.is_empty() {
        format!("unknown key; known here: {}", expected.join(", "))
    } else {
        format!("unknown key{hint}")
    }
}

/// `invalid type: string "x", expected u16`, as one would say it.
fn mismatch(message: &str) -> Option<String> {
    let (found, expected) = message.split_once(", expected ")?;
    let (_, found) = found.split_once("invalid ")?;
    let found = match found.split_once(' ')? {
        ("type:" | "value:", "map") => "a section".to_owned(),
        ("type:" | "value:", "sequence") => "a list".to_owned(),
        ("type:" | "value:", found) => {
            let (kind, value) = found.split_once(['`', '"'])?;
            let quote = if kind == "string " { '"' } else { '`' };
            format!("{quote}{value}")
        }
        ("length", length) => format!("a list of {length}"),
        _ => return None,
    };
    let expected = match expected {
        "a boolean" => "true or false",
        "a map" => "a section",
        "a sequence" => "a list: `[…]`",
        "a string" => "a text in quotation marks",
        "f32" | "f64" => "a number",
        "u16" => "a whole number up to 65535",
        "u32" | "u64" | "usize" => "a whole number from 0 up",
        _ if expected.starts_with("struct ") => "a section",
        other => match other.strip_prefix("an array of length ") {
            Some(length) => return Some(format!("{found}, where {length} are needed")),
            None => other,
        },
    };
    Some(format!("{found} is not {expected}"))
}
