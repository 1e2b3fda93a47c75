//! The media token: proof, in a stream's `start`, that our own document opened it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use domain::{CarrierCallId, TenantId, UnixMillis};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};

/// What a token allows: one stream, for this call, in this life of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The carrier's id of the call.
    pub call: CarrierCallId,
    /// Whose call it is.
    pub tenant: TenantId,
    /// Which of the call's streams: a later one outranks an earlier one.
    pub epoch: u32,
}

/// Why a token opens nothing. The socket is closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenRefused {
    /// It was ours, but too long ago.
    #[error("the media token has expired")]
    Expired,
    /// We never wrote it.
    #[error("the media token is not ours")]
    Forged,
    /// The stream has none.
    #[error("the stream has no media token")]
    NoToken,
    /// It was written for another call.
    #[error("the media token belongs to another call")]
    OtherCall,
    /// It opened a stream before.
    #[error("the media token was used before")]
    Reused,
    /// More streams open than can be remembered; a token that may be a repetition is none.
    #[error("too many media tokens were used within their lifetime")]
    TooMany,
}

/// Writes and redeems tokens. Each is good for one stream within a minute.
pub struct MediaTokens {
    key: hmac::Key,
    random: SystemRandom,
    used: Mutex<BTreeSet<(i64, String)>>,
}

impl MediaTokens {
    /// How long a token can be redeemed, in milliseconds.
    pub const LIFETIME_MS: i64 = 60_000;
    /// Used tokens are remembered until they expire: a thousand calls a second fit.
    const MAX_USED: usize = 65_536;

    /// Tokens under a key that all nodes share, of 32 bytes or more.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
            random: SystemRandom::new(),
            used: Mutex::default(),
        }
    }

    /// Tokens under a key that dies with the process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::new(&random_bytes::<32>(&SystemRandom::new()))
    }

    /// Writes a token, fit for a stream's parameter.
    #[must_use]
    pub fn issue(&self, grant: &Grant, now: UnixMillis) -> String {
        let expires = now.0.saturating_add(Self::LIFETIME_MS);
        let nonce = url_safe(&random_bytes::<16>(&self.random));
        let Grant {
            call,
            tenant,
            epoch,
        } = grant;
        let claim = format!("{call}.{tenant}.{epoch}.{expires}.{nonce}");
        let tag = url_safe(hmac::sign(&self.key, claim.as_bytes()).as_ref());
        format!("{claim}.{tag}")
    }

    /// Redeems the token of a stream that was opened for `call`.
    ///
    /// # Errors
    /// When it is missing, not ours, not for this call, too old, or used before.
    pub fn redeem(
        &self,
        token: Option<&str>,
        call: &CarrierCallId,
        now: UnixMillis,
    ) -> Result<Grant, TokenRefused> {
        let token = token
            .filter(|token| !token.is_empty())
            .ok_or(TokenRefused::NoToken)?;
        let (claim, tag) = token.rsplit_once('.').ok_or(TokenRefused::Forged)?;
        let tag = base64_simd::URL_SAFE_NO_PAD
            .decode_to_vec(tag)
            .map_err(|_not_base64| TokenRefused::Forged)?;
        hmac::verify(&self.key, claim.as_bytes(), &tag).map_err(|_| TokenRefused::Forged)?;
        let claim = Claim::read(claim).ok_or(TokenRefused::Forged)?;
        if claim.grant.call != *call {
            return Err(TokenRefused::OtherCall);
        }
        if claim.expires <= now.0 {
            return Err(TokenRefused::Expired);
        }
        self.use_up(claim.expires, claim.nonce, now)?;
        Ok(claim.grant)
    }

    fn use_up(&self, expires: i64, nonce: String, now: UnixMillis) -> Result<(), TokenRefused> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while used
            .first()
            .is_some_and(|(expires, _nonce)| *expires <= now.0)
        {
            used.pop_first();
        }
        if used.len() >= Self::MAX_USED {
            return Err(TokenRefused::TooMany);
        }
        if used.insert((expires, nonce)) {
            Ok(())
        } else {
            Err(TokenRefused::Reused)
        }
    }
}

impl std::fmt::Debug for MediaTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MediaTokens(…)")
    }
}

/// What a token says, once its tag proved it ours.
struct Claim {
    grant: Grant,
    expires: i64,
    nonce: String,
}

impl Claim {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let call = parts.next()?.parse().ok()?;
        let tenant = parts.next()?.parse().ok()?;
        let epoch = parts.next()?.parse().ok()?;
        let expires = parts.next()?.parse().ok()?;
        let nonce = parts.next()?.to_owned();
        Some(Self {
            grant: Grant {
                call,
                tenant,
                epoch,
            },
            expires,
            nonce,
        })
    }
}

fn random_bytes<const N: usize>(random: &SystemRandom) -> [u8; N] {
    let mut bytes = [0; N];
    random
        .fill(&mut bytes)
        .expect("the operating system always has random bytes once it is up");
    bytes
}

fn url_safe(bytes: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

    fn call(text: &str) -> CarrierCallId {
        text.parse().expect("an id")
    }

    fn grant() -> Grant {
        Grant {
            call: call("CA5a"),
            tenant: "acme".parse().expect("a name"),
            epoch: 3,
        }
    }

    fn later(ms: i64) -> UnixMillis {
        UnixMillis(NOW.0 + ms)
    }

    #[test]
    fn a_token_opens_one_stream_of_its_call() {
        let tokens = MediaTokens::of_this_process();
        let token = tokens.issue(&grant(), NOW);
        assert_eq!(
            tokens.redeem(Some(&token), &call("CA5a"), later(59_999)),
            Ok(grant())
        );
        let again = tokens.redeem(Some(&token), &call("CA5a"), later(59_999));
        assert_eq!(again, Err(TokenRefused::Reused));
    }

    #[test]
    fn every_other_token_is_refused() {
        let tokens = MediaTokens::new(b"our key");
        let token = tokens.issue(&grant(), NOW);
        let foreign = MediaTokens::new(b"their key").issue(&grant(), NOW);
        let promoted = token.replacen(".3.", ".4.", 1);
        let (claim, _tag) = token.rsplit_once('.').expect("has a tag");
        let untagged = format!("{claim}.");
        for (what, token, at, call_sid, why) in [
            ("missing", None, 0, "CA5a", TokenRefused::NoToken),
            ("empty", Some(""), 0, "CA5a", TokenRefused::NoToken),
            ("nonsense", Some("é.é"), 0, "CA5a", TokenRefused::Forged),
            (
                "another server's",
                Some(&*foreign),
                0,
                "CA5a",
                TokenRefused::Forged,
            ),
            (
                "a changed epoch",
                Some(&*promoted),
                0,
                "CA5a",
                TokenRefused::Forged,
            ),
            (
                "without its tag",
                Some(&*untagged),
                0,
                "CA5a",
                TokenRefused::Forged,
            ),
            ("late", Some(&*token), 60_000, "CA5a", TokenRefused::Expired),
            (
                "another call's",
                Some(&*token),
                0,
                "CA5b",
                TokenRefused::OtherCall,
            ),
        ] {
            assert_eq!(
                tokens.redeem(token, &call(call_sid), later(at)),
                Err(why),
                "{what}"
            );
        }
    }

    #[test]
    fn a_refusal_uses_nothing_up() {
        let tokens = MediaTokens::of_this_process();
        let token = tokens.issue(&grant(), NOW);
        let refused = tokens.redeem(Some(&token), &call("CA5b"), NOW);
        assert_eq!(refused, Err(TokenRefused::OtherCall));
        assert_eq!(tokens.redeem(Some(&token), &call("CA5a"), NOW), Ok(grant()));
    }

    #[test]
    fn used_tokens_are_forgotten_when_they_expire() {
        let tokens = MediaTokens::of_this_process();
        for second in 0..200 {
            let now = later(second * 1_000);
            let token = tokens.issue(&grant(), now);
            assert_eq!(tokens.redeem(Some(&token), &call("CA5a"), now), Ok(grant()));
        }
        assert_eq!(tokens.used.lock().expect("not poisoned").len(), 60);
    }

    #[test]
    fn a_full_memory_refuses() {
        let tokens = MediaTokens::of_this_process();
        *tokens.used.lock().expect("not poisoned") = (0i64..65_536)
            .map(|n| (NOW.0 + 1 + n, String::new()))
            .collect();
        let token = tokens.issue(&grant(), NOW);
        assert_eq!(
            tokens.redeem(Some(&token), &call("CA5a"), NOW),
            Err(TokenRefused::TooMany)
        );
    }

    #[test]
    fn a_token_fits_into_a_parameter() {
        let long = Grant {
            call: call(&"C".repeat(64)),
            tenant: "t".repeat(64).parse().expect("a name"),
            epoch: u32::MAX,
        };
        let token = MediaTokens::of_this_process().issue(&long, NOW);
        assert!(token.len() < 300, "{}", token.len());
        assert!(
            token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        );
    }

    proptest! {
        #[test]
        fn any_text_is_refused(token in any::<String>()) {
            let tokens = MediaTokens::new(b"our key");
            prop_assert!(tokens.redeem(Some(&token), &call("CA5a"), NOW).is_err());
        }
    }
}
