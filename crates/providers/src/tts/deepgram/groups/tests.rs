use super::*;

fn groups() -> Groups {
    Groups::new(ReplyId(1))
}

/// Which clauses so many milliseconds belong to: `0:650 1:350`.
fn cut(groups: &mut Groups, pace: &Pace, ms: usize) -> String {
    let pieces = groups.cut(Bytes::from(vec![0xff; ms * 8]), pace);
    let pieces = pieces.iter().map(|piece| match piece {
        FromVoice::Audio { clause, bytes, .. } => format!("{}:{}", clause.0, bytes.len() / 8),
        FromVoice::All(_) | FromVoice::Ready => "odd".to_owned(),
    });
    pieces.collect::<Vec<_>>().join(" ")
}

#[test]
fn audio_belongs_to_the_oldest_flush() {
    let (mut groups, mut pace) = (groups(), Pace::default());
    groups.add(ClauseId(0), "Ten chars.");
    groups.flush();
    groups.add(ClauseId(1), "Ten chars.");
    assert!(groups.has_unflushed());
    groups.flush();
    assert_eq!((groups.has_unflushed(), groups.owed()), (false, 2));
    assert_eq!(cut(&mut groups, &pace, 900), "0:900");
    assert!(groups.has_audio());
    groups.answered(&mut pace);
    assert!(!groups.has_audio());
    assert_eq!(cut(&mut groups, &pace, 100), "1:100");
    groups.answered(&mut pace);
    assert!(groups.is_over());
    assert_eq!(cut(&mut groups, &pace, 100), "", "nobody's");
}

#[test]
fn clauses_of_one_flush_share_its_audio_by_their_length() {
    let (mut groups, pace) = (groups(), Pace::default());
    for clause in 0..3 {
        groups.add(ClauseId(clause), " Ten chars. ");
    }
    groups.flush();
    assert_eq!(cut(&mut groups, &pace, 600), "0:600");
    assert_eq!(cut(&mut groups, &pace, 800), "0:50 1:650 2:100");
    assert_eq!(cut(&mut groups, &pace, 2_000), "2:2000");
}

#[test]
fn the_pace_of_a_voice_is_learned() {
    let (mut groups, mut pace) = (groups(), Pace::default());
    groups.add(ClauseId(0), &"a".repeat(40));
    groups.flush();
    cut(&mut groups, &pace, 4_000);
    groups.answered(&mut pace);
    groups.add(ClauseId(1), "Ten chars.");
    groups.add(ClauseId(2), "Ten chars.");
    groups.flush();
    assert_eq!(cut(&mut groups, &pace, 1_900), "1:1000 2:900");
}

#[test]
fn an_answer_without_a_flush_is_nothing() {
    let (mut groups, mut pace) = (groups(), Pace::default());
    groups.add(ClauseId(0), "Hello.");
    groups.answered(&mut pace);
    assert!(!groups.is_over());
    assert_eq!(
        cut(&mut groups, &pace, 100),
        "0:100",
        "spoken before it was flushed"
    );
}

#[test]
fn far_too_much_audio_is_noticed() {
    let (mut groups, pace) = (groups(), Pace::default());
    groups.add(ClauseId(0), "Ten chars.");
    cut(&mut groups, &pace, 15_000);
    assert!(!groups.is_endless());
    cut(&mut groups, &pace, 1);
    assert!(groups.is_endless());
}
