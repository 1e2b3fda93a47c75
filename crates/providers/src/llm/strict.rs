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

/// Whether the provider may be told to keep strictly to the schema.
pub(super) fn fits(offer: &ToolOffer) -> bool {
    serde_json::from_str(schema(offer).get()).is_ok_and(|schema| is_closed(&schema))
}

fn is_closed(schema: &Value) -> bool {
    let Some(fields) = schema.as_object() else {
        return false;
    };
    let types = match schema["type"].as_array() {
        Some(types) => types.iter().collect(),
        None => vec![&schema["type"]],
    };
    let is = |name: &str| types.iter().any(|one| *one == name);
    fields.keys().all(|key| KEYWORDS.contains(&key.as_str()))
        && types
            .iter()
            .all(|one| one.as_str().is_some_and(|one| TYPES.contains(&one)))
        && (!is("object") || is_closed_object(schema))
        && (!is("array") || is_closed(&schema["items"]))
}

/// Nothing may be missing and nothing more may come.
fn is_closed_object(schema: &Value) -> bool {
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
        && properties.values().all(is_closed)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            let offer = ToolOffer {
                name: "book".to_owned(),
                description: String::new(),
                parameters,
            };
            assert_eq!(fits(&offer), expected, "{}", offer.parameters);
        }
    }
}
