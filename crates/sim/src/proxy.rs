//! A TCP proxy on loopback that spoils the connections which go through it: it stands in front of
//! any fake, or of anything else, and knows nothing of what is said.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::Instant,
};

use crate::fakes::{listener::ANY_PORT, log::held};

mod link;
#[cfg(test)]
mod tests;

/// What happens to the answers on a connection. Bytes are counted from the moment it was set.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Trouble {
    /// Nothing.
    #[default]
    Clean,
    /// The connection is cut after so many bytes; none: at once.
    CutAfter(u64),
    /// Everything comes so much later.
    Delay(Duration),
    /// From so many bytes on, every byte is another one.
    GarbageAfter(u64),
    /// The connection is accepted and cut before a byte was read; one that stands, at once.
    Refuse,
    /// Nothing more comes after so many bytes, and the connection stays open.
    StallAfter(u64),
    /// So many bytes come in a second.
    Throttle(u64),
}

/// After an attempt to accept that failed.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// A connection that went through.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Link {
    /// When the client was accepted.
    pub opened: Instant,
    /// When it ended, whoever ended it.
    pub closed: Option<Instant>,
    /// Bytes of answers that the client was given.
    pub answered: u64,
}

/// A proxy. Gone, with all its connections, when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    table: Arc<Table>,
    accepting: JoinHandle<()>,
}

/// What the proxy and its connections share.
#[derive(Debug)]
struct Table {
    upstream: SocketAddr,
    /// For the next connections, one each.
    next: Mutex<VecDeque<Trouble>>,
    standing: watch::Sender<Trouble>,
    links: Mutex<Vec<Link>>,
}

impl Table {
    fn change(&self, link: usize, change: impl FnOnce(&mut Link)) {
        change(&mut held(&self.links)[link]);
    }
}

/// Which trouble a connection has.
#[derive(Debug)]
enum Has {
    /// One of its own, for good.
    Own(Trouble),
    /// The one that all have.
    Standing(watch::Receiver<Trouble>),
}

impl Proxy {
    /// Listens on any free port and passes everything on to `upstream`.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(ANY_PORT).await?;
        let address = listener.local_addr()?;
        let table = Arc::new(Table {
            upstream,
            next: Mutex::default(),
            standing: watch::Sender::new(Trouble::Clean),
            links: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&table)));
        Ok(Self {
            address,
            table,
            accepting,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Spoils all connections, those that stand too, from here on.
    pub fn spoil(&self, trouble: Trouble) {
        self.table.standing.send_replace(trouble);
    }

    /// Spoils the next connection that has no trouble of its own yet, to its end.
    pub fn spoil_once(&self, trouble: Trouble) {
        held(&self.table.next).push_back(trouble);
    }

    /// All connections so far, in their order.
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        held(&self.table.links).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, table: Arc<Table>) {
    let mut links = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((client, _)) => drop(links.spawn(serve(client, Arc::clone(&table)))),
            // It was gone already, or there is no descriptor free for it: the next one may be luckier.
            Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
        }
        while links.try_join_next().is_some() {}
    }
}

async fn serve(client: TcpStream, table: Arc<Table>) {
    let own = held(&table.next).pop_front();
    let has = own.map_or_else(|| Has::Standing(table.standing.subscribe()), Has::Own);
    let link = {
        let mut links = held(&table.links);
        links.push(Link {
            opened: Instant::now(),
            closed: None,
            answered: 0,
        });
        links.len() - 1
    };
    // However a connection ends, both of its sides see the end.
    drop(link::pass_on(client, &table, (link, has)).await);
    table.change(link, |link| link.closed = Some(Instant::now()));
}
