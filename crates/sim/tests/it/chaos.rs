//! Rows of `sim-bench chaos providers` that take little time.

use std::fmt::Write as _;

use sim::chaos::{Row, rows};

/// Each of them mostly waits, so they are played together: models that are silent and that stall, a
/// voice that is cut off, one that hears and thinks as well and is lost. What takes its time is not held against a machine that has others to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_do_not_notice_that_a_provider_fails() {
    let rows = rows().into_iter();
    let played: Vec<_> = rows
        .filter(|row| ["F06", "F07", "F11", "F13"].contains(&row.name))
        .map(|row| (row.name, tokio::spawn(async move { row.run().await })))
        .collect();
    assert_eq!(played.len(), 4);
    for (name, playing) in played {
        let findings = playing.await.expect("no panic").expect("a stage");
        assert!(findings.missed.is_empty(), "{name}: {:#?}", findings.missed);
    }
}

#[test]
fn every_row_is_there_once() {
    let names: Vec<&str> = rows().iter().map(|row| row.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    let expected: Vec<String> = (1..=17).map(|number| format!("F{number:02}")).collect();
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
    let manual = include_str!("../../../../docs/chaos.md");
    assert!(
        manual.contains(&table),
        "docs/chaos.md wants this table:\n{table}"
    );
}
