//! An agent's own lines, made before anyone calls, and what that costs.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use domain::{Item, Purpose, Receipt};
use providers::tts::{TextToSpeech, Voice};
use tracing::{info, warn};

use super::{Exchange, lock};
use crate::{
    agent::{Agent, Station},
    voice,
};

/// The longest that making an agent's own lines may take.
const REHEARSAL: Duration = Duration::from_secs(20);

impl Exchange {
    /// Shows an agent's providers, and makes its own lines ready to be played.
    ///
    /// Without it everything works, but the first greeting is made while the caller waits.
    pub async fn rehearse(&self, agent: &Agent) {
        agent.watch(&self.commons.breakers);
        // The first ear unpacks the network's weights: better now than while somebody calls.
        drop(audio::Hearing::new(agent.ear));
        let Some(station) = agent.speak.first() else {
            return;
        };
        // The greeting comes first: the phone may ring at any moment.
        let lines = agent.rules.spoken_lines();
        let bill = Bill {
            exchange: self,
            agent,
            station,
            characters: AtomicU64::new(0),
        };
        let rehearsal = voice::rehearse(station, &self.commons, &lines, &bill.characters);
        match tokio::time::timeout(REHEARSAL, rehearsal).await {
            Ok(0) => info!(agent = %agent.id, lines = lines.len(), "own lines are ready"),
            Ok(missing) => warn!(agent = %agent.id, missing, "own lines will be made during calls"),
            Err(_) => warn!(agent = %agent.id, "own lines took too long to make"),
        }
    }
}

/// What one rehearsal consumes. Dropping it settles it, however far the rehearsal came. No tenant's
/// purse pays: nobody has called.
struct Bill<'e> {
    exchange: &'e Exchange,
    agent: &'e Agent,
    station: &'e Station<dyn TextToSpeech, Voice>,
    characters: AtomicU64,
}

impl Drop for Bill<'_> {
    fn drop(&mut self) {
        let characters = self.characters.load(Ordering::Relaxed);
        if characters == 0 {
            return;
        }
        let (voice, prices) = (&self.station.name, &self.agent.prices);
        let charge = prices.charge(voice, Item::Speech, Purpose::Rehearsal, characters);
        let receipt = Receipt(vec![charge]);
        lock(&self.exchange.totals).receipt.add(&receipt);
        self.exchange.commons.meters.paid(&receipt);
    }
}
