use crate::turns::{
    scenario::Scenario,
    score::OverlapScore,
    text::{bare_words, words_apart},
    world::Seen,
};

/// What of a scenario was not as it expects.
pub(super) fn faults(scenario: &Scenario, seen: &Seen) -> Vec<String> {
    let expected = &scenario.expect;
    let mut faults = Vec::new();
    faults.extend(words_fault(scenario, seen));
    let cuts = seen
        .turns
        .iter()
        .filter(|turn| seen.taken_early(turn).is_some())
        .count();
    if cuts > expected.cuts {
        faults.push(format!("{cuts} turns were cut, {} may be", expected.cuts));
    }
    faults.extend(overlap_fault(scenario, seen));
    faults.extend(time_faults(scenario, seen));
    if scenario.stt.finals_lost_percent > 0.0 && seen.finals_lost == 0 {
        faults.push("no final words were lost, though some should be".to_owned());
    }
    if seen.gave_up > 0 {
        faults.push(format!("the caller waited in vain {} times", seen.gave_up));
    }
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
    let off = words_apart(&wanted, &kept);
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
    let wanted: Vec<&str> = wanted.iter().map(|outcome| outcome.as_str()).collect();
    let came: Vec<&str> = seen
        .records
        .iter()
        .flat_map(|(_, record, _)| &record.taking.overlaps)
        .map(|overlap| overlap.outcome.as_str())
        .collect();
    (wanted != came).then(|| format!("overlaps came to {came:?}, not {wanted:?}"))
}

/// Times that were too long, and those that should have been taken and were not.
fn time_faults(scenario: &Scenario, seen: &Seen) -> Vec<String> {
    let expected = &scenario.expect;
    let mut score = OverlapScore::default();
    score.add(0, seen);
    // A sound over the voice that changed nothing left nothing to restore.
    let unshaken = !score.wrongly_yielded.is_empty() && seen.ducks.is_empty();
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
            longest(&score.restored).or(unshaken.then_some(0)),
            expected.restored_within_ms,
        ),
    ]
    .into_iter()
    .filter_map(|(what, took, most)| {
        let most = most?;
        let Some(took) = took else {
            return Some(format!("{what} was expected, and never happened"));
        };
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
