//! A small SMTP server for tests: real TCP and TLS, and the faults that real ones have. Its own reading of RFC 5321.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// It does not offer STARTTLS.
    NoStartTls,
    /// It offers no AUTH.
    NoAuth,
    /// It accepts the connection and never says a word.
    Silent,
    /// 421 instead of a greeting.
    Busy,
    /// 535 to every login, and repeats what it was sent.
    WrongPassword,
    /// 550 5.1.1 to recipients that begin with "refused".
    RefusesSome,
    /// 550 5.7.1 to every recipient.
    NoRelay,
    /// 451 to every mail.
    TryLater,
    /// 554 to every mail.
    RefusesMail,
    /// Keeps the mail, then the connection breaks before its answer.
    DiesAfterDot,
    /// Answers the final dot, and never the QUIT.
    SilentAtQuit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    Plain,
    StartTls,
    Tls,
}

/// A mail it has taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub message: String,
    pub encrypted: bool,
    /// The decoded AUTH PLAIN answer.
    pub login: Option<String>,
}

#[derive(Debug)]
pub struct SmtpServer {
    pub address: SocketAddr,
    pub ca_pem: String,
    taken: Arc<Mutex<Vec<Taken>>>,
    connections: Arc<Mutex<u32>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpServer {
    pub async fn start(security: Security, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let (acceptor, ca_pem) = acceptor();
        let (taken, connections): (Arc<Mutex<Vec<Taken>>>, Arc<Mutex<u32>>) = Default::default();
        let host = Host { security, fault, acceptor, taken: Arc::clone(&taken) };
        let counter = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *counter.lock().expect("no panic") += 1;
                let host = host.clone();
                // A client that breaks off is not the server's failure.
                tokio::spawn(async move { drop(host.serve(stream).await) });
            }
        });
        Self { address, ca_pem, taken, connections, task }
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().expect("no panic").clone()
    }

    pub fn connections(&self) -> u32 {
        *self.connections.lock().expect("no panic")
    }
}

/// A certificate authority of our own, and a server certificate for 127.0.0.1 issued by it.
fn acceptor() -> (TlsAcceptor, String) {
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    let mut ca = rcgen::CertificateParams::new(vec![]).expect("parameters");
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_certificate = ca.self_signed(&ca_key).expect("a certificate");
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let certificate = leaf.signed_by(&key, &issuer).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a server's configuration");
    (TlsAcceptor::from(Arc::new(config)), ca_certificate.pem())
}

#[derive(Clone)]
struct Host {
    security: Security,
    fault: Fault,
    acceptor: TlsAcceptor,
    taken: Arc<Mutex<Vec<Taken>>>,
}

/// What the client said so far.
#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
    login: Option<String>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}
type Wire = BufReader<Box<dyn Stream>>;

impl Host {
    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        if self.fault == Fault::Silent {
            // Until the client gives up.
            let mut stream = stream;
            stream.read_to_end(&mut Vec::new()).await?;
            return Ok(());
        }
        let mut encrypted = self.security == Security::Tls;
        let raw: Box<dyn Stream> =
            if encrypted { Box::new(self.acceptor.accept(stream).await?) } else { Box::new(stream) };
        let mut wire = BufReader::new(raw);
        let greeting = if self.fault == Fault::Busy { "421 4.3.2 busy\r\n" } else { "220 test ESMTP\r\n" };
        say(&mut wire, greeting).await?;
        let mut envelope = Envelope::default();
        loop {
            let mut line = String::new();
            if wire.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let verb = line.trim_end().to_ascii_uppercase();
            if verb == "STARTTLS" {
                say(&mut wire, "220 2.0.0 go ahead\r\n").await?;
                wire = BufReader::new(Box::new(self.acceptor.accept(wire.into_inner()).await?));
                encrypted = true;
            } else if verb == "DATA" {
                if !self.data(&mut wire, &mut envelope, encrypted).await? {
                    return Ok(());
                }
            } else if verb == "QUIT" {
                if self.fault == Fault::SilentAtQuit {
                    wire.read_to_end(&mut Vec::new()).await?;
                }
                return say(&mut wire, "221 2.0.0 bye\r\n").await;
            } else {
                let answer = self.answer(line.trim_end(), &mut envelope, encrypted);
                say(&mut wire, &answer).await?;
            }
        }
    }

    fn answer(&self, line: &str, envelope: &mut Envelope, encrypted: bool) -> String {
        let upper = line.to_ascii_uppercase();
        if upper.starts_with("EHLO") {
            return self.extensions(encrypted);
        }
        if let Some(answer) = line.strip_prefix("AUTH PLAIN ") {
            if self.fault == Fault::WrongPassword {
                return format!("535 5.7.8 wrong: {answer}\r\n");
            }
            let decoded = base64::engine::general_purpose::STANDARD.decode(answer).expect("base64");
            envelope.login = Some(String::from_utf8(decoded).expect("text"));
            return "235 2.7.0 welcome\r\n".to_owned();
        }
        if upper.starts_with("MAIL FROM:") {
            line[10..].clone_into(&mut envelope.from);
            return "250 2.1.0 ok\r\n".to_owned();
        }
        if upper.starts_with("RCPT TO:") {
            return self.recipient(&line[8..], envelope);
        }
        "500 5.5.1 what?\r\n".to_owned()
    }

    fn extensions(&self, encrypted: bool) -> String {
        let mut lines = String::from("250-test\r\n");
        if self.security == Security::StartTls && !encrypted && self.fault != Fault::NoStartTls {
            lines.push_str("250-STARTTLS\r\n");
        }
        if self.fault != Fault::NoAuth {
            lines.push_str("250-AUTH PLAIN LOGIN\r\n");
        }
        lines + "250 8BITMIME\r\n"
    }

    fn recipient(&self, address: &str, envelope: &mut Envelope) -> String {
        if self.fault == Fault::RefusesSome && address.starts_with("<refused") {
            return "550 5.1.1 no such user\r\n".to_owned();
        }
        if self.fault == Fault::NoRelay {
            return "550 5.7.1 relaying denied\r\n".to_owned();
        }
        envelope.to.push(address.to_owned());
        "250 2.1.5 ok\r\n".to_owned()
    }

    /// False: the connection breaks here.
    async fn data(&self, wire: &mut Wire, envelope: &mut Envelope, encrypted: bool) -> std::io::Result<bool> {
        say(wire, "354 go on\r\n").await?;
        let mut message = String::new();
        loop {
            let mut line = String::new();
            wire.read_line(&mut line).await?;
            if line == ".\r\n" {
                break;
            }
            message.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
        match self.fault {
            Fault::TryLater => say(wire, "451 4.3.0 later\r\n").await?,
            Fault::RefusesMail => say(wire, "554 5.6.0 not this\r\n").await?,
            _ => {
                let (from, to) = (std::mem::take(&mut envelope.from), std::mem::take(&mut envelope.to));
                let taken = Taken { from, to, message, encrypted, login: envelope.login.clone() };
                self.taken.lock().expect("no panic").push(taken);
                if self.fault == Fault::DiesAfterDot {
                    return Ok(false);
                }
                say(wire, "250 2.0.0 taken\r\n").await?;
            }
        }
        Ok(true)
    }
}

async fn say(wire: &mut Wire, answer: &str) -> std::io::Result<()> {
    wire.write_all(answer.as_bytes()).await?;
    wire.flush().await
}
