//! A mark in the lowest bits of mu-law audio: which recording this is, and which part of it.
//!
//! Eighty samples carry one stamp. The lowest bit of a mu-law code is worth about as much as its
//! rounding, so a stamp is not heard, and no detector of speech cares.

/// Samples that carry one stamp: 10 ms.
pub(crate) const SLOT: usize = 80;

/// What a stamp begins with.
const MAGIC: u64 = 0xB5_4A3C;
const MAGIC_BITS: u32 = 24;
const CLIP_BITS: u32 = 12;
const AT_BITS: u32 = 14;
const CHECK_BITS: u32 = 8;
const BITS: u32 = MAGIC_BITS + CLIP_BITS + AT_BITS + CHECK_BITS;

/// Which part of which recording.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Stamp {
    /// The recording.
    pub(crate) clip: u16,
    /// Which ten milliseconds of it.
    pub(crate) slot: u16,
}

impl Stamp {
    /// Writes itself into the first samples of `audio`, which has to be a slot long.
    pub(crate) fn write(self, audio: &mut [u8]) {
        let bits = self.bits();
        for (place, code) in audio.iter_mut().take(BITS as usize).enumerate() {
            let bit = bits >> (BITS - 1 - place as u32) & 1;
            *code = *code & !1 | u8::from(bit == 1);
        }
    }

    fn bits(self) -> u64 {
        let clip = u64::from(self.clip) & mask(CLIP_BITS);
        let slot = u64::from(self.slot) & mask(AT_BITS);
        let head = (MAGIC << CLIP_BITS | clip) << AT_BITS | slot;
        head << CHECK_BITS | check(clip, slot)
    }

    fn of(bits: u64) -> Option<Self> {
        let slot = bits >> CHECK_BITS & mask(AT_BITS);
        let clip = bits >> (CHECK_BITS + AT_BITS) & mask(CLIP_BITS);
        let magic = bits >> (CHECK_BITS + AT_BITS + CLIP_BITS) & mask(MAGIC_BITS);
        let sound = magic == MAGIC && bits & mask(CHECK_BITS) == check(clip, slot);
        sound.then(|| Self {
            clip: u16::try_from(clip).unwrap_or(u16::MAX),
            slot: u16::try_from(slot).unwrap_or(u16::MAX),
        })
    }
}

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

fn check(clip: u64, slot: u64) -> u64 {
    let mixed = (clip << AT_BITS | slot).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed >> (64 - CHECK_BITS)
}

/// Finds stamps in a stream, at any byte and in pieces of any size.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader {
    bits: u64,
}

impl Reader {
    /// Takes the next sample; gives the stamp that is complete with it.
    pub(crate) fn take(&mut self, code: u8) -> Option<Stamp> {
        self.bits = (self.bits << 1 | u64::from(code & 1)) & mask(BITS);
        Stamp::of(self.bits)
    }

    /// The last stamp that is complete within `audio`.
    #[cfg(test)]
    pub(crate) fn last(&mut self, audio: &[u8]) -> Option<Stamp> {
        let stamps = audio.iter().filter_map(|code| self.take(*code));
        stamps.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dice;

    #[test]
    fn a_stamp_is_found_at_any_byte() {
        let stamp = Stamp {
            clip: 0x8A5,
            slot: 9_000,
        };
        for before in [0, 1, 79, 333] {
            let mut audio = vec![0xFF; before];
            let mut slot = [0x55; SLOT];
            stamp.write(&mut slot);
            audio.extend(slot);
            assert_eq!(Reader::default().last(&audio), Some(stamp), "{before}");
        }
    }

    #[test]
    fn sound_without_a_stamp_has_none() {
        let mut dice = Dice::new(1);
        let noise: Vec<u8> = (0..400_000).map(|_| dice.throw() as u8).collect();
        assert_eq!(Reader::default().last(&noise), None);
        assert_eq!(Reader::default().last(&[0xFF; 4_000]), None);
    }

    #[test]
    fn a_damaged_stamp_is_none() {
        let mut slot = [0xFF; SLOT];
        Stamp { clip: 7, slot: 7 }.write(&mut slot);
        slot[50] ^= 1;
        assert_eq!(Reader::default().last(&slot), None);
    }
}
