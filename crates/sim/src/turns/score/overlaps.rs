use std::collections::BTreeMap;

use domain::Millis;

use super::{Place, Samples};
use crate::turns::{
    bounds::{AFTERMATH, END_EDGE},
    world::{OverSound, Seen, Sounded},
};

/// What became of sounds over the agent's voice.
#[derive(Clone, Debug, Default)]
pub struct OverlapScore {
    /// From the beginning of an interruption to the agent's voice becoming quieter, or stopping.
    pub ducked: Samples,
    /// From the beginning of an interruption to the order to stop.
    pub silent: Samples,
    /// The same, for one word.
    pub silent_for_stops: Samples,
    /// 1 for an interruption that the agent did not give way to, else 0.
    pub not_yielded: Samples,
    /// 1 for a sound that the agent gave way to and need not have, by what it was, else 0.
    pub wrongly_yielded: BTreeMap<Sounded, Samples>,
    /// From the end of a false alarm to the voice as it was.
    pub restored: Samples,
}

/// Whoever has to wait longer for silence was not given way to.
const PATIENCE: Millis = Millis(2_500);

impl OverlapScore {
    /// Adds what was seen in one call.
    pub fn add(&mut self, call: usize, seen: &Seen) {
        for over in &seen.overs {
            if over.left <= END_EDGE {
                continue;
            }
            let place = Place {
                call,
                from: over.from - Millis(300),
                until: over.until + Millis(2_000),
            };
            match over.kind {
                Sounded::Interruption | Sounded::Keys | Sounded::Stop => {
                    self.real(over, seen, place);
                }
                Sounded::Backchannel | Sounded::Background | Sounded::Noise | Sounded::SideTalk => {
                    self.false_alarm(over, seen, place)
                }
            }
        }
    }

    fn real(&mut self, over: &OverSound, seen: &Seen, place: Place) {
        let until = over.until.or_later(over.from + PATIENCE);
        let within = |at: Millis| at >= over.from && at <= until;
        let first = |list: &[(Millis, domain::ReplyId)]| {
            list.iter().map(|(at, _)| *at).find(|at| within(*at))
        };
        let silent = first(&seen.silences);
        let ducked = first(&seen.ducks).into_iter().chain(silent).min();
        self.not_yielded.add(u64::from(silent.is_none()), place);
        if let Some(at) = ducked {
            self.ducked.add((at - over.from).0, place);
        }
        let Some(at) = silent else { return };
        match over.kind {
            Sounded::Stop => self.silent_for_stops.add((at - over.from).0, place),
            Sounded::Backchannel
            | Sounded::Background
            | Sounded::Interruption
            | Sounded::Keys
            | Sounded::Noise
            | Sounded::SideTalk => {}
        }
        self.silent.add((at - over.from).0, place);
    }

    fn false_alarm(&mut self, over: &OverSound, seen: &Seen, place: Place) {
        let until = over.until + AFTERMATH;
        let within = |at: Millis| at >= over.from && at <= until;
        let yielded = seen.silences.iter().any(|(at, _)| within(*at));
        self.wrongly_yielded
            .entry(over.kind)
            .or_default()
            .add(u64::from(yielded), place);
        let ducked = seen.ducks.iter().find(|(at, _)| within(*at));
        let Some((ducked, reply)) = ducked.filter(|_| !yielded) else {
            return;
        };
        let restored = seen
            .restores
            .iter()
            .find(|(at, which)| which == reply && at > ducked);
        let ended = seen
            .audible
            .iter()
            .filter(|stretch| stretch.reply == *reply)
            .map(|stretch| stretch.until)
            .max();
        // A voice that came to its end while it was quiet has nothing to restore.
        let at = restored.map(|(at, _)| *at).or(ended);
        if let Some(at) = at {
            self.restored.add((at - over.until).0, place);
        }
    }
}
