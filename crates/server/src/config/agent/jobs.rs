//! Who does an agent's jobs, and with which settings.

use std::sync::Arc;

use domain::{Language, Millis, ModelName};
use providers::{
    llm::{ModelSettings, ToolOffer},
    offline::Script,
    stt::Listen,
    tts::Voice,
};

use super::{
    super::{
        models,
        provider::{Access, Job, key_variable},
    },
    RACHEL, Reading, SpeakOver,
};
use crate::engines;

impl Reading<'_, '_> {
    pub(super) fn models(
        &mut self,
        job: Job,
        typed: &[String],
        language: &Language,
    ) -> Vec<ModelName> {
        if typed.is_empty() && job == Job::Talk {
            return Vec::new();
        }
        if typed.is_empty() {
            return vec![self.usual_model(job, language)];
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

    /// The model of the first provider whose key is there.
    fn usual_model(&mut self, job: Job, language: &Language) -> ModelName {
        for provider in job.providers() {
            let access = self.providers.named(provider);
            let usable = access.is_some_and(|access| match (job, *provider) {
                // A server in its place may know languages and no sounds.
                (Job::Listen | Job::Speak, "openai") => access.is_usual(),
                _ => access.usable(),
            });
            let Some(usual) = job.usual_model(provider, language).filter(|_| usable) else {
                continue;
            };
            let variable = (job == Job::Think && *provider == "openai").then_some("OPENAI_MODEL");
            let wanted = variable.and_then(|name| self.meaning.environment().get(name));
            let name = ModelName {
                provider: (*provider).to_owned(),
                model: wanted.unwrap_or(usual).trim().to_owned(),
            };
            self.warn_of_end(&name);
            return name;
        }
        let variable = key_variable(job.providers()[0]);
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
        let provider = name.provider.as_str();
        if provider == "offline" && !job.engines().is_empty() {
            let known = job.engines().contains(&name.model.as_str());
            if !known {
                let engines = job.engines().join(", ");
                let message = format!("`{}` is none of our engines: {engines}", name.model);
                self.meaning.problem(key, message);
            }
            return known;
        }
        let compatible = self.providers.compatible.contains_key(provider);
        if !compatible && !job.providers().contains(&provider) {
            let offline = (!job.engines().is_empty()).then_some("offline");
            let known = job.providers().iter().copied().chain(offline);
            let known: Vec<&str> = known
                .chain(self.providers.compatible.keys().map(String::as_str))
                .collect();
            let message = format!(
                "`{provider}` does not do {}; known here: {}",
                job.noun(),
                known.join(", ")
            );
            self.meaning.problem(key, message);
            return false;
        }
        if !self.providers.named(provider).is_some_and(Access::usable) {
            let variable = key_variable(provider);
            let message = format!("needs the variable {variable} or a base_url");
            self.meaning.problem(key, message);
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

    pub(super) fn listening(
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
                filler_words: stt.filler_words.unwrap_or(true),
            };
            (name, listen)
        };
        models.into_iter().map(listen).collect()
    }

    pub(super) fn thinking(
        &mut self,
        models: Vec<ModelName>,
    ) -> Vec<(ModelName, Arc<ModelSettings>)> {
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
            tools: self.tools(),
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

    pub(super) fn tools(&self) -> Vec<ToolOffer> {
        let hangs_up = self.typed.llm.end_call_tool.unwrap_or(true);
        hangs_up.then(end_call).into_iter().collect()
    }

    pub(super) fn speaking(
        &mut self,
        models: Vec<ModelName>,
        language: &Language,
    ) -> Vec<(ModelName, Voice)> {
        let tts = &self.typed.tts;
        let mut unit = |key: &str, typed: Option<f32>, usual: f32, range: (f32, f32)| {
            let key = format!("{}.tts.{key}", self.key);
            Some(self.meaning.within(&key, typed, (range.0, usual, range.1)))
        };
        let stability = unit("stability", tts.stability, 0.6, (0.0, 1.0));
        let similarity_boost = unit("similarity_boost", tts.similarity_boost, 0.75, (0.0, 1.0));
        let style = unit("style", tts.style, 0.35, (0.0, 1.0));
        let usual_speed = unit("speed", tts.speed, 0.92, (0.7, 1.2));
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
        let elevenlabs = self.wishes.voice.map(str::to_owned).or(variable);
        let alone = models.len() == 1;
        let speak = |name: ModelName| {
            let of_provider = tts.voices.get(&name.provider).cloned();
            let is_elevenlabs = name.provider == "elevenlabs";
            let voice = match name.provider.as_str() {
                "elevenlabs" => of_provider
                    .or_else(|| elevenlabs.clone())
                    .unwrap_or_else(|| RACHEL.into()),
                "offline" => String::new(),
                _ => of_provider
                    .or_else(|| tts.voice.clone().filter(|_| alone))
                    .unwrap_or_else(|| usual_voice(&name.provider).to_owned()),
            };
            let voice = Voice {
                model: name.model.clone(),
                voice,
                language: language.clone(),
                stability,
                similarity_boost,
                style,
                // Other voices are at their best at their own speed, and some know no other.
                speed: usual_speed.filter(|_| is_elevenlabs || tts.speed.is_some()),
                use_speaker_boost: tts.use_speaker_boost,
                chunk_length_schedule: tts.chunk_length_schedule.clone(),
                multi_context: tts.multi_context.unwrap_or(false),
            };
            (name, voice)
        };
        models.into_iter().map(speak).collect()
    }

    pub(super) fn speak_over(&mut self) -> SpeakOver {
        let tts = &self.typed.tts;
        let ways = [("socket", SpeakOver::Socket), ("http", SpeakOver::Http)];
        let key = self.at("tts.transport");
        let over = self.meaning.choice(&key, tts.transport.as_deref(), &ways);
        if over == SpeakOver::Http && tts.multi_context == Some(true) {
            let message = "needs `transport = \"socket\"`: over http every clause stands alone";
            self.contradiction("tts.multi_context", message);
        }
        over
    }
}

/// The voice of a provider that is not told one.
fn usual_voice(provider: &str) -> &'static str {
    match provider {
        // The model's name names the voice.
        "deepgram" => "",
        _ => "alloy",
    }
}

/// The tool by which a model hangs up. The session carries it out.
fn end_call() -> ToolOffer {
    ToolOffer {
        name: "end_call".to_owned(),
        description: "Ends the telephone call. Say goodbye first, in the same reply.".to_owned(),
        parameters:
            r#"{"type":"object","properties":{},"required":[],"additionalProperties":false}"#
                .to_owned(),
    }
}
