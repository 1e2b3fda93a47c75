//! Cuts audio that arrives in pieces of any length into pieces of one length.

/// Bytes of a 20 ms frame of 8 kHz mu-law or A-law.
pub const FRAME_BYTES: usize = 160;

/// Collects whatever arrives into blocks of `N`.
#[derive(Clone, Debug)]
pub struct Blocks<T, const N: usize> {
    pending: [T; N],
    filled: usize,
}

impl<T: Copy + Default, const N: usize> Default for Blocks<T, N> {
    fn default() -> Self {
        const { assert!(N > 0, "an empty block would never be full") }
        Self {
            pending: [T::default(); N],
            filled: 0,
        }
    }
}

impl<T: Copy + Default, const N: usize> Blocks<T, N> {
    /// Hands every block that `piece` completes to `each`, in order.
    pub fn push(&mut self, piece: &[T], mut each: impl FnMut(&[T; N])) {
        let rest = self.fill(piece);
        if self.filled < N {
            return;
        }
        each(&self.pending);
        let (whole, rest) = rest.as_chunks();
        whole.iter().for_each(each);
        self.pending[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    /// The incomplete last block, filled up with `filler`; nothing if no block was begun.
    pub fn flush(&mut self, filler: T) -> Option<[T; N]> {
        if self.filled == 0 {
            return None;
        }
        self.pending[self.filled..].fill(filler);
        self.filled = 0;
        Some(self.pending)
    }

    /// Forgets the incomplete last block.
    pub fn clear(&mut self) {
        self.filled = 0;
    }

    /// How much of the incomplete last block there is.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.filled
    }

    /// Completes the pending block as far as `piece` goes; returns what is left of it.
    fn fill<'a>(&mut self, piece: &'a [T]) -> &'a [T] {
        let (head, rest) = piece.split_at(piece.len().min(N - self.filled));
        self.pending[self.filled..][..head.len()].copy_from_slice(head);
        self.filled += head.len();
        rest
    }
}

/// Reads little-endian 16-bit samples from bytes that were cut anywhere, even within a sample.
#[derive(Clone, Debug, Default)]
pub struct PcmBytes {
    half: Option<u8>,
}

impl PcmBytes {
    /// Appends every sample that `bytes` completes.
    pub fn push(&mut self, bytes: &[u8], samples: &mut Vec<i16>) {
        let mut bytes = bytes;
        if let (Some(low), Some((&high, rest))) = (self.half, bytes.split_first()) {
            samples.push(i16::from_le_bytes([low, high]));
            self.half = None;
            bytes = rest;
        }
        let (whole, rest) = bytes.as_chunks();
        samples.extend(whole.iter().map(|&pair| i16::from_le_bytes(pair)));
        if let [low] = rest {
            self.half = Some(*low);
        }
    }

    /// Forgets half a sample: what comes next belongs to another stream.
    pub fn clear(&mut self) {
        self.half = None;
    }
}

#[cfg(test)]
mod tests;
