//! Connections: how many there may be, how slow they may be, and how they end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{config, routes::Peer};

/// After an error of the listener, such as no file descriptors, it rests for so long.
const REST: Duration = Duration::from_millis(50);

/// How long answers under way may take once the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Bounds of connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    connections: usize,
    head_wait: Duration,
}

impl Limits {
    pub(super) const fn of(limits: &config::Limits) -> Self {
        Self {
            // Each call has a socket and now and then a webhook; the rest is for who looks at us.
            connections: limits.max_calls * 2 + 1_024,
            head_wait: limits.waits.http_head,
        }
    }
}

/// Takes connections until `stop`. While too many are open, further ones wait in the system's
/// queue.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let service = TowerToHyperService::new(router);
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = next(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let served = serve(stream, peer, service.clone(), limits, stop.clone());
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::error!(%error, "no connection could be taken");
                tokio::time::sleep(REST).await;
            }
        }
    }
    connections.close();
    drop(tokio::time::timeout(LAST_ANSWERS, connections.wait()).await);
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    service: TowerToHyperService<Router>,
    limits: Limits,
    stop: CancellationToken,
) {
    // Frames of 20 ms must not wait for company.
    drop(stream.set_nodelay(true));
    let with_peer = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_wait)
        .max_buf_size(32 * 1_024)
        .serve_connection(TokioIo::new(stream), with_peer)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection broke");
    }
}
