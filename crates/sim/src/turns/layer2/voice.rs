//! The agent's voice: any text, with the sound of recorded speech.

use std::sync::{Arc, LazyLock};

use providers::offline::fixtures;

use super::{
    cast::{CHAR_MS, Role},
    stamp::{SLOT, Stamp},
};
use crate::fakes::Voice;

/// Stretches of recorded speech, each beginning with a sound.
static SPEECH: LazyLock<Vec<&'static [u8]>> = LazyLock::new(|| {
    let lines = fixtures::agent_lines().iter().map(|line| line.ulaw);
    lines.filter(|ulaw| ulaw.len() > 8_000).collect()
});

/// Speaks for one role, and stamps what it says.
///
/// It says other words than it is given, as long as these would be: a real voice's loudness, pauses
/// and pitch, which is all that a detector of speech or of echo can know.
#[derive(Debug)]
pub(super) struct StampVoice(pub(super) Arc<Role>);

impl Voice for StampVoice {
    fn say(&self, text: &str) -> Vec<u8> {
        let ulaw = self.0.speak(text, |clip| stamped(sound_of(text), clip));
        ulaw.to_vec()
    }
}

/// The sound of a text: whole slots.
fn sound_of(text: &str) -> Vec<u8> {
    let length = text.chars().count() * CHAR_MS * 8;
    let first = text.bytes().fold(7, |mixed: usize, byte| {
        mixed.wrapping_mul(31).wrapping_add(usize::from(byte))
    });
    let lines = SPEECH.iter().cycle().skip(first % SPEECH.len().max(1));
    let sound = lines.flat_map(|line| line.iter().copied());
    sound.take(length.next_multiple_of(SLOT)).collect()
}

fn stamped(mut sound: Vec<u8>, clip: u16) -> Vec<u8> {
    for (slot, samples) in (0..).zip(sound.chunks_mut(SLOT)) {
        Stamp { clip, slot }.write(samples);
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turns::layer2::{
        listener::{Listener, Tick},
        stage,
    };

    #[test]
    fn a_text_sounds_as_long_as_it_would_and_is_known_by_its_sound() {
        let role = stage::role("Hi.", 80);
        let voice = StampVoice(role.clone());
        voice.say("Hello.");
        let audio = voice.say("We close at six.");
        assert_eq!(audio.len(), (16 * CHAR_MS * 8).next_multiple_of(SLOT));
        let mut listener = Listener::new(role.clone());
        let frames = audio.as_chunks::<160>().0;
        let ticks: Vec<Tick> = frames
            .iter()
            .map(|frame| listener.hear(frame, 160))
            .collect();
        let clip = ticks[10].playing.map(|playing| playing.clip);
        let piece = clip.and_then(|clip| role.piece(clip)).unwrap();
        assert_eq!(piece.text, "We close at six.");
        assert!(ticks[..3].iter().any(Tick::audible), "it begins at once");
    }
}
