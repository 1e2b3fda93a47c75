//! A call in rounds: the carrier says something, listens by itself, and asks us in between.

use std::io;

use domain::{Language, Millis};

use super::{Say, Twiml, Xml, plain, redirect, say};

/// Has the carrier say something and tell us what the caller answers.
///
/// However the listening ends, the carrier asks `action_url`: with what it heard, and also when
/// that was nothing.
#[derive(Clone, Copy, Debug)]
pub struct GatherDocument<'a> {
    /// Said before the carrier listens; nothing interrupts it.
    pub line: Option<Say<'a>>,
    /// Which language the caller speaks. The carrier's default otherwise.
    pub language: Option<&'a Language>,
    /// Asked when the listening is over.
    pub action_url: &'a str,
    /// How long it listens.
    pub listening: Listening,
    /// Words that are likely. Cut at the carrier's limits.
    pub hints: &'a [String],
}

/// How the carrier listens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Listening {
    /// The longest wait for the first sound or key, and between keys.
    pub patience: Millis,
    /// The silence that ends the caller's words. Without one the carrier judges by itself.
    pub pause: Option<Millis>,
    /// The key that ends typing.
    pub end_key: char,
}

impl Twiml {
    /// Asks the caller, and comes back with the answer.
    #[must_use]
    pub fn gather(document: &GatherDocument<'_>) -> Self {
        Self::write(|xml| {
            gather(xml, document)?;
            redirect(xml, document.action_url)
        })
    }

    /// Says a line, if there is one, and asks us again.
    #[must_use]
    pub fn say_and_come_back(line: Option<&Say<'_>>, url: &str) -> Self {
        Self::write(|xml| {
            match line {
                Some(line) => say(xml, line)?,
                None => pause(xml)?,
            }
            redirect(xml, url)
        })
    }
}

fn gather(xml: &mut Xml, document: &GatherDocument<'_>) -> io::Result<()> {
    let Listening {
        patience,
        pause,
        end_key,
    } = document.listening;
    let pause = pause.map_or_else(|| "auto".to_owned(), seconds);
    let action = plain(document.action_url);
    let mut element = xml.create_element("Gather").with_attributes([
        ("input", "speech dtmf"),
        ("action", &*action),
        ("method", "POST"),
        ("timeout", &*seconds(patience)),
        ("speechTimeout", &*pause),
        ("finishOnKey", &*plain(&end_key.to_string())),
        ("bargeIn", "false"),
        ("actionOnEmptyResult", "true"),
        ("profanityFilter", "false"),
    ]);
    if let Some(language) = document.language {
        element = element.with_attribute(("language", language.tag()));
    }
    let hints = hints(document.hints);
    if !hints.is_empty() {
        element = element.with_attribute(("hints", &*hints));
    }
    element.write_inner_content(|xml| document.line.map_or(Ok(()), |line| say(xml, &line)))?;
    Ok(())
}

fn pause(xml: &mut Xml) -> io::Result<()> {
    xml.create_element("Pause")
        .with_attribute(("length", "1"))
        .write_empty()?;
    Ok(())
}

/// Whole seconds, which is all that the carrier counts in: never less than was asked for.
fn seconds(time: Millis) -> String {
    time.0.div_ceil(1_000).max(1).to_string()
}

/// The likely words as one list. The comma parts them, so it cannot stand inside.
fn hints(words: &[String]) -> String {
    const MOST: usize = 500;
    const MOST_CHARS: usize = 100;
    /// The whole document has to stay below 64 kB, even when every letter is escaped.
    const MOST_BYTES: usize = 6_000;
    let mut list = String::new();
    let words = words
        .iter()
        .map(|word| plain(word).replace(',', " "))
        .map(|word| word.trim().chars().take(MOST_CHARS).collect::<String>())
        .filter(|word| !word.is_empty());
    for word in words.take(MOST) {
        if list.len() + word.len() + 1 > MOST_BYTES {
            break;
        }
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(&word);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTION: &str = "https://voice.example.com/v1/twilio/gather?turn=4";

    fn document(line: Option<Say<'_>>) -> GatherDocument<'_> {
        GatherDocument {
            line,
            language: None,
            action_url: ACTION,
            listening: Listening {
                patience: Millis(8_000),
                pause: None,
                end_key: '#',
            },
            hints: &[],
        }
    }

    fn spoken(line: &str) -> Say<'_> {
        Say {
            line,
            voice: None,
            language: None,
        }
    }

    /// One element per line, so that a snapshot can be read.
    fn lines(twiml: &Twiml) -> String {
        twiml.as_str().replace("><", ">\n<")
    }

    #[test]
    fn a_question_always_leads_back_to_us() {
        let language = "es-ES".parse().unwrap();
        let twiml = Twiml::gather(&GatherDocument {
            language: Some(&language),
            hints: &["Acme".to_owned(), "downspout".to_owned()],
            ..document(Some(Say {
                line: "¿Para qué día?",
                voice: Some("Polly.Lucia"),
                language: Some(&language),
            }))
        });
        insta::assert_snapshot!(lines(&twiml), @r##"
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
        <Gather input="speech dtmf" action="https://voice.example.com/v1/twilio/gather?turn=4" method="POST" timeout="8" speechTimeout="auto" finishOnKey="#" bargeIn="false" actionOnEmptyResult="true" profanityFilter="false" language="es-ES" hints="Acme,downspout">
        <Say voice="Polly.Lucia" language="es-ES">¿Para qué día?</Say>
        </Gather>
        <Redirect method="POST">https://voice.example.com/v1/twilio/gather?turn=4</Redirect>
        </Response>
        "##);
    }

    #[test]
    fn the_carrier_listens_without_a_word_or_comes_back() {
        let documents = [
            Twiml::gather(&document(None)),
            Twiml::say_and_come_back(Some(&spoken("One moment.")), ACTION),
            Twiml::say_and_come_back(None, ACTION),
        ];
        let texts: Vec<_> = documents.iter().map(lines).collect();
        insta::assert_snapshot!(texts.join("\n\n"), @r##"
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
        <Gather input="speech dtmf" action="https://voice.example.com/v1/twilio/gather?turn=4" method="POST" timeout="8" speechTimeout="auto" finishOnKey="#" bargeIn="false" actionOnEmptyResult="true" profanityFilter="false">
        </Gather>
        <Redirect method="POST">https://voice.example.com/v1/twilio/gather?turn=4</Redirect>
        </Response>

        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
        <Say>One moment.</Say>
        <Redirect method="POST">https://voice.example.com/v1/twilio/gather?turn=4</Redirect>
        </Response>

        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
        <Pause length="1"/>
        <Redirect method="POST">https://voice.example.com/v1/twilio/gather?turn=4</Redirect>
        </Response>
        "##);
    }

    #[test]
    fn times_are_whole_seconds_and_never_shorter() {
        for (ms, text) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (6_000, "6")] {
            assert_eq!(seconds(Millis(ms)), text);
        }
        let twiml = Twiml::gather(&GatherDocument {
            listening: Listening {
                patience: Millis(5_500),
                pause: Some(Millis(700)),
                end_key: '*',
            },
            ..document(None)
        });
        let wanted = r#"timeout="6" speechTimeout="1" finishOnKey="*""#;
        assert!(twiml.as_str().contains(wanted), "{}", twiml.as_str());
    }

    #[test]
    fn markup_in_any_text_stays_text() {
        let hostile = "</Say></Gather><Dial>+1900</Dial>&\"'\0";
        let twiml = Twiml::gather(&GatherDocument {
            action_url: hostile,
            hints: &[hostile.to_owned()],
            ..document(Some(spoken(hostile)))
        });
        let text = twiml.as_str();
        assert!(!text.contains("<Dial>") && !text.contains('\0'), "{text}");
        assert_eq!(text.matches("</Gather>").count(), 1, "{text}");
        assert_eq!(text.matches("&lt;Dial&gt;").count(), 4, "{text}");
    }

    #[test]
    fn hints_keep_to_the_carriers_limits() {
        let words = |word: &str, count| vec![word.to_owned(); count];
        assert_eq!(hints(&words("a", 501)).split(',').count(), 500);
        assert_eq!(hints(&words(&"é".repeat(101), 1)), "é".repeat(100));
        assert_eq!(
            hints(&["Acme, Inc.".to_owned(), " , ".to_owned()]),
            "Acme  Inc."
        );
        assert!(hints(&words(&"\"".repeat(100), 500)).len() <= 6_000);
    }

    #[test]
    fn the_longest_document_is_short_enough() {
        let line = "\"".repeat(5_000);
        let words = vec!["\"".repeat(100); 500];
        let twiml = Twiml::gather(&GatherDocument {
            hints: &words,
            ..document(Some(spoken(&line)))
        });
        assert!(twiml.as_str().len() < 64 * 1024, "{}", twiml.as_str().len());
    }
}
