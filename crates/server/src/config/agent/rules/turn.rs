//! When the caller's turn is over.

use domain::Millis;
use session::{Expect, Rules, Speculate, TurnEnd, TurnRules, Waits};

use super::super::{super::raw, Reading, talking::Ends};

const WAIT_MS: (u64, u64) = (0, 30_000);

impl Reading<'_, '_> {
    pub(super) fn fill_turn(&mut self, rules: &mut Rules) {
        let typed = &self.typed.turn;
        let turn = &mut rules.turn;
        let ends = [("words", TurnEnd::Words), ("provider", TurnEnd::Provider)];
        let key = self.at("turn.end");
        turn.end = self.meaning.choice(&key, typed.end.as_deref(), &ends);
        if self.ends() != Ends::Ours {
            turn.end = TurnEnd::Talker;
        }
        turn.speculate = self.speculation(turn);
        turn.wait = self.waits();
        turn.floor = self.floor(turn);
        turn.adapts = typed.adapt.unwrap_or(typed.wait.all_ms.is_none());
        turn.language_rules = typed.language_rules.unwrap_or(turn.language_rules);
        turn.expect = self.expected();
        turn.finalize_after = self.millis(
            "turn.finalize_after_ms",
            typed.finalize_after_ms,
            turn.finalize_after,
            (0, 5_000),
        );
        turn.words_deadline = self.millis(
            "turn.words_deadline_ms",
            typed.words_deadline_ms,
            turn.words_deadline,
            (100, 10_000),
        );
        turn.longest = self.seconds(
            "turn.max_user_turn_s",
            typed.max_user_turn_s,
            turn.longest,
            (5, 3_600),
        );
        self.turn_contradictions(turn);
    }

    fn speculation(&mut self, turn: &TurnRules) -> Speculate {
        let levels = [
            ("speak", Speculate::Speak),
            ("think", Speculate::Think),
            ("off", Speculate::Off),
        ];
        let typed = self.typed.turn.speculate.as_deref();
        let key = self.at("turn.speculate");
        let level = self.meaning.choice(&key, typed, &levels);
        match (turn.end, typed) {
            (TurnEnd::Provider | TurnEnd::Talker, None) => Speculate::Off,
            (TurnEnd::Provider | TurnEnd::Talker | TurnEnd::Words, _) => level,
        }
    }

    fn waits(&mut self) -> Waits {
        let presets = [
            ("balanced", Waits::BALANCED),
            ("eager", Waits::EAGER),
            ("patient", Waits::PATIENT),
        ];
        let turn = &self.typed.turn;
        let key = self.at("turn.preset");
        let preset = self.meaning.choice(&key, turn.preset.as_deref(), &presets);
        let wait = &turn.wait;
        if let Some(all_ms) = wait.all_ms {
            let usual = preset.complete;
            return Waits::fixed(self.millis("turn.wait.all_ms", Some(all_ms), usual, WAIT_MS));
        }
        let mut at = |key: &str, typed: Option<u64>, usual: Millis| {
            self.millis(&format!("turn.wait.{key}"), typed, usual, WAIT_MS)
        };
        Waits {
            terminal: at("terminal_ms", wait.terminal_ms, preset.terminal),
            short_answer: at("short_answer_ms", wait.short_answer_ms, preset.short_answer),
            complete: at("complete_ms", wait.complete_ms, preset.complete),
            unknown: at("unknown_ms", wait.unknown_ms, preset.unknown),
            number: at("number_ms", wait.number_ms, preset.number),
            incomplete: at("incomplete_ms", wait.incomplete_ms, preset.incomplete),
            filler: at("filler_ms", wait.filler_ms, preset.filler),
        }
    }

    /// The shortest silence that ends a turn. One that is not typed gives way to the waits.
    fn floor(&mut self, turn: &TurnRules) -> Millis {
        let (shortest, name) = shortest(&turn.wait);
        let typed = self.typed.turn.floor_ms;
        let usual = turn.floor.min(shortest);
        let floor = self.millis("turn.floor_ms", typed, usual, WAIT_MS);
        if floor > shortest {
            let name = match self.typed.turn.wait.all_ms {
                Some(_) => "all_ms",
                None => name,
            };
            self.contradiction(
                "turn.floor_ms",
                &format!("is above `turn.wait.{name}`, which is {}", shortest.0),
            );
        }
        floor
    }

    fn expected(&mut self) -> Expect {
        let Some(text) = self.typed.turn.expect.as_deref() else {
            return Expect::Open;
        };
        let key = self.at("turn.expect");
        self.meaning
            .ok(&key, text.trim().parse::<Expect>())
            .unwrap_or_default()
    }

    fn turn_contradictions(&mut self, turn: &TurnRules) {
        let typed = &self.typed.turn;
        if turn.finalize_after > turn.words_deadline {
            self.contradiction(
                "turn.finalize_after_ms",
                "is above `turn.words_deadline_ms`: the words would be given up before they are \
                 asked for",
            );
        }
        if typed.wait.all_ms.is_some() {
            for (name, _) in each(&typed.wait).into_iter().filter(|(_, typed)| *typed) {
                let key = format!("turn.wait.{name}");
                self.contradiction(&key, "contradicts `turn.wait.all_ms`");
            }
            let others = [
                ("turn.preset", typed.preset.is_some()),
                ("turn.adapt", typed.adapt == Some(true)),
            ];
            for (key, _) in others.into_iter().filter(|(_, typed)| *typed) {
                self.contradiction(key, "contradicts `turn.wait.all_ms`");
            }
        }
        if turn.end != TurnEnd::Words {
            self.foreign_contradictions(turn);
        }
    }

    /// What has no meaning where somebody else decides.
    fn foreign_contradictions(&mut self, turn: &TurnRules) {
        let typed = &self.typed.turn;
        let ends = self.ends();
        let alone = ends == Ends::Ours;
        let all_ms = typed.wait.all_ms.is_some() && ends != Ends::Silence;
        let waits = all_ms || each(&typed.wait).iter().any(|(_, typed)| *typed);
        let finalize_after = typed.finalize_after_ms.is_some();
        let keys = [
            ("turn.end", typed.end.is_some() && !alone),
            ("turn.preset", typed.preset.is_some() && alone),
            ("turn.speculate", turn.speculate != Speculate::Off),
            ("turn.finalize_after_ms", finalize_after && alone),
            ("turn.floor_ms", typed.floor_ms.is_some()),
            ("turn.adapt", typed.adapt == Some(true)),
            ("turn.expect", typed.expect.is_some()),
            ("turn.max_user_turn_s", typed.max_user_turn_s.is_some()),
            ("turn.wait", waits),
        ];
        for (key, _) in keys.into_iter().filter(|(_, typed)| *typed) {
            self.contradiction(
                key,
                if alone {
                    "contradicts `turn.end = \"provider\"`"
                } else {
                    "contradicts `realtime.turns`"
                },
            );
        }
    }
}

/// The keys of single waits, and whether they are typed.
fn each(wait: &raw::Wait) -> [(&'static str, bool); 7] {
    [
        ("terminal_ms", wait.terminal_ms.is_some()),
        ("short_answer_ms", wait.short_answer_ms.is_some()),
        ("complete_ms", wait.complete_ms.is_some()),
        ("unknown_ms", wait.unknown_ms.is_some()),
        ("number_ms", wait.number_ms.is_some()),
        ("incomplete_ms", wait.incomplete_ms.is_some()),
        ("filler_ms", wait.filler_ms.is_some()),
    ]
}

fn shortest(waits: &Waits) -> (Millis, &'static str) {
    let waits = [
        (waits.terminal, "terminal_ms"),
        (waits.short_answer, "short_answer_ms"),
        (waits.complete, "complete_ms"),
        (waits.unknown, "unknown_ms"),
        (waits.number, "number_ms"),
        (waits.incomplete, "incomplete_ms"),
        (waits.filler, "filler_ms"),
    ];
    waits.into_iter().min().expect("there are seven")
}
