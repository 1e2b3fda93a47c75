use std::time::Duration;

use domain::ReplyId;
use session::ClauseId;
use tokio::time::Instant;

use super::{NAME, clauses::Clauses, client::Deadlines, wire::Spoken};
use crate::{ProviderError, tts::FromVoice};

/// The reply being spoken.
pub(super) struct Speaking {
    pub(super) clauses: Clauses,
    /// Messages for a connection that does not stand yet.
    pub(super) unsent: Vec<String>,
    /// No more clauses will come.
    pub(super) ended: bool,
    due: Option<Due>,
}

/// What has to come next.
#[derive(Clone, Copy)]
enum Due {
    FirstAudio(Instant),
    MoreAudio(Instant),
    /// Something was called final although clauses are missing: perhaps that was all.
    Quiet(Instant),
}

/// How a reply stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Progress {
    /// More is coming.
    Speaking,
    /// All its audio is here.
    All,
}

impl Speaking {
    pub(super) const fn new(reply: ReplyId) -> Self {
        Self {
            clauses: Clauses::new(reply),
            unsent: Vec::new(),
            ended: false,
            due: None,
        }
    }

    /// A clause is on its way to the server.
    pub(super) fn say(&mut self, clause: ClauseId, text: &str, deadlines: &Deadlines) {
        if self.clauses.is_caught_up() {
            self.due = Some(Due::FirstAudio(Instant::now() + deadlines.first_audio));
        } else if matches!(self.due, Some(Due::Quiet(_))) {
            self.due = None;
        }
        self.clauses.add(clause, text);
    }

    /// No more clauses will come.
    pub(super) fn end(&mut self, deadlines: &Deadlines) -> Progress {
        self.ended = true;
        if self.clauses.is_over() {
            return Progress::All;
        }
        if self.due.is_none() {
            self.due = Some(Due::MoreAudio(Instant::now() + deadlines.audio_gap));
        }
        Progress::Speaking
    }

    /// Takes a message of the server; its audio goes into `out`.
    pub(super) fn hear(
        &mut self,
        spoken: &Spoken,
        deadlines: &Deadlines,
        out: &mut impl Extend<FromVoice>,
    ) -> Result<Progress, ProviderError> {
        if !spoken.audio.is_empty() || spoken.letters.is_some() {
            out.extend(self.clauses.cut(&spoken.audio, spoken.letters.as_deref()));
            if self.clauses.is_endless() {
                return Err(ProviderError::Garbled {
                    provider: NAME,
                    detail: "far more audio than the text can fill".to_owned(),
                });
            }
            let waits = self.ended || (self.clauses.is_aligned() && !self.clauses.is_caught_up());
            let gap = Due::MoreAudio(Instant::now() + deadlines.audio_gap);
            self.due = waits.then_some(gap);
        }
        if !spoken.is_final {
            return Ok(Progress::Speaking);
        }
        self.clauses.end_one();
        match (self.ended, self.clauses.is_over()) {
            (true, true) => return Ok(Progress::All),
            (true, false) => self.due = Some(Due::Quiet(Instant::now() + deadlines.after_final)),
            (false, true) => self.due = None,
            (false, false) => {}
        }
        Ok(Progress::Speaking)
    }

    /// When to call [`Speaking::on_deadline`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.map(|due| match due {
            Due::FirstAudio(at) | Due::MoreAudio(at) | Due::Quiet(at) => at,
        })
    }

    /// The deadline has passed.
    pub(super) fn on_deadline(&mut self, deadlines: &Deadlines) -> Result<Progress, ProviderError> {
        let silent = |stage, waited: Duration| ProviderError::Silent {
            provider: NAME,
            stage,
            waited,
        };
        match self.due.take() {
            None => Ok(Progress::Speaking),
            Some(Due::Quiet(_)) => Ok(Progress::All),
            // Not every server says when it is done.
            Some(Due::MoreAudio(_)) if self.ended && self.has_all_it_tells() => Ok(Progress::All),
            Some(Due::MoreAudio(_)) => Err(silent("audio gap", deadlines.audio_gap)),
            Some(Due::FirstAudio(_)) => Err(silent("first audio", deadlines.first_audio)),
        }
    }

    /// Whether nothing shows that audio is missing.
    pub(super) fn has_all_it_tells(&self) -> bool {
        let unaligned = self.clauses.has_audio() && !self.clauses.is_aligned();
        unaligned || self.clauses.is_caught_up()
    }
}
