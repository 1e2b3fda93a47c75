use domain::TurnRecord;
use sim::carrier::{CallEnd, CallEvent, Happening};
use transports::RoundHeard;

use super::notice;
use crate::{
    paint::{Paint, Tone},
    story,
};

/// Tells a call while it happens, in the order in which one would read it.
///
/// What the caller says is known at once, what was heard of the agent only when its turn is over.
/// So words of the caller over the agent's are held back until the agent's stand there.
pub(super) struct Narrator {
    paint: Paint,
    /// Whether the agent can be heard right now.
    audible: bool,
    /// When it was first heard in the turn that is not yet told.
    spoke_at_ms: Option<u64>,
    held: String,
}

impl Narrator {
    pub(super) fn new(paint: Paint) -> Self {
        Self {
            paint,
            audible: false,
            spoke_at_ms: None,
            held: String::new(),
        }
    }

    /// Something happened: what is to be shown of it.
    pub(super) fn happened(&mut self, happening: &Happening) -> String {
        let at = happening.at_ms;
        match &happening.event {
            CallEvent::AgentAudible { .. } => {
                self.audible = true;
                self.spoke_at_ms.get_or_insert(at);
                String::new()
            }
            CallEvent::AgentQuiet => {
                self.audible = false;
                String::new()
            }
            CallEvent::CallerSays(text) => self.caller(at, text),
            CallEvent::BargedIn { silent_after_ms } => {
                let told =
                    format!("the agent fell silent {silent_after_ms} ms after the caller began");
                let line = self.faint(at, &told);
                self.after_what_is_held(line)
            }
            CallEvent::CallerPresses(key) => self.faint(at, &format!("the caller presses {key}")),
            CallEvent::CarrierSays(text) => {
                self.faint(at, &format!("the carrier's voice says: {text}"))
            }
            CallEvent::CarrierHears(heard) => {
                self.faint(at, &format!("the carrier hears {}", what(heard)))
            }
            CallEvent::Over(end) => {
                let held = std::mem::take(&mut self.held);
                held + &self.faint(at, &format!("the call is over: {}", in_words(end)))
            }
            CallEvent::StreamOpened => self.faint(at, "the call is answered"),
            CallEvent::Cleared | CallEvent::Redirected(_) => String::new(),
        }
    }

    /// A turn is over.
    pub(super) fn turn(&mut self, turn: &TurnRecord) -> String {
        let spoke_at_ms = self.spoke_at_ms.take().unwrap_or_default();
        let mut told = String::new();
        if !turn.said.is_empty() {
            let who = self.paint.tone(Tone::Agent, "agent ");
            let heard = story::heard(turn, self.paint);
            told.push_str(&format!("{}  {who}  {heard}\n", self.at(spoke_at_ms)));
        }
        for tool in &turn.tools {
            let note = self
                .paint
                .tone(Tone::Faint, &format!("ran the tool {tool}"));
            told.push_str(&format!("{:18}{note}\n", ""));
        }
        if let Some(gap) = &turn.gap {
            told.push_str(&format!("{:18}{}\n", "", story::bar(gap, self.paint)));
        }
        told.push_str(&self.moments(&notice::begun_early(turn)));
        told.push_str(&std::mem::take(&mut self.held));
        told + &self.moments(&notice::spoken_over(turn))
    }

    fn moments(&self, named: &[String]) -> String {
        let lines = named.iter().map(|line| {
            let line = self.paint.tone(Tone::Good, line);
            format!("{:18}{line}\n", "")
        });
        lines.collect()
    }

    fn caller(&mut self, at_ms: u64, text: &str) -> String {
        let who = self.paint.tone(Tone::Caller, "caller");
        let words = self.paint.tone(Tone::Strong, text);
        let line = format!("{}  {who}  {words}\n", self.at(at_ms));
        if self.audible {
            self.held.push_str(&line);
            return String::new();
        }
        line
    }

    /// The line at once, unless it belongs behind lines that are held back.
    fn after_what_is_held(&mut self, line: String) -> String {
        if self.held.is_empty() {
            return line;
        }
        self.held.push_str(&line);
        String::new()
    }

    fn faint(&self, at_ms: u64, text: &str) -> String {
        let text = self.paint.tone(Tone::Faint, &format!("· {text}"));
        format!("{}  {text}\n", self.at(at_ms))
    }

    fn at(&self, ms: u64) -> String {
        let at = format!("{:>4}.{:03}", ms / 1_000, ms % 1_000);
        self.paint.tone(Tone::Faint, &at)
    }
}

fn what(heard: &RoundHeard) -> String {
    match heard {
        RoundHeard::HungUp => "that the caller is gone".to_owned(),
        RoundHeard::Keys(keys) => format!("the keys {keys}"),
        RoundHeard::Nothing => "nothing".to_owned(),
        RoundHeard::Words(words) => format!("\"{words}\""),
    }
}

fn in_words(end: &CallEnd) -> String {
    match end {
        CallEnd::AgentHungUp => "the agent hung up".to_owned(),
        CallEnd::ApplicationError(error) => format!("the carrier gave up: {error}"),
        CallEnd::CallerHungUp => "the caller hung up".to_owned(),
        CallEnd::PutThrough => "the caller was put through".to_owned(),
        CallEnd::Rejected => "it was not taken".to_owned(),
        CallEnd::TooLong => "it went on for too long".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at_ms: u64, event: CallEvent) -> Happening {
        Happening { at_ms, event }
    }

    #[test]
    fn an_interruption_is_read_after_what_it_interrupts() {
        let mut narrator = Narrator::new(Paint::Plain);
        let mut told = narrator.happened(&at(100, CallEvent::AgentAudible { waited_ms: None }));
        told += &narrator.happened(&at(900, CallEvent::CallerSays("Stop.".into())));
        told += &narrator.happened(&at(
            1_200,
            CallEvent::BargedIn {
                silent_after_ms: 300,
            },
        ));
        told += &narrator.turn(&TurnRecord {
            said: "A table for four?".into(),
            heard: "A table".into(),
            interrupted: true,
            ..TurnRecord::default()
        });
        told += &narrator.happened(&at(1_500, CallEvent::AgentQuiet));
        told += &narrator.happened(&at(2_000, CallEvent::CallerSays("Five.".into())));
        let words = [
            "agent ",
            "A table",
            "Stop.",
            "fell silent",
            "barge-in",
            "Five.",
        ];
        let places: Vec<_> = words.iter().map(|word| told.find(word)).collect();
        assert!(places.iter().all(Option::is_some), "{told}");
        assert!(places.is_sorted(), "{told}");
    }
}
