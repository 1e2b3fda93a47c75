use super::check;

#[test]
fn plain_words_stay_as_they_are() {
    check(
        "en",
        &[
            ("Sure, I can do that.", "Sure, I can do that."),
            (
                "It's fine — really! \"Yes\"?",
                "It's fine — really! \"Yes\"?",
            ),
            ("Well… let me see (please).", "Well… let me see (please)."),
            ("A co-worker of NASA", "A co-worker of NASA"),
        ],
    );
}

#[test]
fn numbers_are_said_in_words() {
    check(
        "en",
        &[
            ("We have 3 tables.", "We have three tables."),
            ("21 people", "twenty-one people"),
            ("Room 204", "Room two hundred four"),
            ("1,299 items", "one thousand two hundred ninety-nine items"),
            (
                "1,250,000 users",
                "one million two hundred fifty thousand users",
            ),
            ("It is 3.5 out of 5.", "It is three point five out of five."),
            ("about 3.14", "about three point one four"),
            ("It is -5 outside.", "It is minus five outside."),
            ("15000 people", "fifteen thousand people"),
            ("0 left", "zero left"),
            (
                "the 1st, 2nd and 23rd",
                "the first, second and twenty-third",
            ),
            ("the 12th floor", "the twelfth floor"),
            ("since 1999", "since nineteen ninety-nine"),
            (
                "in 2026, in 2005, in 1905",
                "in twenty twenty-six, in two thousand five, in nineteen oh five",
            ),
            ("10-12 days", "ten to twelve days"),
            ("1/2 a cup, 3/4 full", "one half a cup, three quarters full"),
            ("open 24/7", "open twenty-four seven"),
            ("about 10k visits", "about ten thousand visits"),
            ("5 million people", "five million people"),
            ("version 1.2.3", "version one dot two dot three"),
            ("a 15-minute call", "a fifteen-minute call"),
            (
                "the 1990s and the '80s",
                "the nineteen nineties and the 'eighties",
            ),
            (
                "add 1 1/2 cups, 2½ spoons",
                "add one and one half cups, two and one half spoons",
            ),
            ("a 50/50 chance", "a fifty fifty chance"),
        ],
    );
}

#[test]
fn money_is_said_with_its_cents() {
    check(
        "en",
        &[
            (
                "It costs $12.50.",
                "It costs twelve dollars and fifty cents.",
            ),
            ("$1", "one dollar"),
            ("$0.99", "ninety-nine cents"),
            ("$5.01", "five dollars and one cent"),
            (
                "$1,299.50 per month",
                "one thousand two hundred ninety-nine dollars and fifty cents per month",
            ),
            ("That is $40.00 today", "That is forty dollars today"),
            ("-$5", "minus five dollars"),
            ("£3.20 or €4", "three pounds and twenty pence or four euros"),
            ("$1.5 million", "one point five million dollars"),
            ("$20k", "twenty thousand dollars"),
            ("US$ 300", "three hundred dollars"),
            ("12 USD", "twelve dollars"),
            ("$12 USD", "twelve dollars"),
            ("$99/night", "ninety-nine dollars per night"),
            ("$10-$20", "ten dollars to twenty dollars"),
            ("12.50 euros", "twelve euros and fifty cents"),
            ("$50/mo", "fifty dollars per month"),
        ],
    );
}

#[test]
fn percentages_and_units_are_said() {
    check(
        "en",
        &[
            ("a 15% discount", "a fifteen percent discount"),
            ("99.9 % uptime", "ninety-nine point nine percent uptime"),
            ("5 km away", "five kilometers away"),
            ("1 kg of it", "one kilogram of it"),
            ("20°C", "twenty degrees Celsius"),
            ("70 m²", "seventy square meters"),
            ("120 km/h", "one hundred twenty kilometers per hour"),
            ("a 16GB drive", "a sixteen gigabytes drive"),
            ("30 min.", "thirty minutes."),
            ("open 24h", "open twenty-four hours"),
        ],
    );
}

#[test]
fn dates_are_said_in_the_order_of_the_region() {
    check(
        "en-US",
        &[
            ("on 2026-05-03", "on May third, twenty twenty-six"),
            ("on 3/5/2026", "on March fifth, twenty twenty-six"),
            (
                "on 25/12/2026",
                "on December twenty-fifth, twenty twenty-six",
            ),
            ("on 3.5.2026", "on May third, twenty twenty-six"),
            ("on 3/5/26.", "on March fifth, twenty twenty-six."),
            ("on May 3", "on May third"),
            (
                "on May 3, 2026 at noon",
                "on May third, twenty twenty-six at noon",
            ),
            ("Jan. 21st", "January twenty-first"),
            ("May 3-5", "May third to fifth"),
            ("on 3 May 2026", "on the third of May, twenty twenty-six"),
            ("the 3rd of May", "the third of May"),
            ("you may 3 times", "you may three times"),
            ("ships on 11/30.", "ships on November thirtieth."),
            ("12/27 is odd", "twelve slash twenty-seven is odd"),
        ],
    );
    check(
        "en-GB",
        &[("on 3/5/2026", "on May third, twenty twenty-six")],
    );
}

#[test]
fn times_are_said() {
    check(
        "en",
        &[
            ("at 14:30", "at fourteen thirty"),
            ("at 2:30 pm", "at two thirty p.m."),
            ("at 2:30 p.m. today", "at two thirty p.m. today"),
            ("at 9:00.", "at nine o'clock."),
            ("at 9:00 AM", "at nine a.m."),
            ("at 9:05", "at nine oh five"),
            ("at 2pm", "at two p.m."),
            ("We close at 5 p.m.", "We close at five p.m."),
            ("9:00-17:30", "nine o'clock to seventeen thirty"),
            ("at 0:00", "at midnight"),
            ("between 9am-5pm.", "between nine a.m. to five p.m."),
            ("5-7 pm", "five to seven p.m."),
        ],
    );
}

#[test]
fn telephone_numbers_and_codes_are_said_digit_by_digit() {
    check(
        "en",
        &[
            (
                "Call 555-123-4567.",
                "Call five five five, one two three, four five six seven.",
            ),
            (
                "Call (555) 123-4567",
                "Call five five five, one two three, four five six seven",
            ),
            (
                "+1 555 123 4567",
                "plus one, five five five, one two three, four five six seven",
            ),
            ("555-1234", "five five five, one two three four"),
            ("612345678", "six one two, three four five, six seven eight"),
            ("zip 90210", "zip nine zero two one zero"),
            ("Your code is 4711.", "Your code is four seven one one."),
            (
                "the card ending in 1234",
                "the card ending in one two three four",
            ),
            ("booking A1B2", "booking A one B two"),
            ("order XJ-4471", "order X J, four four seven one"),
            ("an MP3 player", "an M P three player"),
            ("COVID-19", "COVID nineteen"),
            ("code 007", "code zero zero seven"),
            ("2024-2025", "twenty twenty-four to twenty twenty-five"),
            ("press #, then *.", "press pound, then star."),
            ("ticket #5", "ticket number five"),
            (
                "card 4111 1111 1111 1111",
                "card four one one one, one one one one, one one one one, one one one one",
            ),
            (
                "978-3-16-148410-0",
                "nine seven eight, three, one six, one four eight four one zero, zero",
            ),
            (
                "Flight BA2490, gate B12",
                "Flight B A two four nine zero, gate B one two",
            ),
        ],
    );
}

#[test]
fn addresses_are_spelled_as_people_say_them() {
    check(
        "en",
        &[
            (
                "Write to ana@example.com.",
                "Write to ana at example dot com.",
            ),
            (
                "j.doe_2@mail.co.uk",
                "j dot doe underscore two at mail dot co dot U K",
            ),
            (
                "Go to https://www.example.com/help.",
                "Go to example dot com slash help.",
            ),
            ("See example.org, please", "See example dot org, please"),
            ("Done.Next", "Done.Next"),
        ],
    );
}

#[test]
fn short_forms_are_said_in_full() {
    check(
        "en",
        &[
            ("Dr. Smith", "Doctor Smith"),
            ("12 Oak Dr. is near", "twelve Oak Drive is near"),
            ("Mr. and Mrs. Jones", "Mr. and Missus Jones"),
            ("St. John", "Saint John"),
            ("on Main St.", "on Main Street."),
            ("45 Main St. Suite", "forty-five Main Street Suite"),
            ("No. 5", "number five"),
            ("No. We are closed.", "No. We are closed."),
            ("pets, e.g. dogs", "pets, for example dogs"),
            ("cats, dogs, etc.", "cats, dogs, et cetera."),
            ("Rock & roll", "Rock and roll"),
            ("2 + 2 = 4", "two plus two equals four"),
            ("his/her and/or TCP/IP", "his or her and/or TCP/IP"),
        ],
    );
}

#[test]
fn what_is_for_the_eye_is_left_out() {
    check(
        "en",
        &[
            ("**Great** 😀! See `this`.", "Great! See this."),
            ("## Our menu\nSoup", "Our menu. Soup"),
            ("- Two eggs\n- Some milk", "Two eggs. Some milk."),
            ("1. Cheese\n2. Ham", "one. Cheese. two. Ham."),
            ("See [our site](https://x.com/a_b).", "See our site."),
            (
                "| Day | Open |\n|---|---|\n| Mon | 9:00 |",
                "Day, Open. Mon, nine o'clock.",
            ),
            ("```\nlet x\n```", "let x"),
            ("_Really_ user_name ~~old~~", "Really user name old"),
            ("Line one\nline two", "Line one. line two"),
            ("a <b>bold</b> word", "a bold word"),
            ("  spaced   out  ", "spaced out"),
            ("* one\n* two:", "one. two:"),
            ("***", ""),
            ("1) Red\n2) Blue", "one. Red. two. Blue."),
        ],
    );
}
