//! One mail to one recipient, against a good server and every kind of bad one.

use std::io::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mailparse::MailHeaderMap as _;
use rollcall::model::{Secret, SecretPlace};
use rollcall::notify::{MailSettings, Mailer, OutgoingMail, PeopleInMail, SendFailure, message_id, send_all};
use rollcall::report::Verdict;
use tokio::time::Instant;

use crate::smtp::{Fault, Security, SmtpServer};

const PASSWORD: &str = "p4ss-w0rd";

pub fn mail(to: &str) -> OutgoingMail {
    OutgoingMail {
        message_id: "<0d9e3f5c-1b2a-4c3d-8e4f-5a6b7c8d9e0f@vendor.example>".to_owned(),
        to: to.to_owned(),
        subject: "Zoë & Co: 1 failed".to_owned(),
        text: "Zoë failed.\n.\nA line of a dot stood above.\n".to_owned(),
        html: "<html><body><!-- notice --><p>Zoë failed.</p></body></html>".to_owned(),
        created_at: "2026-03-02T20:00:00Z".parse().expect("a moment"),
        delayed: false,
    }
}

fn settings(smtp: String) -> MailSettings {
    MailSettings {
        from: "Rollcall <rollcall@vendor.example>".to_owned(),
        reply_to: Some("integrations@vendor.example".to_owned()),
        operators: vec![],
        smtp,
        username: None,
        password: None,
        ca_file: None,
        people: PeopleInMail::Counts,
    }
}

fn with_login(mut settings: MailSettings) -> MailSettings {
    let mut password = Secret::at(SecretPlace::Env("X".to_owned()));
    password.resolve(PASSWORD.to_owned());
    settings.username = Some("rollcall".to_owned());
    settings.password = Some(password);
    settings
}

/// A mailer for the server, trusting its authority.
pub fn mailer(server: &SmtpServer, security: Security) -> Mailer {
    let scheme = match security {
        Security::Plain => "smtp+plain",
        Security::StartTls => "smtp",
        Security::Tls => "smtps",
    };
    let mut settings = with_login(settings(format!("{scheme}://{}", server.address)));
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(server.ca_pem.as_bytes()).expect("written");
    settings.ca_file = Some(file.path().to_owned());
    Mailer::connect(&settings).expect("good settings")
}

async fn failure(security: Security, fault: Fault) -> SendFailure {
    let server = SmtpServer::start(security, fault).await;
    let mailer = mailer(&server, security).patient(Duration::from_secs(5));
    mailer.send(&mail("it@acme.example")).await.expect_err("a failure")
}

#[track_caller]
fn says(failure: &SendFailure, permanent: bool, words: &str) {
    let text = failure.to_string();
    assert!(text.contains(words), "{text}");
    assert_eq!(failure.permanent, permanent, "{text}");
    assert!(!text.contains(PASSWORD), "{text}");
}

#[tokio::test]
async fn a_mail_arrives_with_exactly_the_headers_it_should_have() {
    for security in [Security::Plain, Security::StartTls, Security::Tls] {
        let server = SmtpServer::start(security, Fault::None).await;
        mailer(&server, security).send(&mail("IT <it@acme.example>")).await.expect("sent");
        let taken = server.taken().remove(0);
        assert_eq!(
            (taken.from.as_str(), taken.to.as_slice()),
            ("<rollcall@vendor.example>", &["<it@acme.example>".to_owned()][..])
        );
        assert_eq!(taken.encrypted, security != Security::Plain);
        assert_eq!(taken.login.as_deref(), Some("\0rollcall\0p4ss-w0rd"));

        let parsed = mailparse::parse_mail(taken.message.as_bytes()).expect("a mail");
        let mut names: Vec<String> = parsed.headers.iter().map(mailparse::MailHeader::get_key).collect();
        names.sort();
        let expected = [
            "Auto-Submitted",
            "Content-Type",
            "Date",
            "From",
            "MIME-Version",
            "Message-ID",
            "Reply-To",
            "Subject",
            "To",
        ];
        assert_eq!(names, expected);
        let header = |name: &str| parsed.headers.get_first_value(name).expect("a header");
        assert_eq!(header("Subject"), "Zoë & Co: 1 failed");
        assert_eq!(header("Message-ID"), mail("").message_id);
        assert_eq!(header("Auto-Submitted"), "auto-generated");
        assert_eq!(header("Reply-To"), "integrations@vendor.example");
        assert_eq!(mailparse::dateparse(&header("Date")).expect("a date"), mail("").created_at.timestamp());
        assert_eq!(parsed.ctype.mimetype, "multipart/alternative");
        let body = |index: usize| parsed.subparts[index].get_body().expect("a body").replace("\r\n", "\n");
        assert_eq!(body(0).trim_end(), mail("").text.trim_end());
        assert_eq!(body(1).trim_end(), mail("").html);
    }
}

#[tokio::test]
async fn a_delayed_mail_says_so_and_keeps_its_date() {
    let server = SmtpServer::start(Security::Plain, Fault::None).await;
    let delayed = OutgoingMail { delayed: true, ..mail("it@acme.example") };
    mailer(&server, Security::Plain).send(&delayed).await.expect("sent");
    let taken = server.taken().remove(0);
    let parsed = mailparse::parse_mail(taken.message.as_bytes()).expect("a mail");
    for part in &parsed.subparts {
        let body = part.get_body().expect("a body");
        assert!(body.contains("Delayed: this mail was written on 2 March 2026, 20:00 UTC"), "{body}");
    }
    assert!(parsed.headers.get_first_value("Date").expect("a date").contains("2 Mar 2026"));
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_without_starttls() {
    let server = SmtpServer::start(Security::StartTls, Fault::NoStartTls).await;
    let failure = mailer(&server, Security::StartTls).send(&mail("it@acme.example")).await.expect_err("refused");
    says(&failure, false, "offers no encryption (STARTTLS)");
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn an_authority_that_nobody_here_knows_is_refused_with_the_remedy() {
    for (security, scheme) in [(Security::StartTls, "smtp"), (Security::Tls, "smtps")] {
        let server = SmtpServer::start(security, Fault::None).await;
        let mailer =
            Mailer::connect(&with_login(settings(format!("{scheme}://{}", server.address)))).expect("settings");
        let failure = mailer.send(&mail("it@acme.example")).await.expect_err("refused");
        says(&failure, false, "no authority known here has issued it");
        says(&failure, false, "ca_file");
        assert!(failure.concerns_all);
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let server = SmtpServer::start(Security::Tls, Fault::None).await;
    let mut settings = settings(format!("smtps://localhost:{}", server.address.port()));
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(server.ca_pem.as_bytes()).expect("written");
    settings.ca_file = Some(file.path().to_owned());
    let failure = Mailer::connect(&settings).expect("settings").send(&mail("it@acme.example")).await;
    says(&failure.expect_err("refused"), false, "it is for another name");
}

#[tokio::test]
async fn a_refused_login_is_told_without_what_was_sent() {
    let failure = failure(Security::StartTls, Fault::WrongPassword).await;
    says(&failure, false, "refuses the login (535). Check [mail] username and password.");
    // "\0rollcall\0p4ss-w0rd"; the server repeats it in its answer.
    assert!(!failure.to_string().contains("AHJvbGxjYWxs"), "{failure}");
    assert!(failure.concerns_all);
}

#[tokio::test]
async fn a_server_without_a_login_is_told_apart_from_a_wrong_password() {
    says(&failure(Security::StartTls, Fault::NoAuth).await, false, "offers no login that we know");
}

#[tokio::test]
async fn a_server_that_wants_to_be_asked_later_is() {
    says(&failure(Security::Plain, Fault::TryLater).await, false, "451 4.3.0 later");
    says(&failure(Security::Plain, Fault::Busy).await, false, "421");
}

#[tokio::test]
async fn a_mail_that_the_server_refuses_is_refused_for_good() {
    says(&failure(Security::Plain, Fault::RefusesMail).await, true, "refuses the mail (554 5.6.0 not this)");
}

#[tokio::test]
async fn relaying_denied_is_a_setting_to_mend_not_a_wrong_address() {
    says(&failure(Security::Plain, Fault::NoRelay).await, false, "will not pass mail on for us");
}

#[tokio::test]
async fn a_silent_server_is_left_in_time() {
    let server = SmtpServer::start(Security::Plain, Fault::Silent).await;
    let mailer = mailer(&server, Security::Plain).patient(Duration::from_millis(200));
    says(&mailer.send(&mail("it@acme.example")).await.expect_err("given up"), false, "did not answer in time");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let mailer = Mailer::connect(&settings(format!("smtp+plain://{address}"))).expect("settings");
    says(&mailer.send(&mail("it@acme.example")).await.expect_err("nobody there"), false, "cannot be reached");
}

#[tokio::test]
async fn after_an_ambiguous_end_the_same_message_id_goes_out_again() {
    let server = SmtpServer::start(Security::Plain, Fault::DiesAfterDot).await;
    let mailer = mailer(&server, Security::Plain);
    for _ in 0..2 {
        let failure = mailer.send(&mail("it@acme.example")).await.expect_err("no answer");
        says(&failure, false, "it may have been taken");
    }
    let ids =
        server.taken().iter().map(|taken| taken.message.matches(&mail("").message_id).count()).collect::<Vec<_>>();
    assert_eq!(ids, [1, 1]);
}

#[tokio::test]
async fn a_server_that_is_slow_to_say_goodbye_makes_no_double() {
    let server = SmtpServer::start(Security::Plain, Fault::SilentAtQuit).await;
    mailer(&server, Security::Plain).send(&mail("it@acme.example")).await.expect("it was taken");
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn a_refused_recipient_blocks_nobody() {
    let server = SmtpServer::start(Security::Plain, Fault::RefusesSome).await;
    let mailer = mailer(&server, Security::Plain);
    let to = ["refused@acme.example", "no address", "it@acme.example"];
    let mails = to.iter().enumerate().map(|(id, to)| (id, mail(to))).collect();
    let answers = send_all(&mailer, mails, Instant::now() + Duration::from_secs(10)).await;
    assert_eq!(answers.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0, 1, 2]);
    says(answers[0].1.as_ref().expect_err("refused"), true, "refuses the recipient (550 5.1.1 no such user)");
    says(answers[1].1.as_ref().expect_err("refused"), true, "is not an address");
    assert!(answers[2].1.is_ok());
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_down_is_asked_once_for_all_mails() {
    let server = SmtpServer::start(Security::Plain, Fault::Busy).await;
    let mails = (0..20).map(|id| (id, mail("it@acme.example"))).collect();
    let answers = send_all(&mailer(&server, Security::Plain), mails, Instant::now() + Duration::from_secs(10)).await;
    assert_eq!((answers.len(), server.connections()), (20, 1));
    assert!(answers.iter().all(|(_, answer)| answer.as_ref().is_err_and(|failure| !failure.permanent)));
}

#[tokio::test]
async fn after_the_deadline_no_mail_is_begun() {
    let server = SmtpServer::start(Security::Plain, Fault::None).await;
    let mails = vec![(1, mail("it@acme.example"))];
    assert!(send_all(&mailer(&server, Security::Plain), mails, Instant::now()).await.is_empty());
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn check_says_what_works_and_sends_nothing() {
    let server = SmtpServer::start(Security::StartTls, Fault::None).await;
    let finding = mailer(&server, Security::StartTls).check().await;
    assert_eq!(finding.verdict, Verdict::Ok);
    assert_eq!(finding.subject, format!("mail server smtp://{}", server.address));
    assert_eq!(finding.message, "answers over TLS (STARTTLS); it accepts the login");
    assert!(server.taken().is_empty());

    let server = SmtpServer::start(Security::StartTls, Fault::WrongPassword).await;
    let finding = mailer(&server, Security::StartTls).check().await;
    assert_eq!(finding.verdict, Verdict::Failure);
    assert!(finding.message.contains("Check [mail] username and password."), "{}", finding.message);
}

#[test]
fn settings_that_cannot_work_are_refused_before_any_mail() {
    let refused = |settings: &MailSettings| format!("{:#}", Mailer::connect(settings).expect_err("refused"));
    let good = || settings("smtp://relay.example".to_owned());
    let from = "Rollcall\r\nBcc: eve@evil.example <rollcall@vendor.example>".to_owned();
    assert!(refused(&MailSettings { from, ..good() }).contains("control character"));
    assert!(refused(&MailSettings { from: "Rollcall".to_owned(), ..good() }).contains("Name <name@example.org>"));
    assert!(refused(&MailSettings { username: Some("me".to_owned()), ..good() }).contains("no password"));
    let mut junk = tempfile::NamedTempFile::new().expect("a file");
    junk.write_all(b"junk").expect("written");
    let ca_file = Some(junk.path().to_owned());
    assert!(refused(&MailSettings { ca_file, ..good() }).contains("holds no PEM certificate"));
}

#[test]
fn a_mailer_shows_no_password() {
    let mailer = Mailer::connect(&with_login(settings("smtp://relay.example".to_owned()))).expect("settings");
    assert_eq!(format!("{mailer:?}"), "Mailer { server: Server(smtp://relay.example:587), .. }");
}

#[test]
fn a_message_id_names_the_senders_domain_and_no_host() {
    let unique = uuid::Uuid::nil();
    let expected = "<00000000-0000-0000-0000-000000000000@vendor.example>";
    assert_eq!(message_id(unique, "Rollcall <rollcall@vendor.example>"), expected);
}

/// The moment everything happens at in these tests.
pub fn now() -> DateTime<Utc> {
    mail("").created_at
}
