use domain::Language;

use super::*;
use Verdict::{Answer, Backchannel, Noise, Undecided, Yield};

/// A language's own rules, as a call has them.
struct Court {
    rules: OverlapRules,
    circumstances: Circumstances,
}

impl Court {
    fn of(language: &str) -> Self {
        let language: Language = language.parse().unwrap();
        Self {
            rules: crate::Rules::defaults(&language).overlap,
            circumstances: Circumstances {
                lists: words::lists(&language),
                may_answer: false,
                slow_recogniser: false,
            },
        }
    }

    fn judge(&self, heard: &Heard) -> Verdict {
        judge(heard, &self.rules, self.circumstances)
    }
}

/// Interim words of speech that goes on.
fn interim(text: &str, spoken: u64) -> Heard<'_> {
    Heard {
        text,
        settled: false,
        spoken: Millis(spoken),
        quiet_for: None,
    }
}

/// Settled words of speech that is over.
fn settled(text: &str, spoken: u64) -> Heard<'_> {
    Heard {
        text,
        settled: true,
        spoken: Millis(spoken),
        quiet_for: Some(Millis(250)),
    }
}

#[test]
fn words_decide_who_has_the_floor() {
    for (language, heard, verdict) in [
        ("en", interim("Stop", 100), Yield),
        ("en", interim("hold on", 300), Yield),
        ("en", interim("yeah wait", 300), Yield),
        ("en", interim("um excuse me", 300), Yield),
        ("en", interim("sorry", 200), Yield),
        ("en", interim("question", 200), Yield),
        ("en", interim("okay", 300), Undecided),
        ("en", interim("Tuesday", 300), Undecided),
        ("en", interim("Tuesday", 400), Yield),
        ("en", interim("I want", 300), Yield),
        ("en", interim("yeah Tuesday", 300), Yield),
        ("en", settled("Tuesday.", 200), Yield),
        ("en", settled("Uh-huh.", 300), Backchannel),
        ("en", settled("Mm-hmm, okay, right.", 900), Backchannel),
        ("en", settled("okay great thanks", 900), Backchannel),
        ("en", settled("I see.", 400), Backchannel),
        ("en", settled("okay got it", 600), Backchannel),
        ("en", settled("okay right yeah good", 900), Yield),
        ("en", settled("so yeah", 600), Yield),
        ("en", settled("but", 600), Yield),
        ("es", interim("pare", 100), Yield),
        ("es", interim("un momento", 500), Yield),
        ("es", interim("sí pero", 300), Yield),
        ("es", interim("quiero cambiar", 300), Yield),
        ("es", settled("Ajá.", 300), Backchannel),
        ("es", settled("sí, sí, claro", 700), Backchannel),
        ("es", settled("muy bien, de acuerdo", 700), Backchannel),
        ("es", settled("el martes", 500), Yield),
        ("es", settled("no se preocupe", 700), Backchannel),
        ("da", settled("okay", 300), Backchannel),
        ("da", settled("jeg vil", 300), Yield),
    ] {
        assert_eq!(Court::of(language).judge(&heard), verdict, "{heard:?}");
    }
}

#[test]
fn no_of_no_problem_stops_nobody() {
    for (heard, verdict) in [
        (interim("no", 300), Undecided),
        (interim("no problem", 500), Undecided),
        (settled("No problem.", 600), Backchannel),
        (settled("No worries, thanks.", 800), Backchannel),
        (interim("no", 600), Yield),
        (settled("No.", 300), Yield),
        (interim("no no", 300), Yield),
        (interim("no problem but no", 300), Yield),
        (interim("yeah no", 300), Yield),
        (interim("stop", 100), Yield),
    ] {
        assert_eq!(Court::of("en").judge(&heard), verdict, "{heard:?}");
    }
}

#[test]
fn sound_without_words_is_speech_when_it_lasts_and_noise_when_it_does_not() {
    let quiet = |spoken, quiet_for| Heard {
        quiet_for: Some(Millis(quiet_for)),
        ..interim("", spoken)
    };
    for (heard, verdict, when_slow) in [
        (interim("", 499), Undecided, Undecided),
        (interim("", 500), Undecided, Yield),
        (interim("", 700), Yield, Yield),
        (quiet(300, 499), Undecided, Undecided),
        (quiet(300, 500), Noise, Noise),
        (quiet(700, 500), Noise, Noise),
    ] {
        let mut court = Court::of("en");
        assert_eq!(court.judge(&heard), verdict, "{heard:?}");
        court.circumstances.slow_recogniser = true;
        assert_eq!(court.judge(&heard), when_slow, "{heard:?}");
    }
}

#[test]
fn one_late_interim_word_means_little() {
    let mut court = Court::of("en");
    court.circumstances.slow_recogniser = true;
    for (heard, verdict) in [
        (interim("Tuesday", 600), Undecided),
        (interim("on Tuesday", 600), Yield),
        (settled("Tuesday", 600), Yield),
        (interim("stop", 300), Yield),
    ] {
        assert_eq!(court.judge(&heard), verdict, "{heard:?}");
    }
}

#[test]
fn acknowledgements_answer_a_question() {
    let mut court = Court::of("en");
    court.circumstances.may_answer = true;
    for (heard, verdict) in [
        (settled("yes", 300), Answer),
        (settled("yeah sure okay", 700), Answer),
        (interim("yes", 300), Undecided),
        (settled("on Tuesday", 300), Yield),
    ] {
        assert_eq!(court.judge(&heard), verdict, "{heard:?}");
    }
}

#[test]
fn agents_add_words_of_their_own() {
    let mut court = Court::of("en");
    court.rules.stop_words.push("red flag".to_owned());
    court.rules.ack_words.push("roger that".to_owned());
    assert_eq!(court.judge(&interim("red flag", 100)), Yield);
    assert_eq!(court.judge(&settled("Roger that.", 500)), Backchannel);
    assert_eq!(court.judge(&interim("stop", 100)), Yield);
}

#[test]
fn where_anything_counts_as_speech_only_words_cut_in() {
    let mut court = Court::of("en");
    court.rules.speech_without_words = None;
    court.circumstances.slow_recogniser = true;
    assert_eq!(court.judge(&interim("", 20_000)), Undecided);
    assert_eq!(court.judge(&interim("I want a table", 700)), Yield);
}
