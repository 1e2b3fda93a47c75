mod dropped;

use bytes::Bytes;
use domain::{Item, PriceBook, Purpose, Receipt};
use providers::realtime::{Consumed, RealtimeTokens};
use session::{ClauseId, Message, ToolCall};

use super::*;

const R1: ReplyId = ReplyId(1);
const R2: ReplyId = ReplyId(2);
const R3: ReplyId = ReplyId(3);

/// A conversation on a connection that stands, and what comes of it.
struct Held {
    conversation: Conversation,
    out: Out,
}

impl Held {
    fn new() -> Self {
        Self::that_sends(Sends::Turns)
    }

    fn that_sends(sends: Sends) -> Self {
        let mut conversation = Conversation::new(prompt(&[]), sends);
        conversation.connecting();
        Self {
            conversation,
            out: Out::default(),
        }
    }

    /// So many pieces of 60 ms.
    fn hear(&mut self, pieces: usize, speech: bool) {
        for _ in 0..pieces {
            let sound = FromCaller::Sound(piece(speech));
            self.conversation.hear(sound, &mut self.out);
        }
    }

    fn order(&mut self, order: Order) {
        self.conversation.order(order, &mut self.out);
    }

    fn think(&mut self, reply: ReplyId, said: &str) {
        let prompt = prompt(&[Message::Caller(said.to_owned())]);
        self.order(Order::Think { reply, prompt });
    }

    fn cancel(&mut self, reply: ReplyId, why: CancelReason) {
        let heard = Millis::ZERO;
        self.order(Order::Cancel { reply, heard, why });
    }

    fn say(&mut self, reply: ReplyId, text: &str) {
        self.order(Order::Speak(ToVoice::Say {
            reply,
            clause: ClauseId(0),
            text: text.to_owned(),
        }));
    }

    fn told(&mut self, event: FromSpeaker) {
        self.conversation
            .told(event, &mut self.out)
            .expect("the conversation goes on");
    }

    fn done(&mut self, reply: ReplyId) {
        let usage = RealtimeTokens::default();
        self.told(FromSpeaker::Done { reply, usage });
    }

    fn text(&mut self, reply: ReplyId, text: &str) {
        let text = text.to_owned();
        self.told(FromSpeaker::Text { reply, text });
    }

    fn audio(&mut self, reply: ReplyId, ms: usize) {
        let bytes = Bytes::from(vec![0; ms * 8]);
        self.told(FromSpeaker::Audio { reply, bytes });
    }

    /// What was sent, told and given to the voice since, sound summed up.
    fn happened(&mut self) -> Vec<String> {
        self.conversation.give_next(&mut self.out);
        let mut lines = Vec::new();
        let mut sound = Millis::ZERO;
        for order in self.out.send.drain(..) {
            match order {
                ToSpeaker::Audio(bytes) => sound += crate::connection::length(&bytes),
                ToSpeaker::Cancel { reply, .. } => lines.push(format!("> cancel {reply}")),
                ToSpeaker::Clear => lines.push("> clear".to_owned()),
                ToSpeaker::Commit { reply, .. } => lines.push(format!("> commit {reply}")),
                ToSpeaker::Recall(earlier) => lines.push(format!("> recall {}", earlier.len())),
                ToSpeaker::Respond { reply, .. } => lines.push(format!("> respond {reply}")),
                ToSpeaker::Say { reply, text } => lines.push(format!("> say {reply} {text}")),
                ToSpeaker::Stop(reply) => lines.push(format!("> stop {reply}")),
                ToSpeaker::ToolAnswered { id, output } => {
                    lines.push(format!("> answered {id} {output}"));
                }
            }
        }
        if sound > Millis::ZERO {
            lines.insert(0, format!("> sound {}", sound.0));
        }
        lines.extend(self.out.tell.drain(..).map(|input| format!("< {input}")));
        lines.extend(self.out.speak.drain(..).map(|order| format!("{order:?}")));
        lines
    }
}

fn prompt(messages: &[Message]) -> Prompt {
    Prompt {
        system: "You are Anna.".into(),
        messages: messages.to_vec(),
        may_press: false,
    }
}

fn piece(speech: bool) -> Sound {
    Sound {
        from: Millis::ZERO,
        bytes: Bytes::from(vec![0xFF; 480]),
        speech,
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_sound_of_turns_is_sent_from_shortly_before_they_begin() {
    let mut held = Held::new();
    held.hear(100, false);
    assert_eq!(held.happened(), Vec::<String>::new());
    held.hear(10, true);
    held.hear(100, false);
    assert_eq!(held.happened(), ["> sound 1320"], "480 + 600 + 240");
    held.think(R1, "When do you open?");
    assert_eq!(held.happened(), ["> commit r1"]);
}

#[tokio::test(start_paused = true)]
async fn sound_that_was_no_turn_is_forgotten() {
    let mut held = Held::new();
    held.hear(10, true);
    held.order(Order::NoTurn);
    assert_eq!(held.happened(), ["> sound 600"], "the caller still speaks");
    held.hear(1, false);
    held.order(Order::NoTurn);
    held.order(Order::NoTurn);
    assert_eq!(held.happened(), ["> sound 60", "> clear"]);
    held.hear(10, true);
    held.hear(1, false);
    let clear_at = held.conversation.clear_at().expect("it will be stale");
    assert!(clear_at > Instant::now() + Duration::from_secs(5));
    held.conversation.clear(&mut held.out);
    assert!(held.happened().contains(&"> clear".to_owned()));
    assert_eq!(held.conversation.clear_at(), None);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_was_taken_too_soon_is_not_told_twice() {
    let mut held = Held::new();
    held.hear(10, true);
    held.think(R1, "I would like");
    held.happened();
    held.cancel(R1, CancelReason::Resumed);
    held.think(R2, "I would like");
    assert_eq!(held.happened(), ["> cancel r1", "> respond r2"]);
    held.cancel(R2, CancelReason::Resumed);
    held.hear(10, true);
    held.think(R3, "I would like a table");
    let expected = ["> sound 600", "> cancel r2", "> commit r3"];
    assert_eq!(held.happened(), expected);
}

#[tokio::test(start_paused = true)]
async fn keys_are_told_as_words() {
    let mut held = Held::new();
    held.hear(10, true);
    held.conversation.hear(FromCaller::Key, &mut held.out);
    held.hear(10, true);
    held.think(R1, "1234");
    assert_eq!(held.happened(), ["> sound 600", "> clear", "> commit r1"]);
    held.cancel(R1, CancelReason::BargeIn);
    held.happened();
    held.hear(2, true);
    held.think(R2, "No.");
    assert_eq!(held.happened(), ["> sound 120", "> commit r2"]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_finds_turns_hears_everything_and_is_not_told_of_them() {
    let mut held = Held::that_sends(Sends::All);
    held.hear(10, false);
    held.hear(10, true);
    held.told(FromSpeaker::SpeechStarted { at: Millis(600) });
    held.hear(10, false);
    assert_eq!(held.happened(), ["> sound 1800"]);
    assert_eq!(held.conversation.clear_at(), None);
    held.told(FromSpeaker::TurnEnded);
    held.think(R1, "When do you open?");
    assert_eq!(held.happened(), ["> respond r1", "< ended 100"]);
    held.cancel(R1, CancelReason::BargeIn);
    // The session does not wait for this one: the provider has to be told.
    held.told(FromSpeaker::SpeechStarted { at: Millis(1_900) });
    held.hear(10, true);
    held.think(R2, "Stop.");
    assert_eq!(
        held.happened(),
        ["> sound 600", "> cancel r1", "> commit r2"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_end_that_the_provider_found_in_no_turn_is_not_that_of_the_next() {
    let mut held = Held::that_sends(Sends::All);
    held.hear(10, true);
    held.told(FromSpeaker::TurnEnded);
    held.hear(1, false);
    held.order(Order::NoTurn);
    held.conversation.hear(FromCaller::Key, &mut held.out);
    assert!(!held.conversation.ends_turns(), "keys are not heard");
    held.think(R1, "1234");
    let happened = held.happened();
    assert_eq!(happened.last().map(String::as_str), Some("< ended 100"));
    assert!(happened.contains(&"> commit r1".to_owned()), "{happened:?}");
    assert!(held.conversation.ends_turns());
}

#[tokio::test(start_paused = true)]
async fn a_turn_whose_provider_is_lost_before_its_end_is_over_when_the_caller_is_quiet() {
    let mut held = Held::that_sends(Sends::All);
    held.hear(10, false);
    held.conversation.lost(&mut held.out);
    held.conversation.connecting();
    assert!(held.conversation.ends_turns(), "nobody spoke");
    held.hear(10, true);
    held.conversation.lost(&mut held.out);
    assert_eq!(held.happened(), ["> sound 1200"], "he is speaking");
    held.conversation.connecting();
    assert!(!held.conversation.ends_turns(), "half of it was lost");
    held.think(R1, "Hello?");
    held.happened();
    held.hear(10, true);
    held.hear(1, false);
    held.conversation.lost(&mut held.out);
    assert_eq!(
        held.happened(),
        ["> sound 660", "< ended 100", "< half-thought r1"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_may_ask_for_again_is_left_to_the_next_connection() {
    let mut held = Held::new();
    held.think(R1, "Hello?");
    held.happened();
    let refused = held.conversation.told(
        FromSpeaker::Failed {
            reply: R1,
            error: ProviderError::Refused {
                provider: "somebody",
                status: 200,
                detail: "insufficient_quota".to_owned(),
                verdict: Verdict::KeyRefused,
            },
            usage: RealtimeTokens::default(),
        },
        &mut held.out,
    );
    assert!(refused.is_err());
    held.conversation.lost(&mut held.out);
    assert_eq!(held.happened(), ["< half-thought r1"], "once");
}

#[tokio::test(start_paused = true)]
async fn earlier_calls_are_told_once_and_known_to_every_connection() {
    let mut held = Held::new();
    let earlier = vec![Message::Caller("Last week.".to_owned())];
    held.order(Order::Recalled(earlier.clone()));
    assert_eq!(held.happened(), ["> recall 1"]);
    held.conversation.lost(&mut held.out);
    held.order(Order::Recalled(Vec::new()));
    assert_eq!(held.happened(), Vec::<String>::new(), "nobody is there");
    assert_eq!(held.conversation.connecting().messages, earlier);
}

#[tokio::test(start_paused = true)]
async fn words_follow_their_sound_and_come_whole_in_the_end() {
    let mut held = Held::new();
    held.think(R1, "Hello?");
    held.happened();
    held.text(R1, "We open at nine");
    assert_eq!(held.happened(), Vec::<String>::new());
    held.audio(R1, 500);
    let first = ["< said r1 \"We open \"", "< audio r1/4294967295 0.500"];
    assert_eq!(held.happened(), first);
    held.text(R1, " on Sunday.");
    held.done(R1);
    let rest = ["< said r1 \"at nine on Sunday.\"", "< done r1"];
    assert_eq!(held.happened(), rest);
    held.order(Order::Speak(ToVoice::End(R1)));
    assert_eq!(held.happened(), ["< spoken r1"]);
}

#[tokio::test(start_paused = true)]
async fn lines_are_said_one_by_one_and_never_over_an_answer() {
    let mut held = Held::new();
    held.say(R1, "Hello.");
    held.say(R1, "This is Acme.");
    held.order(Order::Speak(ToVoice::End(R1)));
    assert_eq!(held.happened(), ["> say r1 Hello."]);
    held.done(R1);
    assert_eq!(held.happened(), ["> say r1 This is Acme."]);
    held.done(R1);
    assert_eq!(held.happened(), ["< spoken r1"]);
    held.think(R2, "Hello?");
    held.say(R2, "One moment.");
    assert_eq!(held.happened(), ["> commit r2"]);
    held.done(R2);
    held.say(R2, "I am sorry.");
    assert_eq!(held.happened(), ["> say r2 I am sorry.", "< done r2"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_given_up_is_nobodys_and_its_excuse_is_said_once_it_has_ended() {
    let mut held = Held::new();
    held.think(R1, "Hello?");
    held.happened();
    held.order(Order::StopThinking(R1));
    held.say(R1, "I am sorry.");
    held.order(Order::Speak(ToVoice::End(R1)));
    held.text(R1, "We open at nine.");
    held.audio(R1, 1_000);
    assert_eq!(held.happened(), ["> stop r1"]);
    held.done(R1);
    assert_eq!(held.happened(), ["> say r1 I am sorry."]);
    held.audio(R1, 1_000);
    held.done(R1);
    let said = ["< audio r1/0 1.000", "< spoken r1"];
    assert_eq!(held.happened(), said);
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_answered_by_the_prompt_that_has_its_output() {
    let mut held = Held::new();
    held.think(R1, "Is it free?");
    held.happened();
    let call = ToolCall {
        id: "c1".to_owned(),
        name: "look".to_owned(),
        arguments: "{}".to_owned(),
    };
    held.told(FromSpeaker::Tool {
        reply: R1,
        call: call.clone(),
    });
    held.done(R1);
    held.happened();
    let output = Message::Tool {
        id: "c1".to_owned(),
        output: "yes".to_owned(),
    };
    let prompt = prompt(&[Message::Caller("Is it free?".to_owned()), output]);
    for _ in 0..2 {
        let prompt = prompt.clone();
        held.order(Order::Think { reply: R1, prompt });
    }
    assert_eq!(held.happened(), ["> answered c1 yes", "> respond r1"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_next_knows_what_was_heard() {
    let mut held = Held::new();
    held.order(Order::Kept {
        caller: String::new(),
        heard: "Hello.".to_owned(),
        interrupted: false,
    });
    let messages = [
        Message::Caller("When?".to_owned()),
        Message::Agent {
            text: "At nine. Or".to_owned(),
            interrupted: false,
            tools: Vec::new(),
        },
        Message::Note("go on"),
    ];
    let prompt = prompt(&messages);
    held.order(Order::Think { reply: R1, prompt });
    held.order(Order::Kept {
        caller: "When?".to_owned(),
        heard: "At nine.".to_owned(),
        interrupted: true,
    });
    held.order(Order::Kept {
        caller: "Wait.".to_owned(),
        heard: String::new(),
        interrupted: false,
    });
    let heard = Message::Agent {
        text: "At nine.".to_owned(),
        interrupted: true,
        tools: Vec::new(),
    };
    let known = held.conversation.connecting().messages;
    let said = |text: &str| Message::Caller(text.to_owned());
    assert_eq!(known, [said("When?"), heard, said("Wait.")]);
}

#[tokio::test(start_paused = true)]
async fn what_is_owed_goes_to_the_voice_when_nobody_talks_any_more() {
    let mut held = Held::new();
    held.say(R1, "Hello, this is Acme.");
    held.say(R1, "How can I help?");
    held.order(Order::Speak(ToVoice::End(R1)));
    held.happened();
    // As long as "Hello, this " takes.
    held.audio(R1, 700);
    held.happened();
    held.conversation.lost(&mut held.out);
    held.conversation.retire(&mut held.out);
    let say = |text: &str| ToVoice::Say {
        reply: R1,
        clause: ClauseId(0),
        text: text.to_owned(),
    };
    let spoken = [say("is Acme."), say("How can I help?"), ToVoice::End(R1)];
    assert_eq!(held.out.speak, spoken);
    held.out.speak.clear();
    // A reply that was said before needs nothing of the voice, one that is to be thought is asked
    // for again.
    let end = Order::Speak(ToVoice::End(R2));
    held.conversation.pass_on(end, &mut held.out);
    let prompt = prompt(&[]);
    let think = Order::Think { reply: R3, prompt };
    held.conversation.pass_on(think, &mut held.out);
    let told: Vec<String> = held.out.tell.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["spoken r2", "half-thought r3"]);
}

#[test]
fn what_was_begun_too_soon_is_named_apart_whenever_its_bill_comes() {
    let cancel = |why| Order::Cancel {
        reply: R1,
        heard: Millis::ZERO,
        why,
    };
    let usage = RealtimeTokens {
        output_audio: 7,
        ..RealtimeTokens::default()
    };
    let purposes = |steps: &dyn Fn(&mut Bills)| {
        let tally = Arc::new(Tally::for_tests());
        steps(&mut Bills::new(Arc::clone(&tally)));
        let Receipt(lines) = tally.receipt(Millis::ZERO, &PriceBook::default());
        let lines = lines.iter().filter(|line| line.item == Item::AudioOutput);
        lines
            .map(|line| (line.purpose, line.amount))
            .collect::<Vec<_>>()
    };
    let after = purposes(&|bills| {
        bills.order(&cancel(CancelReason::Stale));
        bills.done(0, R1, &usage);
    });
    let before = purposes(&|bills| {
        bills.done(0, R1, &usage);
        bills.order(&cancel(CancelReason::Stale));
    });
    let heard = purposes(&|bills| {
        bills.order(&cancel(CancelReason::BargeIn));
        bills.done(0, R1, &usage);
    });
    let consumed = |reply| Consumed { reply, usage };
    let late = purposes(&|bills| {
        bills.order(&cancel(CancelReason::Stale));
        bills.done(0, R1, &RealtimeTokens::default());
        bills.consumed(0, &consumed(Some(R1)));
    });
    let nobodys = purposes(&|bills| bills.consumed(0, &consumed(None)));
    assert_eq!(after, [(Purpose::Speculation, 7)]);
    assert_eq!(before, [(Purpose::Speculation, 7)]);
    assert_eq!(heard, [(Purpose::Call, 7)]);
    assert_eq!(late, [(Purpose::Speculation, 7)]);
    assert_eq!(nobodys, [(Purpose::Call, 7)], "it is paid all the same");
}
