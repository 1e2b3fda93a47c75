//! Spanish numbers in words, which agree with what they count.

use crate::spoken::tongue::Form;

const SMALL: [&str; 30] = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
];
const TENS: [&str; 10] = [
    "",
    "",
    "",
    "treinta",
    "cuarenta",
    "cincuenta",
    "sesenta",
    "setenta",
    "ochenta",
    "noventa",
];
const HUNDREDS: [&str; 10] = [
    "",
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
];
const ORDINALS: [&str; 21] = [
    "",
    "primero",
    "segundo",
    "tercero",
    "cuarto",
    "quinto",
    "sexto",
    "séptimo",
    "octavo",
    "noveno",
    "décimo",
    "undécimo",
    "duodécimo",
    "decimotercero",
    "decimocuarto",
    "decimoquinto",
    "decimosexto",
    "decimoséptimo",
    "decimoctavo",
    "decimonoveno",
    "vigésimo",
];

pub(in crate::spoken) fn cardinal(number: u64, form: Form) -> String {
    match number {
        0..1_000 => below_thousand(number, form),
        1_000..1_000_000 => {
            let counted = match form {
                Form::Feminine => Form::Feminine,
                Form::Alone | Form::Masculine => Form::Masculine,
            };
            let head = match number / 1_000 {
                1 => "mil".to_owned(),
                thousands => format!("{} mil", below_thousand(thousands, counted)),
            };
            joined(head, number % 1_000, form)
        }
        1_000_000..1_000_000_000_000 => joined(
            millions(number / 1_000_000, "millón", "millones"),
            number % 1_000_000,
            form,
        ),
        _ => {
            let head = millions(number / 1_000_000_000_000, "billón", "billones");
            joined(head, number % 1_000_000_000_000, form)
        }
    }
}

fn joined(head: String, rest: u64, form: Form) -> String {
    if rest == 0 {
        head
    } else {
        format!("{head} {}", cardinal(rest, form))
    }
}

fn millions(count: u64, one: &str, many: &str) -> String {
    if count == 1 {
        format!("un {one}")
    } else {
        format!("{} {many}", cardinal(count, Form::Masculine))
    }
}

fn below_thousand(number: u64, form: Form) -> String {
    match number {
        1 | 21 => ones(number, form).to_owned(),
        0..30 => entry(&SMALL, number).to_owned(),
        30..100 => match number % 10 {
            0 => entry(&TENS, number / 10).to_owned(),
            unit => format!(
                "{} y {}",
                entry(&TENS, number / 10),
                below_thousand(unit, form)
            ),
        },
        100 => "cien".to_owned(),
        _ => {
            let hundreds = entry(&HUNDREDS, number / 100);
            let hundreds = match (form, hundreds.strip_suffix("os")) {
                (Form::Feminine, Some(stem)) => format!("{stem}as"),
                (Form::Alone | Form::Feminine | Form::Masculine, _) => hundreds.to_owned(),
            };
            match number % 100 {
                0 => hundreds,
                rest => format!("{hundreds} {}", below_thousand(rest, form)),
            }
        }
    }
}

fn ones(number: u64, form: Form) -> &'static str {
    match (number, form) {
        (1, Form::Alone) => "uno",
        (1, Form::Feminine) => "una",
        (1, Form::Masculine) => "un",
        (_, Form::Alone) => "veintiuno",
        (_, Form::Feminine) => "veintiuna",
        (_, Form::Masculine) => "veintiún",
    }
}

fn entry(table: &[&'static str], index: u64) -> &'static str {
    usize::try_from(index)
        .ok()
        .and_then(|index| table.get(index).copied())
        .unwrap_or_default()
}

/// Beyond the twentieth place people say the plain number.
pub(in crate::spoken) fn ordinal(number: u64, form: Form) -> String {
    let name = entry(&ORDINALS, number);
    match form {
        _ if name.is_empty() => cardinal(number, form),
        Form::Alone => name.to_owned(),
        Form::Feminine => format!("{}a", name.trim_end_matches('o')),
        Form::Masculine if name.ends_with("primero") || name.ends_with("tercero") => {
            name.trim_end_matches('o').to_owned()
        }
        Form::Masculine => name.to_owned(),
    }
}

/// Words that follow a number without being counted by it.
const NOT_COUNTED: &[&str] = &[
    "a", "al", "como", "con", "de", "del", "desde", "e", "el", "en", "entre", "es", "está",
    "hasta", "la", "las", "los", "más", "me", "menos", "no", "o", "para", "pero", "por", "porque",
    "que", "se", "si", "sin", "son", "sobre", "u", "y", "ya",
];
/// Feminine nouns whose ending does not show it.
const FEMININE: &[&str] = &[
    "calle",
    "calles",
    "clase",
    "clases",
    "imagen",
    "imágenes",
    "llave",
    "llaves",
    "mano",
    "manos",
    "noche",
    "noches",
    "orden",
    "órdenes",
    "parte",
    "partes",
    "red",
    "redes",
    "reunión",
    "serie",
    "series",
    "señal",
    "tarde",
    "tardes",
    "veces",
    "vez",
];
/// Masculine nouns that end like feminine ones.
const MASCULINE: &[&str] = &[
    "clima",
    "climas",
    "colega",
    "colegas",
    "día",
    "días",
    "idioma",
    "idiomas",
    "mapa",
    "mapas",
    "problema",
    "problemas",
    "programa",
    "programas",
    "sistema",
    "sistemas",
    "tema",
    "temas",
];

/// What a number counts that stands before `word`.
pub(in crate::spoken) fn form_before(word: &str) -> Form {
    let word = word.to_lowercase();
    let known = |words: &[&str]| words.contains(&word.as_str());
    let endings = [
        "a", "as", "ción", "ciones", "dad", "dades", "sión", "siones",
    ];
    if word.is_empty() || known(NOT_COUNTED) {
        Form::Alone
    } else if known(FEMININE) {
        Form::Feminine
    } else if known(MASCULINE) {
        Form::Masculine
    } else if endings.into_iter().any(|ending| word.ends_with(ending)) {
        Form::Feminine
    } else {
        Form::Masculine
    }
}
