//! Whether a request or a handshake really comes from Twilio: `X-Twilio-Signature`.

use std::collections::{BTreeMap, BTreeSet};

use ring::{digest, hmac};

use super::{form::Form, public_url::without_port};

/// The request header that carries the signature.
pub const HEADER: &str = "x-twilio-signature";

/// The auth token of an account: the key of its signatures.
#[derive(Clone)]
pub struct AuthToken(hmac::Key);

/// An empty token would let anybody sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the auth token is empty")]
pub struct EmptyToken;

/// Why a request is not taken for Twilio's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The body is not the one whose hash was signed.
    #[error("the body does not match the signed bodySHA256")]
    BodyChanged,
    /// A body that is not a form is signed by its hash in the query.
    #[error("the query has no bodySHA256 for a body that is not a form")]
    NoBodyHash,
    /// There is no signature at all.
    #[error("the request has no signature")]
    NoSignature,
    /// No token is configured, so nothing can be checked.
    #[error("no auth token is configured to check signatures with")]
    NoToken,
    /// Signed with another token, for another URL, or for other fields.
    #[error("the signature does not match")]
    WrongSignature,
}

/// What else of a request is signed beside its URL.
#[derive(Clone, Copy, Debug)]
pub enum Signed<'a> {
    /// Nothing: a GET, or the handshake of a WebSocket.
    UrlOnly,
    /// A POST of a form: all its fields.
    Form(&'a Form),
    /// A POST of anything else: the raw body, by its hash in the URL's query.
    Body(&'a [u8]),
}

impl AuthToken {
    /// Takes the token as it stands in Twilio's console.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(token: &str) -> Result<Self, EmptyToken> {
        let token = token.trim();
        if token.is_empty() {
            return Err(EmptyToken);
        }
        Ok(Self(hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            token.as_bytes(),
        )))
    }
}

impl std::fmt::Debug for AuthToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthToken(…)")
    }
}

/// Checks a signature against every token (two during a rotation) and every URL that Twilio may
/// have meant: as given, without a port, and with the default port.
///
/// # Errors
/// When no combination matches. The answer is 403, whatever the reason.
pub fn verify(
    tokens: &[AuthToken],
    urls: &[String],
    signed: Signed<'_>,
    signature: Option<&str>,
) -> Result<(), Refused> {
    if tokens.is_empty() {
        return Err(Refused::NoToken);
    }
    let signature = signature.ok_or(Refused::NoSignature)?;
    let tag = base64_simd::STANDARD
        .decode_to_vec(signature)
        .map_err(|_not_base64| Refused::WrongSignature)?;
    let fields = signed_fields(signed);
    let urls = || urls.iter().flat_map(|url| spellings(url));
    let authentic = urls().any(|url| {
        let text = url + &fields;
        tokens
            .iter()
            .any(|token| hmac::verify(&token.0, text.as_bytes(), &tag).is_ok())
    });
    if !authentic {
        return Err(Refused::WrongSignature);
    }
    match signed {
        Signed::Body(body) => check_body(urls().next().as_deref().unwrap_or_default(), body),
        Signed::Form(_) | Signed::UrlOnly => Ok(()),
    }
}

/// Signs a request as Twilio does: for tests and for the simulated carrier.
#[must_use]
pub fn sign(token: &AuthToken, url: &str, signed: Signed<'_>) -> String {
    let text = url.to_owned() + &signed_fields(signed);
    base64_simd::STANDARD.encode_to_string(hmac::sign(&token.0, text.as_bytes()))
}

/// The hash of a body as it stands in the query: `bodySHA256=<this>`.
#[must_use]
pub fn body_hash(body: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, body);
    hash.as_ref()
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
            text
        })
}

/// Name and value of every field, by name in byte order; of a repeated name the distinct values
/// in byte order.
fn signed_fields(signed: Signed<'_>) -> String {
    let Signed::Form(form) = signed else {
        return String::new();
    };
    let mut fields: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in form.fields() {
        fields.entry(name).or_default().insert(value);
    }
    let mut text = String::new();
    for (name, values) in fields {
        for value in values {
            text.push_str(name);
            text.push_str(value);
        }
    }
    text
}

/// Twilio signs some products with the port and some without; its own libraries are of two minds
/// about user info and about the quote in a query. Each way of writing still is the same URL.
fn spellings(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return vec![url.to_owned()];
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let secure = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss");
    let name = without_port(host);
    let other_port = if name == host {
        format!("{name}:{}", if secure { 443 } else { 80 })
    } else {
        name.to_owned()
    };
    let users: &[&str] = if user.is_empty() { &[""] } else { &["", user] };
    let mut spellings = Vec::with_capacity(2);
    for user in users {
        for host in [host, &other_port] {
            spellings.push(format!("{scheme}://{user}{host}{path}"));
        }
    }
    let quoted: Vec<_> = spellings
        .iter()
        .filter_map(|url| other_quote(url))
        .collect();
    spellings.extend(quoted);
    spellings
}

fn other_quote(url: &str) -> Option<String> {
    let (path, query) = url.split_once('?')?;
    let other = match (query.contains('\''), query.contains("%27")) {
        (true, _) => query.replace('\'', "%27"),
        (false, true) => query.replace("%27", "'"),
        (false, false) => return None,
    };
    Some(format!("{path}?{other}"))
}

/// The signature covers the hash, so the hash must cover the body.
fn check_body(url: &str, body: &[u8]) -> Result<(), Refused> {
    let query = url.split_once('?').map_or("", |(_path, query)| query);
    let hash = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("bodySHA256="))
        .ok_or(Refused::NoBodyHash)?;
    if hash.eq_ignore_ascii_case(&body_hash(body)) {
        Ok(())
    } else {
        Err(Refused::BodyChanged)
    }
}

#[cfg(test)]
mod tests;
