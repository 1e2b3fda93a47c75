use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, tcp::OwnedReadHalf},
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::{
    LoadPlan, LoadReport, Probe,
    beats::Beats,
    frames::{self, Read, quoted_after, write_text},
    speech::is_loud,
    tag,
    wheel::{Joined, Outbox},
};
use crate::{
    carrier::{CONNECTED, CallPlan, Lead, Messages},
    fakes::log::held,
};

/// What all calls of a load count together.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) report: Mutex<LoadReport>,
}

/// One call to be placed.
pub(super) struct Dialled {
    pub(super) number: usize,
    pub(super) plan: LoadPlan,
    pub(super) http: reqwest::Client,
    pub(super) probe: Arc<Mutex<Probe>>,
    pub(super) counts: Arc<Counts>,
    pub(super) joins: mpsc::Sender<Joined>,
}

/// How long setting up a call may take.
const SETUP: Duration = Duration::from_secs(15);
/// A call that closes so shortly before the end was not broken.
const SLACK: Duration = Duration::from_millis(100);

impl Dialled {
    /// Sets the call up, hands its sending half to the wheel, and listens until the end.
    pub(super) async fn run(self, ends: Instant) {
        let opened = timeout(SETUP, self.open()).await;
        let opened = opened.unwrap_or_else(|_| Err(io::Error::other("set-up took too long")));
        match opened {
            Ok((reader, line)) => {
                held(&self.counts.report).opened += 1;
                let ended = timeout_at(ends, self.listen(reader, line)).await;
                // The wheel hangs up in its last slot, a little before the end.
                if ended.is_ok() && Instant::now() + SLACK < ends {
                    held(&self.counts.report).broken += 1;
                }
            }
            Err(why) => {
                let mut report = held(&self.counts.report);
                report.refused += 1;
                report.first_refusal.get_or_insert(why.to_string());
            }
        }
    }

    async fn open(&self) -> io::Result<(OwnedReadHalf, Line)> {
        let call = CallPlan {
            from: format!("+1415{:07}", self.number),
            webhook: self.plan.webhook.clone(),
            seed: 0x5EED + self.number as u64,
            ..CallPlan::silent()
        };
        let lead = Lead::ask(&self.plan.carrier, &self.http, &call).await?;
        let mut tcp = TcpStream::connect(lead.address()).await?;
        tcp.set_nodelay(true)?;
        tcp.write_all(lead.handshake().as_bytes()).await?;
        read_handshake(&mut tcp).await?;
        let mut messages = Messages::new(lead.ids.clone());
        let mut hello = Vec::new();
        write_text(CONNECTED.as_bytes(), &mut hello);
        write_text(messages.start(&lead.parameters).as_bytes(), &mut hello);
        let started = Instant::now();
        tcp.write_all(&hello).await?;
        let (reader, writer) = tcp.into_split();
        let outbox = Arc::new(Mutex::new(Outbox::default()));
        let stream = lead.ids.stream;
        let joined = Joined {
            writer,
            stream,
            outbox: outbox.clone(),
        };
        self.joins.send(joined).await.map_err(io::Error::other)?;
        Ok((
            reader,
            Line {
                started,
                outbox,
                played_until: started,
                greeted: false,
                waits_since: None,
                answer: None,
            },
        ))
    }

    /// Reads what the server plays until it closes.
    async fn listen(&self, mut reader: OwnedReadHalf, mut line: Line) {
        let mut buffer = Vec::with_capacity(8 * 1024);
        while let Ok(1..) = reader.read_buf(&mut buffer).await {
            let now = Instant::now();
            let mut taken = 0;
            loop {
                match frames::read(&buffer[taken..]) {
                    Read::Text(text, length) => {
                        self.on_text(text, now, &mut line);
                        taken += length;
                    }
                    Read::Other(length) => taken += length,
                    Read::More => break,
                    Read::Close => return,
                }
            }
            buffer.drain(..taken);
        }
    }

    fn on_text(&self, text: &[u8], now: Instant, line: &mut Line) {
        if let Some(payload) = quoted_after(text, br#""payload":""#) {
            let mut report = held(&self.counts.report);
            report.heard += 1;
            if !line.greeted {
                line.greeted = true;
                report.greetings_us.push(micros(line.started, now));
            }
            if let Some(waited) = line.wait_ended_by(payload, now) {
                report.waits_us.push(waited);
            }
            drop(report);
            line.played_until = line.played_until.max(now) + played(payload);
            if let Some(tag) = tag_of(payload) {
                line.answer = None;
                held(&self.probe).heard(tag, now);
            } else if let Some((tag, at)) = line.beaten(payload) {
                held(&self.probe).heard(tag, at);
            }
        } else if let Some(name) = quoted_after(text, br#""name":""#) {
            let name = String::from_utf8_lossy(name).into_owned();
            held(&line.outbox)
                .marks
                .push_back((line.played_until.max(now), name));
        } else if quoted_after(text, br#""event":""#) == Some(b"clear") {
            line.played_until = now;
            let marks = &mut held(&line.outbox).marks;
            marks.iter_mut().for_each(|(due, _)| *due = now);
        }
    }
}

/// The receiving side of a call.
struct Line {
    started: Instant,
    outbox: Arc<Mutex<Outbox>>,
    played_until: Instant,
    greeted: bool,
    /// The end of the turn that was not answered yet.
    waits_since: Option<Instant>,
    /// When an answer was heard first whose tag is still to come, and its sound.
    answer: Option<(Instant, Beats)>,
}

impl Line {
    /// How long the caller has waited for an answer that begins with this sound, if one does. A
    /// caller who had spoken into an earlier one cannot tell.
    fn wait_ended_by(&mut self, payload: &[u8], now: Instant) -> Option<u64> {
        if let Some(spoke) = held(&self.outbox).spoke.take() {
            self.waits_since = (self.played_until <= spoke).then_some(spoke);
        }
        let since = self.waits_since?;
        is_loud(&decoded(payload)).then(|| {
            self.waits_since = None;
            self.answer = Some((now, Beats::default()));
            micros(since, now)
        })
    }

    /// The tag that an answer carries in its loudness, once all of it was heard, and when the answer
    /// began.
    fn beaten(&mut self, payload: &[u8]) -> Option<(u32, Instant)> {
        let (began, beats) = self.answer.as_mut()?;
        let began = *began;
        let tag = beats.hear(&decoded(payload))?;
        self.answer = None;
        Some((tag?, began))
    }
}

fn micros(from: Instant, to: Instant) -> u64 {
    let time = to.saturating_duration_since(from).as_micros();
    u64::try_from(time).unwrap_or(u64::MAX)
}

fn decoded(payload: &[u8]) -> Vec<u8> {
    base64_simd::STANDARD
        .decode_to_vec(payload)
        .unwrap_or_default()
}

/// How long a base64 payload plays.
fn played(payload: &[u8]) -> Duration {
    let padding = payload
        .iter()
        .rev()
        .take_while(|byte| **byte == b'=')
        .count();
    let bytes = payload.len() / 4 * 3 - padding.min(2);
    Duration::from_micros(bytes as u64 * 125)
}

/// The tag at the beginning of a payload.
fn tag_of(payload: &[u8]) -> Option<u32> {
    const BASE64: usize = tag::TAGGED.div_ceil(3) * 4;
    let begin = payload.get(..BASE64)?;
    let mut bytes = [0; BASE64];
    let bytes = base64_simd::STANDARD
        .decode(begin, base64_simd::Out::from_slice(&mut bytes))
        .ok()?;
    tag::find_in_audio(bytes)
}

async fn read_handshake(tcp: &mut TcpStream) -> io::Result<()> {
    const LONGEST: usize = 8 * 1024;
    let mut answer = VecDeque::new();
    // Byte by byte, so that nothing of the first frame is taken.
    while !answer.iter().rev().take(4).eq(b"\n\r\n\r") {
        answer.push_back(tcp.read_u8().await?);
        if answer.len() > LONGEST {
            return Err(io::Error::other("the handshake's answer is endless"));
        }
    }
    let answer = String::from_utf8_lossy(answer.make_contiguous()).into_owned();
    let first = answer.lines().next().unwrap_or_default();
    if first.contains(" 101 ") {
        Ok(())
    } else {
        Err(io::Error::other(first.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: &str = "gICAgICAgIA=";
    const QUIET: &str = "//////////8=";

    fn line(started: Instant) -> Line {
        Line {
            started,
            outbox: Arc::default(),
            played_until: started,
            greeted: true,
            waits_since: None,
            answer: None,
        }
    }

    #[test]
    fn a_caller_waits_from_the_end_of_a_turn_to_the_first_sound() {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let mut line = line(began);
        assert_eq!(line.wait_ended_by(LOUD.as_bytes(), at(10)), None, "no turn");
        held(&line.outbox).spoke = Some(at(1_000));
        assert_eq!(line.wait_ended_by(QUIET.as_bytes(), at(1_500)), None);
        let waited = line.wait_ended_by(LOUD.as_bytes(), at(1_700));
        assert_eq!(waited, Some(700_000));
        assert_eq!(line.wait_ended_by(LOUD.as_bytes(), at(1_720)), None, "once");
    }

    #[test]
    fn a_caller_who_speaks_into_an_answer_waits_for_none() {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let mut line = line(began);
        line.played_until = at(2_000);
        held(&line.outbox).spoke = Some(at(1_000));
        assert_eq!(line.wait_ended_by(LOUD.as_bytes(), at(1_100)), None);
        assert_eq!(line.wait_ended_by(LOUD.as_bytes(), at(3_000)), None);
    }
}
