use domain::Millis;

use crate::{rules::OverlapRules, words};

/// What the caller's speech over the agent's means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// "uh-huh": the agent goes on, and no turn comes of it.
    Backchannel,
    /// Not enough to tell.
    Undecided,
    Noise,
    /// The caller wants the floor.
    Yield,
}

/// One content word cuts in when the speech lasted this long; shorter, it may be misheard.
const ONE_WORD: Millis = Millis(400);

/// Judges words spoken over the agent. `spoken`: how long the speech has lasted; `settled`: the
/// recogniser will not change its mind.
pub(crate) struct Heard<'a> {
    pub(crate) text: &'a str,
    pub(crate) settled: bool,
    pub(crate) lasted: Millis,
    pub(crate) quiet: Option<Millis>,
    pub(crate) slow: bool,
}
pub(crate) fn judge(
    heard: &Heard<'_>,
    _lists: Option<&'static words::Lists>,
    rules: &OverlapRules,
) -> Verdict {
    let text = words::normalised(heard.text);
    let (settled, spoken) = (heard.settled, heard.lasted);
    if text.is_empty() {
        let limit = if heard.slow {
            Millis(500)
        } else {
            rules.speech_without_words
        };
        return match heard.quiet {
            None if spoken >= limit => Verdict::Yield,
            Some(quiet) if quiet >= Millis(500) => Verdict::Noise,
            _ => Verdict::Undecided,
        };
    }
    if rules
        .stop_words
        .iter()
        .any(|stop| words::contains_phrase(&text, stop))
    {
        return Verdict::Yield;
    }
    let all: Vec<&str> = text.split(' ').collect();
    let acks = all
        .iter()
        .filter(|word| rules.ack_words.iter().any(|ack| ack == *word))
        .count();
    let only_acks = acks == all.len();
    match (only_acks, all.len()) {
        (true, 1..=3) if settled => Verdict::Backchannel,
        (true, 1..=3) => Verdict::Undecided,
        (false, 1) if !settled && spoken < ONE_WORD => Verdict::Undecided,
        (true | false, _) => Verdict::Yield,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide_who_has_the_floor() {
        use Verdict::{Backchannel, Undecided, Yield};
        let rules = crate::Rules::defaults(&domain::Language::default()).overlap;
        for (text, settled, spoken_ms, verdict) in [
            ("", false, 300, Undecided),
            ("Stop", false, 100, Yield),
            ("Uh-huh.", true, 300, Backchannel),
            ("okay", false, 300, Undecided),
            ("okay right yeah good", true, 900, Yield),
            ("Tuesday", false, 300, Undecided),
            ("Tuesday", false, 400, Yield),
            ("Tuesday.", true, 200, Yield),
            ("I want", false, 300, Yield),
            ("hold on", false, 300, Yield),
        ] {
            assert_eq!(
                judge(
                    &Heard {
                        text,
                        settled,
                        lasted: Millis(spoken_ms),
                        quiet: None,
                        slow: false
                    },
                    None,
                    &rules
                ),
                verdict,
                "{text}"
            );
        }
    }
}
