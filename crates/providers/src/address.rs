use std::fmt::Write as _;

/// An address being written: segments and parameters are escaped, so any text may stand in them.
pub(crate) struct Address {
    text: String,
    has_query: bool,
}

impl Address {
    /// Begins with what needs no escaping.
    pub(crate) const fn new(base: String) -> Self {
        Self {
            text: base,
            has_query: false,
        }
    }

    /// Adds a path segment.
    pub(crate) fn segment(mut self, segment: &str) -> Self {
        self.text.push('/');
        self.escaped(segment);
        self
    }

    /// Adds a parameter of the query. Several may have the same name.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        self.escaped(value);
        self
    }

    /// The whole address.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn escaped(&mut self, text: &str) {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                self.text.push(char::from(byte));
            } else {
                write!(self.text, "%{byte:02X}").expect("a String takes everything");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_may_stand_in_an_address() {
        let address = Address::new("ws://h/v1".into())
            .segment("a/../b")
            .segment("stream")
            .with("keyterm", "Lucía & co")
            .with("keyterm", "b=c")
            .finish();
        assert_eq!(
            address,
            "ws://h/v1/a%2F..%2Fb/stream?keyterm=Luc%C3%ADa%20%26%20co&keyterm=b%3Dc"
        );
    }
}
