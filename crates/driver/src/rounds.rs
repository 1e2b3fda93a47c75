//! A call whose carrier listens and speaks by itself: it asks us, round after round, what to say.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{Millis, ReplyId};
use providers::tts::ToVoice;
use session::{AfterSaying, Audio, ClauseId, Input, RoundHeard};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use transports::Round;

use crate::connection::until;

/// The longest that a carrier waits for an answer while the agent has more to say.
const ANSWERED_WITHIN: Duration = Duration::from_millis(2_500);
/// The longest silence between two rounds, the caller's words included.
const GONE_AFTER: Duration = Duration::from_secs(90);
/// From the end of the audio to the first question, for which nobody has to say anything: a carrier
/// that has a caller asks at once, and no request takes it longer.
const ASKED_WITHIN: Duration = Duration::from_secs(15);
/// Letters that a carrier says in one go.
const MOST_LETTERS: usize = 4_000;
/// What a voice takes for a letter.
const LETTER: Millis = Millis(60);

/// The side of a call in rounds that its carrier's questions come to.
#[derive(Clone, Default)]
pub struct Rounds(Arc<Mutex<Questions>>);

#[derive(Default)]
struct Questions {
    /// Where they are answered, once the call goes on in rounds.
    call: Option<mpsc::Sender<Question>>,
    /// The one that is asked next.
    next: u32,
    /// The answer to the one before, for a carrier that asks twice.
    last: Option<watch::Receiver<Option<Round>>>,
    /// The carrier has said that the call is over: perhaps before it could go on in rounds.
    over: watch::Sender<bool>,
}

/// One question of the carrier.
struct Question {
    heard: RoundHeard,
    answer: watch::Sender<Option<Round>>,
}

impl Rounds {
    /// What the carrier does next, having heard this in round `turn`; the first one, 0, was asked
    /// nothing yet. `None`: the call is over, or was never told of such a round.
    pub async fn next(&self, turn: u32, heard: RoundHeard) -> Option<Round> {
        let mut answer = self.ask(turn, heard)?;
        answer.wait_for(Option::is_some).await.ok()?.clone()
    }

    fn ask(&self, turn: u32, heard: RoundHeard) -> Option<watch::Receiver<Option<Round>>> {
        let mut questions = self.questions();
        if turn.checked_add(1) == Some(questions.next) {
            return questions.last.clone();
        }
        let call = questions.call.as_ref().filter(|_| turn == questions.next)?;
        let (answer, told) = watch::channel(None);
        call.try_send(Question { heard, answer }).ok()?;
        questions.next += 1;
        questions.last = Some(told.clone());
        Some(told)
    }

    /// The carrier says that the call is over.
    pub(crate) fn hang_up(&self) {
        self.questions().over.send_replace(true);
    }

    /// Whether the call goes on in rounds.
    pub(crate) fn are_open(&self) -> bool {
        self.questions().call.is_some()
    }

    /// From here on the carrier may ask.
    pub(crate) fn open(&self) -> Sheet {
        // Nobody asks a second time before the first answer, but for a carrier that repeats itself.
        let (call, asked) = mpsc::channel(1);
        let mut questions = self.questions();
        questions.call = Some(call);
        Sheet {
            asked,
            over: questions.over.subscribe(),
            question: None,
            clauses: Vec::new(),
            ended: None,
            listens: false,
            said_until: Instant::now(),
            gone_at: Instant::now() + ASKED_WITHIN,
        }
    }

    /// Held for a few instructions; nothing is left half done.
    fn questions(&self) -> MutexGuard<'_, Questions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the carrier does next, if it listens and speaks by itself.
pub(crate) async fn next(sheet: &mut Option<Sheet>) -> Option<Input> {
    match sheet {
        Some(sheet) => sheet.next().await,
        None => std::future::pending().await,
    }
}

/// What is to be said in the next round.
pub(crate) struct Sheet {
    asked: mpsc::Receiver<Question>,
    /// Whether the carrier has said that the call is over.
    over: watch::Receiver<bool>,
    /// The one to be answered, and since when it waits.
    question: Option<(watch::Sender<Option<Round>>, Instant)>,
    clauses: Vec<Clause>,
    /// The reply that has no more clauses to come.
    ended: Option<ReplyId>,
    /// The carrier was told to listen.
    listens: bool,
    /// When the carrier will have said what it was last given.
    said_until: Instant,
    /// When a carrier that has not asked again will not ask any more.
    gone_at: Instant,
}

struct Clause {
    reply: ReplyId,
    clause: ClauseId,
    text: String,
}

impl Sheet {
    /// Takes an order in a voice's place.
    pub(crate) fn take(&mut self, order: ToVoice) {
        match order {
            ToVoice::Say {
                reply,
                clause,
                text,
            } => self.clauses.push(Clause {
                reply,
                clause,
                text,
            }),
            ToVoice::End(reply) => self.ended = Some(reply),
            ToVoice::Cancel(reply) => {
                self.clauses.retain(|clause| clause.reply != reply);
                self.ended.take_if(|ended| *ended == reply);
            }
        }
    }

    /// What happens next: the carrier asks, or waits for too long, or is gone, or says that the
    /// caller is. An answer may be due where nothing is told. Nothing is lost when it is dropped.
    async fn next(&mut self) -> Option<Input> {
        let due = match self.question {
            Some(_) => self.due(),
            None => Some(self.gone_at),
        };
        tokio::select! {
            biased;
            () = is_over(&mut self.over) => Some(Input::Round(RoundHeard::HungUp)),
            question = self.asked.recv(), if self.question.is_none() => {
                let Question { heard, answer } = question?;
                self.question = Some((answer, Instant::now()));
                self.listens.then_some(Input::Round(heard))
            }
            () = until(due) => self.question.is_none().then_some(Input::Round(RoundHeard::HungUp)),
        }
    }

    /// When the question is answered with what there is.
    fn due(&self) -> Option<Instant> {
        let (_, since) = self.question.as_ref()?;
        let waited = *since + ANSWERED_WITHIN;
        if self.clauses.is_empty() {
            return Some(waited);
        }
        // The caller has waited since he last heard something.
        Some(waited.min((self.said_until + ANSWERED_WITHIN).max(*since)))
    }

    /// Answers the carrier, if it is time to. Tells what that means for the session: everything
    /// handed out will be heard.
    pub(crate) fn answer(&mut self, then: Option<AfterSaying>) -> Vec<Input> {
        let now = Instant::now();
        let late = self.due().is_some_and(|due| due <= now);
        let then = match then {
            Some(then) => then,
            None if late => AfterSaying::ComeBack,
            None => return Vec::new(),
        };
        let Some((answer, _)) = self.question.take() else {
            return Vec::new();
        };
        let clauses = self.some_clauses();
        let then = if self.clauses.is_empty() {
            then
        } else {
            AfterSaying::ComeBack
        };
        let texts: Vec<&str> = clauses.iter().map(|clause| clause.text.as_str()).collect();
        let say = texts.join(" ");
        if !say.is_empty() {
            let takes = LETTER.0 * say.chars().count() as u64;
            self.said_until = now + Duration::from_millis(takes);
        }
        self.listens = matches!(then, AfterSaying::Listen { .. });
        let patience = match then {
            AfterSaying::Listen { patience, .. } => Duration::from_millis(patience.0),
            AfterSaying::ComeBack | AfterSaying::HangUp => Duration::ZERO,
        };
        self.gone_at = self.said_until.max(now) + patience + GONE_AFTER;
        // Nobody asks any more: the call is over.
        drop(answer.send(Some(Round { say, then })));
        let mut inputs: Vec<Input> = clauses.into_iter().map(Clause::handed_out).collect();
        if self.clauses.is_empty() {
            inputs.extend(self.ended.take().map(Input::SpokenAll));
        }
        inputs
    }

    /// As many clauses as a carrier says in one go; at least one, should there be any.
    fn some_clauses(&mut self) -> Vec<Clause> {
        let mut letters = 0;
        let fit = self.clauses.iter().take_while(|clause| {
            letters += clause.text.chars().count() + 1;
            letters <= MOST_LETTERS
        });
        let most = fit.count().max(1).min(self.clauses.len());
        self.clauses.drain(..most).collect()
    }
}

/// The carrier says that the call is over. Where it cannot any more, it asks no more either.
async fn is_over(over: &mut watch::Receiver<bool>) {
    drop(over.wait_for(|over| *over).await);
}

impl Clause {
    fn handed_out(self) -> Input {
        Input::Audio(Audio {
            reply: self.reply,
            clause: self.clause,
            bytes: bytes::Bytes::new(),
            duration: Millis(LETTER.0 * self.text.chars().count() as u64),
            words: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests;
