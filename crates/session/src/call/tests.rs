mod dice;
mod foreign;
mod lines;
mod money;
mod overlaps;
mod pressing;
mod questions;
mod random;
mod rounds;
mod scripts;
mod secrets;
mod speaking_models;
mod stranded;
mod trouble;
mod turns;
mod waits;

use std::{fmt::Write as _, sync::Arc};

use domain::{Language, Millis};

use super::CallSession;
use crate::{Action, Input, Rules, script};

/// The rules of the call scripts: Acme's greeting, everything else as by default.
fn rules() -> Rules {
    let mut rules = Rules::defaults(&Language::default());
    rules.lines.greeting = "Hello, this is Acme.".to_owned();
    rules
}

/// Plays a script to the end of the call, or two minutes beyond it, and prints every action.
fn play(text: &str) -> String {
    play_with(rules(), text)
}

fn play_with(rules: Rules, text: &str) -> String {
    let (mut session, first) = CallSession::answered(Arc::new(rules));
    let mut story = String::new();
    tell(&mut story, Millis::ZERO, &first);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (at, input) = script::read(line).unwrap();
        pass(&mut session, at, &mut story);
        let actions = session.handle(at, input);
        tell(&mut story, at, &actions);
    }
    pass(&mut session, Millis(120_000), &mut story);
    story
}

/// Plays a script of a call whose greeting is over at 0.520.
fn after_greeting(rules: Rules, text: &str) -> String {
    let greeting = "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
    ";
    let story = play_with(rules, &[greeting, text].concat());
    let (_greeting, rest) = story.split_once("record turn 0").unwrap_or(("", &story));
    rest.split_once('\n')
        .map_or("", |(_, rest)| rest)
        .to_owned()
}

/// Lets time pass, deadline by deadline.
fn pass(session: &mut CallSession, until: Millis, story: &mut String) {
    while let Some((at, _)) = session.next_deadline().filter(|(at, _)| *at < until) {
        let actions = session.handle(at, Input::Tick);
        tell(story, at, &actions);
    }
}

fn tell(story: &mut String, at: Millis, actions: &[Action]) {
    for action in actions {
        writeln!(story, "{at}  {action}").unwrap();
    }
}
