use serde::Serialize;

/// What a turn of a caller was like, in milliseconds of the audio that passed the telephone: since
/// its stream began, or, beside streams, since the call was answered, without the streams.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Turn {
    /// The caller's words.
    pub said: String,
    /// How they were meant.
    pub kind: Kind,
    /// First sample of the caller.
    pub began_ms: u64,
    /// Last sample of the caller.
    pub ended_ms: Option<u64>,
    /// From there to the first audible sample of the agent.
    pub answered_after_ms: Option<u64>,
    /// From the first sample of an interruption to the last audible sample of the agent.
    pub silent_after_ms: Option<u64>,
    /// From the first sample of the caller to the arrival of `clear`.
    pub cleared_after_ms: Option<u64>,
    /// Audio messages that came after `clear`, while the caller still spoke. Must be none.
    pub messages_after_clear: u32,
}

/// How a caller's words are meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// "I am listening": the agent should go on.
    Acknowledged,
    /// Into the agent's words, to stop them.
    Interrupted,
    /// When the agent was quiet.
    Said,
}

/// Keeps the turns of one call. Pure: its clock is the audio.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    turns: Vec<Turn>,
    speaking: bool,
    last_audible_ms: Option<u64>,
}

/// Turns kept of a call.
const MOST_TURNS: usize = 1_000;

impl Measures {
    pub(crate) fn caller_begins(&mut self, at_ms: u64, kind: Kind, said: String) {
        self.speaking = true;
        if self.turns.len() < MOST_TURNS {
            self.turns.push(Turn {
                said,
                kind,
                began_ms: at_ms,
                ended_ms: None,
                answered_after_ms: None,
                silent_after_ms: None,
                cleared_after_ms: None,
                messages_after_clear: 0,
            });
        }
    }

    pub(crate) fn caller_ended(&mut self, at_ms: u64) {
        self.speaking = false;
        if let Some(turn) = self.turns.last_mut() {
            turn.ended_ms = Some(at_ms);
        }
    }

    /// The agent was audible from `first_ms` to `last_ms`. Tells how long the caller waited, when
    /// this is the answer.
    pub(crate) fn agent_audible(&mut self, first_ms: u64, last_ms: u64) -> Option<u64> {
        self.last_audible_ms = Some(last_ms);
        let turn = self.turns.last_mut()?;
        let ended = turn.ended_ms?;
        if turn.answered_after_ms.is_some() || first_ms < ended || !turn.wants_answer() {
            return None;
        }
        let waited = first_ms - ended;
        turn.answered_after_ms = Some(waited);
        Some(waited)
    }

    /// The agent has been quiet for a breath. Tells how soon an interruption silenced it.
    pub(crate) fn agent_quiet(&mut self) -> Option<u64> {
        let last = self.last_audible_ms?;
        let turn = self.turns.last_mut()?;
        if turn.is_silenced() {
            return None;
        }
        turn.silent_after_ms = Some(last.saturating_sub(turn.began_ms));
        turn.silent_after_ms
    }

    pub(crate) fn cleared(&mut self, at_ms: u64) {
        let speaking = self.speaking;
        if let Some(turn) = self.turns.last_mut()
            && turn.cleared_after_ms.is_none()
            && (speaking || turn.answered_after_ms.is_none())
        {
            turn.cleared_after_ms = Some(at_ms.saturating_sub(turn.began_ms));
        }
    }

    pub(crate) fn message_came(&mut self) {
        if let Some(turn) = self.turns.last_mut()
            && self.speaking
            && turn.cleared_after_ms.is_some()
        {
            turn.messages_after_clear += 1;
        }
    }

    pub(crate) fn into_turns(self) -> Vec<Turn> {
        self.turns
    }
}

impl Turn {
    /// Whether what comes next is an answer: an interruption first has to be obeyed, and "I am
    /// listening" wants none.
    fn wants_answer(&self) -> bool {
        match self.kind {
            Kind::Acknowledged => false,
            Kind::Interrupted => self.silent_after_ms.is_some(),
            Kind::Said => true,
        }
    }

    /// Whether nothing has to fall silent any more.
    fn is_silenced(&self) -> bool {
        self.kind != Kind::Interrupted || self.silent_after_ms.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_measured_from_the_callers_last_sample() {
        let mut measures = Measures::default();
        measures.caller_begins(100, Kind::Said, "Hi.".to_owned());
        assert_eq!(
            measures.agent_audible(150, 160),
            None,
            "the caller still speaks"
        );
        measures.caller_ended(500);
        assert_eq!(
            measures.agent_audible(480, 499),
            None,
            "a leftover of before"
        );
        assert_eq!(measures.agent_audible(1_200, 1_219), Some(700));
        assert_eq!(measures.agent_audible(1_220, 1_239), None);
        assert_eq!(measures.into_turns()[0].answered_after_ms, Some(700));
    }

    #[test]
    fn an_interruption_is_measured_to_silence_and_then_to_the_answer() {
        let mut measures = Measures::default();
        measures.agent_audible(0, 980);
        measures.caller_begins(1_000, Kind::Interrupted, "Stop.".to_owned());
        measures.agent_audible(1_000, 1_340);
        measures.cleared(1_350);
        measures.message_came();
        measures.caller_ended(1_500);
        measures.message_came();
        assert_eq!(measures.agent_quiet(), Some(340));
        assert_eq!(measures.agent_quiet(), None);
        assert_eq!(measures.agent_audible(2_000, 2_019), Some(500));
        let turn = &measures.into_turns()[0];
        assert_eq!(
            (turn.cleared_after_ms, turn.messages_after_clear),
            (Some(350), 1)
        );
    }
}
