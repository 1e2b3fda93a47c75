//! The picture of a benchmark: turns cut against the mean wait, as SVG. It is legible on light and on
//! dark pages, and needs nothing from elsewhere.

use std::fmt::Write as _;

use super::report::{Family, Policy};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 830.0;
const TOP: f64 = 60.0;
const BOTTOM: f64 = 450.0;

/// The longest wait and the shares that the picture shows; shares have a logarithmic scale.
const LONGEST_MS: f64 = 1_800.0;
const FEWEST: f64 = 1.0;
const MOST: f64 = 70.0;
const SHARES: [f64; 6] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0];

const HEAD: &str = r#"<style>
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .end { text-anchor: end; }
  .middle { text-anchor: middle; }
  .page { fill: #ffffff; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  .silence { stroke: #6e7781; fill: none; stroke-width: 2; stroke-dasharray: 5 4; }
  .curve { stroke: #0969da; fill: none; stroke-width: 2; }
  .thread { stroke: #bc4c00; stroke-width: 1; stroke-dasharray: 2 3; }
  .ours { fill: #0969da; }
  .others { fill: #bc4c00; }
  .quiet { fill: #6e7781; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .page { fill: #0d1117; }
    .grid { stroke: #30363d; }
    .silence { stroke: #8b949e; }
    .curve { stroke: #58a6ff; }
    .thread { stroke: #f0883e; }
    .ours { fill: #58a6ff; }
    .others { fill: #f0883e; }
    .quiet { fill: #8b949e; }
  }
</style>"#;

/// Draws the policies.
#[must_use]
pub fn draw(policies: &[Policy]) -> String {
    let mut svg = String::new();
    put(
        &mut svg,
        &format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"Turns cut off against the mean wait before a turn is taken\">"
        ),
    );
    put(&mut svg, HEAD);
    put(
        &mut svg,
        &format!("<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" class=\"page\"/>"),
    );
    put(
        &mut svg,
        &text(
            (LEFT, 30.0),
            "title",
            "Turns cut off against the wait: nearer to the lower left is better",
        ),
    );
    grid(&mut svg);
    let of = |family| -> Vec<&Policy> {
        policies
            .iter()
            .filter(|policy| policy.family == family)
            .filter(|policy| policy.mean_wait_ms.is_finite() && policy.cuts_percent.is_finite())
            .collect()
    };
    silence(&mut svg, &of(Family::Silence));
    published(&mut svg, &of(Family::Published));
    ours(&mut svg, &of(Family::Ours));
    put(&mut svg, "</svg>");
    svg
}

fn grid(svg: &mut String) {
    for share in SHARES {
        let y = height(share);
        put(
            svg,
            &format!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
            ),
        );
        put(
            svg,
            &text((LEFT - 8.0, y + 4.0), "end", &format!("{share} %")),
        );
    }
    for step in 0..=9 {
        let ms = 200.0 * f64::from(step);
        let x = across(ms);
        put(
            svg,
            &format!(
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/>"
            ),
        );
        put(
            svg,
            &text((x, BOTTOM + 20.0), "middle", &format!("{ms:.0}")),
        );
    }
    let middle = f64::midpoint(LEFT, RIGHT);
    let axis = "mean wait after the caller's last sound, ms (cuts in % of turns, logarithmic)";
    put(svg, &text((middle, BOTTOM + 44.0), "middle", axis));
    let caption = "synthetic voices and pauses; published points are from real calls";
    put(svg, &text((middle, BOTTOM + 62.0), "middle", caption));
}

fn silence(svg: &mut String, policies: &[&Policy]) {
    curve(svg, "silence", policies);
    for policy in policies {
        dot(svg, policy, ("quiet", 3.0));
    }
    if let Some(middle) = policies.get(policies.len() / 2) {
        let (x, y) = place(middle);
        put(
            svg,
            &text(
                (x + 10.0, y - 8.0),
                "quiet",
                "silence alone, the same callers",
            ),
        );
    }
}

/// Published points lie side by side on one line: their names hang below, each on a line of its own.
/// The leftmost hangs lowest, so that no name crosses another's thread.
fn published(svg: &mut String, policies: &[&Policy]) {
    const FIRST: f64 = BOTTOM - 88.0;
    const ROW: f64 = 20.0;
    let mut policies = policies.to_vec();
    policies.sort_by(|a, b| b.mean_wait_ms.total_cmp(&a.mean_wait_ms));
    let mut hangs = FIRST;
    for policy in policies {
        let (x, y) = place(policy);
        put(
            svg,
            &format!(
                "<line class=\"thread\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{y:.1}\" y2=\"{hangs:.1}\"/>"
            ),
        );
        dot(svg, policy, ("others", 5.0));
        let label = format!("{} ({:.0} ms)", policy.name, policy.mean_wait_ms);
        put(svg, &text((x + 6.0, hangs), "others", &label));
        hangs += ROW;
    }
}

/// Presets are joined by a curve and named above it; what is measured otherwise says how.
fn ours(svg: &mut String, policies: &[&Policy]) {
    let is_preset = |policy: &&Policy| !policy.name.contains(',');
    let presets: Vec<&Policy> = policies.iter().copied().filter(is_preset).collect();
    curve(svg, "curve", &presets);
    for policy in policies {
        dot(svg, policy, ("ours", 6.0));
        let (x, y) = place(policy);
        match policy.name.split_once(", ") {
            None => {
                let label = format!("Repartee {}", policy.name);
                put(svg, &text((x + 9.0, y - 8.0), "ours", &label));
            }
            Some((_, how)) => put(svg, &text((x - 9.0, y + 5.0), "ours end", how)),
        }
    }
}

fn curve(svg: &mut String, class: &str, policies: &[&Policy]) {
    let mut points: Vec<(f64, f64)> = policies.iter().map(|policy| place(policy)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let points: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    put(
        svg,
        &format!(
            "<polyline class=\"{class}\" points=\"{}\"/>",
            points.join(" ")
        ),
    );
}

fn dot(svg: &mut String, policy: &Policy, (class, radius): (&str, f64)) {
    let (x, y) = place(policy);
    put(
        svg,
        &format!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"><title>{}: {:.1} % \
             cut, {:.0} ms</title></circle>",
            escaped(&policy.name),
            policy.cuts_percent,
            policy.mean_wait_ms
        ),
    );
}

fn text((x, y): (f64, f64), class: &str, text: &str) -> String {
    format!(
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
        escaped(text)
    )
}

fn place(policy: &Policy) -> (f64, f64) {
    (across(policy.mean_wait_ms), height(policy.cuts_percent))
}

fn across(ms: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * ms.clamp(0.0, LONGEST_MS) / LONGEST_MS
}

fn height(share: f64) -> f64 {
    let part = (share.clamp(FEWEST, MOST) / FEWEST).ln() / (MOST / FEWEST).ln();
    BOTTOM - (BOTTOM - TOP) * part
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn put(svg: &mut String, line: &str) {
    writeln!(svg, "{line}").expect("a string takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_named_in_the_picture() {
        let policy = |name: &str, family, cuts_percent, mean_wait_ms| Policy {
            name: name.to_owned(),
            family,
            cuts_percent,
            audible_cuts_percent: None,
            mean_wait_ms,
        };
        let svg = draw(&[
            policy("balanced", Family::Ours, 9.0, 540.0),
            policy("Smart & Turn", Family::Published, 10.0, 739.0),
            policy("silence, 300 ms", Family::Silence, 56.0, 300.0),
        ]);
        for name in [
            "Repartee balanced",
            "Smart &amp; Turn (739 ms)",
            "silence, 300 ms",
        ] {
            assert!(svg.contains(name), "{name}");
        }
        assert!(svg.trim_end().ends_with("</svg>"));
    }

    #[test]
    fn fewer_cuts_lie_lower_and_longer_waits_farther_right() {
        assert!(height(5.0) > height(10.0));
        assert!(across(900.0) > across(500.0));
    }
}
