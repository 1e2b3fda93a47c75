//! How an agent behaves.

mod edges;
mod overlap;
mod turn;

use domain::Language;
use providers::offline::{Script, ScriptLines};
use session::Rules;
use transports::twilio::twiml::regional;

use super::{
    super::prompt::{self, Names},
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
        self.fill_mask(&mut rules);
        self.fill_idle(&mut rules);
        self.fill_dtmf(&mut rules);
        self.fill_amd(&mut rules);
        self.fill_end(&mut rules);
        rules.budget = self.budget();
        let key = self.at("history_messages");
        rules.history_messages = self.meaning.within(
            &key,
            typed.history_messages,
            (2, rules.history_messages, 500),
        );
        let key = self.at("history_tokens");
        rules.history_tokens = self.meaning.within(
            &key,
            typed.history_tokens,
            (100, rules.history_tokens, 1_000_000),
        );
        rules.line.rounds = self.rounds(language);
        if rules.line.rounds && typed.keypad_line.is_some() {
            self.contradiction("keypad_line", "needs `carrier_rounds = false`");
        }
        rules.spoken_form = typed.tts.spoken_form.unwrap_or(rules.spoken_form);
        rules
    }

    /// Whether the carrier can take over a call: it has to know the language.
    fn rounds(&mut self, language: &Language) -> bool {
        let known = language.primary() == "en" || regional(language).is_some();
        let wanted = self.typed.carrier_rounds;
        if wanted == Some(true) && !known {
            let message = "needs a `language` with its region, such as `fi-FI`";
            self.contradiction("carrier_rounds", message);
        }
        wanted.unwrap_or(true) && known
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
            (&mut lines.one_moment, &typed.one_moment_line),
            (&mut lines.hold, &typed.hold_line),
            (&mut lines.almost_over, &typed.almost_over_line),
            (&mut lines.budget_low, &typed.budget_low_line),
            (&mut lines.keypad, &typed.keypad_line),
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

#[cfg(test)]
mod tests;
