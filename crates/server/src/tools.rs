//! The tools that agents have without any configuration.

use driver::{ToolBox, ToolRequest};
use futures_util::future::{BoxFuture, FutureExt};
use providers::offline::desk;

/// The table book of the offline desk. Other names are unknown.
pub(crate) struct BuiltIn;

impl ToolBox for BuiltIn {
    fn run(&self, request: ToolRequest) -> BoxFuture<'static, String> {
        async move {
            match request.name.as_str() {
                "book_table" => desk::book_table(&request.arguments),
                _ => r#"{"error":"there is no such tool"}"#.to_owned(),
            }
        }
        .boxed()
    }
}
