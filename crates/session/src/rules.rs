mod dtmf;

use std::sync::Arc;

use domain::{Language, Millis};

use crate::{
    BudgetRules, Expect,
    clauses::{ClauseCutter, Piece},
    spoken::{Spoken, Tongue},
    words,
};

pub use dtmf::{DtmfRules, Presses};

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
    /// What covers a wait that is ours.
    pub mask: MaskRules,
    /// What happens when nobody says anything.
    pub idle: IdleRules,
    /// How keys of the phone are collected.
    pub dtmf: DtmfRules,
    /// How a person who answers is told from a machine.
    pub amd: AmdRules,
    /// How the call ends.
    pub end: EndRules,
    /// What the call may cost.
    pub budget: BudgetRules,
    /// What the line can do.
    pub line: LineCapabilities,
    /// Tools without effects: they may run before the caller's turn is surely over.
    pub read_only_tools: Vec<String>,
    /// Messages kept in the prompt.
    pub history_messages: usize,
    /// Tokens of them, about, that are kept.
    pub history_tokens: usize,
    /// Whether numbers, dates and signs are put into words for the voice, and marks taken out.
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
            one_moment,
            hold,
            almost_over,
            budget_low,
            keypad,
            goodbye,
            failure,
        } = &self.lines;
        let own = [
            greeting,
            unheard,
            trouble,
            first,
            second,
            one_moment,
            hold,
            almost_over,
            budget_low,
            keypad,
            goodbye,
            failure,
        ];
        let masks = self.mask.openers.iter().chain(&self.mask.fillers);
        own.into_iter()
            .chain(masks)
            .flat_map(|line| self.pieces(line))
            .filter_map(Piece::words)
            .map(|piece| self.spoken(piece).text().to_owned())
            .filter(|text| text.contains(char::is_alphanumeric))
            .collect()
    }

    /// A line of the agent's own, cut into the pieces that a voice is given.
    pub(crate) fn pieces(&self, line: &str) -> Vec<Piece> {
        let mut cutter = ClauseCutter::new(words::lists(&self.language));
        let mut pieces = Vec::new();
        cutter.push(line, &mut pieces);
        cutter.finish(&mut pieces);
        pieces
    }

    /// What the voice is given for a piece.
    pub(crate) fn spoken(&self, piece: String) -> Spoken {
        if self.spoken_form {
            Spoken::of(piece, Tongue::of(&self.language))
        } else {
            Spoken::verbatim(piece)
        }
    }

    /// What holds unless the configuration says otherwise: no greeting, an empty prompt, word
    /// lists of the language (or English ones), a line that reports marks.
    #[must_use]
    pub fn defaults(language: &Language) -> Self {
        let lists = words::lists(language).unwrap_or(words::FALLBACK);
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let words::Lines {
            unheard,
            trouble,
            still_there: [still_there, cannot_hear],
            one_moment,
            hold,
            almost_over,
            goodbye,
            failure,
        } = lists.lines;
        Self {
            language: language.clone(),
            system: Arc::from(""),
            lines: Lines {
                greeting: String::new(),
                unheard: unheard.to_owned(),
                trouble: trouble.to_owned(),
                still_there: [still_there.to_owned(), cannot_hear.to_owned()],
                one_moment: one_moment.to_owned(),
                hold: hold.to_owned(),
                almost_over: almost_over.to_owned(),
                budget_low: String::new(),
                keypad: String::new(),
                goodbye: goodbye.to_owned(),
                failure: failure.to_owned(),
            },
            turn: TurnRules::USUAL,
            overlap: OverlapRules {
                greeting_interruptible: true,
                mode: OverlapMode::Duck { db: 12 },
                speech_without_words: Some(Millis(650)),
                adapts: true,
                end_edge: Millis(400),
                stop_words: owned(lists.stops),
                ack_words: owned(lists.acks),
            },
            mask: MaskRules {
                openers: Vec::new(),
                opener_after: Millis(150),
                fillers: owned(lists.fillers_while_working),
                tool_filler_after: Some(Millis(700)),
                slow_filler_after: Some(Millis(1_500)),
                again_after: Millis(4_000),
                give_up_after: Millis(10_000),
            },
            idle: IdleRules::USUAL,
            dtmf: DtmfRules::USUAL,
            amd: AmdRules::USUAL,
            end: EndRules {
                max_call: Millis(30 * 60_000),
                warn_before: Some(Millis(60_000)),
                grace: Millis(1_000),
                goodbyes: owned(lists.goodbyes),
                max_failures: 3,
                max_tools_per_turn: 5,
            },
            budget: BudgetRules::USUAL,
            line: LineCapabilities::USUAL,
            read_only_tools: Vec::new(),
            history_messages: 40,
            history_tokens: 8_000,
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
    /// Said when the recogniser is gone for a moment.
    pub one_moment: String,
    /// Said when the caller asks the agent to wait.
    pub hold: String,
    /// Said shortly before the longest duration.
    pub almost_over: String,
    /// Said when the call's budget is nearly spent. Empty: nothing is said.
    pub budget_low: String,
    /// Said when nobody recognises the caller's words any more: which keys he can press. Empty: the
    /// call is ended.
    pub keypad: String,
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
    /// What is begun before the turn is surely over.
    pub speculate: Speculate,
    /// No turn ends on a shorter silence.
    pub floor: Millis,
    /// Whether waits follow the caller's own pace. Off: they are what is written, always.
    pub adapts: bool,
    /// Whether the language's word lists judge the last words.
    pub language_rules: bool,
    /// What callers are expected to say unless a question tells.
    pub expect: Expect,
    /// A turn that lasts longer is taken at the next short pause.
    pub longest: Millis,
}

impl TurnRules {
    /// What holds unless the configuration says otherwise.
    pub const USUAL: Self = Self {
        end: TurnEnd::Words,
        wait: Waits::BALANCED,
        finalize_after: Millis(200),
        words_deadline: Millis(1_000),
        speculate: Speculate::Speak,
        floor: Millis(250),
        adapts: true,
        language_rules: true,
        expect: Expect::Open,
        longest: Millis(60_000),
    };
}

/// What is begun before the caller's turn is surely over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Speculate {
    /// Nothing.
    Off,
    /// The reply is written, not spoken.
    Think,
    /// The reply is written, and its first clause spoken; the caller does not hear it yet.
    Speak,
}

/// Who decides that the caller's turn is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TurnEnd {
    /// The recogniser alone, at once: no waits of ours, no speculation.
    Provider,
    /// The model that hears the caller and speaks, as soon as the recogniser beside it has written
    /// down what was said.
    Talker,
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
    /// A few words that answer nothing, and a language without word lists.
    pub unknown: Millis,
    /// A number or a spelling that goes on.
    pub number: Millis,
    /// The last word cannot end a sentence.
    pub incomplete: Millis,
    /// "um", "so", "let me see".
    pub filler: Millis,
}

impl Waits {
    /// The same wait whatever was said: for those who want silence alone to decide.
    #[must_use]
    pub const fn fixed(wait: Millis) -> Self {
        Self {
            terminal: wait,
            short_answer: wait,
            complete: wait,
            unknown: wait,
            number: wait,
            incomplete: wait,
            filler: wait,
        }
    }

    /// The preset `balanced`.
    pub const BALANCED: Self = Self {
        terminal: Millis(350),
        short_answer: Millis(300),
        complete: Millis(500),
        unknown: Millis(800),
        number: Millis(1_200),
        incomplete: Millis(2_000),
        filler: Millis(2_400),
    };
    /// The preset `eager`.
    pub const EAGER: Self = Self {
        terminal: Millis(250),
        short_answer: Millis(250),
        complete: Millis(300),
        unknown: Millis(500),
        number: Millis(900),
        incomplete: Millis(1_200),
        filler: Millis(1_500),
    };
    /// The preset `patient`.
    pub const PATIENT: Self = Self {
        terminal: Millis(600),
        short_answer: Millis(500),
        complete: Millis(750),
        unknown: Millis(1_200),
        number: Millis(1_800),
        incomplete: Millis(3_000),
        filler: Millis(3_500),
    };
}

/// When caller's speech over the agent's counts as cutting in.
#[derive(Clone, Debug, PartialEq)]
pub struct OverlapRules {
    /// Whether the greeting may be interrupted.
    pub greeting_interruptible: bool,
    /// What happens to the agent's voice while it is not clear what the caller wants.
    pub mode: OverlapMode,
    /// Whether a noisy place makes the agent harder to interrupt.
    pub adapts: bool,
    /// Speech without any recognised word that cuts in all the same. `None`: only words do.
    pub speech_without_words: Option<Millis>,
    /// Speech this close to the end of our audio is simply the next turn.
    pub end_edge: Millis,
    /// Words and phrases that stop the agent at once, [normalised](crate::normalised): the
    /// language's, and the agent's own on top.
    pub stop_words: Vec<String>,
    /// Words and phrases that only say "I am listening", [normalised](crate::normalised): the
    /// language's, and the agent's own on top.
    pub ack_words: Vec<String>,
}

/// What happens to the agent's voice while somebody speaks over it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OverlapMode {
    /// It becomes quieter.
    Duck {
        /// By how many decibels.
        db: u8,
    },
    /// It stops, and goes on from the last whole word.
    Pause,
    /// Nothing.
    Ignore,
}

/// What covers a wait that is ours. Masks are heard, and kept, like any other words.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskRules {
    /// Said when an answer is not ready soon: "Sure." Empty: none are.
    pub openers: Vec<String>,
    /// Silence of ours before an opener.
    pub opener_after: Millis,
    /// Said while a tool runs or the model is slow: "One moment, please."
    pub fillers: Vec<String>,
    /// How long a tool runs before a filler. `None`: no filler.
    pub tool_filler_after: Option<Millis>,
    /// How long the answer to a finished turn may take before a filler. `None`: no filler.
    pub slow_filler_after: Option<Millis>,
    /// Silence before the next filler.
    pub again_after: Millis,
    /// An answer that has not begun by then is given up.
    pub give_up_after: Millis,
}

/// What happens when nobody says anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IdleRules {
    /// Silence before the first question, the second, and the goodbye.
    pub after: [Millis; 3],
    /// Silence that is granted to a caller who asked for a moment.
    pub hold: Millis,
}

impl IdleRules {
    /// What holds unless the configuration says otherwise.
    pub const USUAL: Self = Self {
        after: [Millis(8_000), Millis(10_000), Millis(12_000)],
        hold: Millis(45_000),
    };
}

/// How a person who answers is told from a machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AmdRules {
    /// The longest greeting of a person.
    pub greeting: Millis,
    /// Silence after a short greeting that shows a person.
    pub greeting_silence: Millis,
    /// Silence after a longer greeting that waits for an answer.
    pub silence: Millis,
    /// Nobody has said anything by then.
    pub nobody: Millis,
    /// Nothing is clear by then.
    pub total: Millis,
    /// Between a beep and our message.
    pub after_beep: Millis,
}

impl AmdRules {
    /// What holds unless the configuration says otherwise.
    pub const USUAL: Self = Self {
        greeting: Millis(2_500),
        greeting_silence: Millis(500),
        silence: Millis(1_000),
        nobody: Millis(10_000),
        total: Millis(20_000),
        after_beep: Millis(300),
    };
}

/// How the call ends.
#[derive(Clone, Debug, PartialEq)]
pub struct EndRules {
    /// The longest call.
    pub max_call: Millis,
    /// How long before its end the caller is warned. `None`: not at all.
    pub warn_before: Option<Millis>,
    /// Silence between the last word of a goodbye and the hang-up.
    pub grace: Millis,
    /// Phrases by which either side says goodbye, [normalised](crate::normalised).
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
    /// How far ahead of the caller's ear frames are sent: so much still plays after a pause.
    pub ahead: Millis,
    /// Longest time between our last frame of a reply and its mark: network and jitter buffers.
    pub mark_slack: Millis,
    /// Its carrier can listen and speak by itself, one round after the other.
    pub rounds: bool,
}

impl LineCapabilities {
    /// What holds unless the configuration says otherwise.
    pub const USUAL: Self = Self {
        marks: true,
        ahead: Millis(200),
        mark_slack: Millis(1_000),
        rounds: false,
    };
}
