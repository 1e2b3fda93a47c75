//! For tests of clients: one reply, as whoever asked for it sees it.

use std::sync::Arc;

use session::{Message, Prompt};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{LanguageModel, ModelSettings, Think, Tokens, Written};
use crate::ProviderError;

pub(super) struct Reply {
    pub(super) written: mpsc::Receiver<Written>,
    pub(super) ended: JoinHandle<Result<Tokens, ProviderError>>,
}

impl Reply {
    /// Asks "Hi" of model `m`, which should be brief.
    pub(super) fn begin(model: &impl LanguageModel) -> Self {
        let think = Think {
            prompt: Prompt {
                system: "Be brief.".into(),
                messages: vec![Message::Caller("Hi".into())],
                may_press: false,
            },
            settings: Arc::new(ModelSettings {
                model: "m".into(),
                max_tokens: 150,
                temperature: None,
                presence_penalty: None,
                frequency_penalty: None,
                reasoning_effort: None,
                tools: Vec::new(),
            }),
        };
        let (out, written) = mpsc::channel(64);
        let ended = tokio::spawn(model.reply(think, out));
        Self { written, ended }
    }

    /// The next text.
    pub(super) async fn text(&mut self) -> String {
        loop {
            match self.written.recv().await {
                Some(Written::Used(_)) => {}
                Some(Written::Text(text)) => return text,
                other => return format!("{other:?}"),
            }
        }
    }

    /// What was counted next.
    pub(super) async fn used(&mut self) -> Tokens {
        loop {
            match self.written.recv().await {
                Some(Written::Used(tokens)) => return tokens,
                Some(Written::Text(_) | Written::Tool(_)) => {}
                None => panic!("nothing was counted"),
            }
        }
    }

    pub(super) async fn tokens(self) -> Tokens {
        self.ended.await.expect("no panic").expect("a reply")
    }

    pub(super) async fn failure(self) -> ProviderError {
        self.ended.await.expect("no panic").expect_err("a failure")
    }
}
