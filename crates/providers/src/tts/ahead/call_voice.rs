use std::{collections::VecDeque, sync::Arc, time::Duration};

use domain::ReplyId;
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use session::ClauseId;
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};

use super::{
    ByClause, Clause, Deadlines,
    fetch::{Piece, fetch},
    is_speakable,
};
use crate::{
    ProviderError,
    endpoint::going_on,
    tts::{FromVoice, ToVoice},
};

/// Clauses that are fetched at a time: the one being spoken, and those after it.
const AT_A_TIME: usize = 3;
/// Clauses and ends that may wait. Beyond that orders stay in their channel.
const MOST_WAITING: usize = 64;

/// As much of what was said before a clause as is worth telling.
const PREVIOUS: usize = 300;

/// The voice of one call: requests begin ahead, their sound is handed over in order.
pub(crate) struct CallVoice {
    voice: Arc<dyn ByClause>,
    deadlines: Deadlines,
    /// What is to be said, in order; the first of it is being spoken.
    turns: VecDeque<Turn>,
    fetching: FuturesUnordered<BoxFuture<'static, ()>>,
    warming: Option<BoxFuture<'static, Result<(), ProviderError>>>,
    clock: Interval,
    /// To be handed over: a piece, perhaps `Ready` before it. More is taken once it is empty, so
    /// an error never overtakes sound.
    outbox: VecDeque<FromVoice>,
    /// For the first turn's next piece.
    due: Due,
    /// A request was made since the clock ticked.
    used: bool,
    ready: bool,
    /// The last words that were asked for, and of which reply.
    asked: (ReplyId, String),
}

/// A part of a reply.
struct Turn {
    reply: ReplyId,
    what: What,
}

enum What {
    /// A clause that is not fetched yet.
    Clause(ClauseId, Clause),
    /// No more clauses.
    End,
    /// A clause whose sound is coming.
    Sound(ClauseId, mpsc::Receiver<Result<Piece, ProviderError>>),
}

/// What the first turn has to bring, and by when.
#[derive(Clone, Copy)]
struct Due {
    stage: &'static str,
    after: Duration,
    at: Instant,
}

enum Event {
    Deadline,
    Fetched,
    KeepWarm,
    Order(Option<ToVoice>),
    Piece(Option<Result<Piece, ProviderError>>),
    Warmed(Result<(), ProviderError>),
}

impl CallVoice {
    pub(crate) fn new(voice: Arc<dyn ByClause>, deadlines: Deadlines) -> Self {
        let tick = deadlines.keep_warm.max(Duration::from_millis(1));
        let mut clock = interval_at(Instant::now() + tick, tick);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            due: Due::first_audio(&deadlines),
            voice,
            deadlines,
            turns: VecDeque::new(),
            fetching: FuturesUnordered::new(),
            warming: None,
            clock,
            outbox: VecDeque::new(),
            used: false,
            ready: false,
            asked: (ReplyId(0), String::new()),
        }
    }

    /// Serves the call until nobody gives orders, or takes what was made.
    pub(crate) async fn run(
        mut self,
        mut orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> Result<(), ProviderError> {
        self.warm();
        loop {
            self.fill();
            let idle = self.outbox.is_empty();
            let waits = idle && self.is_waiting();
            let event = tokio::select! {
                biased;
                order = orders.recv(), if self.turns.len() < MOST_WAITING => Event::Order(order),
                place = made.reserve(), if !idle => match place {
                    Ok(place) => {
                        place.send(self.outbox.pop_front().expect("the branch is off while it is empty"));
                        continue;
                    }
                    Err(_gone) => return Ok(()),
                },
                piece = first_piece(&mut self.turns), if idle => Event::Piece(piece),
                Some(()) = self.fetching.next() => Event::Fetched,
                warmed = going_on(&mut self.warming) => Event::Warmed(warmed),
                () = sleep_until(self.due.at), if waits => Event::Deadline,
                _tick = self.clock.tick() => Event::KeepWarm,
            };
            match event {
                Event::Order(Some(order)) => self.obey(order),
                Event::Order(None) => return Ok(()),
                Event::Piece(piece) => self.on_piece(piece)?,
                Event::Fetched => {}
                // Whoever has spoken before is there.
                Event::Warmed(Err(error)) if !self.ready => return Err(error),
                Event::Warmed(_) => self.stands(),
                Event::Deadline => {
                    let Due { stage, after, .. } = self.due;
                    return Err(self.voice.endpoint().silent(stage, after));
                }
                Event::KeepWarm => {
                    if !std::mem::take(&mut self.used) {
                        self.warm();
                    }
                }
            }
        }
    }

    fn obey(&mut self, order: ToVoice) {
        match order {
            ToVoice::Say { text, .. } if !is_speakable(&text) => {}
            ToVoice::Say {
                reply,
                clause,
                text,
            } => {
                self.drop_unended(reply);
                let previous = self.previous(reply, &text);
                self.push(reply, What::Clause(clause, Clause { text, previous }));
            }
            ToVoice::End(reply) => self.push(reply, What::End),
            ToVoice::Cancel(reply) => self.drop_turns(|of| of == reply),
        }
    }

    /// What was asked for of a reply before this text of it.
    fn previous(&mut self, reply: ReplyId, text: &str) -> String {
        if self.asked.0 != reply {
            self.asked = (reply, String::new());
        }
        let said = &mut self.asked.1;
        let previous = said.clone();
        if !said.is_empty() {
            said.push(' ');
        }
        said.push_str(text.trim());
        let surplus = said.len().saturating_sub(PREVIOUS);
        let cut = said.ceil_char_boundary(surplus);
        said.drain(..cut);
        previous
    }

    fn push(&mut self, reply: ReplyId, what: What) {
        self.turns.push_back(Turn { reply, what });
        if self.turns.len() == 1 {
            self.due = Due::first_audio(&self.deadlines);
        }
    }

    /// A new reply means that an old one is over, unless its end was ordered.
    fn drop_unended(&mut self, reply: ReplyId) {
        let ended: Vec<ReplyId> = self
            .turns
            .iter()
            .filter(|turn| matches!(turn.what, What::End))
            .map(|turn| turn.reply)
            .collect();
        self.drop_turns(|of| of != reply && !ended.contains(&of));
    }

    /// Dropping the receiver of a clause drops its request.
    fn drop_turns(&mut self, unwanted: impl Fn(ReplyId) -> bool) {
        let first = self.turns.front().map(|turn| turn.reply);
        self.turns.retain(|turn| !unwanted(turn.reply));
        if first.is_some_and(&unwanted) {
            self.due = Due::first_audio(&self.deadlines);
        }
        self.outbox.retain(|piece| match piece {
            FromVoice::Audio { reply, .. } | FromVoice::All(reply) => !unwanted(*reply),
            FromVoice::Ready => true,
        });
    }

    /// Hands over an end whose turn it is, and begins to fetch the first clauses.
    fn fill(&mut self) {
        if self.outbox.is_empty()
            && let Some(Turn {
                reply,
                what: What::End,
            }) = self.turns.front()
        {
            self.outbox.push_back(FromVoice::All(*reply));
            self.next_turn();
        }
        let clauses = self.turns.iter_mut().filter(|turn| !turn.is_end());
        for turn in clauses.take(AT_A_TIME) {
            if let Some(fetching) = turn.begin(&self.voice) {
                self.used = true;
                self.fetching.push(fetching);
            }
        }
    }

    /// Whether the server owes something.
    fn is_waiting(&self) -> bool {
        self.turns.front().is_some_and(|turn| !turn.is_end())
    }

    fn on_piece(
        &mut self,
        piece: Option<Result<Piece, ProviderError>>,
    ) -> Result<(), ProviderError> {
        let Some(Turn {
            reply,
            what: What::Sound(clause, _),
        }) = self.turns.front()
        else {
            return Ok(());
        };
        let Some(piece) = piece else {
            self.next_turn();
            return Ok(());
        };
        let Piece { bytes, words } = piece?;
        let audio = FromVoice::Audio {
            reply: *reply,
            clause: *clause,
            bytes,
            words,
        };
        self.due = Due::more_audio(&self.deadlines);
        self.stands();
        self.outbox.push_back(audio);
        Ok(())
    }

    /// The server is there.
    fn stands(&mut self) {
        if !std::mem::replace(&mut self.ready, true) {
            self.outbox.push_back(FromVoice::Ready);
        }
    }

    fn next_turn(&mut self) {
        self.turns.pop_front();
        self.due = Due::first_audio(&self.deadlines);
    }

    fn warm(&mut self) {
        let (voice, within) = (Arc::clone(&self.voice), self.deadlines.warm);
        self.warming = Some(Box::pin(async move {
            voice.endpoint().warm(voice.models(), within).await
        }));
    }
}

impl Turn {
    const fn is_end(&self) -> bool {
        matches!(self.what, What::End)
    }

    /// Begins to fetch a clause that is not fetched yet.
    fn begin(&mut self, voice: &Arc<dyn ByClause>) -> Option<BoxFuture<'static, ()>> {
        let What::Clause(id, clause) = &mut self.what else {
            return None;
        };
        let (fetching, pieces) = fetch(Arc::clone(voice), std::mem::take(clause));
        self.what = What::Sound(*id, pieces);
        Some(fetching)
    }
}

impl Due {
    fn first_audio(deadlines: &Deadlines) -> Self {
        Self::after("first audio", deadlines.first_audio)
    }

    fn more_audio(deadlines: &Deadlines) -> Self {
        Self::after("audio gap", deadlines.audio_gap)
    }

    fn after(stage: &'static str, after: Duration) -> Self {
        Self {
            stage,
            after,
            at: Instant::now() + after,
        }
    }
}

/// The next piece of the first turn; never, if it has no sound. May be dropped and called again.
async fn first_piece(turns: &mut VecDeque<Turn>) -> Option<Result<Piece, ProviderError>> {
    match turns.front_mut() {
        Some(Turn {
            what: What::Sound(_, pieces),
            ..
        }) => pieces.recv().await,
        Some(_) | None => std::future::pending().await,
    }
}
