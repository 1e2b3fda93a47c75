//! What happens at the edges of a call: silence, keys, machines that answer, and its end.

use domain::Millis;
use session::{EndRules, Presses, Rules};

use super::super::{super::raw, Reading};

/// The keys that a telephone has.
const KEYS: &str = "0123456789*#";

impl Reading<'_, '_> {
    pub(super) fn fill_idle(&mut self, rules: &mut Rules) {
        const RANGE_MS: (u64, u64) = (1_000, 600_000);
        let typed = &self.typed.idle;
        let [first, second, last] = rules.idle.after;
        rules.idle.after = [
            self.millis("idle.ask_after_ms", typed.ask_after_ms, first, RANGE_MS),
            self.millis(
                "idle.ask_again_after_ms",
                typed.ask_again_after_ms,
                second,
                RANGE_MS,
            ),
            self.millis(
                "idle.hang_up_after_ms",
                typed.hang_up_after_ms,
                last,
                RANGE_MS,
            ),
        ];
        rules.idle.hold = self.seconds("idle.hold_s", typed.hold_s, rules.idle.hold, (1, 3_600));
    }

    pub(super) fn fill_dtmf(&mut self, rules: &mut Rules) {
        let typed = &self.typed.dtmf;
        let dtmf = &mut rules.dtmf;
        dtmf.pause = self.millis("dtmf.pause_ms", typed.pause_ms, dtmf.pause, (300, 30_000));
        let key = self.at("dtmf.max_keys");
        dtmf.most = self
            .meaning
            .within(&key, typed.max_keys, (1, dtmf.most, 64));
        if let Some(text) = typed.end_key.as_deref() {
            let mut keys = text.chars();
            match (keys.next(), keys.next()) {
                (Some(one), None) if KEYS.contains(one) => dtmf.end_key = one,
                _ => self.contradiction(
                    "dtmf.end_key",
                    &format!("`{text}` is not one key of the phone: 0 to 9, * or #"),
                ),
            }
        }
        dtmf.secret = typed.secret.unwrap_or(dtmf.secret);
        let ways = [
            ("menus", Presses::Menus),
            ("always", Presses::Always),
            ("never", Presses::Never),
        ];
        let key = self.at("dtmf.press_keys");
        // Some servers know no tools.
        let toolless = self.typed.llm.end_call_tool == Some(false);
        let typed = typed.press_keys.as_deref();
        let typed = typed.or(toolless.then_some("never"));
        dtmf.presses = self.meaning.choice(&key, typed, &ways);
    }

    pub(super) fn fill_amd(&mut self, rules: &mut Rules) {
        let typed = &self.typed.amd;
        let amd = &mut rules.amd;
        for (key, typed, value, range_ms) in [
            (
                "greeting_ms",
                typed.greeting_ms,
                &mut amd.greeting,
                (500, 20_000),
            ),
            (
                "greeting_silence_ms",
                typed.greeting_silence_ms,
                &mut amd.greeting_silence,
                (100, 10_000),
            ),
            (
                "silence_ms",
                typed.silence_ms,
                &mut amd.silence,
                (100, 10_000),
            ),
            (
                "nobody_ms",
                typed.nobody_ms,
                &mut amd.nobody,
                (1_000, 120_000),
            ),
            ("total_ms", typed.total_ms, &mut amd.total, (1_000, 120_000)),
            (
                "after_beep_ms",
                typed.after_beep_ms,
                &mut amd.after_beep,
                (0, 10_000),
            ),
        ] {
            *value = self.millis(&format!("amd.{key}"), typed, *value, range_ms);
        }
        self.warn_of_amd();
        let amd = rules.amd;
        for (key, part) in [("greeting_ms", amd.greeting), ("nobody_ms", amd.nobody)] {
            if part >= amd.total {
                self.contradiction(&format!("amd.{key}"), "must be below `amd.total_ms`");
            }
        }
    }

    /// Whoever sets this up wants to know that no call will show it.
    fn warn_of_amd(&mut self) {
        if self.typed.amd == raw::Amd::default() {
            return;
        }
        let warning = format!(
            "{} is without effect: it is for calls that we place, and this version places none",
            self.at("amd")
        );
        if !self.meaning.warnings.contains(&warning) {
            self.meaning.warnings.push(warning);
        }
    }

    pub(super) fn fill_end(&mut self, rules: &mut Rules) {
        let typed = &self.typed.end;
        let end = &mut rules.end;
        self.fill_durations(end);
        end.grace = self.millis("end.grace_ms", typed.grace_ms, end.grace, (0, 10_000));
        if let Some(goodbyes) = &typed.goodbyes {
            end.goodbyes = self.words("end.goodbyes", goodbyes);
        }
        let key = self.at("end.max_failures");
        end.max_failures =
            self.meaning
                .within(&key, typed.max_failures, (1, end.max_failures, 100));
        let key = self.at("end.max_tools_per_turn");
        end.max_tools_per_turn = self.meaning.within(
            &key,
            typed.max_tools_per_turn,
            (0, end.max_tools_per_turn, 50),
        );
        let longest = &mut rules.turn.longest;
        if *longest > rules.end.max_call {
            if self.typed.turn.max_user_turn_s.is_some() {
                self.contradiction(
                    "turn.max_user_turn_s",
                    &format!(
                        "is above the longest call, {} s",
                        rules.end.max_call.0 / 1_000
                    ),
                );
            }
            *longest = rules.end.max_call;
        }
    }

    fn fill_durations(&mut self, end: &mut EndRules) {
        let typed = &self.typed.end;
        let usual_s = self.meaning.within(
            "limits.max_call_s",
            self.file.limits.max_call_s,
            (10, end.max_call.0 / 1_000, 86_400),
        );
        let range_s = (10, 86_400);
        end.max_call = self.seconds(
            "end.max_call_s",
            typed.max_call_s,
            Millis(usual_s * 1_000),
            range_s,
        );
        let usual = end.warn_before.unwrap_or(Millis::ZERO);
        let before = self.seconds("end.warn_before_s", typed.warn_before_s, usual, (0, 3_600));
        let too_early = before >= end.max_call;
        if too_early && typed.warn_before_s.is_some() {
            self.contradiction(
                "end.warn_before_s",
                &format!(
                    "must be below the longest call, {} s",
                    end.max_call.0 / 1_000
                ),
            );
        }
        // A short call that nobody asked to be warned of has no warning.
        end.warn_before = Some(before).filter(|before| *before > Millis::ZERO && !too_early);
    }
}
