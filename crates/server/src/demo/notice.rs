//! What a demo is there to show: moments of a call that go by too fast to be seen unless somebody
//! names them.

use domain::{OverlapOutcome, TurnRecord};

use crate::{
    paint::{Paint, Tone},
    story::taking,
};

/// Something worth noticing about how the floor changed hands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Moment {
    PaidOff,
    Discarded,
    Backchannel,
    BargeIn,
}

impl Moment {
    const ALL: [Self; 4] = [
        Self::PaidOff,
        Self::Discarded,
        Self::Backchannel,
        Self::BargeIn,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::PaidOff => "speculation that paid off",
            Self::Discarded => "speculation that was discarded",
            Self::Backchannel => "backchannel that was ignored",
            Self::BargeIn => "barge-in that was honoured",
        }
    }

    /// What it means to the people who talk.
    const fn meaning(self) -> &'static str {
        match self {
            Self::PaidOff => {
                "the reply was begun in the caller's last silence, and was ready when the turn was \
                 over"
            }
            Self::Discarded => {
                "the caller only paused: the reply that was begun too soon was never heard"
            }
            Self::Backchannel => "the caller was listening, not asking for the floor: no turn",
            Self::BargeIn => "the caller wanted the floor: the agent fell silent, and knows where",
        }
    }

    /// How often it happened in a turn.
    fn count(self, turn: &TurnRecord) -> usize {
        let taking = &turn.taking;
        let overlaps = |outcome| {
            let overlaps = taking.overlaps.iter();
            overlaps
                .filter(|overlap| overlap.outcome == outcome)
                .count()
        };
        match self {
            Self::PaidOff => usize::from(taking.paid_off),
            Self::Discarded => usize::try_from(taking.discarded()).unwrap_or(usize::MAX),
            Self::Backchannel => overlaps(OverlapOutcome::Backchannel),
            Self::BargeIn => overlaps(OverlapOutcome::Yielded).max(usize::from(turn.interrupted)),
        }
    }
}

/// What a turn has of replies that were begun ahead of time, by name, a line each.
pub(super) fn begun_early(turn: &TurnRecord) -> Vec<String> {
    named(turn, [Moment::Discarded, Moment::PaidOff])
}

/// What came of the caller's sounds over the agent's words, by name, a line each.
pub(super) fn spoken_over(turn: &TurnRecord) -> Vec<String> {
    named(turn, [Moment::Backchannel, Moment::BargeIn])
}

fn named(turn: &TurnRecord, moments: [Moment; 2]) -> Vec<String> {
    moments
        .into_iter()
        .filter(|moment| moment.count(turn) > 0)
        .map(|moment| format!("→ {}: {}", moment.name(), told(moment, turn)))
        .collect()
}

/// What was said in it, where that is known; else what it means.
fn told(moment: Moment, turn: &TurnRecord) -> String {
    let outcome = match moment {
        Moment::Backchannel => OverlapOutcome::Backchannel,
        Moment::BargeIn => OverlapOutcome::Yielded,
        Moment::Discarded | Moment::PaidOff => return moment.meaning().to_owned(),
    };
    let overlaps = turn.taking.overlaps.iter();
    let told: Vec<String> = overlaps
        .filter(|overlap| overlap.outcome == outcome)
        .map(taking::overlap)
        .collect();
    if told.is_empty() {
        return moment.meaning().to_owned();
    }
    told.join(", ")
}

/// What to notice about the whole call: how often each moment came, and in which turns.
pub(super) fn summary(turns: &[TurnRecord], paint: Paint) -> String {
    let mut text = format!("\n{}\n\n", paint.tone(Tone::Strong, "What to notice"));
    for moment in Moment::ALL {
        let (count, places) = places(moment, turns);
        let name = format!("{count} × {:<31}", moment.name());
        let tone = if count > 0 { Tone::Good } else { Tone::Bad };
        let name = paint.tone(tone, &name);
        let meaning = paint.tone(Tone::Faint, moment.meaning());
        text.push_str(&format!("  {name} {places}\n      {meaning}\n"));
    }
    text
}

fn places(moment: Moment, turns: &[TurnRecord]) -> (usize, String) {
    let mut count = 0;
    let mut numbers = Vec::new();
    for turn in turns {
        let here = moment.count(turn);
        count += here;
        if here > 0 {
            numbers.push(turn.number.to_string());
        }
    }
    let places = match numbers.as_slice() {
        [] => "not in this call".to_owned(),
        [one] => format!("turn {one}"),
        more => format!("turns {}", more.join(", ")),
    };
    (count, places)
}

#[cfg(test)]
mod tests {
    use domain::{Millis, Overlap, TurnTaking};

    use super::*;

    fn turn(number: u32, taking: TurnTaking) -> TurnRecord {
        TurnRecord {
            number,
            taking,
            ..TurnRecord::default()
        }
    }

    fn over(said: &str, outcome: OverlapOutcome) -> TurnTaking {
        TurnTaking {
            overlaps: vec![Overlap {
                at: Millis(900),
                said: said.to_owned(),
                outcome,
                after: Millis(380),
            }],
            ..TurnTaking::default()
        }
    }

    fn turns() -> [TurnRecord; 5] {
        let begun = |speculations, paid_off| TurnTaking {
            speculations,
            paid_off,
            ..TurnTaking::default()
        };
        [
            turn(0, TurnTaking::default()),
            turn(1, begun(2, true)),
            turn(2, begun(1, true)),
            turn(3, over("Stop.", OverlapOutcome::Yielded)),
            turn(4, over("Uh huh.", OverlapOutcome::Backchannel)),
        ]
    }

    #[test]
    fn each_moment_is_named_as_it_happens() {
        let lines: Vec<String> = turns()
            .iter()
            .flat_map(|turn| [begun_early(turn), spoken_over(turn)].concat())
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        → speculation that was discarded: the caller only paused: the reply that was begun too soon was never heard
        → speculation that paid off: the reply was begun in the caller's last silence, and was ready when the turn was over
        → speculation that paid off: the reply was begun in the caller's last silence, and was ready when the turn was over
        → barge-in that was honoured: gave way to "Stop." after 380 ms
        → backchannel that was ignored: "Uh huh." was taken as listening (decided after 380 ms)
        "#);
    }

    #[test]
    fn the_summary_counts_them_and_says_where() {
        insta::assert_snapshot!(summary(&turns(), Paint::Plain), @r#"
        What to notice

          2 × speculation that paid off       turns 1, 2
              the reply was begun in the caller's last silence, and was ready when the turn was over
          1 × speculation that was discarded  turn 1
              the caller only paused: the reply that was begun too soon was never heard
          1 × backchannel that was ignored    turn 4
              the caller was listening, not asking for the floor: no turn
          1 × barge-in that was honoured      turn 3
              the caller wanted the floor: the agent fell silent, and knows where
        "#);
    }

    #[test]
    fn a_moment_that_did_not_come_is_said_to_be_missing() {
        let told = summary(&[], Paint::Plain);
        assert_eq!(told.matches("not in this call").count(), 4, "{told}");
    }
}
