mod numbers;

use super::{
    abbreviations::{Abbreviation, Place},
    tongue::{Currency, Form, Grammar, Scale, Signs, Speech, Unit},
};

pub(super) use numbers::{cardinal, form_before, ordinal};

pub(crate) const SPEECH: &Speech = &Speech {
    abbreviations: ABBREVIATIONS,
    grammar: Grammar::Spanish,
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    short_months: &[("setiembre", 9)],
    currencies: CURRENCIES,
    units: UNITS,
    scales: &[
        scale("mil", "mil", "mil"),
        scale("millón", "millón", "millones"),
        scale("millones", "millón", "millones"),
        scale("k", "mil", "mil"),
    ],
    signs: Signs {
        about: "aproximadamente",
        and: "y",
        at: "arroba",
        by: "por",
        dash: "guion",
        degrees: "grados",
        divided: "entre",
        dot: "punto",
        equals: "igual a",
        fractions: [
            "un medio",
            "un tercio",
            "dos tercios",
            "un cuarto",
            "tres cuartos",
        ],
        hash: "almohadilla",
        less: "menos de",
        minus: "menos",
        more: "más de",
        number: "número",
        or: "o",
        per: "por",
        percent: "por ciento",
        plus: "más",
        slash: "barra",
        star: "asterisco",
        times: "por",
        to: "a",
        underscore: "guion bajo",
    },
    spans: &[],
    before_dates: &[
        "al",
        "del",
        "desde",
        "el",
        "hasta",
        "lunes",
        "martes",
        "miércoles",
        "jueves",
        "viernes",
        "sábado",
        "domingo",
    ],
    names_of_codes: &[
        "clave",
        "clave es",
        "código",
        "código es",
        "código postal",
        "ext",
        "extensión",
        "identificador",
        "localizador",
        "pin",
        "pin es",
        "referencia",
        "termina en",
        "terminada en",
        "terminado en",
    ],
    before_years: &["año", "años", "desde"],
    domains_as_words: &["co", "es"],
};

const fn scale(sign: &'static str, one: &'static str, many: &'static str) -> Scale {
    Scale { sign, one, many }
}

/// What `$` is in most of the Spanish-speaking countries that write it.
pub(super) const PESO: Currency = Currency {
    signs: &["$", "MX$", "MXN", "ARS", "COP", "CLP", "UYU"],
    one: "peso",
    many: "pesos",
    cent: "centavo",
    cents: "centavos",
    form: Form::Masculine,
};

/// The first is what a bare `$` means where it is no peso.
const CURRENCIES: &[Currency] = &[
    Currency {
        signs: &["$", "US$", "USD"],
        one: "dólar",
        many: "dólares",
        cent: "centavo",
        cents: "centavos",
        form: Form::Masculine,
    },
    Currency {
        signs: &["€", "EUR"],
        one: "euro",
        many: "euros",
        cent: "céntimo",
        cents: "céntimos",
        form: Form::Masculine,
    },
    Currency {
        signs: &["£", "GBP"],
        one: "libra",
        many: "libras",
        cent: "penique",
        cents: "peniques",
        form: Form::Feminine,
    },
    Currency {
        signs: &["MX$", "MXN", "ARS", "COP", "CLP", "UYU"],
        ..PESO
    },
    Currency {
        signs: &["¥", "JPY"],
        one: "yen",
        many: "yenes",
        cent: "",
        cents: "",
        form: Form::Masculine,
    },
];

const fn unit(sign: &'static str, one: &'static str, many: &'static str) -> Unit {
    Unit {
        sign,
        one,
        many,
        form: Form::Masculine,
    }
}

const fn feminine(sign: &'static str, one: &'static str, many: &'static str) -> Unit {
    Unit {
        form: Form::Feminine,
        ..unit(sign, one, many)
    }
}

const UNITS: &[Unit] = &[
    unit("°", "grado", "grados"),
    unit("°C", "grado", "grados"),
    unit("ºC", "grado", "grados"),
    unit("°F", "grado Fahrenheit", "grados Fahrenheit"),
    unit("GB", "gigabyte", "gigabytes"),
    unit("Hz", "hercio", "hercios"),
    unit("KB", "kilobyte", "kilobytes"),
    unit("MB", "megabyte", "megabytes"),
    unit("Mbps", "megabit por segundo", "megabits por segundo"),
    unit("TB", "terabyte", "terabytes"),
    unit("V", "voltio", "voltios"),
    unit("W", "vatio", "vatios"),
    unit("cm", "centímetro", "centímetros"),
    unit("g", "gramo", "gramos"),
    feminine("h", "hora", "horas"),
    feminine("hs", "horas", "horas"),
    unit("kHz", "kilohercio", "kilohercios"),
    unit("kW", "kilovatio", "kilovatios"),
    unit("kWh", "kilovatio hora", "kilovatios hora"),
    unit("kg", "kilo", "kilos"),
    unit("km", "kilómetro", "kilómetros"),
    unit("km/h", "kilómetro por hora", "kilómetros por hora"),
    unit("km²", "kilómetro cuadrado", "kilómetros cuadrados"),
    unit("l", "litro", "litros"),
    unit("L", "litro", "litros"),
    unit("m", "metro", "metros"),
    unit("mg", "miligramo", "miligramos"),
    unit("min", "minuto", "minutos"),
    unit("ml", "mililitro", "mililitros"),
    unit("mm", "milímetro", "milímetros"),
    unit("ms", "milisegundo", "milisegundos"),
    unit("m²", "metro cuadrado", "metros cuadrados"),
    unit("m³", "metro cúbico", "metros cúbicos"),
    unit("s", "segundo", "segundos"),
    unit("seg", "segundo", "segundos"),
];

const fn short(written: &'static str, spoken: &'static str, place: Place) -> Abbreviation {
    Abbreviation {
        written,
        spoken,
        place,
    }
}

const ABBREVIATIONS: &[Abbreviation] = &[
    short("a. m", "de la mañana", Place::Anywhere),
    short("a.m", "de la mañana", Place::Anywhere),
    short("admón", "administración", Place::Anywhere),
    short("apdo", "apartado", Place::Anywhere),
    short("aprox", "aproximadamente", Place::Anywhere),
    short("art", "artículo", Place::BeforeNumber),
    short("av", "avenida", Place::BeforeName),
    short("avda", "avenida", Place::BeforeName),
    short("cap", "capítulo", Place::BeforeNumber),
    short("cía", "compañía", Place::Anywhere),
    short("ctra", "carretera", Place::Anywhere),
    short("d", "don", Place::BeforeName),
    short("dcha", "derecha", Place::Anywhere),
    short("dña", "doña", Place::BeforeName),
    short("dpto", "departamento", Place::Anywhere),
    short("dr", "doctor", Place::BeforeName),
    short("dra", "doctora", Place::BeforeName),
    short("ee. uu", "Estados Unidos", Place::Anywhere),
    short("ee.uu", "Estados Unidos", Place::Anywhere),
    short("etc", "etcétera", Place::Anywhere),
    short("ext", "extensión", Place::BeforeNumber),
    short("incl", "incluido", Place::Anywhere),
    short("ing", "ingeniero", Place::BeforeName),
    short("izda", "izquierda", Place::Anywhere),
    short("izq", "izquierda", Place::Anywhere),
    short("lic", "licenciado", Place::BeforeName),
    short("máx", "máximo", Place::Anywhere),
    short("mín", "mínimo", Place::Anywhere),
    short("nro", "número", Place::BeforeNumber),
    short("núm", "número", Place::BeforeNumber),
    short("p. ej", "por ejemplo", Place::Anywhere),
    short("p. m", "de la tarde", Place::Anywhere),
    short("p.ej", "por ejemplo", Place::Anywhere),
    short("p.m", "de la tarde", Place::Anywhere),
    short("pág", "página", Place::BeforeNumber),
    short("pl", "plaza", Place::BeforeName),
    short("prof", "profesor", Place::BeforeName),
    short("profa", "profesora", Place::BeforeName),
    short("pza", "plaza", Place::BeforeName),
    short("sr", "señor", Place::BeforeName),
    short("sra", "señora", Place::BeforeName),
    short("sres", "señores", Place::BeforeName),
    short("srta", "señorita", Place::BeforeName),
    short("sta", "Santa", Place::BeforeName),
    short("sto", "Santo", Place::BeforeName),
    short("tel", "teléfono", Place::BeforeNumber),
    short("tfno", "teléfono", Place::BeforeNumber),
    short("ud", "usted", Place::Anywhere),
    short("uds", "ustedes", Place::Anywhere),
    short("urb", "urbanización", Place::BeforeName),
    short("vd", "usted", Place::Anywhere),
];
