//! Schemas whose arguments are guaranteed, as strictly as providers take them.

use serde_json::Value;

/// Why a provider refuses to guarantee a schema, if it does.
pub(super) fn not_strict(schema: &Value) -> Option<String> {
    const REFUSED: [&str; 6] = [
        "allOf",
        "format",
        "minProperties",
        "not",
        "oneOf",
        "pattern",
    ];
    if let Some(keyword) = REFUSED
        .iter()
        .find(|keyword| schema.get(**keyword).is_some())
    {
        return Some(format!("'{keyword}' is not permitted."));
    }
    if !schema["type"].is_string() && !schema["type"].is_array() {
        return Some("schema must have a 'type' key.".to_owned());
    }
    if schema["type"] == "object" {
        if schema["additionalProperties"] != false {
            return Some(
                "'additionalProperties' is required to be supplied and to be false.".into(),
            );
        }
        let required = schema["required"].as_array();
        let is_required =
            |name: &String| required.is_some_and(|required| required.iter().any(|one| one == name));
        let properties = schema["properties"].as_object()?;
        if required.is_none() || !properties.keys().all(is_required) {
            return Some(
                "'required' is required to be supplied and to be an array including every key in \
                 properties."
                    .to_owned(),
            );
        }
        return properties.values().find_map(not_strict);
    }
    schema.get("items").and_then(not_strict)
}
