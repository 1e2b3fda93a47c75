//! An agent's own lines, made before anyone calls.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use audio::hiss::HissMeter;
use bytes::BytesMut;
use domain::ReplyId;
use providers::tts::{FromVoice, TextToSpeech, ToVoice, Voice};
use session::ClauseId;
use tokio::sync::mpsc;

use super::{
    QUEUE,
    speaking::{Came, is_billed},
};
use crate::{agent::Station, connection::is_loud, exchange::Commons};

/// Has an agent's own lines spoken once, so that they are in the cache before anyone calls.
///
/// Counts what is to be paid for that in `characters`, as it is sent. Returns how many are missing
/// in the end.
pub(crate) async fn rehearse(
    station: &Station<dyn TextToSpeech, Voice>,
    commons: &Commons,
    lines: &[String],
    characters: &AtomicU64,
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
    let (mut left, mut came) = (missing.len(), Came::Nowhere);
    for (&reply, line) in &missing {
        let say = ToVoice::Say {
            reply,
            clause: ClauseId(0),
            text: (*line).clone(),
        };
        // One at a time: a new reply tells a voice that the old one is over.
        let sent = line.chars().count() as u64;
        characters.fetch_add(sent, Ordering::Relaxed);
        drop(to.try_send(say));
        drop(to.try_send(ToVoice::End(reply)));
        let mut audio = BytesMut::new();
        loop {
            tokio::select! {
                biased;
                Some(event) = made.recv() => match event {
                    FromVoice::Audio { bytes, .. } => audio.extend_from_slice(&bytes),
                    FromVoice::All(done) if done == reply => break,
                    FromVoice::All(_) => {}
                    FromVoice::Ready => came = Came::ToStand,
                },
                ended = &mut connection => {
                    if let Err(error) = ended
                        && audio.is_empty()
                        && !is_billed(&error, came)
                    {
                        characters.fetch_sub(sent, Ordering::Relaxed);
                    }
                    return left;
                }
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
