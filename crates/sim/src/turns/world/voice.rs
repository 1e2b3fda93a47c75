use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::{Millis, ReplyId};
use session::{Audio, ClauseId, Input, Rules, WordEnd};

use super::{Future, ticket, ticket_number};
use crate::{Delay, Dice, turns::scenario::Tts};

/// Speaks clauses, piece by piece, and knows when each word really ends.
#[derive(Debug)]
pub(crate) struct Voice {
    settings: Tts,
    delay: Delay,
    /// What is ready before the call: the agent's own lines.
    ready: BTreeSet<String>,
    /// When a reply's last audio so far is made.
    made: BTreeMap<ReplyId, Millis>,
    /// When words end in each piece, from its beginning.
    pieces: Vec<Vec<Millis>>,
}

/// A clause to be spoken.
pub(crate) struct Clause<'a> {
    pub(crate) reply: ReplyId,
    pub(crate) id: ClauseId,
    pub(crate) text: &'a str,
}

const PIECE: Millis = Millis(200);
/// From a clause to its first audio while the voice is at it already, and for what is ready.
const GOING: Millis = Millis(50);
const CACHED: Millis = Millis(5);

impl Voice {
    pub(crate) fn new(settings: Tts, rules: &Rules) -> Self {
        Self {
            settings,
            delay: settings.first_ms.delay(),
            ready: rules.spoken_lines().into_iter().collect(),
            made: BTreeMap::new(),
            pieces: Vec::new(),
        }
    }

    pub(crate) fn speak(
        &mut self,
        now: Millis,
        clause: &Clause<'_>,
        future: &mut Future,
        dice: &mut Dice,
    ) {
        let wait = if self.ready.contains(clause.text) {
            CACHED
        } else if self.made.contains_key(&clause.reply) {
            GOING
        } else {
            Millis(u64::try_from(self.delay.draw(dice).as_millis()).unwrap_or(u64::MAX / 2))
        };
        let made = self.made.get(&clause.reply).copied().unwrap_or_default();
        let words = word_ends(clause.text, dice);
        self.make(made.or_later(now + wait), clause, &words, future);
    }

    /// Cuts a clause's audio into pieces, and sends each as soon as it is made.
    fn make(&mut self, from: Millis, clause: &Clause<'_>, words: &[WordEnd], future: &mut Future) {
        let length = words.last().map_or(PIECE, |word| word.at);
        let mut begins = Millis::ZERO;
        let mut at = from;
        while begins < length {
            let ends = (begins + PIECE).or_earlier(length);
            let inside = |word: &&WordEnd| word.at > begins && word.at <= ends;
            let inside: Vec<WordEnd> = words.iter().filter(inside).copied().collect();
            self.pieces
                .push(inside.iter().map(|word| word.at - begins).collect());
            let told = self.settings.word_times;
            let audio = Audio {
                reply: clause.reply,
                clause: clause.id,
                bytes: ticket(self.pieces.len() - 1),
                duration: ends - begins,
                words: if told { inside } else { Vec::new() },
            };
            future.tell(at, Input::Audio(audio));
            let takes = (ends - begins).0 as f64 / self.settings.speed;
            at += Millis(takes.ceil() as u64);
            begins = ends;
        }
        self.made.insert(clause.reply, at);
    }

    pub(crate) fn end(&mut self, now: Millis, reply: ReplyId, future: &mut Future) {
        let made = self.made.get(&reply).copied().unwrap_or_default();
        future.tell(made.or_later(now) + Millis(5), Input::SpokenAll(reply));
    }

    /// The built-in recording, which is always there.
    pub(crate) fn apologise(
        &mut self,
        now: Millis,
        reply: ReplyId,
        id: ClauseId,
        future: &mut Future,
    ) {
        let whole = [WordEnd {
            chars: 0,
            at: Millis(2_000),
        }];
        let clause = Clause {
            reply,
            id,
            text: "",
        };
        self.make(now + CACHED, &clause, &whole, future);
        self.end(now, reply, future);
    }

    pub(crate) fn words_of(&self, bytes: &Bytes) -> &[Millis] {
        ticket_number(bytes)
            .and_then(|number| self.pieces.get(number))
            .map_or(&[], Vec::as_slice)
    }
}

/// When words end: long words take longer, marks make a pause, and no word is like another.
fn word_ends(text: &str, dice: &mut Dice) -> Vec<WordEnd> {
    let mut at = 0.0;
    let mut chars = 0;
    let mut ends = Vec::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let spoken = word.trim_end();
        if spoken.is_empty() {
            chars += word.chars().count();
            continue;
        }
        let letters = spoken.chars().count() as f64;
        at += (70.0 + 52.0 * letters) * (0.8 + 0.4 * dice.unit());
        ends.push(WordEnd {
            chars: chars + spoken.chars().count(),
            at: Millis(at.round() as u64),
        });
        if spoken.ends_with(['.', ',', '?', '!', ';', ':']) {
            at += 150.0;
        }
        chars += word.chars().count();
    }
    ends
}
