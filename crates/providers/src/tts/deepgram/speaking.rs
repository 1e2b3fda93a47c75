use std::time::Duration;

use bytes::Bytes;
use domain::ReplyId;
use session::ClauseId;
use tokio::time::Instant;

use super::{
    client::Deadlines,
    groups::{Groups, Pace},
    wire,
};
use crate::{ProviderError, deepgram::NAME, tts::FromVoice};

/// The reply being spoken.
pub(super) struct Speaking {
    pub(super) groups: Groups,
    /// Messages for a connection that does not stand yet.
    pub(super) unsent: Vec<String>,
    /// No more clauses will come.
    pub(super) ended: bool,
    begun: bool,
    /// When its audio so far will have been played, if it is played as it comes.
    plays_until: Option<Instant>,
    due: Option<Due>,
}

/// What has to come next.
#[derive(Clone, Copy)]
enum Due {
    FirstAudio(Instant),
    MoreAudio(Instant),
}

impl Speaking {
    pub(super) const fn new(reply: ReplyId) -> Self {
        Self {
            groups: Groups::new(reply),
            unsent: Vec::new(),
            ended: false,
            begun: false,
            plays_until: None,
            due: None,
        }
    }

    pub(super) const fn reply(&self) -> ReplyId {
        self.groups.reply()
    }

    /// A clause is on its way to the server.
    pub(super) fn say(&mut self, clause: ClauseId, text: &str) {
        self.groups.add(clause, text);
        self.unsent.extend(wire::say(text));
    }

    /// When the clauses so far have to be flushed: the first one at once, and all of them when no
    /// more will come; others when the audio is about to run out.
    pub(super) fn flush_at(&self, now: Instant, ahead: Duration) -> Option<Instant> {
        if !self.groups.has_unflushed() {
            return None;
        }
        if self.ended || !self.begun {
            return Some(now);
        }
        let plays_until = self.plays_until.unwrap_or(now);
        let runs_out = plays_until.checked_sub(ahead).unwrap_or(now);
        (self.groups.owed() == 0).then_some(runs_out)
    }

    /// The clauses so far are made into audio.
    pub(super) fn flush(&mut self, now: Instant, deadlines: &Deadlines) {
        self.begun = true;
        self.groups.flush();
        self.unsent.push(wire::FLUSH.to_owned());
        if self.due.is_none() {
            self.due = Some(Due::FirstAudio(now + deadlines.first_audio));
        }
    }

    /// Takes audio.
    pub(super) fn hear(
        &mut self,
        audio: Bytes,
        pace: &Pace,
        deadlines: &Deadlines,
    ) -> Result<Vec<FromVoice>, ProviderError> {
        let now = Instant::now();
        let length = Duration::from_millis(audio.len() as u64 / 8);
        let plays_from = self.plays_until.unwrap_or(now).max(now);
        self.plays_until = Some(plays_from + length);
        let pieces = self.groups.cut(audio, pace);
        if self.groups.is_endless() {
            return Err(wire::garbled("far more audio than the text can fill"));
        }
        self.wait_for_more(now, deadlines);
        Ok(pieces)
    }

    /// The oldest flush was answered.
    pub(super) fn flushed(
        &mut self,
        pace: &mut Pace,
        deadlines: &Deadlines,
    ) -> Result<(), ProviderError> {
        if self.groups.owed() > 0 && !self.groups.has_audio() {
            return Err(wire::garbled("no audio for a text"));
        }
        self.groups.answered(pace);
        self.wait_for_more(Instant::now(), deadlines);
        Ok(())
    }

    /// Whether all its audio is here.
    pub(super) fn is_over(&self) -> bool {
        self.ended && self.groups.is_over()
    }

    fn wait_for_more(&mut self, now: Instant, deadlines: &Deadlines) {
        let owed = self.groups.owed() > 0;
        self.due = owed.then_some(Due::MoreAudio(now + deadlines.audio_gap));
    }

    /// When [`Speaking::silent`] is so.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.map(|due| match due {
            Due::FirstAudio(at) | Due::MoreAudio(at) => at,
        })
    }

    /// The deadline has passed.
    pub(super) fn silent(&self, deadlines: &Deadlines) -> ProviderError {
        let (stage, waited) = match self.due {
            Some(Due::MoreAudio(_)) => ("audio gap", deadlines.audio_gap),
            Some(Due::FirstAudio(_)) | None => ("first audio", deadlines.first_audio),
        };
        ProviderError::Silent {
            provider: NAME,
            stage,
            waited,
        }
    }
}
