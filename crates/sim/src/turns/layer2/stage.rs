//! Roles and calls for tests.

use std::{ops::Range, path::Path, sync::Arc};

use audio::g711::ulaw;

use super::{
    arrivals::Arrivals,
    call::Diary,
    caller::Caller,
    cast::{Cast, Role},
    listener::Listener,
    played::{ms_of, tick_of},
    recordings::{Recordings, Wanted},
    stamp::{SLOT, Stamp},
    voice::StampVoice,
};
use crate::{
    carrier::{FRAME, SILENCE},
    fakes::Voice as _,
    turns::scenario::{Scenario, VoiceName},
};

/// A role whose caller says one turn of so many samples; more of the scenario in `more`.
pub(super) fn role_with(says: &str, samples: usize, more: &str) -> Arc<Role> {
    made(says, samples, more, "")
}

/// A role whose agent behaves in this manner.
pub(super) fn role_of_agent(manner: &str) -> Arc<Role> {
    made("Hi.", 80, "", manner)
}

fn made(says: &str, samples: usize, more: &str, manner: &str) -> Arc<Role> {
    let text = format!(
        r#"{{"name": "t", "what": "A test.", "group": "clean", {more}
            "agent": {{{manner} "greeting": "Hello, City Library.", "replies": [{{"say": "We close at six."}}]}},
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

/// Loud sound of so many frames, stamped as a clip.
pub(super) fn sound(clip: u16, frames: usize) -> Vec<u8> {
    let mut sound = vec![ulaw::encode(8_000); frames * FRAME];
    for (slot, samples) in (0..).zip(sound.chunks_mut(SLOT)) {
        Stamp { clip, slot }.write(samples);
    }
    sound
}

/// What a server sends, frame by frame, over a line that plays it at once.
pub(super) struct Sent {
    role: Arc<Role>,
    frames: Vec<Option<[u8; FRAME]>>,
    clears_ms: Vec<u64>,
    ahead_ms: u64,
}

impl Sent {
    pub(super) fn new(role: &Arc<Role>, ms: u64) -> Self {
        Self {
            role: role.clone(),
            frames: vec![None; tick_of(ms)],
            clears_ms: Vec::new(),
            ahead_ms: 0,
        }
    }

    /// A text in the agent's voice.
    pub(super) fn say(mut self, at_ms: u64, text: &str) -> Self {
        let audio = StampVoice(self.role.clone()).say(text);
        self.play(at_ms, &audio);
        self
    }

    pub(super) fn play(&mut self, at_ms: u64, audio: &[u8]) {
        let frames = self.frames.iter_mut().skip(tick_of(at_ms));
        for (frame, audio) in frames.zip(audio.chunks(FRAME)) {
            let mut whole = [SILENCE; FRAME];
            whole[..audio.len()].copy_from_slice(audio);
            *frame = Some(whole);
        }
    }

    /// Everything comes so long before it is played.
    pub(super) fn ahead(mut self, ms: u64) -> Self {
        self.ahead_ms = ms;
        self
    }

    /// Everything within this time is 12 dB quieter than it was made.
    pub(super) fn ducked(mut self, within_ms: Range<u64>) -> Self {
        for frame in &mut self.frames[tick_of(within_ms.start)..tick_of(within_ms.end)] {
            *frame = frame.map(|frame| frame.map(|code| ulaw::encode(ulaw::decode(code) / 4)));
        }
        self
    }

    /// What would come from then on comes so much later, its last frames before anew.
    pub(super) fn paused(mut self, at_ms: u64, for_ms: u64, again_ms: u64) -> Self {
        let at = tick_of(at_ms);
        let rest = self.frames[at - tick_of(again_ms)..].to_vec();
        self.frames.truncate(at);
        self.frames.extend(vec![None; tick_of(for_ms)]);
        self.frames.extend(rest);
        self
    }

    /// The rest is thrown away.
    pub(super) fn cleared(mut self, at_ms: u64) -> Self {
        self.frames[tick_of(at_ms)..].fill(None);
        self.clears_ms.push(at_ms);
        self
    }

    /// The call, as its caller lives through it.
    pub(super) fn diary(&self) -> Diary {
        let mut listener = Listener::new(self.role.clone());
        let mut arrivals = Arrivals::new(self.role.clone());
        let mut caller = Caller::new(self.role.clone());
        let mut diary = Diary {
            clears_ms: self.clears_ms.clone(),
            ..Diary::default()
        };
        for (at, frame) in self.frames.iter().enumerate() {
            if self.clears_ms.iter().any(|ms| tick_of(*ms) == at) {
                listener.forget();
                arrivals.forget();
            }
            let heard = frame.unwrap_or([SILENCE; FRAME]);
            let tick = listener.hear(&heard, frame.map_or(0, |frame| frame.len()));
            let doing = caller.tick(&tick);
            let came_ms = ms_of(at).saturating_sub(self.ahead_ms);
            let came = frame.map(|frame| arrivals.hear(came_ms, &frame));
            diary.arrived.extend(came.into_iter().flatten());
            diary.ticks.push(tick);
            diary.audio.agent.extend(heard);
            if doing.hangs_up {
                break;
            }
        }
        diary.truth = caller.into_truth();
        diary
    }
}
