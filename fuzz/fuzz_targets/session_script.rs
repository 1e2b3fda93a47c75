//! Any call script: whatever happens to a call in whatever order, it ends, and its rules hold.
//!
//! Lines that are no script are skipped; what comes earlier than the line before happens with it.
#![cfg_attr(not(test), no_main)]

use std::sync::{Arc, LazyLock};

use domain::{Language, Millis, ReplyId};
#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use session::{Action, CallSession, Input, Play, Rules, script};

/// Longer than any call may be.
const LATEST: Millis = Millis(7_200_000);
/// Deadlines that a call may have in a row without anything happening.
const MOST_DEADLINES: usize = 1_000;

static RULES: LazyLock<Arc<Rules>> =
    LazyLock::new(|| Arc::new(Rules::defaults(&Language::default())));

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let (session, first) = CallSession::answered(Arc::clone(&RULES));
    let mut call = Call {
        session,
        now: Millis::ZERO,
        silenced: Vec::new(),
        hung_up: false,
    };
    call.look(first);
    for (at, input) in text.lines().filter_map(|line| script::read(line).ok()) {
        call.pass(at.min(LATEST));
        call.happen(input);
    }
    call.pass(Millis(u64::MAX));
    assert!(call.session.over().is_some(), "every call ends");
});

struct Call {
    session: CallSession,
    now: Millis,
    silenced: Vec<ReplyId>,
    hung_up: bool,
}

impl Call {
    /// Lets time pass, deadline by deadline.
    fn pass(&mut self, until: Millis) {
        for _deadline in 0..MOST_DEADLINES {
            let next = self.session.next_deadline().filter(|(at, _)| *at < until);
            let Some((at, _timer)) = next else {
                self.now = self.now.max(until.min(LATEST));
                return;
            };
            assert!(at >= self.now, "no deadline lies in the past");
            self.now = at;
            self.happen(Input::Tick);
        }
        panic!("a call that keeps itself busy");
    }

    fn happen(&mut self, input: Input) {
        let actions = self.session.handle(self.now, possible(self.now, input));
        self.look(actions);
    }

    fn look(&mut self, actions: Vec<Action>) {
        for action in actions {
            assert!(!self.hung_up, "hanging up is the last action");
            if let Action::Cancel { reply, .. } | Action::Silence { reply, .. } = &action {
                self.silenced.push(*reply);
            }
            if let Action::Play(Play::Audio { reply, .. }) = &action {
                let is_silenced = self.silenced.contains(reply);
                assert!(!is_silenced, "a silenced reply stays silent");
            }
            self.hung_up = matches!(action, Action::HangUp(_));
            let _line = action.to_string();
        }
    }
}

/// The driver's clock and sizes bound what an input can say.
fn possible(now: Millis, mut input: Input) -> Input {
    if let Input::Audio(audio) = &mut input {
        audio.duration = audio.duration.min(Millis(60_000));
    }
    if let Input::NoiseStarted { at }
    | Input::NoiseStopped { at }
    | Input::SpeechStarted { at }
    | Input::SpeechStopped { at } = &mut input
    {
        *at = now.min(*at);
    }
    input
}
