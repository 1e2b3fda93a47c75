use std::{sync::Arc, time::Duration};

use session::{Message, Prompt};
use tokio::sync::mpsc;

use super::*;
use crate::{
    llm::ModelSettings,
    offline::{
        desk,
        fixtures::{self, When, caller_phrase},
    },
};

/// A conversation with the demo's desk in which everything is heard.
struct Talk {
    script: Script,
    messages: Vec<Message>,
}

impl Talk {
    fn new() -> Self {
        let script = Script::demo();
        let greeting = agent(&script.lines().greeting);
        Self {
            script,
            messages: vec![greeting],
        }
    }

    fn answer(&self) -> Answer {
        self.script.answer(&prompt(self.messages.clone()))
    }

    /// Says something, and hears the answer to its end. Tools are run.
    fn say(&mut self, text: &str) -> String {
        self.messages.push(Message::Caller(text.to_owned()));
        let answer = self.answer();
        let Some(tool) = answer.tool else {
            self.messages.push(agent(&answer.text));
            return answer.text;
        };
        let (id, output) = (tool.id.clone(), desk::book_table(&tool.arguments));
        let shown = format!("{} [{} {}]", answer.text, tool.name, tool.arguments);
        self.messages.push(Message::Agent {
            text: answer.text,
            interrupted: false,
            tools: vec![tool],
        });
        self.messages.push(Message::Tool { id, output });
        let news = self.answer().text;
        self.messages.push(agent(&news));
        format!("{shown} {news}")
    }

    /// Lets only the first `words` words of the last reply be heard.
    fn interrupt(&mut self, words: usize) {
        let Some(Message::Agent {
            text, interrupted, ..
        }) = self.messages.last_mut()
        else {
            panic!("the agent spoke last");
        };
        *text = text.split(' ').take(words).collect::<Vec<_>>().join(" ");
        *interrupted = true;
    }
}

fn agent(text: &str) -> Message {
    Message::Agent {
        text: text.to_owned(),
        interrupted: false,
        tools: Vec::new(),
    }
}

fn prompt(messages: Vec<Message>) -> Prompt {
    Prompt {
        system: "Harbour Table".into(),
        messages,
        may_press: false,
    }
}

#[test]
fn the_demo_call_books_a_table() {
    let mut talk = Talk::new();
    let mut lines = Vec::new();
    let mut turns: Vec<(When, String)> = Vec::new();
    for (when, key) in fixtures::DEMO {
        let text = &caller_phrase(key).expect("a fixture").text;
        match (when, turns.last_mut()) {
            // Not a turn: the agent goes on.
            (When::AgentSpeaks, _) if *key == "uh_huh" => {}
            (When::AfterPause, Some((_, turn))) => turn.push_str(&format!(" {text}")),
            (_, _) => turns.push((*when, text.clone())),
        }
    }
    for (when, text) in &turns {
        if *when == When::AgentSpeaks {
            talk.interrupt(3);
        }
        lines.push(format!("caller: {text}"));
        lines.push(format!("agent: {}", talk.say(text)));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    caller: Good evening, I would like to reserve a table For four people please.
    agent: With pleasure. For which day?
    caller: Tomorrow at seven.
    agent: Under which name?
    caller: My name is Morgan.
    agent: A table for four, tomorrow at seven. Shall I book it?
    caller: Stop, wait a moment.
    agent: Of course. I am listening.
    caller: Actually, make it five people.
    agent: All right. A table for five, tomorrow at seven. Shall I book it?
    caller: Yes please.
    agent: One moment, please. [book_table {"day":"tomorrow","name":"Morgan","party":"5","time":"19:00"}] It is booked. Your reference is four seven three. Can I do anything else for you?
    caller: What are your opening hours?
    agent: We are open every day from five until eleven.
    caller: No thanks, that is all.
    agent: You are welcome. We look forward to seeing you.
    caller: Thank you, goodbye.
    agent: Thank you for calling. Goodbye.
    "#);
}

#[test]
fn one_sentence_can_hold_everything() {
    let mut talk = Talk::new();
    assert_eq!(
        talk.say("I'd like a table for two on Saturday at half past six, my name is Anna Bell."),
        "With pleasure. A table for two, Saturday at half past six. Shall I book it?"
    );
    assert!(talk.say("Yes.").contains(
        r#"[book_table {"day":"Saturday","name":"Anna Bell","party":"2","time":"18:30"}]"#
    ));
}

#[test]
fn the_open_question_gives_a_bare_number_its_meaning() {
    let mut talk = Talk::new();
    talk.say("I want to book a table.");
    assert_eq!(talk.say("Tomorrow at seven."), "For how many people?");
    assert_eq!(talk.say("Six."), "Under which name?");
    assert_eq!(
        talk.say("Parker"),
        "A table for six, tomorrow at seven. Shall I book it?"
    );
}

#[test]
fn nobody_agrees_to_a_question_he_did_not_hear() {
    let mut talk = Talk::new();
    talk.say("Book a table for four people tomorrow at seven, under Morgan.");
    talk.interrupt(6);
    assert_eq!(
        talk.say("Yes."),
        "A table for four, tomorrow at seven. Shall I book it?"
    );
    assert!(talk.say("Yes.").contains("[book_table"));
}

#[test]
fn a_reply_that_was_not_heard_was_never_given() {
    let mut talk = Talk::new();
    talk.say("I want to book a table.");
    talk.messages.push(Message::Caller("For four".to_owned()));
    assert_eq!(talk.answer().text, "For which day?");
    talk.messages
        .push(Message::Caller("people please.".to_owned()));
    assert_eq!(talk.answer().text, "For which day?");
    talk.messages
        .push(Message::Caller("No, five people.".to_owned()));
    assert_eq!(talk.answer().text, "For which day?");
}

#[test]
fn the_tool_runs_once_even_if_the_caller_heard_nothing_of_it() {
    let mut talk = Talk::new();
    talk.say("Book a table for four people tomorrow at seven, under Morgan.");
    talk.say("Yes please.");
    talk.messages.pop();
    talk.messages.push(Message::Caller("Hello?".to_owned()));
    let answer = talk.answer();
    assert_eq!(answer.tool, None);
    assert!(answer.text.starts_with("It is booked."), "{}", answer.text);
}

#[test]
fn a_failed_tool_is_admitted() {
    let mut talk = Talk::new();
    talk.say("Book a table for four people tomorrow at seven, under Morgan.");
    talk.say("Yes please.");
    talk.messages.pop();
    for output in ["", "{}", "null", r#"{"reference":null}"#, "unknown tool"] {
        talk.messages.pop();
        talk.messages.push(Message::Tool {
            id: "book_table-1".to_owned(),
            output: output.to_owned(),
        });
        assert!(
            talk.answer()
                .text
                .starts_with("I am sorry, I could not book it."),
            "{output}"
        );
    }
}

#[test]
fn the_reference_is_repeated_on_request() {
    let mut talk = Talk::new();
    talk.say("Book a table for four people tomorrow at seven, under Morgan.");
    let news = talk.say("Yes please.");
    assert!(news.ends_with(&talk.say("What was the reference again?")));
    assert!(news.ends_with(&talk.say("Say that again please")));
}

#[test]
fn a_question_in_between_does_not_lose_the_thread() {
    let mut talk = Talk::new();
    talk.say("Book a table please.");
    assert_eq!(
        talk.say("Do you have parking?"),
        "Yes, there is parking behind the house. For how many people?"
    );
    assert_eq!(
        talk.say("Bla bla."),
        "Sorry, I did not understand. For how many people?"
    );
    assert_eq!(talk.say("Wait."), "Of course. I am listening.");
    assert_eq!(talk.say("Three."), "For which day?");
}

#[test]
fn no_asks_what_to_change() {
    let mut talk = Talk::new();
    talk.say("Book a table for four people tomorrow at seven, under Morgan.");
    assert_eq!(talk.say("No."), "What should I change?");
    assert_eq!(
        talk.say("Sunday."),
        "All right. A table for four, Sunday at seven. Shall I book it?"
    );
    assert_eq!(talk.say("That's not right."), "What should I change?");
}

#[test]
fn a_cut_history_is_taken_up_from_the_summary() {
    let mut talk = Talk::new();
    talk.say("Book a table for four people tomorrow at seven, under Morgan.");
    talk.messages.drain(..2);
    assert!(
        talk.say("Yes please.")
            .contains(r#"{"day":"tomorrow","party":"4","time":"19:00"}"#)
    );
}

#[test]
fn without_a_task_questions_are_answered() {
    let mut talk = Talk::new();
    assert_eq!(
        talk.say("What are your opening hours on Sunday?"),
        "We are open every day from five until eleven."
    );
    assert_eq!(
        talk.say("Colourless green ideas."),
        "Sorry, I did not understand. You can book a table, or ask about our opening hours."
    );
    assert_eq!(
        talk.say("No thanks, that is all."),
        "You are welcome. We look forward to seeing you."
    );
}

#[test]
fn mistakes_in_a_script_are_located() {
    let syntax = Script::parse("name = \"x\"\n[lines]\ngreting = \"Hi\"\n");
    let Err(BadScript::Syntax(message)) = syntax else {
        panic!("accepted");
    };
    assert!(
        message.contains("line 3") && message.contains("greting"),
        "{message}"
    );

    let wrong = super::DEMO
        .replace("{party}, {day}", "{guests}, {name}")
        .replace("phrases = [\"parking\", ", "phrases = [\"...\", ");
    let Err(BadScript::Contradictions(problems)) = Script::parse(&wrong) else {
        panic!("accepted");
    };
    insta::assert_snapshot!(problems.join("\n"), @"
    intent `parking`: `...` has no words
    task.confirm: no slot `guests`
    task.confirm: slot `name` is optional and may be missing
    ");
}

#[tokio::test(start_paused = true)]
async fn words_are_written_at_the_pace() {
    let scripted = Scripted::new(Arc::new(Script::demo()), Pace::LIFELIKE);
    let (written, mut reading) = mpsc::channel(64);
    let began = tokio::time::Instant::now();
    let tokens = scripted.reply(think(), written).await.expect("no failure");
    let mut text = String::new();
    while let Some(piece) = reading.recv().await {
        let Written::Text(word) = piece else {
            panic!("a tool")
        };
        text.push_str(&word);
    }
    assert_eq!(text, "Harbour Table, good evening. How can I help you?");
    assert_eq!((tokens.input, tokens.output), (2, 9));
    assert_eq!(began.elapsed(), Duration::from_millis(150 + 8 * 25));
}

#[tokio::test]
async fn nobody_reading_ends_the_reply() {
    let scripted = Scripted::new(Arc::new(Script::demo()), Pace::default());
    let (written, reading) = mpsc::channel(1);
    drop(reading);
    let tokens = scripted.reply(think(), written).await.expect("no failure");
    assert_eq!(tokens.output, 1);
}

fn think() -> Think {
    Think {
        prompt: prompt(Vec::new()),
        settings: Arc::new(ModelSettings {
            model: "script".to_owned(),
            max_tokens: 100,
            temperature: None,
            presence_penalty: None,
            frequency_penalty: None,
            reasoning_effort: None,
            tools: Vec::new(),
        }),
    }
}
