use proptest::prelude::*;

use super::*;

const PLAIN: StreamDocument<'_> = StreamDocument {
    greeting: None,
    stream_url: "wss://voice.example.com/media-stream",
    action_url: "https://voice.example.com/twilio/resume",
    fallback_url: "https://voice.example.com/twilio/resume?lost=1&n=2",
    status_url: None,
    parameters: &[],
};

/// One element per line, so that a snapshot can be read.
fn lines(twiml: &Twiml) -> String {
    twiml.as_str().replace("><", ">\n<")
}

#[test]
fn a_stream_always_leads_back_to_us() {
    let document = StreamDocument {
        parameters: &[("t", "CA5a.acme.1.123.ff.tag"), ("tenant", "acme")],
        ..PLAIN
    };
    insta::assert_snapshot!(lines(&Twiml::stream(&document).unwrap()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    <Connect action="https://voice.example.com/twilio/resume" method="POST">
    <Stream url="wss://voice.example.com/media-stream">
    <Parameter name="t" value="CA5a.acme.1.123.ff.tag"/>
    <Parameter name="tenant" value="acme"/>
    </Stream>
    </Connect>
    <Redirect method="POST">https://voice.example.com/twilio/resume?lost=1&amp;n=2</Redirect>
    </Response>
    "#);
}

#[test]
fn a_greeting_comes_before_the_stream() {
    let language = "es-ES".parse().unwrap();
    let greeting = Say {
        line: "¡Hola!",
        voice: Some("Polly.Lucia"),
        language: Some(&language),
    };
    let document = StreamDocument {
        greeting: Some(greeting),
        status_url: Some("https://voice.example.com/twilio/stream-status"),
        ..PLAIN
    };
    insta::assert_snapshot!(lines(&Twiml::stream(&document).unwrap()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    <Say voice="Polly.Lucia" language="es-ES">¡Hola!</Say>
    <Connect action="https://voice.example.com/twilio/resume" method="POST">
    <Stream url="wss://voice.example.com/media-stream" statusCallback="https://voice.example.com/twilio/stream-status">
    </Stream>
    </Connect>
    <Redirect method="POST">https://voice.example.com/twilio/resume?lost=1&amp;n=2</Redirect>
    </Response>
    "#);
}

#[test]
fn markup_in_any_text_stays_text() {
    let hostile = "</Say><Dial>+1900</Dial>&\"'\0\u{1b}[31m\r\n\u{ffff}";
    let document = StreamDocument {
        greeting: Some(Say {
            line: hostile,
            voice: Some(hostile),
            language: None,
        }),
        action_url: hostile,
        fallback_url: hostile,
        status_url: Some(hostile),
        parameters: &[(hostile, hostile)],
        ..PLAIN
    };
    insta::assert_snapshot!(lines(&Twiml::stream(&document).unwrap()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    <Say voice="&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;&amp;&quot;&apos;[31m&#10;">&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;&amp;&quot;&apos;[31m
    </Say>
    <Connect action="&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;&amp;&quot;&apos;[31m&#10;" method="POST">
    <Stream url="wss://voice.example.com/media-stream" statusCallback="&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;&amp;&quot;&apos;[31m&#10;">
    <Parameter name="&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;&amp;&quot;&apos;[31m&#10;" value="&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;&amp;&quot;&apos;[31m&#10;"/>
    </Stream>
    </Connect>
    <Redirect method="POST">&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;&amp;&quot;&apos;[31m
    </Redirect>
    </Response>
    "#);
}

#[test]
fn a_call_is_ended_refused_or_passed_on() {
    let line = Say {
        line: "We are full. Goodbye.",
        voice: None,
        language: None,
    };
    let number = "+14155550123".parse().unwrap();
    let shown = "+14155550199".parse().unwrap();
    let dial = Dial {
        line: Some(line),
        number: &number,
        shown: Some(&shown),
        action_url: Some("/done?a=1&b=2"),
    };
    let bare = Dial {
        line: None,
        number: &number,
        shown: None,
        action_url: None,
    };
    let documents = [
        Twiml::say_and_hang_up(&line),
        Twiml::hang_up(),
        Twiml::reject(Rejection::Busy),
        Twiml::reject(Rejection::OutOfService),
        Twiml::dial(&dial),
        Twiml::dial(&bare),
        Twiml::redirect("https://voice.example.com/x?a=1&b=2"),
        Twiml::nothing(),
    ];
    let texts: Vec<_> = documents.iter().map(lines).collect();
    insta::assert_snapshot!(texts.join("\n\n"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    <Say>We are full. Goodbye.</Say>
    <Hangup/>
    </Response>

    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    <Hangup/>
    </Response>

    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    <Reject reason="busy"/>
    </Response>

    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    <Reject reason="rejected"/>
    </Response>

    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    <Say>We are full. Goodbye.</Say>
    <Dial callerId="+14155550199" action="/done?a=1&amp;b=2" method="POST">
    <Number>+14155550123</Number>
    </Dial>
    </Response>

    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    <Dial>
    <Number>+14155550123</Number>
    </Dial>
    </Response>

    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    <Redirect method="POST">https://voice.example.com/x?a=1&amp;b=2</Redirect>
    </Response>

    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
    </Response>
    "#);
}

#[test]
fn what_the_carrier_would_refuse_is_refused_here() {
    let refuse = |document: StreamDocument<'_>| Twiml::stream(&document).unwrap_err();
    for url in [
        "https://example.com/x",
        "wss://example.com/x?t=1",
        "wss://example.com/#a",
        "",
    ] {
        let document = StreamDocument {
            stream_url: url,
            ..PLAIN
        };
        assert_eq!(refuse(document), BadDocument::StreamUrl(url.to_owned()));
    }
    let fits = "é".repeat(498);
    assert!(
        Twiml::stream(&StreamDocument {
            parameters: &[("t", &fits)],
            ..PLAIN
        })
        .is_ok()
    );
    let long = "é".repeat(499);
    let document = StreamDocument {
        parameters: &[("t", &long)],
        ..PLAIN
    };
    assert_eq!(refuse(document), BadDocument::LongParameter("t".to_owned()));
}

#[test]
fn a_language_gets_its_region() {
    let regional = |tag: &str| regional(&tag.parse().unwrap()).map(|language| language.to_string());
    assert_eq!(regional("es").as_deref(), Some("es-ES"));
    assert_eq!(regional("es-MX").as_deref(), Some("es-MX"));
    assert_eq!(regional("en"), None, "it is the carrier's default");
    assert_eq!(regional("tlh"), None);
}

#[test]
fn a_long_line_is_cut_at_the_carriers_limit() {
    let line = "é".repeat(5000);
    let twiml = Twiml::say_and_hang_up(&Say {
        line: &line,
        voice: None,
        language: None,
    });
    assert_eq!(twiml.as_str().matches('é').count(), 4096);
}

proptest! {
    #[test]
    fn any_text_leaves_the_document_whole(text in any::<String>()) {
        let twiml = Twiml::say_and_hang_up(&Say { line: &text, voice: Some(&text), language: None });
        let mut reader = quick_xml::Reader::from_str(twiml.as_str());
        let mut names = Vec::new();
        loop {
            let event = reader.read_event().expect("well-formed");
            if let Event::Start(element) | Event::Empty(element) = &event {
                prop_assert!(element.attributes().count() < 2);
                names.push(element.name().as_ref().to_owned());
            }
            if matches!(event, Event::Eof) {
                break;
            }
        }
        prop_assert_eq!(names, ["Response", "Say", "Hangup"]);
    }
}
