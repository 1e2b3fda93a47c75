use serde_json::json;

use super::*;

/// An object of these, all of them required and nothing else allowed.
fn closed(properties: Value) -> Value {
    let required: Vec<&String> = properties.as_object().unwrap().keys().collect();
    json!({ "type": "object", "properties": properties, "required": required,
        "additionalProperties": false })
}

/// Why a schema with such a property is refused.
fn refused(property: Value) -> String {
    why(&closed(json!({ "day": property })))
}

fn why(schema: &Value) -> String {
    not_strict(schema).unwrap_or_default()
}

/// The same object with another value in one of its fields.
fn with(field: &str, value: Value) -> Value {
    let mut schema = closed(json!({ "day": { "type": "string" } }));
    schema[field] = value;
    schema
}

fn without(field: &str) -> Value {
    let mut schema = with(field, Value::Null);
    schema.as_object_mut().unwrap().remove(field);
    schema
}

#[test]
fn what_both_providers_know_is_taken() {
    for property in [
        json!({ "type": "string", "description": "Which." }),
        json!({ "type": ["string", "null"] }),
        json!({ "type": "string", "enum": ["a", "b"] }),
        json!({ "type": "integer", "const": 3 }),
        json!({ "type": "array", "items": { "type": "number" } }),
        json!({ "anyOf": [{ "type": "string" }, closed(json!({ "x": { "type": "null" } }))] }),
        closed(json!({})),
    ] {
        assert_eq!(refused(property.clone()), "", "{property}");
    }
}

#[test]
fn the_root_is_an_object() {
    assert!(why(&json!({ "type": "string" })).contains("type 'object'"));
    assert!(why(&with("type", json!(["object", "null"]))).contains("type 'object'"));
    let choice = with("anyOf", json!([{ "type": "string" }]));
    assert!(why(&choice).contains("at the root"));
}

#[test]
fn objects_are_closed() {
    assert!(why(&without("additionalProperties")).contains("additionalProperties"));
    for open in [json!(true), json!({ "type": "string" })] {
        assert!(why(&with("additionalProperties", open)).contains("to be false"));
    }
}

#[test]
fn objects_say_what_is_in_them() {
    assert!(why(&without("properties")).contains("missing properties"));
}

#[test]
fn every_property_is_required_once_and_nothing_else() {
    assert!(why(&without("required")).contains("every key"));
    assert!(why(&with("required", json!([]))).contains("Missing 'day'"));
    let extra = with("required", json!(["day", "hour"]));
    assert!(why(&extra).contains(r#"Extra required key "hour""#));
    assert!(why(&with("required", json!(["day", 1]))).contains("Extra"));
    let twice = with("required", json!(["day", "day"]));
    assert!(why(&twice).contains("non-unique"));
}

#[test]
fn everything_has_a_type_that_is_known() {
    for untyped in [
        json!({}),
        json!(true),
        json!({ "type": [] }),
        json!({ "type": [1] }),
    ] {
        assert!(refused(untyped.clone()).contains("'type' key"), "{untyped}");
    }
    for odd in [json!("date"), json!(["string", "date"])] {
        assert!(refused(json!({ "type": odd })).contains("'date'"));
    }
}

#[test]
fn the_rules_hold_at_every_depth() {
    let open = json!({ "type": "object", "properties": {}, "required": [] });
    for nested in [
        open.clone(),
        json!({ "type": "array", "items": open }),
        json!({ "anyOf": [{ "type": "string" }, open] }),
        closed(json!({ "inner": open })),
        json!({ "type": ["object", "null"], "properties": {}, "required": [] }),
    ] {
        let found = refused(nested.clone());
        assert!(found.contains("additionalProperties"), "{nested}: {found}");
    }
}

#[test]
fn other_keywords_are_refused() {
    for keyword in [
        "$ref",
        "allOf",
        "default",
        "dependentRequired",
        "else",
        "format",
        "if",
        "maxItems",
        "maximum",
        "maxLength",
        "minItems",
        "minimum",
        "minLength",
        "minProperties",
        "multipleOf",
        "not",
        "oneOf",
        "pattern",
        "patternProperties",
        "then",
        "uniqueItems",
    ] {
        let mut property = json!({ "type": "string" });
        property[keyword] = json!(1);
        let expected = format!("'{keyword}' is not permitted.");
        assert_eq!(refused(property), expected);
    }
}

#[test]
fn lists_say_what_is_in_them() {
    assert!(refused(json!({ "type": "array" })).contains("missing items"));
    let tuple = json!({ "type": "array", "items": [{ "type": "string" }] });
    assert!(refused(tuple).contains("'type' key"));
    assert!(refused(json!({ "anyOf": [] })).contains("non-empty"));
}

#[test]
fn values_are_plain_and_there_are_some() {
    for values in [json!([]), json!("a"), json!([{ "a": 1 }]), json!([[1]])] {
        let found = refused(json!({ "type": "string", "enum": values }));
        assert!(found.contains("'enum'"), "{found}");
    }
    let constant = json!({ "type": "string", "const": ["a"] });
    assert!(refused(constant).contains("'const'"));
}

#[test]
fn there_are_ten_levels() {
    // The root, the lists, and what is in them.
    let lists = |count| {
        (0..count).fold(
            json!({ "type": "string" }),
            |inner, _| json!({ "type": "array", "items": inner }),
        )
    };
    assert_eq!(refused(lists(8)), "");
    assert_eq!(
        refused(lists(9)),
        "11 levels of nesting exceeds limit of 10."
    );
}

#[test]
fn there_are_five_thousand_properties() {
    let many = |count| {
        let names = (0..count).map(|at| (format!("p{at}"), json!({ "type": "null" })));
        closed(Value::Object(names.collect()))
    };
    assert_eq!(why(&many(5_000)), "");
    assert!(why(&many(5_001)).contains("5001 object properties"));
}

#[test]
fn there_are_a_thousand_values() {
    let values = |count| json!({ "type": "integer", "enum": vec![1; count] });
    let both = |one, other| why(&closed(json!({ "x": values(one), "y": values(other) })));
    assert_eq!(both(500, 500), "");
    assert!(both(500, 501).contains("1001 enum values"));
}

#[test]
fn many_values_have_few_letters() {
    let values =
        |count, length| json!({ "type": "string", "enum": vec!["a".repeat(length); count] });
    assert_eq!(refused(values(250, 61)), "", "few values");
    assert_eq!(refused(values(300, 50)), "", "few letters");
    assert!(refused(values(300, 51)).contains("15300 letters"));
}

#[test]
fn all_names_and_values_have_so_many_letters() {
    let with_name = |length| {
        let mut properties = json!({ "x": { "type": "string", "const": "b".repeat(60_000) } });
        properties["a".repeat(length)] = json!({ "type": "null" });
        why(&closed(properties))
    };
    assert_eq!(with_name(59_999), "");
    assert!(with_name(60_000).contains("120001 letters"));
}

#[test]
fn unions_are_counted_wherever_they_are() {
    let perhaps = json!({ "type": ["string", "null"] });
    let choice = json!({ "anyOf": [perhaps, { "type": "array", "items": perhaps }] });
    assert_eq!(
        unions(&closed(json!({ "x": choice, "y": { "type": "string" } }))),
        3
    );
}
