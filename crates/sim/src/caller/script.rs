use super::Phrasebook;

/// What a simulated caller does, step by step.
///
/// One step per line; `#` begins a comment. Times are in milliseconds.
///
/// ```text
/// say book                     speak a recorded phrase
/// wait agent 700               until the agent spoke and was quiet so long (600 if left out)
/// interrupt stop after 900     speak into the agent's words, meaning to stop them
/// over uh_huh after 900        speak into the agent's words, meaning only "I am listening"
/// press 12#                    press keys
/// silent 3000                  say nothing
/// lose 2                       from here on lose so many percent of the frames
/// odd {"event":"hello"}        send this text on the media socket
/// hang up
/// ```
///
/// A caller without `hang up` waits for the agent to end the call.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Script {
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One thing that a caller does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Ends the call.
    HangUp,
    /// Speaks this phrase into the agent's words to stop them, so long after they began.
    Interrupt {
        /// The phrase.
        phrase: String,
        /// Milliseconds of agent.
        after_ms: u64,
    },
    /// Loses so many percent of the frames from here on.
    Lose(u32),
    /// Sends this text on the media socket.
    Odd(String),
    /// Speaks this phrase into the agent's words without wanting the floor.
    Over {
        /// The phrase.
        phrase: String,
        /// Milliseconds of agent.
        after_ms: u64,
    },
    /// Presses keys.
    Press(String),
    /// Speaks this phrase.
    Say(String),
    /// Is silent for so many milliseconds.
    Silent(u64),
    /// Waits until the agent spoke and then was quiet for so many milliseconds.
    WaitAgent(u64),
}

/// Why a script cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadScript {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// A pause inside a sentence. With the soft sound that the next phrase begins with it is longer
/// than the silence after which a reply is begun ahead of time, and shorter than the one after
/// which it is released.
const BREATH_MS: u64 = 140;
/// Quiet after which an agent is taken to have finished.
const AGENT_DONE_MS: u64 = 600;

impl Script {
    /// Reads a script and checks that every phrase is in the book.
    ///
    /// # Errors
    /// With the line that cannot be read.
    pub fn parse(text: &str, book: &Phrasebook) -> Result<Self, BadScript> {
        let mut steps = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let step = step(line).and_then(|step| check(step, book));
            steps.push(step.map_err(|what| BadScript { line: at + 1, what })?);
        }
        Ok(Self { steps })
    }

    /// The caller of the demo.
    #[must_use]
    pub fn demo() -> Self {
        use providers::offline::fixtures::{DEMO, When};
        let mut steps = Vec::new();
        for (when, phrase) in DEMO {
            let phrase = (*phrase).to_owned();
            match when {
                When::AfterPause => {
                    steps.extend([Step::Silent(BREATH_MS), Step::Say(phrase)]);
                }
                When::AgentIsDone => {
                    steps.extend([Step::WaitAgent(AGENT_DONE_MS), Step::Say(phrase)]);
                }
                When::AgentSpeaks if phrase == "uh_huh" => {
                    steps.push(Step::Over {
                        phrase,
                        after_ms: 1_000,
                    });
                }
                When::AgentSpeaks => steps.push(Step::Interrupt {
                    phrase,
                    after_ms: 1_000,
                }),
            }
        }
        Self { steps }
    }
}

fn step(line: &str) -> Result<Step, String> {
    let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    match verb {
        "hang" if rest == "up" => Ok(Step::HangUp),
        "interrupt" => {
            into_agent(rest).map(|(phrase, after_ms)| Step::Interrupt { phrase, after_ms })
        }
        "lose" => match rest.parse() {
            Ok(percent @ 0..=100) => Ok(Step::Lose(percent)),
            Ok(_) | Err(_) => Err(format!("not a percentage: {rest:?}")),
        },
        "odd" => Ok(Step::Odd(rest.to_owned())),
        "over" => into_agent(rest).map(|(phrase, after_ms)| Step::Over { phrase, after_ms }),
        "press" => {
            let keys = !rest.is_empty() && rest.chars().all(|key| "0123456789*#ABCD".contains(key));
            if keys {
                Ok(Step::Press(rest.to_owned()))
            } else {
                Err(format!("no keys: {rest:?}"))
            }
        }
        "say" => Ok(Step::Say(rest.to_owned())),
        "silent" => milliseconds(rest).map(Step::Silent),
        "wait" => match rest.strip_prefix("agent").map(str::trim) {
            Some("") => Ok(Step::WaitAgent(AGENT_DONE_MS)),
            Some(quiet) => milliseconds(quiet).map(Step::WaitAgent),
            None => Err(format!("wait for whom? {rest:?}")),
        },
        _ => Err(format!("unknown step {line:?}")),
    }
}

/// `stop after 900`
fn into_agent(rest: &str) -> Result<(String, u64), String> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words[..] {
        [phrase, "after", ms] => Ok((phrase.to_owned(), milliseconds(ms)?)),
        _ => Err(format!(
            "expected `PHRASE after MILLISECONDS`, got {rest:?}"
        )),
    }
}

fn milliseconds(text: &str) -> Result<u64, String> {
    /// An hour: longer waits are typing errors.
    const LONGEST: u64 = 3_600_000;
    let ms = text.parse().ok().filter(|ms| *ms <= LONGEST);
    ms.ok_or_else(|| format!("not milliseconds: {text:?}"))
}

fn check(step: Step, book: &Phrasebook) -> Result<Step, String> {
    let phrase = match &step {
        Step::Say(phrase) | Step::Interrupt { phrase, .. } | Step::Over { phrase, .. } => phrase,
        Step::HangUp
        | Step::Lose(_)
        | Step::Odd(_)
        | Step::Press(_)
        | Step::Silent(_)
        | Step::WaitAgent(_) => return Ok(step),
    };
    if book.find(phrase).is_some() {
        return Ok(step);
    }
    let known: Vec<&str> = book.keys().collect();
    Err(format!(
        "no phrase {phrase:?}; there are {}",
        known.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_step_by_step() {
        let text = "# a call\nwait agent\nsay book\n\ninterrupt stop after 900\nover uh_huh after 5\n\
                    press 1#\nsilent 300\nlose 2\nodd {\"a\": 1}\nwait agent 50\nhang up\n";
        let after = |phrase: &str| phrase.to_owned();
        let expected = [
            Step::WaitAgent(600),
            Step::Say("book".to_owned()),
            Step::Interrupt {
                phrase: after("stop"),
                after_ms: 900,
            },
            Step::Over {
                phrase: after("uh_huh"),
                after_ms: 5,
            },
            Step::Press("1#".to_owned()),
            Step::Silent(300),
            Step::Lose(2),
            Step::Odd("{\"a\": 1}".to_owned()),
            Step::WaitAgent(50),
            Step::HangUp,
        ];
        assert_eq!(
            Script::parse(text, &Phrasebook::recorded()).unwrap().steps,
            expected
        );
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let book = Phrasebook::recorded();
        for (text, what) in [
            ("say nonsense", "no phrase \"nonsense\""),
            ("\nsya book", "unknown step"),
            ("press x", "no keys"),
            ("lose 101", "not a percentage"),
            ("interrupt stop", "PHRASE after MILLISECONDS"),
            ("silent long", "not milliseconds"),
            ("wait caller", "wait for whom"),
        ] {
            let bad = Script::parse(text, &book).unwrap_err();
            assert!(bad.to_string().contains(what), "{bad}");
            assert_eq!(bad.line, text.lines().count());
        }
    }

    #[test]
    fn the_scenarios_in_the_repository_are_readable() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
        let mut read = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "call") {
                let text = std::fs::read_to_string(&path).unwrap();
                let script = Script::parse(&text, &Phrasebook::recorded());
                assert!(script.is_ok(), "{}: {script:?}", path.display());
                read += 1;
            }
        }
        assert!(read > 0);
    }
}
