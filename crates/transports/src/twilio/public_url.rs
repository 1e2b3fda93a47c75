//! The address under which Twilio knows us, which is not the one our own socket sees.

use std::net::IpAddr;

/// Why a text is not a public base URL.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPublicUrl {
    /// A query or fragment cannot be a base of anything.
    #[error("a public URL ends with its path: no `?` and no `#`")]
    Ending,
    /// The host is empty or holds characters that no host has.
    #[error("`{0}` is not a host name with an optional port")]
    Host(String),
    /// Twilio opens media streams over TLS only.
    #[error("`http://{0}` is not reachable for a media stream: use `https://`")]
    PlainHttp(String),
    /// Something else than `https://…`.
    #[error("a public URL begins with `https://` (or `http://` for this machine alone)")]
    Scheme,
}

/// What a URL is for: the two are signed alike but for their scheme.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// `https://…`, for webhooks.
    Webhook,
    /// `wss://…`, for the media socket.
    Socket,
}

/// The public base URL: configured, or taken from a request's `Host` where nothing is.
#[derive(Clone, Eq, PartialEq)]
pub struct PublicUrl {
    scheme: Schemes,
    /// `user:password@`, or nothing.
    user: String,
    host: String,
    prefix: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Schemes {
    Secure,
    Plain,
    /// A loopback host that nobody configured: a proxy with TLS in front, or none.
    SecureOrPlain,
}

impl PublicUrl {
    /// Reads a configured base such as `https://voice.example.com/prefix`.
    ///
    /// Letter case is kept because Twilio signs what was typed. User and password count for
    /// signatures alone and are written nowhere.
    ///
    /// # Errors
    /// When it is not a base URL, or is plain HTTP to somewhere else than this machine or network.
    pub fn parse(text: &str) -> Result<Self, BadPublicUrl> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(BadPublicUrl::Scheme)?;
        if rest.contains(['?', '#']) {
            return Err(BadPublicUrl::Ending);
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        check_host(host)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Schemes::Secure,
            "http" if is_near(host) => Schemes::Plain,
            "http" => return Err(BadPublicUrl::PlainHttp(host.to_owned())),
            _ => return Err(BadPublicUrl::Scheme),
        };
        let prefix = path.trim_end_matches('/').to_owned();
        Ok(Self {
            scheme,
            user: user.to_owned(),
            host: host.to_owned(),
            prefix,
        })
    }

    /// Takes a request's `Host` for the public one. Anybody can send any: only for a server
    /// without a configured base.
    ///
    /// # Errors
    /// When it is not a host.
    pub fn from_host(host: &str) -> Result<Self, BadPublicUrl> {
        check_host(host)?;
        let scheme = if is_loopback(host) {
            Schemes::SecureOrPlain
        } else {
            Schemes::Secure
        };
        Ok(Self {
            scheme,
            user: String::new(),
            host: host.to_owned(),
            prefix: String::new(),
        })
    }

    /// The URL of one of our paths, to be written into a document.
    #[must_use]
    pub fn url(&self, reach: Reach, path: &str) -> String {
        let secure = !matches!(self.scheme, Schemes::Plain);
        format!(
            "{}://{}{}{path}",
            scheme(reach, secure),
            self.host,
            self.prefix
        )
    }

    /// The URLs under which Twilio may have asked for this request line, likeliest first.
    ///
    /// `path_and_query` is the raw request target. A proxy may have stripped the prefix, or not.
    #[must_use]
    pub fn candidates(&self, reach: Reach, path_and_query: &str) -> Vec<String> {
        let kept = path_and_query
            .strip_prefix(self.prefix.as_str())
            .is_some_and(|rest| !self.prefix.is_empty() && rest.starts_with(['/', '?']));
        let prefixes: &[&str] = if kept {
            &[&self.prefix, ""]
        } else {
            &[&self.prefix]
        };
        let security: &[bool] = match self.scheme {
            Schemes::Secure => &[true],
            Schemes::Plain => &[false],
            Schemes::SecureOrPlain => &[true, false],
        };
        let mut urls = Vec::with_capacity(prefixes.len() * security.len());
        for &secure in security {
            for prefix in prefixes {
                let scheme = scheme(reach, secure);
                let Self { user, host, .. } = self;
                urls.push(format!("{scheme}://{user}{host}{prefix}{path_and_query}"));
            }
        }
        urls
    }
}

impl std::fmt::Debug for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.url(Reach::Webhook, ""))
    }
}

fn scheme(reach: Reach, secure: bool) -> &'static str {
    match (reach, secure) {
        (Reach::Webhook, true) => "https",
        (Reach::Webhook, false) => "http",
        (Reach::Socket, true) => "wss",
        (Reach::Socket, false) => "ws",
    }
}

fn check_host(host: &str) -> Result<(), BadPublicUrl> {
    let name = without_port(host);
    let port_fits = host[name.len()..]
        .strip_prefix(':')
        .is_none_or(|port| port.parse::<u16>().is_ok());
    let name_fits = match name.strip_prefix('[') {
        Some(address) => address
            .strip_suffix(']')
            .is_some_and(|it| it.parse::<IpAddr>().is_ok()),
        None => name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    };
    if !name.is_empty() && name.len() <= 255 && port_fits && name_fits {
        Ok(())
    } else {
        Err(BadPublicUrl::Host(host.chars().take(300).collect()))
    }
}

/// The host without `:port`. The colons of an IPv6 address stand within brackets.
pub(super) fn without_port(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => &host[..colon],
        Some(_) | None => host,
    }
}

fn address(host: &str) -> Option<IpAddr> {
    without_port(host).trim_matches(['[', ']']).parse().ok()
}

fn is_loopback(host: &str) -> bool {
    without_port(host).eq_ignore_ascii_case("localhost")
        || address(host).is_some_and(|address| address.is_loopback())
}

fn is_near(host: &str) -> bool {
    is_loopback(host)
        || address(host).is_some_and(|address| match address {
            IpAddr::V4(address) => address.is_private(),
            IpAddr::V6(address) => address.is_unique_local(),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidates(base: &PublicUrl, target: &str) -> Vec<String> {
        base.candidates(Reach::Webhook, target)
    }

    #[test]
    fn a_configured_base_and_the_raw_target_make_the_url() {
        let base = PublicUrl::parse("https://Voice.example.com:8443/").unwrap();
        assert_eq!(
            candidates(&base, "/voice//incoming?a=%2B1&&b="),
            ["https://Voice.example.com:8443/voice//incoming?a=%2B1&&b="]
        );
        assert_eq!(
            base.candidates(Reach::Socket, "/media-stream"),
            ["wss://Voice.example.com:8443/media-stream"]
        );
    }

    #[test]
    fn a_stripped_prefix_is_put_back() {
        let base = PublicUrl::parse("https://example.com/voice").unwrap();
        assert_eq!(
            candidates(&base, "/twiml"),
            ["https://example.com/voice/twiml"]
        );
        assert_eq!(
            candidates(&base, "/voice/incoming"),
            [
                "https://example.com/voice/voice/incoming",
                "https://example.com/voice/incoming"
            ]
        );
        assert_eq!(
            candidates(&base, "/voices"),
            ["https://example.com/voice/voices"]
        );
    }

    #[test]
    fn a_password_is_signed_and_never_written() {
        let base = PublicUrl::parse("https://user:pass@example.com/x").unwrap();
        assert_eq!(
            candidates(&base, "/twiml"),
            ["https://user:pass@example.com/x/twiml"]
        );
        assert_eq!(
            base.url(Reach::Webhook, "/twiml"),
            "https://example.com/x/twiml"
        );
        assert_eq!(format!("{base:?}"), "https://example.com/x");
    }

    #[test]
    fn without_a_base_the_host_stands_in() {
        let public = PublicUrl::from_host("abc.ngrok.app").unwrap();
        assert_eq!(
            candidates(&public, "/twiml"),
            ["https://abc.ngrok.app/twiml"]
        );
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            let local = PublicUrl::from_host(host).unwrap();
            assert_eq!(
                candidates(&local, "/twiml"),
                [
                    format!("https://{host}/twiml"),
                    format!("http://{host}/twiml")
                ]
            );
            assert_eq!(
                local.url(Reach::Socket, "/media-stream"),
                format!("wss://{host}/media-stream")
            );
        }
    }

    #[test]
    fn a_machine_nearby_may_do_without_tls() {
        let base = PublicUrl::parse("http://127.0.0.1:9000").unwrap();
        assert_eq!(
            base.url(Reach::Socket, "/media-stream"),
            "ws://127.0.0.1:9000/media-stream"
        );
        assert!(PublicUrl::parse("http://10.0.0.5").is_ok());
        assert_eq!(
            PublicUrl::parse("http://example.com"),
            Err(BadPublicUrl::PlainHttp("example.com".to_owned()))
        );
    }

    #[test]
    fn odd_bases_are_refused() {
        for (text, why) in [
            ("example.com", BadPublicUrl::Scheme),
            ("ftp://example.com", BadPublicUrl::Scheme),
            ("https://example.com/?a=1", BadPublicUrl::Ending),
            ("https://example.com/#rc=2", BadPublicUrl::Ending),
            ("https://", BadPublicUrl::Host(String::new())),
            ("https://a b", BadPublicUrl::Host("a b".to_owned())),
            ("https://a:b", BadPublicUrl::Host("a:b".to_owned())),
        ] {
            assert_eq!(PublicUrl::parse(text), Err(why), "{text}");
        }
        for host in [
            "",
            "a/b",
            "a\"b",
            "a<b",
            "evil.example\r\nX: y",
            ":80",
            "[::1",
        ] {
            assert!(PublicUrl::from_host(host).is_err(), "{host}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>(), target in any::<String>()) {
            for base in [PublicUrl::parse(&text), PublicUrl::parse(&format!("https://{text}")), PublicUrl::from_host(&text)] {
                let Ok(base) = base else { continue };
                prop_assert!(!base.candidates(Reach::Socket, &target).is_empty());
            }
        }
    }
}
