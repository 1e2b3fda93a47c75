use serde::Deserialize;

use super::{
    Manner, flux,
    query::Options,
    recognition::{Recognition, Said, Why},
    wire,
};

/// What a stream asked for, by its endpoint.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// `/v1/listen`.
    Live(Options),
    /// `/v2/listen`.
    Turns(flux::query::Options),
}

/// What recognises one stream and words what it heard.
pub(super) enum Engine {
    Live {
        recognition: Recognition,
        options: Options,
        number: u64,
    },
    Turns {
        turns: flux::turns::Turns,
        stream: flux::wire::Stream,
        sequence: u64,
    },
}

/// A message to the client.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) json: String,
    /// Why it is told, if it brings results.
    pub(super) why: Option<Why>,
    /// Words that will not change any more.
    pub(super) settled: String,
    /// The utterance is over.
    pub(super) ends: bool,
}

/// What becomes of a text message of the client.
pub(super) enum Heeded {
    /// It is answered by these.
    Answered(Vec<Line>),
    /// No more audio comes.
    Finish,
    /// The protocol does not have it.
    Refused {
        answer: String,
        /// The code and the reason of the close, if it is the end.
        close: Option<(u16, &'static str)>,
    },
}

#[derive(Deserialize)]
struct Control {
    #[serde(rename = "type")]
    kind: String,
}

impl Engine {
    pub(super) fn new(asked: Asked, manner: &Manner, number: u64) -> Self {
        let ms = |length: std::time::Duration| {
            u64::try_from(length.as_millis()).unwrap_or(u64::MAX / 16)
        };
        let ear = (manner.ear)();
        match asked {
            Asked::Live(mut options) => {
                options.punctuate &= manner.punctuates;
                let interim_ms = ms(manner.interim_every);
                Self::Live {
                    recognition: Recognition::new(options.clone(), ear, interim_ms),
                    options,
                    number,
                }
            }
            Asked::Turns(options) => Self::Turns {
                turns: flux::turns::Turns::new(options, ear, ms(manner.sure_after)),
                stream: flux::wire::Stream {
                    number,
                    punctuates: manner.punctuates,
                    multi: options.multi,
                },
                sequence: 0,
            },
        }
    }

    /// Bytes heard so far.
    pub(super) fn heard(&self) -> u64 {
        match self {
            Self::Live { recognition, .. } => recognition.heard(),
            Self::Turns { turns, .. } => turns.heard(),
        }
    }

    /// What is said before anything was heard.
    pub(super) fn welcome(&self) -> Option<String> {
        match self {
            Self::Live { .. } => None,
            Self::Turns { stream, .. } => Some(flux::wire::connected(stream.number)),
        }
    }

    /// What is said after everything else.
    pub(super) fn farewell(&self) -> Option<String> {
        match self {
            Self::Live {
                recognition,
                number,
                ..
            } => Some(wire::metadata(recognition.heard(), *number)),
            Self::Turns { .. } => None,
        }
    }

    /// Takes audio of any length.
    pub(super) fn hear(&mut self, audio: &[u8]) -> Vec<Line> {
        match self {
            Self::Live { recognition, .. } => {
                let mut said = Vec::new();
                recognition.hear(audio, &mut said);
                self.live_lines(&said)
            }
            Self::Turns { turns, .. } => {
                let mut said = Vec::new();
                turns.hear(audio, &mut said);
                self.turn_lines(&said)
            }
        }
    }

    /// No more audio comes: the last words.
    pub(super) fn end(&mut self) -> Vec<Line> {
        match self {
            Self::Live { recognition, .. } => {
                let mut said = Vec::new();
                recognition.end(&mut said);
                self.live_lines(&said)
            }
            // A turn that is open stays so.
            Self::Turns { .. } => Vec::new(),
        }
    }

    /// Takes a text message.
    pub(super) fn heed(&mut self, text: &str) -> Heeded {
        let control = serde_json::from_str::<Control>(text).map(|control| control.kind);
        let kind = control.as_deref().unwrap_or_default();
        if kind == "CloseStream" {
            return Heeded::Finish;
        }
        match self {
            Self::Live { .. } if kind == "KeepAlive" => Heeded::Answered(Vec::new()),
            Self::Live { recognition, .. } if kind == "Finalize" => {
                let mut said = Vec::new();
                recognition.finalize(&mut said);
                Heeded::Answered(self.live_lines(&said))
            }
            Self::Turns { turns, .. } if kind == "ForceEndTurn" => {
                let mut said = Vec::new();
                turns.force(&mut said);
                Heeded::Answered(self.turn_lines(&said))
            }
            Self::Live { .. } => Heeded::Refused {
                answer: wire::schema_error(text),
                close: None,
            },
            Self::Turns { sequence, .. } => Heeded::Refused {
                answer: flux::wire::unparsable(*sequence + 1),
                close: Some((1008, "UNPARSABLE_CLIENT_MESSAGE")),
            },
        }
    }

    fn live_lines(&self, said: &[Said]) -> Vec<Line> {
        let Self::Live {
            options, number, ..
        } = self
        else {
            return Vec::new();
        };
        let line = |said: &Said| {
            let (why, settled, ends) = match said {
                Said::Results(results) if results.why == Why::Interim => {
                    (Some(Why::Interim), String::new(), false)
                }
                Said::Results(results) => (
                    Some(results.why),
                    wire::transcript(&results.words, options.punctuate),
                    results.why == Why::Endpoint,
                ),
                Said::SpeechStarted { .. } => (None, String::new(), false),
                Said::UtteranceEnd { .. } => (None, String::new(), true),
            };
            Line {
                json: wire::message(said, options, *number),
                why,
                settled,
                ends,
            }
        };
        said.iter().map(line).collect()
    }

    fn turn_lines(&mut self, said: &[flux::turns::Said]) -> Vec<Line> {
        let Self::Turns {
            stream, sequence, ..
        } = self
        else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for said in said {
            *sequence += 1;
            let (why, settled, ends) = match said.event {
                flux::turns::Event::EndOfTurn(_) => (
                    Why::Endpoint,
                    wire::transcript(&said.words, stream.punctuates),
                    true,
                ),
                flux::turns::Event::EagerEndOfTurn
                | flux::turns::Event::StartOfTurn
                | flux::turns::Event::TurnResumed
                | flux::turns::Event::Update => (Why::Interim, String::new(), false),
            };
            lines.push(Line {
                json: flux::wire::turn_info(said, stream, *sequence),
                why: Some(why),
                settled,
                ends,
            });
        }
        lines
    }
}
