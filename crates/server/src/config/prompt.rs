//! Fills names into prompts and greetings, and adds what every agent on a telephone should know.

use super::problem::did_you_mean;

/// What may stand in double braces.
pub(crate) struct Names<'a> {
    pub ai_name: &'a str,
    pub company_name: &'a str,
}

const KNOWN: [&str; 2] = ["ai_name", "company_name"];

impl Names<'_> {
    /// Fills in `{{ai_name}}` and `{{company_name}}`.
    ///
    /// # Errors
    /// What is wrong: an unknown name, or braces that do not close.
    pub(crate) fn fill_in(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, from)) = rest.split_once("{{") {
            out.push_str(before);
            let (name, after) = from.split_once("}}").ok_or("`{{` without its `}}`")?;
            out.push_str(self.value(name.trim())?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value(&self, name: &str) -> Result<&str, String> {
        match name {
            "ai_name" => Ok(self.ai_name),
            "company_name" => Ok(self.company_name),
            _ => Err(format!(
                "`{{{{{name}}}}}` is not known here{}",
                did_you_mean(name, KNOWN)
            )),
        }
    }
}

pub(crate) const PROMPT: &str = "You are {{ai_name}}, who answers the telephone for \
     {{company_name}}. Find out what the caller needs, help as far as you can, and say so plainly \
     when you cannot. Never invent facts about {{company_name}}.";

pub(crate) const GREETING: &str =
    "Hello, this is {{ai_name}} from {{company_name}}. How can I help you?";

pub(crate) const GREETING_ES: &str =
    "Hola, soy {{ai_name}} de {{company_name}}. ¿En qué puedo ayudarle?";

/// How one talks on the telephone.
pub(crate) const GUIDELINES: &str = "You are speaking on the telephone: everything you write is \
     read aloud. Answer in fewer than three short sentences, in plain spoken language. No lists, \
     no bullet points, no headings, no emoji, no markdown. Be warm and friendly, and ask one \
     question at a time. Say reference numbers aloud, digit by digit. The caller's words come \
     from speech recognition: if something makes no sense, ask again. Do not offer to transfer \
     the call or to send text messages unless you have a tool for it. When the conversation is \
     over, say goodbye.";

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names<'_> = Names {
        ai_name: "Robin",
        company_name: "Acme",
    };

    #[test]
    fn names_are_filled_in() {
        assert_eq!(
            NAMES
                .fill_in("{{ai_name}} of {{ company_name }} {x}")
                .as_deref(),
            Ok("Robin of Acme {x}")
        );
    }

    #[test]
    fn odd_names_are_refused() {
        let error = NAMES.fill_in("{{company}}").expect_err("unknown");
        assert_eq!(error, "`{{company}}` is not known here");
        let error = NAMES.fill_in("{{ai_nmae}}").expect_err("unknown");
        assert_eq!(
            error,
            "`{{ai_nmae}}` is not known here; did you mean `ai_name`?"
        );
        assert!(NAMES.fill_in("{{ai_name").is_err());
    }
}
