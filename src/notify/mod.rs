//! Mail by SMTP: nothing else in Rollcall sends any. Takes finished letters; writes no words of theirs and keeps
//! nothing (the store keeps every mail until a server has taken or refused it).

mod failure;
mod heartbeat;
mod message;
mod outbox;
mod server;
mod session;
mod settings;

use std::time::Duration;

use anyhow::Context as _;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use tokio::time::Instant;

pub use failure::SendFailure;
pub use heartbeat::heartbeat;
pub use message::{OutgoingMail, message_id};
pub use outbox::{DELAYED_AFTER, next_attempt, send_all};
pub use settings::{MailSettings, PeopleInMail};

use crate::report::{Finding, Verdict};
use server::Server;
use session::Session;

/// lettre's own limit covers only the connection being opened; a server that then says nothing would hold us for ever.
const LONGEST: Duration = Duration::from_secs(30);

/// One mail server, one sender. Connects anew for each mail.
pub struct Mailer {
    server: Server,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    credentials: Option<Credentials>,
    /// See [`LONGEST`]; shorter in tests.
    patience: Duration,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Mailer {
    /// Reads the settings; opens no connection yet.
    ///
    /// # Errors
    /// When an address, the server's address or the certificate file cannot be used.
    pub fn connect(settings: &MailSettings) -> anyhow::Result<Self> {
        let server = Server::new(&settings.smtp, settings.ca_file.as_deref())?;
        let from = message::mailbox(&settings.from).context("[mail] from")?;
        let reply_to = settings.reply_to.as_deref().map(message::mailbox).transpose().context("[mail] reply_to")?;
        let credentials = match (&settings.username, &settings.password) {
            (Some(name), Some(password)) => Some(Credentials::new(name.clone(), password.expose().to_owned())),
            (None, None) => None,
            (Some(_), None) => anyhow::bail!("[mail] has a username and no password; write both or neither"),
            (None, Some(_)) => anyhow::bail!("[mail] has a password and no username; write both or neither"),
        };
        Ok(Self { server, from, reply_to, credentials, patience: LONGEST })
    }

    /// Waits this long for a server instead of 30 s.
    #[must_use]
    pub fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sends one mail to its one recipient. After an ambiguous end (no answer to the final dot) the mail may have been
    /// taken: sending it again carries the same Message-ID, by which mailboxes recognise it.
    pub async fn send(&self, mail: &OutgoingMail) -> Result<(), SendFailure> {
        self.send_before(mail, Instant::now() + self.patience).await
    }

    /// As [`Self::send`], but gives up at `deadline` while the server has not yet been handed the mail. Once it has, its
    /// answer is waited for: leaving then is what makes doubles (RFC 5321 §4.5.3.2.6).
    async fn send_before(&self, mail: &OutgoingMail, deadline: Instant) -> Result<(), SendFailure> {
        let message = message::build(mail, &self.from, self.reply_to.as_ref())?;
        let deadline = deadline.min(Instant::now() + self.patience);
        let mut session = self.sign_in(deadline).await?;
        session.announce(message.envelope(), deadline).await?;
        let answered = session.hand_over(&message.formatted(), Instant::now() + self.patience).await;
        session.close().await;
        answered
    }

    /// Tests the connection, its encryption and the login; sends nothing.
    pub async fn check(&self) -> Finding {
        let subject = format!("mail server {}", self.server);
        let deadline = Instant::now() + self.patience;
        match self.sign_in(deadline).await {
            Ok(session) => {
                session.close().await;
                let login = if self.credentials.is_some() { "it accepts the login" } else { "no login is configured" };
                let message = format!("answers{}; {login}", self.server.protection());
                Finding { subject, verdict: Verdict::Ok, message }
            }
            Err(failure) => Finding { subject, verdict: Verdict::Failure, message: failure.to_string() },
        }
    }

    async fn sign_in(&self, deadline: Instant) -> Result<Session, SendFailure> {
        let mut session = Session::open(&self.server, deadline).await?;
        if let Some(credentials) = &self.credentials {
            session.sign_in(credentials, deadline).await?;
        }
        Ok(session)
    }
}
