use std::sync::Arc;

use domain::{Language, Millis};

use crate::{
    clauses::{ClauseCutter, spoken_form},
    words,
};

/// How one agent behaves in a call: settled when the call is answered, the same until its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Which language's word lists apply.
    pub language: Language,
    /// Who the agent is and how it talks, for the model.
    pub system: Arc<str>,
    /// What the agent says by itself.
    pub lines: Lines,
    /// When the caller's turn is over.
    pub turn: TurnRules,
    /// When the caller has cut in.
    pub overlap: OverlapRules,
    /// What happens when nobody says anything.
    pub idle: IdleRules,
    /// How the call ends.
    pub end: EndRules,
    /// What the line can do.
    pub line: LineCapabilities,
    /// Messages kept in the prompt.
    pub history_messages: usize,
    /// Whether marks and pictures are taken out of what is spoken.
    pub spoken_form: bool,
}

impl Rules {
    /// Everything that the agent says by itself, in the pieces that a voice is given: what is
    /// worth having ready before the phone rings.
    #[must_use]
    pub fn spoken_lines(&self) -> Vec<String> {
        let Lines {
            greeting,
            unheard,
            trouble,
            still_there: [first, second],
            goodbye,
            failure,
        } = &self.lines;
        let mut pieces = Vec::new();
        for line in [greeting, unheard, trouble, first, second, goodbye, failure] {
            let mut cutter = ClauseCutter::new(words::lists(&self.language));
            cutter.push(line, &mut pieces);
            cutter.finish(&mut pieces);
        }
        if self.spoken_form {
            pieces = pieces.iter().map(|piece| spoken_form(piece)).collect();
        }
        pieces
    }

    /// What holds unless the configuration says otherwise: no greeting, an empty prompt, word
    /// lists of the language (or English ones), a line that reports marks.
    #[must_use]
    pub fn defaults(language: &Language) -> Self {
        let lists = words::lists(language).unwrap_or(words::FALLBACK);
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let [unheard, trouble, still_there, cannot_hear, goodbye, failure] =
            lists.lines.map(str::to_owned);
        Self {
            language: language.clone(),
            system: Arc::from(""),
            lines: Lines {
                greeting: String::new(),
                unheard,
                trouble,
                still_there: [still_there, cannot_hear],
                goodbye,
                failure,
            },
            turn: TurnRules {
                end: TurnEnd::Words,
                wait: Waits::BALANCED,
                finalize_after: Millis(200),
                words_deadline: Millis(1_000),
                speculate: true,
            },
            overlap: OverlapRules {
                greeting_interruptible: true,
                speech_without_words: Millis(700),
                end_edge: Millis(400),
                stop_words: owned(lists.stops),
                ack_words: owned(lists.acks),
            },
            idle: IdleRules {
                after: [Millis(8_000), Millis(10_000), Millis(12_000)],
            },
            end: EndRules {
                max_call: Millis(30 * 60_000),
                grace: Millis(1_000),
                goodbyes: owned(lists.goodbyes),
                max_failures: 3,
                max_tools_per_turn: 5,
            },
            line: LineCapabilities {
                marks: true,
                mark_slack: Millis(1_000),
            },
            history_messages: 40,
            spoken_form: true,
        }
    }
}

/// Sentences that the agent says without a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// The first words. Empty: wait for the caller.
    pub greeting: String,
    /// Said when the caller spoke and no words of it came.
    pub unheard: String,
    /// Said when a reply failed: the fault is ours, the caller may try again.
    pub trouble: String,
    /// Asked when the caller is silent, first and second time.
    pub still_there: [String; 2],
    /// Said before hanging up on silence, at the longest duration or for an operator.
    pub goodbye: String,
    /// Said before hanging up because something failed for good.
    pub failure: String,
}

/// When the caller's turn is over.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnRules {
    /// Who decides.
    pub end: TurnEnd,
    /// How long to wait after the last sound, by what the last words look like.
    pub wait: Waits,
    /// Silence after which the recogniser is asked for what it has.
    pub finalize_after: Millis,
    /// Longest wait for the recogniser after the last sound.
    pub words_deadline: Millis,
    /// Whether to begin a reply before the turn is surely over.
    pub speculate: bool,
}

/// Who decides that the caller's turn is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TurnEnd {
    /// The recogniser alone, at once: no waits of ours, no speculation.
    Provider,
    /// We do, from silence and words; the recogniser's opinion is evidence.
    Words,
}

/// Silence that ends a turn, by class of the last words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Waits {
    /// A finished sentence: `.`, `?` or `!`.
    pub terminal: Millis,
    /// A short answer to a yes/no question.
    pub short_answer: Millis,
    /// Looks finished, without punctuation.
    pub complete: Millis,
    /// A language without word lists.
    pub unknown: Millis,
    /// The last word cannot end a sentence.
    pub incomplete: Millis,
    /// "um", "so", "let me see".
    pub filler: Millis,
}

impl Waits {
    /// The preset `balanced`.
    pub const BALANCED: Self = Self {
        terminal: Millis(350),
        short_answer: Millis(300),
        complete: Millis(500),
        unknown: Millis(800),
        incomplete: Millis(1_600),
        filler: Millis(2_000),
    };
    /// The preset `eager`.
    pub const EAGER: Self = Self {
        terminal: Millis(250),
        short_answer: Millis(250),
        complete: Millis(300),
        unknown: Millis(500),
        incomplete: Millis(1_200),
        filler: Millis(1_500),
    };
    /// The preset `patient`.
    pub const PATIENT: Self = Self {
        terminal: Millis(600),
        short_answer: Millis(500),
        complete: Millis(750),
        unknown: Millis(1_200),
        incomplete: Millis(3_000),
        filler: Millis(3_500),
    };
}

/// When caller's speech over the agent's counts as cutting in.
#[derive(Clone, Debug, PartialEq)]
pub struct OverlapRules {
    /// Whether the greeting may be interrupted.
    pub greeting_interruptible: bool,
    /// Speech without any recognised word that cuts in all the same.
    pub speech_without_words: Millis,
    /// Speech this close to the end of our audio is simply the next turn.
    pub end_edge: Millis,
    /// Words that stop the agent at once.
    pub stop_words: Vec<String>,
    /// Words that only say "I am listening".
    pub ack_words: Vec<String>,
}

/// What happens when nobody says anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IdleRules {
    /// Silence before the first question, the second, and the goodbye.
    pub after: [Millis; 3],
}

/// How the call ends.
#[derive(Clone, Debug, PartialEq)]
pub struct EndRules {
    /// The longest call.
    pub max_call: Millis,
    /// Silence between the last word of a goodbye and the hang-up.
    pub grace: Millis,
    /// Phrases by which either side says goodbye.
    pub goodbyes: Vec<String>,
    /// Failures in a row after which the call is given up.
    pub max_failures: u32,
    /// Tool runs allowed within one turn.
    pub max_tools_per_turn: u32,
}

/// What the line can do: data, so that one core serves every line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LineCapabilities {
    /// It reports marks back.
    pub marks: bool,
    /// Longest time between our last frame of a reply and its mark: network and jitter buffers.
    pub mark_slack: Millis,
}
