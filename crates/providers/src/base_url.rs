use std::{fmt, net::IpAddr};

use reqwest::Url;

/// Why an address of a provider was not accepted. Says what to write instead.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadBaseUrl {
    /// Not an address at all.
    #[error(
        "{name}: `{text}` is not a URL: {why} (write it like https://host or http://127.0.0.1:9700)"
    )]
    Unreadable {
        /// The setting.
        name: String,
        /// What it said.
        text: String,
        /// What the parser missed.
        why: String,
    },
    /// Neither HTTP nor WebSocket.
    #[error(
        "{name}: `{scheme}` is not a scheme of ours: use https, wss, or http, h2c and ws for this machine and private networks"
    )]
    Scheme {
        /// The setting.
        name: String,
        /// What stood before the colon.
        scheme: String,
    },
    /// Keys and callers' words would travel in the clear.
    #[error(
        "{name}: plain http is for this machine and private networks (their addresses, names without a dot, .internal and .local); write https://{host}"
    )]
    Plain {
        /// The setting.
        name: String,
        /// The public host.
        host: String,
    },
    /// Something that has no place in a base.
    #[error("{name}: remove the {part}: a base URL is scheme, host, port and path")]
    Extra {
        /// The setting.
        name: String,
        /// `user name`, `query` or `fragment`.
        part: &'static str,
    },
}

/// Where a provider's API begins. One address serves its HTTP and its WebSocket paths.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BaseUrl {
    secure: bool,
    /// HTTP/2 without TLS, where nobody can ask which version is spoken.
    is_h2c: bool,
    host: String,
    port: Option<u16>,
    /// Empty, or begins with a slash and does not end with one.
    path: String,
}

impl BaseUrl {
    /// Reads the value of the setting called `name` (such as `DEEPGRAM_BASE_URL`).
    pub fn parse(name: &str, text: &str) -> Result<Self, BadBaseUrl> {
        let name = || name.to_owned();
        // The parser drops usual ports and completes hosts only of schemes that it knows.
        let text = text.trim();
        let scheme = text.split_once(':');
        let h2c = scheme.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("h2c"));
        let h2c = h2c.map(|(_, rest)| format!("http:{rest}"));
        let url = h2c.as_deref().unwrap_or(text);
        let url = Url::parse(url).map_err(|why| BadBaseUrl::Unreadable {
            name: name(),
            text: without_login(text),
            why: why.to_string(),
        })?;
        let secure = match url.scheme() {
            "https" | "wss" => true,
            "http" | "ws" => false,
            other => {
                return Err(BadBaseUrl::Scheme {
                    name: name(),
                    scheme: other.to_owned(),
                });
            }
        };
        if let Some(part) = extra(&url) {
            return Err(BadBaseUrl::Extra { name: name(), part });
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        if !secure && !is_near(&host) {
            return Err(BadBaseUrl::Plain { name: name(), host });
        }
        Ok(Self {
            secure,
            is_h2c: h2c.is_some(),
            host,
            port: url.port(),
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The host, for choosing a provider's dialect.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether its HTTP is HTTP/2 from the first byte on. With TLS both sides agree on a version.
    /// Sockets are HTTP/1.1 either way.
    pub(crate) const fn is_h2c(&self) -> bool {
        self.is_h2c
    }

    /// The same address; without any path it gets `/v1`, where every server has its interface.
    pub(crate) fn versioned_if_bare(self) -> Self {
        if self.path.is_empty() {
            self.versioned()
        } else {
            self
        }
    }

    /// The same address with `/v1` at its end, whether or not it was written.
    pub(crate) fn versioned(mut self) -> Self {
        if !self.path.ends_with("/v1") {
            self.path.push_str("/v1");
        }
        self
    }

    /// The same address with this version at its end, such as `/v2`, whichever was written.
    pub(crate) fn in_version(mut self, version: &str) -> Self {
        for known in ["/v1", "/v2"] {
            if let Some(length) = self.path.strip_suffix(known).map(str::len) {
                self.path.truncate(length);
                break;
            }
        }
        self.path.push_str(version);
        self
    }

    /// An HTTP address below the base; `path` begins with a slash.
    pub(crate) fn http(&self, path: &str) -> String {
        self.below(if self.secure { "https" } else { "http" }, path)
    }

    /// A WebSocket address below the base; `path` begins with a slash.
    pub(crate) fn ws(&self, path: &str) -> String {
        self.below(if self.secure { "wss" } else { "ws" }, path)
    }

    fn below(&self, scheme: &str, path: &str) -> String {
        let port = self
            .port
            .map_or_else(String::new, |port| format!(":{port}"));
        format!("{scheme}://{}{port}{}{path}", self.host, self.path)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.secure, self.is_h2c) {
            (true, _) => "https",
            (false, true) => "h2c",
            (false, false) => "http",
        };
        f.write_str(&self.below(scheme, ""))
    }
}

fn extra(url: &Url) -> Option<&'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        Some("user name")
    } else if url.query().is_some() {
        Some("query")
    } else if url.fragment().is_some() {
        Some("fragment")
    } else {
        None
    }
}

/// An address that did not parse may still carry a password.
fn without_login(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_login, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

/// Whether a host is this machine or in a private network. Nobody can own a public name without a
/// dot, or one below `internal` or `local`: they are services next door, in containers perhaps.
fn is_near(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => {
            let [first, second, ..] = ip.octets();
            let is_shared = first == 100 && second & 0xC0 == 64;
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || is_shared
        }
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        Err(_) => match host.trim_end_matches('.').rsplit_once('.') {
            Some((_name, top)) => ["internal", "local", "localhost"].contains(&top),
            None => !host.is_empty(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BaseUrl, BadBaseUrl> {
        BaseUrl::parse("X_BASE_URL", text)
    }

    #[test]
    fn one_base_serves_http_and_websocket() {
        for (text, http, ws) in [
            (
                "https://api.deepgram.com",
                "https://api.deepgram.com/v1/listen",
                "wss://api.deepgram.com/v1/listen",
            ),
            (
                "wss://api.deepgram.com/",
                "https://api.deepgram.com/v1/listen",
                "wss://api.deepgram.com/v1/listen",
            ),
            (
                " http://127.0.0.1:9700/v1/ ",
                "http://127.0.0.1:9700/v1/listen",
                "ws://127.0.0.1:9700/v1/listen",
            ),
            (
                "ws://[::1]:80/prefix//",
                "http://[::1]/prefix/v1/listen",
                "ws://[::1]/prefix/v1/listen",
            ),
        ] {
            let base = parse(text).expect(text).versioned();
            assert_eq!(base.http("/listen"), http);
            assert_eq!(base.ws("/listen"), ws);
        }
    }

    #[test]
    fn http2_without_tls_is_a_scheme_of_its_own() {
        let base = parse("h2c://127.0.0.1:80/v1/").expect("an address");
        assert!(base.is_h2c());
        assert_eq!(base.http("/models"), "http://127.0.0.1/v1/models");
        assert_eq!(base.ws("/listen"), "ws://127.0.0.1/v1/listen");
        assert_eq!(base.to_string(), "h2c://127.0.0.1/v1");
        assert_eq!(parse("H2C://127.0.0.1/v1").as_ref(), Ok(&base));
        assert!(!parse("http://127.0.0.1").expect("an address").is_h2c());
        let far = parse("h2c://api.openai.com");
        assert!(matches!(far, Err(BadBaseUrl::Plain { .. })), "{far:?}");
    }

    #[test]
    fn plain_http_stays_in_private_networks() {
        for near in [
            "http://localhost:1",
            "http://api.localhost",
            "ws://10.1.2.3",
            "http://172.16.0.1",
            "http://172.31.255.255",
            "http://192.168.1.1",
            "http://127.9.9.9",
            "http://[::1]",
            "http://[fd00::1]",
            "http://[::ffff:10.0.0.1]",
            "http://speaches:8000/v1",
            "http://host.docker.internal:11434",
            "http://whisper.voice.svc.cluster.local",
            "http://100.64.0.7",
            "http://100.127.255.255",
            "http://169.254.1.1",
            "http://[fe80::1]",
        ] {
            assert!(parse(near).is_ok(), "{near}");
        }
        for far in [
            "http://api.openai.com/v1",
            "ws://172.32.0.1",
            "http://192.169.0.1",
            "http://8.8.8.8",
            "http://100.63.0.1",
            "http://100.128.0.1",
            "http://internal.example.com",
            "http://example.notlocal",
            "http://[2001:db8::1]",
            "http://localhost.example.com",
            "http://10.0.0.1.example.com",
        ] {
            assert!(matches!(parse(far), Err(BadBaseUrl::Plain { .. })), "{far}");
        }
    }

    #[test]
    fn an_error_names_the_setting_and_the_fix() {
        let shown = |text| parse(text).expect_err(text).to_string();
        insta::assert_snapshot!(
            [
                shown("api.openai.com/v1"),
                shown("ftp://host"),
                shown("http://api.openai.com/v1"),
                shown("https://user:secret@host"),
                shown("https://host?key=1"),
                shown("https://me:secret@"),
            ]
            .join("\n"),
            @r#"
X_BASE_URL: `api.openai.com/v1` is not a URL: relative URL without a base (write it like https://host or http://127.0.0.1:9700)
X_BASE_URL: `ftp` is not a scheme of ours: use https, wss, or http, h2c and ws for this machine and private networks
X_BASE_URL: plain http is for this machine and private networks (their addresses, names without a dot, .internal and .local); write https://api.openai.com
X_BASE_URL: remove the user name: a base URL is scheme, host, port and path
X_BASE_URL: remove the query: a base URL is scheme, host, port and path
X_BASE_URL: `…@` is not a URL: empty host (write it like https://host or http://127.0.0.1:9700)
"#
        );
    }
}
