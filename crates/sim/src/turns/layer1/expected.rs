use domain::OverlapOutcome;

use crate::turns::{
    scenario::{Outcome, Scenario},
    score::OverlapScore,
    world::{Cut, Seen, bare_words},
};

/// What of a scenario was not as it expects.
pub(super) fn faults(scenario: &Scenario, seen: &Seen) -> Vec<String> {
    let expected = &scenario.expect;
    let mut faults = Vec::new();
    faults.extend(words_fault(scenario, seen));
    let cuts = seen
        .turns
        .iter()
        .filter(|turn| seen.cut(turn) != Cut::No)
        .count();
    if cuts > expected.cuts {
        faults.push(format!("{cuts} turns were cut, {} may be", expected.cuts));
    }
    faults.extend(overlap_fault(scenario, seen));
    faults.extend(time_faults(scenario, seen));
    if let Some(unasked) = expected.unasked {
        let spoke = unasked_lines(scenario, seen);
        if spoke != unasked {
            faults.push(format!(
                "the agent spoke {spoke} times unasked, not {unasked}"
            ));
        }
    }
    if let (Some(wanted), Some(end)) = (&expected.end, seen.end)
        && end.as_str() != wanted
    {
        faults.push(format!("the call ended as {}, not {wanted}", end.as_str()));
    }
    faults
}

/// The caller's words as they were kept, against those that were said.
fn words_fault(scenario: &Scenario, seen: &Seen) -> Option<String> {
    let wanted = scenario.expect.turns.clone().unwrap_or_else(|| {
        let turns = scenario.turns();
        turns.into_iter().map(|turn| turn.text).collect()
    });
    let kept: Vec<&str> = seen
        .records
        .iter()
        .map(|(_, record, _)| record.caller.as_str())
        .collect();
    let (wanted, kept) = (bare_words(&wanted.join(" ")), bare_words(&kept.join(" ")));
    let off = distance(&wanted, &kept);
    (off > scenario.expect.words_off).then(|| {
        format!(
            "understood \"{}\", not \"{}\"",
            kept.join(" "),
            wanted.join(" ")
        )
    })
}

fn overlap_fault(scenario: &Scenario, seen: &Seen) -> Option<String> {
    let wanted = scenario.expect.overlaps.as_ref()?;
    let wanted: Vec<&str> = wanted.iter().map(|outcome| name(*outcome)).collect();
    let came: Vec<&str> = seen
        .records
        .iter()
        .flat_map(|(_, record, _)| &record.taking.overlaps)
        .map(|overlap| overlap.outcome.as_str())
        .collect();
    (wanted != came).then(|| format!("overlaps came to {came:?}, not {wanted:?}"))
}

const fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Backchannel => OverlapOutcome::Backchannel.as_str(),
        Outcome::CutIn => OverlapOutcome::CutIn.as_str(),
        Outcome::NextTurn => OverlapOutcome::NextTurn.as_str(),
        Outcome::Noise => OverlapOutcome::Noise.as_str(),
        Outcome::Yielded => OverlapOutcome::Yielded.as_str(),
    }
}

fn time_faults(scenario: &Scenario, seen: &Seen) -> Vec<String> {
    let expected = &scenario.expect;
    let mut score = OverlapScore::default();
    score.add(0, seen);
    let waits = (0..seen.turns.len()).filter_map(|index| {
        let taken = seen.taken(index)?;
        Some((taken.at - seen.turns[index].ends).0)
    });
    let latencies = (0..seen.turns.len()).filter_map(|index| Some(seen.latency(index)?.0));
    let longest =
        |samples: &crate::turns::score::Samples| samples.quantile(1.0).map(|ms| ms as u64);
    [
        ("wait", waits.max(), expected.max_wait_ms),
        ("latency", latencies.max(), expected.max_latency_ms),
        (
            "silence after an interruption",
            longest(&score.silent),
            expected.silent_within_ms,
        ),
        (
            "restoring the voice",
            longest(&score.restored),
            expected.restored_within_ms,
        ),
    ]
    .into_iter()
    .filter_map(|(what, took, most)| {
        let (took, most) = (took?, most?);
        (took > most).then(|| format!("{what} took {took} ms, not {most}"))
    })
    .collect()
}

/// Times that the agent spoke though the caller had not, after the greeting.
fn unasked_lines(scenario: &Scenario, seen: &Seen) -> usize {
    let greetings = usize::from(!scenario.agent.greeting.is_empty());
    let lines = seen.records.iter().skip(greetings);
    lines
        .filter(|(_, record, _)| record.caller.is_empty() && !record.said.is_empty())
        .count()
}

/// How many words differ: those to be added, taken away or exchanged.
fn distance(wanted: &[String], came: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=came.len()).collect();
    for (index, word) in wanted.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (at, other) in came.iter().enumerate() {
            let exchanged = diagonal + usize::from(word != other);
            diagonal = row[at + 1];
            row[at + 1] = exchanged.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[came.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_without_marks_and_case() {
        let pair = |a: &str, b: &str| distance(&bare_words(a), &bare_words(b));
        assert_eq!(pair("Uh-huh, I don't.", "uh huh I dont"), 0);
        assert_eq!(pair("a table for four", "a table four"), 1);
        assert_eq!(pair("", "one two"), 2);
    }
}
