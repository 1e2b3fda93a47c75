use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use domain::TurnRecord;
use session::{Input, Message, Prompt, Rules};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tracing::Instrument;

use crate::{
    agent::Agent,
    exchange::Commons,
    meters::Job,
    mouth::Sent,
    recogniser::{self, Recogniser},
    rounds::Rounds,
    stations::Stations,
    talking::{self, FromCaller, Sources, Talker},
    tally::Tally,
    voice::{self, Begins, Bills, Speaker},
};

/// Inputs that may wait. Whoever is faster than the session waits for it.
pub(crate) const MAILBOX: usize = 256;

/// A call that still rings: its recogniser and its voice are connected, its model is warm.
///
/// Dropping it hangs up on all of them.
pub struct Prepared {
    pub(crate) agent: Arc<Agent>,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) inputs: mpsc::Receiver<Input>,
    pub(crate) recogniser: mpsc::Sender<recogniser::Order>,
    pub(crate) voice: mpsc::Sender<voice::Order>,
    /// Whoever hears, thinks and speaks in one.
    pub(crate) talker: Option<ToTalker>,
    /// Where it does that. It ends by itself when nobody gives it orders, with its last bill.
    pub(crate) talks_in: JoinSet<()>,
    pub(crate) sent: watch::Sender<Sent>,
    pub(crate) tasks: JoinSet<()>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) rounds: Rounds,
}

/// The way to whoever hears, thinks and speaks in one.
pub(crate) struct ToTalker {
    pub(crate) orders: mpsc::Sender<talking::Order>,
    pub(crate) caller: mpsc::Sender<FromCaller>,
    /// It talks no more: it passes on what is to be spoken, and thinks nothing.
    pub(crate) retired: Arc<AtomicBool>,
}

/// The longest that remembering earlier calls may take.
const RECALL_WITHIN: Duration = Duration::from_secs(2);
/// What a model is told in front of what was said in earlier calls, and behind it.
const EARLIER: &str = "[Not said by anyone: this is from earlier calls of this number.]";
const THIS_CALL: &str = "[Not said by anyone: the call that goes on begins here.]";

impl Prepared {
    /// Has the agent remember earlier calls, once it is known what was said in them. The call does
    /// not wait for it.
    pub fn recall(&mut self, earlier: impl Future<Output = Vec<TurnRecord>> + Send + 'static) {
        let mailbox = self.mailbox.clone();
        // A talker ends when nobody can give it orders, and this may take longer than the call.
        let talker = self.talker.as_ref().map(|talker| talker.orders.downgrade());
        let recalling = async move {
            let turns = tokio::time::timeout(RECALL_WITHIN, earlier).await;
            let turns = turns.unwrap_or_default();
            if turns.is_empty() {
                return;
            }
            let said = turns.into_iter().flat_map(messages);
            let messages = [Message::Note(EARLIER)]
                .into_iter()
                .chain(said)
                .chain([Message::Note(THIS_CALL)]);
            let messages: Vec<_> = messages.collect();
            // Closed queues mean that the call is over, and nobody needs to know.
            if let Some(talker) = talker.and_then(|talker| talker.upgrade()) {
                drop(
                    talker
                        .send(talking::Order::Recalled(messages.clone()))
                        .await,
                );
            }
            drop(mailbox.send(Input::Recalled(messages)).await);
        };
        self.tasks.spawn(recalling.in_current_span());
    }

    /// Opens everything that a call with this agent will need.
    pub(crate) fn open(
        agent: &Arc<Agent>,
        commons: &Commons,
        own_lines: Arc<BTreeSet<String>>,
    ) -> Self {
        let (mailbox, inputs) = mpsc::channel(MAILBOX);
        let (recogniser, heard) = mpsc::channel(recogniser::QUEUE);
        let (voice, orders) = mpsc::channel(voice::QUEUE);
        let (tell_sent, sent) = watch::channel(Sent::default());
        let tally = Arc::new(Tally::of(agent));
        let ends_turns = Arc::<AtomicBool>::default();
        let (mut tasks, mut talks_in) = (JoinSet::new(), JoinSet::new());
        let (ears, voices) = (agent.listen.clone(), agent.speak.clone());
        let listens = Recogniser {
            stations: Stations::new(&agent.id, ears, (Job::Listen, recogniser::RETRY), commons),
            commons: commons.clone(),
            mailbox: mailbox.clone(),
            tally: Arc::clone(&tally),
            only_writes: Arc::clone(&ends_turns),
        };
        let speaks = Speaker {
            stations: Stations::new(&agent.id, voices, (Job::Speak, voice::RETRY), commons),
            commons: commons.clone(),
            mailbox: mailbox.clone(),
            bills: Bills::new(Arc::clone(&tally)),
            own_lines,
            trimming: voice::Trimming::default(),
            begins: if agent.talk.is_empty() {
                Begins::AtOnce
            } else {
                Begins::WhenAsked
            },
            sent,
        };
        tasks.spawn(listens.run(heard).in_current_span());
        tasks.spawn(speaks.run(orders).in_current_span());
        let talker = (!agent.talk.is_empty()).then(|| {
            let talker = Talker {
                stations: Stations::new(
                    &agent.id,
                    agent.talk.clone(),
                    (Job::Talk, talking::RETRY),
                    commons,
                ),
                commons: commons.clone(),
                mailbox: mailbox.clone(),
                tally: Arc::clone(&tally),
                voice: voice.clone(),
                retired: Arc::default(),
                ends_turns,
                stand_in: agent.think.first().map(|station| station.name.clone()),
            };
            talk(talker, &agent.rules, &mut talks_in)
        });
        if let (Some(first), None) = (agent.think.first(), &talker) {
            tasks.spawn(first.provider.warm());
        }
        Self {
            agent: Arc::clone(agent),
            mailbox,
            inputs,
            recogniser,
            voice,
            talker,
            talks_in,
            sent: tell_sent,
            tasks,
            tally,
            rounds: Rounds::default(),
        }
    }
}

fn talk(talker: Talker, rules: &Rules, talks_in: &mut JoinSet<()>) -> ToTalker {
    let (orders, taken) = mpsc::channel(talking::QUEUE);
    let (caller, heard) = mpsc::channel(talking::SOUNDS);
    let retired = Arc::clone(&talker.retired);
    let prompt = Prompt {
        system: Arc::clone(&rules.system),
        messages: Vec::new(),
        may_press: false,
    };
    let sources = Sources {
        orders: taken,
        caller: heard,
    };
    talks_in.spawn(talker.run(prompt, sources).in_current_span());
    ToTalker {
        orders,
        caller,
        retired,
    }
}

/// An exchange of an earlier call, as it was heard.
fn messages(turn: TurnRecord) -> impl Iterator<Item = Message> {
    let caller = Some(turn.caller).filter(|text| !text.is_empty());
    let agent = Some(turn.heard).filter(|text| !text.is_empty());
    let agent = agent.map(|text| Message::Agent {
        text,
        interrupted: turn.interrupted,
        tools: Vec::new(),
    });
    caller.map(Message::Caller).into_iter().chain(agent)
}

#[cfg(test)]
mod tests;
