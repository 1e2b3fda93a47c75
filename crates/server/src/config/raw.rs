//! What is typed into a configuration file: one struct per section. This file is the manual.
//!
//! Every key may be left out. What stands in the file counts; what the file leaves out comes from
//! the environment variable named beside the key, if there is one; what both leave out is the
//! default. Unknown keys are errors.

mod money;
mod realtime;
mod taking;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};

pub(crate) use money::{Breaker, Budget, Price};
pub(crate) use realtime::Realtime;
pub(crate) use taking::{Amd, Dtmf, End, Idle, Mask, Overlap, Turn, Wait};

/// The whole file, `repartee.toml` unless `--config` names another.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    /// Where the server listens and how it is reached.
    pub server: Server,
    /// What is written to the log.
    pub log: Log,
    /// How much the server takes on.
    pub limits: Limits,
    /// How calls are refused when there are too many.
    pub admission: Admission,
    /// When a provider that fails is left alone.
    pub breaker: Breaker,
    /// How the server stops.
    pub shutdown: Shutdown,
    /// Where calls are kept.
    pub store: Store,
    /// How much synthesised speech is kept.
    pub cache: Cache,
    /// The account whose calls arrive.
    pub twilio: Twilio,
    /// Keys and addresses of speech and language providers.
    pub providers: Providers,
    /// What models cost, by their names: `[prices."deepgram/nova-3"]`.
    pub prices: BTreeMap<String, Price>,
    /// Who is called on which numbers.
    pub tenants: Vec<Tenant>,
    /// Who answers, by name: `[agents.hotline]`. A file `agents/hotline.toml` beside this one is
    /// the same without the heading.
    pub agents: BTreeMap<String, Agent>,
}

/// `[server]`: where the server listens and how it is reached.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Server {
    /// The address to listen on. Default `0.0.0.0`.
    pub host: Option<String>,
    /// The port to listen on; 0 picks a free one. Variable `PORT`, default 3001.
    pub port: Option<u16>,
    /// How the carrier reaches this server: `https://voice.example.com`, with the path prefix that
    /// a proxy strips, if it does. Signatures are checked against it. Variables
    /// `TWILIO_WEBHOOK_BASE_URL` and `VOICE_SERVER_URL`; without it the `Host` header is believed.
    pub public_url: Option<String>,
    /// `production` or `development`. Variable `NODE_ENV`, default `production`.
    pub mode: Option<String>,
}

/// `[log]`: what is written to the log.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// `pretty` or `json`. Variable `LOG_FORMAT`; by default `pretty` on a terminal.
    pub format: Option<String>,
    /// A level, or directives such as `info,driver=debug`. Variable `RUST_LOG`, default `info`.
    pub level: Option<String>,
}

/// `[limits]`: how much the server takes on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Calls at the same time. Default 150 per core.
    pub max_calls: Option<usize>,
    /// New calls per second. Default 20.
    pub calls_per_second: Option<u32>,
    /// The longest call, unless the agent has its own limit. Default 1800.
    pub max_call_s: Option<u64>,
    /// The largest body of a request. Default 65536.
    pub http_body_bytes: Option<usize>,
    /// How long a body may take to arrive. Default 5000.
    pub http_body_wait_ms: Option<u64>,
    /// How long a connection may take to send the head of its request. Default 5000.
    pub http_head_wait_ms: Option<u64>,
    /// How long a media socket may take to say whose it is. Default 10000.
    pub media_start_wait_ms: Option<u64>,
    /// How long a media stream may send nothing at all before it is given up; it is probed after
    /// half of that. Default 10000.
    pub media_silence_ms: Option<u64>,
    /// How long a call that was announced waits for its media stream. Default 60.
    pub prepared_call_s: Option<u64>,
    /// How late the process may do what is due. If it was later in each of five seconds, no more
    /// calls are taken until it has caught up. Default 20.
    pub loop_lag_ms: Option<u64>,
    /// Connections at the same time that have not yet shown a valid media token, per address. All
    /// that come through one proxy have its address. Default 200.
    pub unproven_streams_per_address: Option<usize>,
}

/// `[admission]`: how calls are refused when there are too many.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Admission {
    /// `say` speaks `busy_line` and hangs up; `reject` sends a busy signal and is not billed.
    /// Default `say`.
    pub when_full: Option<String>,
    /// What a refused caller hears.
    pub busy_line: Option<String>,
    /// What a caller hears when a fault of ours ended the call, or nobody is left who could hold it.
    pub apology_line: Option<String>,
}

/// `[shutdown]`: how the server stops.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Shutdown {
    /// How long live calls may go on after SIGTERM. Default 900.
    pub wait_s: Option<u64>,
}

/// `[store]`: where calls are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Store {
    /// The database, `sqlite:PATH`. Variable `DATABASE_URL` if it begins with `sqlite:`, else a
    /// warning says that it is not used. Default `sqlite:repartee.db`.
    pub url: Option<String>,
}

/// `[cache]`: how much synthesised speech is kept, of what agents say by themselves. Never what a
/// caller said.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cache {
    /// Memory for it. What was not used for the longest time goes first. Default 64.
    pub memory_mb: Option<usize>,
    /// A folder where it outlives the process; made when it is needed. By default nothing is
    /// written to disk.
    pub dir: Option<String>,
    /// The most that is kept in `dir`. Default 256.
    pub disk_mb: Option<u64>,
}

/// `[twilio]`: the account whose calls arrive.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Twilio {
    /// `AC…`. Variable `TWILIO_ACCOUNT_SID`.
    pub account_sid: Option<String>,
    /// The key of webhook signatures; without it no webhook is answered. Variable
    /// `TWILIO_AUTH_TOKEN`.
    pub auth_token: Option<String>,
    /// A second token that is accepted while tokens are changed. Variable
    /// `TWILIO_AUTH_TOKEN_SECONDARY`.
    pub auth_token_secondary: Option<String>,
    /// Caller id of outbound calls. Variable `TWILIO_PHONE_NUMBER`.
    pub phone_number: Option<String>,
    /// What a minute of a call costs, short for `[prices."twilio/voice"]`. Default 0.014.
    pub line_per_minute_usd: Option<f64>,
}

/// `[providers]`: keys and addresses of speech and language providers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Providers {
    /// Language models. Variables `ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL`.
    pub anthropic: Provider,
    /// Servers that speak OpenAI's language, by names of your own: `[providers.compatible.ollama]`
    /// makes the models `ollama/...`. They may do every job that OpenAI's do.
    pub compatible: BTreeMap<String, Provider>,
    /// Speech to text and text to speech. Variables `DEEPGRAM_API_KEY`, `DEEPGRAM_BASE_URL`.
    pub deepgram: Provider,
    /// Text to speech. Variables `ELEVENLABS_API_KEY`, `ELEVENLABS_BASE_URL`.
    pub elevenlabs: Provider,
    /// Language models, speech to text and text to speech; with its own address, any compatible
    /// server. Variables `OPENAI_API_KEY`, `OPENAI_BASE_URL`.
    pub openai: Provider,
}

/// `[providers.NAME]`: one provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Provider {
    /// The key; best written `"${SOME_VARIABLE}"`.
    pub api_key: Option<String>,
    /// Where it is, if not at its usual place. OpenAI's ends in `/v1`, the others have no path.
    /// Plain `http` is for loopback and private addresses, and so is `h2c`, which is HTTP/2 without
    /// TLS; with `https` both sides agree on a version. Sockets are HTTP/1.1 either way.
    pub base_url: Option<String>,
}

/// `[[tenants]]`: someone who is called. Without any, every number reaches the only agent.
///
/// Variables `TWILIO_PHONE_NUMBER_ACME` and `ELEVENLABS_VOICE_ACME` make or complete the tenant
/// `acme`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tenant {
    /// Its name here: a-z, 0-9, `-` and `_`.
    pub id: String,
    /// The name that people know. Default: the id.
    pub name: Option<String>,
    /// The numbers on which it is called, `+14155550100`. One tenant may have none: it gets every
    /// call that is nobody else's.
    pub numbers: Vec<String>,
    /// Who answers. Default: the only agent there is.
    pub agent: Option<String>,
    /// Another voice for its calls. Variable `ELEVENLABS_VOICE_<TENANT>`.
    pub voice: Option<String>,
    /// Another greeting for its calls.
    pub greeting: Option<String>,
    /// The most that its calls may cost in a day of UTC, in US dollars, as far as prices are known:
    /// then its calls end with a goodbye, and no more are taken. 0, or nothing: no limit.
    pub budget_per_day_usd: Option<f64>,
    /// Another company name for its calls. Default: `name`, if there is one.
    pub company_name: Option<String>,
    /// Recordings that stand in for the built-in apology, by language: `{ es = "perdon.wav" }`. Seen
    /// from this file's folder; WAV, or mu-law at 8 kHz as `.ulaw`.
    pub apology_clips: BTreeMap<String, String>,
}

/// `[agents.NAME]`: someone who answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Agent {
    /// What the agent calls itself. Variable `AI_NAME`, default `Alex`.
    pub ai_name: Option<String>,
    /// Whom it works for. Variable `COMPANY_NAME`, default `our company`.
    pub company_name: Option<String>,
    /// What it speaks and understands: `en`, `en-AU`, `es-ES`. Default `en`.
    pub language: Option<String>,
    /// Who it is and what it does, for the model. `{{ai_name}}` and `{{company_name}}` are filled
    /// in.
    pub prompt: Option<String>,
    /// Whether rules for speaking on the telephone are added to the prompt. Default true.
    pub voice_guidelines: Option<bool>,
    /// The first words; empty waits for the caller. Filled in like `prompt`.
    pub greeting: Option<String>,
    /// Said when the caller spoke and no words of it came.
    pub unheard_line: Option<String>,
    /// Said when a reply failed, and the caller may try again.
    pub trouble_line: Option<String>,
    /// Asked when the caller is silent: the first and the second time.
    pub still_there_lines: Option<[String; 2]>,
    /// Said when the recogniser is gone for a moment.
    pub one_moment_line: Option<String>,
    /// Said when the caller asks the agent to wait; empty to wait without a word. Default: the
    /// language's, such as "Of course, take your time."
    pub hold_line: Option<String>,
    /// Said shortly before the longest call is over; see `end.warn_before_s`.
    pub almost_over_line: Option<String>,
    /// Said when the call's budget is nearly spent; see `budget.warn_percent`. By default nothing
    /// is said.
    pub budget_low_line: Option<String>,
    /// Said when nobody recognises the caller's words any more, and the carrier cannot either: which
    /// keys to press. They reach the model as turns, until none comes for `idle.ask_after_ms`. Needs
    /// `carrier_rounds = false`. By default the call ends at once, with `failure_line`.
    pub keypad_line: Option<String>,
    /// Said before hanging up.
    pub goodbye_line: Option<String>,
    /// Said before hanging up because something failed for good.
    pub failure_line: Option<String>,
    /// Messages kept in the prompt. Default 40.
    pub history_messages: Option<usize>,
    /// Tokens of them, about, that are kept; what goes on is always told whole. Default 8000.
    pub history_tokens: Option<usize>,
    /// Whether a call goes on by the carrier's own recogniser and voice, one question at a time, when
    /// nobody in `stt` works any more, or nobody in `tts`. The carrier bills them by itself; without
    /// them such a call is ended politely. Default true where the carrier knows the language: English,
    /// some others, and all that are named with their region (`fi-FI`).
    pub carrier_rounds: Option<bool>,
    /// Earlier calls of the same number that the agent remembers. A number is no proof of who calls.
    /// Default 0.
    pub remembers_calls: Option<u32>,
    /// Who hears, thinks and speaks in one.
    #[serde(deserialize_with = "list_or_section")]
    pub realtime: Realtime,
    /// Who recognises speech.
    #[serde(deserialize_with = "list_or_section")]
    pub stt: Stt,
    /// Who writes replies.
    #[serde(deserialize_with = "list_or_section")]
    pub llm: Llm,
    /// Who speaks.
    #[serde(deserialize_with = "list_or_section")]
    pub tts: Tts,
    /// When the caller's turn is over.
    pub turn: Turn,
    /// When the caller has cut in.
    pub overlap: Overlap,
    /// What covers a wait that is ours.
    pub mask: Mask,
    /// What happens when nobody says anything.
    pub idle: Idle,
    /// How keys of the phone are collected.
    pub dtmf: Dtmf,
    /// How a person who answers a call of ours is told from a machine.
    pub amd: Amd,
    /// What a call may cost.
    pub budget: Budget,
    /// How the call ends.
    pub end: End,
    /// When sound counts as speech.
    pub vad: Vad,
    /// Whose speech counts.
    pub gates: Gates,
}

/// `stt`: who recognises speech. A list of models is enough: `stt = ["deepgram/nova-3"]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Stt {
    /// Models in order of preference. Default `deepgram/nova-3`, without its key
    /// `openai/gpt-transcribe`, without any the offline engine. Deepgram's `flux-` models hear
    /// turns; OpenAI's get whole stretches of speech.
    pub models: Vec<String>,
    /// Words that are likely: names, products.
    pub keyterms: Vec<String>,
    /// Silence that ends an utterance for the provider. Default 300.
    pub endpointing_ms: Option<u64>,
    /// The provider's word-gap timer; 0 switches it off. Default 1000.
    pub utterance_end_ms: Option<u64>,
    /// Whether numbers and dates are written as people write them. Default true.
    pub smart_format: Option<bool>,
    /// Whether "um" and "uh" are written down: they tell that the caller is not done. Known to
    /// Deepgram's general Nova models in English, and sent to no other. Default true.
    pub filler_words: Option<bool>,
}

/// `llm`: who writes replies. A list of models is enough: `llm = ["openai/gpt-6-luna"]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Llm {
    /// Models in order of preference. Default `openai/` and variable `OPENAI_MODEL`, or
    /// `openai/gpt-6-luna`; without its key `anthropic/claude-haiku-5-5`, without any the offline
    /// engine.
    pub models: Vec<String>,
    /// The longest reply. Default 300.
    pub max_tokens: Option<u32>,
    /// 0 to 2. Sent only when set: some models refuse it.
    pub temperature: Option<f32>,
    /// -2 to 2. Sent only when set.
    pub presence_penalty: Option<f32>,
    /// -2 to 2. Sent only when set.
    pub frequency_penalty: Option<f32>,
    /// `none`, `minimal`, `low` and so on. Default: as little as the model can do with, where that is
    /// known.
    pub reasoning_effort: Option<String>,
    /// Whether the model is offered the tool `end_call`, by which it hangs up. Default true; switch
    /// it off for servers that know no tools.
    pub end_call_tool: Option<bool>,
}

/// `tts`: who speaks. A list of models is enough: `tts = ["elevenlabs/eleven_flash_v2_5"]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tts {
    /// Models in order of preference. Default `elevenlabs/eleven_flash_v2_5`, without its key one of
    /// Deepgram's `aura-2-` models or `openai/gpt-4o-mini-tts`, without any the offline engine.
    pub models: Vec<String>,
    /// The voice of ElevenLabs, or of the only provider in the list. Variable
    /// `ELEVENLABS_VOICE_ID`, default Rachel.
    pub voice: Option<String>,
    /// The voices of other providers, by the provider's name: `voices = { openai = "nova" }`.
    /// Deepgram's is a part of its model's name.
    pub voices: BTreeMap<String, String>,
    /// 0 to 1. Default 0.6.
    pub stability: Option<f32>,
    /// 0 to 1. Default 0.75.
    pub similarity_boost: Option<f32>,
    /// 0 to 1. Default 0.35.
    pub style: Option<f32>,
    /// 0.7 to 1.2. Default 0.92 with ElevenLabs, elsewhere the voice's own.
    pub speed: Option<f32>,
    /// Sent only when set.
    pub use_speaker_boost: Option<bool>,
    /// Characters before each generation, 50 to 500 each; empty leaves it to the provider.
    pub chunk_length_schedule: Vec<u32>,
    /// Whether one connection serves many replies, where the provider's plan has it. Default false.
    pub multi_context: Option<bool>,
    /// How ElevenLabs is reached: `socket` streams a whole reply, `http` makes one request per
    /// clause. Its models from `eleven_v3` on are reached by `http` alone. Default `socket`.
    pub transport: Option<String>,
    /// Whether numbers, dates and the like are spelled out before they are spoken. Default true.
    pub spoken_form: Option<bool>,
}

/// `[agents.NAME.vad]`: when sound counts as speech.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Vad {
    /// Score from which sound may be speech, 0 to 1. Default 0.5.
    pub start_threshold: Option<f32>,
    /// Score below which sound is silence, 0 to 1. Default 0.35.
    pub stop_threshold: Option<f32>,
    /// How much speech begins an utterance. Default 64.
    pub start_after_ms: Option<u32>,
    /// How much silence ends one for the ear. Default 96.
    pub stop_after_ms: Option<u32>,
    /// Below this level nothing is speech. Default -56.
    pub gate_dbfs: Option<f32>,
    /// `network`, or `energy`: a simple detector that is cheaper, and taken in by music and noise.
    /// Default `network`.
    pub detector: Option<String>,
}

/// `[agents.NAME.gates]`: whose speech counts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Gates {
    /// Whether the agent's own voice, coming back by the line's echo, is ignored. Default true.
    pub echo: Option<bool>,
    /// A voice this many decibels below the caller's own is ignored, 0 to 40; 0 ignores none.
    /// Default 12.
    pub level_db: Option<f32>,
}

/// A section that may be written as the list of its models alone.
trait Models: Default {
    fn of(models: Vec<String>) -> Self;
}

impl Models for Stt {
    fn of(models: Vec<String>) -> Self {
        Self {
            models,
            ..Self::default()
        }
    }
}

impl Models for Llm {
    fn of(models: Vec<String>) -> Self {
        Self {
            models,
            ..Self::default()
        }
    }
}

impl Models for Tts {
    fn of(models: Vec<String>) -> Self {
        Self {
            models,
            ..Self::default()
        }
    }
}

// By hand rather than `untagged`, whose messages do not say which key was wrong.
fn list_or_section<'de, D, S>(deserializer: D) -> Result<S, D::Error>
where
    D: Deserializer<'de>,
    S: Models + Deserialize<'de>,
{
    struct Either<S>(std::marker::PhantomData<S>);

    impl<'de, S: Models + Deserialize<'de>> de::Visitor<'de> for Either<S> {
        type Value = S;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list of models or a section")
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<S, A::Error> {
            Vec::deserialize(de::value::SeqAccessDeserializer::new(list)).map(S::of)
        }

        fn visit_map<A: de::MapAccess<'de>>(self, section: A) -> Result<S, A::Error> {
            S::deserialize(de::value::MapAccessDeserializer::new(section))
        }
    }

    deserializer.deserialize_any(Either(std::marker::PhantomData))
}
