//! `GET /metrics`, in the two dialects of the Prometheus world.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use prometheus_client::{encoding::text, registry::Registry};

use super::ApiError;
use crate::app::App;

const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted.
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    Extension(registry): Extension<Arc<Registry>>,
    headers: HeaderMap,
) -> Response {
    // An open breaker becomes half open by itself: its gauge is set by whoever looks at it.
    drop(app.exchange.breakers());
    let mut written = String::with_capacity(16 * 1024);
    if text::encode(&mut written, &registry).is_err() {
        tracing::error!("metrics could not be written");
        return ApiError::Internal.into_response();
    }
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("application/openmetrics-text")) {
        return ([(header::CONTENT_TYPE, OPEN_METRICS)], written).into_response();
    }
    ([(header::CONTENT_TYPE, PLAIN)], plain(&written)).into_response()
}

/// The older text format. It differs in the heads of counters and infos, and has no units.
fn plain(open_metrics: &str) -> String {
    let mut plain = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(_), text) => help = Some(text.unwrap_or_default()),
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                let (suffix, kind) = match kind {
                    "counter" => ("_total", "counter"),
                    "info" => ("_info", "gauge"),
                    "unknown" => ("", "untyped"),
                    kind => ("", kind),
                };
                if let Some(help) = help.take() {
                    plain.push_str(&format!("# HELP {name}{suffix} {help}\n"));
                }
                plain.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
            }
            (Some("#"), Some("UNIT" | "EOF"), ..) => {}
            _ => {
                plain.push_str(line);
                plain.push('\n');
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_keep_their_whole_name_in_the_older_format() {
        let open_metrics = "# HELP a Things.\n# TYPE a counter\na_total{x=\"1\"} 2\n\
             # HELP b Now.\n# TYPE b gauge\n# UNIT b seconds\nb 3\n\
             # HELP c What.\n# TYPE c info\nc_info{v=\"1\"} 1\n# EOF\n";
        assert_eq!(
            plain(open_metrics),
            "# HELP a_total Things.\n# TYPE a_total counter\na_total{x=\"1\"} 2\n\
             # HELP b Now.\n# TYPE b gauge\nb 3\n\
             # HELP c_info What.\n# TYPE c_info gauge\nc_info{v=\"1\"} 1\n"
        );
    }
}
