use domain::Millis;

/// What a deadline is for. At most one of each is armed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Timer {
    /// The longest call is nearly over.
    AlmostOver,
    /// The caller should hear that the budget is nearly spent.
    BudgetLow,
    /// The caller's turn is over unless something happens before.
    EndOfTurn,
    /// Ask the recogniser for what it has.
    Finalize,
    /// Hang up after a goodbye.
    Grace,
    /// Nobody says anything.
    Idle,
    /// The caller pauses between keys.
    Keys,
    /// The caller goes on speaking, and nobody is left to recognise him or to speak to him.
    LetFinish,
    /// The caller has waited for us for so long that something must be said.
    Mask,
    /// The longest call.
    MaxCall,
    /// Something that is no speech has sounded for long: the caller is away.
    Music,
    /// The recogniser is gone, and the caller should know.
    OneMoment,
    /// The caller speaks over the agent: by now it is no cough.
    Overlap,
    /// The last words should have been heard, whatever the voice does.
    Parting,
    /// All audio of the reply should have been heard.
    Played,
    /// Begin a reply, although the turn is not surely over.
    Speculate,
    /// No words came for what the caller said.
    Unheard,
}

impl Timer {
    const COUNT: usize = 17;
}

/// The deadlines of a call: a table, so nothing has to be cancelled and nothing is stale.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    deadlines: [Option<Millis>; Timer::COUNT],
}

/// In the order of [`Timer`], which decides between equal deadlines.
const ALL: [Timer; Timer::COUNT] = [
    Timer::AlmostOver,
    Timer::BudgetLow,
    Timer::EndOfTurn,
    Timer::Finalize,
    Timer::Grace,
    Timer::Idle,
    Timer::Keys,
    Timer::LetFinish,
    Timer::Mask,
    Timer::MaxCall,
    Timer::Music,
    Timer::OneMoment,
    Timer::Overlap,
    Timer::Parting,
    Timer::Played,
    Timer::Speculate,
    Timer::Unheard,
];

impl Timers {
    pub(crate) fn arm(&mut self, timer: Timer, at: Millis) {
        self.deadlines[timer as usize] = Some(at);
    }

    pub(crate) fn disarm(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = None;
    }

    pub(crate) fn disarm_all(&mut self) {
        self.deadlines = [None; Timer::COUNT];
    }

    pub(crate) fn is_armed(&self, timer: Timer) -> bool {
        self.deadlines[timer as usize].is_some()
    }

    /// The next deadline, whenever it is.
    pub(crate) fn next(&self) -> Option<(Millis, Timer)> {
        ALL.iter()
            .filter_map(|&timer| Some((self.deadlines[timer as usize]?, timer)))
            .min()
    }

    /// Takes the next deadline that lies at or before `now`.
    pub(crate) fn pop(&mut self, now: Millis) -> Option<(Millis, Timer)> {
        let (at, timer) = self.next().filter(|(at, _)| *at <= now)?;
        self.disarm(timer);
        Some((at, timer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_come_in_order_and_once() {
        let mut timers = Timers::default();
        timers.arm(Timer::Idle, Millis(500));
        timers.arm(Timer::MaxCall, Millis(900));
        timers.arm(Timer::EndOfTurn, Millis(300));
        timers.arm(Timer::EndOfTurn, Millis(400));
        assert_eq!(timers.pop(Millis(399)), None);
        assert_eq!(
            timers.pop(Millis(600)),
            Some((Millis(400), Timer::EndOfTurn))
        );
        assert_eq!(timers.pop(Millis(600)), Some((Millis(500), Timer::Idle)));
        assert_eq!(timers.pop(Millis(600)), None);
        assert_eq!(timers.next(), Some((Millis(900), Timer::MaxCall)));
    }

    #[test]
    fn the_table_holds_every_timer_at_its_place() {
        for (index, timer) in ALL.iter().enumerate() {
            assert_eq!(*timer as usize, index);
        }
    }
}
