//! One scripted call against a server on this machine, told while it happens.

use std::io;

use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    caller::Script,
    carrier::{CallPlan, CallReport, Carrier, Events, Happening, Settings},
};

/// Happenings that wait for a slow listener; further ones are lost to it.
const QUEUED: usize = 256;

/// A simulated call under way. Dropping it hangs up.
#[derive(Debug)]
pub struct DemoCall {
    happenings: mpsc::Receiver<Happening>,
    call: JoinHandle<CallReport>,
}

/// What a demo call needs to know.
#[derive(Clone, Debug)]
pub struct DemoPlan {
    /// The server, such as `http://127.0.0.1:8080`.
    pub server: String,
    /// The account's token; without one nothing is signed.
    pub auth_token: Option<String>,
    /// The call.
    pub call: CallPlan,
}

impl DemoPlan {
    /// The recorded caller of the demo.
    #[must_use]
    pub fn recorded(server: &str, auth_token: Option<String>) -> Self {
        Self {
            server: server.to_owned(),
            auth_token,
            call: CallPlan::by(Script::demo()),
        }
    }
}

impl DemoCall {
    /// Dials.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn place(plan: DemoPlan) -> io::Result<Self> {
        let carrier = Carrier::new(Settings::local(&plan.server, plan.auth_token))?;
        let (sender, happenings) = mpsc::channel(QUEUED);
        let call = async move { carrier.place(plan.call, Events::to(sender)).await };
        Ok(Self {
            happenings,
            call: tokio::spawn(call),
        })
    }

    /// The next thing that happens; `None` once the call is over.
    pub async fn next(&mut self) -> Option<Happening> {
        self.happenings.recv().await
    }

    /// What the call was like. [`CallReport::wav`] is its sound.
    ///
    /// # Errors
    /// When the simulation itself broke.
    pub async fn report(mut self) -> io::Result<CallReport> {
        (&mut self.call).await.map_err(io::Error::other)
    }
}

impl Drop for DemoCall {
    fn drop(&mut self) {
        self.call.abort();
    }
}
