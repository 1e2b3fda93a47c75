//! Whether a tool's arguments can be guaranteed to fit their schema. Pure.
//!
//! Providers that guarantee it know a part of JSON Schema and refuse a whole request for the rest: a
//! schema is vouched for only if all of it is in that part.

use serde_json::Value;

use super::{ToolOffer, history::schema};

const KEYWORDS: [&str; 7] = [
    "additionalProperties",
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

/// How deep schemas may be nested: half of what OpenAI takes.
const DEEPEST: usize = 5;
/// How many values all lists of values may have together: a quarter of what OpenAI takes, and short of
/// where it counts their letters as well.
const MOST_VALUES: usize = 250;

/// Whether the provider may be told to keep strictly to the schema.
pub(super) fn fits(offer: &ToolOffer) -> bool {
    vouched_for(offer).is_some()
}

/// The same for a provider that takes few values of more than one type.
pub(super) fn fits_without_unions(offer: &ToolOffer) -> bool {
    vouched_for(offer).is_some_and(|schema| !has_unions(&schema))
}

fn vouched_for(offer: &ToolOffer) -> Option<Value> {
    let schema: Value = serde_json::from_str(schema(offer).get()).ok()?;
    let is_small = || enum_values(&schema) <= MOST_VALUES;
    (schema["type"] == "object" && is_closed(&schema, 1) && is_small()).then_some(schema)
}

fn is_closed(schema: &Value, depth: usize) -> bool {
    let Some(fields) = schema.as_object() else {
        return false;
    };
    let types = match schema["type"].as_array() {
        Some(types) => types.iter().collect(),
        None => vec![&schema["type"]],
    };
    let is = |name: &str| types.iter().any(|one| *one == name);
    let is_type = |one: &&Value| one.as_str().is_some_and(|one| TYPES.contains(&one));
    let values = |values: &Value| values.as_array().is_some_and(|values| !values.is_empty());
    depth <= DEEPEST
        && fields.keys().all(|key| KEYWORDS.contains(&key.as_str()))
        && !types.is_empty()
        && types.iter().all(is_type)
        && fields.get("enum").is_none_or(values)
        && (!is("object") || is_closed_object(schema, depth))
        && (!is("array") || is_closed(&schema["items"], depth + 1))
}

/// Nothing may be missing and nothing more may come.
fn is_closed_object(schema: &Value, depth: usize) -> bool {
    let (Some(properties), Some(required)) = (
        schema["properties"].as_object(),
        schema["required"].as_array(),
    ) else {
        return false;
    };
    schema["additionalProperties"] == Value::Bool(false)
        && required.len() == properties.len()
        && properties
            .keys()
            .all(|name| required.iter().any(|one| one == name))
        && properties.values().all(|one| is_closed(one, depth + 1))
}

/// What stands directly in a schema.
fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    let properties = schema["properties"].as_object().into_iter();
    let properties = properties.flat_map(|properties| properties.values());
    properties.chain(schema.get("items"))
}

/// How many values its lists of values have in all.
fn enum_values(schema: &Value) -> usize {
    let own = schema["enum"].as_array().map_or(0, Vec::len);
    own + parts(schema).map(enum_values).sum::<usize>()
}

fn has_unions(schema: &Value) -> bool {
    schema["type"].is_array() || parts(schema).any(has_unions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(parameters: String) -> ToolOffer {
        ToolOffer {
            name: "book".to_owned(),
            description: String::new(),
            parameters,
        }
    }

    #[test]
    fn only_schemas_that_providers_guarantee_are_vouched_for() {
        let closed = r#""additionalProperties":false"#;
        let day = r#""properties":{"day":{"type":["string","null"],"description":"Which."}}"#;
        let nested = r#"{"type":"array","items":{"type":"string","enum":["a","b"]}}"#;
        for (parameters, expected) in [
            (
                format!(r#"{{"type":"object","properties":{{}},"required":[],{closed}}}"#),
                true,
            ),
            (
                format!(r#"{{"type":"object",{day},"required":["day"],{closed}}}"#),
                true,
            ),
            (
                format!(
                    r#"{{"type":"object","properties":{{"x":{nested}}},"required":["x"],{closed}}}"#
                ),
                true,
            ),
            (
                format!(r#"{{"type":"object",{day},"required":[],{closed}}}"#),
                false,
            ),
            (
                format!(r#"{{"type":"object",{day},"required":["x"],{closed}}}"#),
                false,
            ),
            (format!(r#"{{"type":"object",{day},{closed}}}"#), false),
            (
                format!(r#"{{"type":"object",{day},"required":["day"]}}"#),
                false,
            ),
            (
                format!(
                    r#"{{"type":"object",{day},"required":["day"],"minProperties":1,{closed}}}"#
                ),
                false,
            ),
            (
                format!(
                    r#"{{"type":"object","properties":{{"x":{{"type":"string","pattern":"a"}}}},"required":["x"],{closed}}}"#
                ),
                false,
            ),
            (
                format!(
                    r#"{{"type":"object","properties":{{"x":{{"type":"array"}}}},"required":["x"],{closed}}}"#
                ),
                false,
            ),
            (
                format!(r#"{{"properties":{{}},"required":[],{closed}}}"#),
                false,
            ),
            ("oops".to_owned(), false),
            (r#"{"type":"string"}"#.to_owned(), false),
            (
                format!(r#"{{"type":["object"],{day},"required":["day"],{closed}}}"#),
                false,
            ),
        ] {
            let offer = offer(parameters);
            assert_eq!(fits(&offer), expected, "{}", offer.parameters);
        }
    }

    #[test]
    fn large_and_empty_schemas_are_not_vouched_for() {
        let values = |count| {
            let values = vec![r#""a""#; count].join(",");
            format!(r#"{{"type":"string","enum":[{values}]}}"#)
        };
        let lists = |count| {
            let open = r#"{"type":"array","items":"#.repeat(count);
            format!(r#"{open}{{"type":"string"}}{}"#, "}".repeat(count))
        };
        for (schema, expected) in [
            (r#"{"type":[]}"#.to_owned(), false),
            (values(0), false),
            (values(250), true),
            (values(251), false),
            (lists(3), true),
            (lists(4), false),
        ] {
            let offer = offer(format!(
                r#"{{"type":"object","properties":{{"x":{schema}}},"required":["x"],"additionalProperties":false}}"#
            ));
            assert_eq!(fits(&offer), expected, "{schema}");
        }
    }
}
