//! What a call cost, line by line.

use domain::{Charge, Cost, Item, Purpose, Receipt};
use serde_json::{Value, json};

use crate::paint::{Paint, Tone};

/// The lines of a receipt, and nothing for an empty one.
pub(crate) fn tell(receipt: &Receipt, paint: Paint) -> String {
    let lines = receipt.0.iter().map(|charge| line(charge, paint));
    lines.collect()
}

/// The lines of a receipt under what they add up to.
pub(crate) fn sum(receipt: &Receipt, paint: Paint) -> String {
    let cost = receipt.cost().to_string();
    format!(
        "  cost         {}\n{}",
        paint.tone(Tone::Strong, &cost),
        tell(receipt, paint)
    )
}

fn line(charge: &Charge, paint: Paint) -> String {
    let cost = match charge.cost {
        Some(cost) => cost.to_string(),
        None => paint.tone(Tone::Bad, "unknown"),
    };
    let purpose = match charge.purpose {
        Purpose::Call => "",
        Purpose::Hedge => ", asked twice and not needed",
        Purpose::Rehearsal => ", spoken before anyone called",
        Purpose::Speculation => ", begun too soon",
    };
    let what = format!("{}{purpose}", amount(charge.item, charge.amount));
    let payee = charge.payee.to_string();
    let told = format!("               {payee:<32} {cost:>10}  {what}");
    format!("{}\n", told.trim_end())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds are shown with one digit"
)]
fn amount(item: Item, amount: u64) -> String {
    match item {
        Item::AudioInput => format!("{amount} tokens of speech heard"),
        Item::AudioOutput => format!("{amount} tokens of speech spoken"),
        Item::CachedAudioInput => format!("{amount} tokens of speech heard, from the cache"),
        Item::CachedInput => format!("{amount} tokens of prompts, from the cache"),
        Item::CacheWrite => format!("{amount} tokens of prompts, into the cache"),
        Item::Input => format!("{amount} tokens of prompts"),
        Item::Line => format!("{:.1} s of line", amount as f64 / 1e3),
        Item::LongCacheWrite => format!("{amount} tokens of prompts, into the cache for an hour"),
        Item::Output => format!("{amount} tokens written"),
        Item::Speech => format!("{amount} characters spoken"),
        Item::Transcription => format!("{:.1} s heard", amount as f64 / 1e3),
    }
}

/// The lines for programs.
pub(crate) fn json(receipt: &Receipt) -> Value {
    receipt.0.iter().map(line_json).collect()
}

fn line_json(charge: &Charge) -> Value {
    json!({
        "payee": charge.payee.to_string(),
        "item": charge.item.as_str(),
        "purpose": charge.purpose.as_str(),
        "amount": charge.amount,
        "cost_usd": charge.cost.map(|cost| cost.dollars()),
    })
}

/// A cost for programs: `null` when nothing of it is known.
pub(crate) fn cost_json(cost: Cost) -> Value {
    if cost.partly && cost.known.0 == 0 {
        return Value::Null;
    }
    json!(cost.known.dollars())
}
