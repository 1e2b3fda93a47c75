//! Ends calls in the records whose server died while they went on: nobody else will.

use std::{sync::Arc, time::Duration};

use domain::{CallEnded, Clock, Cost, EndReason, Millis, Receipt, UnixMillis, Usage};
use store::{CallFilter, Record, Store, StoreError};

/// How often records are looked through.
const EVERY: Duration = Duration::from_secs(60);
/// A call may last a little longer than the longest call: goodbyes take time.
const GRACE: Millis = Millis(60_000);

/// Looks through the records for as long as the server runs.
pub(crate) async fn watch(store: Arc<dyn Store>, clock: Arc<dyn Clock>, longest: Millis) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match settle(&*store, clock.now(), longest).await {
            Ok(0) => {}
            Ok(calls) => tracing::warn!(calls, "calls of a server that died were ended"),
            Err(error) => tracing::warn!(%error, "records cannot be looked through"),
        }
    }
}

/// Ends the calls that began too long ago to go on. Returns how many there were.
async fn settle(store: &dyn Store, now: UnixMillis, longest: Millis) -> Result<usize, StoreError> {
    let oldest = i64::try_from((longest + GRACE).0).unwrap_or(i64::MAX);
    let open_since = Some(UnixMillis(now.0.saturating_sub(oldest)));
    let filter = CallFilter {
        limit: CallFilter::MOST,
        open_since,
        ..CallFilter::default()
    };
    let mut settled = 0;
    loop {
        let lost = store.calls(&filter).await?;
        if lost.is_empty() {
            return Ok(settled);
        }
        let mut ends = Vec::with_capacity(lost.len());
        for call in &lost {
            let turns = store
                .call(call.begun.id)
                .await?
                .map(|whole| whole.turns)
                .unwrap_or_default();
            // The last that is known of it.
            let lasted = turns.last().map_or(Millis::ZERO, |turn| turn.at);
            let ended = CallEnded {
                id: call.begun.id,
                at: now,
                duration: lasted,
                reason: EndReason::NodeLost,
                error: Some("the server stopped while the call went on".to_owned()),
                barge_ins: 0,
                usage: Usage::default(),
                cost: Cost {
                    known: call.spent,
                    ..Cost::UNKNOWN
                },
                speculation_cost: Cost::UNKNOWN,
            };
            ends.push(Record::Ended {
                ended,
                receipt: Receipt::default(),
            });
        }
        settled += ends.len();
        store.write(&ends).await?;
    }
}

#[cfg(test)]
mod tests {
    use domain::{CallBegun, CallId, Direction, Micros, Party, Transport};
    use store::Memory;

    use super::*;

    fn begun(id: u8, at: i64) -> Record {
        Record::Begun(CallBegun {
            id: CallId::new(1, [id; 10]),
            tenant: "acme".parse().expect("a name"),
            agent: "anna".parse().expect("a name"),
            transport: Transport::TwilioStream,
            direction: Direction::Inbound,
            carrier_call: None,
            from: Party::Hidden,
            to: Party::Hidden,
            at: UnixMillis(at),
        })
    }

    #[tokio::test]
    async fn only_calls_that_cannot_go_on_are_ended() {
        let store = Memory::default();
        let spent = Record::Spent {
            call: CallId::new(1, [1; 10]),
            so_far: Micros(700),
        };
        store
            .write(&[begun(1, 0), spent, begun(2, 950_000)])
            .await
            .expect("written");
        let now = UnixMillis(1_000_000);
        assert_eq!(settle(&store, now, Millis(600_000)).await.expect("read"), 1);
        assert_eq!(settle(&store, now, Millis(600_000)).await.expect("read"), 0);
        let lost = store
            .call(CallId::new(1, [1; 10]))
            .await
            .expect("read")
            .expect("kept");
        let ended = lost.call.ended.expect("an end");
        assert_eq!(ended.reason, EndReason::NodeLost);
        assert_eq!(
            ended.cost.to_string(),
            "$0.000700 and what has no known price"
        );
        assert!(
            ended.speculation_cost.partly,
            "nobody says that it was free"
        );
        let live = store
            .call(CallId::new(1, [2; 10]))
            .await
            .expect("read")
            .expect("kept");
        assert_eq!(live.call.ended, None);
    }
}
