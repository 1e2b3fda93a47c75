mod closing;
mod rounds;
mod sounds;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{CallBegun, Millis, ReplyId, TurnRecord};
use providers::tts::ToVoice;
use session::{Action, CancelReason, Input, OverlapMode, Prompt, ToolRun};
use store::Record;
use tokio::{
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinSet},
    time::Instant,
};
use tracing::{Instrument, info};
use transports::{LineReader, LineWriter};

use crate::{
    agent::Agent,
    call::Answered,
    draft::Draft,
    ear::{Ear, Outlets},
    exchange::{Commons, Shared},
    meters::Job,
    mouth::{self, Mouth, ToMouth},
    prepared::{Prepared, ToTalker},
    recogniser,
    rounds::{Rounds, Sheet},
    stations::Stations,
    talking,
    tally::Tally,
    thinking::{self, Thinking},
    tools::ToolRequest,
    voice,
};

/// The longest that a tool may take.
const TOOL_DEADLINE: Duration = Duration::from_secs(8);
/// How often the cost of a call is looked at.
pub(crate) const COUNT_MONEY_EVERY: Millis = Millis(1_000);

/// What carries out the decisions about one call. Nothing here awaits: it sends, spawns, aborts.
pub(crate) struct Hands {
    shared: Shared,
    commons: Commons,
    agent: Arc<Agent>,
    begun: CallBegun,
    mailbox: mpsc::Sender<Input>,
    recogniser: mpsc::Sender<recogniser::Order>,
    voice: mpsc::Sender<voice::Order>,
    talker: Option<ToTalker>,
    talks_in: JoinSet<()>,
    /// How much the caller heard of the reply that fell silent last.
    silenced: Option<(ReplyId, Millis)>,
    mouth: mpsc::Sender<ToMouth>,
    rounds: Rounds,
    /// Where the carrier speaks by itself: what it is to say.
    pub(crate) sheet: Option<Sheet>,
    /// The ear sees it when it next hears something.
    hear_less: Arc<AtomicBool>,
    /// Everything that runs for this call; it ends with the call.
    pub(crate) tasks: JoinSet<()>,
    /// Replies being written.
    pub(crate) thoughts: JoinSet<()>,
    tally: Arc<Tally>,
    thinking: BTreeMap<ReplyId, Thought>,
    /// Inputs that the driver itself owes the session; they come first.
    pub(crate) own: VecDeque<Input>,
    pub(crate) barge_ins: u32,
    /// When the cost is looked at next.
    next_count: Millis,
    /// The task that listens, and the one that speaks.
    ear: AbortHandle,
    closed: AbortHandle,
}

impl Hands {
    /// Takes over a prepared call: from now on the line is listened to and can be spoken on.
    pub(crate) fn take<R: LineReader + 'static, W: LineWriter + 'static>(
        (shared, commons): (Shared, Commons),
        call: Answered<R, W>,
        answered: Instant,
    ) -> (Box<Self>, mpsc::Receiver<Input>) {
        let Answered {
            prepared,
            begun,
            line: (reader, writer),
        } = call;
        let Prepared {
            agent,
            mailbox,
            inputs,
            recogniser,
            voice,
            talker,
            talks_in,
            sent,
            mut tasks,
            tally,
            rounds,
        } = prepared;
        let (first_frame, greeted) = oneshot::channel();
        let (mouth, orders) = mpsc::channel(mouth::ORDERS);
        let hear_less = Arc::<AtomicBool>::default();
        let (to_ear, ear_orders) = mpsc::channel(mouth::EAR_ORDERS);
        // Only a voice that pauses ever repeats the word that was cut.
        let again = match agent.rules.overlap.mode {
            OverlapMode::Pause => mouth::MOST_AGAIN,
            OverlapMode::Duck { .. } | OverlapMode::Ignore => Millis::ZERO,
        };
        let meters = Arc::clone(&commons.meters);
        let speaks = Mouth::new(writer, (to_ear, sent), meters, first_frame, again);
        let closed = tasks.spawn(speaks.run(orders).in_current_span());
        let outlets = Outlets {
            recogniser: recogniser.clone(),
            talker: talker.as_ref().map(|talker| talker.caller.clone()),
            mailbox: mailbox.clone(),
            meters: Arc::clone(&commons.meters),
        };
        let ear = Ear::new(
            (reader, ear_orders, Arc::clone(&hear_less)),
            (agent.ear, agent.quiet_after()),
            answered,
            outlets,
        );
        let ear = tasks.spawn(ear.run().in_current_span());
        let mut hands = Box::new(Self {
            shared,
            commons,
            agent,
            begun,
            mailbox,
            recogniser,
            voice,
            talker,
            talks_in,
            silenced: None,
            mouth,
            rounds,
            sheet: None,
            hear_less,
            tasks,
            thoughts: JoinSet::new(),
            tally,
            thinking: BTreeMap::new(),
            own: VecDeque::new(),
            barge_ins: 0,
            next_count: Millis::ZERO,
            ear,
            closed,
        });
        hands.time_greeting(answered, greeted);
        (hands, inputs)
    }

    pub(crate) fn carry_out(&mut self, action: Action) {
        match action {
            Action::Apologise { reply, clause } => self.apologise(reply, clause),
            Action::Cancel { reply, why } => self.cancel(reply, why),
            Action::Commit { reply, .. } => self.commit(reply),
            Action::Duck { reply, db } => self.tell_mouth(ToMouth::Duck { reply, db }),
            Action::Finalize => {
                recogniser::finalize(&self.recogniser, &mut self.tasks, &self.commons.meters);
            }
            Action::HearLess => self.hear_less.store(true, Ordering::Relaxed),
            Action::HangUp(_) => self.tell_mouth(ToMouth::Close),
            Action::Note(note) => self.commons.meters.note(note.as_str()),
            Action::Pause(reply) => self.tell_mouth(ToMouth::Pause(reply)),
            Action::Play(play) => self.tell_mouth(ToMouth::Play(play)),
            Action::Press {
                reply,
                clause,
                text,
            } => self.press(reply, clause, &text),
            Action::Record(turn) => self.record(turn),
            Action::Restore(reply) => {
                self.tell_mouth(ToMouth::Restore(reply));
                self.tell_talker(talking::Order::NoTurn);
            }
            Action::Resume { reply, again } => {
                self.tell_mouth(ToMouth::Resume { reply, again });
                self.tell_talker(talking::Order::NoTurn);
            }
            Action::RunTool(tool) => self.run_tool(tool),
            Action::Silence { reply, heard } => {
                self.silenced = Some((reply, heard));
                self.tell_mouth(ToMouth::Silence);
            }
            Action::Speak {
                reply,
                clause,
                text,
            } => {
                let order = ToVoice::Say {
                    reply,
                    clause,
                    text,
                };
                self.tell_voice(order);
            }
            Action::SpeakEnd(reply) => self.tell_voice(ToVoice::End(reply)),
            Action::StopThinking(reply) => self.stop_thinking(reply),
            Action::TakeRounds(missing) => self.take_rounds(missing),
            Action::Think { reply, prompt } => self.think(reply, prompt),
        }
    }

    /// Whether one model hears, thinks and speaks. Where it does, replies are ordered of it.
    fn talks(&self) -> bool {
        let talker = self.talker.as_ref();
        talker.is_some_and(|talker| !talker.retired.load(Ordering::SeqCst))
    }

    fn think(&mut self, reply: ReplyId, prompt: Prompt) {
        if self.talks() {
            return self.tell_talker(talking::Order::Think { reply, prompt });
        }
        // A reply may take several requests: the tools answered, or a model broke off.
        let draft = match self.thinking.get(&reply) {
            Some(thought) => Arc::clone(&thought.draft),
            None => {
                let models = self.agent.think.len();
                Arc::new(Draft::new(Arc::clone(&self.tally), models))
            }
        };
        let models = self.agent.think.clone();
        let thinking = Thinking {
            stations: Stations::new(
                &self.agent.id,
                models,
                (Job::Think, thinking::RETRY),
                &self.commons,
            ),
            mailbox: self.mailbox.clone(),
            draft: Arc::clone(&draft),
            reply,
        };
        let task = self.thoughts.spawn(thinking.run(prompt).in_current_span());
        let before = self.thinking.get(&reply);
        let committed = before.is_some_and(|thought| thought.committed);
        let thought = Thought {
            task,
            draft,
            committed,
        };
        self.thinking.insert(reply, thought);
    }

    fn cancel(&mut self, reply: ReplyId, why: CancelReason) {
        if let Some(thought) = self.thinking.remove(&reply) {
            thought.task.abort();
            let for_nothing = match why {
                CancelReason::Resumed | CancelReason::Stale => true,
                CancelReason::BargeIn
                | CancelReason::CallOver
                | CancelReason::CutIn
                | CancelReason::Failed => !thought.committed,
            };
            if for_nothing {
                thought.draft.discard();
                // A voice that takes no orders has failed, and is told so with the next words.
                drop(self.voice.try_send(voice::Order::TooSoon(reply)));
            }
        }
        if let Some(sheet) = &mut self.sheet {
            return sheet.take(ToVoice::Cancel(reply));
        }
        if self.talker.is_none() {
            return drop(self.voice.try_send(ToVoice::Cancel(reply).into()));
        }
        let silenced = self.silenced.take_if(|(silenced, _)| *silenced == reply);
        let heard = silenced.map_or(Millis::ZERO, |(_, heard)| heard);
        self.tell_talker(talking::Order::Cancel { reply, heard, why });
    }

    fn stop_thinking(&mut self, reply: ReplyId) {
        // It may turn out yet that it was begun too soon.
        if let Some(thought) = self.thinking.get(&reply) {
            thought.task.abort();
        }
        self.tell_talker(talking::Order::StopThinking(reply));
    }

    /// This reply is to be heard; older ones that were written to their end are of no interest to
    /// anyone.
    fn commit(&mut self, reply: ReplyId) {
        if let Some(thought) = self.thinking.get_mut(&reply) {
            thought.committed = true;
        }
        self.thinking
            .retain(|id, thought| *id >= reply || !thought.task.is_finished());
    }

    /// A talker that takes no orders has lost the call.
    fn tell_talker(&mut self, order: talking::Order) {
        let Some(talker) = &self.talker else {
            return;
        };
        if talker.orders.try_send(order).is_err() {
            self.commons.meters.dropped("talker", "full");
            self.own.push_back(Input::LineLost);
        }
    }

    fn tell_voice(&mut self, order: ToVoice) {
        if let Some(sheet) = &mut self.sheet {
            return sheet.take(order);
        }
        if self.talker.is_some() {
            return self.tell_talker(talking::Order::Speak(order));
        }
        let failed = voice::give(&self.voice, order, &self.commons.meters);
        self.own.extend(failed);
    }

    /// A mouth that takes no orders is a line that takes no audio.
    fn tell_mouth(&mut self, order: ToMouth) {
        if self.sheet.is_some() {
            // It is closed.
            return;
        }
        if self.mouth.try_send(order).is_err() {
            self.commons.meters.dropped("mouth", "full");
            self.own.push_back(Input::LineLost);
        }
    }

    fn run_tool(&mut self, tool: ToolRun) {
        let ToolRun {
            run,
            name,
            arguments,
        } = tool;
        let request = ToolRequest {
            call: self.begun.id,
            tenant: self.begun.tenant.clone(),
            caller: self.begun.from.clone(),
            name,
            arguments,
        };
        let answer = self.shared.tools.run(request);
        let mailbox = self.mailbox.clone();
        let task = async move {
            let output = tokio::time::timeout(TOOL_DEADLINE, answer)
                .await
                .unwrap_or_else(|_| r#"{"error":"the tool did not answer in time"}"#.to_owned());
            // A closed mailbox means that the call is over, and nobody needs to know.
            drop(mailbox.send(Input::ToolAnswered { run, output }).await);
        };
        self.tasks.spawn(task.in_current_span());
    }

    fn record(&mut self, mut turn: Box<TurnRecord>) {
        self.barge_ins += u32::from(turn.interrupted);
        if turn.interrupted {
            self.commons.meters.barge_ins.inc();
        }
        if let Some(gap) = turn.gap.filter(|_| !turn.heard.is_empty()) {
            self.commons.meters.turn_answered(&gap);
            let [transcribe_ms, wait_ms, think_ms, speak_ms, send_ms] =
                gap.parts().map(|part| part.0);
            info!(
                turn = turn.number,
                total_ms = gap.total().0,
                transcribe_ms,
                wait_ms,
                think_ms,
                speak_ms,
                send_ms,
                ended_by = turn.ended_by,
                interrupted = turn.interrupted,
                "turn answered"
            );
        }
        self.tell_talker(talking::Order::Kept {
            caller: turn.caller.clone(),
            heard: turn.heard.clone(),
            interrupted: turn.interrupted,
        });
        self.commons.meters.turn_recorded(&turn);
        turn.providers = self.tally.names();
        // Should this process die, it is known what the call has cost.
        let so_far = self.tally.cost(turn.at, &self.agent.prices);
        let call = self.begun.id;
        self.shared.records.keep(Record::Turn { call, turn });
        self.shared.records.keep(Record::Spent { call, so_far });
    }

    /// Sees what the call has cost, once a second, and tells the session.
    pub(crate) fn count_money(&mut self, lasted: Millis) {
        if lasted < self.next_count {
            return;
        }
        self.next_count = lasted + COUNT_MONEY_EVERY;
        let so_far = self.tally.cost(lasted, &self.agent.prices);
        let cost = self.tally.take(so_far);
        if cost.after > cost.before && self.agent.rules.budget.limit.is_some() {
            self.own.push_back(Input::Spent(so_far));
        }
        let (tenant, now) = (&self.begun.tenant, self.shared.clock.now());
        if cost.after != cost.before {
            self.commons.purses.settle(tenant, now, cost);
        }
        // Other calls may have emptied the purse.
        let Some(budget) = self.agent.budget_per_day else {
            return;
        };
        if !self.commons.purses.may_spend(tenant, now, budget) {
            self.own.push_back(Input::BudgetGone);
        }
    }

    /// Measures how soon the caller hears the first sound.
    fn time_greeting(&mut self, answered: Instant, greeted: oneshot::Receiver<Instant>) {
        let meters = Arc::clone(&self.commons.meters);
        if self.agent.rules.lines.greeting.is_empty() {
            return;
        }
        self.tasks.spawn(async move {
            if let Ok(at) = greeted.await {
                let after_ms = u64::try_from((at - answered).as_millis()).unwrap_or(u64::MAX);
                info!(after_ms, "first audio left");
                meters.answer_latency.observe((at - answered).as_secs_f64());
            }
        });
    }
}

/// A reply that is being written, or was.
struct Thought {
    task: AbortHandle,
    draft: Arc<Draft>,
    /// The caller was to hear it.
    committed: bool,
}
