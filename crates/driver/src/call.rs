use std::time::Duration;

use domain::{CallBegun, EndReason, Millis};
use session::{CallSession, Input};
use tokio::time::Instant;
use tracing::debug;
use transports::{LineReader, LineWriter};

use crate::{
    connection::until,
    exchange::Exchange,
    hands::{COUNT_MONEY_EVERY, Hands},
    prepared::Prepared,
};

/// How a call went.
pub(crate) struct Went {
    pub(crate) reason: EndReason,
    pub(crate) lasted: Millis,
    pub(crate) barge_ins: u32,
}

/// A call that was answered.
pub(crate) struct Answered<R, W> {
    pub(crate) prepared: Prepared,
    pub(crate) begun: CallBegun,
    pub(crate) line: (R, W),
}

/// Runs one call to its end: the session decides, the hands carry out.
///
/// What it is given is boxed, because a future keeps the room of its arguments to its end.
pub(crate) async fn run_call<R: LineReader + 'static, W: LineWriter + 'static>(
    exchange: &Exchange,
    call: Box<Answered<R, W>>,
) -> Went {
    let answered = Instant::now();
    let clock = || Millis(u64::try_from(answered.elapsed().as_millis()).unwrap_or(u64::MAX));
    let (mut session, mut todo) = CallSession::answered(call.prepared.agent.rules.clone());
    let (mut hands, mut inputs) = Hands::take(exchange.common(), *call, answered);
    loop {
        for action in todo {
            debug!(action = %session.log_line(&action), "action");
            hands.carry_out(action);
        }
        hands.answer_round(|| session.round());
        if let Some(reason) = session.over() {
            let (lasted, barge_ins) = (clock(), hands.barge_ins);
            hands.close().await;
            return Went {
                reason,
                lasted,
                barge_ins,
            };
        }
        let deadline = session
            .next_deadline()
            .map(|(at, _timer)| answered + Duration::from_millis(at.0));
        let next_count = Duration::from_millis(COUNT_MONEY_EVERY.0);
        // What the hands owe the session may only follow from a bug.
        hands.propagate_panics();
        let input = match hands.own.pop_front() {
            Some(input) => input,
            None => tokio::select! {
                biased;
                input = inputs.recv() => input.unwrap_or(Input::HungUp),
                input = hands.next_round() => input,
                // Nothing else may happen for as long as the carrier listens.
                () = tokio::time::sleep(next_count), if hands.sheet.is_some() => Input::Tick,
                () = until(deadline) => Input::Tick,
            },
        };
        debug!(input = %session.log_line(&input), "input");
        todo = session.handle(clock(), input);
        hands.count_money(clock());
    }
}
