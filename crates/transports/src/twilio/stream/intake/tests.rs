use domain::ReplyId;
use proptest::prelude::*;
use session::ClauseId;

use super::*;

fn intake() -> (Intake, Arc<Oddities>) {
    let oddities = Arc::new(Oddities::default());
    (Intake::new(4, Arc::clone(&oddities)), oddities)
}

fn media(timestamp: u64, audio: &[u8]) -> String {
    let payload = base64_simd::STANDARD.encode_to_string(audio);
    format!(
        r#"{{"event":"media","media":{{"track":"inbound","timestamp":"{timestamp}","payload":"{payload}"}}}}"#
    )
}

/// Everything that a message leads to.
fn told(intake: &mut Intake, text: &str, now: Millis) -> Vec<FromLine> {
    let mut told: Vec<_> = intake.text(text, now).into_iter().collect();
    told.extend(std::iter::from_fn(|| intake.owed()));
    told
}

fn heard(told: &[FromLine]) -> Vec<u8> {
    let audio = told.iter().filter_map(|told| match told {
        FromLine::Audio(audio) => Some(audio.as_ref()),
        FromLine::Digit(_) | FromLine::Played(_) | FromLine::HungUp | FromLine::Lost => None,
    });
    audio.collect::<Vec<_>>().concat()
}

#[test]
fn audio_of_any_length_is_heard() {
    let (mut intake, _oddities) = intake();
    let mut timestamp = 0;
    for length in [160, 160, 1, 161, 320, 4_000, 0, 160] {
        let audio: Vec<u8> = (0..length).map(|n: u32| n.to_le_bytes()[0]).collect();
        let told = told(&mut intake, &media(timestamp, &audio), Millis(timestamp));
        assert_eq!(heard(&told), audio, "{length}");
        timestamp += u64::from(length) / 8;
    }
}

#[test]
fn frames_share_allocations_and_stay_whole() {
    let (mut intake, _oddities) = intake();
    let frames: Vec<_> = (0..100u8)
        .flat_map(|n| {
            told(
                &mut intake,
                &media(u64::from(n) * 20, &[n; 160]),
                Millis::ZERO,
            )
        })
        .collect();
    for (n, frame) in (0..100u8).zip(frames) {
        assert_eq!(frame, FromLine::Audio(Bytes::copy_from_slice(&[n; 160])));
    }
}

#[test]
fn a_gap_is_heard_as_silence() {
    let (mut intake, _oddities) = intake();
    told(&mut intake, &media(0, &[1; 160]), Millis(0));
    let told = told(&mut intake, &media(2_020, &[2; 160]), Millis(2_020));
    assert_eq!(heard(&told), [vec![0xff; 16_000], vec![2; 160]].concat());
    assert_eq!(told.len(), 3, "a second of silence at a time");
}

#[test]
fn odd_messages_are_counted_and_ignored() {
    for (text, oddity) in [
        ("", Oddity::BadJson),
        ("{", Oddity::BadJson),
        (r#"{"event":"media"}"#, Oddity::BadJson),
        (
            r#"{"event":"media","media":{"payload":"é"}}"#,
            Oddity::BadPayload,
        ),
        (
            r#"{"event":"media","media":{"payload":"a"}}"#,
            Oddity::BadPayload,
        ),
        (
            r#"{"event":"media","media":{"payload":"//8"}}"#,
            Oddity::BadPayload,
        ),
        (
            r#"{"event":"media","media":{"payload":"/ /8="}}"#,
            Oddity::BadPayload,
        ),
        (
            r#"{"event":"mark","mark":{"name":"greeting"}}"#,
            Oddity::BadMark,
        ),
        (
            r#"{"event":"mark","mark":{"name":"r99999999999-1"}}"#,
            Oddity::BadMark,
        ),
        (r#"{"event":"mark","mark":{"name":""}}"#, Oddity::BadMark),
        (
            r#"{"event":"dtmf","dtmf":{"digit":"12"}}"#,
            Oddity::BadDigit,
        ),
        (r#"{"event":"dtmf","dtmf":{"digit":""}}"#, Oddity::BadDigit),
        (r#"{"event":"dtmf","dtmf":{"digit":"x"}}"#, Oddity::BadDigit),
        (r#"{"event":"dtmf","dtmf":{"digit":"٣"}}"#, Oddity::BadDigit),
        (r#"{"event":"sneeze"}"#, Oddity::UnknownEvent),
    ] {
        let (mut intake, oddities) = intake();
        assert_eq!(told(&mut intake, text, Millis(0)), [], "{text}");
        assert_eq!(oddities.count(oddity), 1, "{text}");
        let audio = told(&mut intake, &media(20, &[7; 160]), Millis(20));
        assert_eq!(heard(&audio), [7; 160], "the call goes on after {text}");
    }
}

#[test]
fn a_binary_frame_is_counted_and_ignored() {
    let (mut intake, oddities) = intake();
    assert_eq!(intake.binary(Millis(0)), None);
    assert_eq!(oddities.count(Oddity::BinaryFrame), 1);
}

#[test]
fn only_the_caller_is_heard() {
    let (mut intake, _oddities) = intake();
    for (track, bytes) in [("inbound", 3), ("outbound", 0), ("both", 0)] {
        let text = format!(r#"{{"event":"media","media":{{"track":"{track}","payload":"////"}}}}"#);
        assert_eq!(
            heard(&told(&mut intake, &text, Millis(0))).len(),
            bytes,
            "{track}"
        );
    }
    let untracked = r#"{"event":"media","media":{"payload":"////"}}"#;
    assert_eq!(heard(&told(&mut intake, untracked, Millis(0))).len(), 3);
}

#[test]
fn keys_marks_and_the_end_are_told() {
    let mark = Mark {
        reply: ReplyId(7),
        clause: ClauseId(3),
    };
    let (mut intake, _oddities) = intake();
    for (text, what) in [
        (
            r#"{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"1"}}"#,
            FromLine::Digit('1'),
        ),
        (
            r##"{"event":"dtmf","dtmf":{"digit":"#"}}"##,
            FromLine::Digit('#'),
        ),
        (
            r#"{"event":"mark","mark":{"name":"r7-3"}}"#,
            FromLine::Played(mark),
        ),
        (
            r#"{"event":"stop","stop":{"callSid":"CA3"}}"#,
            FromLine::HungUp,
        ),
        (r#"{"event":"connected"}"#, FromLine::Lost),
        (
            r#"{"event":"start","streamSid":"MZ1","start":{"callSid":"CA4"}}"#,
            FromLine::Lost,
        ),
    ] {
        assert_eq!(told(&mut intake, text, Millis(0)), [what], "{text}");
    }
}

#[test]
fn a_flood_is_dropped_and_then_ends_the_line() {
    let (mut intake, oddities) = intake();
    let mut heard_frames = 0;
    let messages = (0..3_000u64).find(|n| {
        let told = told(&mut intake, &media(n * 20, &[0; 160]), Millis(0));
        heard_frames += heard(&told).len() / 160;
        told == [FromLine::Lost]
    });
    assert_eq!((heard_frames, messages), (750, Some(1_750)));
    assert_eq!(oddities.count(Oddity::Flood), 1_001);
}

#[test]
fn jumping_timestamps_are_no_way_around_the_budget() {
    let (mut intake, oddities) = intake();
    let bytes: usize = (0..100u64)
        .map(|n| {
            heard(&told(
                &mut intake,
                &media(n * 60_000, &[0; 160]),
                Millis(n * 20),
            ))
            .len()
        })
        .sum();
    assert!(bytes < 8 * 25_000, "{bytes} bytes in two seconds");
    assert!(oddities.count(Oddity::Flood) > 90);
}

proptest! {
    #[test]
    fn any_messages_are_coped_with(texts in prop::collection::vec(".{0,40}", 0..20)) {
        let (mut intake, oddities) = intake();
        for text in &texts {
            prop_assert_eq!(told(&mut intake, text, Millis(0)), []);
        }
        prop_assert_eq!(oddities.count(Oddity::BadJson), texts.len() as u64);
    }

    #[test]
    fn what_is_heard_is_what_was_sent(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..30),
    ) {
        let (mut intake, _oddities) = intake();
        for frame in frames {
            let text = format!(
                r#"{{"event":"media","media":{{"payload":"{}"}}}}"#,
                base64_simd::STANDARD.encode_to_string(&frame)
            );
            prop_assert_eq!(heard(&told(&mut intake, &text, Millis(0))), frame);
        }
    }
}
