use std::{fmt, sync::Arc, time::Duration};

use super::{Ear, FingerprintEar};
use crate::Delay;

/// How well and how fast one stream is recognised.
#[derive(Clone)]
pub struct Manner {
    /// What recognises the words.
    pub ear: Arc<dyn Fn() -> Box<dyn Ear> + Send + Sync>,
    /// Audio between two interim results.
    pub interim_every: Duration,
    /// From the end of the audio an interim result is about to the result.
    pub interim_lag: Delay,
    /// The same for a final result that the recogniser came to by itself.
    pub final_lag: Delay,
    /// From `Finalize` to its answer.
    pub finalize_lag: Delay,
    /// The share of finals with words that never arrive, from 0 to 1.
    pub lost_finals: f64,
    /// The silence after which a model of turns could not be surer that one is over. Its confidence
    /// grows evenly up to then.
    pub sure_after: Duration,
    /// Writes capitals and punctuation, if the client asks for them.
    pub punctuates: bool,
}

impl Default for Manner {
    /// As the real one was measured: with `Finalize` sent after 200 ms of silence, the final words
    /// are there 247 ms after the last sound, and after 298 ms in one of twenty cases.
    fn default() -> Self {
        Self {
            ear: Arc::new(|| Box::new(FingerprintEar::recorded())),
            interim_every: Duration::from_secs(1),
            interim_lag: Delay::spread_ms(150, 300),
            final_lag: Delay::spread_ms(250, 400),
            finalize_lag: Delay::spread_ms(47, 98),
            lost_finals: 0.0,
            sure_after: Duration::from_millis(700),
            punctuates: true,
        }
    }
}

impl Manner {
    /// Recognises with such an ear.
    #[must_use]
    pub fn hearing<E: Ear + 'static>(ear: impl Fn() -> E + Send + Sync + 'static) -> Self {
        Self {
            ear: Arc::new(move || Box::new(ear())),
            ..Self::default()
        }
    }

    /// Final results take so long whatever brought them about, and interim ones no time.
    #[must_use]
    pub fn lagging(self, lag: Delay) -> Self {
        Self {
            interim_lag: Delay::NONE,
            final_lag: lag,
            finalize_lag: lag,
            ..self
        }
    }

    /// The same for every stream, as the settings of a fake want it.
    #[must_use]
    pub fn for_all<S: ?Sized>(self) -> Arc<dyn Fn(&S) -> Self + Send + Sync> {
        Arc::new(move |_stream| self.clone())
    }
}

impl fmt::Debug for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manner")
            .field("interim_every", &self.interim_every)
            .field("interim_lag", &self.interim_lag)
            .field("final_lag", &self.final_lag)
            .field("finalize_lag", &self.finalize_lag)
            .field("lost_finals", &self.lost_finals)
            .field("sure_after", &self.sure_after)
            .field("punctuates", &self.punctuates)
            .finish_non_exhaustive()
    }
}
