//! How recognition ends, and is paid.

use super::*;

#[tokio::test(start_paused = true)]
async fn at_the_end_of_a_call_what_is_under_way_is_paid_and_nothing_more_is_asked() {
    let mut rig = Rig::with(IN_PARTS, Commons::for_tests());
    let connection = rig.connected().await;
    rig.hear(0, 6_000).await;
    // None of it was looked at when the end comes.
    let sent = Recognised::Sent(Millis(5_000));
    connection.tell.try_send(sent).expect("there is room");
    rig.orders.try_send(Order::Over).expect("there is room");
    rig.orders.closed().await;
    assert_eq!(rig.to_pay(), 5_000);
    settle().await;
    assert!(connection.tell.is_closed(), "it is not asked for the rest");
}

#[tokio::test(start_paused = true)]
async fn a_stream_hears_no_more_once_the_call_is_over_and_is_said_goodbye() {
    let mut rig = Rig::start();
    let mut connection = rig.connected().await;
    rig.hear(0, 600).await;
    rig.orders.try_send(Order::Over).expect("there is room");
    rig.orders.closed().await;
    assert_eq!((rig.to_pay(), connection.given()), (600, 600));
    assert!(connection.orders.is_closed() && !connection.tell.is_closed());
    assert!(rig.orders.is_closed(), "the ear finds nobody");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_called_again_once_the_call_is_over() {
    let mut rig = Rig::start();
    let connection = rig.connected().await;
    rig.hear(0, 600).await;
    connection.breaks();
    settle().await;
    let over = Instant::now();
    rig.orders.try_send(Order::Over).expect("there is room");
    rig.orders.closed().await;
    assert_eq!(over.elapsed(), Duration::ZERO, "the call ends at once");
    tokio::time::sleep(RETRY.longest).await;
    assert!(rig.connections.recv().await.is_none());
}
