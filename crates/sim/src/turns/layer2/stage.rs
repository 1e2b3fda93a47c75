//! Roles for tests.

use std::{path::Path, sync::Arc};

use super::{
    cast::{Cast, Role},
    recordings::{Recordings, Wanted},
};
use crate::turns::scenario::{Scenario, VoiceName};

/// A role whose caller says one turn of so many samples; more of the scenario in `more`.
pub(super) fn role_with(says: &str, samples: usize, more: &str) -> Arc<Role> {
    let text = format!(
        r#"{{"name": "t", "what": "A test.", "group": "clean", {more}
            "agent": {{"greeting": "Hello, City Library.", "replies": [{{"say": "We close at six."}}]}},
            "steps": ["agent_done", {{"say": {{"text": "{says}"}}}}, "turn_ends", "agent_done", "hang_up"]}}"#
    );
    let scenario = Scenario::parse(&text, Path::new("t.json")).unwrap();
    let mut recordings = Recordings::default();
    recordings.add(
        Wanted {
            voice: VoiceName::EnM,
            text: says.to_owned(),
        },
        vec![0x90; samples],
    );
    let cast = Cast::of(vec![scenario], &recordings, |_| 1).unwrap();
    cast.roles[0].clone()
}

pub(super) fn role(says: &str, samples: usize) -> Arc<Role> {
    role_with(says, samples, "")
}
