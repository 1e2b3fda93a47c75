//! What a model can do, by its name: how it is told to begin speaking at once. Pure.

use serde::Serialize;

/// The request's fields about thinking.
#[derive(Debug, Default, Eq, PartialEq, Serialize)]
pub(super) struct Thinking<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
}

#[derive(Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Mode {
    BetweenTools,
    Disabled,
}

#[derive(Debug, Eq, PartialEq, Serialize)]
struct OutputConfig<'a> {
    effort: &'a str,
}

impl<'a> Thinking<'a> {
    /// The effort that the operator wants, and how the model spends it is its own affair; without
    /// one (or with `none`) as little as the model can do with, since the caller hears thinking as
    /// silence.
    pub(super) fn of(model: &str, effort: Option<&'a str>) -> Self {
        match effort {
            Some("none") | None => Self::least(model),
            Some(effort) => Self::effort(effort),
        }
    }

    /// Models differ in what they accept, and refuse the rest. Names that are not known here may
    /// be of a server that has neither field.
    fn least(model: &str) -> Self {
        match Name::parse(model) {
            Some(Name {
                family: "fable",
                version: (5, _),
            })
            | Some(Name {
                family: "opus",
                version: (5, Some(5)),
            }) => Self::effort("low"),
            Some(Name {
                family: "sonnet",
                version: (5, Some(5)),
            }) => Self::mode(Mode::BetweenTools),
            Some(Name {
                family: "haiku" | "opus" | "sonnet",
                version: (4, _) | (5, None),
            })
            | Some(Name {
                family: "haiku",
                version: (5, Some(5)),
            }) => Self::mode(Mode::Disabled),
            Some(Name { .. }) | None => Self::default(),
        }
    }

    fn effort(effort: &'a str) -> Self {
        Self {
            output_config: Some(OutputConfig { effort }),
            ..Self::default()
        }
    }

    fn mode(mode: Mode) -> Self {
        Self {
            thinking: Some(mode),
            ..Self::default()
        }
    }
}

/// Whether a model can be told to keep strictly to the schema of a tool's arguments. A name that is
/// not known here may be of a server that cannot.
pub(super) fn guarantees_arguments(model: &str) -> bool {
    const FAMILIES: [&str; 4] = ["fable", "haiku", "opus", "sonnet"];
    Name::parse(model).is_some_and(|Name { family, version }| {
        let (major, minor) = version;
        FAMILIES.contains(&family) && (major, minor.unwrap_or(0)) >= (4, 5)
    })
}

/// What a model is called: `claude-haiku-4-5-20251001`, `anthropic/claude-opus-5`.
#[derive(Clone, Copy)]
struct Name<'a> {
    family: &'a str,
    version: (u32, Option<u32>),
}

impl<'a> Name<'a> {
    fn parse(model: &'a str) -> Option<Self> {
        let bare = model.rsplit_once('/').map_or(model, |(_vendor, bare)| bare);
        let mut parts = bare.strip_prefix("claude-")?.split(['-', '.', '@']);
        let family = parts.next()?;
        let major = parts.next()?.parse().ok()?;
        // A date may stand where the minor version is missing.
        let minor = parts.next().filter(|part| part.len() < 3);
        Some(Self {
            family,
            version: (major, minor.and_then(|part| part.parse().ok())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(model: &str, effort: Option<&str>) -> String {
        serde_json::to_string(&Thinking::of(model, effort)).expect("JSON")
    }

    #[test]
    fn every_model_thinks_as_little_as_it_can() {
        const DISABLED: &str = r#"{"thinking":{"type":"disabled"}}"#;
        const BETWEEN: &str = r#"{"thinking":{"type":"between_tools"}}"#;
        const LOW: &str = r#"{"output_config":{"effort":"low"}}"#;
        for (model, fields) in [
            ("claude-haiku-5-5", DISABLED),
            ("claude-sonnet-5", DISABLED),
            ("claude-sonnet-5-20260801", DISABLED),
            ("claude-opus-5", DISABLED),
            ("claude-opus-4-8", DISABLED),
            ("claude-haiku-4-5-20251001", DISABLED),
            ("anthropic/claude-haiku-4.5", DISABLED),
            ("claude-sonnet-5-5", BETWEEN),
            ("claude-opus-5-5", LOW),
            ("claude-opus-5-5-20261101", LOW),
            ("claude-fable-5", LOW),
            ("claude-fable-5-1", LOW),
            ("claude-sonnet-6", "{}"),
            ("claude-sonnet-5-1", "{}"),
            ("claude-instant", "{}"),
            ("qwen3:8b", "{}"),
            ("", "{}"),
        ] {
            assert_eq!(shown(model, None), fields, "{model}");
            assert_eq!(shown(model, Some("none")), fields, "{model}");
        }
    }

    #[test]
    fn arguments_are_guaranteed_by_models_that_can() {
        for model in [
            "claude-haiku-4-5-20251001",
            "claude-sonnet-5",
            "claude-opus-5-5",
        ] {
            assert!(guarantees_arguments(model), "{model}");
        }
        for model in [
            "claude-3-5-haiku",
            "claude-opus-4-20250514",
            "claude-opus-4-1",
            "qwen3:8b",
        ] {
            assert!(!guarantees_arguments(model), "{model}");
        }
    }

    #[test]
    fn the_operators_effort_is_sent_as_it_is() {
        assert_eq!(
            shown("claude-haiku-5-5", Some("medium")),
            r#"{"output_config":{"effort":"medium"}}"#
        );
    }
}
