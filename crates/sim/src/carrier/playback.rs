use std::collections::VecDeque;

/// Bytes of mu-law that play in 20 ms.
pub(crate) const FRAME: usize = 160;
/// Silence, to a telephone.
pub(crate) const SILENCE: u8 = 0xFF;
/// More queued audio than this is a fault of the sender: ten minutes.
const MOST_QUEUED: usize = 10 * 60 * 8_000;

/// What the carrier still has to play: audio and marks, at the speed of the telephone. Pure.
#[derive(Debug, Default)]
pub(crate) struct Playback {
    queue: VecDeque<Piece>,
    queued: usize,
    most_queued: usize,
}

#[derive(Debug)]
enum Piece {
    Audio { bytes: Vec<u8>, played: usize },
    Mark(String),
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
        self.most_queued = self.most_queued.max(self.queued);
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

    /// Plays one frame into `frame`, silence where there is nothing; gives the marks it passed.
    pub(crate) fn play(&mut self, frame: &mut [u8; FRAME]) -> Vec<String> {
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
        marks
    }

    /// The most that was ever queued.
    pub(crate) fn most_queued_ms(&self) -> u64 {
        (self.most_queued / 8) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(playback: &mut Playback) -> (u8, u8, Vec<String>) {
        let mut frame = [0; FRAME];
        let marks = playback.play(&mut frame);
        (frame[0], frame[FRAME - 1], marks)
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
        assert_eq!(playback.most_queued_ms(), 40);
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
