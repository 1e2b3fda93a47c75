//! Models that hear, think and speak in one.

use std::sync::Arc;

use domain::{Language, Millis, ModelName};
use providers::realtime::{Eagerness, TalkSettings, TurnDetection};

use super::Reading;

/// Sound that the provider keeps from before speech began, and how loud speech is: its own defaults.
const PADDING: Millis = Millis(300);
const THRESHOLD: f32 = 0.5;

/// Who ends the turns of a model that hears, thinks and speaks in one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ends {
    /// As with other agents.
    Ours,
    /// The provider, by what was said.
    Meaning,
    /// The provider, by silence.
    Silence,
}

impl Ends {
    const ALL: [(&'static str, Self); 3] = [
        ("ours", Self::Ours),
        ("semantic_vad", Self::Meaning),
        ("server_vad", Self::Silence),
    ];
}

impl Reading<'_, '_> {
    pub(super) fn talking(
        &mut self,
        models: Vec<ModelName>,
        language: &Language,
    ) -> Vec<(ModelName, Arc<TalkSettings>)> {
        let typed = &self.typed.realtime;
        let key = self.at("realtime.max_output_tokens");
        let range = (1, 4_096, 4_096);
        let most = typed
            .max_output_tokens
            .map(|most| self.meaning.within(&key, Some(most), range));
        if typed.models.is_empty() {
            let keys = [
                ("realtime.voice", typed.voice.is_some()),
                ("realtime.max_output_tokens", most.is_some()),
                ("realtime.turns", typed.turns.is_some()),
            ];
            for (key, _) in keys.into_iter().filter(|(_, typed)| *typed) {
                self.contradiction(key, "needs a model in `realtime.models`");
            }
        }
        let key = self.at("realtime.turns");
        self.meaning
            .choice(&key, typed.turns.as_deref(), &Ends::ALL);
        let mut tools = self.tools();
        if self.typed.dtmf.press_keys.as_deref() == Some("always") {
            tools.push(driver::press_keys());
        }
        let turns = self.detection();
        let voice = typed.voice.as_deref().unwrap_or("marin");
        let talk = |name: ModelName| {
            let settings = TalkSettings {
                model: name.model.clone(),
                voice: voice.to_owned(),
                language: language.clone(),
                // The recogniser beside it knows sooner.
                transcription_model: None,
                turns,
                max_output_tokens: most,
                tools: tools.clone(),
            };
            (name, Arc::new(settings))
        };
        models.into_iter().map(talk).collect()
    }

    /// Who ends turns. What was typed is judged elsewhere.
    pub(super) fn ends(&self) -> Ends {
        let typed = self.typed.realtime.turns.as_deref();
        let typed = typed.filter(|_| !self.typed.realtime.models.is_empty());
        let known = typed.and_then(|typed| Ends::ALL.into_iter().find(|(name, _)| *name == typed));
        known.map_or(Ends::Ours, |(_, ends)| ends)
    }

    fn detection(&self) -> TurnDetection {
        let preset = self.typed.turn.preset.as_deref();
        match self.ends() {
            Ends::Ours => TurnDetection::Ours,
            Ends::Meaning => TurnDetection::SemanticVad(match preset {
                Some("eager") => Eagerness::High,
                Some("patient") => Eagerness::Low,
                Some(_) | None => Eagerness::Auto,
            }),
            Ends::Silence => TurnDetection::ServerVad {
                threshold: THRESHOLD,
                padding: PADDING,
                silence: Millis(self.typed.turn.wait.all_ms.unwrap_or(match preset {
                    Some("eager") => 300,
                    Some("patient") => 800,
                    Some(_) | None => 500,
                })),
            },
        }
    }
}
