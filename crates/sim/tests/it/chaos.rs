//! Rows of `sim-bench chaos providers` that take little time.

use std::fmt::Write as _;

use sim::chaos::{Row, Set, rows};

/// Each of them mostly waits, so they are played together: models that are silent and that stall, a
/// voice that is cut off, one that hears and thinks as well and is lost; recognisers of other kinds
/// that are cut off and that say nothing. What takes its time is not held against a machine that has
/// others to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_do_not_notice_that_a_provider_fails() {
    let played = [
        (Set::Nova, &["F06", "F07", "F11", "F13"][..]),
        (Set::Flux, &["F02", "F06", "F07", "F11"]),
        (Set::Files, &["F02", "F03", "F11"]),
    ];
    let mut running = Vec::new();
    for (set, names) in played {
        for row in rows().into_iter().filter(|row| names.contains(&row.name)) {
            let playing = tokio::spawn(async move { row.run(set).await });
            running.push((set, row.name, playing));
        }
    }
    assert_eq!(running.len(), 11);
    for (set, name, playing) in running {
        let findings = playing.await.expect("no panic").expect("a stage");
        let missed = findings.missed;
        assert!(missed.is_empty(), "{name} of {set:?}: {missed:#?}");
    }
}

#[test]
fn every_row_is_there_once() {
    let names: Vec<&str> = rows().iter().map(|row| row.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    let expected: Vec<String> = (1..=17).map(|number| format!("F{number:02}")).collect();
    assert_eq!(names, expected);
}

/// What stands between the rows and those that are not played.
const BETWEEN: &str = "
Not played, for they would show nothing:

| Row | Set | Why |
|---|---|---|
";

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
    table.push_str(BETWEEN);
    for row in rows() {
        for set in Set::ALL {
            if let Some(why) = row.why_not(set) {
                writeln!(table, "| {} | {} | {why} |", row.name, set.name()).unwrap();
            }
        }
    }
    let manual = include_str!("../../../../docs/chaos.md");
    assert!(
        manual.contains(&table),
        "docs/chaos.md wants this table:\n{table}"
    );
}
