//! Measures a piece of work by the processor time it takes.

use std::{fs, time::Duration};

const ROUNDS: u32 = 50;
/// Long enough that the kernel's tick of up to 4 ms does not blur a round.
const ROUND: Duration = Duration::from_millis(40);

/// Prints how long `work` takes, which does its thing `count` times.
pub(crate) fn report(name: &str, count: usize, mut work: impl FnMut()) {
    let repeats = repeats_per_round(&mut work);
    let (mut best, mut total) = (Duration::MAX, Duration::ZERO);
    for _ in 0..ROUNDS {
        let took = time(repeats, &mut work);
        best = best.min(took);
        total += took;
    }
    let nanos = |took: Duration| took.as_nanos() as f64 / f64::from(repeats) / count as f64;
    println!(
        "{name}: {:.0} ns, at best {:.0}",
        nanos(total / ROUNDS),
        nanos(best)
    );
}

fn repeats_per_round(work: &mut impl FnMut()) -> u32 {
    let mut repeats = 1;
    while time(repeats, work) < ROUND {
        repeats *= 2;
    }
    repeats
}

fn time(repeats: u32, work: &mut impl FnMut()) -> Duration {
    let before = processor_time();
    for _ in 0..repeats {
        work();
    }
    processor_time() - before
}

/// User and system time of this thread, which other work on the machine does not count into.
fn processor_time() -> Duration {
    let line = fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux kernel");
    let nanos = line.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.expect("nanoseconds come first"))
}
