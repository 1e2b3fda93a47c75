//! What an agent is: its rules, its models and how they are used.

use std::{collections::BTreeMap, sync::Arc};

use domain::{AgentId, Language, Micros, Millis, ModelName, Prices};
use providers::{
    llm::ModelSettings,
    offline::{Script, ScriptLines},
    stt::Listen,
    tts::Voice,
};
use session::{Rules, TurnEnd, Waits};

use super::{
    meaning::Meaning,
    models::{self, ListPrice},
    prompt::{self, Names},
    provider::{Job, ProviderAccess},
    raw,
};
use crate::engines;

/// The agent that there is when none is described.
pub(crate) const USUAL_AGENT: &str = "hotline";
const RACHEL: &str = "21m00Tcm4TlvDq8ikWAM";

/// An agent as the operator wants it; the server opens its providers.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentPlan {
    /// Its name.
    pub id: AgentId,
    /// How it behaves.
    pub rules: Rules,
    /// Who recognises speech, in order of preference.
    pub listen: Vec<(ModelName, Listen)>,
    /// Who writes replies, in order of preference.
    pub think: Vec<(ModelName, Arc<ModelSettings>)>,
    /// Who speaks, in order of preference.
    pub speak: Vec<(ModelName, Voice)>,
    /// When the ear takes sound for speech.
    pub ear: audio::VadSettings,
    /// What it all costs.
    pub prices: Prices,
}

/// All agents as they were typed, and what they share.
pub(crate) struct Agents<'f> {
    typed: BTreeMap<String, &'f raw::Agent>,
    file: &'f raw::File,
    providers: &'f ProviderAccess,
}

/// What a tenant wants different for its calls.
#[derive(Default)]
pub(crate) struct Wishes<'t> {
    pub voice: Option<&'t str>,
    pub greeting: Option<&'t str>,
    pub company_name: Option<&'t str>,
}

static UNTOUCHED: std::sync::LazyLock<raw::Agent> = std::sync::LazyLock::new(raw::Agent::default);

impl<'f> Agents<'f> {
    pub(crate) fn read(
        file: &'f raw::File,
        providers: &'f ProviderAccess,
        meaning: &mut Meaning<'_>,
    ) -> Self {
        let mut typed: BTreeMap<String, &raw::Agent> = BTreeMap::new();
        for (name, agent) in &file.agents {
            if meaning
                .parse::<AgentId>(&format!("agents.{name}"), name)
                .is_some()
            {
                typed.insert(name.clone(), agent);
            }
        }
        if file.agents.is_empty() {
            typed.insert(USUAL_AGENT.to_owned(), &UNTOUCHED);
        }
        Self {
            typed,
            file,
            providers,
        }
    }

    /// The names of all agents.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.typed.keys().map(String::as_str)
    }

    /// The agent called `name` as a tenant wants it.
    pub(crate) fn plan(
        &self,
        name: &str,
        wishes: &Wishes<'_>,
        meaning: &mut Meaning<'_>,
    ) -> Option<AgentPlan> {
        let typed = *self.typed.get(name)?;
        let id = name.parse().ok()?;
        let key = format!("agents.{name}");
        let mut reading = Reading {
            key,
            typed,
            wishes,
            file: self.file,
            providers: self.providers,
            meaning,
        };
        Some(reading.plan(id))
    }
}

/// One agent being read.
struct Reading<'r, 'a> {
    key: String,
    typed: &'r raw::Agent,
    wishes: &'r Wishes<'r>,
    file: &'r raw::File,
    providers: &'r ProviderAccess,
    meaning: &'r mut Meaning<'a>,
}

impl Reading<'_, '_> {
    fn plan(&mut self, id: AgentId) -> AgentPlan {
        let language: Language = match self.typed.language.as_deref() {
            None => Language::default(),
            Some(text) => {
                let key = self.at("language");
                self.meaning.parse(&key, text).unwrap_or_default()
            }
        };
        let listen = self.models(Job::Listen, &self.typed.stt.models);
        let think = self.models(Job::Think, &self.typed.llm.models);
        let speak = self.models(Job::Speak, &self.typed.tts.models);
        // A script knows its own lines, and what it understands.
        let scripted = think.first().is_some_and(|name| name.provider == "offline");
        let script = scripted.then(Script::demo);
        AgentPlan {
            id,
            rules: self.rules(&language, script.as_ref()),
            ear: self.ear(),
            prices: self.prices([&listen, &think, &speak]),
            listen: self.listening(listen, &language, script.as_ref()),
            think: self.thinking(think),
            speak: self.speaking(speak, &language),
        }
    }

    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.key)
    }

    fn millis(
        &mut self,
        key: &str,
        typed: Option<u64>,
        usual: Millis,
        range: (u64, u64),
    ) -> Millis {
        let key = self.at(key);
        let (least, most) = range;
        Millis(self.meaning.within(&key, typed, (least, usual.0, most)))
    }

    fn models(&mut self, job: Job, typed: &[String]) -> Vec<ModelName> {
        if typed.is_empty() {
            return vec![self.usual_model(job)];
        }
        let mut models = Vec::new();
        for (index, text) in typed.iter().enumerate() {
            let key = self.model_key(job, index);
            let Some(name) = self.meaning.parse::<ModelName>(&key, text) else {
                continue;
            };
            if self.serves(job, &name, &key) {
                self.warn_of_end(&name);
                models.push(name);
            }
        }
        models
    }

    /// Where a model stands: in a section, or in a list that stands for one.
    fn model_key(&self, job: Job, index: usize) -> String {
        let in_list = self.at(&format!("{}.{index}", job.key()));
        if self.meaning.stands(&in_list) {
            return in_list;
        }
        self.at(&format!("{}.models.{index}", job.key()))
    }

    fn usual_model(&mut self, job: Job) -> ModelName {
        let provider = job.usual();
        let model = match job {
            Job::Listen => "nova-3",
            Job::Speak => "eleven_flash_v2_5",
            Job::Think => self
                .meaning
                .environment()
                .get("OPENAI_MODEL")
                .unwrap_or("gpt-6-luna"),
        };
        let name = ModelName {
            provider: provider.to_owned(),
            model: model.trim().to_owned(),
        };
        if self.providers.of(job).usable() {
            self.warn_of_end(&name);
            return name;
        }
        let variable = job.key_variable();
        let warning = format!(
            "{variable} is not set: the offline engine does the work of {}",
            job.noun()
        );
        if !self.meaning.warnings.contains(&warning) {
            self.meaning.warnings.push(warning);
        }
        ModelName {
            provider: "offline".to_owned(),
            model: engines::AUTO.to_owned(),
        }
    }

    fn serves(&mut self, job: Job, name: &ModelName, key: &str) -> bool {
        if name.provider == "offline" {
            let known = job.engines().contains(&name.model.as_str());
            if !known {
                let engines = job.engines().join(", ");
                let message = format!("`{}` is none of our engines: {engines}", name.model);
                self.meaning.problem(key, message);
            }
            return known;
        }
        if name.provider != job.usual() {
            self.meaning.problem(
                key,
                format!(
                    "`{}` does not do {}; known here: {}, offline",
                    name.provider,
                    job.noun(),
                    job.usual()
                ),
            );
            return false;
        }
        if !self.providers.of(job).usable() {
            self.meaning.problem(
                key,
                format!("needs the variable {} or a base_url", job.key_variable()),
            );
            return false;
        }
        true
    }

    fn warn_of_end(&mut self, name: &ModelName) {
        let Some((day, instead)) = models::ending(&name.model) else {
            return;
        };
        let warning = format!("{name} ends on {day}: change to {instead}");
        if !self.meaning.warnings.contains(&warning) {
            self.meaning.warnings.push(warning);
        }
    }

    fn listening(
        &self,
        models: Vec<ModelName>,
        language: &Language,
        script: Option<&Script>,
    ) -> Vec<(ModelName, Listen)> {
        let stt = &self.typed.stt;
        let mut keyterms = stt.keyterms.clone();
        keyterms.extend(script.map(Script::phrases).unwrap_or_default());
        let listen = |name: ModelName| {
            let listen = Listen {
                model: name.model.clone(),
                language: language.clone(),
                keyterms: keyterms.clone(),
                endpointing: Millis(stt.endpointing_ms.unwrap_or(300)),
                utterance_end: Millis(stt.utterance_end_ms.unwrap_or(1_000)),
                smart_format: stt.smart_format.unwrap_or(true),
            };
            (name, listen)
        };
        models.into_iter().map(listen).collect()
    }

    fn thinking(&mut self, models: Vec<ModelName>) -> Vec<(ModelName, Arc<ModelSettings>)> {
        let llm = &self.typed.llm;
        let (tokens, temperature) = (self.at("llm.max_tokens"), self.at("llm.temperature"));
        let (presence, frequency) = (
            self.at("llm.presence_penalty"),
            self.at("llm.frequency_penalty"),
        );
        let settings = ModelSettings {
            model: String::new(),
            max_tokens: self
                .meaning
                .within(&tokens, llm.max_tokens, (1, 300, 100_000)),
            temperature: self
                .meaning
                .optional(&temperature, llm.temperature, (0.0, 2.0)),
            presence_penalty: self
                .meaning
                .optional(&presence, llm.presence_penalty, (-2.0, 2.0)),
            frequency_penalty: self.meaning.optional(
                &frequency,
                llm.frequency_penalty,
                (-2.0, 2.0),
            ),
            reasoning_effort: llm.reasoning_effort.clone(),
            tools: Vec::new(),
        };
        let think = |name: ModelName| {
            let model = name.model.clone();
            (
                name,
                Arc::new(ModelSettings {
                    model,
                    ..settings.clone()
                }),
            )
        };
        models.into_iter().map(think).collect()
    }

    fn speaking(&mut self, models: Vec<ModelName>, language: &Language) -> Vec<(ModelName, Voice)> {
        let tts = &self.typed.tts;
        let mut unit = |key: &str, typed: Option<f32>, usual: f32, range: (f32, f32)| {
            let key = format!("{}.tts.{key}", self.key);
            Some(self.meaning.within(&key, typed, (range.0, usual, range.1)))
        };
        let stability = unit("stability", tts.stability, 0.6, (0.0, 1.0));
        let similarity_boost = unit("similarity_boost", tts.similarity_boost, 0.75, (0.0, 1.0));
        let style = unit("style", tts.style, 0.35, (0.0, 1.0));
        let speed = unit("speed", tts.speed, 0.92, (0.7, 1.2));
        if tts
            .chunk_length_schedule
            .iter()
            .any(|chars| !(50..=500).contains(chars))
        {
            let key = self.at("tts.chunk_length_schedule");
            self.meaning
                .problem(&key, "each number is between 50 and 500");
        }
        let variable = self
            .meaning
            .text(tts.voice.as_ref(), &["ELEVENLABS_VOICE_ID"]);
        let voice = self.wishes.voice.map(str::to_owned).or(variable);
        let speak = |name: ModelName| {
            let offline = name.provider == "offline";
            let voice = Voice {
                model: name.model.clone(),
                voice: if offline {
                    String::new()
                } else {
                    voice.clone().unwrap_or_else(|| RACHEL.into())
                },
                language: language.clone(),
                stability,
                similarity_boost,
                style,
                speed,
                use_speaker_boost: tts.use_speaker_boost,
                chunk_length_schedule: tts.chunk_length_schedule.clone(),
                multi_context: tts.multi_context.unwrap_or(false),
            };
            (name, voice)
        };
        models.into_iter().map(speak).collect()
    }

    fn ear(&mut self) -> audio::VadSettings {
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

    fn rules(&mut self, language: &Language, script: Option<&Script>) -> Rules {
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
            lines.trouble.clone_from(&script.trouble);
            lines.still_there.clone_from(&script.still_there);
            lines.goodbye.clone_from(&script.goodbye);
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
        lines.trouble = typed
            .trouble_line
            .clone()
            .unwrap_or_else(|| lines.trouble.clone());
        lines.goodbye = typed
            .goodbye_line
            .clone()
            .unwrap_or_else(|| lines.goodbye.clone());
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
        rules.turn.speculate = turn.speculate.unwrap_or(true) && rules.turn.end == TurnEnd::Words;
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

    /// What the first of each job costs: records carry one price per job.
    fn prices(&mut self, [listen, think, speak]: [&[ModelName]; 3]) -> Prices {
        let listen = self.price(listen);
        let think = self.price(think);
        let speak = self.price(speak);
        let line = self.file.twilio.line_per_minute_usd;
        let [input, cached, output] = think.tokens;
        Prices {
            line_per_minute: Micros(self.micros("twilio.line_per_minute_usd", line, 14_000)),
            stt_per_minute: Micros(listen.minute),
            llm_input_per_million: Micros(input),
            llm_cached_per_million: Micros(cached),
            llm_output_per_million: Micros(output),
            tts_per_million: Micros(speak.characters),
        }
    }

    fn price(&mut self, models: &[ModelName]) -> ListPrice {
        let Some(name) = models.first().map(ModelName::to_string) else {
            return ListPrice::default();
        };
        let list = models::list_price(&name);
        let Some(typed) = self.file.prices.get(&name) else {
            return list;
        };
        let at = |key: &str| format!("prices.{name}.{key}");
        let input = self.micros(
            &at("input_per_million_usd"),
            typed.input_per_million_usd,
            list.tokens[0],
        );
        let cached = typed.cached_per_million_usd.or(typed.input_per_million_usd);
        ListPrice {
            minute: self.micros(&at("per_minute_usd"), typed.per_minute_usd, list.minute),
            tokens: [
                input,
                self.micros(&at("cached_per_million_usd"), cached, list.tokens[1]),
                self.micros(
                    &at("output_per_million_usd"),
                    typed.output_per_million_usd,
                    list.tokens[2],
                ),
            ],
            characters: self.micros(
                &at("characters_per_million_usd"),
                typed.characters_per_million_usd,
                list.characters,
            ),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked before"
    )]
    fn micros(&mut self, key: &str, typed: Option<f64>, usual: u64) -> u64 {
        typed.map_or(usual, |dollars| {
            (self
                .meaning
                .within(key, Some(dollars), (0.0, 0.0, 1_000_000.0))
                * 1e6)
                .round() as u64
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
