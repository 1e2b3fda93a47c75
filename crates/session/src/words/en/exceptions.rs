//! Endings that are finished although their last word is listed as one that cannot end. Each has a
//! line in the tests of `classify`.

use super::endings::{AUXILIARIES, DEMONSTRATIVES, NEGATIONS, PREPOSITIONS, SUBJECTS, VERBS};
use crate::words::endings::{
    MayEnd,
    When::{After, Alone, Answer, AnswerAfter, Asked, AskedAfter},
};

pub(super) const MAY_END: &[MayEnd] = &[
    // "Can we do that", "I know that", "it is for this": an object, not a determiner.
    MayEnd {
        last: DEMONSTRATIVES,
        when: After(&[
            "can", "could", "did", "do", "does", "have", "had", "has", "will", "would",
        ]),
    },
    // "How much is that", but not "the problem is that".
    MayEnd {
        last: DEMONSTRATIVES,
        when: AskedAfter(&["are", "is", "was", "were"]),
    },
    MayEnd {
        last: DEMONSTRATIVES,
        when: After(PREPOSITIONS),
    },
    MayEnd {
        last: DEMONSTRATIVES,
        when: After(&[
            "after",
            "all",
            "appreciate",
            "asked",
            "before",
            "book",
            "cancel",
            "change",
            "check",
            "doing",
            "done",
            "explain",
            "fix",
            "got",
            "hear",
            "heard",
            "knew",
            "know",
            "like",
            "love",
            "need",
            "repeat",
            "said",
            "see",
            "spell",
            "take",
            "try",
            "understand",
            "want",
            "whats",
            "over",
            "ordered",
            "paid",
            "saw",
            "sent",
            "tried",
            "wrote",
        ]),
    },
    // "What is it for", "who am I speaking with".
    MayEnd {
        last: PREPOSITIONS,
        when: Asked,
    },
    MayEnd {
        last: &["for", "from", "about", "with", "like", "to"],
        when: After(&["what", "who", "where"]),
    },
    // "How long does it take", "what would you like".
    MayEnd {
        last: VERBS,
        when: AskedAfter(SUBJECTS),
    },
    // "What do you have", "I know where you are", "what should I do".
    MayEnd {
        last: AUXILIARIES,
        when: AskedAfter(SUBJECTS),
    },
    MayEnd {
        last: &[
            "be", "bring", "buy", "do", "find", "get", "give", "have", "make", "put", "send",
            "take", "tell",
        ],
        when: AskedAfter(&["to"]),
    },
    // "Yes it is", "no I don't", "yes I'd like to".
    MayEnd {
        last: AUXILIARIES,
        when: AnswerAfter(SUBJECTS),
    },
    MayEnd {
        last: NEGATIONS,
        when: AnswerAfter(SUBJECTS),
    },
    MayEnd {
        last: &["id like to", "id love to", "want to", "need to", "have to"],
        when: Answer,
    },
    // "As soon as I can", "if you could", "all I have".
    MayEnd {
        last: AUXILIARIES,
        when: After(&[
            "all i",
            "all we",
            "as i",
            "as you",
            "everything i",
            "so",
            "than i",
            "whenever you",
            "wish i",
        ]),
    },
    MayEnd {
        last: &["can"],
        when: After(&["if i", "if it", "if they", "if we", "if you"]),
    },
    // "I don't think we do", but not "I think I have".
    MayEnd {
        last: &["am", "can", "could", "did", "do", "should", "will"],
        when: After(&[
            "think he",
            "think i",
            "think she",
            "think they",
            "think we",
            "think you",
        ]),
    },
    MayEnd {
        last: &["want", "need", "like", "get", "find", "take", "have"],
        when: After(&[
            "all i",
            "all we",
            "anything you",
            "as you",
            "everything i",
            "if you",
            "that i",
            "that we",
            "the one i",
            "what i",
            "whatever you",
            "whenever you",
        ]),
    },
    MayEnd {
        last: &["need"],
        when: After(&["i dont", "no"]),
    },
    MayEnd {
        last: &["find", "get", "make", "take", "do"],
        when: After(&["easy to", "hard to", "difficult to", "can"]),
    },
    // "I'm afraid I can't", "it still doesn't".
    MayEnd {
        last: NEGATIONS,
        when: After(&[
            "afraid i",
            "afraid not",
            "sorry i",
            "still",
            "or",
            "it just",
        ]),
    },
    // "I'd love to", "if you want to", "you don't have to".
    MayEnd {
        last: &["to"],
        when: After(&[
            "happy to",
            "if i have",
            "if you have",
            "if you want",
            "id love",
            "would love",
            "wed love",
            "dont want",
            "dont have",
            "dont need",
            "supposed",
            "used",
            "speaking",
        ]),
    },
    // "I think so", "I hope so", "an hour or so".
    MayEnd {
        last: &["so"],
        when: After(&[
            "believe", "do", "doing", "even", "guess", "hope", "hoped", "how", "if", "imagine",
            "just", "or", "said", "say", "suppose", "think", "thought", "why",
        ]),
    },
    // "That one as well", "I don't feel well".
    MayEnd {
        last: &["well"],
        when: After(&[
            "all", "am", "as", "doing", "feel", "feeling", "goes", "going", "im", "is", "not",
            "pretty", "sleep", "so", "that", "too", "very", "went", "work", "working", "works",
        ]),
    },
    // "Mm-hmm", "uh-uh": answers, not hesitations.
    MayEnd {
        last: &["hm", "hmm", "mm"],
        when: After(&["mm", "uh"]),
    },
    MayEnd {
        last: &["uh"],
        when: After(&["nuh", "uh"]),
    },
    // "Do you know", "I'll let you know".
    MayEnd {
        last: &["you know"],
        when: After(&["as", "did", "do", "if", "let", "would", "dont"]),
    },
    MayEnd {
        last: &["i mean"],
        when: After(&["what", "know what", "if"]),
    },
    // A question of one word.
    MayEnd {
        last: &["how", "really", "when", "where", "which", "who"],
        when: Alone,
    },
    // "I don't know when", "show me how", "from where".
    MayEnd {
        last: &["how", "when", "where", "which", "who"],
        when: After(&[
            "about", "and", "at", "by", "for", "from", "know", "me", "or", "remember", "say",
            "since", "sure", "to", "until", "with",
        ]),
    },
    // "Not really", "no not quite".
    MayEnd {
        last: &["not really", "not quite", "almost"],
        when: Alone,
    },
    MayEnd {
        last: &["not really", "not quite", "really"],
        when: Answer,
    },
    // "I need to check in", "please go on", "turn it on".
    MayEnd {
        last: &["in"],
        when: After(&[
            "call", "came", "check", "come", "coming", "drop", "fill", "fit", "get", "go", "him",
            "it", "log", "me", "move", "moving", "sign", "them", "us", "walk",
        ]),
    },
    MayEnd {
        last: &["on"],
        when: After(&[
            "carry",
            "earlier",
            "going",
            "go",
            "hang",
            "hold",
            "keep",
            "leave it",
            "put it",
            "switch it",
            "turn it",
            "try it",
            "later",
            "move",
            "moving",
            "switched",
            "them",
            "turned",
        ]),
    },
    MayEnd {
        last: &["by"],
        when: After(&["come", "drop", "go", "stop"]),
    },
    // "Are they", "isn't she".
    MayEnd {
        last: &["he", "she", "they"],
        when: After(&[
            "are", "arent", "did", "do", "does", "dont", "is", "isnt", "was", "were",
        ]),
    },
    // "My ID", "I'm ill", "where you were".
    MayEnd {
        last: &["id"],
        when: After(&[
            "account", "an", "booking", "caller", "customer", "my", "no", "order", "photo", "the",
            "user", "valid", "your",
        ]),
    },
    MayEnd {
        last: &["ill"],
        when: After(&["am", "be", "been", "feel", "feeling", "im", "is", "was"]),
    },
    // "I'd like some", "it's his".
    MayEnd {
        last: &["some"],
        when: After(&["have", "like", "need", "want"]),
    },
    MayEnd {
        last: &["his", "theirs"],
        when: After(&["is", "its", "not", "thats"]),
    },
    // "That's it then, what's it like".
    MayEnd {
        last: &["like"],
        when: After(&["it looks", "it", "was it", "that"]),
    },
    // "I just did", "it already is": the adverb stands for what went before.
    MayEnd {
        last: &["am", "did", "do", "does", "has", "have", "is", "was"],
        when: After(&["already", "always", "just", "never", "probably", "usually"]),
    },
    // "Is there", asked of a place: "is anybody there" ends otherwise.
    MayEnd {
        last: &["is there", "are there"],
        when: Asked,
    },
];
