use serde::Serialize;
use serde_json::value::RawValue;
use session::{Message, Prompt, ToolCall};

use super::{
    thinking::{Thinking, guarantees_arguments},
    thoughts::Thoughts,
};
use crate::{
    BaseUrl,
    llm::{
        ModelSettings,
        history::{CANCELLED, CallIds, ToolAnswers, arguments, plain, schema},
        strict,
    },
};

/// A caller who said nothing, in any language. A conversation has to begin and to end with the
/// caller, and no text may be empty.
const NOTHING: &str = "…";

/// Tools of one request whose arguments may be guaranteed. Beyond what Anthropic can keep to at once,
/// which it does not tell in full, it refuses the whole request.
const MOST_GUARANTEED: usize = 5;

/// Whose server is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Server {
    Anthropics,
    /// One of the same shape, which may not know every field.
    Anyones,
}

impl Server {
    pub(super) fn of(base: &BaseUrl) -> Self {
        if base.host() == "api.anthropic.com" {
            Self::Anthropics
        } else {
            Self::Anyones
        }
    }
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(flatten)]
    thinking: Thinking<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<Turn<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
    input_schema: &'a RawValue,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: Role,
    content: Vec<Block<'a>>,
}

#[derive(Clone, Copy, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Assistant,
    User,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text {
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    ToolResult {
        tool_use_id: String,
        content: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        is_error: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    ToolUse {
        id: String,
        name: String,
        input: &'a RawValue,
    },
    /// As the model wrote it.
    #[serde(untagged)]
    Thought(Box<RawValue>),
}

/// Everything up to here is worth keeping for so long.
#[derive(Serialize)]
struct CacheControl {
    #[serde(rename = "type")]
    kind: &'static str,
    ttl: &'static str,
}

impl CacheControl {
    const fn lasting(ttl: &'static str) -> Option<Self> {
        Some(Self {
            kind: "ephemeral",
            ttl,
        })
    }
}

/// The body of a request for one reply.
pub(super) fn body(
    server: Server,
    prompt: &Prompt,
    settings: &ModelSettings,
    thoughts: &Thoughts,
) -> Vec<u8> {
    let before = |call: &ToolCall| thoughts.before(&settings.model, &call.id);
    let request = Request {
        model: &settings.model,
        max_tokens: settings.max_tokens,
        stream: true,
        temperature: settings.temperature,
        thinking: Thinking::of(&settings.model, settings.reasoning_effort.as_deref()),
        tools: tools(server, settings),
        system: system(&prompt.system),
        messages: Conversation::of(prompt, before),
    };
    serde_json::to_vec(&request).expect("text keys and finite numbers always serialise")
}

fn tools(server: Server, settings: &ModelSettings) -> Vec<Tool<'_>> {
    let guarantees = server == Server::Anthropics && guarantees_arguments(&settings.model);
    let offers = settings.tools.iter();
    let fits = offers.map(|offer| guarantees && strict::fits_without_unions(offer));
    let fits: Vec<bool> = fits.collect();
    let few = fits.iter().filter(|fits| **fits).count() <= MOST_GUARANTEED;
    let offers = settings.tools.iter().zip(fits);
    let tools = offers.map(|(offer, fits)| Tool {
        name: &offer.name,
        description: offer.description.trim(),
        strict: (fits && few).then_some(true),
        input_schema: schema(offer),
    });
    tools.collect()
}

/// The tenant's prompt is the same in all calls, and the tools before it are kept with it.
fn system(text: &str) -> Vec<Block<'static>> {
    let text = text.trim();
    let block = (!text.is_empty()).then(|| Block::Text {
        text: text.to_owned(),
        cache_control: CacheControl::lasting("1h"),
    });
    block.into_iter().collect()
}

/// The messages of a request, as they are put together.
#[derive(Default)]
struct Conversation<'a> {
    turns: Vec<Turn<'a>>,
    ids: CallIds,
}

impl<'a> Conversation<'a> {
    fn of(
        prompt: &'a Prompt,
        thoughts_before: impl Fn(&ToolCall) -> Vec<Box<RawValue>>,
    ) -> Vec<Turn<'a>> {
        let mut conversation = Self::default();
        let mut answers = ToolAnswers::new(&prompt.messages);
        for (place, message) in prompt.messages.iter().enumerate() {
            match message {
                Message::Caller(text) => conversation.say(Role::User, text.trim()),
                Message::Note(text) => conversation.say(Role::User, text),
                Message::Agent {
                    text,
                    interrupted,
                    tools,
                } => {
                    let thoughts = tools.first().map(&thoughts_before).unwrap_or_default();
                    conversation.think(thoughts);
                    conversation.agent(text.trim(), *interrupted);
                    conversation.calls(tools, |call| answers.to(place, call));
                }
                // Stands behind the call that it answers, wherever it came.
                Message::Tool { .. } => {}
            }
        }
        conversation.finish()
    }

    fn think(&mut self, thoughts: Vec<Box<RawValue>>) {
        if !thoughts.is_empty() {
            let content = &mut self.turn(Role::Assistant).content;
            content.extend(thoughts.into_iter().map(Block::Thought));
        }
    }

    fn agent(&mut self, text: &str, interrupted: bool) {
        if interrupted && !text.is_empty() {
            self.say(Role::Assistant, &format!("{text}…"));
        } else {
            self.say(Role::Assistant, text);
        }
    }

    /// All calls of a message first, then all their answers, before anyone says anything else.
    fn calls(
        &mut self,
        tools: &'a [ToolCall],
        mut answer: impl FnMut(&ToolCall) -> Option<&'a str>,
    ) {
        let mut results = Vec::new();
        for call in tools {
            let id = self.ids.plain(&call.id);
            let answer = answer(call);
            results.push(Block::ToolResult {
                tool_use_id: id.clone(),
                content: answer.unwrap_or(CANCELLED),
                is_error: answer.is_none().then_some(true),
                cache_control: None,
            });
            let used = Block::ToolUse {
                id,
                name: plain(&call.name),
                input: arguments(call),
            };
            self.turn(Role::Assistant).content.push(used);
        }
        for result in results {
            self.turn(Role::User).content.push(result);
        }
    }

    /// Adds to what the same side just said, or begins its turn.
    fn say(&mut self, role: Role, said: &str) {
        if said.is_empty() {
            return;
        }
        let turn = self.turn(role);
        match turn.content.last_mut() {
            Some(Block::Text { text, .. }) => {
                text.push('\n');
                text.push_str(said);
            }
            Some(Block::Thought(_) | Block::ToolResult { .. } | Block::ToolUse { .. }) | None => {
                turn.content.push(text(said));
            }
        }
    }

    /// The turn of this side: the last one, if it is its own.
    fn turn(&mut self, role: Role) -> &mut Turn<'a> {
        if self.turns.last().is_none_or(|last| last.role != role) {
            self.turns.push(Turn {
                role,
                content: Vec::new(),
            });
        }
        self.turns
            .last_mut()
            .expect("one was added if none was there")
    }

    fn finish(mut self) -> Vec<Turn<'a>> {
        if self
            .turns
            .first()
            .is_none_or(|turn| turn.role != Role::User)
        {
            let content = vec![text(NOTHING)];
            let role = Role::User;
            self.turns.insert(0, Turn { role, content });
        }
        // What follows a caller's turn in this request stands behind it in the next one too.
        let mut turns = self.turns.iter_mut().rev();
        if let Some(last) = turns.find(|turn| turn.role == Role::User) {
            mark(last);
        }
        if self
            .turns
            .last()
            .is_some_and(|turn| turn.role == Role::Assistant)
        {
            self.say(Role::User, NOTHING);
        }
        self.turns
    }
}

fn text(said: &str) -> Block<'static> {
    Block::Text {
        text: said.to_owned(),
        cache_control: None,
    }
}

/// The rest of the call asks for the same beginning again, within minutes.
fn mark(turn: &mut Turn<'_>) {
    match turn.content.last_mut() {
        Some(Block::Text { cache_control, .. } | Block::ToolResult { cache_control, .. }) => {
            *cache_control = CacheControl::lasting("5m");
        }
        Some(Block::Thought(_) | Block::ToolUse { .. }) | None => {}
    }
}

#[cfg(test)]
mod tests;
