use std::{collections::VecDeque, time::Duration};

/// How long a frame plays.
pub(crate) const TICK_MS: u64 = 20;
/// Samples, or bytes of mu-law, that play in a millisecond.
pub(crate) const SAMPLES_PER_MS: u64 = 8;
/// Bytes of mu-law that play in a tick.
pub(crate) const FRAME: usize = (TICK_MS * SAMPLES_PER_MS) as usize;
/// Silence, to a telephone.
pub(crate) const SILENCE: u8 = 0xFF;
/// More queued audio than this is a fault of the sender: ten minutes.
const MOST_QUEUED: usize = 10 * 60 * 8_000;

/// What the carrier still has to play: audio and marks, at the speed of the telephone. Pure.
#[derive(Debug, Default)]
pub(crate) struct Playback {
    queue: VecDeque<Piece>,
    queued: usize,
}

#[derive(Debug)]
enum Piece {
    Audio { bytes: Vec<u8>, played: usize },
    Mark(String),
}

/// What a frame was made of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Played {
    /// The marks that it passed.
    pub(crate) marks: Vec<String>,
    /// Samples of queued audio in it; the others are silence.
    pub(crate) carried: usize,
}

/// The queue is longer than any call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooMuch;

impl Playback {
    /// Adds audio of any length.
    pub(crate) fn audio(&mut self, bytes: Vec<u8>) -> Result<(), TooMuch> {
        if self.queued + bytes.len() > MOST_QUEUED {
            return Err(TooMuch);
        }
        self.queued += bytes.len();
        self.queue.push_back(Piece::Audio { bytes, played: 0 });
        Ok(())
    }

    /// Adds a mark; gives it back when there is nothing before it.
    pub(crate) fn mark(&mut self, name: String) -> Option<String> {
        if self.queued == 0 {
            return Some(name);
        }
        self.queue.push_back(Piece::Mark(name));
        None
    }

    /// Throws everything away and gives back the marks that were waiting.
    pub(crate) fn clear(&mut self) -> Vec<String> {
        self.queued = 0;
        let marks = self.queue.drain(..).filter_map(|piece| match piece {
            Piece::Mark(name) => Some(name),
            Piece::Audio { .. } => None,
        });
        marks.collect()
    }

    /// Plays one frame into `frame`, silence where there is nothing.
    pub(crate) fn play(&mut self, frame: &mut [u8; FRAME]) -> Played {
        frame.fill(SILENCE);
        let mut filled = 0;
        let mut marks = Vec::new();
        while let Some(piece) = self.queue.front_mut() {
            match piece {
                Piece::Mark(name) => marks.push(std::mem::take(name)),
                Piece::Audio { bytes, played } => {
                    let rest = &bytes[*played..];
                    let taken = rest.len().min(FRAME - filled);
                    frame[filled..filled + taken].copy_from_slice(&rest[..taken]);
                    filled += taken;
                    *played += taken;
                    self.queued -= taken;
                    if *played < bytes.len() {
                        break;
                    }
                }
            }
            self.queue.pop_front();
        }
        Played {
            marks,
            carried: filled,
        }
    }
}

/// How far a sender is ahead of what the telephone plays, by the clock and not by ticks: a queue
/// that is emptied every 20 ms holds up to 20 ms that were due already. Pure.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// When the audio so far will have been played.
    ends: Duration,
    most: Duration,
}

impl Ahead {
    /// Audio came.
    pub(super) fn audio(&mut self, now: Duration, bytes: usize) {
        self.ends =
            self.ends.max(now) + Duration::from_micros(125) * bytes.try_into().unwrap_or(u32::MAX);
        self.most = self.most.max(self.ends - now);
    }

    /// Everything was thrown away.
    pub(super) fn clear(&mut self, now: Duration) {
        self.ends = now;
    }

    /// The most it ever was.
    pub(super) fn most_ms(&self) -> u64 {
        super::millis(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(playback: &mut Playback) -> (u8, u8, Vec<String>) {
        let mut frame = [0; FRAME];
        let played = playback.play(&mut frame);
        (frame[0], frame[FRAME - 1], played.marks)
    }

    #[test]
    fn it_is_known_how_much_of_a_frame_was_queued() {
        let mut playback = Playback::default();
        playback.audio(vec![SILENCE; 200]).unwrap();
        let mut carried = || playback.play(&mut [0; FRAME]).carried;
        assert_eq!([carried(), carried(), carried()], [160, 40, 0]);
    }

    #[test]
    fn audio_plays_in_order_and_marks_come_when_it_was_played() {
        let mut playback = Playback::default();
        playback.audio(vec![1; 200]).unwrap();
        assert_eq!(playback.mark("a".to_owned()), None);
        playback.audio(vec![2; 120]).unwrap();
        assert_eq!(playback.mark("b".to_owned()), None);
        assert_eq!(played(&mut playback), (1, 1, vec![]));
        assert_eq!(
            played(&mut playback),
            (1, 2, vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(played(&mut playback), (SILENCE, SILENCE, vec![]));
    }

    #[test]
    fn the_lead_of_a_sender_shrinks_with_the_clock() {
        let ms = Duration::from_millis;
        let mut ahead = Ahead::default();
        ahead.audio(ms(5), 1_600);
        ahead.audio(ms(24), 152);
        assert_eq!(ahead.most_ms(), 200, "each of its 19 ms was played");
        ahead.audio(ms(25), 80);
        assert_eq!(ahead.most_ms(), 209);
        ahead.clear(ms(26));
        ahead.audio(ms(26), 1_600);
        ahead.audio(ms(900), 1_600);
        assert_eq!(ahead.most_ms(), 209);
    }

    #[test]
    fn a_mark_after_nothing_comes_back_at_once() {
        let mut playback = Playback::default();
        assert_eq!(playback.mark("a".to_owned()), Some("a".to_owned()));
    }

    #[test]
    fn a_clear_gives_back_every_mark_and_leaves_silence() {
        let mut playback = Playback::default();
        playback.audio(vec![1; 800]).unwrap();
        playback.mark("a".to_owned());
        playback.audio(vec![1; 800]).unwrap();
        playback.mark("b".to_owned());
        assert_eq!(playback.clear(), ["a", "b"]);
        assert_eq!(played(&mut playback), (SILENCE, SILENCE, vec![]));
    }

    #[test]
    fn an_endless_queue_is_refused() {
        let mut playback = Playback::default();
        assert_eq!(playback.audio(vec![1; MOST_QUEUED + 1]), Err(TooMuch));
    }
}
