mod takeover;

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use domain::{Millis, ReplyId};
use session::{Message, Prompt};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_tungstenite::tungstenite::Message as Sent;

use super::{
    NAME,
    client::Deadlines,
    hearing::Hearing,
    opening::{self, Waiting, failed},
    replies::{Out, Replies},
    sound::Sound,
    spare::Spare,
    wire::{self, Complaint, FromRealtime, Request, Weight},
};
use crate::{
    ProviderError,
    realtime::{Consumed, FromSpeaker, Talk, ToSpeaker},
    socket::{Closed, Dial, Frame, Socket},
};

/// What waits for the call to take it; beyond that the server has to wait.
const OUTBOX: usize = 64;
/// Unreadable messages in a row that are no accident any more.
const MOST_UNREADABLE: u32 = 8;
/// The longest wait for the call to take what was told before the end of the conversation.
const LAST_WORDS_WITHIN: Duration = Duration::from_millis(100);
/// The same for bills, which nobody else would send.
const LAST_BILLS_WITHIN: Duration = Duration::from_secs(2);

/// The conversation of one call, on one session after the other.
pub(super) struct Conversation {
    dial: Dial,
    /// The prompt as it was given last.
    talk: Talk,
    deadlines: Deadlines,
    socket: Socket,
    spare: Spare,
    replies: Replies,
    hearing: Hearing,
    out: Out,
    sound: Sound,
    /// Notes at the end of the last prompt, which the session knows.
    notes: Vec<&'static str>,
    pinged: Instant,
    /// When the server last sent anything.
    alive: Instant,
    unreadable: u32,
}

impl Conversation {
    pub(super) fn new((dial, talk): (Dial, Talk), deadlines: Deadlines, socket: Socket) -> Self {
        let now = Instant::now();
        Self {
            dial,
            notes: last_notes(&talk.prompt),
            talk,
            deadlines,
            socket,
            spare: Spare::Due(now + deadlines.recycle),
            replies: Replies::new(deadlines),
            hearing: Hearing::new(deadlines.words),
            out: Out::default(),
            sound: Sound::new(now),
            pinged: now,
            alive: now,
            unreadable: 0,
        }
    }

    /// Serves the call until nobody gives orders, or takes what is told.
    pub(super) async fn run(
        mut self,
        waiting: Waiting,
        orders: mpsc::Receiver<ToSpeaker>,
        told: mpsc::Sender<FromSpeaker>,
    ) -> Result<(), ProviderError> {
        let ended = self.serve(waiting, orders, &told).await;
        hand_over(self.out.tell, &told).await;
        ended
    }

    async fn serve(
        &mut self,
        waiting: Waiting,
        mut orders: mpsc::Receiver<ToSpeaker>,
        told: &mpsc::Sender<FromSpeaker>,
    ) -> Result<(), ProviderError> {
        if waiting.dropped > 0 {
            let bytes = waiting.dropped;
            tracing::warn!(provider = NAME, bytes, "audio dropped while connecting");
            self.sound.dropped(bytes);
        }
        self.out.tell.push_back(FromSpeaker::Ready);
        for order in waiting.orders {
            self.obey(order).await?;
        }
        loop {
            let due = self.deadline();
            let has_room = self.out.tell.len() < OUTBOX;
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await?,
                    None => return Ok(()),
                },
                place = told.reserve(), if !self.out.tell.is_empty() => match place {
                    Ok(place) => place.send(
                        self.out.tell.pop_front().expect("the branch is off while it is empty"),
                    ),
                    Err(_gone) => return Ok(()),
                },
                frame = self.socket.next(), if has_room => self.on_frame(frame).await?,
                event = self.spare.next() => self.on_spare(event),
                () = sleep_until(due), if has_room => self.on_deadline().await?,
            }
            self.take_over().await?;
        }
    }

    async fn obey(&mut self, order: ToSpeaker) -> Result<(), ProviderError> {
        match order {
            ToSpeaker::Audio(bytes) => return self.hear(&bytes).await,
            ToSpeaker::Clear => self.clear(),
            ToSpeaker::Commit { reply, prompt } => {
                self.on_prompt(prompt);
                self.commit();
                self.ask(reply, wire::respond);
            }
            ToSpeaker::Recall(earlier) => self.recall(earlier),
            ToSpeaker::Respond { reply, prompt } => {
                self.on_prompt(prompt);
                self.ask(reply, wire::respond);
            }
            ToSpeaker::Say { reply, text } => self.ask(reply, |request| wire::say(request, &text)),
            ToSpeaker::Cancel { reply, heard } => self.cancel(reply, heard),
            ToSpeaker::Stop(reply) => self.stop(reply),
            ToSpeaker::ToolAnswered { id, output } => {
                self.replies.tool_answered(&id, output, &mut self.out);
            }
        }
        self.send_all().await
    }

    async fn hear(&mut self, bytes: &Bytes) -> Result<(), ProviderError> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.talk.settings.turns.is_ours() {
            self.sound.hear(bytes);
        } else {
            self.sound.hear_for_turns(bytes);
        }
        opening::send(&mut self.socket, wire::append(bytes)).await
    }

    fn clear(&mut self) {
        self.sound.clear();
        self.hearing.on_cleared();
        self.out.send.push(wire::CLEAR.to_owned());
    }

    /// Usually nothing was said yet. Otherwise notes tell what is of this call.
    fn recall(&mut self, earlier: Vec<Message>) {
        self.out.send.extend(wire::history(&earlier));
        self.talk.prompt.messages.splice(0..0, earlier);
        self.notes = last_notes(&self.talk.prompt);
    }

    fn ask(&mut self, reply: ReplyId, message: impl FnOnce(Request) -> String) {
        self.replies
            .ask(reply, message, Instant::now(), &mut self.out);
    }

    /// Tells the session what it cannot have heard.
    fn on_prompt(&mut self, prompt: Prompt) {
        if prompt.system != self.talk.prompt.system {
            self.out.send.push(wire::instruct(&prompt.system));
        }
        if !self.replies.since_prompt().is_empty() {
            self.notes.clear();
        }
        let notes = last_notes(&prompt);
        let known = notes.strip_prefix(self.notes.as_slice()).is_some();
        let fresh = if known { self.notes.len() } else { 0 };
        let fresh = notes[fresh..].iter().map(|note| wire::note(note));
        self.out.send.extend(fresh);
        self.notes = notes;
        self.replies.on_prompt();
        self.hearing.on_prompt();
        self.talk.prompt = prompt;
    }

    /// Makes an item of the caller's turn: its sound, or its words where there is no sound.
    fn commit(&mut self) {
        let has_sound = if self.talk.settings.turns.is_ours() {
            self.sound.is_turn()
        } else {
            self.hearing.is_open()
        };
        if has_sound {
            self.sound.commit();
            self.out.send.push(wire::COMMIT.to_owned());
            return;
        }
        if self.talk.settings.turns.is_ours() && self.sound.is_open() {
            self.clear();
        }
        if let Some(Message::Caller(text)) = self.talk.prompt.messages.last()
            && !text.trim().is_empty()
        {
            self.out.send.push(wire::caller(text));
        }
    }

    fn cancel(&mut self, reply: ReplyId, heard: Millis) {
        let now = Instant::now();
        self.replies.cancel(reply, heard, now, &mut self.out);
        self.sound.silenced(now);
        self.untell(reply);
    }

    fn stop(&mut self, reply: ReplyId) {
        let nothing = Millis::ZERO;
        self.replies
            .stop(reply, nothing, Instant::now(), &mut self.out);
        self.untell(reply);
    }

    fn untell(&mut self, reply: ReplyId) {
        let tell = &mut self.out.tell;
        tell.retain(|told| told.piece_of() != Some(reply));
    }

    async fn on_frame(&mut self, frame: Frame) -> Result<(), ProviderError> {
        self.alive = Instant::now();
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(_) | Frame::Other => return Ok(()),
            Frame::Closed(how) => return Err(failed(how)),
        };
        match wire::read(&text) {
            Ok(event) => {
                self.unreadable = 0;
                self.on_event(event)?;
            }
            Err(error) => {
                self.unreadable += 1;
                if self.unreadable > MOST_UNREADABLE {
                    return Err(error);
                }
                tracing::debug!(provider = NAME, %error, "unreadable message skipped");
            }
        }
        self.send_all().await
    }

    fn on_event(&mut self, event: FromRealtime) -> Result<(), ProviderError> {
        let (now, out) = (Instant::now(), &mut self.out);
        match event {
            FromRealtime::Alive { response } => self.replies.on_alive(&response, now),
            FromRealtime::Audio {
                response,
                item,
                bytes,
            } => {
                self.sound.plays(&bytes, now);
                self.replies.on_audio(&response, (item, bytes), now, out)?;
            }
            FromRealtime::Complaint(complaint) => self.on_complaint(complaint)?,
            FromRealtime::ItemAdded { response, item } => self.replies.on_item(&response, item),
            FromRealtime::ItemDone {
                response,
                item,
                call,
            } => self.replies.on_item_done(&response, (item, call), now, out),
            FromRealtime::ResponseCreated { response, request } => {
                self.replies.on_created(response, request, now, out);
            }
            FromRealtime::ResponseDone(done) => self.replies.on_done(done, now, out)?,
            FromRealtime::Text { response, text } => {
                self.replies.on_text(&response, text, now, out)?;
            }
            event @ (FromRealtime::Committed { .. }
            | FromRealtime::NotTranscribed { .. }
            | FromRealtime::SpeechStarted { .. }
            | FromRealtime::SpeechStopped { .. }
            | FromRealtime::Transcribed { .. }
            | FromRealtime::Transcribing { .. }) => self.on_heard(event),
            FromRealtime::Nothing | FromRealtime::SessionCreated | FromRealtime::SessionUpdated => {
            }
        }
        Ok(())
    }

    /// Something about the caller.
    fn on_heard(&mut self, event: FromRealtime) {
        let tell = &mut self.out.tell;
        if let FromRealtime::Committed { item, previous } = event {
            return self.on_committed(item, previous);
        }
        if let FromRealtime::SpeechStarted { item, at } = event {
            let at = self.sound.since_first(at);
            self.hearing.on_started(item, at);
            tell.push_back(FromSpeaker::SpeechStarted { at });
        } else if let FromRealtime::SpeechStopped { item, at } = event {
            self.sound.told_until(at);
            let at = self.sound.since_first(at);
            self.hearing.on_stopped(item, at);
            tell.push_back(FromSpeaker::SpeechStopped { at });
        } else if let FromRealtime::Transcribing { item, text } = event {
            self.hearing.on_words(item, &text, tell);
        } else if let FromRealtime::Transcribed { item, text, usage } = event {
            self.hearing.on_settled(item, (Some(text), usage), tell);
        } else if let FromRealtime::NotTranscribed { item, why } = event {
            tracing::warn!(provider = NAME, why, "a turn was not written down");
            self.hearing.on_settled(item, (None, None), tell);
        }
    }

    fn on_committed(&mut self, item: String, previous: Option<String>) {
        if self.talk.settings.transcription_model.is_some() {
            self.hearing.on_committed(item, previous, Instant::now());
        } else {
            self.hearing.forget(&item);
        }
        if !self.sound.committed() {
            self.out.tell.push_back(FromSpeaker::TurnEnded);
        }
    }

    fn on_complaint(&mut self, complaint: Complaint) -> Result<(), ProviderError> {
        match complaint.weight() {
            Weight::Fatal => return Err(complaint.error),
            Weight::Busy | Weight::Reply => {
                self.replies
                    .on_complaint(complaint, Instant::now(), &mut self.out);
            }
            Weight::Trifle => {
                // Not every server repeats our name for what it complains about.
                if complaint.about.as_deref() == Some("commit")
                    || complaint.code == wire::NOTHING_TO_COMMIT
                {
                    self.sound.not_committed();
                }
                let (code, about) = (complaint.code, complaint.about);
                tracing::debug!(provider = NAME, code, about, "the server complained");
            }
        }
        Ok(())
    }

    fn deadline(&self) -> Instant {
        let spare = match &self.spare {
            Spare::Due(due) => Some(*due),
            Spare::Opening(_) => None,
            Spare::Ready(_) => self.sound.plays_until(Instant::now()),
        };
        let due = [self.replies.deadline(), self.hearing.deadline(), spare];
        let ping = self.pinged + self.deadlines.ping;
        due.into_iter().flatten().fold(ping, Instant::min)
    }

    async fn on_deadline(&mut self) -> Result<(), ProviderError> {
        let now = Instant::now();
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        if is_due(self.replies.deadline()) {
            self.replies.on_deadline(now, &mut self.out)?;
        }
        if is_due(self.hearing.deadline()) {
            self.hearing.on_deadline(&mut self.out.tell);
        }
        if let Spare::Due(due) = self.spare
            && due <= now
        {
            self.spare = self.opening();
        }
        if now >= self.pinged + self.deadlines.ping {
            if now > self.alive + self.deadlines.ping * 2 {
                return Err(failed(Closed::Broke(
                    "nothing came for two pings".to_owned(),
                )));
            }
            self.pinged = now;
            self.ping().await?;
        }
        self.send_all().await
    }

    async fn ping(&mut self) -> Result<(), ProviderError> {
        let Err(how) = self.socket.send(Sent::Ping(Bytes::new())).await else {
            return Ok(());
        };
        Err(failed(self.socket.last_words(how).await))
    }

    async fn send_all(&mut self) -> Result<(), ProviderError> {
        for message in std::mem::take(&mut self.out.send) {
            opening::send(&mut self.socket, message).await?;
        }
        Ok(())
    }
}

/// Hands over what was told before the end. Bills may be behind sound that fills the channel: they
/// are owed longer than it is worth waiting for. A reply that lost a piece has come to its end here.
async fn hand_over(tell: VecDeque<FromSpeaker>, told: &mpsc::Sender<FromSpeaker>) {
    let ended = Instant::now();
    let mut cut = Vec::new();
    for mut event in tell {
        let whose = event.piece_of();
        if whose.is_some_and(|reply| cut.contains(&reply)) {
            continue;
        }
        if let FromSpeaker::Done { reply, usage } = &event
            && cut.contains(reply)
        {
            event = FromSpeaker::Consumed(Consumed {
                reply: Some(*reply),
                usage: *usage,
            });
        }
        let is_bill = event.is_bill();
        let by = if is_bill {
            ended + LAST_BILLS_WITHIN
        } else {
            ended + LAST_WORDS_WITHIN
        };
        match timeout_at(by, told.send(event)).await {
            Ok(Ok(())) => {}
            Ok(Err(_gone)) => return,
            Err(_late) if is_bill => tracing::warn!(provider = NAME, "a bill was not taken"),
            Err(_late) => cut.extend(whose),
        }
    }
}

/// The notes behind what the agent said or did last.
fn last_notes(prompt: &Prompt) -> Vec<&'static str> {
    let mut notes = VecDeque::new();
    for message in prompt.messages.iter().rev() {
        match message {
            Message::Agent { .. } | Message::Tool { .. } => break,
            Message::Caller(_) => {}
            Message::Note(note) => notes.push_front(*note),
        }
    }
    notes.into()
}

#[cfg(test)]
mod tests;
