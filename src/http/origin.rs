//! The origin rule: a credential goes to the configured scheme, host, port and path prefix, or nowhere.

use std::fmt;

use anyhow::Context as _;
use url::{Host, Url};

/// Where requests may go: the base address of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    base: Url,
}

/// An address that must not be asked: a next link or a `Location` that leads elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address that leads away from {origin} was not followed: {found}")]
pub struct ForeignAddress {
    pub origin: String,
    pub found: String,
}

impl Origin {
    /// # Errors
    /// When `base` is no absolute https address without credentials, query or fragment; http is accepted on loopback.
    pub fn new(base: &str) -> anyhow::Result<Self> {
        let base = Url::parse(base.trim_end_matches('/')).with_context(|| format!("{base:?} is not an address"))?;
        let loopback = is_loopback(&base);
        anyhow::ensure!(
            base.scheme() == "https" || (base.scheme() == "http" && loopback),
            "{base} must begin with https:// (http:// is accepted on loopback only)"
        );
        let plain = base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        anyhow::ensure!(plain && base.host().is_some(), "{base} must have a host, and no user name, query or fragment");
        Ok(Self { base })
    }

    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }

    /// Without TLS, as a simulator on loopback speaks.
    pub fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
    }

    /// The base address, without a slash at its end.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The host alone, for people.
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// The address, if it lies at this origin.
    ///
    /// # Errors
    /// Everything else: another scheme, host, port or path prefix, credentials, control characters, backslashes.
    pub fn authorised(&self, address: &str) -> Result<Url, ForeignAddress> {
        let foreign = || ForeignAddress {
            origin: self.to_string(),
            found: address.chars().take(200).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect(),
        };
        // `url` mends these silently; an honest server never sends them.
        if address.len() > 16 * 1024 || address.contains(|c: char| c.is_control() || c == '\\' || c.is_whitespace()) {
            return Err(foreign());
        }
        let url = Url::parse(address).map_err(|_| foreign())?;
        let same_origin = url.scheme() == self.base.scheme()
            && url.host() == self.base.host()
            && url.port_or_known_default() == self.base.port_or_known_default();
        let spelled_out = address.get(..url.scheme().len() + 3).is_some_and(|start| start.ends_with("://"));
        let anonymous = url.username().is_empty() && url.password().is_none();
        if same_origin && spelled_out && anonymous && self.is_below(&url) { Ok(url) } else { Err(foreign()) }
    }

    fn is_below(&self, url: &Url) -> bool {
        let prefix = self.base.path().trim_end_matches('/');
        url.path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base.origin().ascii_serialization())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph() -> Origin {
        Origin::new("https://graph.microsoft.com/v1.0").expect("a valid base")
    }

    #[test]
    fn a_next_link_below_the_base_is_followed() {
        let link = "https://graph.microsoft.com/v1.0/groups/g/members?$skiptoken=x";
        assert_eq!(graph().authorised(link).expect("same origin").as_str(), link);
    }

    #[test]
    fn no_address_that_leads_elsewhere_is_followed() {
        let hostile = [
            "https://evil.example/v1.0/groups",
            "https://graph.microsoft.com.evil.example/v1.0/x",
            "https://evil.graph.microsoft.com/v1.0/x",
            "https://microsoft.com/v1.0/x",
            "https://graph.microsoft.com@evil.example/v1.0/x",
            "https://graph.microsoft.com:pass@evil.example/v1.0/x",
            "https://user@graph.microsoft.com/v1.0/x",
            "http://graph.microsoft.com/v1.0/x",
            "https://graph.microsoft.com:8443/v1.0/x",
            "https://graph.microsoft.com./v1.0/x",
            "https://graph.microsoft.com/beta/x",
            "https://graph.microsoft.com/v1.0evil/x",
            "https://graph.microsoft.com/v1.0/../beta/x",
            "https://graph.microsoft.com/v1.0/%2e%2e/beta/x",
            "//evil.example/v1.0/x",
            "@evil.example/v1.0/x",
            "/v1.0/x",
            "\\\\evil.example\\v1.0",
            "https:/graph.microsoft.com/v1.0/x",
            "https:\\\\evil.example/v1.0/x",
            "https://gr\u{430}ph.microsoft.com/v1.0/x",
            "https://xn--grph-43d.microsoft.com/v1.0/x",
            "https://169.254.169.254/v1.0/x",
            "https://[::1]/v1.0/x",
            "https://2130706433/v1.0/x",
            "file:///etc/passwd",
            "data:text/plain,x",
            "https://graph.microsoft.com/v1.0/x\r\nHost: evil.example",
            "https://graph.micro\tsoft.com/v1.0/x",
        ];
        for address in hostile {
            assert!(graph().authorised(address).is_err(), "followed {address:?}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(Origin::new("http://127.0.0.1:9100/v1.0").is_ok());
        assert!(Origin::new("http://localhost:9100").is_ok());
        assert!(Origin::new("http://graph.microsoft.com").is_err());
        assert!(Origin::new("http://10.0.0.1").is_err());
    }
}
