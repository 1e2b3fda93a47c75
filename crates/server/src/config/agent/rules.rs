//! How an agent behaves.

use domain::{Language, Millis};
use providers::offline::{Script, ScriptLines};
use session::{Rules, Speculate, TurnEnd, Waits};

use super::{
    super::{
        prompt::{self, Names},
        raw,
    },
    Reading,
};

impl Reading<'_, '_> {
    pub(super) fn ear(&mut self) -> audio::HearingSettings {
        let usual = audio::HearingSettings::default();
        let vad = self.vad();
        let gates = &self.typed.gates;
        let key = self.at("gates.level_db");
        let level = (0.0, usual.level_db, 40.0);
        let level_db = self.meaning.within(&key, gates.level_db, level);
        let detectors = [
            ("network", audio::Detector::Network),
            ("energy", audio::Detector::Energy),
        ];
        let key = self.at("vad.detector");
        let detector = self.typed.vad.detector.as_deref();
        audio::HearingSettings {
            vad,
            echo: gates.echo.unwrap_or(usual.echo),
            level_db,
            detector: self.meaning.choice(&key, detector, &detectors),
        }
    }

    fn vad(&mut self) -> audio::VadSettings {
        let vad = &self.typed.vad;
        let usual = audio::VadSettings::default();
        let at = |key: &str| format!("{}.vad.{key}", self.key);
        let meaning = &mut *self.meaning;
        let settings = audio::VadSettings {
            start_threshold: meaning.within(
                &at("start_threshold"),
                vad.start_threshold,
                (0.0, usual.start_threshold, 1.0),
            ),
            stop_threshold: meaning.within(
                &at("stop_threshold"),
                vad.stop_threshold,
                (0.0, usual.stop_threshold, 1.0),
            ),
            start_after_ms: meaning.within(
                &at("start_after_ms"),
                vad.start_after_ms,
                (0, usual.start_after_ms, 2_000),
            ),
            stop_after_ms: meaning.within(
                &at("stop_after_ms"),
                vad.stop_after_ms,
                (0, usual.stop_after_ms, 2_000),
            ),
            gate_dbfs: meaning.within(
                &at("gate_dbfs"),
                vad.gate_dbfs,
                (-120.0, usual.gate_dbfs, 0.0),
            ),
        };
        if settings.stop_threshold > settings.start_threshold {
            meaning.problem(&at("stop_threshold"), "must not be above start_threshold");
        }
        settings
    }

    pub(super) fn rules(&mut self, language: &Language, script: Option<&Script>) -> Rules {
        let mut rules = Rules::defaults(language);
        let typed = self.typed;
        self.fill_lines(&mut rules, script.map(Script::lines));
        self.fill_turn(&mut rules);
        self.fill_overlap(&mut rules);
        self.fill_end(&mut rules);
        let idle = &typed.idle;
        let [first, second, last] = rules.idle.after;
        rules.idle.after = [
            self.millis(
                "idle.ask_after_ms",
                idle.ask_after_ms,
                first,
                (1_000, 600_000),
            ),
            self.millis(
                "idle.ask_again_after_ms",
                idle.ask_again_after_ms,
                second,
                (1_000, 600_000),
            ),
            self.millis(
                "idle.hang_up_after_ms",
                idle.hang_up_after_ms,
                last,
                (1_000, 600_000),
            ),
        ];
        let key = self.at("history_messages");
        rules.history_messages = self.meaning.within(
            &key,
            typed.history_messages,
            (2, rules.history_messages, 500),
        );
        rules.spoken_form = typed.tts.spoken_form.unwrap_or(rules.spoken_form);
        rules
    }

    fn fill_lines(&mut self, rules: &mut Rules, script: Option<&ScriptLines>) {
        if let Some(script) = script {
            let lines = &mut rules.lines;
            lines.unheard.clone_from(&script.trouble);
            lines.trouble.clone_from(&script.trouble);
            lines.still_there.clone_from(&script.still_there);
            lines.goodbye.clone_from(&script.goodbye);
            lines.failure.clone_from(&script.goodbye);
        }
        let typed = self.typed;
        let ai_name = self.meaning.text(typed.ai_name.as_ref(), &["AI_NAME"]);
        let company = self
            .meaning
            .text(typed.company_name.as_ref(), &["COMPANY_NAME"]);
        let company = self.wishes.company_name.map(str::to_owned).or(company);
        let names = Names {
            ai_name: ai_name.as_deref().unwrap_or("Alex"),
            company_name: company.as_deref().unwrap_or("our company"),
        };
        let usual_greeting = match (script, rules.language.primary()) {
            (Some(script), _) => script.greeting.as_str(),
            (None, "es") => prompt::GREETING_ES,
            (None, _) => prompt::GREETING,
        };
        let greeting = self.wishes.greeting.or(typed.greeting.as_deref());
        let system = self.filled(
            "prompt",
            typed.prompt.as_deref().unwrap_or(prompt::PROMPT),
            &names,
        );
        rules.lines.greeting = self.filled("greeting", greeting.unwrap_or(usual_greeting), &names);
        rules.system =
            with_guidelines(system, rules, typed.voice_guidelines.unwrap_or(true)).into();
        let lines = &mut rules.lines;
        for (line, typed) in [
            (&mut lines.unheard, &typed.unheard_line),
            (&mut lines.trouble, &typed.trouble_line),
            (&mut lines.goodbye, &typed.goodbye_line),
            (&mut lines.failure, &typed.failure_line),
        ] {
            if let Some(typed) = typed {
                line.clone_from(typed);
            }
        }
        if let Some(still_there) = &typed.still_there_lines {
            lines.still_there = still_there.clone();
        }
    }

    fn filled(&mut self, key: &str, text: &str, names: &Names<'_>) -> String {
        names.fill_in(text).unwrap_or_else(|message| {
            let key = self.at(key);
            self.meaning.problem(&key, message);
            String::new()
        })
    }

    fn fill_turn(&mut self, rules: &mut Rules) {
        let turn = &self.typed.turn;
        let presets = [
            ("balanced", Waits::BALANCED),
            ("eager", Waits::EAGER),
            ("patient", Waits::PATIENT),
        ];
        let key = self.at("turn.preset");
        let preset = self.meaning.choice(&key, turn.preset.as_deref(), &presets);
        let ends = [("words", TurnEnd::Words), ("provider", TurnEnd::Provider)];
        let key = self.at("turn.end");
        rules.turn.end = self.meaning.choice(&key, turn.end.as_deref(), &ends);
        if turn.speculate == Some(false) || rules.turn.end == TurnEnd::Provider {
            rules.turn.speculate = Speculate::Off;
        }
        if turn.speculate == Some(true) && rules.turn.end == TurnEnd::Provider {
            let key = self.at("turn.speculate");
            self.meaning
                .problem(&key, "contradicts `turn.end = \"provider\"`");
        }
        rules.turn.finalize_after = self.millis(
            "turn.finalize_after_ms",
            turn.finalize_after_ms,
            rules.turn.finalize_after,
            (0, 5_000),
        );
        rules.turn.words_deadline = self.millis(
            "turn.words_deadline_ms",
            turn.words_deadline_ms,
            rules.turn.words_deadline,
            (100, 10_000),
        );
        rules.turn.wait = self.waits(&turn.wait, preset);
    }

    fn waits(&mut self, wait: &raw::Wait, preset: Waits) -> Waits {
        let mut at = |key: &str, typed: Option<u64>, usual: Millis| {
            self.millis(&format!("turn.wait.{key}"), typed, usual, (0, 30_000))
        };
        Waits {
            terminal: at("terminal_ms", wait.terminal_ms, preset.terminal),
            short_answer: at("short_answer_ms", wait.short_answer_ms, preset.short_answer),
            complete: at("complete_ms", wait.complete_ms, preset.complete),
            unknown: at("unknown_ms", wait.unknown_ms, preset.unknown),
            number: preset.number,
            incomplete: at("incomplete_ms", wait.incomplete_ms, preset.incomplete),
            filler: at("filler_ms", wait.filler_ms, preset.filler),
        }
    }

    fn fill_overlap(&mut self, rules: &mut Rules) {
        let typed = &self.typed.overlap;
        let overlap = &mut rules.overlap;
        overlap.greeting_interruptible = typed
            .greeting_interruptible
            .unwrap_or(overlap.greeting_interruptible);
        overlap.speech_without_words = self.millis(
            "overlap.min_ms",
            typed.min_ms,
            overlap.speech_without_words,
            (100, 10_000),
        );
        overlap.end_edge = self.millis(
            "overlap.end_edge_ms",
            typed.end_edge_ms,
            overlap.end_edge,
            (0, 5_000),
        );
        if let Some(words) = &typed.stop_words {
            overlap.stop_words.clone_from(words);
        }
        if let Some(words) = &typed.ack_words {
            overlap.ack_words.clone_from(words);
        }
    }

    fn fill_end(&mut self, rules: &mut Rules) {
        let typed = &self.typed.end;
        let end = &mut rules.end;
        let all = self.file.limits.max_call_s;
        let usual_s = self.meaning.within(
            "limits.max_call_s",
            all,
            (10, end.max_call.0 / 1_000, 86_400),
        );
        let key = self.at("end.max_call_s");
        let max_call_s = self
            .meaning
            .within(&key, typed.max_call_s, (10, usual_s, 86_400));
        end.max_call = Millis(max_call_s * 1_000);
        end.grace = self.millis("end.grace_ms", typed.grace_ms, end.grace, (0, 10_000));
        if let Some(goodbyes) = &typed.goodbyes {
            end.goodbyes.clone_from(goodbyes);
        }
        let key = self.at("end.max_failures");
        end.max_failures =
            self.meaning
                .within(&key, typed.max_failures, (1, end.max_failures, 100));
        let key = self.at("end.max_tools_per_turn");
        end.max_tools_per_turn = self.meaning.within(
            &key,
            typed.max_tools_per_turn,
            (0, end.max_tools_per_turn, 50),
        );
    }
}

fn with_guidelines(system: String, rules: &Rules, wanted: bool) -> String {
    let mut system = system;
    if wanted {
        system = format!("{system}\n\n{}", prompt::GUIDELINES);
    }
    if rules.language.primary() != "en" {
        system = format!(
            "{system}\n\nSpeak the language with the tag `{}`.",
            rules.language
        );
    }
    system
}
