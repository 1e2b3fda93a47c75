//! Takes needless silence out of a synthesised voice while it streams.
//!
//! A voice that synthesises sentence by sentence puts 150 to 250 ms of silence in front of each, and
//! as much behind it. In front of the first that is time the caller waits; between two it is a pause
//! that nobody meant.

use crate::framing::FRAME_BYTES;

/// Silence that is left in front of the first sound, and always in front of the next one, so that a
/// soft beginning is not cut: 20 ms.
const LEAD: usize = FRAME_BYTES;
/// The longest silence that is left between two sounds: 250 ms.
const PAUSE: usize = 2_000;
/// Codes from here on, their sign bit set, are quieter than -50 dBFS at their peak.
const QUIET: u8 = 0xF2;
const SIGN: u8 = 0x80;
const BYTES_PER_MS: usize = crate::g711::BYTES_PER_MS as usize;

/// Trims one voice, reply after reply.
#[derive(Clone, Debug, Default)]
pub struct Trim {
    /// How much silence may go out before it is held back.
    allowed: usize,
    /// The end of the silence that is held back.
    held: usize,
    /// Bytes of this clause that came in so far.
    taken: usize,
    /// Bytes of silence dropped since the last sound.
    dropped: usize,
}

/// Silence that was taken out of a clause.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cut {
    /// Where, in ms of the clause as it came in: sound after it moves forward.
    pub at_ms: u32,
    /// How much.
    pub cut_ms: u32,
}

impl Trim {
    /// A new reply: silence in front of its first sound is taken out.
    pub fn begin_reply(&mut self) {
        *self = Self::default();
    }

    /// A new clause of the same reply: positions count from here.
    pub fn begin_clause(&mut self) {
        self.taken = 0;
        self.dropped = 0;
    }

    /// Takes the next piece of the clause as [`Trim::push`] does, if nothing is to be done about it:
    /// all of it goes out as it came in, and nothing else does. Returns whether that is so; if not,
    /// nothing was taken.
    pub fn pass(&mut self, ulaw: &[u8]) -> bool {
        if self.held > 0 || self.dropped > 0 {
            return false;
        }
        let mut allowed = self.allowed;
        for run in ulaw.chunk_by(|one, next| is_quiet(*one) == is_quiet(*next)) {
            if !is_quiet(run[0]) {
                allowed = PAUSE - LEAD;
            } else if let Some(left) = allowed.checked_sub(run.len()) {
                allowed = left;
            } else {
                return false;
            }
        }
        self.allowed = allowed;
        self.taken += ulaw.len();
        true
    }

    /// What will have been cut before the next sound of the clause, as far as it is known.
    #[must_use]
    pub fn pending(&self) -> Option<Cut> {
        (self.dropped >= BYTES_PER_MS).then(|| Cut {
            at_ms: ms(self.taken.saturating_sub(self.dropped)),
            cut_ms: ms(self.dropped),
        })
    }

    /// Passes the next piece of the clause on to `out`, without what is needless, and tells what was
    /// cut before sound that is in this piece.
    pub fn push(&mut self, ulaw: &[u8], out: &mut Vec<u8>, cuts: &mut Vec<Cut>) {
        let mut rest = ulaw;
        while !rest.is_empty() {
            let quiet = rest.iter().take_while(|code| is_quiet(**code)).count();
            self.silence(&rest[..quiet], out);
            rest = &rest[quiet..];
            let loud = rest.iter().take_while(|code| !is_quiet(**code)).count();
            if loud > 0 {
                self.sound(&rest[..loud], out, cuts);
                rest = &rest[loud..];
            }
        }
    }

    /// The clause is over: what was held back of its silence belongs to it.
    pub fn end_clause(&mut self, out: &mut Vec<u8>) {
        self.release(out);
    }

    fn silence(&mut self, codes: &[u8], out: &mut Vec<u8>) {
        self.taken += codes.len();
        let now = codes.len().min(self.allowed);
        out.extend_from_slice(&codes[..now]);
        self.allowed -= now;
        let held = self.held + codes.len() - now;
        self.dropped += held.saturating_sub(LEAD);
        self.held = held.min(LEAD);
    }

    fn sound(&mut self, codes: &[u8], out: &mut Vec<u8>, cuts: &mut Vec<Cut>) {
        self.release(out);
        cuts.extend(self.pending());
        self.taken += codes.len();
        self.dropped = 0;
        self.allowed = PAUSE - LEAD;
        out.extend_from_slice(codes);
    }

    /// What is held back is silent, so any silence will do for it.
    fn release(&mut self, out: &mut Vec<u8>) {
        out.resize(out.len() + self.held, crate::g711::ulaw::SILENCE);
        self.held = 0;
    }
}

fn is_quiet(code: u8) -> bool {
    code | SIGN >= QUIET
}

fn ms(bytes: usize) -> u32 {
    u32::try_from(bytes / BYTES_PER_MS).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
