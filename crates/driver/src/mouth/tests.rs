use std::sync::Mutex;

use prometheus_client::registry::Registry;

use super::*;

const ONE: ReplyId = ReplyId(1);
/// A code of a loud sample, and one 12 dB below it.
const LOUD: u8 = 0x90;

/// A line that keeps what it is sent.
#[derive(Clone, Default)]
struct Line(Arc<Mutex<Vec<u8>>>);

impl LineWriter for Line {
    async fn frames(&mut self, audio: &[u8]) -> Result<(), LineGone> {
        self.0.lock().unwrap().extend_from_slice(audio);
        Ok(())
    }

    async fn mark(&mut self, _mark: Mark) -> Result<(), LineGone> {
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), LineGone> {
        Ok(())
    }

    async fn close(&mut self) {}
}

/// A mouth that speaks, what tells it, what it sent, and what the ear is told.
struct Speaks {
    orders: mpsc::Sender<ToMouth>,
    line: Line,
    ear: mpsc::Receiver<ToEar>,
    sent: watch::Receiver<Sent>,
    _running: tokio::task::JoinSet<()>,
}

impl Speaks {
    fn new() -> Self {
        let line = Line::default();
        let (first, _) = oneshot::channel();
        let (to_ear, ear) = mpsc::channel(EAR_ORDERS);
        let (orders, given) = mpsc::channel(ORDERS);
        let meters = Meters::new(&mut Registry::default());
        let (tell_sent, sent) = watch::channel(Sent::default());
        let outlets = (to_ear, tell_sent);
        let mouth = Mouth::new(line.clone(), outlets, meters, first, MOST_AGAIN);
        let mut running = tokio::task::JoinSet::new();
        running.spawn(mouth.run(given));
        Self {
            orders,
            line,
            ear,
            sent,
            _running: running,
        }
    }

    fn told(&self, order: ToMouth) {
        self.orders.try_send(order).unwrap();
    }

    fn plays(&self, reply: ReplyId, codes: Vec<u8>) {
        self.told(ToMouth::Play(Play::Audio {
            reply,
            duration: Millis(codes.len() as u64 / BYTES_PER_MS),
            bytes: codes.into(),
        }));
    }

    /// Everything sent by then, since the beginning.
    async fn after(&self, ms: u64) -> Vec<u8> {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        self.line.0.lock().unwrap().clone()
    }
}

/// Audio of which every millisecond tells where it stands.
fn counted(ms: u8) -> Vec<u8> {
    (0..ms).flat_map(|n| [0x80 | (n % 0x70); 8]).collect()
}

#[tokio::test(start_paused = true)]
async fn a_ducked_reply_is_quieter_from_the_next_frame_and_the_next_reply_is_not() {
    let mouth = Speaks::new();
    mouth.plays(ONE, vec![LOUD; 8_000]);
    let before = mouth.after(50).await.len();
    mouth.told(ToMouth::Duck { reply: ONE, db: 12 });
    mouth.plays(ReplyId(2), vec![LOUD; 1_600]);
    let sent = mouth.after(2_000).await;
    assert_eq!(sent.len(), 9_600);
    assert!(sent[..before].iter().all(|code| *code == LOUD));
    let ducked = audio::g711::ulaw::decode(sent[before + 200]);
    let loud = audio::g711::ulaw::decode(LOUD);
    assert!((i32::from(ducked) * 4 - i32::from(loud)).abs() < i32::from(loud) / 10);
    assert!(sent[8_200..].iter().all(|code| *code == LOUD));
}

#[tokio::test(start_paused = true)]
async fn a_restored_reply_is_as_loud_as_before() {
    let mouth = Speaks::new();
    mouth.told(ToMouth::Duck { reply: ONE, db: 20 });
    mouth.plays(ONE, vec![LOUD; 8_000]);
    let ducked = mouth.after(300).await.len();
    mouth.told(ToMouth::Restore(ONE));
    let sent = mouth.after(2_000).await;
    assert_ne!(sent[ducked - 1], LOUD);
    assert!(sent[ducked + 200..].iter().all(|code| *code == LOUD));
}

#[tokio::test(start_paused = true)]
async fn a_paused_reply_goes_on_from_the_word_that_was_cut() {
    let mouth = Speaks::new();
    mouth.plays(ONE, counted(100).repeat(10));
    mouth.after(150).await;
    mouth.told(ToMouth::Pause(ONE));
    let before = mouth.after(10).await;
    let paused = mouth.after(3_000).await;
    assert_eq!(paused, before, "nothing is sent during a pause");
    mouth.told(ToMouth::Resume {
        reply: ONE,
        again: Millis(60),
    });
    let sent = mouth.after(3_000).await;
    assert_eq!(sent.len(), 8_000 + 60 * 8);
    assert_eq!(sent[..before.len()], before);
    let again = &sent[before.len() - 480..before.len()];
    assert_eq!(sent[before.len()..][..480], *again);
    let whole = counted(100).repeat(10);
    assert_eq!(sent[before.len() + 480..], whole[before.len()..]);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_ducking_and_pausing() {
    let mouth = Speaks::new();
    mouth.plays(ONE, vec![LOUD; 8_000]);
    mouth.told(ToMouth::Duck { reply: ONE, db: 12 });
    mouth.told(ToMouth::Pause(ONE));
    mouth.told(ToMouth::Silence);
    mouth.plays(ONE, vec![LOUD; 800]);
    let sent = mouth.after(1_000).await;
    assert!(sent.ends_with(&[LOUD; 800]), "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn the_ear_learns_what_is_played_and_when() {
    let mut mouth = Speaks::new();
    let start = Instant::now();
    mouth.plays(ONE, vec![LOUD; 8_000]);
    mouth.after(2_000).await;
    let mut next = start;
    while let Ok(ToEar::Sound { bytes, plays_at }) = mouth.ear.try_recv() {
        assert_eq!(plays_at, next);
        next += Duration::from_millis(bytes.len() as u64 / BYTES_PER_MS);
    }
    assert_eq!(next - start, Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_voice_learns_how_much_of_its_reply_was_sent() {
    let mouth = Speaks::new();
    mouth.plays(ONE, vec![LOUD; 8_000]);
    let sent = mouth.after(500).await.len() as u64;
    assert!((4_000..8_000).contains(&sent), "{sent}");
    assert_eq!(mouth.sent.borrow().of(ONE), sent);
    mouth.plays(ReplyId(2), vec![LOUD; 800]);
    mouth.after(2_000).await;
    let replies = [ONE, ReplyId(2)].map(|reply| mouth.sent.borrow().of(reply));
    assert_eq!(replies, [0, 800]);
}

#[test]
fn what_was_sent_is_kept_in_no_more_room_than_it_needs() {
    const BYTES: usize = 8_000;
    let mut recent = Recent::of(Millis(1_000));
    for piece in 0..20u8 {
        recent.keep(ONE, &[piece; 1_600]);
    }
    recent.keep(ONE, &[20; 400]);
    assert_eq!(recent.bytes.capacity(), BYTES);
    assert_eq!(recent.bytes.len(), BYTES);
    recent.keep(ONE, &[21; 2 * BYTES]);
    assert_eq!(recent.bytes.capacity(), BYTES);
    assert_eq!(recent.take_last(ONE, Millis(1_000)), vec![21; BYTES]);
}

#[test]
fn a_voice_that_is_never_paused_keeps_nothing() {
    let mut recent = Recent::of(Millis::ZERO);
    recent.keep(ONE, &[1; 1_600]);
    assert_eq!(recent.bytes.capacity(), 0);
    assert!(recent.take_last(ONE, Millis(500)).is_empty());
}
