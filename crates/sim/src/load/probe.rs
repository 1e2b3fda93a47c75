use std::collections::BTreeMap;

use tokio::time::Instant;

use super::tag;
use crate::fakes::{Moment, What};

/// Times of every turn, put together from what the fakes and the callers saw.
///
/// All are on one clock, that of this process, and include the loopback both ways.
#[derive(Debug, Default)]
pub struct Probe {
    turns: BTreeMap<u32, Times>,
}

#[derive(Debug, Default)]
struct Times {
    final_sent: Option<Instant>,
    chat_asked: Option<Instant>,
    text_sent: Option<Instant>,
    text_asked: Option<Instant>,
    speech_sent: Option<Instant>,
    heard: Option<Instant>,
}

/// Our parts of the turns, in microseconds, each list sorted; one that nobody could tell is missing.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    /// Last words received to model asked.
    pub think: Vec<u64>,
    /// Sentence complete to voice asked.
    pub speak: Vec<u64>,
    /// First audio received to first frame sent.
    pub play: Vec<u64>,
    /// The three together, of turns of which all were told.
    pub sum: Vec<u64>,
    /// From the last words to the first frame, delays of the providers included.
    pub gap: Vec<u64>,
}

impl Probe {
    /// Takes what a fake saw.
    pub fn moment(&mut self, moment: &Moment) {
        let (text, at) = match &moment.what {
            What::ChatAsked(text)
            | What::FinalSent(text)
            | What::SpeechSent(text)
            | What::TextAsked(text)
            | What::TextSent(text) => (text, moment.at),
        };
        let Some(tag) = tag::find(text) else { return };
        let times = self.turns.entry(tag).or_default();
        let time = match &moment.what {
            What::ChatAsked(_) => &mut times.chat_asked,
            What::FinalSent(_) => &mut times.final_sent,
            What::SpeechSent(_) => &mut times.speech_sent,
            What::TextAsked(_) => &mut times.text_asked,
            What::TextSent(_) => &mut times.text_sent,
        };
        time.get_or_insert(at);
    }

    /// A caller heard the first frame of an answer.
    pub(super) fn heard(&mut self, tag: u32, at: Instant) {
        self.turns.entry(tag).or_default().heard.get_or_insert(at);
    }

    /// Turns that the recogniser understood.
    #[must_use]
    pub fn understood(&self) -> usize {
        self.turns.len()
    }

    /// Where turns stopped that were never answered, one label each.
    pub fn unanswered(&self) -> impl Iterator<Item = &'static str> {
        self.turns.values().filter_map(Times::stopped)
    }

    /// Our parts of every turn whose last words came when `counts` says so.
    #[must_use]
    pub fn shares(&self, counts: impl Fn(Instant) -> bool) -> Shares {
        let mut shares = Shares::default();
        let turns = self.turns.values();
        for times in turns.filter(|times| times.began().is_some_and(&counts)) {
            let [think, speak, play] = times.parts();
            shares.think.extend(think);
            shares.speak.extend(speak);
            shares.play.extend(play);
            if let (Some(think), Some(speak), Some(play)) = (think, speak, play) {
                shares.sum.push(think + speak + play);
                shares.gap.extend(micros(times.final_sent, times.heard));
            }
        }
        let lists = [&mut shares.think, &mut shares.speak, &mut shares.play];
        lists.into_iter().for_each(|list| list.sort_unstable());
        shares.sum.sort_unstable();
        shares.gap.sort_unstable();
        shares
    }
}

impl Times {
    /// When its last words came, or what is known first of it.
    fn began(&self) -> Option<Instant> {
        self.final_sent
            .or(self.chat_asked)
            .or(self.text_sent)
            .or(self.text_asked)
            .or(self.speech_sent)
            .or(self.heard)
    }

    fn parts(&self) -> [Option<u64>; 3] {
        [
            micros(self.final_sent, self.chat_asked),
            micros(self.text_sent, self.text_asked),
            micros(self.speech_sent, self.heard),
        ]
    }

    fn stopped(&self) -> Option<&'static str> {
        [
            (self.final_sent, "no final words sent"),
            (self.chat_asked, "model not asked"),
            (self.text_sent, "no text sent"),
            (self.text_asked, "voice not asked"),
            (self.speech_sent, "no audio sent"),
            (self.heard, "no frame heard"),
        ]
        .into_iter()
        .find_map(|(time, label)| time.is_none().then_some(label))
    }
}

fn micros(from: Option<Instant>, to: Option<Instant>) -> Option<u64> {
    let time = to?.saturating_duration_since(from?);
    u64::try_from(time.as_micros()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn turns_count_where_their_last_words_came() {
        let began = Instant::now();
        let at = |ms| Some(began + Duration::from_millis(ms));
        let turn = |first| Times {
            final_sent: at(first),
            chat_asked: at(first + 1),
            text_sent: at(first + 100),
            text_asked: at(first + 102),
            speech_sent: at(first + 200),
            heard: at(first + 203),
        };
        let without_words = Times {
            heard: at(1_900),
            ..Times::default()
        };
        let turns = [turn(900), turn(1_000), turn(2_000), without_words];
        let probe = Probe {
            turns: (0..).zip(turns).collect(),
        };
        let up = began + Duration::from_millis(1_000);
        let shares = probe.shares(|at| at >= up);
        assert_eq!(shares.sum, [6_000, 6_000]);
        assert_eq!(shares.gap, [203_000, 203_000]);
        assert_eq!(probe.shares(|at| at < up).sum, [6_000]);
    }
}
