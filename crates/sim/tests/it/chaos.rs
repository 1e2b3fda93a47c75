//! Rows of `sim-bench chaos providers` that take little time.

use sim::chaos::{Findings, rows};

async fn play(name: &str) -> Findings {
    let row = rows().into_iter().find(|row| row.name == name);
    let findings = row.expect("a row").run().await;
    findings.expect("a stage")
}

/// Together, since each of them mostly waits: a recogniser and a voice that are cut off, a model that
/// is silent, one that stalls, and one that hears and speaks and is lost.
#[tokio::test]
async fn callers_do_not_notice_that_a_provider_fails() {
    let (cut, silent, stalled, hoarse, lost) = tokio::join!(
        play("F02"),
        play("F06"),
        play("F07"),
        play("F11"),
        play("F13")
    );
    for (name, findings) in [
        ("F02", cut),
        ("F06", silent),
        ("F07", stalled),
        ("F11", hoarse),
        ("F13", lost),
    ] {
        assert!(findings.hold(), "{name}: {:#?}", findings.missed);
    }
}

#[test]
fn every_row_is_there_once() {
    let names: Vec<&str> = rows().iter().map(|row| row.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    let expected: Vec<String> = (1..=17).map(|number| format!("F{number:02}")).collect();
    assert_eq!(names, expected);
}
