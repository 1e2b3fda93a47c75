//! What a healthy request pays for everything that is there for those that fail: the same request to
//! the same provider, which answers at once out of memory, straight and as a call makes it.

use std::{fs, io::Write as _, sync::Arc};

use anyhow::Context as _;
use audio::g711::BYTES_PER_MS;
use bytes::Bytes;
use clap::Args;
use domain::{Clock, Language, Millis, UnixMillis};
use driver::{Agent, Exchange, Healthy, Meters, NoTools, Shared, Station};
use prometheus_client::registry::Registry;
use providers::{
    llm::{LanguageModel, ModelSettings, Think, Written},
    stt::{Listen, Recognised, SpeechToText, ToRecogniser},
    tts::{FromVoice, TextToSpeech, ToVoice, Voice},
};
use session::{ClauseId, Input, Message, Prompt, Rules};
use store::{Memory, Writer};
use tokio::sync::mpsc;

use self::at_once::AtOnce;

mod at_once;

/// The most that a healthy request may pay.
const LIMIT_NS: u64 = 20_000;
/// Each job is measured so often, both ways in turn; the least disturbed round counts.
const ROUNDS: u32 = 5;
const TEXT: &str = "We open at nine on Sunday.";
/// Sound of one utterance comes in so many pieces, of 80 ms.
const PIECES: usize = 15;
const PIECE: &[u8] = &[0x20; 640];

/// What `resilience` is told.
#[derive(Debug, Args)]
pub(crate) struct ResilienceArgs {
    /// Requests of each job, in all rounds together: the time of a few is less than the kernel
    /// counts by
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(10_000..))]
    requests: u32,
}

/// One job, both ways.
struct Cost {
    job: &'static str,
    straight_ns: u64,
    layered_ns: u64,
}

/// Measures every job and prints the table.
pub(crate) async fn run(args: &ResilienceArgs) -> anyhow::Result<()> {
    let times = (args.requests / ROUNDS).max(1);
    let bench = Bench::new()?;
    let mut costs = Vec::new();
    for job in [Job::Think, Job::Speak, Job::Listen] {
        costs.push(bench.cost(job, times).await?);
    }
    print(&costs)
}

#[derive(Clone, Copy)]
enum Job {
    Listen,
    Speak,
    Think,
}

impl Job {
    const fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen: an utterance of 1.2 s, 15 pieces, asked for its words",
            Self::Speak => "speak: a reply of one clause, 10 pieces of sound",
            Self::Think => "think: a reply of 8 pieces",
        }
    }
}

struct Bench {
    agent: Arc<Agent>,
    healthy: Healthy,
    prompt: Prompt,
    sound: Vec<Bytes>,
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let agent = Arc::new(agent()?);
        let (records, _writer) = Writer::start(Arc::new(Memory::default()));
        let exchange = Exchange::new(Shared {
            meters: Meters::new(&mut Registry::default()),
            records,
            clock: Arc::new(Stopped),
            tools: Arc::new(NoTools),
        });
        let said = |text: &str| Message::Caller(text.to_owned());
        Ok(Self {
            healthy: exchange.healthy(&agent),
            agent,
            prompt: Prompt {
                system: "You answer the phone of a restaurant.".into(),
                messages: vec![said("Hello."), said("When do you open on Sunday?")],
                may_press: false,
            },
            sound: vec![Bytes::from_static(PIECE); PIECES],
        })
    }

    async fn cost(&self, job: Job, times: u32) -> anyhow::Result<Cost> {
        let (mut straight_ns, mut layered_ns) = (u64::MAX, u64::MAX);
        for _ in 0..ROUNDS {
            let before = used_ns()?;
            let straight = self.straight(job, times).await;
            let between = used_ns()?;
            let layered = self.layered(job, times).await;
            let after = used_ns()?;
            anyhow::ensure!(
                straight == layered && straight >= times as usize,
                "{}: {straight} answers straight, {layered} as a call has them",
                job.name()
            );
            straight_ns = straight_ns.min((between - before) / u64::from(times));
            layered_ns = layered_ns.min((after - between) / u64::from(times));
        }
        Ok(Cost {
            job: job.name(),
            straight_ns,
            layered_ns,
        })
    }

    async fn layered(&self, job: Job, times: u32) -> usize {
        match job {
            Job::Listen => self.healthy.listen(&self.sound, times).await,
            Job::Speak => self.healthy.speak(TEXT, times).await,
            Job::Think => self.healthy.think(&self.prompt, times).await,
        }
    }

    async fn straight(&self, job: Job, times: u32) -> usize {
        match job {
            Job::Listen => listen(&self.agent.listen[0], &self.sound, times).await,
            Job::Speak => speak(&self.agent.speak[0], times).await,
            Job::Think => think(&self.agent.think[0], &self.prompt, times).await,
        }
    }
}

/// What a session is told of replies, as it would be without anything between.
async fn think(
    station: &Station<dyn LanguageModel, Arc<ModelSettings>>,
    prompt: &Prompt,
    times: u32,
) -> usize {
    let (mailbox, mut inputs) = mpsc::channel(QUEUE);
    let mut told = 0;
    for reply in (0..times).map(domain::ReplyId) {
        let (tell, mut written) = mpsc::channel(64);
        let think = Think {
            prompt: prompt.clone(),
            settings: Arc::clone(&station.settings),
        };
        let request = station.provider.reply(think, tell);
        let handing = async {
            while let Some(piece) = written.recv().await {
                if let Written::Text(text) = piece {
                    drop(mailbox.send(Input::Text { reply, text }).await);
                }
            }
            drop(mailbox.send(Input::ThoughtAll(reply)).await);
        };
        drop(tokio::join!(request, handing));
        while inputs.try_recv().is_ok() {
            told += 1;
        }
    }
    told
}

const QUEUE: usize = 256;

async fn speak(station: &Station<dyn TextToSpeech, Voice>, times: u32) -> usize {
    let (mailbox, mut inputs) = mpsc::channel(QUEUE);
    let (orders, taken) = mpsc::channel(QUEUE);
    let (tell, mut made) = mpsc::channel(64);
    let speaking = station
        .provider
        .speak(station.settings.clone(), taken, tell);
    let handing = async move {
        while let Some(made) = made.recv().await {
            let input = match made {
                FromVoice::Ready => continue,
                FromVoice::Audio { reply, bytes, .. } => Input::Audio(session::Audio {
                    reply,
                    clause: ClauseId(0),
                    duration: Millis(bytes.len() as u64 / BYTES_PER_MS),
                    bytes,
                    words: Vec::new(),
                }),
                FromVoice::All(reply) => Input::SpokenAll(reply),
            };
            drop(mailbox.send(input).await);
        }
    };
    let asking = async move {
        let mut told = 0;
        for reply in (0..times).map(domain::ReplyId) {
            let say = ToVoice::Say {
                reply,
                clause: ClauseId(0),
                text: TEXT.to_owned(),
            };
            for order in [say, ToVoice::End(reply)] {
                drop(orders.send(order).await);
            }
            while let Some(input) = inputs.recv().await {
                told += 1;
                if input == Input::SpokenAll(reply) {
                    break;
                }
            }
        }
        told
    };
    tokio::join!(speaking, handing, asking).2
}

async fn listen(station: &Station<dyn SpeechToText, Listen>, sound: &[Bytes], times: u32) -> usize {
    let (mailbox, mut inputs) = mpsc::channel(QUEUE);
    let (orders, taken) = mpsc::channel(QUEUE);
    let (tell, mut heard) = mpsc::channel(64);
    let listening = station
        .provider
        .listen(station.settings.clone(), taken, tell);
    let handing = async move {
        while let Some(heard) = heard.recv().await {
            if let Recognised::Words(words) = heard {
                drop(mailbox.send(Input::Words(words)).await);
            }
        }
    };
    let asking = async move {
        let mut told = 0;
        for _ in 0..times {
            for piece in sound {
                drop(orders.send(ToRecogniser::Audio(piece.clone())).await);
            }
            drop(orders.send(ToRecogniser::Finalize).await);
            if inputs.recv().await.is_some() {
                told += 1;
            }
        }
        told
    };
    tokio::join!(listening, handing, asking).2
}

/// Nanoseconds of CPU that this thread has used.
fn used_ns() -> anyhow::Result<u64> {
    const PATH: &str = "/proc/thread-self/schedstat";
    let told = fs::read_to_string(PATH).with_context(|| format!("cannot read {PATH}"))?;
    let used = told.split_whitespace().next().unwrap_or_default();
    used.parse().with_context(|| format!("{PATH}: {told}"))
}

fn print(costs: &[Cost]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| request | straight, us | as a call makes it, us | the layer, us | limit, us | verdict |\n\
         |---|---:|---:|---:|---:|---|"
    )?;
    let mut missed = Vec::new();
    for cost in costs {
        let layer = cost.layered_ns.saturating_sub(cost.straight_ns);
        let verdict = if layer < LIMIT_NS { "met" } else { "missed" };
        if layer >= LIMIT_NS {
            missed.push(cost.job);
        }
        let us = |ns: u64| format!("{:.2}", ns as f64 / 1_000.0);
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {verdict} |",
            cost.job,
            us(cost.straight_ns),
            us(cost.layered_ns),
            us(layer),
            LIMIT_NS / 1_000
        )?;
    }
    anyhow::ensure!(missed.is_empty(), "missed: {}", missed.join("; "));
    Ok(())
}

/// A clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_800_000_000_000)
    }
}

/// An agent with two providers for each job: a list is walked, and nobody steps in.
fn agent() -> anyhow::Result<Agent> {
    let names = |job: &str| -> anyhow::Result<[domain::ModelName; 2]> {
        Ok([
            format!("first/{job}").parse()?,
            format!("second/{job}").parse()?,
        ])
    };
    let listen = names("ears")?.map(|name| Station {
        name,
        provider: Arc::new(AtOnce) as Arc<dyn SpeechToText>,
        settings: at_once::listen(),
    });
    let think = names("model")?.map(|name| Station {
        name,
        provider: Arc::new(AtOnce) as Arc<dyn LanguageModel>,
        settings: Arc::new(at_once::model()),
    });
    let speak = names("voice")?.map(|name| Station {
        name,
        provider: Arc::new(AtOnce) as Arc<dyn TextToSpeech>,
        settings: at_once::voice(),
    });
    Ok(Agent {
        id: "anna".parse()?,
        rules: Arc::new(Rules::defaults(&Language::default())),
        listen: listen.into(),
        think: think.into(),
        speak: speak.into(),
        talk: Vec::new(),
        ear: audio::HearingSettings::default(),
        carrier: "carrier/line".parse()?,
        prices: Arc::default(),
        budget_per_day: None,
        remembers_calls: 0,
        apology: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_is_told_the_same_as_without_anything_between() {
        let bench = Bench::new().expect("names are good");
        for (job, each) in [(Job::Think, 9), (Job::Speak, 11), (Job::Listen, 1)] {
            let straight = bench.straight(job, 3).await;
            let layered = bench.layered(job, 3).await;
            assert_eq!((straight, layered), (3 * each, 3 * each), "{}", job.name());
        }
    }
}
