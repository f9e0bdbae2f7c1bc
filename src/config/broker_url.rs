//! The address of a broker, as a person writes it.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

/// Where a broker listens and who we are to it: `mqtt[s]://[user[:password]@]host[:port]`, or
/// `ws[s]://[user[:password]@]host[:port][/path]` for websockets.
///
/// Neither `Display` nor `Debug` shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    tls: bool,
    path: Option<String>,
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<String>,
}

/// Why a text is not a [`BrokerUrl`]. No message repeats what may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBrokerUrl {
    /// It does not begin with a scheme.
    #[error(
        "a broker address is `mqtt://HOST[:PORT]`, `mqtts://HOST[:PORT]`, `ws://HOST[:PORT][/PATH]`, \
         `wss://HOST[:PORT][/PATH]` or `builtin`"
    )]
    Shape,
    /// It begins with a scheme that Cooee does not speak.
    #[error(
        "`{0}://` is not supported: use `mqtt://` (plain), `mqtts://` (TLS), `ws://` or `wss://` (websockets)"
    )]
    Scheme(String),
    /// There is no host, or it is not one.
    #[error("the broker address names no valid host: write `mqtt://HOST[:PORT]`")]
    Host,
    /// The port is 0 or too large.
    #[error("the port of a broker address is a number from 1 to 65535")]
    Port,
    /// There is a path, a query or a fragment.
    #[error(
        "nothing may follow the port of a broker address, but the path of a websocket; other topics are chosen by `broker.topic_root`"
    )]
    Trailing,
    /// A password without a user name.
    #[error("the broker address has a password but no user: write `mqtt://USER:PASSWORD@HOST`")]
    PasswordAlone,
    /// User name or password are not UTF-8 after percent-decoding.
    #[error("the user name or password in the broker address is not UTF-8")]
    Encoding,
}

impl BrokerUrl {
    /// Whether the connection is encrypted with TLS.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// The path of the websocket, where it is one.
    pub fn websocket(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Whether the host is this machine, by its name or number.
    pub fn is_loopback(&self) -> bool {
        let number = |host: &str| host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        self.host == "localhost" || number(&self.host)
    }

    /// Whether nobody on the way reads along, so that secrets may go there.
    pub fn is_private(&self) -> bool {
        self.tls || self.is_loopback()
    }

    /// The host: a name or an IP address, an IPv6 one without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port, never 0.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user name to log in with.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The password to log in with; only ever there beside a user name.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// The same address with this password.
    ///
    /// # Errors
    /// [`InvalidBrokerUrl::PasswordAlone`] when the address names no user.
    pub fn with_password(self, password: String) -> Result<Self, InvalidBrokerUrl> {
        match self.user {
            Some(_) => Ok(Self { password: Some(password), ..self }),
            None => Err(InvalidBrokerUrl::PasswordAlone),
        }
    }
}

impl FromStr for BrokerUrl {
    type Err = InvalidBrokerUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, _) = text.split_once("://").ok_or(InvalidBrokerUrl::Shape)?;
        let (tls, websocket, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "mqtt" => (false, false, 1883),
            "mqtts" => (true, false, 8883),
            "ws" => (false, true, 80),
            "wss" => (true, true, 443),
            _ if scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) => {
                return Err(InvalidBrokerUrl::Scheme(scheme.to_owned()));
            }
            _ => return Err(InvalidBrokerUrl::Shape),
        };
        let url = Url::parse(text).map_err(|e| match e {
            url::ParseError::InvalidPort => InvalidBrokerUrl::Port,
            _ => InvalidBrokerUrl::Host,
        })?;
        if !websocket && !matches!(url.path(), "" | "/")
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(InvalidBrokerUrl::Trailing);
        }
        // What most brokers listen at.
        let path = websocket.then(|| match url.path() {
            "" | "/" => "/mqtt".to_owned(),
            path => path.to_owned(),
        });
        let port = match url.port() {
            Some(0) => return Err(InvalidBrokerUrl::Port),
            given => given.unwrap_or(default_port),
        };
        let host = match url.host().ok_or(InvalidBrokerUrl::Host)? {
            url::Host::Ipv6(address) => address.to_string(),
            // The `url` crate reads no host names in schemes that it does not know.
            other => match url::Host::parse(&other.to_string()).map_err(|_| InvalidBrokerUrl::Host)? {
                url::Host::Domain(name) => name,
                address => address.to_string(),
            },
        };
        let decode = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().map_err(|_| InvalidBrokerUrl::Encoding)?;
            Ok(Some(text.into_owned()).filter(|t| !t.is_empty()))
        };
        let user = decode(url.username())?;
        let password = decode(url.password().unwrap_or(""))?;
        if password.is_some() && user.is_none() {
            return Err(InvalidBrokerUrl::PasswordAlone);
        }
        Ok(Self { tls, path, host, port, user, password })
    }
}

/// The address as it may be shown to anybody: without the password.
impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.tls, self.path.is_some()) {
            (false, false) => "mqtt://",
            (true, false) => "mqtts://",
            (false, true) => "ws://",
            (true, true) => "wss://",
        })?;
        if let Some(user) = &self.user {
            write!(f, "{}@", user.escape_debug())?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port)?,
            false => write!(f, "{}:{}", self.host, self.port)?,
        }
        f.write_str(self.path.as_deref().unwrap_or_default())
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrokerUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BrokerUrl, InvalidBrokerUrl> {
        text.parse()
    }

    #[test]
    fn ports_have_defaults() {
        let plain = parse("mqtt://lan").unwrap();
        assert_eq!((plain.tls(), plain.host(), plain.port()), (false, "lan", 1883));
        let tls = parse("MQTTS://Broker.Example.org/").unwrap();
        assert_eq!((tls.tls(), tls.host(), tls.port()), (true, "broker.example.org", 8883));
        assert_eq!(parse("mqtt://10.0.0.1:1999").unwrap().to_string(), "mqtt://10.0.0.1:1999");
        let v6 = parse("mqtt://[::1]:7").unwrap();
        assert_eq!((v6.host(), v6.to_string().as_str()), ("::1", "mqtt://[::1]:7"));
    }

    #[test]
    fn websockets_have_a_path() {
        let plain = parse("ws://lan").unwrap();
        assert_eq!((plain.tls(), plain.port(), plain.websocket()), (false, 80, Some("/mqtt")));
        let tls = parse("wss://al@lan:8884/a/b").unwrap();
        assert_eq!((tls.tls(), tls.port(), tls.websocket()), (true, 8884, Some("/a/b")));
        assert!(tls.is_private() && !tls.is_loopback());
        assert_eq!(tls.to_string(), "wss://al@lan:8884/a/b");
        assert_eq!(parse("wss://lan?x"), Err(InvalidBrokerUrl::Trailing));
        for (text, local) in [
            ("ws://localhost", true),
            ("mqtt://127.0.0.2", true),
            ("mqtt://[::1]", true),
            ("ws://lan", false),
        ] {
            let url = parse(text).unwrap();
            assert_eq!((url.is_loopback(), url.is_private()), (local, local), "{text}");
        }
    }

    #[test]
    fn a_password_is_read_and_never_shown() {
        let url = parse("mqtt://al%69ce:p%40ss%3A@lan").unwrap();
        assert_eq!((url.user(), url.password()), (Some("alice"), Some("p@ss:")));
        assert_eq!(url.to_string(), "mqtt://alice@lan:1883");
        assert_eq!(format!("{url:?}"), "BrokerUrl(mqtt://alice@lan:1883)");
        let url = parse("mqtt://alice@lan").unwrap().with_password("new".into()).unwrap();
        assert_eq!(url.password(), Some("new"));
    }

    #[test]
    fn anything_else_is_refused_with_what_is_accepted() {
        for text in ["", "1883", "lan", "lan:1883", "mqtt:lan", "//lan", "a b://lan"] {
            assert_eq!(parse(text), Err(InvalidBrokerUrl::Shape), "{text}");
        }
        for scheme in ["http", "https", "tcp", "ssl"] {
            let refused = parse(&format!("{scheme}://lan:1883"));
            assert_eq!(refused, Err(InvalidBrokerUrl::Scheme(scheme.into())));
        }
        for text in ["mqtt://", "mqtt://:1883", "mqtt://a b", "mqtt://[::1", "mqtt://a%00b"] {
            assert_eq!(parse(text), Err(InvalidBrokerUrl::Host), "{text}");
        }
        for text in ["mqtt://lan:0", "mqtt://lan:65536", "mqtt://lan:x"] {
            assert_eq!(parse(text), Err(InvalidBrokerUrl::Port), "{text}");
        }
        for text in ["mqtt://lan/topic", "mqtt://lan?a", "mqtt://lan#a"] {
            assert_eq!(parse(text), Err(InvalidBrokerUrl::Trailing), "{text}");
        }
        assert_eq!(parse("mqtt://:secret@lan"), Err(InvalidBrokerUrl::PasswordAlone));
        assert_eq!(parse("mqtt://%ff@lan"), Err(InvalidBrokerUrl::Encoding));
        let alone = parse("mqtt://lan").unwrap().with_password("x".into());
        assert_eq!(alone, Err(InvalidBrokerUrl::PasswordAlone));
    }
}
