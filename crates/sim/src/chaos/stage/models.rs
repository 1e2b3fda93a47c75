//! Those who think.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use driver::Station;
use providers::{
    Secret,
    llm::{
        LanguageModel, ModelSettings,
        anthropic::Anthropic,
        openai::{OpenAi, Profile},
    },
};
use serde_json::Value;
use tokio::time::Instant;

use super::{FIRST_TOKEN, Post, base};
use crate::{
    Delay,
    chaos::Set,
    fakes::{
        AnthropicSettings, Brain, FakeAnthropic, FakeOpenAi, LlmFault, OpenAiSettings, Pieces,
        Timeline, Used, Violation,
    },
};

/// A model that is not there.
pub(in crate::chaos) enum FakeModel {
    Anthropic(FakeAnthropic),
    OpenAi(FakeOpenAi),
}

/// How one writes.
#[derive(Clone)]
pub(super) struct Writing {
    pub(super) brain: Arc<dyn Brain>,
    pub(super) token_gap: Duration,
    pub(super) pieces: Pieces,
}

impl FakeModel {
    pub(super) async fn start(
        set: Set,
        writing: Writing,
        timeline: Timeline,
    ) -> anyhow::Result<Self> {
        let timeline = Some(timeline);
        let first_token = Delay::Fixed(FIRST_TOKEN);
        let Writing {
            brain,
            token_gap,
            pieces,
        } = writing;
        let token_gap = Delay::Fixed(token_gap);
        Ok(match set {
            Set::Nova | Set::Files => {
                let fake = FakeOpenAi::start(OpenAiSettings {
                    brain,
                    first_token,
                    token_gap,
                    pieces,
                    timeline,
                    ..OpenAiSettings::default()
                });
                Self::OpenAi(fake.await?)
            }
            Set::Flux => {
                let fake = FakeAnthropic::start(AnthropicSettings {
                    brain,
                    first_token,
                    token_gap,
                    pieces,
                    timeline,
                    ..AnthropicSettings::default()
                });
                Self::Anthropic(fake.await?)
            }
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Anthropic(fake) => fake.address(),
            Self::OpenAi(fake) => fake.address(),
        }
    }

    pub(in crate::chaos) fn attempts(&self) -> Vec<Instant> {
        match self {
            Self::Anthropic(fake) => fake.attempts(),
            Self::OpenAi(fake) => fake.attempts(),
        }
    }

    pub(in crate::chaos) fn fail_once(&self, fault: LlmFault) {
        match self {
            Self::Anthropic(fake) => fake.fail_once(fault),
            Self::OpenAi(fake) => fake.fail_once(fault),
        }
    }

    pub(in crate::chaos) fn fail_always(&self, fault: Option<LlmFault>) {
        match self {
            Self::Anthropic(fake) => fake.fail_always(fault),
            Self::OpenAi(fake) => fake.fail_always(fault),
        }
    }

    /// When each request came, and its body.
    fn requests(&self) -> Vec<(Instant, Value)> {
        match self {
            Self::Anthropic(fake) => {
                let asked = fake.seen().into_iter();
                asked.map(|asked| (asked.at, asked.body)).collect()
            }
            Self::OpenAi(fake) => {
                let asked = fake.seen().into_iter();
                asked.map(|asked| (asked.at, asked.body)).collect()
            }
        }
    }

    /// When it was asked what: one entry for each request that came, whatever became of it.
    pub(in crate::chaos) fn asked(&self) -> Vec<(Instant, Question)> {
        let requests = self.requests().into_iter();
        requests
            .map(|(at, body)| (at, Question::of(&body)))
            .collect()
    }

    /// What it was shown that the agent had said, in all requests.
    pub(in crate::chaos) fn shown(&self) -> Vec<String> {
        let requests = self.requests();
        let messages = requests
            .iter()
            .flat_map(|(_at, body)| body["messages"].as_array().into_iter().flatten());
        let agents = messages.filter(|message| message["role"] == "assistant");
        agents.map(|message| text(&message["content"])).collect()
    }

    pub(in crate::chaos) fn used(&self) -> Vec<Used> {
        match self {
            Self::Anthropic(fake) => fake.used(),
            Self::OpenAi(fake) => fake.used(),
        }
    }

    /// When the answer to each request that it took was over, or nobody wanted it any more.
    pub(in crate::chaos) fn closed(&self) -> Vec<Option<Instant>> {
        match self {
            Self::Anthropic(fake) => fake.closed(),
            Self::OpenAi(fake) => fake.closed(),
        }
    }

    pub(in crate::chaos) fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Anthropic(fake) => fake.violations(),
            Self::OpenAi(fake) => fake.violations(),
        }
    }
}

/// What a request asks: the same again is a retry, and a reply begun too soon is another one.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::chaos) struct Question {
    /// So many messages it has.
    messages: usize,
    /// What the caller said last.
    said: String,
}

impl Question {
    pub(in crate::chaos) fn of(body: &Value) -> Self {
        let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let mut callers = messages.iter().rev();
        let last = callers.find(|message| message["role"] == "user");
        Self {
            messages: messages.len(),
            said: last.map_or(String::new(), |message| text(&message["content"])),
        }
    }
}

/// The text of a message, which may come in blocks.
fn text(content: &Value) -> String {
    let blocks = content.as_array().into_iter().flatten();
    let blocks = blocks.filter_map(|block| block["text"].as_str());
    content.as_str().into_iter().chain(blocks).collect()
}

pub(super) fn think(
    models: &[Post<FakeModel>; 2],
    (set, name): (Set, &str),
) -> anyhow::Result<Vec<Station<dyn LanguageModel, Arc<ModelSettings>>>> {
    let model = match set {
        Set::Nova | Set::Files => "gpt-4o-mini",
        Set::Flux => "claude-haiku-5-5",
    };
    let settings = Arc::new(ModelSettings::plain(model, 300));
    let station = |(place, post): (usize, &Post<FakeModel>)| -> anyhow::Result<_> {
        let base = base(post, set)?;
        let provider: Arc<dyn LanguageModel> = match post.fake {
            FakeModel::Anthropic(_) => {
                let key = Secret::parse(&AnthropicSettings::default().key)?;
                Arc::new(Anthropic::new(base, Some(key)))
            }
            FakeModel::OpenAi(_) => {
                let key = Secret::parse(&OpenAiSettings::default().key)?;
                let profile = Profile::of(&base);
                Arc::new(OpenAi::new(base, Some(key), profile))
            }
        };
        Ok(Station {
            name: format!("model{place}/{name}").parse()?,
            provider,
            settings: Arc::clone(&settings),
        })
    };
    models.iter().enumerate().map(station).collect()
}
