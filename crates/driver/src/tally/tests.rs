//! Whatever a call is told of what was used, in whatever order: the receipt adds up.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{ReplyId, TenantId, UnixMillis};
use proptest::{collection::vec, prelude::*};
use session::Prompt;

use super::*;
use crate::{
    draft::{Bill, Draft},
    purse::Purses,
    voice,
};

const REPLIES: usize = 3;
const PLACES: usize = 2;
const NOON: UnixMillis = UnixMillis(1_800_000_000_000);

/// One thing that happens in a call.
#[derive(Clone, Debug)]
enum Told {
    /// A model is asked for a reply.
    Asked { reply: usize, place: usize },
    /// The purse is told.
    Counted,
    /// The oldest request that is under way ends.
    Ended(How),
    /// The recogniser is sent sound, and may refuse it.
    Heard { ms: u64, refused: bool },
    /// A voice is sent text.
    Spoke {
        reply: usize,
        place: usize,
        characters: u64,
    },
    /// A voice refuses what it was sent last.
    SpokeNot,
    /// One that hears and speaks bills a reply, perhaps of one that nobody was to hear.
    Talked {
        tokens: RealtimeTokens,
        too_soon: bool,
    },
    /// Nobody was to hear this reply.
    TooSoon { reply: usize },
}

/// How a request to a model ends.
#[derive(Clone, Debug)]
enum How {
    Billed(Tokens),
    Cancelled,
    Hedged,
    Refused,
}

/// What has to be paid, as a simple mind would keep it: who, what of, for which reply, how much.
#[derive(Default)]
struct Model {
    too_soon: BTreeSet<usize>,
    /// Of models: the reply, the place, whether it was a hedge, what was used.
    thought: Vec<(usize, usize, bool, Tokens)>,
    spoke: Vec<(usize, usize, u64)>,
    heard: u64,
    talked: Vec<(RealtimeTokens, bool)>,
}

impl Model {
    fn purpose(&self, reply: usize) -> Purpose {
        if self.too_soon.contains(&reply) {
            Purpose::Speculation
        } else {
            Purpose::Call
        }
    }

    /// Amounts by payee, item and purpose.
    fn amounts(&self) -> BTreeMap<(String, Item, Purpose), u64> {
        let mut amounts = BTreeMap::new();
        let mut add = |payee: String, item, purpose, amount: u64| {
            if amount > 0 {
                *amounts.entry((payee, item, purpose)).or_default() += amount;
            }
        };
        add(
            "one/ears".to_owned(),
            Item::Transcription,
            Purpose::Call,
            self.heard,
        );
        for (reply, place, hedged, tokens) in &self.thought {
            let purpose = if *hedged {
                Purpose::Hedge
            } else {
                self.purpose(*reply)
            };
            for (item, amount) in items(tokens) {
                add(format!("model/{place}"), item, purpose, amount);
            }
        }
        for (reply, place, characters) in &self.spoke {
            let purpose = self.purpose(*reply);
            add(format!("voice/{place}"), Item::Speech, purpose, *characters);
        }
        for (tokens, too_soon) in &self.talked {
            let purpose = if *too_soon {
                Purpose::Speculation
            } else {
                Purpose::Call
            };
            let (text, audio) = kinds(tokens);
            for (item, amount) in items(&text) {
                add("one/talker".to_owned(), item, purpose, amount);
            }
            for (item, amount) in items(&audio) {
                add("one/talker".to_owned(), of_sound(item), purpose, amount);
            }
        }
        amounts
    }
}

fn items(tokens: &Tokens) -> [(Item, u64); 5] {
    let apart = tokens.cached + tokens.cache_writes + tokens.long_cache_writes;
    [
        (Item::Input, tokens.input - apart),
        (Item::CachedInput, tokens.cached),
        (Item::CacheWrite, tokens.cache_writes),
        (Item::LongCacheWrite, tokens.long_cache_writes),
        (Item::Output, tokens.output),
    ]
}

/// A call, and what is known of it.
struct Call {
    tally: Arc<Tally>,
    drafts: Vec<Arc<Draft>>,
    bills: voice::Bills,
    /// Requests that are under way: the reply, the place.
    asked: Vec<(usize, usize, Bill)>,
    model: Model,
    prices: PriceBook,
    purses: Purses,
}

impl Call {
    fn new() -> Self {
        let names = |kind: &str| -> Vec<ModelName> {
            let names = (0..PLACES).map(|place| format!("{kind}/{place}"));
            names.map(|name| name.parse().expect("a name")).collect()
        };
        let (models, voices) = (names("model"), names("voice"));
        let tally = Arc::new(Tally {
            speak: voices.iter().map(speech_counter).collect(),
            ..Tally::of_models(&models)
        });
        let draft = || Arc::new(Draft::new(Arc::clone(&tally), PLACES));
        let others = ["one/ears", "one/talker"].map(|name| name.parse().expect("a name"));
        let priced = models
            .iter()
            .chain(&voices)
            .chain(&others)
            .cloned()
            .zip(1..);
        let rates = |unit: u64| {
            let rate = |item: Item| (item, Micros(unit * 7_001 * item.per() / 1_000));
            Item::ALL.into_iter().map(rate).collect()
        };
        let prices = priced.map(|(name, unit)| (name, rates(unit))).collect();
        Self {
            drafts: (0..REPLIES).map(|_| draft()).collect(),
            bills: voice::Bills::new(Arc::clone(&tally)),
            asked: Vec::new(),
            model: Model::default(),
            prices,
            purses: Purses::default(),
            tally,
        }
    }

    fn tell(&mut self, told: Told) {
        let model = &mut self.model;
        match told {
            Told::Asked { reply, place } => {
                let bill = Bill::asked(&self.drafts[reply], place, &prompt());
                self.asked.push((reply, place, bill));
            }
            Told::Counted => self.count(),
            Told::Ended(how) => self.end(how),
            Told::Heard { ms, refused } => {
                self.tally.heard(0, Millis(ms));
                if refused {
                    self.tally.heard_not(0, Millis(ms));
                } else {
                    model.heard += ms;
                }
            }
            Told::Spoke {
                reply,
                place,
                characters,
            } => {
                self.bills.spoke(place, id(reply), characters);
                model.spoke.push((reply, place, characters));
            }
            Told::SpokeNot => {
                if let Some((reply, place, characters)) = model.spoke.pop() {
                    self.bills.spoke_not(place, id(reply), characters);
                }
            }
            Told::Talked { tokens, too_soon } => {
                self.tally.talked(0, Purpose::Call, &tokens);
                if too_soon {
                    self.tally.talked_too_soon(0, &tokens);
                }
                model.talked.push((tokens, too_soon));
            }
            Told::TooSoon { reply } => {
                self.drafts[reply].discard();
                self.bills.too_soon(id(reply));
                model.too_soon.insert(reply);
            }
        }
    }

    fn end(&mut self, how: How) {
        if self.asked.is_empty() {
            return;
        }
        let (reply, place, bill) = self.asked.remove(0);
        // Four characters.
        let guessed = Tokens {
            input: 1,
            ..Tokens::default()
        };
        let (hedged, tokens) = match how {
            How::Billed(tokens) => {
                bill.billed(tokens);
                (false, tokens)
            }
            How::Cancelled => {
                drop(bill);
                (false, guessed)
            }
            How::Hedged => {
                drop(bill.hedged());
                (true, guessed)
            }
            How::Refused => return bill.refused(),
        };
        self.model.thought.push((reply, place, hedged, tokens));
    }

    fn count(&self) {
        let cost = self.tally.take(self.tally.cost(Millis::ZERO, &self.prices));
        self.purses.settle(&acme(), NOON, cost);
    }

    /// The receipt is what the model says, and its sum is the cost.
    fn check(&self) -> Result<(), TestCaseError> {
        let receipt = self.tally.receipt(Millis::ZERO, &self.prices);
        let lines = receipt.0.iter().map(|line| {
            let key = (line.payee.to_string(), line.item, line.purpose);
            (key, line.amount)
        });
        let amounts: BTreeMap<_, _> = lines.collect();
        prop_assert_eq!(
            amounts.len(),
            receipt.0.len(),
            "each line stands there once"
        );
        prop_assert_eq!(amounts, self.model.amounts());
        let cost = self.tally.cost(Millis::ZERO, &self.prices);
        prop_assert_eq!(receipt.cost().known, cost);
        Ok(())
    }
}

fn acme() -> TenantId {
    "acme".parse().expect("a name")
}

fn id(reply: usize) -> ReplyId {
    ReplyId(u32::try_from(reply).expect("a few replies"))
}

fn prompt() -> Prompt {
    Prompt {
        system: "Anna".into(),
        messages: Vec::new(),
        may_press: false,
    }
}

fn tokens() -> impl Strategy<Value = Tokens> {
    let few = 0..5_000_u64;
    (few.clone(), few.clone(), few.clone(), few.clone(), few).prop_map(
        |(fresh, cached, cache_writes, long_cache_writes, output)| Tokens {
            input: fresh + cached + cache_writes + long_cache_writes,
            cached,
            cache_writes,
            long_cache_writes,
            output,
        },
    )
}

fn realtime() -> impl Strategy<Value = RealtimeTokens> {
    let few = 0..5_000_u64;
    let kind = (few.clone(), few.clone(), few);
    (kind.clone(), kind).prop_map(|(text, audio)| RealtimeTokens {
        input_text: text.0 + text.1,
        cached_text: text.1,
        output_text: text.2,
        input_audio: audio.0 + audio.1,
        cached_audio: audio.1,
        output_audio: audio.2,
    })
}

fn told() -> impl Strategy<Value = Told> {
    let (reply, place) = (0..REPLIES, 0..PLACES);
    let how = prop_oneof![
        tokens().prop_map(How::Billed),
        Just(How::Cancelled),
        Just(How::Hedged),
        Just(How::Refused),
    ];
    prop_oneof![
        (reply.clone(), place.clone()).prop_map(|(reply, place)| Told::Asked { reply, place }),
        Just(Told::Counted),
        how.prop_map(Told::Ended),
        (0..9_000_u64, any::<bool>()).prop_map(|(ms, refused)| Told::Heard { ms, refused }),
        (reply.clone(), place, 0..900_u64).prop_map(|(reply, place, characters)| Told::Spoke {
            reply,
            place,
            characters
        }),
        Just(Told::SpokeNot),
        (realtime(), any::<bool>())
            .prop_map(|(tokens, too_soon)| Told::Talked { tokens, too_soon }),
        reply.prop_map(|reply| Told::TooSoon { reply }),
    ]
}

proptest! {
    #[test]
    fn the_receipt_adds_up_whatever_a_call_is_told(story in vec(told(), 0..60)) {
        let mut call = Call::new();
        for told in story {
            call.tell(told);
            call.check()?;
        }
        while !call.asked.is_empty() {
            call.end(How::Cancelled);
        }
        call.check()?;
        call.count();
        let spent = call.purses.spend(&acme(), NOON, Micros::default());
        prop_assert_eq!(spent, call.tally.cost(Millis::ZERO, &call.prices));
    }
}
