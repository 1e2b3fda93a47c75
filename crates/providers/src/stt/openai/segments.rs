use std::collections::VecDeque;

use audio::VadSettings;
use bytes::Bytes;
use session::Words;

use crate::{
    cutter::{Cut, Cutter},
    stt::{Recognised, span_of_bytes},
};

/// Bytes of mu-law in a millisecond.
const BYTES_PER_MS: usize = audio::g711::BYTES_PER_MS as usize;
/// Audio is judged in pieces of this size, however it comes: 20 ms.
const PIECE: usize = 20 * BYTES_PER_MS;
/// Silence that ends a segment nobody asked for.
const END_AFTER: u64 = 600 * BYTES_PER_MS as u64;
/// Silence that is sent after the last sound.
const TAIL: usize = 200 * BYTES_PER_MS;
/// From this length on, a segment ends at the next pause.
const LONG: usize = 20_000 * BYTES_PER_MS;
/// The longest segment: it is cut, in the middle of a word if need be.
const LONGEST: usize = LONGEST_MS * BYTES_PER_MS;
/// The same in milliseconds.
pub(super) const LONGEST_MS: usize = 30_000;
/// Servers refuse less.
const SHORTEST: usize = 100 * BYTES_PER_MS;
/// Audio that may wait for its words, next to the segment that is open.
const MOST_WAITING: usize = 60_000 * BYTES_PER_MS;

/// What is to be done next for a call, in its order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Job {
    /// Have a segment of mu-law recognised; the words are told with what they are about.
    Ask {
        /// What was said, with a little silence around it.
        sound: Bytes,
        /// Everything but the text.
        words: Words,
    },
    /// Tell something.
    Tell(Recognised),
}

/// Cuts one call's audio into segments of speech. Pure: its clock is the audio.
pub(super) struct Segments {
    cutter: Cutter,
    cuts: Vec<Cut>,
    open: Option<Open>,
    /// Where the sound begins that belongs to no segment yet.
    unsettled: u64,
    jobs: VecDeque<Job>,
    /// Bytes of sound in the jobs.
    waiting: usize,
}

/// A segment that goes on.
struct Open {
    sound: Vec<u8>,
    /// Where it begins.
    from: u64,
    /// Where the voice ended; nowhere while it speaks.
    quiet_since: Option<u64>,
    voice: VoiceIn,
}

/// Whether a segment holds a voice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum VoiceIn {
    /// That of the segment before, which was cut; perhaps only its last sound.
    Carried,
    /// The silence after a segment that was asked for.
    No,
    Yes,
}

/// Why a segment ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Why {
    Asked,
    Long,
    Pause,
}

impl Segments {
    pub(super) fn new() -> Self {
        let settings = VadSettings {
            // A "yes" may be one block long. Taking a cough for speech costs a request at most.
            start_after_ms: 32,
            ..VadSettings::default()
        };
        Self {
            cutter: Cutter::new(settings),
            cuts: Vec::new(),
            open: None,
            unsettled: 0,
            jobs: VecDeque::new(),
            waiting: 0,
        }
    }

    /// Whether more audio may come: a server that is slower than the caller must not fill memory.
    pub(super) const fn has_room(&self) -> bool {
        self.waiting < MOST_WAITING
    }

    pub(super) fn next_job(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front()?;
        if let Job::Ask { sound, .. } = &job {
            self.waiting -= sound.len();
        }
        Some(job)
    }

    pub(super) fn hear(&mut self, audio: &[u8]) {
        for piece in audio.chunks(PIECE) {
            self.hear_piece(piece);
        }
    }

    /// Someone asks for the words so far.
    pub(super) fn finalize(&mut self) {
        match &self.open {
            Some(open) if open.is_worth_asking() => self.close(Why::Asked),
            // Speech goes on in it: it is neither silence, nor enough of anything.
            Some(open) if open.voice != VoiceIn::No => {
                let until = open.from.max(self.unsettled);
                self.tell_silence(Why::Asked, until);
            }
            Some(_) | None => self.tell_silence(Why::Asked, self.cutter.heard()),
        }
    }

    /// No more audio comes.
    pub(super) fn end(&mut self) {
        if self.open.as_ref().is_some_and(Open::is_worth_asking) {
            self.close(Why::Pause);
        }
    }

    fn hear_piece(&mut self, piece: &[u8]) {
        let mut cuts = std::mem::take(&mut self.cuts);
        self.cutter.hear(piece, &mut cuts);
        for cut in cuts.drain(..) {
            match cut {
                Cut::Began { before } => self.begin(before, piece.len()),
                Cut::Ended { at } => {
                    if let Some(open) = &mut self.open {
                        open.fall_silent(at);
                    }
                }
            }
        }
        self.cuts = cuts;
        let Some(open) = &mut self.open else { return };
        open.sound.extend_from_slice(piece);
        let heard = self.cutter.heard();
        let quiet = open.quiet_since.map(|since| heard.saturating_sub(since));
        if quiet.is_some_and(|quiet| quiet >= END_AFTER) {
            self.close(Why::Pause);
        } else if open.sound.len() >= LONGEST || (quiet.is_some() && open.sound.len() >= LONG) {
            self.close(Why::Long);
        }
    }

    fn begin(&mut self, before: Vec<u8>, piece: usize) {
        match &mut self.open {
            Some(open) => {
                open.quiet_since = None;
                open.voice = VoiceIn::Yes;
            }
            None => {
                self.jobs.push_back(Job::Tell(Recognised::SpeechStarted));
                let from = self.cutter.heard() - (before.len() + piece) as u64;
                self.open = Some(Open {
                    sound: before,
                    from,
                    quiet_since: None,
                    voice: VoiceIn::Yes,
                });
            }
        }
    }

    /// Ends the segment. Unless a pause ended it, another one begins where it ended.
    fn close(&mut self, why: Why) {
        let Some(open) = self.open.take() else { return };
        let heard = self.cutter.heard();
        if why != Why::Pause {
            self.open = Some(Open {
                sound: Vec::new(),
                from: heard,
                quiet_since: open.quiet_since,
                voice: match open.quiet_since {
                    None => VoiceIn::Carried,
                    Some(_) => VoiceIn::No,
                },
            });
        }
        if !open.is_worth_asking() {
            self.tell_silence(why, heard);
            return;
        }
        let words = self.words(why, open.from.max(self.unsettled), heard);
        let sound = Bytes::from(open.trimmed());
        self.waiting += sound.len();
        self.jobs.push_back(Job::Ask { sound, words });
    }

    /// Up to there nothing was said that is not told already.
    fn tell_silence(&mut self, why: Why, until: u64) {
        let words = self.words(why, self.unsettled.min(until), until);
        self.jobs.push_back(Job::Tell(Recognised::Words(words)));
    }

    fn words(&mut self, why: Why, from: u64, until: u64) -> Words {
        self.unsettled = until;
        Words {
            settled: true,
            ends_utterance: why == Why::Pause,
            answers_finalize: why == Why::Asked,
            span: Some(span_of_bytes(from, until)),
            ..Words::default()
        }
    }
}

impl Open {
    fn is_worth_asking(&self) -> bool {
        self.voice != VoiceIn::No && self.sound.len() >= SHORTEST
    }

    fn fall_silent(&mut self, at: u64) {
        self.quiet_since = Some(at);
        self.voice = match self.voice {
            VoiceIn::Carried if at < self.from + SHORTEST as u64 => VoiceIn::No,
            VoiceIn::Carried | VoiceIn::Yes => VoiceIn::Yes,
            VoiceIn::No => VoiceIn::No,
        };
    }

    fn trimmed(mut self) -> Vec<u8> {
        if let Some(since) = self.quiet_since {
            let voice = usize::try_from(since.saturating_sub(self.from)).unwrap_or(usize::MAX);
            self.sound
                .truncate(voice.saturating_add(TAIL).max(SHORTEST));
        }
        self.sound
    }
}

#[cfg(test)]
mod tests;
