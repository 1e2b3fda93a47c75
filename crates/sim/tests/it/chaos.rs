//! Rows of `sim-bench chaos providers` that take little time.

use std::fmt::Write as _;

use sim::chaos::{NOT_PLAYED, Row, rows};

/// Each of them mostly waits, so they are played together: models that are silent and that stall, a
/// voice that is cut off. What takes its time is not held against a machine that has others to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_do_not_notice_that_a_provider_fails() {
    let rows = rows().into_iter();
    let played: Vec<_> = rows
        .filter(|row| ["F06", "F07", "F11"].contains(&row.name))
        .map(|row| (row.name, tokio::spawn(async move { row.run().await })))
        .collect();
    assert_eq!(played.len(), 3);
    for (name, playing) in played {
        let findings = playing.await.expect("no panic").expect("a stage");
        assert!(findings.missed.is_empty(), "{name}: {:#?}", findings.missed);
    }
}

#[test]
fn every_row_is_there_once() {
    let names: Vec<&str> = rows().iter().map(|row| row.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    let expected = (1..=17).filter(|number| *number != 13);
    let expected: Vec<String> = expected.map(|number| format!("F{number:02}")).collect();
    assert_eq!(names, expected);
}

#[test]
fn the_manual_has_the_rows_as_they_are_played() {
    let mut table = String::new();
    for Row {
        name,
        fault,
        required,
        ..
    } in rows()
    {
        writeln!(table, "| {name} | {fault} | {required} |").unwrap();
    }
    let [name, fault, why] = NOT_PLAYED;
    writeln!(table, "| {name} | {fault} | not played: {why} |").unwrap();
    let manual = include_str!("../../../../docs/chaos.md");
    assert!(
        manual.contains(&table),
        "docs/chaos.md wants this table:\n{table}"
    );
}
