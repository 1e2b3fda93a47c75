//! Recognition by pocketsphinx: near-exact on an agent's phrases, poor on free speech.
//!
//! The ear's voice detection cuts the stream into segments; a decoder on a thread of its own, one
//! per call, hears each segment as it comes. With [`Listen::keyterms`] it listens for these phrases
//! alone, and writes them as they were given; without, or for the model `general`, for anything.

mod phrasebook;
mod segment;

use domain::Millis;
use futures_util::future::{BoxFuture, FutureExt as _};
use session::Delivery;
use speechlibs::{Hear, Missing, Sphinx};
use tokio::sync::mpsc;

use self::{phrasebook::Phrasebook, segment::Segments};
use super::fixtures;
use crate::{
    ProviderError, Verdict,
    stt::{Listen, PaysFor, Recognised, SpeechToText, SttCapabilities, ToRecogniser},
};

const PROVIDER: &str = "offline/sphinx";
/// Frames between a call and its decoder: two seconds. Beyond that audio waits in the call's queue.
const BACKLOG: usize = 100;

/// Recognises speech with pocketsphinx.
#[derive(Clone, Copy, Debug)]
pub struct SphinxEars {
    sphinx: Sphinx,
}

impl SphinxEars {
    /// Looks for the library and its model.
    ///
    /// # Errors
    /// When one of them is not installed.
    pub fn open() -> Result<Self, Missing> {
        Ok(Self {
            sphinx: Sphinx::open()?,
        })
    }
}

impl SpeechToText for SphinxEars {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities {
            finalizes: true,
            words: Delivery::AsSpoken,
            replay: Millis(10_000),
            tells_within: None,
            pays_for: PaysFor::Given,
        }
    }

    fn listen(
        &self,
        listen: Listen,
        mut audio: mpsc::Receiver<ToRecogniser>,
        heard: mpsc::Sender<Recognised>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let sphinx = self.sphinx;
        async move {
            // Dropping this future closes the inner queue, which ends the thread.
            let (pass, passed) = mpsc::channel(BACKLOG);
            let mut thread = tokio::task::spawn_blocking(move || work(sphinx, listen, passed, &heard));
            let pass_on = async move {
                while let Some(piece) = audio.recv().await {
                    if pass.send(piece).await.is_err() {
                        break;
                    }
                }
            };
            tokio::select! {
                ended = &mut thread => return ended.unwrap_or_else(|_| Err(failed("the decoder's thread broke"))),
                () = pass_on => {}
            }
            thread.await.unwrap_or_else(|_| Err(failed("the decoder's thread broke")))
        }
        .boxed()
    }
}

/// The decoder's thread: until the audio ends, or nobody listens to what was recognised.
fn work(
    sphinx: Sphinx,
    listen: Listen,
    mut audio: mpsc::Receiver<ToRecogniser>,
    heard: &mpsc::Sender<Recognised>,
) -> Result<(), ProviderError> {
    let book = Phrasebook::new(&listen);
    let (decoder, book) = decoder(sphinx, book)?;
    let mut segments = Segments::new(decoder, book)?;
    if let Some(phrase) = fixtures::caller_phrase("hours") {
        segments.get_used_to(phrase.ulaw)?;
    }
    let mut told = vec![Recognised::Ready];
    loop {
        for each in told.drain(..) {
            if heard.blocking_send(each).is_err() {
                return Ok(());
            }
        }
        match audio.blocking_recv() {
            Some(ToRecogniser::Audio(bytes)) => segments.hear(&bytes, &mut told)?,
            Some(ToRecogniser::Finalize) => segments.finalize(&mut told)?,
            None => break,
        }
    }
    segments.end(&mut told);
    for each in told {
        if heard.blocking_send(each).is_err() {
            break;
        }
    }
    Ok(())
}

/// A decoder for the phrases, or for anything if none of them can be recognised.
fn decoder(
    sphinx: Sphinx,
    book: Phrasebook,
) -> Result<(speechlibs::Decoder, Phrasebook), ProviderError> {
    let phrases = book.phrases();
    if !phrases.is_empty() {
        match sphinx.decoder(&Hear::Phrases(phrases)) {
            Ok(decoder) => {
                if !decoder.dropped().is_empty() {
                    let dropped = decoder.dropped().len();
                    tracing::debug!(dropped, "phrases with words that the dictionary lacks");
                }
                return Ok((decoder, book));
            }
            Err(speechlibs::DecoderError::NothingSayable) => {}
            Err(refused) => return Err(failed(&refused.to_string())),
        }
    }
    let decoder = sphinx
        .decoder(&Hear::Anything)
        .map_err(|error| failed(&error.to_string()))?;
    Ok((decoder, Phrasebook::default()))
}

fn failed(detail: &str) -> ProviderError {
    ProviderError::Refused {
        provider: PROVIDER,
        status: 500,
        detail: detail.to_owned(),
        verdict: Verdict::SwitchProvider,
    }
}

#[cfg(test)]
mod tests;
