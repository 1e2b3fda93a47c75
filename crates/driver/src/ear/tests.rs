use audio::g711::ulaw::SILENCE;
use prometheus_client::registry::Registry;
use providers::offline::fixtures::caller_phrase;

use super::*;

/// A line on which this sound comes, a frame every 20 ms, until the caller hangs up.
struct Line {
    sound: Bytes,
    frames: tokio::time::Interval,
}

impl LineReader for Line {
    async fn next(&mut self) -> FromLine {
        if self.sound.is_empty() {
            return FromLine::HungUp;
        }
        self.frames.tick().await;
        FromLine::Audio(self.sound.split_to(self.sound.len().min(160)))
    }
}

/// The pieces of this sound that a recogniser gets.
async fn pieces(sound: Vec<u8>, quiet_after: Millis) -> Vec<Sound> {
    pieces_beside(sound, quiet_after, |_mouth| async {}).await
}

/// The same while the mouth does this.
async fn pieces_beside<M: Future<Output = ()>>(
    sound: Vec<u8>,
    quiet_after: Millis,
    speak: impl FnOnce(mpsc::Sender<ToEar>) -> M,
) -> Vec<Sound> {
    let room = sound.len();
    let (recogniser, mut pieces) = mpsc::channel(room);
    let (mailbox, _inputs) = mpsc::channel(room);
    let (mouth, orders) = mpsc::channel(1);
    let line = Line {
        sound: sound.into(),
        frames: tokio::time::interval(std::time::Duration::from_millis(20)),
    };
    let outlets = Outlets {
        recogniser,
        talker: None,
        mailbox,
        meters: Meters::new(&mut Registry::default()),
    };
    let ear = Ear::new(
        (line, orders, Arc::default()),
        (HearingSettings::default(), quiet_after),
        Instant::now(),
        outlets,
    );
    tokio::join!(ear.run(), speak(mouth));
    let mut got = Vec::new();
    while let Ok(Order::Hear(sound)) = pieces.try_recv() {
        got.push(sound);
    }
    got
}

#[tokio::test(start_paused = true)]
async fn sound_leaves_in_larger_pieces_while_nothing_is_heard() {
    let phrase = caller_phrase("party").expect("a fixture").ulaw;
    let quiet = vec![SILENCE; 8_000 * 4];
    let sound = [&quiet, phrase, &quiet].concat();
    let (begins, ends) = (quiet.len() / 8, (quiet.len() + phrase.len()) / 8);
    let pieces = pieces(sound.clone(), QUIET_AFTER).await;

    let passed: Vec<u8> = pieces
        .iter()
        .flat_map(|piece| piece.bytes.to_vec())
        .collect();
    assert!(sound.starts_with(&passed), "all of it, in order");
    assert!(sound.len() - passed.len() < QUIET_PIECE_BYTES);

    let mut at = 0;
    for piece in &pieces {
        let from = at;
        at += piece.bytes.len() / 8;
        let length = piece.bytes.len();
        assert!(
            piece.from.0.abs_diff(from as u64) <= 20,
            "{:?} at {from}",
            piece.from
        );
        let still = from >= QUIET_AFTER.0 as usize && at <= begins;
        let after = ends..ends + QUIET_AFTER.0 as usize;
        if still {
            assert_eq!(length, QUIET_PIECE_BYTES, "at {from}");
        } else if from > begins + 400 && from < ends || after.contains(&from) {
            assert_eq!(length, PIECE_BYTES, "at {from}");
        }
    }
    let onset = pieces.iter().find(|piece| piece.speech).expect("speech");
    let reached = onset.from.0 + length(&onset.bytes).0;
    let onset_after = reached.saturating_sub(begins as u64);
    assert!(
        onset_after <= 300,
        "speech leaves as soon as it is heard: {onset_after} ms"
    );
}

#[tokio::test(start_paused = true)]
async fn sound_leaves_as_usual_while_somebody_else_may_wait_for_the_end_of_a_turn() {
    let seconds = 14;
    for (end, quiet_after) in [
        (TurnEnd::Words, Millis(2_500)),
        (TurnEnd::Provider, Millis(6_000)),
        (TurnEnd::Talker, Millis(10_000)),
    ] {
        assert_eq!(super::quiet_after(end, Millis(5_000)), quiet_after);
        let pieces = pieces(vec![SILENCE; 8_000 * seconds], quiet_after).await;
        for piece in pieces {
            let quiet = piece.until() > quiet_after;
            let usual = if quiet {
                QUIET_PIECE_BYTES
            } else {
                PIECE_BYTES
            };
            assert_eq!(piece.bytes.len(), usual, "{end:?} at {}", piece.from);
        }
    }
}

/// Speaks from here on for so long, in milliseconds of the call, and is perhaps silenced.
async fn say(mouth: mpsc::Sender<ToEar>, (from, length): (u64, u64), silenced: Option<u64>) {
    let began = Instant::now();
    let at = |ms| began + std::time::Duration::from_millis(ms);
    tokio::time::sleep_until(at(from)).await;
    let sound = ToEar::Sound {
        bytes: vec![SILENCE; length as usize * 8].into(),
        plays_at: at(from),
    };
    mouth.send(sound).await.expect("an ear");
    if let Some(ms) = silenced {
        tokio::time::sleep_until(at(ms)).await;
        let silence = ToEar::Silence { at: at(ms) };
        mouth.send(silence).await.expect("an ear");
    }
}

/// A turn, eight seconds of silence, and when larger pieces begin and end after that turn, with this
/// said from so long after its end on.
async fn larger(said: Option<((u64, u64), Option<u64>)>) -> (u64, u64) {
    let phrase = caller_phrase("party").expect("a fixture").ulaw;
    let sound = [phrase, &vec![SILENCE; 8_000 * 8]].concat();
    let ends = phrase.len() as u64 / 8;
    let pieces = pieces_beside(sound, Millis(6_000), |mouth| async move {
        if let Some(((from, length), silenced)) = said {
            let silenced = silenced.map(|ms| ends + ms);
            say(mouth, (ends + from, length), silenced).await;
        }
    });
    let pieces = pieces.await;
    let after = pieces.iter().filter(|piece| piece.from.0 > ends);
    let mut larger = after.skip_while(|piece| piece.bytes.len() == PIECE_BYTES);
    let first = larger.next().expect("some quiet").from.0;
    let last = larger.take_while(|piece| piece.bytes.len() > PIECE_BYTES);
    let last = last.last().expect("more of it").until().0;
    (first - ends, last - ends)
}

#[tokio::test(start_paused = true)]
async fn while_we_speak_nobody_waits_for_the_end_of_a_turn() {
    let (silent, _) = larger(None).await;
    assert!(silent >= 6_000, "{silent}");
    let (from, until) = larger(Some(((500, 4_000), None))).await;
    assert!((2_500..3_000).contains(&from), "from {from}");
    assert!((4_250..4_800).contains(&until), "until {until}");
    let (cut_short, _) = larger(Some(((500, 4_000), Some(800)))).await;
    assert!(cut_short >= 6_000, "{cut_short}");
}

/// Somebody speaks over a line of ours, and what he says is judged as ever.
#[tokio::test(start_paused = true)]
async fn what_is_said_over_our_voice_leaves_as_usual() {
    let phrase = caller_phrase("party").expect("a fixture").ulaw;
    let quiet = vec![SILENCE; 8_000 * 4];
    let sound = [&quiet, phrase, &quiet].concat();
    let (begins, ends) = (
        quiet.len() as u64 / 8,
        (quiet.len() + phrase.len()) as u64 / 8,
    );
    let long = (0, begins + ends);
    let pieces = pieces_beside(sound, Millis(6_000), |mouth| say(mouth, long, None)).await;
    for piece in pieces {
        let (from, larger) = (piece.from.0, piece.bytes.len() > PIECE_BYTES);
        if (2_500..begins - 240).contains(&from) {
            assert!(larger, "before, at {from}");
        }
        if (begins + 400..ends + 2_500).contains(&from) {
            assert!(!larger, "over our voice, at {from}");
        }
    }
}
