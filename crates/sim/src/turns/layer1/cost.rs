use std::{fs, sync::Arc};

use domain::Millis;
use session::CallSession;

use crate::turns::{
    report::Check,
    world::{Call, Seen},
};

/// What came of playing calls once more: whether all was decided alike, and what it cost.
pub(super) struct Replayed {
    calls: usize,
    actions: usize,
    /// The first call in which something was decided otherwise.
    differs: Option<String>,
    cpu_nanos: Option<u64>,
    simulated: Millis,
}

/// A frame of the line.
const FRAME: Millis = Millis(20);
/// So many calls are made anew as well, caller and all.
const PLAYED_TWICE: usize = 50;

/// Plays calls, hands their journals to fresh sessions, and compares every action.
pub(super) fn replay(calls: &[Call]) -> Replayed {
    let mut replayed = Replayed {
        calls: calls.len(),
        actions: 0,
        differs: None,
        cpu_nanos: cpu_nanos().map(|_| 0),
        simulated: Millis::ZERO,
    };
    for (number, call) in calls.iter().enumerate() {
        let seen = call.play();
        replayed.simulated += seen.ended;
        replayed.actions += seen.actions.len();
        let again = number < PLAYED_TWICE && call.play().actions != seen.actions;
        let differs = replayed.replay(call, &seen);
        if differs || again {
            replayed
                .differs
                .get_or_insert_with(|| call.scenario.name.clone());
        }
    }
    replayed
}

impl Replayed {
    /// Hands a call's journal to a fresh session. Returns whether it decided otherwise.
    fn replay(&mut self, call: &Call, seen: &Seen) -> bool {
        let inputs = seen.journal.clone();
        let before = cpu_nanos();
        let (mut session, first) = CallSession::answered(Arc::clone(&call.rules));
        let mut decided = vec![(Millis::ZERO, first)];
        for (at, input) in inputs {
            decided.push((at, session.handle(at, input)));
        }
        let after = cpu_nanos();
        if let (Some(sum), Some(before), Some(after)) = (&mut self.cpu_nanos, before, after) {
            *sum += after.saturating_sub(before);
        }
        let decided = decided
            .into_iter()
            .flat_map(|(at, actions)| actions.into_iter().map(move |action| (at, action)));
        !decided.eq(seen.actions.iter().cloned())
    }

    pub(super) fn check(&self) -> Check {
        Check {
            what: "replay of a journal decides alike, and a seed makes a call again".to_owned(),
            found: match &self.differs {
                None => format!("{} actions of {} calls", self.actions, self.calls),
                Some(name) => format!("`{name}` differs"),
            },
            right: self.differs.is_none(),
        }
    }

    pub(super) fn frames(&self) -> usize {
        usize::try_from(self.simulated.0 / FRAME.0).unwrap_or(usize::MAX)
    }

    pub(super) fn micros_per_frame(&self) -> Option<f64> {
        let nanos = self.cpu_nanos? as f64;
        Some(nanos / 1_000.0 / (self.frames().max(1)) as f64)
    }
}

/// What this thread has computed so far, user and system. `None` where the system does not tell.
fn cpu_nanos() -> Option<u64> {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok()
}
