//! A call told line by line, for people who ask what went wrong. Pure.

use super::{
    call::Diary,
    played::{Stretch, ms_of},
    truth::What,
};

/// What happened, by the time it began.
pub(super) fn told(stretches: &[Stretch], diary: &Diary) -> Vec<String> {
    let mut events: Vec<(u64, String)> = Vec::new();
    for stretch in stretches {
        let (from, to) = (ms_of(stretch.from), ms_of(stretch.to));
        let part = if stretch.is_whole() { "" } else { " (in part)" };
        let text = format!(
            "agent   {:?}{part} until {}",
            stretch.piece.text,
            seconds(to)
        );
        events.push((from, text));
    }
    let truth = &diary.truth;
    for uttered in &truth.uttered {
        let what = match uttered.what {
            What::Sound(kind) => format!("{kind:?}").to_lowercase(),
            What::Words(meant) => format!("{meant:?}").to_lowercase(),
        };
        let text = format!(
            "caller  {what} {} until {}",
            uttered.text,
            seconds(uttered.ended_ms)
        );
        events.push((uttered.began_ms, text));
    }
    let ends = truth
        .turns
        .iter()
        .map(|turn| (turn.ended_ms, "caller  is done".to_owned()));
    events.extend(ends);
    let keys = truth
        .keys_ms
        .iter()
        .map(|at| (*at, "caller  presses a key".to_owned()));
    events.extend(keys);
    let clears = diary
        .clears_ms
        .iter()
        .map(|at| (*at, "server  clear".to_owned()));
    events.extend(clears);
    events.sort_by_key(|(at, _)| *at);
    let lines = events
        .into_iter()
        .map(|(at, text)| format!("{:>8}  {text}", seconds(at)));
    lines.collect()
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}
