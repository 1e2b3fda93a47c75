//! Thousands of random calls, with providers that are late, wrong or silent: what always holds.

mod agent;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use domain::{EndReason, Micros, Millis, ReplyId};
use proptest::prelude::*;

use super::dice::Dice;
use crate::{
    Action, Audio, CallSession, ClauseId, Delivery, Input, Mark, Play, RoundHeard, Span,
    StillSpeaks, Timer, ToolRunId, Words,
};

/// What every call may cost.
const BUDGET: Micros = Micros(2_000_000);

/// What surrounds a call: everything the session asked for is answered, sooner or later or never.
struct World {
    dice: Dice,
    now: Millis,
    /// What will happen, by time and order of asking.
    future: BTreeMap<(Millis, u64), Input>,
    asked: u64,
    /// What a second costs, and when the next one is paid for.
    costs: Micros,
    spends_at: Millis,
    truth: Truth,
}

/// What must hold, kept by looking at actions alone.
#[derive(Default)]
struct Truth {
    silenced: Vec<ReplyId>,
    committed: Vec<ReplyId>,
    /// Audio authorised per reply.
    played: BTreeMap<ReplyId, Millis>,
    kept: Vec<u32>,
    thinking: Vec<ReplyId>,
    /// The reply that is quieter than usual, or paused.
    lowered: Option<ReplyId>,
    spent: Micros,
    hung_up: Option<EndReason>,
}

impl World {
    fn later(&mut self, within: u64, input: Input) {
        let at = self.now + Millis(self.dice.roll(within));
        self.asked += 1;
        self.future.insert((at, self.asked), input);
    }

    /// Something that nobody asked for: the caller's doing, or nonsense.
    fn surprise(&mut self) -> Input {
        let reply = ReplyId(u32::try_from(self.dice.roll(8)).unwrap());
        let text = self.dice.one(&[
            "I want a table",
            "for two.",
            "stop",
            "uh-huh",
            "yes",
            "no",
            "goodbye",
            "and",
            "",
            "um",
        ]);
        let text = text.to_owned();
        let now = self.now;
        let span = Some(Span {
            from: now - Millis(self.dice.roll(3_000)),
            until: now - Millis(self.dice.roll(600)),
        })
        .filter(|span| span.from < span.until);
        match self.dice.roll(20) {
            0..=3 => Input::SpeechStarted {
                at: now - Millis(60),
            },
            4..=7 => Input::SpeechStopped {
                at: now - Millis(100),
            },
            8..=9 => Input::Words(Words {
                word_spans: self.word_spans(&text, span),
                text,
                span,
                ..Words::default()
            }),
            10..=12 => Input::Words(Words {
                text,
                settled: true,
                span,
                ..Words::default()
            }),
            13 => Input::Words(Words {
                text,
                settled: true,
                ends_utterance: true,
                ..Words::default()
            }),
            14 => Input::UtteranceOver,
            15 => Input::Digit('5'),
            16 => Input::Played(Mark {
                reply,
                clause: ClauseId(0),
            }),
            17 => Input::Audio(Audio {
                reply,
                clause: ClauseId(0),
                bytes: Bytes::new(),
                duration: Millis(300),
                words: Vec::new(),
            }),
            18 => Input::SpokenAll(reply),
            _ => self.rare(reply, span),
        }
    }

    /// Now and then the recogniser tells the times of its words.
    fn word_spans(&mut self, text: &str, span: Option<Span>) -> Vec<Span> {
        let Some(span) = span.filter(|_| self.dice.roll(2) == 0) else {
            return Vec::new();
        };
        let words = text.split_whitespace().count() as u64;
        let each = Millis((span.until - span.from).0 / words.max(1));
        (0..words)
            .map(|word| Span {
                from: span.from + Millis(each.0 * word),
                until: span.from + Millis(each.0 * (word + 1)),
            })
            .collect()
    }

    fn rare(&mut self, reply: ReplyId, span: Option<Span>) -> Input {
        let at = self.now - Millis(100);
        match self.dice.roll(23) {
            0 => Input::HungUp,
            1 => Input::LineLost,
            2 => Input::RecogniserFailed,
            3 => Input::Dismissed,
            4 => Input::SpeakingFailed(reply, StillSpeaks::Nobody),
            5 => Input::ThinkingFailed(reply),
            6 => Input::ToolAnswered {
                run: ToolRunId(1),
                output: "{}".to_owned(),
            },
            7 => Input::NoiseStarted { at },
            8 => Input::NoiseStopped { at },
            9 => Input::RecogniserLost,
            10 => Input::RecogniserBack,
            11 => Input::TurnLikely,
            12 => Input::TurnResumed,
            13 => Input::TurnEnded {
                confidence: u8::try_from(self.dice.roll(100)).unwrap(),
            },
            14..=16 => span.map_or(Input::Tick, Input::Ignored),
            17 => Input::ThinkingBroke(reply),
            18 => Input::Round(RoundHeard::Nothing),
            19 => Input::Round(RoundHeard::Keys("12#".to_owned())),
            20 => Input::Round(RoundHeard::Words("I want a table".to_owned())),
            21 => Input::Round(RoundHeard::Words("goodbye".to_owned())),
            22 => Input::WordsCome(Delivery::InBatches),
            _ => Input::Tick,
        }
    }

    /// A second of the call has cost something.
    fn spend(&mut self) -> Input {
        self.spends_at += Millis(1_000);
        self.truth.spent = self.truth.spent + self.costs;
        Input::Spent(self.truth.spent)
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            assert!(
                self.truth.hung_up.is_none(),
                "hanging up is the last action, then came {action}"
            );
            self.check(&action);
            self.answer(action);
        }
    }

    fn check(&mut self, action: &Action) {
        let truth = &mut self.truth;
        match action {
            Action::Silence { reply, heard } => {
                let played = truth.played.get(reply).copied().unwrap_or_default();
                assert!(*heard <= played, "heard {heard} of {played} played");
                truth.silenced.push(*reply);
                truth.lowered = None;
            }
            Action::Cancel { reply, .. } => truth.silenced.push(*reply),
            Action::Play(Play::Audio {
                reply, duration, ..
            }) => {
                assert!(
                    !truth.silenced.contains(reply),
                    "a silenced reply stays silent"
                );
                *truth.played.entry(*reply).or_default() += *duration;
                let newest = truth.played.keys().max().copied();
                assert_eq!(newest, Some(*reply), "one reply at a time");
            }
            Action::Commit { reply, .. } => truth.committed.push(*reply),
            Action::Duck { reply, .. } | Action::Pause(reply) => {
                assert!(truth.played.contains_key(reply), "what is lowered is heard");
                assert_eq!(truth.lowered.replace(*reply), None, "and was not lowered");
            }
            Action::Restore(reply) | Action::Resume { reply, .. } => {
                assert_eq!(truth.lowered.take(), Some(*reply), "only once lowered");
            }
            Action::RunTool(tool) if tool.name == "look_up" => {}
            Action::RunTool(_) => {
                let asked = truth.thinking.iter().max().expect("a tool was asked for");
                assert!(
                    truth.committed.contains(asked),
                    "effects come after the commit"
                );
            }
            Action::Record(turn) => {
                let words = |text: &str| text.split_whitespace().count();
                assert!(words(&turn.heard) <= words(&turn.said), "{turn:?}");
                assert!(!truth.kept.contains(&turn.number), "each turn is kept once");
                truth.kept.push(turn.number);
                if let Some(gap) = &turn.gap {
                    let parts: u64 = gap.parts().iter().map(|part| part.0).sum();
                    assert_eq!(gap.total().0, parts);
                }
            }
            Action::HangUp(why) => truth.hung_up = Some(*why),
            Action::Think { reply, .. } => {
                assert!(truth.spent < BUDGET, "spending stops at the budget");
                truth.thinking.push(*reply);
            }
            Action::Press { reply, .. } => assert!(truth.committed.contains(reply)),
            Action::Apologise { .. }
            | Action::Finalize
            | Action::HearLess
            | Action::Note(_)
            | Action::Play(Play::Mark(_))
            | Action::Speak { .. }
            | Action::SpeakEnd(_)
            | Action::StopThinking(_)
            | Action::TakeRounds(_) => {}
        }
    }

    fn answer(&mut self, action: Action) {
        match action {
            Action::Think { reply, .. } => self.think(reply),
            Action::Speak { reply, clause, .. } => self.speak(reply, clause),
            Action::Apologise { reply, clause } | Action::Press { reply, clause, .. } => {
                self.speak(reply, clause);
                self.later(1_200, Input::SpokenAll(reply));
            }
            Action::SpeakEnd(reply) => match self.dice.roll(30) {
                0 => self.later(2_000, Input::SpeakingFailed(reply, StillSpeaks::Somebody)),
                // A voice that never says that it is done.
                1 => {}
                _ => self.later(1_200, Input::SpokenAll(reply)),
            },
            Action::Play(Play::Mark(mark)) if self.dice.roll(20) > 0 => {
                self.later(3_000, Input::Played(mark));
            }
            Action::Finalize => {
                let words = Words {
                    settled: true,
                    answers_finalize: true,
                    ..Words::default()
                };
                self.later(400, Input::Words(words));
            }
            Action::RunTool(tool) => {
                self.later(
                    1_000,
                    Input::ToolAnswered {
                        run: tool.run,
                        output: "{}".to_owned(),
                    },
                );
            }
            Action::Cancel { .. }
            | Action::Commit { .. }
            | Action::Duck { .. }
            | Action::HangUp(_)
            | Action::HearLess
            | Action::Pause(_)
            | Action::Restore(_)
            | Action::Resume { .. }
            | Action::Note(_)
            | Action::Play(_)
            | Action::Record(_)
            | Action::Silence { .. }
            | Action::StopThinking(_)
            | Action::TakeRounds(_) => {}
        }
    }

    fn speak(&mut self, reply: ReplyId, clause: ClauseId) {
        if self.dice.roll(30) > 0 {
            let duration = Millis(100 + self.dice.roll(1_500));
            let audio = Audio {
                reply,
                clause,
                bytes: Bytes::new(),
                duration,
                words: Vec::new(),
            };
            self.later(600, Input::Audio(audio));
        }
    }

    fn think(&mut self, reply: ReplyId) {
        match self.dice.roll(30) {
            0 | 1 => return self.later(2_500, Input::ThinkingFailed(reply)),
            // A model that never says anything.
            2 => return,
            _ => {}
        }
        let begun = self.now;
        // Now and then a model speaks for itself.
        let speaks = self.dice.roll(6) == 0;
        // Now and then a model writes nothing at all.
        let pieces = self.dice.roll(4) + u64::from(self.dice.roll(20) > 0);
        for _ in 0..pieces {
            let text = self.dice.one(&[
                "Sure, ",
                "I can do that. ",
                "Is Tuesday fine? ",
                "Goodbye. ",
            ]);
            let text = text.to_owned();
            if speaks {
                self.later(300, Input::Said { reply, text });
                self.speak(reply, ClauseId(u32::MAX));
            } else {
                self.later(300, Input::Text { reply, text });
            }
            self.now += Millis(100);
        }
        if self.dice.roll(6) == 0 {
            let tools = ["end_call", "book", "look_up", "press_keys"];
            let name = self.dice.one(&tools).to_owned();
            let (id, arguments) = ("c".to_owned(), r#"{"keys":"12"}"#.to_owned());
            self.later(
                300,
                Input::ToolAsked {
                    reply,
                    id,
                    name,
                    arguments,
                },
            );
        }
        self.now += Millis(300);
        self.later(300, Input::ThoughtAll(reply));
        self.now = begun;
    }
}

/// Plays the call that a seed stands for, to its end, and checks everything that always holds.
fn play_random_call(seed: u64) -> EndReason {
    let mut dice = Dice(seed);
    let rules = agent::rules(&mut dice);
    let longest = rules.end.max_call + Millis(60_000);
    let (mut session, first) = CallSession::answered(Arc::new(rules));
    let costs = agent::costs(&mut dice);
    let mut world = World {
        dice,
        now: Millis::ZERO,
        future: BTreeMap::new(),
        asked: 0,
        costs,
        spends_at: Millis(1_000),
        truth: Truth::default(),
    };
    world.carry_out(first);
    while session.over().is_none() {
        let (at, input) = next_event(&session, &mut world);
        assert!(at <= longest, "every call ends; this one has not by {at}");
        world.now = at;
        let actions = session.handle(at, input);
        world.carry_out(actions);
        check_turn(&session);
        if session.over().is_none() {
            let (deadline, timer) = session
                .next_deadline()
                .expect("somebody owes the next move");
            assert!(
                deadline >= at,
                "{timer:?} at {deadline} lies in the past of {at}"
            );
        }
    }
    let why = world.truth.hung_up.expect("an ended call was hung up");
    assert!(
        session.handle(world.now, Input::HungUp).is_empty(),
        "nothing happens after the end"
    );
    assert_eq!(session.next_deadline(), None);
    why
}

/// A turn without a word, in silence, of which no words are awaited, has not begun: the next sound
/// does not go on from an old one.
fn check_turn(session: &CallSession) {
    let turn = &session.turn;
    let awaited = turn.awaits_words() || session.timers.is_armed(Timer::Unheard);
    if turn.is_empty() && !turn.is_speaking() && !awaited {
        assert_eq!(turn.onset(), None, "{turn:?}");
    }
}

/// Whatever comes first: a deadline, an answer, a surprise, or a second that has to be paid for.
fn next_event(session: &CallSession, world: &mut World) -> (Millis, Input) {
    let surprise_at = world.now + Millis(50 + world.dice.roll(2_000));
    let deadline = session
        .next_deadline()
        .map(|(at, _)| at.or_later(world.now));
    let answer_at = world.future.keys().next().map(|(at, _)| *at);
    let first = [deadline, answer_at].into_iter().flatten().min();
    // What is due at the same time is decided before the session can know.
    if world.spends_at <= surprise_at && first.is_none_or(|first| world.spends_at < first) {
        return (world.spends_at.or_later(world.now), world.spend());
    }
    match first {
        Some(at) if at > surprise_at => (surprise_at, world.surprise()),
        None => (surprise_at, world.surprise()),
        Some(at) if Some(at) == answer_at => {
            let (_, input) = world.future.pop_first().unwrap();
            (at.or_later(world.now), input)
        }
        Some(at) => (at, Input::Tick),
    }
}

/// `REPARTEE_CALLS=20000 cargo nextest run -p session random` plays more of them.
#[test]
fn random_calls_keep_their_promises() {
    let calls = std::env::var("REPARTEE_CALLS")
        .ok()
        .and_then(|text| text.parse().ok());
    let calls = calls.unwrap_or(20_000);
    let mut came_to_the_limit = 0;
    for seed in 0..calls {
        match std::panic::catch_unwind(|| play_random_call(seed)) {
            Ok(EndReason::BudgetExhausted) => came_to_the_limit += 1,
            Ok(_) => {}
            Err(panic) => {
                eprintln!("seed {seed}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    assert!(
        came_to_the_limit > calls / 50,
        "{came_to_the_limit} calls tell nothing about budgets"
    );
}

proptest! {
    #[test]
    fn any_seed_keeps_its_promises(seed: u64) {
        play_random_call(seed);
    }

    #[test]
    fn a_call_replays_exactly(seed: u64) {
        prop_assert_eq!(story(seed), story(seed));
    }
}

/// Every action of the call that a seed stands for.
fn story(seed: u64) -> Vec<String> {
    let mut dice = Dice(seed);
    let (mut session, first) = CallSession::answered(Arc::new(agent::rules(&mut dice)));
    let costs = agent::costs(&mut dice);
    let mut world = World {
        dice,
        now: Millis::ZERO,
        future: BTreeMap::new(),
        asked: 0,
        costs,
        spends_at: Millis(1_000),
        truth: Truth::default(),
    };
    let mut told: Vec<String> = first.iter().map(ToString::to_string).collect();
    world.carry_out(first);
    while session.over().is_none() {
        let (at, input) = next_event(&session, &mut world);
        world.now = at;
        let actions = session.handle(at, input);
        told.extend(actions.iter().map(ToString::to_string));
        world.carry_out(actions);
    }
    told
}
