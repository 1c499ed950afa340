//! The address of a mail server and how a connection to it is protected. Opens none.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use anyhow::Context as _;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use url::Url;

/// A mail server.
pub struct Server {
    pub host: String,
    pub port: u16,
    pub protection: Protection,
    address: String,
}

/// How a connection is protected from being read on its way.
pub enum Protection {
    /// Encrypted from the first byte (RFC 8314 §3.3).
    Tls(TlsParameters),
    /// STARTTLS, without which nothing is sent (RFC 3207).
    StartTls(TlsParameters),
    /// Not at all: on this machine only.
    Loopback,
}

const EXPECTED: &str =
    "expected smtp://host:587 (STARTTLS), smtps://host:465 (TLS from the start) or smtp+plain://127.0.0.1:1025";

impl Server {
    pub fn new(address: &str, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let url = Url::parse(address).ok().with_context(|| format!("[mail] smtp: {EXPECTED}"))?;
        anyhow::ensure!(
            url.username().is_empty() && url.password().is_none(),
            "[mail] smtp holds a login; write it as username and password"
        );
        let extra = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
        anyhow::ensure!(!extra && !host.is_empty(), "[mail] smtp: found {address:?}; {EXPECTED}");
        let tls = || tls(&host, ca_file);
        let (protection, usual_port) = match url.scheme() {
            "smtp" => (Protection::StartTls(tls()?), 587),
            "smtps" => (Protection::Tls(tls()?), 465),
            "smtp+plain" if is_loopback(&host) => (Protection::Loopback, 25),
            "smtp+plain" => anyhow::bail!(
                "[mail] smtp: smtp+plain:// sends mail and password readable by anyone on the way, so it is for this \
                 machine only (127.0.0.1, ::1, localhost), not for {host}; write smtp:// or smtps://"
            ),
            scheme => anyhow::bail!("[mail] smtp: {scheme}:// is not known; {EXPECTED}"),
        };
        let port = url.port().unwrap_or(usual_port);
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let address = format!("{}://{bracketed}:{port}", url.scheme());
        Ok(Self { host, port, protection, address })
    }

    /// For people: ` over TLS`.
    pub fn protection(&self) -> &'static str {
        match self.protection {
            Protection::Tls(_) => " over TLS",
            Protection::StartTls(_) => " over TLS (STARTTLS)",
            Protection::Loopback => " on this machine, unencrypted",
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The machine's certificate authorities, and those of the file. Junk in a file gives no certificate and no error
/// from the reader, so that none is an error here.
fn tls(host: &str, ca_file: Option<&Path>) -> anyhow::Result<TlsParameters> {
    crate::http::install_crypto_provider();
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca_file {
        let reading = || format!("reading the certificates in {}", path.display());
        let pem = std::fs::read(path).with_context(reading)?;
        anyhow::ensure!(
            pem.windows(BEGIN.len()).any(|window| window == BEGIN),
            "{} holds no PEM certificate",
            path.display()
        );
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).with_context(reading)?);
    }
    builder.build().context("preparing TLS for mail")
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(address: &str, because: &str) {
        let error = format!("{:#}", Server::new(address, None).expect_err("refused"));
        assert!(error.contains(because), "{address}: {error}");
    }

    #[test]
    fn an_address_without_a_port_has_the_usual_one() {
        let address = |text: &str| Server::new(text, None).expect("a good address").to_string();
        assert_eq!(address("smtp://relay.example"), "smtp://relay.example:587");
        assert_eq!(address("smtps://relay.example"), "smtps://relay.example:465");
        assert_eq!(address("smtp+plain://[::1]:1025"), "smtp+plain://[::1]:1025");
    }

    #[test]
    fn unencrypted_mail_leaves_this_machine_for_nowhere() {
        refused("smtp+plain://relay.example:25", "this machine only");
        refused("smtp+plain://10.0.0.1:25", "this machine only");
        refused("smtp+plain://localhost.evil.example:25", "this machine only");
    }

    #[test]
    fn a_wrong_address_is_told_with_a_right_one() {
        refused("relay.example:587", "smtp://host:587");
        refused("http://relay.example", "smtp://host:587");
        refused("smtp://relay.example/path", "smtp://host:587");
        refused("smtp://", "smtp://host:587");
    }

    #[test]
    fn a_login_in_the_address_is_refused_and_not_repeated() {
        let error = format!("{:#}", Server::new("smtp://me:hunter2@relay.example", None).expect_err("refused"));
        assert!(error.contains("username and password") && !error.contains("hunter2"), "{error}");
    }
}
