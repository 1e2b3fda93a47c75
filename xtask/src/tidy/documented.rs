//! Names that people meet outside of the code have to stand in a document.

/// A page of the documentation.
pub(super) struct Document<'a> {
    /// Its path.
    pub(super) name: &'static str,
    /// What it says.
    pub(super) text: &'a str,
}

impl Document<'_> {
    /// The names that the page does not mention as code: `` `name` `` or `` `section.name` ``.
    pub(super) fn lacks(&self, names: &[String]) -> Vec<String> {
        let mentioned = mentioned(self.text);
        names
            .iter()
            .filter(|name| !mentioned.iter().any(|code| is_about(code, name)))
            .map(|name| format!("{}: `{name}` is not documented", self.name))
            .collect()
    }
}

/// The names of metrics: constants whose value begins like one.
pub(super) fn metrics(code: &str) -> Vec<String> {
    code.split(';')
        .filter_map(|statement| statement.split_once(": &str =").map(|(_, value)| value))
        .filter_map(|value| value.split('"').nth(1))
        .filter(|value| value.starts_with("repartee_"))
        .map(str::to_owned)
        .collect()
}

/// The names of environment variables: texts in capitals, of several words or looked up at once.
pub(super) fn variables(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    // What comes before a quotation mark, and the text behind it.
    let texts = code.split('"').zip(code.split('"').skip(1));
    for (before, text) in texts {
        let looked_up = before.ends_with("get(");
        if is_variable(text, looked_up) && !found.iter().any(|known| known == text) {
            found.push(text.to_owned());
        }
    }
    found
}

fn is_variable(text: &str, looked_up: bool) -> bool {
    let in_capitals = text
        .bytes()
        .all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
    let begins = text.starts_with(|first: char| first.is_ascii_uppercase());
    in_capitals && begins && !text.ends_with('_') && (looked_up || text.contains('_'))
}

/// The keys of a configuration file: the fields of all structs, under the names they have there.
pub(super) fn keys(code: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut in_struct = false;
    let mut renamed = None;
    for line in code.lines() {
        let words = line.trim();
        if line.starts_with('}') {
            in_struct = false;
        } else if !line.starts_with(' ') && is_struct(words) {
            in_struct = true;
        } else if in_struct && words.starts_with("#[serde(") {
            renamed = quoted_after(words, "rename = ").or(renamed);
        } else if in_struct && let Some(field) = field(words) {
            let key = renamed.take().unwrap_or(field).to_owned();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

fn is_struct(words: &str) -> bool {
    words.ends_with('{') && words.split_whitespace().any(|word| word == "struct")
}

/// The name in `pub(crate) name: Type,`.
fn field(words: &str) -> Option<&str> {
    let (left, _) = words.split_once(": ")?;
    let name = left.split_whitespace().next_back()?;
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let is_field = left == name || left.starts_with("pub");
    (is_name && is_field).then_some(name)
}

fn quoted_after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(label)?;
    rest.split('"').nth(1)
}

/// Everything that stands in single backticks.
fn mentioned(text: &str) -> Vec<&str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect()
}

fn is_about(code: &str, name: &str) -> bool {
    // Labels and values may follow: `repartee_calls{tenant}`, `max_calls = 100`.
    let code = code.split(['{', '=', ' ']).next().unwrap_or(code);
    // A section is documented by its keys.
    code.trim_matches(['[', ']'])
        .split('.')
        .any(|part| part == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_fields_of_structs() {
        let code = "
/// A section.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    /// Where to listen: an address.
    pub(crate) listen: SocketAddr,
    #[serde(default, rename = \"type\")]
    pub(crate) kind: Option<Kind>,
    max_calls: u32,
}

pub(crate) enum Kind {
    Some { inner: u32 },
}

impl Server {
    fn new(listen: SocketAddr) -> Self {
        Self { listen: listen, kind: None }
    }
}

pub struct Other {
    pub listen: String,
}
";
        assert_eq!(keys(code), ["listen", "type", "max_calls"]);
    }

    #[test]
    fn metrics_are_constants_with_our_prefix() {
        let code = "/// Calls.\npub const CALLS: &str = \"repartee_calls\";\n\
             pub const LONG_NAME: &str =\n    \"repartee_long_name\";\n\
             pub const LABEL: &str = \"tenant\";\n";
        assert_eq!(metrics(code), ["repartee_calls", "repartee_long_name"]);
    }

    #[test]
    fn variables_are_texts_in_capitals() {
        let code = "const KEYS: &[&str] = &[\"OPENAI_API_KEY\", \"a_key\", \"OPENAI_API_KEY\"];\n\
             environment.get(\"PORT\"); level(\"INFO\"); family(\"VOICE_\"); x(\"A_B C\");\n";
        assert_eq!(variables(code), ["OPENAI_API_KEY", "PORT"]);
    }

    #[test]
    fn a_name_counts_as_documented_only_as_code() {
        let document = Document {
            name: "docs/x.md",
            text: "Set `server.listen`, `[[tenants]]` and `max_calls = 3`, count \
                   `repartee_turns{tenant}`. The port is a plain word.",
        };
        let names = [
            "server",
            "listen",
            "tenants",
            "max_calls",
            "repartee_turns",
            "port",
        ]
        .map(str::to_owned);
        assert_eq!(
            document.lacks(&names),
            ["docs/x.md: `port` is not documented"]
        );
    }
}
