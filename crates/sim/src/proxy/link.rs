//! One connection through the proxy.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{Has, Table, Trouble};

/// The most that is read at once.
const PIECE: usize = 16 * 1_024;
/// Pieces that may wait for their time; more wait in the provider's socket.
const WAITING: usize = 256;
/// How often a throttled connection passes something on.
const TICK: Duration = Duration::from_millis(20);

impl Has {
    fn now(&self) -> Trouble {
        match self {
            Self::Own(trouble) => *trouble,
            Self::Standing(standing) => *standing.borrow(),
        }
    }

    /// Ends when it is another one.
    async fn changed(&mut self) {
        let gone = match self {
            Self::Own(_) => true,
            Self::Standing(standing) => standing.changed().await.is_err(),
        };
        if gone {
            std::future::pending().await
        }
    }
}

/// Answers under way, each with the time from which on it may be passed on.
type Timed = (Instant, Bytes);

/// Passes on what both sides say until one of them has gone, or the connection is cut.
pub(super) async fn pass_on(
    client: TcpStream,
    table: &Table,
    (link, has): (usize, Has),
) -> io::Result<()> {
    if has.now() == Trouble::Refuse {
        return Ok(());
    }
    let upstream = TcpStream::connect(table.upstream).await?;
    client.set_nodelay(true)?;
    upstream.set_nodelay(true)?;
    let (mut asks, to_client) = client.into_split();
    let (answers, mut to_upstream) = upstream.into_split();
    let (give, take) = mpsc::channel(WAITING);
    let delay = match &has {
        Has::Own(_) => None,
        Has::Standing(standing) => Some(standing.clone()),
    };
    let own = has.now();
    let delay = move || delay.as_ref().map_or(own, |standing| *standing.borrow());
    let mut answer = Answer {
        to_client,
        has,
        passed: 0,
        link,
        table,
    };
    tokio::select! {
        asked = ask_all(&mut asks, &mut to_upstream) => asked,
        read = read(answers, delay, give) => read,
        answered = answer.give_all(take) => answered,
    }
}

/// Passes on what the client asks. Ends only when that fails: a client that has asked everything may
/// still wait for answers.
async fn ask_all(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> io::Result<()> {
    tokio::io::copy(from, to).await?;
    to.shutdown().await?;
    std::future::pending().await
}

/// Reads answers and stamps them. Ends only when reading fails: the end of the answers is passed on
/// after all of them.
async fn read(
    mut from: OwnedReadHalf,
    trouble: impl Fn() -> Trouble,
    to: mpsc::Sender<Timed>,
) -> io::Result<()> {
    loop {
        let mut piece = BytesMut::with_capacity(PIECE);
        if from.read_buf(&mut piece).await? == 0 {
            drop(to);
            return std::future::pending().await;
        }
        let delay = match trouble() {
            Trouble::Delay(delay) => delay,
            Trouble::Clean
            | Trouble::CutAfter(_)
            | Trouble::GarbageAfter(_)
            | Trouble::Refuse
            | Trouble::StallAfter(_)
            | Trouble::Throttle(_) => Duration::ZERO,
        };
        // Who takes them has ended only when the whole connection has.
        drop(to.send((Instant::now() + delay, piece.freeze())).await);
    }
}

struct Answer<'t> {
    to_client: OwnedWriteHalf,
    has: Has,
    /// Bytes since the trouble was set.
    passed: u64,
    link: usize,
    table: &'t Table,
}

/// What becomes of the rest of a piece.
enum Next {
    Cut,
    Give(usize),
    /// Nothing of it, until the trouble is another one.
    Stall,
}

impl Answer<'_> {
    async fn give_all(&mut self, mut from: mpsc::Receiver<Timed>) -> io::Result<()> {
        let mut next: Option<Timed> = None;
        while !self.is_cut() {
            let due = next.as_ref().map(|(at, _)| *at);
            tokio::select! {
                biased;
                () = self.has.changed() => self.passed = 0,
                piece = from.recv(), if due.is_none() => match piece {
                    Some(piece) => next = Some(piece),
                    None => return Ok(()),
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    let piece = next.take().map(|(_, piece)| piece);
                    self.give(piece.unwrap_or_default()).await?;
                }
            }
        }
        Ok(())
    }

    /// Whether everything was passed that is to be passed. A cut waits for no byte that will not come.
    fn is_cut(&self) -> bool {
        match self.has.now() {
            Trouble::CutAfter(most) => self.passed >= most,
            Trouble::Refuse => true,
            Trouble::Clean
            | Trouble::Delay(_)
            | Trouble::GarbageAfter(_)
            | Trouble::StallAfter(_)
            | Trouble::Throttle(_) => false,
        }
    }

    /// Passes a piece on, up to where the connection is cut.
    async fn give(&mut self, mut piece: Bytes) -> io::Result<()> {
        while !piece.is_empty() {
            match self.next(piece.len()) {
                Next::Cut => return Ok(()),
                Next::Stall => {
                    self.has.changed().await;
                    self.passed = 0;
                }
                Next::Give(length) => {
                    let part = piece.split_to(length);
                    self.write(&part).await?;
                }
            }
        }
        Ok(())
    }

    fn next(&self, length: usize) -> Next {
        let room = |most: u64| {
            let room = usize::try_from(most.saturating_sub(self.passed)).unwrap_or(length);
            (room > 0).then(|| Next::Give(room.min(length)))
        };
        match self.has.now() {
            Trouble::Clean | Trouble::Delay(_) => Next::Give(length),
            Trouble::Refuse => Next::Cut,
            Trouble::CutAfter(most) => room(most).unwrap_or(Next::Cut),
            Trouble::StallAfter(most) => room(most).unwrap_or(Next::Stall),
            Trouble::GarbageAfter(most) => room(most).unwrap_or(Next::Give(length)),
            Trouble::Throttle(rate) => {
                let tick = rate * TICK.as_millis() as u64 / 1_000;
                Next::Give(length.min(usize::try_from(tick).unwrap_or(length).max(1)))
            }
        }
    }

    async fn write(&mut self, part: &[u8]) -> io::Result<()> {
        /// Turns text into what is neither UTF-8 nor a frame of anything.
        const FLIP: u8 = 0xA5;
        match self.has.now() {
            Trouble::GarbageAfter(from) if self.passed >= from => {
                let garbage: Vec<u8> = part.iter().map(|byte| byte ^ FLIP).collect();
                self.to_client.write_all(&garbage).await?;
            }
            Trouble::Throttle(_) => {
                self.to_client.write_all(part).await?;
                sleep(TICK).await;
            }
            Trouble::Clean
            | Trouble::CutAfter(_)
            | Trouble::Delay(_)
            | Trouble::GarbageAfter(_)
            | Trouble::Refuse
            | Trouble::StallAfter(_) => self.to_client.write_all(part).await?,
        }
        self.passed += part.len() as u64;
        self.table
            .change(self.link, |link| link.answered += part.len() as u64);
        Ok(())
    }
}
