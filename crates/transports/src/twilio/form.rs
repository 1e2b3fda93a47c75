//! Form bodies (`application/x-www-form-urlencoded`), decoded strictly.

/// Why a body is not a form.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadForm {
    /// `%` stands before two hexadecimal digits and nothing else.
    #[error("byte {at} of the form is a `%` without two hexadecimal digits")]
    Escape {
        /// Where in the body.
        at: usize,
    },
    /// Names and values are UTF-8 once decoded.
    #[error("field {field} of the form is not UTF-8")]
    Encoding {
        /// Which field, counted from 1.
        field: usize,
    },
    /// More fields than any carrier sends.
    #[error("the form has more than {} fields", Form::MAX_FIELDS)]
    TooManyFields,
}

/// The fields of a form as decoded text, in order of arrival.
///
/// A repeated name has one reading, its first value; a signature covers them all. Values are
/// what callers say: they stay out of `Debug`.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// Twilio sends about forty.
    const MAX_FIELDS: usize = 500;

    /// Decodes a body. Empty pairs (`a=1&&b=2`) are skipped, as every sender's library does.
    ///
    /// # Errors
    /// When an escape is broken, a text is not UTF-8, or there are too many fields.
    pub fn parse(body: &[u8]) -> Result<Self, BadForm> {
        let mut fields = Vec::new();
        let mut at = 0;
        for pair in body.split(|byte| *byte == b'&') {
            if !pair.is_empty() {
                if fields.len() == Self::MAX_FIELDS {
                    return Err(BadForm::TooManyFields);
                }
                fields.push(decode_pair(pair, at, fields.len() + 1)?);
            }
            at += pair.len() + 1;
        }
        Ok(Self { fields })
    }

    /// The value of a field: the first one if it is repeated.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields()
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// All fields in order of arrival, repeated ones included.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.fields.iter().map(|(name, _value)| name))
            .finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Form {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self { fields }
    }
}

fn decode_pair(pair: &[u8], at: usize, field: usize) -> Result<(String, String), BadForm> {
    let equals = pair
        .iter()
        .position(|byte| *byte == b'=')
        .unwrap_or(pair.len());
    let value = pair.get(equals + 1..).unwrap_or_default();
    Ok((
        decode(&pair[..equals], at, field)?,
        decode(value, at + equals + 1, field)?,
    ))
}

fn decode(text: &[u8], at: usize, field: usize) -> Result<String, BadForm> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut index = 0;
    while let Some(&byte) = text.get(index) {
        match byte {
            b'%' => {
                let byte = hex_pair(text.get(index + 1..index + 3));
                decoded.push(byte.ok_or(BadForm::Escape { at: at + index })?);
                index += 2;
            }
            b'+' => decoded.push(b' '),
            _ => decoded.push(byte),
        }
        index += 1;
    }
    String::from_utf8(decoded).map_err(|_not_utf8| BadForm::Encoding { field })
}

fn hex_pair(digits: Option<&[u8]>) -> Option<u8> {
    let [high, low] = *digits? else { return None };
    let value = char::from(high).to_digit(16)? << 4 | char::from(low).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_and_blanks_are_decoded() {
        let form = Form::parse(b"From=%2B14155550100&Name=Zo%C3%AB+%26+Co.&Empty=&Bare").unwrap();
        let fields: Vec<_> = form.fields().collect();
        assert_eq!(
            fields,
            [
                ("From", "+14155550100"),
                ("Name", "Zoë & Co."),
                ("Empty", ""),
                ("Bare", "")
            ]
        );
    }

    #[test]
    fn a_repeated_field_has_one_reading() {
        let form = Form::parse(b"To=first&To=second").unwrap();
        assert_eq!(form.get("To"), Some("first"));
        assert_eq!(form.fields().count(), 2, "a signature covers both");
    }

    #[test]
    fn bad_encoding_is_refused_with_its_place() {
        for (body, why) in [
            (&b"a=1&b=%4"[..], BadForm::Escape { at: 6 }),
            (b"a=%zz", BadForm::Escape { at: 2 }),
            (b"%", BadForm::Escape { at: 0 }),
            (b"a=%+1", BadForm::Escape { at: 2 }),
            (b"a=1&b=%ff", BadForm::Encoding { field: 2 }),
            (b"a=\xc3", BadForm::Encoding { field: 1 }),
        ] {
            assert_eq!(Form::parse(body), Err(why), "{body:?}");
        }
        assert_eq!(Form::parse(&b"a&".repeat(501)), Err(BadForm::TooManyFields));
    }

    #[test]
    fn values_stay_out_of_logs() {
        let form = Form::parse(b"SpeechResult=my+secret").unwrap();
        assert_eq!(format!("{form:?}"), r#"["SpeechResult"]"#);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Form::parse(&body);
        }
    }
}
