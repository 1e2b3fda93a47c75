use domain::{OverlapOutcome, TurnRecord};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use session::WaitClass;

use super::names;

/// Seconds of waits and reactions, finest where the presets differ.
const WAITS: [f64; 16] = [
    0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.75, 1.0, 1.25, 1.6, 2.0, 3.0, 5.0,
];

/// How the floor changed hands, counted over all turns.
#[derive(Clone)]
pub(super) struct TakingMeters {
    waits: Family<ClassLabel, Histogram>,
    stt_lag: Histogram,
    overlaps: Family<OutcomeLabel, Counter>,
    reactions: Family<OutcomeLabel, Histogram>,
    speculations: Family<ResultLabel, Counter>,
    masks: Counter,
    taken_back: Counter,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ClassLabel {
    class: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ResultLabel {
    result: &'static str,
}

impl Default for TakingMeters {
    fn default() -> Self {
        let histogram = || Histogram::new(WAITS);
        let meters = Self {
            waits: Family::new_with_constructor(histogram),
            stt_lag: histogram(),
            overlaps: Family::default(),
            reactions: Family::new_with_constructor(histogram),
            speculations: Family::default(),
            masks: Counter::default(),
            taken_back: Counter::default(),
        };
        meters.start_at_zero();
        meters
    }
}

impl TakingMeters {
    pub(super) fn register(&self, registry: &mut Registry) {
        let it = self.clone();
        registry.register(
            names::TURN_WAIT,
            "Silence that a turn was given, by class of its last words",
            it.waits,
        );
        registry.register(
            names::STT_LAG,
            "From the last sound of a turn until its words were known",
            it.stt_lag,
        );
        registry.register(
            names::OVERLAPS,
            "Callers' sounds over the agent's words, by what they came to",
            it.overlaps,
        );
        registry.register(
            names::REACTION,
            "From the beginning of such a sound to the decision",
            it.reactions,
        );
        registry.register(
            names::SPECULATIONS,
            "Replies begun before the turn was surely over",
            it.speculations,
        );
        registry.register(
            names::MASKS,
            "Openers and fillers that covered a wait",
            it.masks,
        );
        registry.register(
            names::TAKEN_BACK,
            "Turns taken too soon, and given back before three words of the answer were heard",
            it.taken_back,
        );
    }

    /// Known label sets exist from the start, so that rates work from the first event.
    fn start_at_zero(&self) {
        for class in WaitClass::ALL.into_iter().filter(|class| has_wait(*class)) {
            drop(self.waits.get_or_create(&of_class(class)));
        }
        for outcome in OverlapOutcome::ALL {
            drop(self.overlaps.get_or_create(&of(outcome)));
            drop(self.reactions.get_or_create(&of(outcome)));
        }
        for result in ["paid_off", "discarded"] {
            drop(self.speculations.get_or_create(&ResultLabel { result }));
        }
    }

    /// Counts what one exchange tells.
    pub(super) fn count(&self, turn: &TurnRecord) {
        let taking = &turn.taking;
        if let Some(class) = WaitClass::named(&turn.ended_by).filter(|class| has_wait(*class)) {
            self.waits
                .get_or_create(&of_class(class))
                .observe(taking.waited.seconds());
        }
        if let Some(lag) = taking.stt_lag {
            self.stt_lag.observe(lag.seconds());
        }
        for overlap in &taking.overlaps {
            self.overlaps.get_or_create(&of(overlap.outcome)).inc();
            self.reactions
                .get_or_create(&of(overlap.outcome))
                .observe(overlap.after.seconds());
        }
        let discarded = u64::from(taking.discarded());
        for (result, count) in [
            ("paid_off", u64::from(taking.paid_off)),
            ("discarded", discarded),
        ] {
            self.speculations
                .get_or_create(&ResultLabel { result })
                .inc_by(count);
        }
        self.masks.inc_by(u64::from(taking.masks));
        self.taken_back.inc_by(u64::from(taking.taken_back));
    }
}

/// Keys have a pause of their own, and no silence before it.
fn has_wait(class: WaitClass) -> bool {
    class != WaitClass::Keys
}

fn of_class(class: WaitClass) -> ClassLabel {
    ClassLabel {
        class: class.as_str(),
    }
}

fn of(outcome: OverlapOutcome) -> OutcomeLabel {
    OutcomeLabel {
        outcome: outcome.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use domain::{Millis, Overlap, TurnTaking};
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn keys_have_no_silence_to_count() {
        let mut registry = Registry::default();
        let meters = TakingMeters::default();
        meters.register(&mut registry);
        meters.count(&TurnRecord {
            ended_by: "keys".to_owned(),
            ..TurnRecord::default()
        });
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(!text.contains("class=\"keys\""), "{text}");
    }

    #[test]
    fn a_turn_is_counted_by_how_the_floor_changed_hands() {
        let mut registry = Registry::default();
        let meters = TakingMeters::default();
        meters.register(&mut registry);
        meters.count(&TurnRecord {
            ended_by: "number".to_owned(),
            taking: TurnTaking {
                waited: Millis(1_200),
                speculations: 3,
                paid_off: true,
                masks: 1,
                overlaps: vec![Overlap {
                    at: Millis(900),
                    said: "uh-huh".to_owned(),
                    outcome: OverlapOutcome::Backchannel,
                    after: Millis(380),
                }],
                ..TurnTaking::default()
            },
            ..TurnRecord::default()
        });
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "repartee_turn_wait_seconds_count{class=\"number\"} 1",
            "repartee_turn_wait_seconds_count{class=\"filler\"} 0",
            "repartee_stt_lag_seconds_count 0",
            "repartee_overlaps_total{outcome=\"backchannel\"} 1",
            "repartee_overlap_reaction_seconds_bucket{le=\"0.4\",outcome=\"backchannel\"} 1",
            "repartee_speculations_total{result=\"discarded\"} 2",
            "repartee_speculations_total{result=\"paid_off\"} 1",
            "repartee_masks_total 1",
            "repartee_turns_taken_back_total 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
