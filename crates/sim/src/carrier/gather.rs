use std::time::Duration;

use transports::RoundHeard;

use super::{
    Carrier, Gather, Next, Verb,
    document::Input,
    event::CallEvent,
    phone::{self, HungUp, Phone, Sound},
    playback::TICK_MS,
};
use crate::caller::{Deed, Doing};

/// The silence that ends the caller's words when the carrier judges by itself.
const AUTO_PAUSE: Duration = Duration::from_secs(1);

impl Carrier {
    /// Asks the caller. `None`: go on with the next verb.
    pub(super) async fn gather(
        &self,
        gather: &Gather,
        phone: &mut Phone<'_>,
    ) -> Result<Option<Next>, HungUp> {
        let mut hearing = Hearing::new(gather);
        let early = self.prompt(gather, &mut hearing, phone).await?;
        let heard = match early {
            Some(heard) => heard,
            None => listen(&mut hearing, phone).await?,
        };
        phone.events.tell(CallEvent::CarrierHears(heard.clone()));
        phone.report.carrier_heard.push(heard.clone());
        let told = heard != RoundHeard::Nothing || gather.tells_silence;
        Ok(told.then(|| Next::Document {
            url: gather.action.clone(),
            heard: Some(heard),
        }))
    }

    /// Says what is to be said, to its end unless input stops it; then the carrier listens.
    async fn prompt(
        &self,
        gather: &Gather,
        hearing: &mut Hearing<'_>,
        phone: &mut Phone<'_>,
    ) -> Result<Option<RoundHeard>, HungUp> {
        for verb in &gather.prompt {
            let (time, sound) = self.sounds(verb, phone);
            let mut beat = phone::beat();
            for _ in 0..phone::ticks(time) {
                beat.tick().await;
                let doing = phone.tick(sound)?;
                if !gather.barge_in {
                    continue;
                }
                let heard = hearing.notice(&doing);
                if heard.is_some() || hearing.has_begun() {
                    return Ok(heard);
                }
            }
        }
        Ok(None)
    }

    /// How long a verb that only sounds does so, and how. A line is told.
    pub(super) fn sounds(&self, verb: &Verb, phone: &mut Phone<'_>) -> (Duration, Sound) {
        match verb {
            Verb::Say(line) => {
                phone.hears_line(line);
                let chars = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
                (self.settings.say_per_char * chars, Sound::Voice)
            }
            Verb::Pause(time) => (*time, Sound::Silence),
            Verb::Connect(_)
            | Verb::Dial
            | Verb::Gather(_)
            | Verb::Hangup
            | Verb::Redirect(_)
            | Verb::Reject => (Duration::ZERO, Sound::Silence),
        }
    }
}

async fn listen(hearing: &mut Hearing<'_>, phone: &mut Phone<'_>) -> Result<RoundHeard, HungUp> {
    let mut beat = phone::beat();
    loop {
        beat.tick().await;
        let doing = phone.tick(Sound::Silence)?;
        if let Some(heard) = hearing.notice(&doing).or_else(|| hearing.wait()) {
            return Ok(heard);
        }
    }
}

/// The fields that tell what was heard.
pub(super) fn fields(heard: &RoundHeard) -> Vec<(&str, &str)> {
    match heard {
        // The status callback tells it.
        RoundHeard::HungUp => Vec::new(),
        RoundHeard::Keys(keys) => vec![("Digits", keys)],
        RoundHeard::Nothing => vec![("SpeechResult", "")],
        RoundHeard::Words(words) => vec![("SpeechResult", words), ("Confidence", "0.9128")],
    }
}

/// What the carrier makes of the caller while it listens. Pure: its clock is the ticks.
///
/// It recognises words as the phrasebook has them. Of words that began before it listened it hears
/// nothing, and what comes first, words or keys, is what it takes.
#[derive(Debug)]
struct Hearing<'a> {
    gather: &'a Gather,
    words: Vec<String>,
    keys: String,
    /// Words that it hears are going on.
    speaking: bool,
    quiet: Duration,
}

impl<'a> Hearing<'a> {
    fn new(gather: &'a Gather) -> Self {
        Self {
            gather,
            words: Vec::new(),
            keys: String::new(),
            speaking: false,
            quiet: Duration::ZERO,
        }
    }

    fn has_begun(&self) -> bool {
        !(self.words.is_empty() && self.keys.is_empty())
    }

    /// The caller does something in one tick.
    fn notice(&mut self, doing: &Doing) -> Option<RoundHeard> {
        for deed in &doing.deeds {
            match deed {
                Deed::Press(key) => {
                    if let Some(heard) = self.press(*key) {
                        return Some(heard);
                    }
                }
                Deed::Speak(_, said) => self.speak(said),
                Deed::GiveUp | Deed::HangUp | Deed::Odd(_) => {}
            }
        }
        if doing.ended.is_some() && self.speaking {
            self.speaking = false;
            self.quiet = Duration::ZERO;
        }
        None
    }

    fn press(&mut self, key: char) -> Option<RoundHeard> {
        if self.gather.input == Input::Speech || !self.words.is_empty() {
            return None;
        }
        let ends = self.gather.finish_on_key == Some(key);
        if !ends {
            self.keys.push(key);
            self.quiet = Duration::ZERO;
        }
        let most = self.gather.num_digits;
        (ends || most.is_some_and(|most| self.keys.len() >= most)).then(|| self.typed())
    }

    fn speak(&mut self, said: &str) {
        if self.gather.input != Input::Keys && self.keys.is_empty() {
            self.words.push(said.to_owned());
            self.speaking = true;
        }
    }

    /// A tick passes.
    fn wait(&mut self) -> Option<RoundHeard> {
        if self.speaking {
            return None;
        }
        self.quiet += Duration::from_millis(TICK_MS);
        let pause = self.gather.speech_timeout.unwrap_or(AUTO_PAUSE);
        if !self.words.is_empty() {
            return (self.quiet >= pause).then(|| RoundHeard::Words(self.words.join(" ")));
        }
        (self.quiet >= self.gather.timeout).then(|| self.typed())
    }

    fn typed(&self) -> RoundHeard {
        if self.keys.is_empty() {
            return RoundHeard::Nothing;
        }
        RoundHeard::Keys(self.keys.clone())
    }
}

#[cfg(test)]
mod tests;
