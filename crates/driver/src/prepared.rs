use std::{collections::BTreeSet, sync::Arc};

use providers::tts::ToVoice;
use session::Input;
use tokio::{sync::mpsc, task::JoinSet};
use tracing::Instrument;

use crate::{
    agent::Agent,
    exchange::Commons,
    recogniser::{self, Recogniser},
    tally::Tally,
    voice::{self, Speaker},
};

/// Inputs that may wait. Whoever is faster than the session waits for it.
const MAILBOX: usize = 256;

/// A call that still rings: its recogniser and its voice are connected, its model is warm.
///
/// Dropping it hangs up on all of them.
pub struct Prepared {
    pub(crate) agent: Arc<Agent>,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) inputs: mpsc::Receiver<Input>,
    pub(crate) recogniser: mpsc::Sender<recogniser::Order>,
    pub(crate) voice: mpsc::Sender<ToVoice>,
    pub(crate) tasks: JoinSet<()>,
    pub(crate) tally: Arc<Tally>,
}

impl Prepared {
    /// Opens everything that a call with this agent will need.
    pub(crate) fn open(
        agent: &Arc<Agent>,
        commons: &Commons,
        own_lines: Arc<BTreeSet<String>>,
    ) -> Self {
        let (mailbox, inputs) = mpsc::channel(MAILBOX);
        let (recogniser, heard) = mpsc::channel(recogniser::QUEUE);
        let (voice, orders) = mpsc::channel(voice::QUEUE);
        let tally = Arc::new(Tally::of(agent));
        let mut tasks = JoinSet::new();
        let listens = Recogniser {
            stations: agent.listen.clone(),
            commons: commons.clone(),
            mailbox: mailbox.clone(),
            tally: Arc::clone(&tally),
        };
        let speaks = Speaker {
            stations: agent.speak.clone(),
            commons: commons.clone(),
            mailbox: mailbox.clone(),
            tally: Arc::clone(&tally),
            own_lines,
            trimming: voice::Trimming::default(),
        };
        tasks.spawn(listens.run(heard).in_current_span());
        tasks.spawn(speaks.run(orders).in_current_span());
        if let Some(first) = agent.think.first() {
            tasks.spawn(first.provider.warm());
        }
        Self {
            agent: Arc::clone(agent),
            mailbox,
            inputs,
            recogniser,
            voice,
            tasks,
            tally,
        }
    }
}
