//! Why a turn was taken when it was, and what happened around it, in words and as JSON.

use domain::{Millis, Overlap, OverlapOutcome, TurnRecord};
use serde_json::{Value, json};

/// An answer that was ready so soon after the decision was begun ahead of time.
const AT_ONCE: Millis = Millis(200);
/// Words that come so late are worth a remark.
const LATE_WORDS: Millis = Millis(400);

/// Everything worth a remark about how a turn was taken, in the order in which one would ask.
pub(crate) fn remarks(turn: &TurnRecord) -> Vec<String> {
    let taking = &turn.taking;
    let once = [
        wait(turn),
        taking
            .stt_lag
            .filter(|lag| *lag > LATE_WORDS)
            .map(|lag| format!("its words came {} late", ms(lag))),
        haste(turn),
        (taking.taken_back > 0).then(|| {
            let times = times(taking.taken_back);
            format!(
                "taken too soon {times}, and given back before three words of the answer were heard"
            )
        }),
        match taking.masks {
            0 => None,
            1 => Some("a few words covered the wait for the answer".to_owned()),
            more => Some(format!(
                "{more} times a few words covered the wait for the answer"
            )),
        },
    ];
    let overlaps = taking.overlaps.iter().map(overlap);
    once.into_iter().flatten().chain(overlaps).collect()
}

/// What settled that the turn was over. `None` for turns that the agent began, and for records from
/// before it was written down.
fn wait(turn: &TurnRecord) -> Option<String> {
    let taking = &turn.taking;
    let waited = ms(taking.waited);
    let told = match taking.evidence.as_str() {
        "silence" => {
            let because = session::because(&turn.ended_by, &taking.expected)?;
            format!("waited {waited} because {because}")
        }
        "provider" => format!("the recogniser took the turn to be over, after {waited} of silence"),
        "keys" => "taken when the keys were complete".to_owned(),
        "deadline" => format!("waited {waited} for words that the recogniser owed"),
        "longest_turn" => "taken at a short pause, because it had gone on for long".to_owned(),
        _ => return None,
    };
    Some(match taking.pace_percent {
        0 | 100 => told,
        pace => format!("{told} (waits are at {pace} % for this caller)"),
    })
}

/// What was begun before the turn was surely over.
fn haste(turn: &TurnRecord) -> Option<String> {
    let taking = &turn.taking;
    let begun = taking.speculations;
    let discarded = taking.discarded();
    let at_once = turn
        .gap
        .is_some_and(|gap| gap.think + gap.speak + gap.send <= AT_ONCE);
    let told = match (begun, discarded) {
        (0, _) => return None,
        (1, 0) if at_once => {
            "answered at once: begun ahead of time, nothing was thrown away".to_owned()
        }
        (1, 0) => "begun ahead of time, nothing was thrown away".to_owned(),
        (1, _) => "1 reply begun ahead of time and thrown away unheard".to_owned(),
        (_, _) => format!("{begun} replies begun ahead of time, {discarded} thrown away unheard"),
    };
    Some(told)
}

/// What came of a sound over the agent's words.
pub(crate) fn overlap(overlap: &Overlap) -> String {
    let said = super::plain(&overlap.said);
    let after = ms(overlap.after);
    match (overlap.outcome, said.as_str()) {
        (OverlapOutcome::Backchannel, "") => {
            format!("a sound was taken as listening (decided after {after})")
        }
        (OverlapOutcome::Backchannel, said) => {
            format!("\"{said}\" was taken as listening (decided after {after})")
        }
        (OverlapOutcome::CutIn, "") => {
            format!("had cut in on the caller, and stopped after {after}")
        }
        (OverlapOutcome::CutIn, said) => {
            format!("had cut in on \"{said}\", and stopped after {after}")
        }
        (OverlapOutcome::NextTurn, "") => {
            "a sound at the very end was taken as the next turn".to_owned()
        }
        (OverlapOutcome::NextTurn, said) => {
            format!("\"{said}\" came at the very end, and was the next turn")
        }
        (OverlapOutcome::Noise, _) => format!("a noise was overlooked (decided after {after})"),
        (OverlapOutcome::Yielded, "") => {
            format!("gave way to speech without words after {after}")
        }
        (OverlapOutcome::Yielded, said) => format!("gave way to \"{said}\" after {after}"),
    }
}

/// How a turn was taken, for programs.
pub(crate) fn json(turn: &TurnRecord) -> Value {
    let taking = &turn.taking;
    json!({
        "expected": taking.expected,
        "wait_ms": taking.wait.0,
        "waited_ms": taking.waited.0,
        "because": session::because(&turn.ended_by, &taking.expected),
        "pace_percent": taking.pace_percent,
        "evidence": taking.evidence,
        "stt_lag_ms": taking.stt_lag.map(|lag| lag.0),
        "speculations": taking.speculations,
        "paid_off": taking.paid_off,
        "discarded": taking.discarded(),
        "masks": taking.masks,
        "taken_back": taking.taken_back,
        "overlaps": taking.overlaps.iter().map(overlap_json).collect::<Vec<_>>(),
    })
}

fn overlap_json(overlap: &Overlap) -> Value {
    json!({
        "at_ms": overlap.at.0,
        "said": overlap.said,
        "outcome": overlap.outcome.as_str(),
        "after_ms": overlap.after.0,
    })
}

/// `1,200 ms`.
fn ms(time: Millis) -> String {
    let digits = time.0.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + " ms"
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

#[cfg(test)]
mod tests {
    use domain::{Gap, TurnTaking};

    use super::*;

    fn told(ended_by: &str, taking: TurnTaking) -> String {
        let turn = TurnRecord {
            caller: "A table, please.".to_owned(),
            ended_by: ended_by.to_owned(),
            gap: Some(Gap {
                wait: Millis(350),
                ..Gap::default()
            }),
            taking,
            ..TurnRecord::default()
        };
        remarks(&turn).join("; ")
    }

    fn by(evidence: &str) -> TurnTaking {
        TurnTaking {
            evidence: evidence.to_owned(),
            expected: "phone".to_owned(),
            waited: Millis(1_200),
            pace_percent: 100,
            ..TurnTaking::default()
        }
    }

    #[test]
    fn a_wait_is_told_with_its_reason() {
        for (ended_by, taking, sentence) in [
            (
                "number",
                by("silence"),
                "waited 1,200 ms because a phone number was unfinished",
            ),
            (
                "number",
                TurnTaking {
                    pace_percent: 125,
                    ..by("silence")
                },
                "waited 1,200 ms because a phone number was unfinished (waits are at 125 % for \
                 this caller)",
            ),
            ("keys", by("keys"), "taken when the keys were complete"),
            (
                "complete",
                by("deadline"),
                "waited 1,200 ms for words that the recogniser owed",
            ),
            (
                "incomplete",
                by("longest_turn"),
                "taken at a short pause, because it had gone on for long",
            ),
            (
                "terminal",
                by("provider"),
                "the recogniser took the turn to be over, after 1,200 ms of silence",
            ),
            ("terminal", TurnTaking::default(), ""),
        ] {
            assert_eq!(told(ended_by, taking), sentence);
        }
    }

    #[test]
    fn haste_is_told_with_what_became_of_it() {
        for (speculations, paid_off, sentence) in [
            (
                1,
                true,
                "answered at once: begun ahead of time, nothing was thrown away",
            ),
            (
                1,
                false,
                "1 reply begun ahead of time and thrown away unheard",
            ),
            (
                2,
                true,
                "2 replies begun ahead of time, 1 thrown away unheard",
            ),
        ] {
            let taking = TurnTaking {
                speculations,
                paid_off,
                ..TurnTaking::default()
            };
            assert_eq!(told("terminal", taking), sentence);
        }
    }

    #[test]
    fn what_happened_around_a_turn_is_told() {
        let taking = TurnTaking {
            stt_lag: Some(Millis(1_050)),
            taken_back: 2,
            masks: 1,
            ..TurnTaking::default()
        };
        assert_eq!(
            told("terminal", taking),
            "its words came 1,050 ms late; taken too soon twice, and given back before three \
             words of the answer were heard; a few words covered the wait for the answer"
        );
    }

    #[test]
    fn sounds_over_the_agents_words_are_told() {
        let of = |outcome, said: &str| {
            overlap(&Overlap {
                at: Millis(900),
                said: said.to_owned(),
                outcome,
                after: Millis(380),
            })
        };
        let told = [
            of(OverlapOutcome::Backchannel, "uh-huh"),
            of(OverlapOutcome::Noise, ""),
            of(OverlapOutcome::Yielded, "stop"),
            of(OverlapOutcome::Yielded, ""),
            of(OverlapOutcome::CutIn, "and a chair"),
            of(OverlapOutcome::NextTurn, "yes"),
        ];
        insta::assert_snapshot!(told.join("\n"), @r#"
        "uh-huh" was taken as listening (decided after 380 ms)
        a noise was overlooked (decided after 380 ms)
        gave way to "stop" after 380 ms
        gave way to speech without words after 380 ms
        had cut in on "and a chair", and stopped after 380 ms
        "yes" came at the very end, and was the next turn
        "#);
    }
}
