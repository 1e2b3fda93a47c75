use std::collections::BTreeMap;

/// The environment variables that there were at start-up. Empty ones count as absent, as in the
/// lines of an env file that were never filled in.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process. Those that are not UTF-8 are left out.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable, if it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Variables that begin with `prefix`: what follows in lower case, the whole name, the value.
    pub(crate) fn family<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (String, &'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| {
            let rest = name.strip_prefix(prefix).filter(|rest| !rest.is_empty())?;
            Some((rest.to_ascii_lowercase(), name.as_str(), value.as_str()))
        })
    }

    /// Replaces `${NAME}` and `${NAME:-default}` in `text`; `$${` is a plain `${`.
    ///
    /// # Errors
    /// What is wrong: a variable that is not set and has no default, or an unclosed brace.
    pub(crate) fn expand(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                out.push_str(&rest[..at]);
                out.push('{');
                rest = &rest[at + 2..];
                continue;
            }
            out.push_str(&rest[..at]);
            let (inside, after) = rest[at + 2..]
                .split_once('}')
                .ok_or("`${` without its `}` (a plain `${` is written `$${`)")?;
            out.push_str(self.value_of(inside)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value_of<'a>(&'a self, inside: &'a str) -> Result<&'a str, String> {
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(format!("`${{{inside}}}` does not name a variable"));
        }
        self.get(name).or(default).ok_or_else(|| {
            format!("the variable {name} is not set (write ${{{name}:-…}} to give a default)")
        })
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .filter(|(_, value)| !value.trim().is_empty())
                .collect(),
        )
    }
}

/// Variables that belong to features to come: known, so that nobody looks for a typo in vain.
pub(crate) const FOR_LATER: &[&str] = &[
    "BREVO_API_KEY",
    "BREVO_BASE_URL",
    "NEXT_PUBLIC_VOICE_WS_URL",
    "SUPABASE_ANON_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_URL",
    "TWILIO_BASE_URL",
    "VITE_VOICE_V2_ENABLED",
    "VITE_VOICE_V2_URL",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        [("NAME", "Ada"), ("EMPTY", " ")].into_iter().collect()
    }

    #[test]
    fn variables_are_filled_in() {
        for (text, expected) in [
            ("plain", "plain"),
            ("Hello ${NAME}!", "Hello Ada!"),
            ("${NAME}${NAME}", "AdaAda"),
            ("${EMPTY:-nobody}", "nobody"),
            ("${MISSING:-}", ""),
            ("$${NAME} costs $5", "${NAME} costs $5"),
        ] {
            assert_eq!(
                environment().expand(text).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_filled_in_is_named() {
        for (text, part) in [
            ("${MISSING}", "MISSING is not set"),
            ("${NAME", "without its `}`"),
            ("${}", "does not name a variable"),
            ("${A B}", "does not name a variable"),
        ] {
            let error = environment().expand(text).expect_err(text);
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_family_is_found_by_its_prefix() {
        let environment: Environment = [("VOICE_ACME", "x"), ("VOICE_", "y"), ("OTHER", "z")]
            .into_iter()
            .collect();
        let found: Vec<_> = environment.family("VOICE_").collect();
        assert_eq!(found, [("acme".to_owned(), "VOICE_ACME", "x")]);
    }
}
