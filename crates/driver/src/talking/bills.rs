//! What replies have cost, and for what: those that nobody was to hear are named apart.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use domain::{Purpose, ReplyId};
use providers::realtime::{Consumed, RealtimeTokens};
use session::CancelReason;

use super::Order;
use crate::tally::Tally;

/// Replies whose bills may still turn out to be for nothing.
const KEPT: usize = 8;

/// Bills of replies, whenever they come.
pub(super) struct Bills {
    tally: Arc<Tally>,
    /// Counted for the conversation: by whom.
    counted: VecDeque<(ReplyId, usize, RealtimeTokens)>,
    too_soon: VecDeque<ReplyId>,
    /// Asked for, and not billed.
    owed: BTreeSet<ReplyId>,
}

impl Bills {
    pub(super) fn new(tally: Arc<Tally>) -> Self {
        Self {
            tally,
            counted: VecDeque::new(),
            too_soon: VecDeque::new(),
            owed: BTreeSet::new(),
        }
    }

    /// Takes note of what is asked for, and of what turns out to be for nothing.
    pub(super) fn order(&mut self, order: &Order) {
        let Order::Cancel { reply, why, .. } = order else {
            return;
        };
        match why {
            CancelReason::Resumed | CancelReason::Stale => {}
            CancelReason::BargeIn
            | CancelReason::CallOver
            | CancelReason::CutIn
            | CancelReason::Failed => return,
        }
        for (_, place, tokens) in self.counted.iter().filter(|(whose, ..)| whose == reply) {
            self.tally.talked_too_soon(*place, tokens);
        }
        self.counted.retain(|(whose, ..)| whose != reply);
        self.too_soon.push_back(*reply);
        if self.too_soon.len() > KEPT {
            self.too_soon.pop_front();
        }
    }

    /// The provider is asked for a reply, and will send a bill.
    pub(super) fn asked(&mut self, reply: ReplyId) {
        self.owed.insert(reply);
    }

    /// Whether a bill is to come.
    pub(super) fn is_owed(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Nobody will send a bill any more.
    pub(super) fn lost(&mut self) {
        self.owed.clear();
    }

    /// A bill came apart from the end of a reply.
    pub(super) fn consumed(&mut self, place: usize, consumed: &Consumed) {
        match consumed.reply {
            Some(reply) => self.count(place, reply, &consumed.usage),
            None => self.tally.talked(place, Purpose::Call, &consumed.usage),
        }
    }

    /// The bill of a reply came.
    pub(super) fn done(&mut self, place: usize, reply: ReplyId, tokens: &RealtimeTokens) {
        self.owed.remove(&reply);
        self.count(place, reply, tokens);
    }

    /// No bill of this reply is waited for any more; a late one is told as what was consumed.
    pub(super) fn dropped(&mut self, reply: ReplyId) {
        self.owed.remove(&reply);
    }

    fn count(&mut self, place: usize, reply: ReplyId, tokens: &RealtimeTokens) {
        if self.too_soon.contains(&reply) {
            return self.tally.talked(place, Purpose::Speculation, tokens);
        }
        self.tally.talked(place, Purpose::Call, tokens);
        self.counted.push_back((reply, place, *tokens));
        if self.counted.len() > KEPT {
            self.counted.pop_front();
        }
    }
}
