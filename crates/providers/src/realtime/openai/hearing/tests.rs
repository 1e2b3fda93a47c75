use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

struct Heard {
    hearing: Hearing,
    tell: VecDeque<FromSpeaker>,
    now: Instant,
}

impl Heard {
    fn new() -> Self {
        Self {
            hearing: Hearing::new(PATIENCE),
            tell: VecDeque::new(),
            now: Instant::now(),
        }
    }

    fn commit(&mut self, item: &str, previous: Option<&str>) {
        self.hearing
            .on_committed(item.into(), previous.map(str::to_owned), self.now);
    }

    fn words(&mut self, item: &str, text: &str) {
        self.hearing.on_words(item.into(), text, &mut self.tell);
    }

    fn settle(&mut self, item: &str, text: Option<&str>) {
        let text = text.map(str::to_owned);
        self.hearing
            .on_settled(item.into(), (text, None), &mut self.tell);
    }

    /// What was told since: `one…` for words so far, `one.` for settled ones.
    fn told(&mut self) -> String {
        let told = self.tell.drain(..).map(|told| {
            let words = words_of(told);
            let end = if words.settled { "." } else { "…" };
            format!("{}{end}", words.text)
        });
        told.collect::<Vec<_>>().join(" ")
    }
}

fn words_of(told: FromSpeaker) -> Words {
    let FromSpeaker::Words { words, .. } = told else {
        panic!("{told:?}");
    };
    words
}

#[test]
fn words_are_told_as_they_come_and_once_settled() {
    let mut heard = Heard::new();
    heard.commit("a", None);
    heard.words("a", " Hello");
    heard.words("a", " there");
    heard.settle("a", Some("Hello there!"));
    assert_eq!(heard.told(), "Hello… Hello there… Hello there!.");
    assert!(heard.hearing.is_idle());
    assert_eq!(heard.hearing.deadline(), None);
}

#[test]
fn words_that_overtake_wait_for_the_turn_before() {
    let mut heard = Heard::new();
    heard.commit("a", None);
    heard.commit("b", Some("a"));
    heard.words("b", "two");
    heard.settle("b", Some("two"));
    assert_eq!(heard.told(), "");
    heard.words("a", "one");
    heard.settle("a", Some("one"));
    assert_eq!(heard.told(), "one… one. two.");
}

#[test]
fn turns_are_put_into_the_order_of_the_conversation() {
    let mut heard = Heard::new();
    heard.commit("b", Some("a"));
    heard.commit("c", Some("b"));
    heard.commit("a", None);
    for item in ["c", "b", "a"] {
        heard.settle(item, Some(item));
    }
    assert_eq!(heard.told(), "a. b. c.");
}

#[test]
fn a_turn_that_cannot_be_written_down_holds_up_nobody() {
    let mut heard = Heard::new();
    heard.commit("a", None);
    heard.commit("b", Some("a"));
    heard.settle("b", Some("two"));
    heard.settle("a", None);
    assert_eq!(heard.told(), ". two.");
}

#[test]
fn overdue_words_are_told_as_far_as_they_came_and_not_again() {
    let mut heard = Heard::new();
    heard.commit("a", None);
    heard.words("a", "one");
    heard.commit("b", Some("a"));
    assert_eq!(heard.hearing.deadline(), Some(heard.now + PATIENCE));
    heard.hearing.on_deadline(&mut heard.tell);
    assert_eq!(heard.told(), "one… one.");
    heard.words("a", " more");
    heard.settle("a", Some("one more"));
    heard.commit("a", None);
    heard.settle("b", Some("two"));
    assert_eq!(heard.told(), "two.");
    assert!(heard.hearing.is_idle());
}

#[test]
fn a_turn_that_never_ends_is_given_up_when_the_next_one_has() {
    let mut heard = Heard::new();
    heard.hearing.on_started("a".into(), Millis(100));
    assert!(heard.hearing.is_open());
    assert_eq!(heard.hearing.deadline(), None);
    heard.commit("b", None);
    assert!(!heard.hearing.is_open());
    assert!(heard.hearing.deadline().is_some());

    let mut heard = Heard::new();
    heard.hearing.on_started("a".into(), Millis(100));
    heard.hearing.on_cleared();
    assert!(heard.hearing.is_idle());
}

#[test]
fn a_turn_has_the_span_of_its_speech() {
    let mut heard = Heard::new();
    heard.hearing.on_started("a".into(), Millis(100));
    heard.hearing.on_stopped("a".into(), Millis(900));
    heard.commit("a", None);
    heard.settle("a", Some("one"));
    let told = heard.tell.pop_back().expect("words");
    let span = words_of(told).span;
    assert_eq!(
        span,
        Some(Span {
            from: Millis(100),
            until: Millis(900)
        })
    );
}

#[test]
fn late_words_are_kept_until_a_prompt_has_them() {
    let mut heard = Heard::new();
    heard.commit("a", None);
    heard.settle("a", Some("one"));
    let kept: Vec<Message> = heard.hearing.since_prompt().collect();
    assert_eq!(kept, [Message::Caller("one".into())]);
    heard.hearing.on_prompt();
    assert_eq!(heard.hearing.since_prompt().count(), 0);
}

#[test]
fn there_is_an_end_to_turns_that_wait() {
    let mut heard = Heard::new();
    for number in 0..100 {
        heard.commit(&number.to_string(), None);
    }
    assert_eq!(heard.hearing.turns.len(), MOST);
}
