use super::{Lines, Lists};

pub(super) const LISTS: Lists = Lists {
    cannot_end: &[
        "a", "al", "algún", "alguna", "ante", "antes", "aunque", "bajo", "cada", "como", "con",
        "cuando", "de", "del", "desde", "donde", "el", "ella", "ellos", "en", "entre", "era", "es",
        "está", "estaba", "están", "estoy", "fue", "ha", "hacia", "han", "hasta", "hay", "he",
        "la", "las", "le", "les", "lo", "los", "me", "mi", "mis", "muy", "necesito", "ni",
        "nuestra", "nuestro", "o", "para", "pero", "por", "porque", "puede", "puedo", "que",
        "quería", "quiero", "quisiera", "se", "ser", "si", "sin", "sobre", "son", "soy", "su",
        "sus", "tan", "te", "tengo", "tiene", "tu", "un", "una", "unas", "unos", "voy", "y", "yo",
    ],
    fillers: &[
        "a ver", "ah", "bueno", "eh", "ehm", "em", "este", "hm", "mm", "pues",
    ],
    yes_no: &[
        "bueno", "claro", "correcto", "exacto", "no", "ok", "sí", "tampoco", "vale",
    ],
    acks: &[
        "ah", "ajá", "aja", "bien", "bueno", "claro", "de", "entiendo", "hola", "hm", "mm", "muy",
        "ok", "okey", "perfecto", "sí", "si", "vale", "ya",
    ],
    stops: &[
        "espera",
        "espere",
        "no",
        "oiga",
        "para",
        "pare",
        "perdón",
        "perdona",
        "perdone",
        "pregunta",
        "un momento",
    ],
    goodbyes: &[
        "adiós",
        "adios",
        "buen día",
        "chao",
        "hasta luego",
        "hasta pronto",
        "no me interesa",
        "que tenga un buen día",
        "que tenga buen día",
    ],
    speech: crate::spoken::es::SPEECH,
    fillers_while_working: &["Un momento, por favor.", "Un segundo."],
    lines: Lines {
        unheard: "Perdone, no le he entendido. ¿Puede repetirlo?",
        trouble: "Perdone, algo ha fallado por mi parte. ¿Puede repetirlo?",
        still_there: ["¿Sigue ahí?", "No le oigo. ¿Sigue en línea?"],
        one_moment: "Perdone, un momento.",
        hold: "Claro, tómese su tiempo.",
        almost_over: "Nos queda más o menos un minuto.",
        goodbye: "Voy a colgar. Gracias por llamar, adiós.",
        failure: "Lo siento, tengo un problema técnico y no puedo seguir. Llame más tarde, por favor. Adiós.",
    },
};
