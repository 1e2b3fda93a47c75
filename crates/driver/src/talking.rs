mod ask;
mod bills;
mod caller;
mod conversation;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{Millis, ModelName, ReplyId};
use providers::{
    ProviderError, Verdict,
    realtime::{FromSpeaker, Talk, ToSpeaker},
    tts::ToVoice,
};
use session::{CancelReason, Input, Message, Prompt};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tracing::{info, warn};

use self::{
    bills::Bills,
    caller::Sends,
    conversation::{Conversation, Out},
};
use crate::{
    backoff::{Backoff, Retry},
    connection::{Broken, NobodyListens, until},
    exchange::Commons,
    meters::Job,
    recogniser::Sound,
    stations::{Talkers, Tried},
    tally::Tally,
    voice,
};

/// Orders that may wait for the talker, and for its provider.
pub(crate) const QUEUE: usize = 256;
/// Pieces of the caller's sound that may wait. When it is full the newest is dropped and counted.
pub(crate) const SOUNDS: usize = 64;
/// A lost connection is opened again at once.
pub(crate) const RETRY: Retry = Retry {
    backoff: Backoff {
        least: Duration::ZERO,
        most: Duration::ZERO,
    },
    longest: Duration::ZERO,
    times: 1,
};
/// From losing a connection to having another one. Longer than that the caller does not wait: others
/// carry on.
const BACK_WITHIN: Duration = Duration::from_secs(2);
/// A connection that lasted this long was a good one.
const LIVED: Duration = Duration::from_secs(5);
/// The longest wait for the session to say what a broken reply was to answer.
const ASKS_AGAIN_WITHIN: Duration = Duration::from_millis(300);
/// The longest wait for a tool whose answer the next connection is to know.
const TOOL_WITHIN: Duration = Duration::from_secs(10);
/// The longest wait for the bill of a reply that is cut off by the end of the call.
const LAST_BILL_WITHIN: Duration = Duration::from_millis(300);

/// What the talker is to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// A reply is not wanted any more.
    Cancel {
        reply: ReplyId,
        heard: Millis,
        why: CancelReason,
    },
    /// An exchange is over, and was heard like this.
    Kept {
        caller: String,
        heard: String,
        interrupted: bool,
    },
    /// What the caller has just said or done is no turn.
    NoTurn,
    /// What was said in earlier calls.
    Recalled(Vec<Message>),
    /// Say a line of the agent's own.
    Speak(ToVoice),
    /// The answer of this reply is given up: lines of the agent's own stand in for it.
    StopThinking(ReplyId),
    /// Reply to this.
    Think { reply: ReplyId, prompt: Prompt },
}

/// What comes from the caller.
#[derive(Debug)]
pub(crate) enum FromCaller {
    /// A key of the phone.
    Key,
    Sound(Sound),
}

/// Talks for one call by one model that hears, thinks and speaks. When its connection is lost it
/// opens another one; when that fails too it retires, and whoever thinks and speaks otherwise carries
/// on.
pub(crate) struct Talker {
    pub(crate) stations: Talkers,
    pub(crate) commons: Commons,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) tally: Arc<Tally>,
    /// Who speaks once it has retired.
    pub(crate) voice: mpsc::Sender<voice::Order>,
    pub(crate) retired: Arc<AtomicBool>,
    /// Its provider says when turns are over, and hears the one that goes on.
    pub(crate) ends_turns: Arc<AtomicBool>,
    /// Who thinks then, for metrics.
    pub(crate) stand_in: Option<ModelName>,
}

/// What the talker is told, and by whom.
pub(crate) struct Sources {
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) caller: mpsc::Receiver<FromCaller>,
}

/// One connection, as seen from our side.
struct Open {
    place: usize,
    to: mpsc::Sender<ToSpeaker>,
    begun: Instant,
    /// When it has to stand. `None`: it does, or may take its time.
    by: Option<Instant>,
    /// The call is over, and only a bill is waited for.
    closes: Option<Instant>,
}

/// A way to say something, and what was said there.
struct Talks {
    conversation: Conversation,
    bills: Bills,
    /// The connection takes audio, or did before it was lost.
    stands: bool,
    /// When the next connection has to stand.
    by: Option<Instant>,
    tried: Tried,
}

impl Talker {
    /// Talks until nobody gives orders.
    pub(crate) async fn run(self, prompt: Prompt, mut sources: Sources) {
        let mut talks = Talks {
            conversation: Conversation::new(prompt, self.sends()),
            bills: Bills::new(Arc::clone(&self.tally)),
            stands: false,
            by: None,
            tried: Tried::default(),
        };
        match self.walk(&mut sources, &mut talks).await {
            Broken::CallOver => {}
            Broken::Failed(_) => self.retire(sources, talks.conversation).await,
        }
    }

    /// An agent's models all find the ends of turns, or none does.
    fn sends(&self) -> Sends {
        let mut stations = self.stations.iter();
        if stations.any(|station| !station.settings.turns.is_ours()) {
            Sends::All
        } else {
            Sends::Turns
        }
    }

    /// Walks down the list once.
    async fn walk(&self, sources: &mut Sources, talks: &mut Talks) -> Broken {
        while let Some(place) = self.stations.next(&mut talks.tried) {
            let name = self.stations.name(place);
            match self.stay_with(place, sources, talks).await {
                Broken::CallOver => return Broken::CallOver,
                Broken::Failed(error) => warn!(provider = %name, %error, "talker given up"),
            }
        }
        Broken::Failed(ProviderError::Silent {
            provider: "talker",
            stage: "connect",
            waited: Duration::ZERO,
        })
    }

    /// Talks with one provider until it fails for good: a connection that was lost is opened once
    /// more, and again if it lasted.
    async fn stay_with(&self, place: usize, sources: &mut Sources, talks: &mut Talks) -> Broken {
        let name = self.stations.name(place);
        loop {
            let begun = Instant::now();
            let error = match self.connect(place, sources, talks).await {
                Broken::CallOver => return Broken::CallOver,
                Broken::Failed(error) => error,
            };
            if talks.stands {
                talks.by = None;
            }
            if begun.elapsed() > LIVED {
                talks.tried.worked(place);
            }
            self.stations.failed(&mut talks.tried, place, &error);
            let stood = talks.stands;
            if let Err(broken) = self.lost(sources, talks).await {
                return broken;
            }
            talks.by.get_or_insert_with(|| Instant::now() + BACK_WITHIN);
            let mut verdict = error.verdict();
            if stood && verdict == Verdict::SwitchProvider {
                // It worked a moment ago: another connection may.
                verdict = Verdict::Retry;
            }
            // Where the breaker has opened, a model and a voice are there in its place.
            if self.stations.rests(place)
                || self
                    .stations
                    .retry(&mut talks.tried, place, verdict)
                    .is_none()
            {
                return Broken::Failed(error);
            }
            info!(provider = %name, %error, "connection lost, calling again");
        }
    }

    /// A connection is gone. The next one is to know what the reply that broke was to answer.
    async fn lost(&self, sources: &mut Sources, talks: &mut Talks) -> Result<(), Broken> {
        let talk = &mut talks.conversation;
        let mut out = Out::default();
        let tools_run = talk.awaits_tools();
        self.ends_turns.store(false, Ordering::SeqCst);
        talk.lost(&mut out);
        talks.bills.lost();
        let asks_again = !out.tell.is_empty();
        self.tell(&mut out).await?;
        let patience = if asks_again {
            ASKS_AGAIN_WITHIN
        } else if tools_run {
            TOOL_WITHIN
        } else {
            Duration::ZERO
        };
        let waiting = async {
            loop {
                tokio::select! {
                    biased;
                    Some(heard) = sources.caller.recv() => talk.miss(&heard),
                    order = sources.orders.recv() => {
                        let order = order.ok_or(Broken::CallOver)?;
                        let is_awaited = matches!(order, Order::Think { .. } | Order::Cancel { .. });
                        talks.bills.order(&order);
                        talk.order(order, &mut out);
                        self.tell(&mut out).await?;
                        if is_awaited {
                            return Ok::<(), Broken>(());
                        }
                    }
                }
            }
        };
        match timeout(patience, waiting).await {
            Ok(result) => result?,
            Err(_late) => {}
        }
        while let Ok(heard) = sources.caller.try_recv() {
            talk.miss(&heard);
        }
        Ok(())
    }

    /// One connection, from opening to its end.
    async fn connect(&self, place: usize, sources: &mut Sources, talks: &mut Talks) -> Broken {
        let station = &self.stations[place];
        let _probe = self.stations.probe(place);
        talks.stands = false;
        let (to, given) = mpsc::channel(QUEUE * 2);
        let (tell, mut told) = mpsc::channel(64);
        let mut open = Open {
            place,
            to,
            begun: Instant::now(),
            by: talks.by,
            closes: None,
        };
        let talk = Talk {
            prompt: talks.conversation.connecting(),
            settings: Arc::clone(&station.settings),
        };
        let connection = station.provider.talk(talk, given, tell);
        tokio::pin!(connection);
        let mut out = Out::default();
        loop {
            if let Err(broken) = self.carry_out(&mut out, &mut open, talks).await {
                return broken;
            }
            let clear_at = talks.conversation.clear_at();
            tokio::select! {
                biased;
                Some(event) = told.recv() => {
                    if let Err(broken) = self.take(event, &mut open, talks, &mut out).await {
                        return broken;
                    }
                }
                result = &mut connection => {
                    // What it said with its last breath is still in the channel.
                    while let Ok(event) = told.try_recv() {
                        if let Err(broken) = self.take(event, &mut open, talks, &mut out).await {
                            return broken;
                        }
                    }
                    return result.into();
                }
                Some(heard) = sources.caller.recv(), if open.closes.is_none() => {
                    talks.conversation.hear(heard, &mut out);
                }
                order = sources.orders.recv(), if open.closes.is_none() => match order {
                    Some(order) => {
                        talks.bills.order(&order);
                        talks.conversation.order(order, &mut out);
                    }
                    None => {
                        talks.conversation.hang_up(&mut out);
                        open.closes = Some(Instant::now() + LAST_BILL_WITHIN);
                    }
                },
                () = until(clear_at) => talks.conversation.clear(&mut out),
                () = until(open.by) => return Broken::Failed(late(open.begun)),
                () = until(open.closes) => return Broken::CallOver,
            }
        }
    }

    /// Sends and tells what there is, and gives the provider what is to be said next.
    async fn carry_out(
        &self,
        out: &mut Out,
        open: &mut Open,
        talks: &mut Talks,
    ) -> Result<(), Broken> {
        talks.conversation.give_next(out);
        self.ends_turns
            .store(talks.conversation.ends_turns(), Ordering::SeqCst);
        for order in out.send.drain(..) {
            if let Some(reply) = asked_for(&order) {
                talks.bills.asked(reply);
            }
            let is_sound = matches!(order, ToSpeaker::Audio(_));
            if open.to.try_send(order).is_ok() {
                continue;
            }
            self.commons.meters.dropped("talker", "full");
            if !is_sound {
                return Err(Broken::Failed(late(open.begun)));
            }
        }
        self.tell(out).await?;
        if open.closes.is_some() && !talks.bills.is_owed() {
            return Err(Broken::CallOver);
        }
        Ok(())
    }

    async fn take(
        &self,
        event: FromSpeaker,
        open: &mut Open,
        talks: &mut Talks,
        out: &mut Out,
    ) -> Result<(), Broken> {
        match &event {
            FromSpeaker::Ready => {
                open.by = None;
                talks.stands = true;
                self.tally.works(Job::Talk, open.place);
            }
            FromSpeaker::Consumed(usage) => talks.bills.consumed(open.place, usage),
            FromSpeaker::Done { reply, usage } => {
                self.stations.succeeded(open.place);
                talks.bills.done(open.place, *reply, usage);
            }
            FromSpeaker::Dropped(reply) => talks.bills.dropped(*reply),
            FromSpeaker::Failed {
                reply,
                error,
                usage,
            } => {
                // That ends the connection, and is counted there.
                if !error.verdict().is_for_good() {
                    self.stations
                        .failed(&mut Tried::default(), open.place, error);
                }
                talks.bills.done(open.place, *reply, usage);
            }
            FromSpeaker::Audio { reply, .. } => {
                if let Some(after) = talks.conversation.first_sound(*reply) {
                    self.stations.answers(open.place, after);
                }
            }
            FromSpeaker::SpeechStarted { .. }
            | FromSpeaker::SpeechStopped { .. }
            | FromSpeaker::Text { .. }
            | FromSpeaker::Tool { .. }
            | FromSpeaker::TurnEnded
            | FromSpeaker::Words { .. } => {}
        }
        talks
            .conversation
            .told(event, out)
            .map_err(Broken::Failed)?;
        Ok(self.tell(out).await?)
    }

    async fn tell(&self, out: &mut Out) -> Result<(), NobodyListens> {
        for input in out.tell.drain(..) {
            self.mailbox.send(input).await.map_err(|_| NobodyListens)?;
        }
        Ok(())
    }

    /// Nobody talks any more: what is owed goes to those who think and speak.
    async fn retire(&self, mut sources: Sources, mut talk: Conversation) {
        warn!("nobody talks any more, model and voice carry on");
        if let (Some(station), Some(model)) = (self.stations.iter().last(), &self.stand_in) {
            self.commons.meters.fell_back(&station.name, model);
        }
        self.retired.store(true, Ordering::SeqCst);
        sources.caller.close();
        let mut out = Out::default();
        talk.retire(&mut out);
        loop {
            for order in out.speak.drain(..) {
                let failed = voice::give(&self.voice, order, &self.commons.meters);
                out.tell.extend(failed);
            }
            if self.tell(&mut out).await.is_err() {
                return;
            }
            match sources.orders.recv().await {
                Some(order) => talk.pass_on(order, &mut out),
                None => return,
            }
        }
    }
}

/// The reply that an order asks for, if it does.
fn asked_for(order: &ToSpeaker) -> Option<ReplyId> {
    match order {
        ToSpeaker::Commit { reply, .. }
        | ToSpeaker::Respond { reply, .. }
        | ToSpeaker::Say { reply, .. } => Some(*reply),
        ToSpeaker::Audio(_)
        | ToSpeaker::Cancel { .. }
        | ToSpeaker::Clear
        | ToSpeaker::Recall(_)
        | ToSpeaker::Stop(_)
        | ToSpeaker::ToolAnswered { .. } => None,
    }
}

/// It does not stand in time, or takes nothing.
fn late(since: Instant) -> ProviderError {
    ProviderError::Silent {
        provider: "talker",
        stage: "session",
        waited: since.elapsed(),
    }
}

#[cfg(test)]
mod tests;
