//! The tool behind the demo's desk.

/// Books a table: the answer of the tool `book_table` of the embedded script.
///
/// There is no restaurant. The reference, three digits, follows from the arguments, so that a
/// simulated call gives the same record every time.
#[must_use]
pub fn book_table(arguments: &str) -> String {
    let mixed = arguments
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
    format!("{{\"reference\":\"{}\"}}", 100 + mixed % 900)
}

/// JSON Schema of the arguments of `book_table`, for agents that offer it to a model.
pub const BOOK_TABLE_PARAMETERS: &str = r#"{"type":"object","properties":{"party":{"type":"string","description":"how many people"},"day":{"type":"string"},"time":{"type":"string","description":"24-hour time such as 19:00"},"name":{"type":"string"}},"required":["party","day","time"]}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_booking_has_the_same_reference() {
        let answer = book_table(r#"{"party":"4"}"#);
        assert_eq!(answer, book_table(r#"{"party":"4"}"#));
        assert_ne!(answer, book_table(r#"{"party":"5"}"#));
        let read: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(read["reference"].as_str().map(str::len), Some(3));
        let schema: serde_json::Value = serde_json::from_str(BOOK_TABLE_PARAMETERS).expect("JSON");
        assert_eq!(schema["type"], "object");
    }
}
