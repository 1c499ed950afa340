//! One conversation with a mail server, step by step, so that a failure says at which step (RFC 5321 §3). Every step
//! ends in time. lettre's transport would do it all in one call, and would send a mail again that only its QUIT failed.

use std::future::Future;
use std::time::Duration;

use lettre::address::{Address, Envelope};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use tokio::time::{Instant, timeout, timeout_at};

use super::failure::{SendFailure, Stage};
use super::server::{Protection, Server};

/// A server that took the mail may be slow to say goodbye; it is not waited for.
const GOODBYE: Duration = Duration::from_secs(1);

/// A connection that was greeted and, where it must be, encrypted.
pub struct Session {
    connection: AsyncSmtpConnection,
    server: String,
}

impl Session {
    pub async fn open(server: &Server, deadline: Instant) -> Result<Self, SendFailure> {
        let name = server.to_string();
        let hello = ClientId::default();
        let from_the_start = match &server.protection {
            Protection::Tls(tls) => Some(tls.clone()),
            Protection::StartTls(_) | Protection::Loopback => None,
        };
        let address = (server.host.as_str(), server.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(address, None, &hello, from_the_start, None);
        let connection = step(&name, Stage::Connect, deadline, connecting).await?;
        let mut session = Self { connection, server: name };
        if let Protection::StartTls(tls) = &server.protection {
            if !session.connection.can_starttls() {
                return Err(SendFailure::no_starttls(&session.server));
            }
            let upgrading = session.connection.starttls(tls.clone(), &hello);
            step(&session.server, Stage::Encrypt, deadline, upgrading).await?;
        }
        Ok(session)
    }

    pub async fn sign_in(&mut self, credentials: &Credentials, deadline: Instant) -> Result<(), SendFailure> {
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if self.connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
            return Err(SendFailure::no_login(&self.server));
        }
        let signing_in = self.connection.auth(&mechanisms, credentials);
        step(&self.server, Stage::SignIn, deadline, signing_in).await?;
        Ok(())
    }

    /// Everything before the mail itself: until the server says "go ahead", it has taken nothing.
    pub async fn announce(&mut self, envelope: &Envelope, deadline: Instant) -> Result<(), SendFailure> {
        let mut parameters = vec![];
        let is_ascii = |address: &Address| address.to_string().is_ascii();
        if !envelope.to().iter().chain(envelope.from()).all(is_ascii) {
            if !self.connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(SendFailure::no_unicode(&self.server));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let sender = Mail::new(envelope.from().cloned(), parameters);
        step(&self.server, Stage::Sender, deadline, self.connection.command(sender)).await?;
        for recipient in envelope.to() {
            let recipient = Rcpt::new(recipient.clone(), vec![]);
            step(&self.server, Stage::Recipient, deadline, self.connection.command(recipient)).await?;
        }
        step(&self.server, Stage::Announce, deadline, self.connection.command(Data)).await?;
        Ok(())
    }

    /// The mail itself, and the server's word that it has it.
    pub async fn hand_over(&mut self, message: &[u8], deadline: Instant) -> Result<(), SendFailure> {
        step(&self.server, Stage::HandOver, deadline, self.connection.message(message)).await?;
        Ok(())
    }

    /// Whatever becomes of the goodbye, the mail is sent or it is not.
    pub async fn close(mut self) {
        drop(timeout(GOODBYE, self.connection.abort()).await);
    }
}

async fn step<T>(
    server: &str,
    stage: Stage,
    deadline: Instant,
    doing: impl Future<Output = Result<T, Error>>,
) -> Result<T, SendFailure> {
    match timeout_at(deadline, doing).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(SendFailure::of(server, stage, &error)),
        Err(_) => Err(SendFailure::silent(server, stage)),
    }
}
