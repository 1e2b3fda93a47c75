//! Calls made by dice: thousands of turns whose pauses are spread as in real calls.
//!
//! The longest pause of a turn is drawn so that a policy that knows silence alone cuts off 56, 22, 10
//! and 5 % of the turns at 0.3, 0.6, 1.0 and 1.6 s. 76 % of all pauses come after a filler or a word
//! that tells that more will come, the others where no word does: see [`Places`].

use std::sync::Arc;

use crate::{
    Dice,
    turns::scenario::{
        Agent, Expected, Expects, Group, Line, Llm, Overlapping, Preset, Reply, Role, Say,
        Scenario, Sound, SoundKind, Step, Stt, Tts,
    },
};

mod corpus;

pub use corpus::Corpus;
use corpus::Wanted;

/// Turns in each generated call.
pub const TURNS_PER_CALL: usize = 8;

/// The ear tells so late that somebody goes on: for a policy, the pause is longer by that.
const EAR_LAG_MS: u64 = 80;
/// The share of turns whose longest pause is longer, as a policy sees it.
const SURVIVAL: [(f64, f64); 4] = [
    (300.0, 0.56),
    (600.0, 0.22),
    (1_000.0, 0.10),
    (1_600.0, 0.05),
];
/// Turns without any pause.
const FLUENT: f64 = 0.25;
/// Beyond the last known share it halves in so many milliseconds.
const HALVES_IN: f64 = 600.0;
const LONGEST_PAUSE_MS: f64 = 4_000.0;
/// A shorter gap is not noticed by any ear.
const SHORTEST_PAUSE_MS: u64 = 110;
/// Pauses after a filler that the recogniser writes down.
const FILLERS: f64 = 0.15;
/// Of the others, those that are sought after a word that tells that more will come. Not every
/// utterance has one, so that 76 % of all pauses are told in the end.
const TOLD_BY_WORD: f64 = 0.79;

/// Of pauses placed by hand, those in the middle of a clause.
const IN_CLAUSE: f64 = 0.7;

/// By what the places of pauses are chosen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Places {
    /// By marks in the texts, 70 % in the middle of a clause and 30 % after one. Whoever set them
    /// knew the engine's lists; nobody listened.
    ByHand,
    /// So that the last word gives away as many of them as a published rule recognises. Its words are
    /// not the engine's list, but most are on that too.
    Told,
}

/// How the providers of generated calls behave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Providers {
    /// The recogniser.
    pub stt: Stt,
    /// The model.
    pub llm: Llm,
    /// The voice.
    pub tts: Tts,
}

/// Calls whose callers pause within their turns. Every third is in Spanish.
#[must_use]
pub fn turns(calls: usize, places: Places, providers: Providers, seed: u64) -> Vec<Arc<Scenario>> {
    let corpora = [Corpus::english(), Corpus::spanish()];
    let mut dice = Dice::new(seed);
    (0..calls)
        .map(|number| {
            let corpus = &corpora[usize::from(number % 3 == 2)];
            let mut steps = vec![Step::AgentDone];
            for _ in 0..TURNS_PER_CALL {
                steps.extend(turn(corpus, places, &mut dice));
                steps.push(Step::AgentDone);
            }
            let replies = (0..TURNS_PER_CALL)
                .map(|_| corpus.one(&corpus.short_replies, &mut dice).to_owned())
                .collect();
            let name = format!("generated turns {number}");
            Arc::new(call(name, corpus, Course { steps, replies }, providers))
        })
        .collect()
}

/// A pause of a turn.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Pause {
    /// After so many words.
    place: usize,
    ms: u64,
    /// A filler comes before it.
    filled: bool,
}

/// One turn, cut where its pauses fall.
fn turn(corpus: &Corpus, places: Places, dice: &mut Dice) -> Vec<Step> {
    let utterance = &corpus.utterances[pick(corpus.utterances.len(), dice)];
    let mut placed: Vec<Pause> = Vec::new();
    for ms in pauses(dice) {
        let filled = dice.happens(FILLERS);
        let wanted = match places {
            Places::ByHand if dice.happens(IN_CLAUSE) => Wanted::InClause,
            Places::ByHand => Wanted::AfterClause,
            Places::Told if filled || dice.happens(TOLD_BY_WORD) => Wanted::Told,
            Places::Told => Wanted::Untold,
        };
        let taken: Vec<usize> = placed.iter().map(|pause| pause.place).collect();
        let place = utterance.place(wanted, &taken, dice);
        placed.extend(place.map(|place| Pause { place, ms, filled }));
    }
    placed.sort_unstable();
    let mut steps = Vec::new();
    let mut begins = 0;
    for Pause { place, ms, filled } in placed {
        let mut text = utterance.words[begins..place].join(" ");
        if filled {
            text.push(' ');
            text.push_str(corpus.one(&corpus.fillers, dice));
        }
        steps.push(say(text, Role::Turn));
        steps.push(Step::PauseMs(ms));
        begins = place;
    }
    steps.push(say(utterance.words[begins..].join(" "), Role::Turn));
    steps.push(Step::TurnEnds);
    steps
}

/// The pauses of one turn: the longest first, then perhaps some shorter ones.
fn pauses(dice: &mut Dice) -> Vec<u64> {
    let Some(longest) = longest_pause(dice.unit(), dice.unit()) else {
        return Vec::new();
    };
    let more = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2][pick(10, dice)];
    let shorter = (0..more).filter_map(|_| {
        let ms = (longest as f64 * (0.25 + 0.55 * dice.unit())) as u64;
        (ms >= SHORTEST_PAUSE_MS).then_some(ms)
    });
    let mut pauses = vec![longest];
    pauses.extend(shorter.collect::<Vec<u64>>());
    pauses
}

/// The longest pause by two throws: which share of turns pauses longer, and, among turns that no
/// policy can cut, how long.
fn longest_pause(share: f64, within: f64) -> Option<u64> {
    let (mut shorter_ms, mut shorter_share) = SURVIVAL[0];
    if share >= 1.0 - FLUENT {
        return None;
    }
    if share >= shorter_share {
        let least = SHORTEST_PAUSE_MS as f64;
        return Some((least + within * (shorter_ms - EAR_LAG_MS as f64 - least)) as u64);
    }
    for (ms, longer_share) in SURVIVAL.into_iter().skip(1) {
        if share >= longer_share {
            let part = (shorter_share / share).ln() / (shorter_share / longer_share).ln();
            return Some((shorter_ms + part * (ms - shorter_ms)) as u64 - EAR_LAG_MS);
        }
        (shorter_ms, shorter_share) = (ms, longer_share);
    }
    let beyond = HALVES_IN * (shorter_share / share.max(1e-6)).log2();
    Some((shorter_ms + beyond).min(LONGEST_PAUSE_MS) as u64 - EAR_LAG_MS)
}

/// What sounds over the agent's voice in generated calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Over {
    Backchannel,
    Background,
    Interruption,
    Noise,
    SideTalk,
    Stop,
}

/// How often each comes, of twenty.
const OVERS: [(Over, usize); 6] = [
    (Over::Backchannel, 4),
    (Over::Background, 2),
    (Over::Interruption, 5),
    (Over::Noise, 3),
    (Over::SideTalk, 2),
    (Over::Stop, 4),
];

/// Calls in which something sounds over each of the agent's answers. Every third is in Spanish.
#[must_use]
pub fn overlaps(calls: usize, providers: Providers, seed: u64) -> Vec<Arc<Scenario>> {
    let corpora = [Corpus::english(), Corpus::spanish()];
    let mut dice = Dice::new(seed);
    let kinds: Vec<Over> = OVERS
        .iter()
        .flat_map(|(over, times)| vec![*over; *times])
        .collect();
    (0..calls)
        .map(|number| {
            let corpus = &corpora[usize::from(number % 3 == 2)];
            let mut steps = vec![Step::AgentDone];
            let mut replies = Vec::new();
            for _ in 0..TURNS_PER_CALL {
                let over = kinds[pick(kinds.len(), &mut dice)];
                steps.extend(exchange(over, corpus, &mut dice));
                replies.push(corpus.one(&corpus.long_replies, &mut dice).to_owned());
                if matches!(over, Over::Interruption | Over::Stop) {
                    replies.push(corpus.one(&corpus.short_replies, &mut dice).to_owned());
                }
            }
            let name = format!("generated overlaps {number}");
            Arc::new(call(name, corpus, Course { steps, replies }, providers))
        })
        .collect()
}

/// A question, a long answer, and something over it.
fn exchange(over: Over, corpus: &Corpus, dice: &mut Dice) -> Vec<Step> {
    let mut utterance = || {
        let words = &corpus.utterances[pick(corpus.utterances.len(), dice)].words;
        words.join(" ")
    };
    let (question, objection) = (utterance(), utterance());
    let audible = 800 + dice.throw() % 3_000;
    let mut steps = vec![
        say(question, Role::Turn),
        Step::TurnEnds,
        Step::AgentAudibleMs(audible),
    ];
    let one = |texts: &[&str], dice: &mut Dice| texts[pick(texts.len(), dice)].to_owned();
    let ended = match over {
        Over::Backchannel => {
            steps.push(say(one(corpus.backchannels, dice), Role::Backchannel));
            false
        }
        Over::Background => {
            steps.push(say(one(corpus.background, dice), Role::Background));
            false
        }
        Over::Interruption => {
            steps.push(say(objection, Role::Turn));
            true
        }
        Over::Noise => {
            let kind = [SoundKind::Cough, SoundKind::Um][pick(2, dice)];
            // A third lasts as long as a word or two.
            let ms = match dice.throw() % 3 {
                0 => 600 + dice.throw() % 600,
                _ => 200 + dice.throw() % 350,
            };
            steps.push(Step::Sound(Sound {
                kind,
                ms,
                level_db: 0,
            }));
            false
        }
        Over::SideTalk => {
            steps.push(say(one(corpus.side_talk, dice), Role::SideTalk));
            false
        }
        Over::Stop => {
            steps.push(say(one(corpus.stops, dice), Role::Stop));
            true
        }
    };
    if ended {
        steps.push(Step::TurnEnds);
    }
    steps.push(Step::AgentDone);
    steps.push(Step::SilenceMs(700));
    steps
}

fn say(text: String, role: Role) -> Step {
    Step::Say(Say {
        text,
        role,
        voice: None,
        level_db: 0,
    })
}

/// What both sides say in a call.
struct Course {
    steps: Vec<Step>,
    replies: Vec<String>,
}

fn call(name: String, corpus: &Corpus, course: Course, providers: Providers) -> Scenario {
    let replies = course
        .replies
        .into_iter()
        .map(|say| Reply { say, tool: None })
        .collect();
    Scenario {
        name,
        what: "Made by dice.".to_owned(),
        group: Group::Clean,
        language: corpus.language.to_owned(),
        agent: Agent {
            preset: Preset::Balanced,
            expects: Expects::Open,
            greeting: corpus.greeting.to_owned(),
            replies,
            openers: Vec::new(),
            fillers: None,
            overlap: Overlapping::Duck,
            greeting_interruptible: true,
        },
        line: Line::default(),
        stt: providers.stt,
        llm: providers.llm,
        tts: providers.tts,
        steps: course.steps,
        expect: Expected::default(),
    }
}

fn pick(of: usize, dice: &mut Dice) -> usize {
    (dice.throw() % of.max(1) as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_pauses_are_spread_as_in_real_calls() {
        let mut dice = Dice::new(3);
        let drawn: Vec<u64> = (0..20_000)
            .map(|_| longest_pause(dice.unit(), dice.unit()).unwrap_or(0))
            .collect();
        for (ms, share) in SURVIVAL {
            let longer = drawn
                .iter()
                .filter(|pause| (**pause + EAR_LAG_MS) as f64 > ms)
                .count() as f64;
            let found = longer / drawn.len() as f64;
            assert!((found - share).abs() < 0.01, "{ms}: {found}");
        }
    }

    #[test]
    fn three_of_four_pauses_are_given_away_by_the_last_word() {
        let corpora = [Corpus::english(), Corpus::spanish()];
        let mut dice = Dice::new(11);
        let (mut told, mut pauses) = (0, 0);
        for number in 0..6_000 {
            let corpus = &corpora[usize::from(number % 3 == 2)];
            let mut last = String::new();
            for step in turn(corpus, Places::Told, &mut dice) {
                match step {
                    Step::Say(say) => last = say.text,
                    Step::PauseMs(_) => {
                        pauses += 1;
                        told += usize::from(corpus.gives_away(&last));
                    }
                    Step::AgentAudibleMs(_)
                    | Step::AgentDone
                    | Step::AgentEndsInMs(_)
                    | Step::HangUp
                    | Step::Keys(_)
                    | Step::SilenceMs(_)
                    | Step::Sound(_)
                    | Step::TurnEnds => {}
                }
            }
        }
        let share = f64::from(told as u32) / f64::from(pauses);
        assert!((share - 0.76).abs() < 0.02, "{share}");
    }

    #[test]
    fn a_generated_turn_says_every_word_in_order() {
        let corpus = Corpus::english();
        let mut dice = Dice::new(5);
        for _ in 0..200 {
            let steps = turn(&corpus, Places::ByHand, &mut dice);
            let said: Vec<&str> = steps
                .iter()
                .filter_map(|step| match step {
                    Step::Say(say) => Some(say.text.as_str()),
                    Step::AgentAudibleMs(_)
                    | Step::AgentDone
                    | Step::AgentEndsInMs(_)
                    | Step::HangUp
                    | Step::Keys(_)
                    | Step::PauseMs(_)
                    | Step::SilenceMs(_)
                    | Step::Sound(_)
                    | Step::TurnEnds => None,
                })
                .collect();
            let said = said.join(" ");
            let known = corpus.utterances.iter().any(|utterance| {
                let mut said = said.split(' ');
                utterance
                    .words
                    .iter()
                    .all(|word| said.any(|heard| heard == *word))
            });
            assert!(known, "{said}");
        }
    }
}
