use std::time::Duration;

use lettre::message::MultiPart;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use rollcall::sandbox::Mailbox;

fn mail() -> Message {
    let parts = MultiPart::alternative_plain_html("Grüße, ein Text".to_owned(), "<p>Grüße</p>".to_owned());
    Message::builder()
        .from("Rollcall <rollcall@vendor.example>".parse().unwrap())
        .to("it@acme.example".parse().unwrap())
        .subject("Überfällig: 3 Leute")
        .multipart(parts)
        .unwrap()
}

async fn send(mailbox: &Mailbox, credentials: Option<Credentials>) -> Result<(), lettre::transport::smtp::Error> {
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(mailbox.address().port());
    let builder = builder.timeout(Some(Duration::from_secs(5)));
    let transport = match credentials {
        Some(credentials) => builder.credentials(credentials),
        None => builder,
    };
    transport.build().send(mail()).await.map(drop)
}

#[tokio::test]
async fn mails_are_kept_and_readable() {
    let mailbox = Mailbox::start(0).await.unwrap();
    send(&mailbox, None).await.unwrap();
    let mails = mailbox.shelf().wait_for(1, Duration::from_secs(5)).await;
    let mail = &mails[0];
    assert_eq!((mail.subject(), mail.to()), ("Überfällig: 3 Leute", "it@acme.example"));
    assert_eq!((mail.text.trim(), mail.html.trim()), ("Grüße, ein Text", "<p>Grüße</p>"));
    assert_eq!(mail.recipients, ["it@acme.example"]);
}

#[tokio::test]
async fn recipients_are_refused_for_good_or_for_now() {
    let mailbox = Mailbox::start(0).await.unwrap();
    mailbox.shelf().manners(|manners| manners.refused.push("it@acme.example".to_owned()));
    assert!(send(&mailbox, None).await.unwrap_err().is_permanent());
    mailbox.shelf().manners(|manners| {
        manners.refused.clear();
        manners.refuse_for_now = 1;
    });
    assert!(send(&mailbox, None).await.unwrap_err().is_transient());
    send(&mailbox, None).await.unwrap();
}

#[tokio::test]
async fn a_server_that_dies_after_the_dot_has_the_mail() {
    let mailbox = Mailbox::start(0).await.unwrap();
    mailbox.shelf().manners(|manners| manners.die_after_dot = 1);
    assert!(send(&mailbox, None).await.is_err());
    assert_eq!(mailbox.shelf().mails().len(), 1);
}

#[tokio::test]
async fn credentials_are_demanded_and_checked() {
    let mailbox = Mailbox::start(0).await.unwrap();
    mailbox.shelf().manners(|manners| manners.credentials = Some(("rollcall".to_owned(), "pa:ss".to_owned())));
    assert!(send(&mailbox, None).await.is_err());
    let wrong = Credentials::new("rollcall".to_owned(), "wrong".to_owned());
    assert!(send(&mailbox, Some(wrong)).await.is_err());
    send(&mailbox, Some(Credentials::new("rollcall".to_owned(), "pa:ss".to_owned()))).await.unwrap();
}
