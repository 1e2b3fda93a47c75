use std::time::Duration;

use quick_xml::events::BytesStart;

use super::{BadDocument, Verb, bad, value};

/// What the carrier says, and how it listens then.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gather {
    /// Told what was heard. Where the document came from if it names nobody.
    pub action: String,
    /// Said before, or while, the carrier listens: pauses and lines.
    pub prompt: Vec<Verb>,
    /// What it listens for.
    pub input: Input,
    /// The longest wait for the first sound, and between keys.
    pub timeout: Duration,
    /// The silence that ends speech. Without one the carrier judges by itself.
    pub speech_timeout: Option<Duration>,
    /// The key that ends typing, if one does.
    pub finish_on_key: Option<char>,
    /// So many keys end typing.
    pub num_digits: Option<usize>,
    /// Input stops what is said.
    pub barge_in: bool,
    /// Hearing nothing is told, too.
    pub tells_silence: bool,
}

/// What the carrier listens for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Input {
    /// Keys and speech.
    Both,
    /// Keys alone.
    Keys,
    /// Speech alone.
    Speech,
}

impl Default for Gather {
    fn default() -> Self {
        const TIMEOUT: Duration = Duration::from_secs(5);
        Self {
            action: String::new(),
            prompt: Vec::new(),
            input: Input::Keys,
            timeout: TIMEOUT,
            speech_timeout: Some(TIMEOUT),
            finish_on_key: Some('#'),
            num_digits: None,
            barge_in: true,
            tells_silence: false,
        }
    }
}

impl Gather {
    /// Reads the tag. What the carrier does not know is an error, and so is what it knows and this
    /// simulation does not do.
    pub(super) fn open(tag: &BytesStart<'_>) -> Result<Self, BadDocument> {
        let mut gather = Self::default();
        let mut speech_timeout = None;
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|why| bad(12100, format!("bad attribute: {why}")))?;
            let value = value(&attribute)?;
            match attribute.key.as_ref() {
                "action" => gather.action = value,
                "actionOnEmptyResult" => gather.tells_silence = truth(&value)?,
                "bargeIn" => gather.barge_in = truth(&value)?,
                "finishOnKey" => gather.finish_on_key = key(&value)?,
                "hints" => check_hints(&value)?,
                "input" => gather.input = input(&value)?,
                "language" | "speechModel" if !value.is_empty() => {}
                "debug" | "enhanced" | "profanityFilter" => drop(truth(&value)?),
                "method" if value == "POST" => {}
                "numDigits" => gather.num_digits = Some(number(&value)?),
                "speechTimeout" => speech_timeout = Some(pause(&value)?),
                "timeout" => gather.timeout = seconds(&value)?,
                name => return Err(bad(12200, format!("<Gather {name}={value:?}>"))),
            }
        }
        gather.speech_timeout = speech_timeout.unwrap_or(Some(gather.timeout));
        Ok(gather)
    }
}

fn input(text: &str) -> Result<Input, BadDocument> {
    match text {
        "dtmf" => Ok(Input::Keys),
        "dtmf speech" | "speech dtmf" => Ok(Input::Both),
        "speech" => Ok(Input::Speech),
        _ => Err(bad(12200, format!("<Gather input={text:?}>"))),
    }
}

fn key(text: &str) -> Result<Option<char>, BadDocument> {
    let mut keys = text.chars();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) if "0123456789*#".contains(key) => Ok(Some(key)),
        (Some(_), _) => Err(bad(12200, format!("<Gather finishOnKey={text:?}>"))),
    }
}

fn pause(text: &str) -> Result<Option<Duration>, BadDocument> {
    if text == "auto" {
        return Ok(None);
    }
    seconds(text).map(Some)
}

fn seconds(text: &str) -> Result<Duration, BadDocument> {
    let seconds = u64::try_from(number(text)?);
    Ok(Duration::from_secs(seconds.unwrap_or(u64::MAX)))
}

fn number(text: &str) -> Result<usize, BadDocument> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| {
        bad(
            12200,
            format!("{text:?} in a <Gather> is no positive number"),
        )
    })
}

fn truth(text: &str) -> Result<bool, BadDocument> {
    let truth = text.parse();
    truth.map_err(|_| {
        bad(
            12200,
            format!("{text:?} in a <Gather> is neither true nor false"),
        )
    })
}

fn check_hints(text: &str) -> Result<(), BadDocument> {
    let too_many = text.split(',').count() > 500;
    if too_many || text.split(',').any(|hint| hint.chars().count() > 100) {
        return Err(bad(
            12200,
            "more than 500 hints, or one of over 100 letters",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::read, *};

    fn gather(tag: &str) -> Result<Vec<Verb>, BadDocument> {
        read(&format!("<Response>{tag}</Response>"))
    }

    #[test]
    fn a_question_is_understood() {
        let tag = r#"<Gather input="speech dtmf" action="/g?turn=4&amp;a=1" method="POST"
            timeout="8" speechTimeout="auto" finishOnKey="*" numDigits="4" bargeIn="false"
            actionOnEmptyResult="true" profanityFilter="false" language="es-ES" hints="a,b">
            <Say voice="Polly.Lucia">Fish &amp; <break/> chips?</Say><Pause length="2"/>
            <Say>Yes?</Say></Gather><Redirect>/g?turn=4</Redirect>"#;
        let question = Gather {
            action: "/g?turn=4&a=1".to_owned(),
            prompt: vec![
                Verb::Say("Fish &  chips?".to_owned()),
                Verb::Pause(Duration::from_secs(2)),
                Verb::Say("Yes?".to_owned()),
            ],
            input: Input::Both,
            timeout: Duration::from_secs(8),
            speech_timeout: None,
            finish_on_key: Some('*'),
            num_digits: Some(4),
            barge_in: false,
            tells_silence: true,
        };
        let verbs = [
            Verb::Gather(question),
            Verb::Redirect("/g?turn=4".to_owned()),
        ];
        assert_eq!(gather(tag).unwrap(), verbs);
    }

    #[test]
    fn what_is_left_out_is_as_the_carrier_has_it() {
        let bare = Gather::default();
        assert_eq!(gather("<Gather/>"), Ok(vec![Verb::Gather(bare.clone())]));
        let patient = Gather {
            timeout: Duration::from_secs(3),
            speech_timeout: Some(Duration::from_secs(3)),
            finish_on_key: None,
            ..bare
        };
        let tag = r#"<Gather timeout="3" finishOnKey=""></Gather>"#;
        assert_eq!(gather(tag), Ok(vec![Verb::Gather(patient)]));
    }

    #[test]
    fn what_the_carrier_does_not_know_is_refused() {
        let hints = format!(r#"<Gather hints="{}"/>"#, ",a".repeat(500));
        let long = format!(r#"<Gather hints="{}"/>"#, "a".repeat(101));
        for tag in [
            r#"<Gather Timeout="3"/>"#,
            r#"<Gather voice="alice"/>"#,
            r#"<Gather input="voice"/>"#,
            r#"<Gather timeout="0"/>"#,
            r#"<Gather timeout="1.5"/>"#,
            r#"<Gather speechTimeout="soon"/>"#,
            r#"<Gather bargeIn="no"/>"#,
            r#"<Gather finishOnKey="12"/>"#,
            r#"<Gather method="GET"/>"#,
            r#"<Gather language=""/>"#,
            r#"<Gather partialResultCallback="/p"/>"#,
            "<Gather><Hangup/></Gather>",
            "<Gather><Gather/></Gather>",
            "<Gather><Pause><Say>Hi</Say></Pause></Gather>",
            &hints,
            &long,
        ] {
            let code = gather(tag).map_err(|bad| bad.code);
            assert_eq!(code, Err(12200), "{tag}");
        }
        let silent = gather("<Gather><Say></Say></Gather>");
        assert_eq!(silent.map_err(|bad| bad.code), Err(13520));
    }
}
