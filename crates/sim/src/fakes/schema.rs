//! Schemas whose arguments are guaranteed, as strictly as providers take them: what either of them
//! refuses is refused. References are not followed, and refused as well.

use serde_json::{Map, Value};

const KEYWORDS: [&str; 9] = [
    "additionalProperties",
    "anyOf",
    "const",
    "description",
    "enum",
    "items",
    "properties",
    "required",
    "type",
];
const TYPES: [&str; 7] = [
    "array", "boolean", "integer", "null", "number", "object", "string",
];
const MOST_LEVELS: usize = 10;
const MOST_PROPERTIES: usize = 5_000;
/// In all lists of a schema together.
const MOST_VALUES: usize = 1_000;
/// In all names and values.
const MOST_LETTERS: usize = 120_000;
/// A list of more values than these may have only so many letters.
const MANY_VALUES: usize = 250;
const MOST_LETTERS_OF_MANY: usize = 15_000;

/// Why a provider refuses to guarantee a schema, if it does.
pub(super) fn not_strict(schema: &Value) -> Option<String> {
    check(schema).err()
}

/// Parts of a schema that may be of more than one type.
pub(super) fn unions(schema: &Value) -> usize {
    let own = schema["type"].is_array() || schema.get("anyOf").is_some();
    usize::from(own) + parts(schema).map(unions).sum::<usize>()
}

fn check(schema: &Value) -> Result<(), String> {
    if schema["type"] != "object" {
        return Err("schema must have type 'object'.".to_owned());
    }
    if schema.get("anyOf").is_some() {
        return Err("'anyOf' is not permitted at the root.".to_owned());
    }
    check_part(schema, 1)?;
    check_size(schema)
}

fn check_part(schema: &Value, level: usize) -> Result<(), String> {
    let no_type = || "schema must have a 'type' key.".to_owned();
    let fields = schema.as_object().ok_or_else(no_type)?;
    if level > MOST_LEVELS {
        return Err(format!(
            "{level} levels of nesting exceeds limit of {MOST_LEVELS}."
        ));
    }
    if let Some(keyword) = fields.keys().find(|key| !KEYWORDS.contains(&key.as_str())) {
        return Err(format!("'{keyword}' is not permitted."));
    }
    check_values(fields)?;
    let choices = fields.get("anyOf");
    if let Some(choices) = choices {
        let choices = choices.as_array().filter(|choices| !choices.is_empty());
        let choices = choices.ok_or("'anyOf' must be a non-empty array.")?;
        for choice in choices {
            check_part(choice, level)?;
        }
    }
    if choices.is_some() && fields.get("type").is_none() {
        return Ok(());
    }
    let types = types(fields).ok_or_else(no_type)?;
    if let Some(unknown) = types.iter().find(|one| !TYPES.contains(one)) {
        return Err(format!("'{unknown}' is not a type."));
    }
    if types.contains(&"object") {
        check_object(fields, level)?;
    }
    if types.contains(&"array") {
        let items = fields.get("items").ok_or("array schema missing items.")?;
        check_part(items, level + 1)?;
    }
    Ok(())
}

/// One type or several, by name.
fn types(fields: &Map<String, Value>) -> Option<Vec<&str>> {
    let kind = fields.get("type")?;
    if let Some(one) = kind.as_str() {
        return Some(vec![one]);
    }
    let several = kind.as_array().filter(|several| !several.is_empty())?;
    several.iter().map(Value::as_str).collect()
}

/// The values that are listed are plain.
fn check_values(fields: &Map<String, Value>) -> Result<(), String> {
    let is_plain = |value: &Value| !value.is_object() && !value.is_array();
    let listed = fields.get("enum").map(|listed| {
        let listed = listed.as_array();
        listed.is_some_and(|listed| !listed.is_empty() && listed.iter().all(is_plain))
    });
    if listed == Some(false) {
        return Err("'enum' must be a non-empty array of plain values.".to_owned());
    }
    if fields.get("const").is_some_and(|value| !is_plain(value)) {
        return Err("'const' must be a plain value.".to_owned());
    }
    Ok(())
}

/// Nothing may be missing, and nothing more may come.
fn check_object(fields: &Map<String, Value>, level: usize) -> Result<(), String> {
    const REQUIRED: &str = "'required' is required to be supplied and to be an array including every key in properties.";
    if fields.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err("'additionalProperties' is required to be supplied and to be false.".into());
    }
    let properties = fields.get("properties").and_then(Value::as_object);
    let properties = properties.ok_or("object schema missing properties.")?;
    let required = fields.get("required").and_then(Value::as_array);
    let required = required.ok_or(REQUIRED)?;
    if let Some(missing) = properties
        .keys()
        .find(|key| !required.iter().any(|one| one == *key))
    {
        return Err(format!("{REQUIRED} Missing '{missing}'."));
    }
    for (at, one) in required.iter().enumerate() {
        let is_property = one.as_str().is_some_and(|one| properties.contains_key(one));
        if !is_property {
            return Err(format!("{REQUIRED} Extra required key {one} supplied."));
        }
        if required[..at].contains(one) {
            return Err("'required' has non-unique elements.".to_owned());
        }
    }
    properties
        .values()
        .try_for_each(|property| check_part(property, level + 1))
}

/// What stands directly in a schema.
fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    let properties = schema["properties"].as_object().into_iter();
    let properties = properties.flat_map(|properties| properties.values());
    let choices = schema["anyOf"].as_array().into_iter().flatten();
    properties.chain(choices).chain(schema.get("items"))
}

fn check_size(schema: &Value) -> Result<(), String> {
    let mut size = Size::default();
    size.add(schema)?;
    for (what, found, most) in [
        ("object properties", size.properties, MOST_PROPERTIES),
        ("enum values", size.values, MOST_VALUES),
        (
            "letters in names and enum values",
            size.letters,
            MOST_LETTERS,
        ),
    ] {
        if found > most {
            return Err(format!("{found} {what} exceeds limit of {most}."));
        }
    }
    Ok(())
}

/// How large a schema is in all.
#[derive(Default)]
struct Size {
    properties: usize,
    values: usize,
    letters: usize,
}

impl Size {
    fn add(&mut self, schema: &Value) -> Result<(), String> {
        let letters = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
        let values = schema["enum"].as_array().into_iter().flatten();
        let in_values: usize = values.clone().map(letters).sum();
        let values = values.count();
        if values > MANY_VALUES && in_values > MOST_LETTERS_OF_MANY {
            return Err(format!(
                "{in_values} letters in {values} enum values exceeds limit of \
                 {MOST_LETTERS_OF_MANY}."
            ));
        }
        let names = schema["properties"].as_object().into_iter().flatten();
        let names: Vec<usize> = names.map(|(name, _)| name.chars().count()).collect();
        self.properties += names.len();
        self.values += values;
        self.letters += names.iter().sum::<usize>() + in_values + letters(&schema["const"]);
        parts(schema).try_for_each(|part| self.add(part))
    }
}

#[cfg(test)]
mod tests;
