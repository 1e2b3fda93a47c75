use domain::Millis;
use session::{Expect, OverlapMode, Presses, Rules, Speculate, TurnEnd, Waits};

use crate::config::{Config, Environment};

fn parse(agent: &str) -> Result<Rules, String> {
    let text = format!("[agents.desk]\n{agent}");
    let config = Config::parse("repartee.toml", &text, &Environment::default())
        .map_err(|problems| problems.to_string())?;
    Ok(config.tenants[0].agent.rules.clone())
}

fn rules(agent: &str) -> Rules {
    parse(agent).expect("nothing is wrong")
}

fn problems(agent: &str) -> String {
    parse(agent).expect_err("something is wrong")
}

#[test]
fn what_is_not_typed_is_as_the_session_has_it() {
    let language = domain::Language::default();
    let usual = Rules::defaults(&language);
    let read = rules("");
    assert_eq!(read.turn, usual.turn);
    assert_eq!(read.overlap, usual.overlap);
    assert_eq!(read.mask, usual.mask);
    assert_eq!(read.idle, usual.idle);
    assert_eq!(read.dtmf, usual.dtmf);
    assert_eq!(read.amd, usual.amd);
    assert_eq!(read.end, usual.end);
}

#[test]
fn with_the_simple_detector_only_words_interrupt() {
    let simple = "vad = { detector = \"energy\" }";
    assert_eq!(rules(simple).overlap.speech_without_words, None);
    let told = format!("{simple}\noverlap = {{ min_ms = 900 }}");
    let told = rules(&told).overlap.speech_without_words;
    assert_eq!(told, Some(Millis(900)));
}

#[test]
fn turns_are_taken_as_told() {
    let turn = rules(
        "turn = { preset = \"patient\", speculate = \"think\", floor_ms = 300, adapt = false, \
         language_rules = false, expect = \"digits 4-6\", max_user_turn_s = 90, \
         wait = { number_ms = 2500, terminal_ms = 400 } }",
    )
    .turn;
    let wait = Waits {
        number: Millis(2_500),
        terminal: Millis(400),
        ..Waits::PATIENT
    };
    assert_eq!(turn.wait, wait);
    assert_eq!(turn.speculate, Speculate::Think);
    assert_eq!(turn.floor, Millis(300));
    assert_eq!((turn.adapts, turn.language_rules), (false, false));
    assert_eq!(turn.expect, Expect::Digits { min: 4, max: 6 });
    assert_eq!(turn.longest, Millis(90_000));
}

#[test]
fn every_expectation_has_a_name() {
    for (text, expected) in [
        ("open", Expect::Open),
        ("yes_no", Expect::YesNo),
        ("choice", Expect::Choice),
        ("phone", Expect::Phone),
        ("date", Expect::Date),
        ("email", Expect::Email),
        ("name_spelled", Expect::Name),
        ("address", Expect::Address),
        ("digits 6", Expect::Digits { min: 6, max: 6 }),
    ] {
        let turn = rules(&format!("turn.expect = \"{text}\"")).turn;
        assert_eq!(turn.expect, expected);
    }
}

#[test]
fn silence_alone_may_decide() {
    for ms in [500, 1_800] {
        let turn = rules(&format!("turn.wait.all_ms = {ms}")).turn;
        assert_eq!(turn.wait, Waits::fixed(Millis(ms)));
        assert!(!turn.adapts, "the wait is what is written");
    }
}

#[test]
fn a_floor_that_nobody_typed_gives_way_to_short_waits() {
    assert_eq!(rules("turn.wait.terminal_ms = 100").turn.floor, Millis(100));
    assert_eq!(rules("turn.wait.all_ms = 500").turn.floor, Millis(250));
}

#[test]
fn a_recogniser_that_decides_leaves_nothing_to_speculate_on() {
    let turn = rules("turn.end = \"provider\"").turn;
    assert_eq!(turn.end, TurnEnd::Provider);
    assert_eq!(turn.speculate, Speculate::Off);
    rules("turn = { end = \"provider\", speculate = \"off\" }");
}

#[test]
fn an_agents_own_goodbyes_stand_in_place_of_those_of_its_language() {
    let end = rules("end.goodbyes = [\"Bye-bye!\"]").end;
    assert_eq!(end.goodbyes, ["bye bye"]);
}

#[test]
fn an_agents_own_words_are_added_to_those_of_its_language() {
    let usual = rules("").overlap;
    let overlap = rules(
        "overlap = { stop_words = [\"Don’t,  Robot\"], ack_words = [\"Gotcha\"], mode = \"pause\", \
         min_ms = 900, adapt = false, greeting_interruptible = false }",
    )
    .overlap;
    assert_eq!(overlap.stop_words.len(), usual.stop_words.len() + 1);
    assert_eq!(overlap.stop_words.last().unwrap(), "dont robot");
    assert_eq!(overlap.ack_words.last().unwrap(), "gotcha");
    assert_eq!(overlap.mode, OverlapMode::Pause);
    assert_eq!(overlap.speech_without_words, Some(Millis(900)));
    assert!(!overlap.adapts && !overlap.greeting_interruptible);
    let quieter = rules("overlap.duck_db = 20").overlap.mode;
    assert_eq!(quieter, OverlapMode::Duck { db: 20 });
    let ignored = rules("overlap.mode = \"none\"").overlap.mode;
    assert_eq!(ignored, OverlapMode::Ignore);
}

#[test]
fn masks_come_when_told_and_not_at_zero() {
    let mask = rules(
        "mask = { openers = [\"Sure.\"], opener_after_ms = 200, tool_filler_ms = 0, \
         slow_filler_ms = 900, again_ms = 3000, give_up_ms = 8000 }",
    )
    .mask;
    assert_eq!(mask.openers, ["Sure."]);
    assert_eq!(mask.opener_after, Millis(200));
    assert_eq!(mask.tool_filler_after, None);
    assert_eq!(mask.slow_filler_after, Some(Millis(900)));
    assert_eq!(mask.again_after, Millis(3_000));
    assert_eq!(mask.give_up_after, Millis(8_000));
    let silent = rules("mask.fillers = []").mask;
    assert_eq!(
        (silent.tool_filler_after, silent.slow_filler_after),
        (None, None)
    );
}

#[test]
fn the_edges_of_a_call_are_set() {
    let rules = rules(
        "idle.hold_s = 90\n\
         dtmf = { pause_ms = 3000, max_keys = 4, end_key = \"*\", secret = true, press_keys = \"always\" }\n\
         amd = { greeting_ms = 3000, total_ms = 15000 }\n\
         end = { max_call_s = 600, warn_before_s = 0 }\n\
         one_moment_line = \"A second.\"\n\
         hold_line = \"I am here.\"\n\
         almost_over_line = \"We have to end.\"\n\
         carrier_rounds = false\n\
         keypad_line = \"Press 1.\"",
    );
    assert_eq!(rules.idle.hold, Millis(90_000));
    assert_eq!((rules.dtmf.pause, rules.dtmf.most), (Millis(3_000), 4));
    assert_eq!((rules.dtmf.end_key, rules.dtmf.secret), ('*', true));
    assert_eq!(rules.dtmf.presses, Presses::Always);
    assert_eq!(rules.lines.keypad, "Press 1.");
    assert_eq!(rules.amd.greeting, Millis(3_000));
    assert_eq!(rules.amd.total, Millis(15_000));
    assert_eq!(rules.end.warn_before, None);
    assert_eq!(rules.lines.one_moment, "A second.");
    assert_eq!(rules.lines.hold, "I am here.");
    assert_eq!(rules.lines.almost_over, "We have to end.");
}

#[test]
fn what_no_call_will_show_is_warned_of() {
    let warnings = |agent: &str| {
        let text = format!("[agents.desk]\nllm = [\"offline/script\"]\n{agent}");
        let config = Config::parse("repartee.toml", &text, &Environment::default());
        let warnings = config.expect("nothing is wrong").warnings;
        let of_amd = |warning: &&String| warning.contains("amd");
        warnings.iter().filter(of_amd).cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        warnings("amd.total_ms = 15000"),
        [
            "agents.desk.amd is without effect: it is for calls that we place, and this version \
          places none"
        ]
    );
    assert!(warnings("").is_empty());
}

#[test]
fn a_short_call_has_no_warning_and_no_longer_turn() {
    let rules = rules("end.max_call_s = 30");
    assert_eq!(rules.end.warn_before, None);
    assert_eq!(rules.turn.longest, Millis(30_000));
}

#[test]
fn values_without_meaning_are_refused() {
    insta::assert_snapshot!(problems(
        r#"
turn.speculate = "fast"
turn.expect = "telephone"
turn.max_user_turn_s = 1
overlap = { mode = "quiet", stop_words = ["stop", "!"] }
mask.openers = [""]
mask.tool_filler_ms = 99999
dtmf = { max_keys = 0, end_key = "A" }
amd.after_beep_ms = -1
idle.hold_s = 0
end.goodbyes = ["bye", "?"]
"#
    ), @r#"
    repartee.toml:3:6: agents.desk.turn.speculate: `fast` is none of speak, think, off
    repartee.toml:4:6: agents.desk.turn.expect: `telephone` is nothing to expect: one of `open`, `yes_no`, `choice`, `digits 4-6`, `phone`, `date`, `email`, `name_spelled`, `address`
    repartee.toml:5:6: agents.desk.turn.max_user_turn_s: 1 is not between 5 and 3600
    repartee.toml:6:13: agents.desk.overlap.mode: `quiet` is none of duck, pause, none
    repartee.toml:6:51: agents.desk.overlap.stop_words.1: there is no word in it
    repartee.toml:7:17: agents.desk.mask.openers.0: there is no word in it
    repartee.toml:8:6: agents.desk.mask.tool_filler_ms: 99999 is not between 0 and 30000
    repartee.toml:9:10: agents.desk.dtmf.max_keys: 0 is not between 1 and 64
    repartee.toml:9:24: agents.desk.dtmf.end_key: `A` is not one key of the phone: 0 to 9, * or #
    repartee.toml:10:5: agents.desk.amd.after_beep_ms: `-1` is not a whole number from 0 up
    repartee.toml:11:6: agents.desk.idle.hold_s: 0 is not between 1 and 3600
    repartee.toml:12:24: agents.desk.end.goodbyes.1: there is no word in it
    "#);
}

#[test]
fn a_level_is_wanted_where_a_switch_was() {
    insta::assert_snapshot!(problems("turn.speculate = true"), @r#"
    repartee.toml:2:6: agents.desk.turn.speculate: say how far: "off", "think" or "speak"; `true` would be "speak"
    "#);
    insta::assert_snapshot!(problems("turn.speculate = false"), @r#"
    repartee.toml:2:6: agents.desk.turn.speculate: say how far: "off", "think" or "speak"; `false` would be "off"
    "#);
    insta::assert_snapshot!(problems("turn.speculate = 3"), @"repartee.toml:2:6: agents.desk.turn.speculate: `3` is not a text in quotation marks");
}

#[test]
fn numbers_of_digits_are_checked() {
    for text in [
        "digits",
        "digits x",
        "digits 6-4",
        "digits 0",
        "digits 4-99",
    ] {
        let told = problems(&format!("turn.expect = \"{text}\""));
        assert!(told.contains("digits"), "{told}");
    }
}

#[test]
fn waits_of_one_length_go_with_no_others() {
    insta::assert_snapshot!(problems(
        "turn = { preset = \"eager\", adapt = true, wait = { all_ms = 1800, filler_ms = 9 } }"
    ), @r#"
    repartee.toml:2:10: agents.desk.turn.preset: contradicts `turn.wait.all_ms`
    repartee.toml:2:28: agents.desk.turn.adapt: contradicts `turn.wait.all_ms`
    repartee.toml:2:66: agents.desk.turn.wait.filler_ms: contradicts `turn.wait.all_ms`
    "#);
}

#[test]
fn keys_are_for_calls_that_do_not_go_on_in_rounds() {
    insta::assert_snapshot!(
        problems("keypad_line = \"Press 1.\""),
        @"repartee.toml:2:1: agents.desk.keypad_line: needs `carrier_rounds = false`"
    );
}

#[test]
fn a_recogniser_that_decides_knows_no_waits() {
    insta::assert_snapshot!(problems(
        "turn = { end = \"provider\", speculate = \"think\", floor_ms = 200, \
         finalize_after_ms = 200, max_user_turn_s = 30, wait = { all_ms = 500 } }"
    ), @r#"
    repartee.toml:2:28: agents.desk.turn.speculate: contradicts `turn.end = "provider"`
    repartee.toml:2:49: agents.desk.turn.floor_ms: contradicts `turn.end = "provider"`
    repartee.toml:2:65: agents.desk.turn.finalize_after_ms: contradicts `turn.end = "provider"`
    repartee.toml:2:90: agents.desk.turn.max_user_turn_s: contradicts `turn.end = "provider"`
    repartee.toml:2:112: agents.desk.turn.wait: contradicts `turn.end = "provider"`
    "#);
}

#[test]
fn settings_that_cannot_both_be_are_found_together() {
    insta::assert_snapshot!(problems(
        r#"
turn = { floor_ms = 400, finalize_after_ms = 900, words_deadline_ms = 800, max_user_turn_s = 700 }
overlap = { mode = "pause", duck_db = 10, stop_words = ["Okay"], ack_words = ["okay"] }
mask = { opener_after_ms = 100, fillers = [], tool_filler_ms = 500, again_ms = 900 }
amd = { greeting_ms = 5000, total_ms = 4000 }
end = { max_call_s = 600, warn_before_s = 600 }
"#
    ), @r#"
    repartee.toml:3:10: agents.desk.turn.floor_ms: is above `turn.wait.short_answer_ms`, which is 300
    repartee.toml:3:26: agents.desk.turn.finalize_after_ms: is above `turn.words_deadline_ms`: the words would be given up before they are asked for
    repartee.toml:3:76: agents.desk.turn.max_user_turn_s: is above the longest call, 600 s
    repartee.toml:4:29: agents.desk.overlap.duck_db: needs `overlap.mode = "duck"`
    repartee.toml:4:66: agents.desk.overlap.ack_words: `okay` is among the words that stop the agent
    repartee.toml:5:10: agents.desk.mask.opener_after_ms: needs `mask.openers`
    repartee.toml:5:47: agents.desk.mask.tool_filler_ms: needs `mask.fillers`
    repartee.toml:5:69: agents.desk.mask.again_ms: needs `mask.fillers`
    repartee.toml:6:1: agents.desk.amd.nobody_ms: must be below `amd.total_ms`
    repartee.toml:6:9: agents.desk.amd.greeting_ms: must be below `amd.total_ms`
    repartee.toml:7:27: agents.desk.end.warn_before_s: must be below the longest call, 600 s
    "#);
    insta::assert_snapshot!(problems(
        "mask = { tool_filler_ms = 0, slow_filler_ms = 0, again_ms = 900 }"
    ), @"repartee.toml:2:50: agents.desk.mask.again_ms: needs `mask.tool_filler_ms` or `mask.slow_filler_ms`: there is no first filler");
    insta::assert_snapshot!(
        problems("mask = { slow_filler_ms = 9000, give_up_ms = 8000 }"), @"repartee.toml:2:10: agents.desk.mask.slow_filler_ms: an answer would be given up (`mask.give_up_ms`) before a filler (`mask.slow_filler_ms`)"
    );
}

#[test]
fn the_carrier_takes_over_where_it_knows_the_language() {
    assert!(rules("").line.rounds);
    assert!(rules("language = \"fi-FI\"").line.rounds);
    assert!(!rules("language = \"fi\"").line.rounds);
    assert!(!rules("carrier_rounds = false").line.rounds);
    insta::assert_snapshot!(
        problems("language = \"fi\"\ncarrier_rounds = true"), @"repartee.toml:3:1: agents.desk.carrier_rounds: needs a `language` with its region, such as `fi-FI`"
    );
}
