//! How many sockets of one address may stand at the door before they show a token.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// Counts visitors without a valid token yet.
#[derive(Clone, Debug)]
pub(crate) struct Doorstep {
    visitors: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
    most: usize,
}

/// One socket at the door. Dropped when it went in or away.
#[derive(Debug)]
pub(crate) struct Visitor {
    doorstep: Doorstep,
    address: IpAddr,
}

impl Doorstep {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            visitors: Arc::default(),
            most,
        }
    }

    /// Lets another socket of `address` wait, unless there are too many.
    pub(crate) fn wait(&self, address: IpAddr) -> Option<Visitor> {
        let mut visitors = self.visitors.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = visitors.entry(address).or_default();
        if *waiting >= self.most {
            return None;
        }
        *waiting += 1;
        Some(Visitor {
            doorstep: self.clone(),
            address,
        })
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let mut visitors = self
            .doorstep
            .visitors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = visitors.get_mut(&self.address) {
            *waiting -= 1;
            if *waiting == 0 {
                visitors.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_crowd_the_door() {
        let doorstep = Doorstep::new(1);
        let (here, there) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = doorstep.wait(here);
        assert!(first.is_some());
        assert!(doorstep.wait(here).is_none());
        assert!(doorstep.wait(there).is_some());
        drop(first);
        assert!(doorstep.wait(here).is_some());
        assert!(doorstep.visitors.lock().expect("a lock").is_empty());
    }
}
