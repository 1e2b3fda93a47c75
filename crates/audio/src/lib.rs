//! G.711, resampling, framing, levels and voice activity. Pure.
