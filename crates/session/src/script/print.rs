//! Inputs and actions as lines of a script.

use std::fmt;

use domain::{ReplyId, TurnRecord};

use crate::{
    Action, Audio, CancelReason, Delivery, Input, Message, Missing, Note, Play, Prompt, RoundHeard,
    Span, StillSpeaks, Words, reply::Secret,
};

/// An input as a line of a script, without its time.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Audio(Audio {
                reply,
                clause,
                duration,
                ..
            }) => {
                write!(f, "audio {reply}/{} {duration}", clause.0)
            }
            Self::BudgetGone => f.write_str("budget-gone"),
            Self::Changed(_) => f.write_str("changed"),
            Self::Digit(key) => write!(f, "digit {key}"),
            Self::Dismissed => f.write_str("dismissed"),
            Self::HungUp => f.write_str("hang-up"),
            Self::Ignored(span) => write!(f, "ignored {span}"),
            Self::LineLost => f.write_str("lost"),
            Self::NoiseStarted { at } => write!(f, "noise at {at}"),
            Self::NoiseStopped { at } => write!(f, "quiet at {at}"),
            Self::Played(mark) => write!(f, "played {mark}"),
            Self::Recalled(earlier) => write!(f, "recalled {}", earlier.len()),
            Self::RecogniserBack => f.write_str("words-again"),
            Self::RecogniserLost => f.write_str("no-words"),
            Self::RecogniserFailed => f.write_str("deaf"),
            Self::Round(RoundHeard::HungUp) => f.write_str("round over"),
            Self::Round(RoundHeard::Keys(keys)) => write!(f, "round keys {keys}"),
            Self::Round(RoundHeard::Nothing) => f.write_str("round"),
            Self::Round(RoundHeard::Words(text)) => write!(f, "round words {}", quoted(text)),
            Self::Said { reply, text } => write!(f, "said {reply} {}", quoted(text)),
            Self::SpeakingFailed(reply, StillSpeaks::Somebody) => write!(f, "no-sound {reply}"),
            Self::SpeakingFailed(reply, StillSpeaks::Nobody) => write!(f, "no-voice {reply}"),
            Self::SpeechStarted { at } => write!(f, "speech at {at}"),
            Self::SpeechStopped { at } => write!(f, "pause at {at}"),
            Self::Spent(so_far) => write!(f, "spent {}", so_far.0),
            Self::SpokenAll(reply) => write!(f, "spoken {reply}"),
            Self::Text { reply, text } => write!(f, "text {reply} {}", quoted(text)),
            Self::ThinkingBroke(reply) => write!(f, "half-thought {reply}"),
            Self::ThinkingFailed(reply) => write!(f, "no-thought {reply}"),
            Self::ThoughtAll(reply) => write!(f, "done {reply}"),
            Self::Tick => f.write_str("tick"),
            Self::ToolAnswered { run, output } => write!(f, "answer {} {output}", run.0),
            Self::ToolAsked {
                reply,
                id,
                name,
                arguments,
            } => {
                write!(f, "tool {reply} {id} {name} {arguments}")
            }
            Self::TurnEnded { confidence } => write!(f, "ended {confidence}"),
            Self::TurnLikely => f.write_str("likely"),
            Self::TurnResumed => f.write_str("resumed"),
            Self::UtteranceOver => f.write_str("over"),
            Self::Words(words) => write!(f, "{words}"),
            Self::WordsCome(Delivery::AsSpoken) => f.write_str("words-as-spoken"),
            Self::WordsCome(Delivery::InBatches) => f.write_str("words-in-batches"),
        }
    }
}

/// What a recogniser says, as part of such a line.
impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match (self.settled, self.ends_utterance, self.answers_finalize) {
            (_, true, _) => "utterance",
            (_, false, true) => "finalized",
            (true, false, false) => "settled",
            (false, false, false) => "words",
        };
        f.write_str(verb)?;
        if let Some(span) = self.span {
            write!(f, " {span}")?;
        }
        if let Some(begins) = self.begins {
            write!(f, " since {begins}")?;
        }
        for (index, span) in self.word_spans.iter().enumerate() {
            let before = if index == 0 { " each " } else { "," };
            write!(f, "{before}{}-{}", span.from, span.until)?;
        }
        write!(f, " {}", quoted(&self.text))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {} to {}", self.from, self.until)
    }
}

/// An action as a line of a script, without its time.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apologise { reply, .. } => write!(f, "apologise {reply}"),
            Self::Cancel { reply, why } => write!(f, "cancel {reply}: {}", why.as_str()),
            Self::Commit { reply, because } => {
                write!(
                    f,
                    "commit {reply}: {} after {}",
                    because.class.as_str(),
                    because.waited
                )
            }
            Self::Duck { reply, db } => write!(f, "duck {reply} {db}"),
            Self::Finalize => f.write_str("finalize"),
            Self::HearLess => f.write_str("hear less"),
            Self::HangUp(why) => write!(f, "hang up: {why}"),
            Self::Note(note) => write!(f, "note: {}", note.as_str()),
            Self::Pause(reply) => write!(f, "pause {reply}"),
            Self::Play(Play::Audio {
                reply, duration, ..
            }) => write!(f, "play {reply} {duration}"),
            Self::Play(Play::Mark(mark)) => write!(f, "mark {mark}"),
            // What is typed may be a secret, and this line may be written to a log.
            Self::Press {
                reply,
                clause,
                text,
            } => {
                let keys = text.split_whitespace().count() - 1;
                write!(f, "press {reply}/{} {keys} keys", clause.0)
            }
            Self::Record(turn) => write!(f, "record {}", Line(turn)),
            Self::Restore(reply) => write!(f, "restore {reply}"),
            Self::Resume { reply, again } => write!(f, "resume {reply} again {again}"),
            Self::RunTool(tool) => write!(
                f,
                "run tool {} {} {}",
                tool.run.0, tool.name, tool.arguments
            ),
            Self::Silence { reply, heard } => write!(f, "silence {reply} after {heard}"),
            Self::Speak {
                reply,
                clause,
                text,
            } => write!(f, "speak {reply}/{} {}", clause.0, quoted(text)),
            Self::SpeakEnd(reply) => write!(f, "speak end {reply}"),
            Self::StopThinking(reply) => write!(f, "stop thinking {reply}"),
            Self::TakeRounds(Missing::Recogniser) => f.write_str("take rounds: no recogniser"),
            Self::TakeRounds(Missing::Voice) => f.write_str("take rounds: no voice"),
            // What was typed may be a secret, and this line may be written to a log.
            Self::Think { reply, prompt } => write_thought(f, *reply, prompt, Secret::Keys),
        }
    }
}

/// What a model is asked, with the last of what it is told.
pub(super) fn write_thought(
    f: &mut fmt::Formatter<'_>,
    reply: ReplyId,
    prompt: &Prompt,
    secret: Secret,
) -> fmt::Result {
    let last = prompt.messages.last().map(Message::text);
    let last = secret.hide(last.unwrap_or_default());
    write!(f, "think {reply} {}", quoted(&last))?;
    f.write_str(if prompt.may_press { " may press" } else { "" })
}

/// A turn on one line.
struct Line<'a>(&'a TurnRecord);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(turn) = self;
        write!(
            f,
            "turn {}: caller {} heard {}",
            turn.number,
            quoted(&turn.caller),
            quoted(&turn.heard)
        )?;
        if turn.heard != turn.said {
            write!(f, " of {}", quoted(&turn.said))?;
        }
        match &turn.gap {
            Some(gap) => write!(f, " gap {}", gap.total()),
            None => Ok(()),
        }
    }
}

impl Message {
    fn text(&self) -> &str {
        match self {
            Self::Agent { text, .. } | Self::Caller(text) => text,
            Self::Note(text) => text,
            Self::Tool { output, .. } => output,
        }
    }
}

impl CancelReason {
    /// The name in traces and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BargeIn => "barge_in",
            Self::CallOver => "call_over",
            Self::CutIn => "cut_in",
            Self::Failed => "failed",
            Self::Resumed => "resumed",
            Self::Stale => "stale",
        }
    }
}

impl Note {
    /// The name in traces and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BudgetLow => "budget_low",
            Self::LateReply => "late_reply",
            Self::LateToolAnswer => "late_tool_answer",
            Self::TooManyTools => "too_many_tools",
            Self::UnknownMark => "unknown_mark",
        }
    }
}

fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    )
}
