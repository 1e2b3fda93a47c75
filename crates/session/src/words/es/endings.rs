use crate::words::endings::{
    Endings, MayEnd,
    When::{After, Alone, Answer, AnswerAfter, Asked},
};

pub(super) const ENDINGS: Endings = Endings {
    cannot_end: &[
        ARTICLES,
        POSSESSIVES,
        PREPOSITIONS,
        CONJUNCTIONS,
        AUXILIARIES,
        PRONOUNS,
        CLITICS,
        DEGREES,
        VERBS,
        PHRASES,
    ],
    fillers: &[
        "a ver",
        "ah",
        "bueno",
        "cómo se dice",
        "cómo le digo",
        "digamos",
        "déjame pensar",
        "déjame ver",
        "déjeme pensar",
        "déjeme ver",
        "eh",
        "ehm",
        "em",
        "entonces",
        "este",
        "hm",
        "hmm",
        "mm",
        "mmm",
        "o sea",
        "pues",
        "quiero decir",
        "vamos a ver",
    ],
    may_end: &[
        // "Ya está", "¿dónde está?", "no hay", "aquí es".
        MayEnd {
            last: AUXILIARIES,
            when: After(&[
                "ahí", "aquí", "así", "ayer", "bien", "como", "cuándo", "cuánto", "cuánta",
                "cuántos", "cuántas", "cuál", "cuáles", "cómo", "dónde", "eso", "hora", "lo",
                "lo que", "mal", "no", "no lo", "no se", "no te", "nunca", "quién", "qué", "si se",
                "si", "siempre", "se", "sí", "tampoco", "también", "todavía", "ya",
            ]),
        },
        // "Sí, lo es", "no, no tengo", "sí, claro que puedo".
        MayEnd {
            last: AUXILIARIES,
            when: AnswerAfter(&["la", "lo", "los", "me", "no", "que", "se", "sí"]),
        },
        // "Puede ser", "tiene que ser", "podría estar".
        MayEnd {
            last: &["ser", "estar"],
            when: After(&[
                "a", "pueda", "puede", "podría", "debe", "que", "debería", "va a",
            ]),
        },
        // "¿Qué puedo hacer?", "no sé qué tengo que hacer", "¿cuánto tiempo tiene?".
        MayEnd {
            last: VERBS,
            when: Asked,
        },
        MayEnd {
            last: &[
                "tiene", "tienen", "hay", "es", "son", "está", "están", "fue", "va", "sería",
            ],
            when: Asked,
        },
        // "Me gustaría", "sí, me gustaría", as an answer.
        MayEnd {
            last: &["gustaría", "encantaría"],
            when: Answer,
        },
        MayEnd {
            last: &["encantaría", "gustaría"],
            when: After(&["eso me", "que me", "sí me", "claro que me", "no me"]),
        },
        // "Lo que necesito", "todo lo que quiero", "no lo necesito".
        MayEnd {
            last: &[
                "necesito", "quiero", "busco", "quería", "tengo", "puedo", "puede",
            ],
            when: After(&[
                "lo que", "que yo", "no lo", "lo", "la", "los", "las", "no la", "ya no",
            ]),
        },
        // "Es para él", "con ella", "de ellos".
        MayEnd {
            last: &["ella", "ellos", "ellas", "él"],
            when: After(&["a", "con", "de", "en", "para", "por", "sin", "es"]),
        },
        // "Soy yo", "¿y yo?", "lo mismo que yo".
        MayEnd {
            last: &["yo"],
            when: After(&["como", "entre", "que", "sería", "soy", "también", "y"]),
        },
        MayEnd {
            last: &["yo", "si", "como", "cuando", "donde", "cual", "quien"],
            when: Alone,
        },
        // A recogniser without accents: "claro que si", "pues si".
        MayEnd {
            last: &["si"],
            when: After(&[
                "ah",
                "ay",
                "claro que",
                "creo que",
                "dicho que",
                "digo que",
                "eso",
                "pues",
                "que",
                "si",
                "supongo que",
                "yo",
                "ahora",
                "por supuesto que",
            ]),
        },
        // "Algo así como", "no sé como", "¿desde donde?".
        MayEnd {
            last: &["como", "cuando", "donde"],
            when: After(&["sé", "no sé", "sabe", "de", "desde", "recuerdo", "hasta"]),
        },
        // "Quiero este", "como este", "es este".
        MayEnd {
            last: &["este", "esta", "estos", "estas"],
            when: After(&[
                "como", "es", "era", "prefiero", "quiero", "son", "ser", "sería",
            ]),
        },
        MayEnd {
            last: &["bueno"],
            when: After(&[
                "algo", "es", "está", "lo", "muy", "más", "qué", "sería", "tan", "ah",
            ]),
        },
        MayEnd {
            last: &["bueno"],
            when: Alone,
        },
        MayEnd {
            last: &["entonces"],
            when: After(&[
                "de", "desde", "entonces", "ese", "está", "gracias", "hasta", "martes", "mañana",
                "nada", "pues", "vale", "luego", "eso", "así",
            ]),
        },
        // "Le voy a ver" says something, "a ver" alone does not.
        MayEnd {
            last: &["a ver"],
            when: After(&["voy", "vas", "va", "vuelva", "vuelve", "viene", "ir"]),
        },
        // A doubled hum is an answer.
        MayEnd {
            last: &["mm", "hm", "hmm", "mmm"],
            when: After(&["mm", "mmm"]),
        },
        // "Ya voy", "allí nos vamos".
        MayEnd {
            last: &["vamos", "voy", "va"],
            when: After(&["nos", "ahí", "allá", "me", "ya", "allí", "le"]),
        },
    ],
    question_words: &[
        "cuál", "cuáles", "cuánta", "cuántas", "cuánto", "cuántos", "cuándo", "cómo", "dónde",
        "quién", "quiénes", "qué",
    ],
    answers: &[
        "ah", "claro", "no", "pues", "sí", "si", "vale", "bueno", "tampoco", "también",
    ],
};

const ARTICLES: &[&str] = &[
    "algún",
    "alguna",
    "algunas",
    "algunos",
    "aquel",
    "aquella",
    "cada",
    "cualquier",
    "el",
    "esta",
    "estas",
    "estos",
    "la",
    "las",
    "lo",
    "los",
    "ningún",
    "ninguna",
    "un",
    "una",
    "unas",
    "unos",
    "varios",
    "varias",
];

const POSSESSIVES: &[&str] = &[
    "mi", "mis", "nuestra", "nuestras", "nuestro", "nuestros", "su", "sus", "tu", "tus",
];

const PREPOSITIONS: &[&str] = &[
    "a", "al", "ante", "bajo", "con", "contra", "de", "del", "desde", "durante", "en", "entre",
    "hacia", "hasta", "mediante", "para", "por", "según", "sin", "sobre", "tras",
];

const CONJUNCTIONS: &[&str] = &[
    "aunque", "como", "cual", "cuando", "cuyo", "cuya", "donde", "e", "mientras", "ni", "o",
    "pero", "porque", "que", "quien", "si", "sino", "u", "y",
];

const AUXILIARIES: &[&str] = &[
    "debe",
    "debería",
    "debo",
    "era",
    "eran",
    "es",
    "estaba",
    "estaban",
    "estamos",
    "estar",
    "estoy",
    "está",
    "están",
    "fue",
    "ha",
    "haber",
    "había",
    "han",
    "has",
    "hay",
    "he",
    "hemos",
    "iba",
    "podemos",
    "podría",
    "podríamos",
    "podrían",
    "puede",
    "pueden",
    "puedo",
    "queremos",
    "quería",
    "queríamos",
    "querría",
    "quiere",
    "quiero",
    "quisiera",
    "quisiéramos",
    "ser",
    "sería",
    "somos",
    "son",
    "soy",
    "suele",
    "tendría",
    "tenemos",
    "tengo",
    "tenía",
    "tener",
    "tiene",
    "tienen",
    "va",
    "vamos",
    "van",
    "voy",
];

const PRONOUNS: &[&str] = &["ella", "ellos", "ellas", "yo"];

const CLITICS: &[&str] = &["le", "les", "me", "nos", "os", "se", "te"];

const DEGREES: &[&str] = &["casi", "muy", "súper", "tan"];

/// They need an object.
const VERBS: &[&str] = &[
    "busco",
    "buscaba",
    "dar",
    "deseaba",
    "deseo",
    "enviar",
    "estaría",
    "gustaría",
    "encantaría",
    "hacer",
    "haciendo",
    "necesita",
    "necesitaba",
    "necesitamos",
    "necesito",
    "poner",
    "saber",
    "buscando",
    "llevo",
    "mandar",
    "tomar",
];

const PHRASES: &[&str] = &[
    "a partir",
    "acerca",
    "además",
    "antes de",
    "creo",
    "es decir",
    "gracias a",
    "hace como",
    "llamaba",
    "llamo",
    "me llamo",
    "mi nombre",
    "por ejemplo",
    "sobre todo",
    "también me",
    "un par",
    "y también",
    "y luego",
    "y después",
];
