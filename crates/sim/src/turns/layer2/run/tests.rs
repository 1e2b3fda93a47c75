use std::sync::Arc;

use super::*;
use crate::turns::layer2::stage::{self, Sent};

fn call(role: &Arc<Role>) -> Diary {
    Sent::new(role, 8_000)
        .say(0, "Hello, City Library.")
        .diary()
}

fn check<'r>(report: &'r Report, what: &str) -> &'r Check {
    let mut checks = report.checks.iter();
    checks.find(|check| check.what.starts_with(what)).unwrap()
}

#[test]
fn a_clean_run_can_be_trusted() {
    let role = stage::role("When do you close?", 8_000);
    let mut run = Run::default();
    run.add(&role, &call(&role), Some(&Stored::default()));
    let report = run.report();
    assert!(report.can_be_trusted(), "{:?}", report.checks);
    assert_eq!(check(&report, "calls").found, "1 of 1");
    let lossy = report
        .checks
        .iter()
        .any(|check| check.what.starts_with("finals lost"));
    assert!(!lossy, "nothing was to be lost");
}

#[test]
fn a_late_simulation_a_refusal_and_a_broken_protocol_cannot_be_trusted() {
    let role = stage::role("When do you close?", 8_000);
    let wrong = |spoil: fn(&mut Run, &Role, &mut Diary), what: &str| {
        let (mut run, mut diary) = (Run::default(), call(&role));
        spoil(&mut run, &role, &mut diary);
        run.add(&role, &diary, Some(&Stored::default()));
        let report = run.report();
        assert!(!check(&report, what).right, "{what}");
        assert_eq!(report.checks.iter().filter(|check| !check.right).count(), 1);
    };
    wrong(|_, _, diary| diary.late = diary.ticks.len() / 50, "frames");
    wrong(|run, role, _| run.refused(role, "busy"), "calls");
    wrong(
        |_, _, diary| diary.violations.push("a binary frame".to_owned()),
        "messages",
    );
    wrong(
        |run, _, _| run.provider_violations.push("deepgram: no key".to_owned()),
        "messages",
    );
}

#[test]
fn finals_that_should_be_lost_are_lost() {
    let role = stage::role_with("Hi.", 80, r#""stt": {"finals_lost_percent": 5},"#);
    let right = |finals_lost| {
        let mut run = Run {
            finals_lost,
            ..Run::default()
        };
        run.add(&role, &call(&role), Some(&Stored::default()));
        check(&run.report(), "finals lost").right
    };
    assert!(!right(0) && right(1));
}

#[test]
fn calls_that_are_not_stored_and_not_taken_are_faults() {
    let role = stage::role("When do you close?", 8_000);
    let mut run = Run::default();
    run.add(&role, &call(&role), None);
    run.refused(&role, "busy");
    let scenarios = run.report().scenarios;
    let faults: Vec<&String> = scenarios.iter().flat_map(|one| &one.faults).collect();
    assert!(
        faults
            .iter()
            .any(|fault| *fault == "the call is not stored")
    );
    assert!(
        faults
            .iter()
            .any(|fault| *fault == "the call was not taken: busy")
    );
}
