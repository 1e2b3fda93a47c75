use audio::g711::BYTES_PER_MS;
use bytes::Bytes;
use domain::Millis;
use futures_util::future::BoxFuture;
use providers::{
    ProviderError,
    llm::{LanguageModel, ModelSettings, Think, Tokens, Written},
    stt::{Listen, PaysFor, Recognised, SpeechToText, SttCapabilities, ToRecogniser},
    tts::{FromVoice, TextToSpeech, ToVoice, Voice},
};
use session::{Delivery, Span, Words};
use tokio::sync::mpsc;

/// Does every job out of memory, and at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct AtOnce;

const PIECES_OF_A_REPLY: usize = 8;
/// Each of 20 ms, loud.
const PIECES_OF_A_CLAUSE: usize = 10;
const SOUND: &[u8] = &[0x20; 160];
const TOKENS: Tokens = Tokens {
    input: 100,
    cached: 0,
    cache_writes: 0,
    long_cache_writes: 0,
    output: 16,
};

impl LanguageModel for AtOnce {
    fn reply(
        &self,
        _think: Think,
        written: mpsc::Sender<Written>,
    ) -> BoxFuture<'static, Result<Tokens, ProviderError>> {
        Box::pin(async move {
            for _ in 0..PIECES_OF_A_REPLY {
                drop(written.send(Written::Text("We open ".to_owned())).await);
            }
            Ok(TOKENS)
        })
    }

    fn warm(&self) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

impl TextToSpeech for AtOnce {
    fn speak(
        &self,
        _voice: Voice,
        mut orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        Box::pin(async move {
            drop(made.send(FromVoice::Ready).await);
            while let Some(order) = orders.recv().await {
                match order {
                    ToVoice::Say { reply, clause, .. } => {
                        for _ in 0..PIECES_OF_A_CLAUSE {
                            let audio = FromVoice::Audio {
                                reply,
                                clause,
                                bytes: Bytes::from_static(SOUND),
                                words: Vec::new(),
                            };
                            drop(made.send(audio).await);
                        }
                    }
                    ToVoice::End(reply) => drop(made.send(FromVoice::All(reply)).await),
                    ToVoice::Cancel(_) => {}
                }
            }
            Ok(())
        })
    }
}

impl SpeechToText for AtOnce {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities {
            finalizes: true,
            words: Delivery::AsSpoken,
            replay: Millis(10_000),
            tells_within: Some(Millis(4_000)),
            pays_for: PaysFor::Given,
        }
    }

    fn listen(
        &self,
        _listen: Listen,
        mut audio: mpsc::Receiver<ToRecogniser>,
        heard: mpsc::Sender<Recognised>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        Box::pin(async move {
            drop(heard.send(Recognised::Ready).await);
            let (mut from, mut until) = (0, 0);
            while let Some(order) = audio.recv().await {
                match order {
                    ToRecogniser::Audio(bytes) => until += bytes.len() as u64 / BYTES_PER_MS,
                    ToRecogniser::Finalize => {
                        let words = Words {
                            text: "When do you open on Sunday?".to_owned(),
                            settled: true,
                            answers_finalize: true,
                            span: Some(Span {
                                from: Millis(std::mem::replace(&mut from, until)),
                                until: Millis(until),
                            }),
                            ..Words::default()
                        };
                        drop(heard.send(Recognised::Words(words)).await);
                    }
                }
            }
            Ok(())
        })
    }
}

pub(super) fn listen() -> Listen {
    Listen::plain("ears")
}

pub(super) fn model() -> ModelSettings {
    ModelSettings::plain("model", 300)
}

pub(super) fn voice() -> Voice {
    Voice::plain("voice", "v")
}
