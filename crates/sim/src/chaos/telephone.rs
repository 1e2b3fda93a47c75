//! A caller with a telephone: a line of channels whose far end plays, hears and speaks in real time.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use session::Mark;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};
use transports::{FromLine, LineGone, LineReader, LineWriter};

use super::code;
use crate::{
    carrier::{FRAME, SILENCE, TICK_MS},
    fakes::{is_loud, log::held},
};

const TICK: Duration = Duration::from_millis(TICK_MS);
/// The longest wait for the end of the greeting.
const GREETED_WITHIN: Duration = Duration::from_secs(5);
/// Between the end of an answer and the caller's next words.
const THINKS: Duration = Duration::from_millis(500);

impl Ask {
    /// A caller who says nothing until he is hung up on.
    pub(super) const NOTHING: Self = Self {
        words: "",
        until: "\n",
        patience: Duration::from_secs(15),
    };
}

/// What a caller says, and how the answer to it ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ask {
    pub(super) words: &'static str,
    /// The last words of the answer.
    pub(super) until: &'static str,
    /// The longest wait for them.
    pub(super) patience: Duration,
}

/// What the caller heard after his words.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// When his last word ended.
    pub(super) asked: Instant,
    /// What came, letter by letter.
    pub(super) text: String,
    /// From his last word to the first sound.
    pub(super) after: Option<Duration>,
    /// The longest silence until the last sound, or until he gave up or was hung up on.
    pub(super) silence: Duration,
    /// It ended as it should.
    pub(super) whole: bool,
    /// Loud sound that was nobody's words.
    pub(super) foreign: Duration,
    last: Instant,
}

/// Everything that happened at the caller's end.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// From picking up to the first sound.
    pub(super) greeted: Option<Duration>,
    /// What came before his own first words were over.
    pub(super) greeting: String,
    pub(super) answers: Vec<Answer>,
}

impl Heard {
    /// Everything, letter by letter.
    pub(super) fn text(&self) -> String {
        let answers = self.answers.iter().map(|answer| answer.text.as_str());
        std::iter::once(self.greeting.as_str())
            .chain(answers)
            .collect()
    }
}

/// What the carrier has still to play.
#[derive(Debug, Default)]
struct Queue {
    sound: VecDeque<u8>,
    /// Each after so many samples from now.
    marks: VecDeque<(usize, Mark)>,
    closed: bool,
}

/// The driver's end: what comes in.
#[derive(Debug)]
pub(super) struct Ear(mpsc::Receiver<FromLine>);

/// The driver's end: what goes out.
#[derive(Debug)]
pub(super) struct Mouth(Arc<Mutex<Queue>>);

/// The caller's end.
pub(super) struct Telephone {
    queue: Arc<Mutex<Queue>>,
    line: mpsc::Sender<FromLine>,
    began: Instant,
    reader: code::Reader,
    heard: Heard,
    /// What is being said.
    saying: VecDeque<u8>,
}

pub(super) fn line() -> (Telephone, Ear, Mouth) {
    let (line, incoming) = mpsc::channel(64);
    let queue = Arc::<Mutex<Queue>>::default();
    let telephone = Telephone {
        queue: Arc::clone(&queue),
        line,
        began: Instant::now(),
        reader: code::Reader::default(),
        heard: Heard {
            greeted: None,
            greeting: String::new(),
            answers: Vec::new(),
        },
        saying: VecDeque::new(),
    };
    (telephone, Ear(incoming), Mouth(queue))
}

impl LineReader for Ear {
    async fn next(&mut self) -> FromLine {
        self.0.recv().await.unwrap_or(FromLine::Lost)
    }
}

impl LineWriter for Mouth {
    async fn frames(&mut self, audio: &[u8]) -> Result<(), LineGone> {
        held(&self.0).sound.extend(audio);
        Ok(())
    }

    async fn mark(&mut self, mark: Mark) -> Result<(), LineGone> {
        let mut queue = held(&self.0);
        let after = queue.sound.len();
        queue.marks.push_back((after, mark));
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), LineGone> {
        let mut queue = held(&self.0);
        queue.sound.clear();
        queue.marks.iter_mut().for_each(|(after, _)| *after = 0);
        Ok(())
    }

    async fn close(&mut self) {
        held(&self.0).closed = true;
    }
}

/// Where the caller is.
enum Scene {
    /// Hears the greeting.
    Greeted,
    /// Waits a moment before the next words.
    Thinks(Instant),
    Speaks,
    Listens,
}

impl Telephone {
    /// Calls: hears the greeting out, asks everything in turn, hangs up. Ends sooner when the agent
    /// hangs up.
    pub(super) async fn call(mut self, greeting: &'static str, asks: Vec<Ask>) -> Heard {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut scene = Scene::Greeted;
        let mut asks = asks.into_iter();
        let mut ask = None;
        loop {
            let now = tick.tick().await;
            if !self.play(now).await {
                self.give_up(now);
                return self.heard;
            }
            scene = match scene {
                Scene::Greeted if self.is_greeted(greeting, now) => Scene::Thinks(now + THINKS),
                Scene::Thinks(until) if until <= now => {
                    ask = asks.next();
                    let Some(ask) = ask else {
                        return self.hang_up().await;
                    };
                    self.saying.extend(code::callers(ask.words));
                    Scene::Speaks
                }
                Scene::Speaks if self.saying.is_empty() => {
                    self.heard.answers.push(Answer::from(now));
                    Scene::Listens
                }
                Scene::Listens if ask.is_none_or(|ask| self.is_answered(&ask, now)) => {
                    Scene::Thinks(now + THINKS)
                }
                Scene::Greeted | Scene::Listens | Scene::Speaks | Scene::Thinks(_) => scene,
            };
        }
    }

    fn is_greeted(&self, greeting: &str, now: Instant) -> bool {
        self.heard.greeting.ends_with(greeting) || now - self.began > GREETED_WITHIN
    }

    async fn hang_up(self) -> Heard {
        // A call that is over already needs no end.
        drop(self.line.send(FromLine::HungUp).await);
        self.heard
    }

    /// One tick of the line, both ways. Returns whether the agent is still there.
    async fn play(&mut self, now: Instant) -> bool {
        let said: Bytes = (0..FRAME)
            .map(|_| self.saying.pop_front().unwrap_or(SILENCE))
            .collect();
        if self.line.send(FromLine::Audio(said)).await.is_err() {
            return false;
        }
        let (sound, marks) = {
            let mut queue = held(&self.queue);
            if queue.closed && queue.sound.is_empty() {
                return false;
            }
            let length = FRAME.min(queue.sound.len());
            let sound: Vec<u8> = queue.sound.drain(..length).collect();
            let mut played = Vec::new();
            for (after, mark) in std::mem::take(&mut queue.marks) {
                match after.checked_sub(length).filter(|left| *left > 0) {
                    Some(left) => queue.marks.push_back((left, mark)),
                    None => played.push(mark),
                }
            }
            (sound, played)
        };
        self.hear(&sound, now);
        for mark in marks {
            if self.line.send(FromLine::Played(mark)).await.is_err() {
                return false;
            }
        }
        true
    }

    fn hear(&mut self, sound: &[u8], now: Instant) {
        let before = self.reader.foreign;
        let letters: String = sound
            .iter()
            .filter_map(|sample| self.reader.take(*sample))
            .collect();
        let foreign = (self.reader.foreign - before) as u64;
        let Some(answer) = self.heard.answers.last_mut() else {
            self.heard.greeting.push_str(&letters);
            if is_loud(sound) {
                let began = self.began;
                self.heard.greeted.get_or_insert_with(|| now - began);
            }
            return;
        };
        answer.text.push_str(&letters);
        answer.foreign += Duration::from_micros(foreign * 125);
        // Frames of silence are no sound: nothing is heard of them.
        if is_loud(sound) {
            answer.silence = answer.silence.max(now - answer.last);
            answer.after.get_or_insert(now - answer.asked);
            answer.last = now;
        }
    }

    fn is_answered(&mut self, ask: &Ask, now: Instant) -> bool {
        let Some(answer) = self.heard.answers.last_mut() else {
            return true;
        };
        answer.whole = answer.text.ends_with(ask.until);
        if answer.whole {
            return true;
        }
        let gives_up = now - answer.asked > ask.patience;
        if gives_up {
            self.give_up(now);
        }
        gives_up
    }

    /// An answer that is owed does not come.
    fn give_up(&mut self, now: Instant) {
        if let Some(answer) = self.heard.answers.last_mut().filter(|it| !it.whole) {
            answer.silence = answer.silence.max(now - answer.last);
        }
    }
}

impl Answer {
    fn from(now: Instant) -> Self {
        Self {
            asked: now,
            text: String::new(),
            after: None,
            silence: Duration::ZERO,
            whole: false,
            foreign: Duration::ZERO,
            last: now,
        }
    }
}
