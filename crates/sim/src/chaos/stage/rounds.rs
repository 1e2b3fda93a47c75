//! A call that loses its audio, with a carrier that listens and speaks by itself.

use std::time::Duration;

use anyhow::Context as _;
use domain::CallId;
use driver::Rounds;
use tokio::time::{Instant, sleep};
use transports::{AfterSaying, Round, RoundHeard};

use super::{Call, GREETING, Stage, line};
use crate::chaos::telephone::Ask;

/// What a carrier and a caller take for a letter.
const LETTER: Duration = Duration::from_millis(60);
/// A document that waits asks the carrier to do so for so long.
const PAUSE: Duration = Duration::from_secs(1);

/// What the carrier of a call in rounds was given to say.
pub(in super::super) struct InRounds {
    pub(in super::super) first: String,
    /// The answers, and how long the carrier waited for the first words of each.
    pub(in super::super) answers: Vec<(String, Duration)>,
    /// Whether a question asked twice was answered alike.
    pub(in super::super) repeats: bool,
}

impl Stage {
    /// Places a call that loses its audio after this question, and asks the others in rounds.
    pub(in super::super) async fn call_in_rounds(
        &self,
        spoken: Ask,
        asks: &[Ask],
    ) -> anyhow::Result<(Call, InRounds)> {
        let before = self.ledger();
        let (id, begun) = self.next_call()?;
        let (telephone, ear, mouth) = line();
        let began = Instant::now();
        let prepared = self.exchange.prepare(&self.agent);
        let driven = self.exchange.run(prepared, begun, ear, mouth);
        let caller = async {
            let heard = telephone.call(GREETING, vec![spoken]).await;
            (heard, self.rounds(id, asks).await)
        };
        let ((heard, rounds), ended) = tokio::join!(caller, driven);
        let lasted = began.elapsed();
        let kept = self.kept(id, &ended).await?;
        let call = Call {
            heard,
            turns: kept.turns,
            receipt: kept.receipt,
            ended,
            lasted,
            left: self.left().await,
            fakes: Some(self.ledger().since(&before)),
        };
        Ok((call, rounds?))
    }

    /// The carrier asks, once its stream was closed.
    async fn rounds(&self, id: CallId, asks: &[Ask]) -> anyhow::Result<InRounds> {
        let rounds = self.exchange.rounds(id);
        let rounds = rounds.context("the line was closed, and the call is over")?;
        let first = rounds.next(0, RoundHeard::Nothing).await;
        let first = first.context("the first round has no answer")?;
        let again = rounds.next(0, RoundHeard::Nothing).await;
        let repeats = again.as_ref() == Some(&first);
        let mut asked = InRounds {
            first: first.say,
            answers: Vec::new(),
            repeats,
        };
        let mut turn = 0;
        for ask in asks {
            sleep(LETTER * letters(ask.words)).await;
            let answer = answer(&rounds, &mut turn, ask.words).await;
            asked.answers.push(answer.context("a round has no answer")?);
        }
        self.exchange.hung_up(id);
        Ok(asked)
    }
}

/// Asks until the agent has said all, as a carrier does.
async fn answer(rounds: &Rounds, turn: &mut u32, words: &str) -> Option<(String, Duration)> {
    let asked = Instant::now();
    let mut heard = RoundHeard::Words(words.to_owned());
    let mut answer = String::new();
    let mut after = None;
    loop {
        *turn += 1;
        let Round { say, then } = rounds.next(*turn, heard).await?;
        if !say.is_empty() {
            after.get_or_insert_with(|| asked.elapsed());
            answer.push_str(&say);
        }
        if then != AfterSaying::ComeBack {
            return Some((answer, after.unwrap_or_else(|| asked.elapsed())));
        }
        let says = LETTER * letters(&say);
        sleep(if say.is_empty() { PAUSE } else { says }).await;
        heard = RoundHeard::Nothing;
    }
}

fn letters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}
