//! The voice of flite: clear, plain, American, and 10 ms of computing per second of speech.

use std::sync::Arc;

use audio::{g711::ulaw, resample::Resampler};
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _};
use speechlibs::{Flite, Missing, Pcm, VoiceName};
use tokio::sync::{Semaphore, mpsc};

use super::mouth;
use crate::{
    ProviderError,
    tts::{FromVoice, TextToSpeech, ToVoice, Voice},
};

/// Clauses spoken at the same time in the whole process: the library does them one by one anyway,
/// and more would only fill threads.
const AT_ONCE: usize = 4;
/// Quieter than this is no sound yet, or no more.
const QUIET: i16 = 200;
/// Kept before the first sound, in milliseconds.
const LEAD_MS: usize = 20;
/// Kept after the last sound: the pause before the next clause.
const PAUSE_MS: usize = 160;

/// Speaks with flite's voice `slt`.
#[derive(Clone, Debug)]
pub struct FliteVoice {
    voice: speechlibs::FliteVoice,
    free: Arc<Semaphore>,
}

impl FliteVoice {
    /// Looks for the library.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn open() -> Result<Self, Missing> {
        let voice = Flite::open()?.voice(VoiceName::Slt)?;
        Ok(Self {
            voice,
            free: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    /// A clause as mu-law. Nothing if the program is shutting down.
    async fn clause(self, text: String) -> Bytes {
        let Ok(permit) = self.free.acquire_owned().await else {
            return Bytes::new();
        };
        let spoken = tokio::task::spawn_blocking(move || {
            let sound = telephone(&self.voice.speak(&text));
            drop(permit);
            sound
        });
        spoken.await.unwrap_or_default()
    }
}

impl TextToSpeech for FliteVoice {
    fn speak(
        &self,
        _voice: Voice,
        orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let flite = self.clone();
        async move {
            mouth::serve(orders, made, |text| flite.clone().clause(text)).await;
            Ok(())
        }
        .boxed()
    }
}

/// As mu-law at 8 kHz, with little silence around it.
fn telephone(pcm: &Pcm) -> Bytes {
    let Ok(mut resampler) = Resampler::new(pcm.rate, 8_000) else {
        return Bytes::new();
    };
    let mut samples = Vec::new();
    resampler.push(&pcm.samples, &mut samples);
    resampler.flush(&mut samples);
    let mut codes = Vec::new();
    ulaw::encode_into(trimmed(&samples), &mut codes);
    codes.into()
}

fn trimmed(samples: &[i16]) -> &[i16] {
    let audible = |sample: &i16| sample.unsigned_abs() > QUIET.unsigned_abs();
    let Some(first) = samples.iter().position(audible) else {
        return &[];
    };
    let last = samples.iter().rposition(audible).unwrap_or(first);
    let end = samples.len().min(last + 1 + PAUSE_MS * 8);
    &samples[first.saturating_sub(LEAD_MS * 8)..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_around_a_clause_is_cut() {
        let mut samples = vec![0_i16; 8_000];
        samples.extend([5_000; 800]);
        samples.extend([0; 8_000]);
        assert_eq!(trimmed(&samples).len(), LEAD_MS * 8 + 800 + PAUSE_MS * 8);
        assert!(trimmed(&[0; 800]).is_empty());
        assert_eq!(telephone(&Pcm::default()), Bytes::new());
    }

    #[tokio::test]
    async fn a_clause_is_spoken_without_delay() {
        match FliteVoice::open() {
            Ok(flite) => {
                let sound = flite.clone().clause("Good evening.".to_owned()).await;
                let seconds = 8_000..24_000;
                assert!(
                    seconds.contains(&(sound.len() * 2)),
                    "{} bytes",
                    sound.len()
                );
                let loud = |code: &u8| ulaw::decode(*code).unsigned_abs() > 200;
                assert!(sound[..LEAD_MS * 8 + 40].iter().any(loud));
                assert!(flite.clause("…".to_owned()).await.is_empty());
            }
            Err(missing) => assert_eq!(missing.install, "apt-get install flite"),
        }
    }
}
