//! A finished letter as an Internet message (RFC 5322): headers from checked parts only. Sends nothing.

use chrono::{DateTime, Utc};
use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use uuid::Uuid;

use super::failure::SendFailure;
use crate::report::letter::NOTICE_PLACE;

/// One mail to one recipient, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMail {
    /// `<unique@domain>`, made once by [`message_id`], the same at every attempt.
    pub message_id: String,
    /// `Name <address>` or an address.
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The Date header: when the news was, whenever it arrives.
    pub created_at: DateTime<Utc>,
    /// It could not be sent for a long time: the mail says so.
    pub delayed: bool,
}

/// The Message-ID of a new mail (RFC 5322 §3.6.4), at the sender's domain: a host's name is nobody's business.
pub fn message_id(unique: Uuid, from: &str) -> String {
    let domain = mailbox(from).map_or_else(|_| "rollcall.invalid".to_owned(), |from| from.email.domain().to_owned());
    format!("<{unique}@{domain}>")
}

/// Without control characters in front: lettre panics at a line end in a display name.
pub fn mailbox(text: &str) -> anyhow::Result<Mailbox> {
    anyhow::ensure!(!text.chars().any(char::is_control), "an address holds a control character");
    text.parse().map_err(|why| anyhow::anyhow!("{text:?} is not an address ({why}); write Name <name@example.org>"))
}

pub fn build(mail: &OutgoingMail, from: &Mailbox, reply_to: Option<&Mailbox>) -> Result<Message, SendFailure> {
    let to = mailbox(&mail.to).map_err(|why| {
        SendFailure::unwritable(
            format!("The recipient cannot be written to: {why}."),
            "Correct the address in admins or [mail] operators.",
        )
    })?;
    let mut builder = Message::builder()
        .from(from.clone())
        .to(to)
        .subject(one_line(&mail.subject))
        .date(mail.created_at.into())
        .message_id(Some(one_line(&mail.message_id)))
        .header(AutoSubmitted);
    if let Some(reply_to) = reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    let (text, html) = bodies(mail);
    builder.multipart(MultiPart::alternative_plain_html(text, html)).map_err(|why| {
        SendFailure::unwritable(
            format!("The mail cannot be written: {why}."),
            "This is a fault of Rollcall; please report it.",
        )
    })
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn bodies(mail: &OutgoingMail) -> (String, String) {
    if !mail.delayed {
        return (mail.text.clone(), mail.html.clone());
    }
    let written = mail.created_at.format("%-d %B %Y, %H:%M UTC");
    let notice = format!("Delayed: this mail was written on {written} and could not be sent until now.");
    let paragraph = format!("<p style=\"margin:0 0 12px 0;color:#b45309;\">{notice}</p>");
    (format!("{notice}\n\n{}", mail.text), mail.html.replacen(NOTICE_PLACE, &paragraph, 1))
}

/// Keeps out-of-office answers away (RFC 3834 §5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
