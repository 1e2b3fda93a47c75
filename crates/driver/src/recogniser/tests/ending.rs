//! How recognition ends, and what is paid for it.

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

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_is_given_all_pays_for_all_of_it_and_for_what_it_added() {
    let mut rig = Rig::start();
    let connection = rig.connected().await;
    rig.hear(0, 600).await;
    connection.tell(Recognised::Sent(Millis(20))).await;
    connection.tell(Recognised::NoWords).await;
    settle().await;
    assert_eq!(rig.to_pay(), 620);
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_sends_a_part_pays_for_that_part_unless_it_is_refused() {
    let mut rig = Rig::with(IN_PARTS, Commons::for_tests());
    let connection = rig.connected().await;
    let told = Input::WordsCome(Delivery::InBatches);
    assert_eq!(rig.mailbox.recv().await, Some(told));
    rig.hear(0, 6_000).await;
    connection.tell(Recognised::Sent(Millis(900))).await;
    settle().await;
    assert_eq!(rig.to_pay(), 900, "the call may end before it answers");
    connection.words("One", true, (0, 900)).await;
    assert!(rig.span().await.is_some());
    assert_eq!(rig.to_pay(), 900);

    connection.tell(Recognised::Sent(Millis(100))).await;
    settle().await;
    assert_eq!(rig.to_pay(), 1_000);
    connection.tell(Recognised::Refused).await;
    settle().await;
    assert_eq!(rig.to_pay(), 900, "refused, and the connection stands");

    connection.tell(Recognised::Sent(Millis(5_000))).await;
    connection.breaks();
    let connection = rig.connected().await;
    assert_eq!(rig.to_pay(), 900, "refused");

    // Left alone while it works.
    rig.orders.send(Order::Finalize).await.expect("taken");
    connection.tell(Recognised::Sent(Millis(5_000))).await;
    let _next = rig.connections.recv().await;
    assert_eq!(rig.to_pay(), 5_900);
}
