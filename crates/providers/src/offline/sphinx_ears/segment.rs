use audio::{VadSettings, g711::ulaw, resample::Resampler};
use session::Words;
use speechlibs::{Decoder, DecoderError};

use super::{Phrasebook, failed};
use crate::{
    ProviderError,
    cutter::{Cut, Cutter},
    stt::{Recognised, span_of_bytes},
};

/// Silence around the speech that the decoder gets used to: 300 ms.
const PAUSE: usize = 2_400;
/// Speech between interim results: 300 ms.
const INTERIM: usize = 2_400;
/// Silence that ends an utterance. The detection counts blocks of 32 ms.
const END_AFTER_MS: u32 = 384;

/// Cuts one stream into segments of speech and has each recognised.
pub(super) struct Segments {
    decoder: Decoder,
    book: Phrasebook,
    cutter: Cutter,
    cuts: Vec<Cut>,
    upsampler: Resampler,
    /// Where the sound begins whose words are not settled.
    unsettled: u64,
    /// Bytes of speech since the last interim result.
    since_interim: usize,
    interim: String,
}

impl Segments {
    pub(super) fn new(decoder: Decoder, book: Phrasebook) -> Result<Self, ProviderError> {
        let settings = VadSettings {
            stop_after_ms: END_AFTER_MS,
            ..VadSettings::default()
        };
        Ok(Self {
            decoder,
            book,
            cutter: Cutter::new(settings),
            cuts: Vec::new(),
            upsampler: Resampler::new(8_000, 16_000).map_err(|error| failed(&error.to_string()))?,
            unsettled: 0,
            since_interim: 0,
            interim: String::new(),
        })
    }

    /// Lets the decoder hear some telephone speech before the call's: it adapts to the sound of the
    /// line, and would take the first sentence for one spoken into a microphone. Of the recorded
    /// phrases, each as the first of a call, 25 % of the words are wrong without this, 3 % with it.
    pub(super) fn get_used_to(&mut self, speech: &[u8]) -> Result<(), ProviderError> {
        let silence = [ulaw::SILENCE; PAUSE];
        self.decoder.start().map_err(refused)?;
        self.decode(&silence)?;
        self.decode(speech)?;
        self.decode(&silence)?;
        let _known = self.decoder.finish();
        Ok(())
    }

    pub(super) fn hear(
        &mut self,
        audio: &[u8],
        told: &mut Vec<Recognised>,
    ) -> Result<(), ProviderError> {
        let mut cuts = std::mem::take(&mut self.cuts);
        self.cutter.hear(audio, &mut cuts);
        for cut in cuts.drain(..) {
            match cut {
                Cut::Began { before } => self.start(&before, audio.len(), told)?,
                Cut::Ended { .. } => self.stop(told),
            }
        }
        self.cuts = cuts;
        if self.cutter.speaking() {
            self.decode(audio)?;
            self.tell_interim(audio.len(), told);
        }
        Ok(())
    }

    /// Settles what was heard of the segment; it may go on after that.
    pub(super) fn finalize(&mut self, told: &mut Vec<Recognised>) -> Result<(), ProviderError> {
        let text = if self.cutter.speaking() {
            self.finish()
        } else {
            String::new()
        };
        self.tell(
            Words {
                text,
                settled: true,
                answers_finalize: true,
                ..Words::default()
            },
            told,
        );
        if self.cutter.speaking() {
            self.decoder.start().map_err(refused)?;
        }
        Ok(())
    }

    /// The stream is over.
    pub(super) fn end(&mut self, told: &mut Vec<Recognised>) {
        if self.cutter.speaking() {
            self.stop(told);
        }
    }

    fn start(
        &mut self,
        before: &[u8],
        piece: usize,
        told: &mut Vec<Recognised>,
    ) -> Result<(), ProviderError> {
        told.push(Recognised::SpeechStarted);
        self.upsampler.reset();
        self.decoder.start().map_err(refused)?;
        let heard = self.cutter.heard();
        let began = heard.saturating_sub((before.len() + piece) as u64);
        self.unsettled = began.max(self.unsettled);
        self.decode(before)
    }

    /// The utterance is over; words that a `Finalize` took already do not come again.
    fn stop(&mut self, told: &mut Vec<Recognised>) {
        let text = self.finish();
        self.tell(
            Words {
                text,
                settled: true,
                ends_utterance: true,
                ..Words::default()
            },
            told,
        );
    }

    fn tell(&mut self, words: Words, told: &mut Vec<Recognised>) {
        let heard = self.cutter.heard();
        let span = Some(span_of_bytes(self.unsettled, heard));
        if words.settled {
            self.unsettled = heard;
        }
        told.push(Recognised::Words(Words { span, ..words }));
    }

    fn finish(&mut self) -> String {
        self.since_interim = 0;
        self.interim.clear();
        self.book.written(&self.decoder.finish())
    }

    fn decode(&mut self, audio: &[u8]) -> Result<(), ProviderError> {
        let mut narrow = Vec::with_capacity(audio.len());
        ulaw::decode_into(audio, &mut narrow);
        let mut wide = Vec::with_capacity(2 * audio.len());
        self.upsampler.push(&narrow, &mut wide);
        self.decoder.hear(&wide).map_err(refused)
    }

    fn tell_interim(&mut self, bytes: usize, told: &mut Vec<Recognised>) {
        self.since_interim += bytes;
        if self.since_interim < INTERIM {
            return;
        }
        self.since_interim = 0;
        let text = self.book.written(&self.decoder.interim());
        if !text.is_empty() && text != self.interim {
            self.interim.clone_from(&text);
            self.tell(
                Words {
                    text,
                    ..Words::default()
                },
                told,
            );
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "given to `map_err`")]
fn refused(error: DecoderError) -> ProviderError {
    failed(&error.to_string())
}
