use domain::Language;
use session::{OverlapMode, Rules, Waits};

use crate::turns::scenario::{Expects, Overlapping, Preset, Scenario};

/// What a scenario asks of the agent.
#[must_use]
pub fn rules(scenario: &Scenario) -> Rules {
    let language: Language = scenario.language.parse().unwrap_or_default();
    let agent = &scenario.agent;
    let mut rules = Rules::defaults(&language);
    rules.lines.greeting.clone_from(&agent.greeting);
    rules.turn.wait = waits(agent.preset);
    rules.turn.expect = expect(agent.expects);
    rules.mask.openers.clone_from(&agent.openers);
    if let Some(fillers) = &agent.fillers {
        rules.mask.fillers.clone_from(fillers);
    }
    rules.overlap.greeting_interruptible = agent.greeting_interruptible;
    rules.overlap.mode = match agent.overlap {
        Overlapping::Duck => OverlapMode::Duck { db: 12 },
        Overlapping::Ignore => OverlapMode::Ignore,
        Overlapping::Pause => OverlapMode::Pause,
    };
    rules
}

/// The waits of a preset.
#[must_use]
pub const fn waits(preset: Preset) -> Waits {
    match preset {
        Preset::Balanced => Waits::BALANCED,
        Preset::Eager => Waits::EAGER,
        Preset::Patient => Waits::PATIENT,
    }
}

const fn expect(expects: Expects) -> session::Expect {
    match expects {
        Expects::Address => session::Expect::Address,
        Expects::Choice => session::Expect::Choice,
        Expects::Date => session::Expect::Date,
        Expects::Digits { min, max } => session::Expect::Digits { min, max },
        Expects::Email => session::Expect::Email,
        Expects::NameSpelled => session::Expect::Name,
        Expects::Open => session::Expect::Open,
        Expects::Phone => session::Expect::Phone,
        Expects::YesNo => session::Expect::YesNo,
    }
}
