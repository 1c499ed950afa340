//! Why a mail was not sent, in plain words, and whether it ever can be. The only file that reads SMTP's answers.

use std::error::Error as _;
use std::fmt;

use lettre::transport::smtp::Error;
use rustls::CertificateError;

/// Why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendFailure {
    /// This mail will never be taken, whatever is tried: a recipient the server refuses, a mail it refuses.
    /// Everything else is tried again for ever.
    pub permanent: bool,
    /// It is not about this mail but about the server: no other mail would fare better now.
    pub concerns_all: bool,
    pub reason: String,
    pub remedy: String,
}

impl fmt::Display for SendFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.reason, self.remedy)
    }
}

impl std::error::Error for SendFailure {}

/// The step of the conversation at which it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Connect,
    Encrypt,
    SignIn,
    Sender,
    Recipient,
    Announce,
    HandOver,
}

impl Stage {
    fn concerns_all(self) -> bool {
        match self {
            Self::Connect | Self::Encrypt | Self::SignIn | Self::Sender => true,
            Self::Recipient | Self::Announce | Self::HandOver => false,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Connect => "when it was to greet us",
            Self::Encrypt => "when encryption was to start",
            Self::SignIn => "at the login",
            Self::Sender => "when it was told the sender",
            Self::Recipient => "when it was told the recipient",
            Self::Announce => "when the mail was announced",
            Self::HandOver => {
                "after the mail was handed over; it may have been taken, so it goes out again under the same Message-ID"
            }
        }
    }
}

const CHECK_SERVER: &str = "Check [mail] smtp, the network and the firewall; it is tried again by itself.";

impl SendFailure {
    fn passing(stage: Stage, reason: String, remedy: &str) -> Self {
        Self { permanent: false, concerns_all: stage.concerns_all(), reason, remedy: remedy.to_owned() }
    }

    pub fn no_starttls(server: &str) -> Self {
        let reason =
            format!("The mail server {server} offers no encryption (STARTTLS), and nothing is sent without it.");
        let remedy = "Use the server's submission port (587), or smtps:// if it encrypts from the start (465).";
        Self::passing(Stage::Encrypt, reason, remedy)
    }

    pub fn no_login(server: &str) -> Self {
        let reason = format!("The mail server {server} offers no login that we know (PLAIN or LOGIN).");
        let remedy = "Use its submission port, or remove username and password from [mail] if it needs none.";
        Self::passing(Stage::SignIn, reason, remedy)
    }

    pub fn no_unicode(server: &str) -> Self {
        let reason = format!("The mail server {server} cannot carry an address with letters beyond ASCII (SMTPUTF8).");
        let remedy = "Use an ASCII address for this recipient and in [mail] from.".to_owned();
        Self { permanent: true, concerns_all: false, reason, remedy }
    }

    /// The message itself cannot be made: nothing that waiting would change.
    pub fn unwritable(reason: String, remedy: &str) -> Self {
        Self { permanent: true, concerns_all: false, reason, remedy: remedy.to_owned() }
    }

    pub fn silent(server: &str, stage: Stage) -> Self {
        let reason = format!("The mail server {server} did not answer in time {}.", stage.words());
        Self::passing(stage, reason, CHECK_SERVER)
    }

    pub fn of(server: &str, stage: Stage, error: &Error) -> Self {
        if let Some(code) = error.status() {
            return Self::refusal(server, stage, u16::from(code), &said(error));
        }
        if let Some(problem) = certificate_problem(error) {
            let reason = format!("The mail server {server} shows a certificate that is not trusted: {problem}.");
            let remedy = "If it is your own authority's, name its PEM file as [mail] ca_file; write the server's name \
                          in [mail] smtp as its certificate has it.";
            return Self::passing(Stage::Encrypt, reason, remedy);
        }
        let cause = innermost(error);
        let reason = match stage {
            Stage::Connect => format!("The mail server {server} cannot be reached: {cause}."),
            Stage::Encrypt | Stage::SignIn | Stage::Sender | Stage::Recipient | Stage::Announce | Stage::HandOver => {
                format!("The connection to the mail server {server} broke {}: {cause}.", stage.words())
            }
        };
        Self::passing(stage, reason, CHECK_SERVER)
    }

    fn refusal(server: &str, stage: Stage, code: u16, said: &Said) -> Self {
        let answer = if stage == Stage::SignIn { code.to_string() } else { said.quoted(code) };
        let (what, remedy) = match stage {
            Stage::Connect | Stage::Encrypt => ("turns us away", CHECK_SERVER),
            Stage::SignIn if code == 535 => ("refuses the login", "Check [mail] username and password."),
            Stage::SignIn => {
                ("cannot check the login", "Check [mail] username and password; it is tried again by itself.")
            }
            Stage::Sender => ("refuses the sender", "Check [mail] from, and whether the server wants a login."),
            Stage::Recipient if said.is_about_permission() => (
                "will not pass mail on for us",
                "Check [mail] username and password, and what the server lets us send.",
            ),
            Stage::Recipient => ("refuses the recipient", "Check the address for typing mistakes."),
            Stage::Announce | Stage::HandOver => ("refuses the mail", "Ask whoever runs the mail server why."),
        };
        let permanent = match stage {
            Stage::Recipient => code >= 500 && code != 530 && !said.is_about_permission(),
            Stage::HandOver => code >= 500,
            Stage::Connect | Stage::Encrypt | Stage::SignIn | Stage::Sender | Stage::Announce => false,
        };
        let remedy = if code < 500 { "It asks to be tried again later, which happens by itself." } else { remedy };
        let reason = format!("The mail server {server} {what} ({answer}).");
        Self { permanent, concerns_all: stage.concerns_all(), reason, remedy: remedy.to_owned() }
    }
}

/// What a server said, without the three digits.
struct Said(String);

impl Said {
    /// Enhanced status X.7.X: security or policy, here "relaying denied" (RFC 3463 §3.8). A setting, not a wrong address.
    fn is_about_permission(&self) -> bool {
        let enhanced = self.0.split_whitespace().next().unwrap_or_default();
        enhanced.split('.').nth(1) == Some("7") && enhanced.split('.').count() == 3
    }

    fn quoted(&self, code: u16) -> String {
        if self.0.is_empty() { code.to_string() } else { format!("{code} {}", self.0) }
    }
}

/// At most 200 characters on one line. Never used for the login, where a server might repeat what it was sent.
fn said(error: &Error) -> Said {
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    Said(text.chars().take(200).map(printable).collect::<String>().trim().to_owned())
}

fn certificate_problem(error: &Error) -> Option<String> {
    let problem = causes(error).find_map(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = io.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        tls.or_else(|| cause.downcast_ref::<rustls::Error>())
    })?;
    let rustls::Error::InvalidCertificate(problem) = problem else { return None };
    Some(match problem {
        CertificateError::UnknownIssuer => "no authority known here has issued it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        other => other.to_string(),
    })
}

fn causes(error: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn std::error::Error + 'static)| (*cause).source())
}

/// The last link of the chain says it best: "connection refused".
fn innermost(error: &Error) -> String {
    let cause = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    cause.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
