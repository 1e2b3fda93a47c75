//! Sound that says what it is: every letter of a text hums for 60 ms and begins with its code. A
//! cut, a gap or a word that comes twice is heard by whoever reads the codes.
//!
//! Callers' letters begin with a few soft samples, which pass on code by code. Agents' begin with
//! pulses, which are read also where a voice and the server have resampled them.

use audio::g711::ulaw;
use providers::offline::fixtures::caller_phrase;

use crate::fakes::{Ear, LOUD, Tones, Voice, Word, is_loud};

/// Samples of one letter: three frames.
pub(super) const LETTER: usize = 480;
/// What a caller's letter begins with: unlikely in a voice, and soft, for an ear takes clicks for
/// noise.
const MAGIC: [u8; 4] = [0xE1, 0x73, 0xF7, 0x65];
/// The softest of what holds four bits of a letter.
const BITS: u8 = 0xE0;
const CODE: usize = MAGIC.len() + 2;

/// Samples of one pulse: filters leave its middle as it was.
const PULSE: usize = 8;
/// What an agent's letter begins with. No bits have three pulses alike in a row.
const START: [bool; 4] = [true, true, true, false];
/// Each bit is a pulse and its opposite.
const PULSES: usize = START.len() + 2 * 8;
const HIGH: i16 = 4_000;
/// Samples that are remembered: a letter's pulses and more.
const KEPT: usize = 256;

/// Says any text of ASCII letters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CodedVoice(Tones);

/// What a caller says: with a recorded voice, for there are ears that take no hum for speech, in
/// its louder moments. Between words there is silence.
pub(super) fn callers(text: &str) -> Vec<u8> {
    const MOMENT: usize = 160;
    const LOUDER: u16 = 5 * LOUD;
    let voice = caller_phrase("name").map_or(&[][..], |phrase| phrase.ulaw);
    let is_louder = |code: &u8| ulaw::decode(*code).unsigned_abs() > LOUDER;
    let moments = voice.chunks(MOMENT).filter(|it| it.iter().any(is_louder));
    let mut voice = moments.flatten().copied().cycle();
    let letter = |letter: char| {
        let sounds = letter.is_alphanumeric();
        let sample = || voice.next().filter(|_| sounds).unwrap_or(ulaw::SILENCE);
        std::iter::repeat_with(sample).take(LETTER).collect()
    };
    let sound: Vec<Vec<u8>> = text.chars().map(letter).collect();
    with_codes(text, sound.concat(), |code| {
        let [high, low] = [BITS | code >> 4, BITS | code & 15];
        MAGIC.into_iter().chain([high, low]).collect()
    })
}

/// Begins every letter of a text with its code.
fn with_codes(text: &str, mut sound: Vec<u8>, begins: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    for (letter, sound) in text.chars().zip(sound.chunks_mut(LETTER)) {
        let code = u8::try_from(letter).unwrap_or(b'?');
        let begins = begins(code);
        sound[..begins.len()].copy_from_slice(&begins);
    }
    sound
}

fn pulses(code: u8) -> Vec<u8> {
    let bits = (0..8).rev().map(|bit| code >> bit & 1 == 1);
    let pulses = START.into_iter().chain(bits.flat_map(|bit| [bit, !bit]));
    let sound = |up: bool| [ulaw::encode(if up { HIGH } else { -HIGH }); PULSE];
    pulses.flat_map(sound).collect()
}

impl Voice for CodedVoice {
    fn say(&self, text: &str) -> Vec<u8> {
        let text = text.trim();
        // Blanks sound, too: a gap is always a fault.
        let hummed: String = text
            .chars()
            .map(|letter| {
                if letter.is_alphanumeric() {
                    letter
                } else {
                    'a'
                }
            })
            .collect();
        with_codes(text, self.0.say(&hummed), pulses)
    }
}

/// Reads the codes in a stream of sound.
#[derive(Debug)]
pub(super) struct Reader {
    /// The last samples, the newest in the lowest byte.
    last: u64,
    /// The last samples, decoded, in a ring.
    samples: [i16; KEPT],
    /// Where the next one goes.
    at: usize,
    /// Samples since the last letter began.
    since: usize,
    /// Loud samples that belong to no letter.
    pub(super) foreign: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            last: 0,
            samples: [0; KEPT],
            at: 0,
            since: LETTER,
            foreign: 0,
        }
    }
}

impl Reader {
    /// Takes a sample. Returns the letter whose code it completes.
    pub(super) fn take(&mut self, sample: u8) -> Option<char> {
        self.last = self.last << 8 | u64::from(sample);
        self.samples[self.at % KEPT] = ulaw::decode(sample);
        self.at += 1;
        self.since = self.since.saturating_add(1);
        // Of what came last it is not known yet whether it is the code of a letter.
        if self.since > LETTER + PULSES * PULSE && self.back(PULSES * PULSE).unsigned_abs() > LOUD {
            self.foreign += 1;
        }
        if let Some(letter) = self.soft() {
            self.since = CODE;
            return Some(letter);
        }
        let letter = self.pulsed()?;
        self.since = PULSES * PULSE;
        Some(letter)
    }

    fn soft(&self) -> Option<char> {
        let [_, _, magic @ .., high, low] = self.last.to_be_bytes();
        let is_code = magic == MAGIC && high & 0xF0 == BITS && low & 0xF0 == BITS;
        is_code.then(|| char::from((high & 15) << 4 | low & 15))
    }

    fn pulsed(&self) -> Option<char> {
        // The same pulses are not read again a sample later.
        if self.since < PULSES * PULSE + PULSE {
            return None;
        }
        let mut pulses = (0..PULSES).map(|pulse| self.pulse(pulse));
        for start in START {
            if pulses.next()?? != start {
                return None;
            }
        }
        let mut code = 0;
        for _ in 0..8 {
            let (bit, opposite) = (pulses.next()??, pulses.next()??);
            if bit == opposite {
                return None;
            }
            code = code << 1 | u8::from(bit);
        }
        Some(char::from(code))
    }

    /// The sample so far back, the newest being the first.
    fn back(&self, samples: usize) -> i16 {
        self.samples[(self.at + KEPT - samples) % KEPT]
    }

    /// Which way a pulse goes, if it is one: the newest sample is the last of the last.
    fn pulse(&self, number: usize) -> Option<bool> {
        let sample = self.back((PULSES - number) * PULSE - PULSE / 2);
        let is_pulse = (HIGH / 2..2 * HIGH).contains(&sample.saturating_abs());
        is_pulse.then_some(sample > 0)
    }
}

/// An ear that reads codes.
#[derive(Debug, Default)]
pub(super) struct CodedEar {
    reader: Reader,
    text: String,
    quiet: usize,
}

impl Ear for CodedEar {
    fn hear(&mut self, audio: &[u8]) -> Vec<Word> {
        /// Samples of silence that end a phrase: 100 ms.
        const PAUSE: usize = 800;
        let before = self.text.len();
        let letters = audio.iter().filter_map(|sample| self.reader.take(*sample));
        self.text.extend(letters);
        self.quiet = if is_loud(audio) {
            0
        } else {
            self.quiet + audio.len()
        };
        if self.text.len() > before {
            let began = (before == 0).then_some(Word::Began);
            let so_far = Word::SoFar(self.text.clone());
            return began.into_iter().chain([so_far]).collect();
        }
        let over = !self.text.is_empty() && self.quiet >= PAUSE;
        over.then(|| Word::Whole(std::mem::take(&mut self.text)))
            .into_iter()
            .collect()
    }

    fn settle(&mut self) -> Option<String> {
        (!self.text.is_empty()).then(|| std::mem::take(&mut self.text))
    }
}

/// A text without anything but its letters and digits: recognisers and voices cut it anywhere.
pub(super) fn bare(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resampled::there_and_back;
    use audio::{Detector, Heard, Hearing, HearingSettings, Vad, VadSettings, Voice as Spoke};

    fn read(audio: &[u8]) -> (String, usize) {
        let mut reader = Reader::default();
        let text = audio.iter().filter_map(|it| reader.take(*it)).collect();
        (text, reader.foreign)
    }

    #[test]
    fn an_ear_takes_a_whole_sentence_for_speech() {
        let text = "If I come with my whole family until what time do you serve breakfast?";
        let mut ear = Hearing::new(HearingSettings {
            detector: Detector::Energy,
            ..HearingSettings::default()
        });
        let mut told = Vec::new();
        for piece in callers(text).chunks(160) {
            ear.hear(piece, &mut told);
        }
        let [Heard::SpeechStarted { .. }, rest @ ..] = &told[..] else {
            panic!("{told:?}");
        };
        // The last letter may be a soft one.
        let end = (text.len() * LETTER / 8 - 200) as u64;
        let is_end =
            |heard: &Heard| matches!(heard, Heard::SpeechStopped { at_ms } if *at_ms >= end);
        assert!(rest.iter().all(is_end), "{told:?}");
    }

    #[test]
    fn a_detector_of_voices_hears_every_sentence_whole() {
        for text in [
            "When do you open on Sunday?",
            "Dogs?",
            "May I bring my two dogs?",
        ] {
            let said = [callers(text), vec![ulaw::SILENCE; 4_000]].concat();
            let mut voices = Vec::new();
            Vad::new(VadSettings::default()).hear(&said, &mut voices);
            let [
                Spoke::Started { at_ms: from },
                Spoke::Stopped { at_ms: until },
            ] = voices[..]
            else {
                panic!("{text}: {voices:?}");
            };
            let whole = (text.len() * LETTER / 8) as u64;
            assert!(from < 100 && until.abs_diff(whole) < 100, "{voices:?}");
        }
    }

    #[test]
    fn a_text_is_read_back_and_nothing_in_it_is_foreign() {
        let silence = vec![0xFF; 1_000];
        let said = CodedVoice::default().say("We open at nine.");
        assert_eq!(said.len(), 16 * LETTER);
        let line = [silence.clone(), said, silence].concat();
        assert_eq!(read(&line), ("We open at nine.".to_owned(), 0));
    }

    #[test]
    fn a_text_is_read_back_when_a_voice_and_the_server_have_resampled_it() {
        let letters: String = (' '..='~').filter(|letter| *letter != '?').collect();
        let said = there_and_back(&CodedVoice::default().say(&letters));
        let (text, foreign) = read(&said);
        assert_eq!(text, letters.trim());
        assert_eq!(foreign, 0);
    }

    #[test]
    fn nobody_but_a_coded_voice_is_read() {
        let recorded = providers::offline::fixtures::agent_lines();
        for line in recorded {
            assert_eq!(read(line.ulaw).0, "", "{}", line.text);
        }
    }

    #[test]
    fn noise_is_foreign() {
        let noise = [vec![0x10; 800], CodedVoice::default().say("a")].concat();
        let (text, foreign) = read(&noise);
        assert_eq!(text, "a");
        assert!((790..=810).contains(&foreign), "{foreign}");
    }

    #[test]
    fn an_ear_hears_every_letter_once_wherever_it_is_asked() {
        let mut ear = CodedEar::default();
        let mut heard = String::new();
        let said = [callers("On Sunday?"), vec![0xFF; 1_600]].concat();
        for (number, piece) in said.chunks(80).enumerate() {
            for word in ear.hear(piece) {
                if let Word::Whole(text) = word {
                    heard.push_str(&text);
                }
            }
            if number == 20 {
                heard.push_str(&ear.settle().unwrap());
            }
        }
        assert_eq!(
            (heard.as_str(), bare(&heard).as_str()),
            ("On Sunday?", "onsunday")
        );
    }
}
