use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// Says back whatever it is told.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind(ANY_PORT).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                drop(tokio::io::copy(&mut from, &mut to).await);
            });
        }
    });
    address
}

async fn proxy() -> Proxy {
    Proxy::start(echo().await).await.unwrap()
}

async fn client(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

/// Says something and reads that much, or up to the end.
async fn say(client: &mut TcpStream, text: &[u8]) -> Vec<u8> {
    client.write_all(text).await.unwrap();
    let mut heard = Vec::new();
    let limit = text.len() as u64;
    // A connection that was cut may end in an error: what came before it counts.
    drop(client.take(limit).read_to_end(&mut heard).await);
    heard
}

#[tokio::test]
async fn without_trouble_everything_goes_through_and_is_counted() {
    let proxy = proxy().await;
    let mut client = client(&proxy).await;
    assert_eq!(say(&mut client, b"hello").await, b"hello");
    let link = proxy.links()[0];
    assert_eq!((link.answered, link.closed), (5, None));
}

#[tokio::test]
async fn a_connection_is_cut_after_so_many_bytes() {
    let proxy = proxy().await;
    proxy.spoil_once(Trouble::CutAfter(3));
    let mut first = client(&proxy).await;
    assert_eq!(say(&mut first, b"hello").await, b"hel");
    let mut second = client(&proxy).await;
    assert_eq!(say(&mut second, b"hello").await, b"hello");
    assert!(proxy.links()[0].closed.is_some());
}

#[tokio::test]
async fn a_connection_that_stands_can_be_cut_at_once() {
    let proxy = proxy().await;
    let mut client = client(&proxy).await;
    assert_eq!(say(&mut client, b"hello").await, b"hello");
    proxy.spoil(Trouble::CutAfter(0));
    let mut rest = Vec::new();
    drop(client.read_to_end(&mut rest).await);
    assert!(rest.is_empty());
}

#[tokio::test]
async fn a_cut_waits_for_no_further_byte_and_for_no_delay() {
    let proxy = proxy().await;
    proxy.spoil_once(Trouble::CutAfter(5));
    let mut first = client(&proxy).await;
    first.write_all(b"hello").await.unwrap();
    let mut heard = Vec::new();
    drop(first.read_to_end(&mut heard).await);
    assert_eq!(heard, b"hello");
    proxy.spoil(Trouble::Delay(Duration::from_secs(60)));
    for trouble in [Trouble::CutAfter(0), Trouble::Refuse] {
        let links = proxy.links().len();
        let mut second = client(&proxy).await;
        second.write_all(b"hello").await.unwrap();
        while proxy.links().len() == links {
            tokio::task::yield_now().await;
        }
        proxy.spoil(trouble);
        let mut heard = Vec::new();
        drop(second.read_to_end(&mut heard).await);
        assert!(heard.is_empty());
        proxy.spoil(Trouble::Delay(Duration::from_secs(60)));
    }
}

#[tokio::test]
async fn a_client_that_asks_no_more_is_still_answered() {
    let proxy = proxy().await;
    proxy.spoil(Trouble::Delay(Duration::from_millis(20)));
    let mut client = client(&proxy).await;
    client.write_all(b"hello").await.unwrap();
    client.shutdown().await.unwrap();
    let mut heard = Vec::new();
    client.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"hello");
}

#[tokio::test]
async fn a_stalled_connection_goes_on_when_the_trouble_is_over() {
    let proxy = proxy().await;
    proxy.spoil(Trouble::StallAfter(2));
    let mut client = client(&proxy).await;
    client.write_all(b"hello").await.unwrap();
    let mut begun = [0; 2];
    client.read_exact(&mut begun).await.unwrap();
    assert_eq!((&begun, proxy.links()[0].answered), (b"he", 2));
    proxy.spoil(Trouble::Clean);
    let mut rest = [0; 3];
    client.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest, b"llo");
}

#[tokio::test]
async fn delays_and_throttles_take_their_time() {
    let proxy = proxy().await;
    for (trouble, least_ms) in [
        (Trouble::Delay(Duration::from_millis(80)), 80),
        // Ten bytes a tick: the first of four ticks waits for nothing.
        (Trouble::Throttle(500), 60),
    ] {
        proxy.spoil(trouble);
        let mut client = client(&proxy).await;
        let begun = Instant::now();
        assert_eq!(say(&mut client, &[7; 40]).await, [7; 40]);
        let took = begun.elapsed().as_millis();
        assert!(took >= least_ms, "{trouble:?}: {took} ms");
    }
}

#[tokio::test]
async fn garbage_is_as_long_as_the_answer_and_another_one() {
    let proxy = proxy().await;
    proxy.spoil(Trouble::GarbageAfter(2));
    let mut client = client(&proxy).await;
    let heard = say(&mut client, b"hello").await;
    assert_eq!((&heard[..2], heard.len()), (&b"he"[..], 5));
    assert!(String::from_utf8(heard).is_err());
}

#[tokio::test]
async fn a_refused_connection_ends_before_a_byte() {
    let proxy = proxy().await;
    proxy.spoil(Trouble::Refuse);
    let mut client = client(&proxy).await;
    let mut heard = Vec::new();
    drop(client.read_to_end(&mut heard).await);
    assert!(heard.is_empty());
}
