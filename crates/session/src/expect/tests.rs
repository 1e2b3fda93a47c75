use super::*;

const ALL: [Expect; 10] = [
    Expect::Address,
    Expect::Choice,
    Expect::Date,
    Expect::Digits { min: 4, max: 6 },
    Expect::Digits { min: 6, max: 6 },
    Expect::Email,
    Expect::Name,
    Expect::Open,
    Expect::Phone,
    Expect::YesNo,
];

#[test]
fn what_is_printed_is_read_again() {
    for expected in ALL {
        assert_eq!(expected.to_string().parse(), Ok(expected));
        let noted = Expected::parse(&format!(" expect {expected} secret"));
        assert_eq!(
            noted,
            Some(Expected {
                what: expected,
                secret: true
            })
        );
    }
}

#[test]
fn configuration_is_told_what_is_wrong() {
    for (text, problem) in [
        (
            "digts 4",
            "`digts` is nothing to expect: one of `open`, `yes_no`, `choice`, `digits 4-6`, \
             `phone`, `date`, `email`, `name_spelled`, `address`",
        ),
        (
            "digits",
            "`digits` needs how many, such as `digits 6` or `digits 4-6` (1 to 32), not ``",
        ),
        (
            "digits 6-4",
            "`digits` needs how many, such as `digits 6` or `digits 4-6` (1 to 32), not `6-4`",
        ),
        ("phone 9", "`phone` takes nothing after it, but got `9`"),
    ] {
        let bad = text.parse::<Expect>().expect_err(text);
        assert_eq!(bad.to_string(), problem);
    }
}

#[test]
fn notes_of_a_model_are_read_leniently() {
    let phone = Expected {
        what: Expect::Phone,
        secret: false,
    };
    for (text, expected) in [
        ("expect phone", Some(phone)),
        ("Expect: Phone", Some(phone)),
        ("expect phones", None),
        ("expect", None),
        ("laughs", None),
        ("expectorate phone", None),
    ] {
        assert_eq!(Expected::parse(text), expected, "{text}");
    }
}

#[test]
fn questions_tell_what_the_answer_will_be() {
    use Expect::{Address, Choice, Date, Digits, Email, Name, Open, Phone, YesNo};
    for (language, sentence, expected) in [
        ("en", "What is your phone number?", Phone),
        ("en", "Could I have your phone number, please?", Phone),
        ("en", "And what's the best number to reach you on?", Phone),
        ("en", "Is this your phone number?", YesNo),
        ("en", "What is your e-mail address?", Email),
        ("en", "I'll send it to your email address.", Open),
        ("en", "Could you spell your last name for me?", Name),
        ("en", "Please spell that.", Name),
        ("en", "What date works for you?", Date),
        ("en", "When would you like to come in?", Date),
        ("en", "And your address?", Address),
        (
            "en",
            "How many people will there be?",
            Digits { min: 1, max: 3 },
        ),
        (
            "en",
            "May I have your order number?",
            Digits { min: 4, max: 16 },
        ),
        (
            "en",
            "Please tell me the last four digits of your card.",
            Digits { min: 4, max: 4 },
        ),
        ("en", "Would you like to book a table?", YesNo),
        ("en", "Okay, so is Tuesday fine?", YesNo),
        ("en", "Tuesday at five, is that right?", YesNo),
        ("en", "Morning or afternoon?", Choice),
        ("en", "Do you prefer email or phone?", Choice),
        ("en", "Should I cancel it or not?", YesNo),
        ("en", "How can I help you?", Open),
        ("en", "You are booked for Tuesday.", Open),
        ("es", "¿Cuál es su número de teléfono?", Phone),
        ("es", "¿Me da su teléfono, por favor?", Phone),
        ("es", "¿Me puede deletrear su apellido?", Name),
        ("es", "¿Cuál es su correo electrónico?", Email),
        ("es", "¿Qué día le viene bien?", Date),
        ("es", "¿Cuál es su dirección?", Address),
        ("es", "¿Cuántas personas son?", Digits { min: 1, max: 3 }),
        ("es", "¿Le va bien el martes?", YesNo),
        ("es", "¿Por la mañana o por la tarde?", Choice),
        ("es", "Muy bien. ¿Quiere reservar?", YesNo),
        ("es", "A las cinco, ¿verdad?", YesNo),
        ("es", "¿En qué puedo ayudarle?", Open),
    ] {
        let language = language.parse().unwrap();
        let guessed = Expect::guess(words::last_sentence(sentence), &language);
        assert_eq!(guessed, expected, "{sentence}");
    }
}

#[test]
fn stories_and_addresses_get_more_time() {
    for (expected, sentence, percent) in [
        (Expect::Address, "And your address?", 130),
        (Expect::Open, "Tell me about the problem.", 130),
        (Expect::Open, "How can I help you?", 130),
        (Expect::Open, "Is there anything else?", 100),
        (Expect::Date, "When?", 100),
    ] {
        assert_eq!(
            expected.pace_percent(sentence, &Language::default()),
            percent,
            "{sentence}"
        );
    }
}
