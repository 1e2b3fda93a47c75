use crate::Dice;

use super::pick;

/// What callers and agents say in one language.
#[derive(Debug)]
pub struct Corpus {
    pub(super) language: &'static str,
    #[cfg(test)]
    telling: &'static [&'static str],
    pub(super) greeting: &'static str,
    pub(super) utterances: Vec<Utterance>,
    pub(super) fillers: Vec<&'static str>,
    pub(super) short_replies: Vec<&'static str>,
    pub(super) long_replies: Vec<&'static str>,
    pub(super) backchannels: &'static [&'static str],
    pub(super) stops: &'static [&'static str],
    pub(super) side_talk: &'static [&'static str],
    pub(super) background: &'static [&'static str],
}

/// Something that a caller says, and where he might pause in it.
#[derive(Debug, Default)]
pub(super) struct Utterance {
    pub(super) words: Vec<&'static str>,
    /// After so many words the last one tells that more will come.
    told: Vec<usize>,
    /// After so many words nothing tells.
    untold: Vec<usize>,
    /// After so many words somebody would be in the middle of a clause, by a hand's mark.
    in_clause: Vec<usize>,
    /// After so many words a clause is over, by a hand's mark.
    after_clause: Vec<usize>,
}

/// Words after which more will come, of the kinds that a published rule knows.
const TELLING_EN: &[&str] = &[
    "a", "about", "after", "although", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "before", "but", "by", "can", "could", "did", "do", "does", "for", "from", "had",
    "has", "have", "he", "her", "his", "i", "if", "in", "into", "is", "its", "may", "might", "my",
    "near", "need", "no", "of", "on", "or", "our", "she", "should", "since", "so", "some", "than",
    "that", "the", "their", "they", "this", "to", "until", "very", "want", "was", "we", "were",
    "when", "where", "whether", "which", "who", "will", "with", "without", "would", "your",
];
const TELLING_ES: &[&str] = &[
    "a", "al", "alguien", "antes", "aunque", "como", "con", "cuando", "cuánto", "de", "del",
    "desde", "después", "donde", "el", "en", "es", "está", "este", "esta", "estoy", "ha", "han",
    "has", "hasta", "hay", "he", "la", "las", "le", "lo", "los", "me", "mi", "mis", "muy", "más",
    "necesito", "ni", "no", "nos", "nuestro", "o", "para", "pero", "por", "porque", "puede",
    "puedo", "que", "querría", "quería", "quiero", "se", "si", "sin", "sobre", "son", "su", "sus",
    "tan", "tengo", "tiene", "un", "una", "unos", "y",
];

impl Corpus {
    /// 200 utterances, and everything else.
    #[must_use]
    pub fn english() -> Self {
        Self {
            language: "en",
            greeting: "Hello, thank you for calling. How can I help you?",
            #[cfg(test)]
            telling: TELLING_EN,
            utterances: utterances(include_str!("../corpus/en.txt"), TELLING_EN),
            fillers: vec!["um", "uh", "er"],
            short_replies: vec![
                "Sure, I can do that for you. Which day would suit you best?",
                "I see. Let me have a look at it.",
                "Of course. I have made a note of it.",
                "Thank you, I found it. Is there anything else?",
                "That should not happen. I will send somebody to you today.",
                "Yes, that is possible. Shall I go ahead?",
            ],
            long_replies: vec![
                "Our usual way is this. First we look at your order together, then I send you a confirmation by mail, and after that a colleague from the workshop calls you to agree on a day that suits you.",
                "There are several things to choose from. The small room looks out on the garden, the large one has a balcony towards the lake, and under the roof there is a quiet place with a kitchen of its own.",
                "The contract runs for a full year and goes on by itself. If you want to leave, you tell us in writing before the last month, and we send you the final bill together with everything that you paid in advance.",
                "To get to us from the station you walk along the river as far as the old bridge, turn left at the bakery, and go up the hill until you see a green gate with our name on it.",
            ],
            backchannels: &[
                "Uh-huh.",
                "Mhm.",
                "Yeah.",
                "Okay.",
                "Right.",
                "I see.",
                "Sure.",
                "Oh, okay.",
                "Gotcha.",
                "Fair enough.",
                "Cool, cool.",
                "Oh wow.",
            ],
            stops: &[
                "Stop.",
                "Wait.",
                "Hold on.",
                "No.",
                "Sorry.",
                "Excuse me.",
                "Actually.",
                "Whoa.",
                "One thing.",
                "Let me stop you.",
                "That is wrong.",
            ],
            side_talk: &[
                "Honey, can you close the door?",
                "Not now, I am on the phone.",
                "Put it on the table over there.",
                "Yes, two minutes, I am coming.",
            ],
            background: &[
                "And now the weather for the weekend in the north.",
                "The next train on platform four is delayed.",
                "He shoots and it goes just over the bar.",
            ],
        }
    }

    /// 100 utterances, and everything else.
    #[must_use]
    pub fn spanish() -> Self {
        Self {
            language: "es-ES",
            greeting: "Hola, gracias por llamar. ¿En qué puedo ayudarle?",
            #[cfg(test)]
            telling: TELLING_ES,
            utterances: utterances(include_str!("../corpus/es.txt"), TELLING_ES),
            fillers: vec!["eh", "este", "pues"],
            short_replies: vec![
                "Claro, se lo preparo. ¿Qué día le viene mejor?",
                "Entiendo. Voy a mirarlo.",
                "Por supuesto. Ya lo he apuntado.",
                "Gracias, lo he encontrado. ¿Necesita algo más?",
                "Eso no debería pasar. Hoy mismo le mando a alguien.",
            ],
            long_replies: vec![
                "Lo hacemos siempre de la misma manera. Primero miramos juntos su pedido, luego le mando una confirmación por correo, y después le llama un compañero del taller para acordar un día que le venga bien.",
                "Hay varias cosas para elegir. La habitación pequeña da al jardín, la grande tiene un balcón hacia el lago, y debajo del tejado hay un sitio tranquilo con su propia cocina.",
                "Para llegar desde la estación camine junto al río hasta el puente viejo, gire a la izquierda en la panadería, y suba la cuesta hasta que vea una puerta verde con nuestro nombre.",
            ],
            backchannels: &[
                "Ajá.",
                "Mhm.",
                "Sí.",
                "Vale.",
                "Claro.",
                "Ya.",
                "Anda.",
                "Qué bien.",
                "Bueno, sí.",
            ],
            stops: &[
                "Espere.",
                "Un momento.",
                "No.",
                "Perdón.",
                "Oiga.",
                "Un segundito.",
                "Eso no es.",
                "Déjeme hablar.",
            ],
            side_talk: &[
                "Cariño, ¿puedes cerrar la puerta?",
                "Ahora no, estoy al teléfono.",
                "Déjalo encima de la mesa.",
            ],
            background: &[
                "Y ahora el tiempo para el fin de semana en el norte.",
                "El próximo tren con destino a Madrid lleva retraso.",
            ],
        }
    }

    pub(super) fn one<'a>(&self, of: &[&'a str], dice: &mut Dice) -> &'a str {
        of[pick(of.len(), dice)]
    }

    /// Whether the last word of a text, or a filler in its place, tells that more will come.
    #[cfg(test)]
    pub(super) fn gives_away(&self, text: &str) -> bool {
        let last = text.split_whitespace().next_back().unwrap_or_default();
        self.fillers.contains(&last) || tells(last, self.telling)
    }
}

/// What kind of place a pause is wanted at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    /// Where a hand marked the end of a clause.
    AfterClause,
    /// Where a hand marked the middle of one.
    InClause,
    /// Where the last word tells that more will come.
    Told,
    /// Where it does not.
    Untold,
}

impl Utterance {
    /// A place for a pause that is not taken: of the wanted kind if there is one.
    pub(super) fn place(&self, wanted: Wanted, taken: &[usize], dice: &mut Dice) -> Option<usize> {
        let (wanted, other) = match wanted {
            Wanted::AfterClause => (&self.after_clause, &self.in_clause),
            Wanted::InClause => (&self.in_clause, &self.after_clause),
            Wanted::Told => (&self.told, &self.untold),
            Wanted::Untold => (&self.untold, &self.told),
        };
        let free = |places: &[usize]| -> Vec<usize> {
            let free = places.iter().filter(|place| !taken.contains(place));
            free.copied().collect()
        };
        let mut places = free(wanted);
        if places.is_empty() {
            places = free(other);
        }
        (!places.is_empty()).then(|| places[pick(places.len(), dice)])
    }
}

/// Reads a corpus: one utterance a line, with marks where somebody might pause: `|` in the middle of
/// a clause, `/` after one.
fn utterances(text: &'static str, telling: &[&str]) -> Vec<Utterance> {
    text.lines().map(|line| utterance(line, telling)).collect()
}

fn utterance(line: &'static str, telling: &[&str]) -> Utterance {
    let mut utterance = Utterance::default();
    for word in line.split_whitespace() {
        let so_far = utterance.words.len();
        match word {
            "|" | "/" => {
                match word {
                    "/" => utterance.after_clause.push(so_far),
                    _ => utterance.in_clause.push(so_far),
                }
                let last = utterance.words.last().copied().unwrap_or_default();
                if tells(last, telling) {
                    utterance.told.push(so_far);
                } else {
                    utterance.untold.push(so_far);
                }
            }
            word => utterance.words.push(word),
        }
    }
    utterance
}

fn tells(word: &str, telling: &[&str]) -> bool {
    let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
    telling.contains(&bare.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_enough_to_say_and_room_for_pauses() {
        for (corpus, least) in [(Corpus::english(), 200), (Corpus::spanish(), 100)] {
            assert!(corpus.utterances.len() >= least);
            for utterance in &corpus.utterances {
                let places = utterance.told.iter().chain(&utterance.untold);
                let inside = places
                    .clone()
                    .all(|place| (1..utterance.words.len()).contains(place));
                assert!(inside && places.count() > 0, "{:?}", utterance.words);
            }
        }
    }
}
