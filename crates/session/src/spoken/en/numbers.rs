//! English numbers in words.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const SCALES: [(u64, &str); 6] = [
    (1_000_000_000_000_000_000, "quintillion"),
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];

pub(in crate::spoken) fn cardinal(number: u64) -> String {
    let (size, name) = match number {
        0..20 => return entry(&SMALL, number).to_owned(),
        20..100 => {
            let tens = entry(&TENS, number / 10);
            return match number % 10 {
                0 => tens.to_owned(),
                unit => format!("{tens}-{}", entry(&SMALL, unit)),
            };
        }
        100..1_000 => (100, "hundred"),
        _ => SCALES
            .into_iter()
            .find(|(size, _)| number >= *size)
            .unwrap_or((1_000, "thousand")),
    };
    let head = cardinal(number / size);
    match number % size {
        0 => format!("{head} {name}"),
        rest => format!("{head} {name} {}", cardinal(rest)),
    }
}

fn entry(table: &[&'static str], index: u64) -> &'static str {
    usize::try_from(index)
        .ok()
        .and_then(|index| table.get(index).copied())
        .unwrap_or_default()
}

pub(in crate::spoken) fn ordinal(number: u64) -> String {
    let words = cardinal(number);
    let start = words.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, last) = words.split_at(start);
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        tens if tens.ends_with('y') => format!("{}ieth", &tens[..tens.len() - 1]),
        other => format!("{other}th"),
    };
    format!("{head}{last}")
}

/// "nineteen ninety-nine", "twenty twenty-six"; the first years of a thousand are plain numbers.
pub(in crate::spoken) fn year(number: u64) -> String {
    let (century, rest) = (number / 100, number % 100);
    if century % 10 == 0 && rest < 10 {
        return cardinal(number);
    }
    let head = cardinal(century);
    match rest {
        0 => format!("{head} hundred"),
        1..10 => format!("{head} oh {}", cardinal(rest)),
        _ => format!("{head} {}", cardinal(rest)),
    }
}
