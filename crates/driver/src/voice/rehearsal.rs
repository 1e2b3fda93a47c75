//! An agent's own lines, made before anyone calls.

use std::collections::BTreeMap;

use audio::hiss::HissMeter;
use bytes::BytesMut;
use domain::ReplyId;
use providers::tts::{FromVoice, TextToSpeech, ToVoice, Voice};
use session::ClauseId;
use tokio::sync::mpsc;

use super::QUEUE;
use crate::{agent::Station, connection::is_loud, exchange::Commons};

/// Has an agent's own lines spoken once, so that they are in the cache before anyone calls.
///
/// Returns how many are missing in the end.
pub(crate) async fn rehearse(
    station: &Station<dyn TextToSpeech, Voice>,
    commons: &Commons,
    lines: &[String],
) -> usize {
    let mut missing = BTreeMap::new();
    for (reply, line) in (1..).map(ReplyId).zip(lines) {
        let cache = &commons.cache;
        if !cache.recall(&station.name, &station.settings, line).await {
            missing.insert(reply, line);
        }
    }
    if missing.is_empty() {
        return 0;
    }
    let (to, orders) = mpsc::channel(QUEUE);
    let (tell, mut made) = mpsc::channel(64);
    let connection = station
        .provider
        .speak(station.settings.clone(), orders, tell);
    tokio::pin!(connection);
    let mut left = missing.len();
    for (&reply, line) in &missing {
        let say = ToVoice::Say {
            reply,
            clause: ClauseId(0),
            text: (*line).clone(),
        };
        // One at a time: a new reply tells a voice that the old one is over.
        drop(to.try_send(say));
        drop(to.try_send(ToVoice::End(reply)));
        let mut audio = BytesMut::new();
        loop {
            tokio::select! {
                event = made.recv() => match event {
                    Some(FromVoice::Audio { bytes, .. }) => audio.extend_from_slice(&bytes),
                    Some(FromVoice::All(done)) if done == reply => break,
                    Some(FromVoice::All(_) | FromVoice::Ready) => {}
                    None => return left,
                },
                _ended = &mut connection => return left,
            }
        }
        if is_loud(&audio) && !HissMeter::default().hears(&audio) {
            commons
                .cache
                .keep_for_good(&station.name, &station.settings, line, audio.freeze())
                .await;
            left -= 1;
        }
    }
    left
}
