use domain::{CallId, Party, TenantId};
use futures_util::future::{BoxFuture, FutureExt};

/// The tools that agents may use. What a model asks for is looked up here, never believed.
pub trait ToolBox: Send + Sync {
    /// Runs a tool and gives back what the model is told: a JSON value as text. Dropping the
    /// future stops it where that is possible.
    fn run(&self, request: ToolRequest) -> BoxFuture<'static, String>;
}

/// A tool as the model asked for it, with the facts that the model cannot choose.
#[derive(Clone, Debug)]
pub struct ToolRequest {
    /// In which call.
    pub call: CallId,
    /// Whose call it is.
    pub tenant: TenantId,
    /// Who is at the other end, unverified.
    pub caller: Party,
    /// Which tool.
    pub name: String,
    /// Its arguments as the model wrote them.
    pub arguments: String,
}

/// No tools at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTools;

impl ToolBox for NoTools {
    fn run(&self, _request: ToolRequest) -> BoxFuture<'static, String> {
        async { r#"{"error":"there is no such tool"}"#.to_owned() }.boxed()
    }
}
