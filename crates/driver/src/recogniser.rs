use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use domain::{Millis, ModelName};
use providers::{
    ProviderError, Verdict,
    stt::{Listen, Recognised, SpeechToText, ToRecogniser},
};
use session::Input;
use tokio::{sync::mpsc, time::Instant};
use tracing::{info, warn};

use crate::{
    agent::Station,
    connection::{Broken, length, until},
    exchange::Commons,
    meters::Job,
};

/// Audio that may wait for the recogniser: a second and a half of pieces. When it is full the
/// newest is dropped and counted.
pub(crate) const QUEUE: usize = 64;
/// Times that one provider is called again within a call.
const RECONNECTS: u32 = 3;
/// A connection that lasted this long was a good one.
const LIVED: Duration = Duration::from_secs(5);
/// The longest wait for a breaker, when there is nobody else.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// A recogniser that was asked for the words of this much sound owes an answer within this time.
const OWES_AFTER: Millis = Millis(700);
const WORDS_WITHIN: Duration = Duration::from_millis(2_500);
const MUTE: &str = "words";

/// Keeps one call's audio recognised: walks down the agent's list when a provider fails, and plays
/// again what was said meanwhile.
pub(crate) struct Recogniser {
    pub(crate) stations: Vec<Station<dyn SpeechToText, Listen>>,
    pub(crate) commons: Commons,
    pub(crate) mailbox: mpsc::Sender<Input>,
}

impl Recogniser {
    /// Recognises until `audio` is closed. Says so when nothing is left to try.
    pub(crate) async fn run(self, mut audio: mpsc::Receiver<ToRecogniser>) {
        let mut unsettled = Replay::default();
        while self.walk(&mut audio, &mut unsettled).await {}
    }

    /// Walks down the list once. Returns whether to begin again: when every provider rests after
    /// failures, and one of them not for long.
    async fn walk(&self, audio: &mut mpsc::Receiver<ToRecogniser>, unsettled: &mut Replay) -> bool {
        let mut last: Option<&ModelName> = None;
        for station in &self.stations {
            if !self.commons.breakers.allows(&station.name) {
                continue;
            }
            if let Some(failed) = last.replace(&station.name) {
                self.commons.meters.fell_back(failed, &station.name);
            }
            match self.stay_with(station, audio, unsettled).await {
                Broken::CallOver => return false,
                Broken::Failed(error) => {
                    warn!(provider = %station.name, %error, "recogniser given up");
                }
            }
        }
        let rests = self
            .stations
            .iter()
            .map(|station| self.commons.breakers.rests(&station.name));
        if let Some(rest) = rests
            .min()
            .filter(|rest| last.is_none() && *rest <= LONGEST_REST)
        {
            tokio::time::sleep(rest).await;
            return true;
        }
        // A closed mailbox means that the call is over, and nobody needs to know.
        drop(self.mailbox.send(Input::RecogniserFailed).await);
        false
    }

    async fn stay_with(
        &self,
        station: &Station<dyn SpeechToText, Listen>,
        audio: &mut mpsc::Receiver<ToRecogniser>,
        unsettled: &mut Replay,
    ) -> Broken {
        unsettled.keep = station.provider.capabilities().replay;
        let mut tries = 0;
        loop {
            let begun = Instant::now();
            let error = match self.listen(station, audio, unsettled).await {
                Broken::CallOver => return Broken::CallOver,
                Broken::Failed(error) => error,
            };
            self.commons.breakers.failed(&station.name, &error);
            self.commons
                .meters
                .request(&station.name, Job::Listen, error.kind());
            // A connection that lived for long may be called again as often as it takes; one that
            // took the sound and kept its words may not.
            let lived = begun.elapsed() > LIVED && !is_mute(&error);
            tries = if lived { 1 } else { tries + 1 };
            let wait = match error.verdict() {
                Verdict::Retry => Duration::from_millis(100 * u64::from(tries)),
                Verdict::RetryAfter(wait) if wait <= Duration::from_secs(1) => wait,
                Verdict::SwitchProvider if is_mute(&error) => Duration::ZERO,
                Verdict::RetryAfter(_)
                | Verdict::GiveUp
                | Verdict::KeyRefused
                | Verdict::SwitchProvider => return Broken::Failed(error),
            };
            if tries >= RECONNECTS {
                return Broken::Failed(error);
            }
            info!(provider = %station.name, %error, "recogniser lost, calling again");
            tokio::time::sleep(wait).await;
        }
    }

    /// One connection, from opening to its end.
    async fn listen(
        &self,
        station: &Station<dyn SpeechToText, Listen>,
        audio: &mut mpsc::Receiver<ToRecogniser>,
        unsettled: &mut Replay,
    ) -> Broken {
        let (to, orders) = mpsc::channel(QUEUE * 4);
        let (tell, mut heard) = mpsc::channel(QUEUE);
        for piece in unsettled.pieces() {
            // The queue is longer than any replay.
            drop(to.try_send(ToRecogniser::Audio(piece)));
        }
        let begun = Instant::now();
        let mut owed = None;
        let mut to = Some(to);
        let connection = station
            .provider
            .listen(station.settings.clone(), orders, tell);
        tokio::pin!(connection);
        loop {
            tokio::select! {
                biased;
                Some(event) = heard.recv() => {
                    owed = None;
                    if self.take(station, event, unsettled, begun).await.is_err() {
                        return Broken::CallOver;
                    }
                }
                result = &mut connection => {
                    // What it said with its last breath is still in the channel.
                    while let Ok(event) = heard.try_recv() {
                        if self.take(station, event, unsettled, begun).await.is_err() {
                            return Broken::CallOver;
                        }
                    }
                    return result.into();
                }
                piece = audio.recv(), if to.is_some() => match piece {
                    Some(piece) => {
                        unsettled.remember(&piece);
                        if piece == ToRecogniser::Finalize && unsettled.length >= OWES_AFTER {
                            owed.get_or_insert(Instant::now() + WORDS_WITHIN);
                        }
                        if to.as_ref().is_some_and(|to| to.try_send(piece).is_err()) {
                            self.commons.meters.dropped("stt", "full");
                        }
                    }
                    None => to = None,
                },
                () = until(owed) => return Broken::Failed(mute()),
            }
        }
    }

    async fn take(
        &self,
        station: &Station<dyn SpeechToText, Listen>,
        event: Recognised,
        unsettled: &mut Replay,
        begun: Instant,
    ) -> Result<(), mpsc::error::SendError<Input>> {
        let input = match event {
            Recognised::Ready => {
                self.commons.breakers.succeeded(&station.name);
                let after = begun.elapsed();
                self.commons
                    .meters
                    .provider_answered(&station.name, Job::Listen, after);
                return Ok(());
            }
            // Our own ear is faster and does not mistake a television for the caller.
            Recognised::NoWords | Recognised::SpeechStarted => return Ok(()),
            Recognised::TurnEnded { confidence } => Input::TurnEnded { confidence },
            Recognised::TurnLikely => Input::TurnLikely,
            Recognised::TurnResumed => Input::TurnResumed,
            Recognised::UtteranceOver => Input::UtteranceOver,
            Recognised::Words(words) => {
                if words.settled {
                    unsettled.settle();
                }
                Input::Words(words)
            }
        };
        self.mailbox.send(input).await
    }
}

/// It takes sound and says nothing.
fn mute() -> ProviderError {
    ProviderError::Silent {
        provider: "recogniser",
        stage: MUTE,
        waited: WORDS_WITHIN,
    }
}

fn is_mute(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Silent { stage, .. } if *stage == MUTE)
}

/// Audio whose words are not settled, to be played again to the next connection.
#[derive(Default)]
struct Replay {
    pieces: VecDeque<Bytes>,
    length: Millis,
    /// The longest worth playing again.
    keep: Millis,
    /// The newest piece was loud.
    loud: bool,
}

impl Replay {
    /// Keeps sound, and the pause just after it. Silence is not worth playing again: a caller who
    /// only listens costs no memory.
    fn remember(&mut self, piece: &ToRecogniser) {
        let ToRecogniser::Audio(bytes) = piece else {
            return;
        };
        let loud = is_loud(bytes);
        if !std::mem::replace(&mut self.loud, loud) && !loud {
            return;
        }
        self.length += length(bytes);
        self.pieces.push_back(bytes.clone());
        while self.length > self.keep {
            let Some(oldest) = self.pieces.pop_front() else {
                break;
            };
            self.length = self.length - length(&oldest);
        }
    }

    fn settle(&mut self) {
        self.pieces.clear();
        self.length = Millis::ZERO;
    }

    fn pieces(&self) -> impl Iterator<Item = Bytes> + '_ {
        self.pieces.iter().cloned()
    }
}

/// Whether some sample of mu-law audio is louder than line noise: about -43 dBFS.
fn is_loud(bytes: &[u8]) -> bool {
    // Without its sign, a smaller code is a larger sample.
    const QUIET: u8 = 0xE8;
    bytes.iter().any(|code| code | 0x80 < QUIET)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audio(code: u8) -> ToRecogniser {
        ToRecogniser::Audio(Bytes::from(vec![code; 480]))
    }

    #[test]
    fn only_unsettled_sound_is_played_again() {
        let mut replay = Replay {
            keep: Millis(180),
            ..Replay::default()
        };
        for code in [0xff, 0x7f, 0x20, 0xff, 0xff, 0x90] {
            replay.remember(&audio(code));
        }
        let first_bytes: Vec<u8> = replay.pieces().map(|piece| piece[0]).collect();
        assert_eq!(first_bytes, [0x20, 0xff, 0x90]);
        replay.remember(&audio(0x10));
        assert_eq!(replay.pieces().count(), 3, "no more than is worth it");
        replay.settle();
        assert_eq!(replay.pieces().count(), 0);
    }
}
