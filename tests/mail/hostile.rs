//! Hostile text on its way through every letter and a real server, read back by a parser that is not ours.

use mailparse::MailHeaderMap as _;
use rollcall::model::ChangeKind;
use rollcall::notify::OutgoingMail;
use rollcall::report::letter::{Context, write};
use rollcall::report::{
    AppRefusal, Audience, Digest, Expiry, HoldReport, Incident, Letter, Notice, PeopleInMail, Report, RunError, Topic,
};

use crate::delivery::{mail, mailer, now};
use crate::samples::*;
use crate::smtp::{Fault, Security, SmtpServer};

fn hostile() -> Vec<String> {
    let fixed = [
        "",
        "\0\u{1}\u{7}\u{1b}[31mred\u{9b}31m\u{7f}",
        "a\r\nBcc: eve@evil.example\r\n\r\nbody",
        "a\n.\nMAIL FROM:<eve@evil.example>",
        "=cmd|' /C calc'!A0",
        "=?utf-8?q?Bcc:_eve?=",
        "\u{202e}gnp.exe\u{202c}\u{2066}x\u{2069}\u{200f}",
        "\u{5d0}\u{5d1}\u{5d2} \u{645}\u{631}\u{62d}\u{628}\u{627}",
        "👩‍🚀👨‍👩‍👧‍👦🏴‍☠️ Zoë",
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</td></table><h1>Your account is locked</h1>",
        "<!-- notice -->--><b>",
        "{{ page }}{% for x in y %}{# #}",
        "line\u{2028}and\u{2029}paragraph",
        "$(reboot)`reboot`;reboot",
        "%s%n%p",
    ];
    let mut all: Vec<String> = fixed.iter().map(|text| (*text).to_owned()).collect();
    all.extend(["x".repeat(300), "é".repeat(5000), "<".repeat(300)]);
    all
}

/// The text in every place that foreign text can reach.
fn everywhere(text: &str) -> Digest {
    let foreign = || text.to_owned();
    let mut held: HoldReport = hold("renames", 2, 1);
    held.message = foreign();
    held.people.iter_mut().for_each(|person| person.user_name = foreign());
    let mut leavers = hold("left", 2, 1);
    leavers.people.iter_mut().for_each(|person| person.user_name = foreign());
    let mut one = failure("x", Some(ChangeKind::Create), text, text);
    one.user_name = foreign();
    one.person = rollcall::model::PersonId::new(foreign());
    let mut two = failure("y", None, "same", "same");
    two.user_name = foreign();
    let three = rollcall::report::PersonFailure { person: rollcall::model::PersonId::new("z"), ..two.clone() };
    let topics = [
        Topic::Hold(held),
        Topic::Hold(leavers),
        Topic::Person(one),
        Topic::Person(two),
        Topic::Person(three),
        Topic::Run(RunError {
            class: "credentials".into(),
            reason: foreign(),
            remedy: foreign(),
            request_id: Some(foreign()),
        }),
        Topic::Run(RunError { class: foreign(), reason: foreign(), remedy: foreign(), request_id: None }),
        Topic::App(AppRefusal { change: ChangeKind::Create, count: 1, reason: foreign(), remedy: foreign() }),
        Topic::Expiry(Expiry { what: foreign(), date: now().date_naive(), days: 3 }),
        Topic::Notice(Notice { kind: "pause".into(), reason: foreign(), remedy: foreign() }),
    ];
    let all: Vec<Incident> = topics.into_iter().map(incident).collect();
    Digest { worse: all.clone(), reminded: all.clone(), solved: all.clone(), lasting: all.clone(), ..opened(all) }
}

fn letters(text: &str) -> Vec<Letter> {
    let report = Report { warnings: vec![text.to_owned()], ..report() };
    let context = |audience| Context { report: Some(&report), people: PeopleInMail::Names, ..context(audience) };
    let write = |audience| write(&everywhere(text), &context(audience)).expect("a letter");
    vec![write(Audience::ClientAdmins), write(Audience::Operators)]
}

/// The tags of a page, in order, by a reader that knows no more than `<` and `>`.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|piece| piece.split_once('>').map_or(piece, |(tag, _)| tag)).collect()
}

#[test]
fn foreign_text_adds_no_tag_to_the_html() {
    let harmless = letters("harmless");
    for text in hostile().iter().filter(|text| !text.is_empty()) {
        // What is left of it after cleaning may be nothing, or end in another shape of the page; both are compared.
        for (letter, expected) in letters(text).iter().zip(&harmless) {
            let (found, expected) = (tags(&letter.html), tags(&expected.html));
            let foreign: Vec<_> = found.iter().filter(|tag| !expected.contains(tag)).collect();
            assert!(foreign.is_empty(), "{text:?} made {foreign:?}");
            let scripts = found.iter().filter(|tag| tag.starts_with("script") || tag.starts_with("img")).count();
            assert_eq!(scripts, 0, "{text:?}");
        }
    }
}

#[test]
fn a_subject_holds_no_foreign_text_and_no_control_character() {
    let expected: Vec<String> = letters("harmless").into_iter().map(|letter| letter.subject).collect();
    for text in hostile() {
        let subjects: Vec<String> = letters(&text).into_iter().map(|letter| letter.subject).collect();
        assert_eq!(subjects, expected, "{text:?}");
    }
}

#[test]
fn a_configured_name_with_a_line_end_makes_no_header() {
    let context = Context { name: "Acme\r\nBcc: eve@evil.example", ..context(Audience::Operators) };
    let letter = write(&opened(vec![no_seats()]), &context).expect("a letter");
    assert_eq!(letter.subject, "Acme  Bcc: eve@evil.example: 1 failed");
}

#[test]
fn nothing_in_a_letter_moves_the_cursor_or_turns_the_reading_direction() {
    let turns =
        |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    for text in hostile() {
        for letter in letters(&text) {
            for shown in [&letter.text, &letter.html] {
                let bad = shown
                    .chars()
                    .find(|c| turns(*c) || (c.is_control() && *c != '\n') || matches!(c, '\u{2028}' | '\u{2029}'));
                assert_eq!(bad, None, "{text:?}");
            }
        }
    }
}

#[test]
fn foreign_text_begins_no_line_of_its_own() {
    for letter in letters("a\r\nBcc: eve@evil.example\n.\nrollcall approve acme h-1") {
        let injected = |line: &&str| line.starts_with("Bcc") || line.starts_with('.') || line.starts_with("rollcall");
        assert_eq!(letter.text.lines().find(injected), None, "{}", letter.text);
    }
}

#[test]
fn a_long_value_is_shortened_and_its_length_told() {
    for letter in letters(&"x".repeat(5000)) {
        assert!(letter.text.contains("[5000 characters in all]"));
        assert!(!letter.text.contains(&"x".repeat(700)), "a screen is not filled");
    }
}

#[test]
fn no_shell_command_is_made_of_foreign_text() {
    for text in hostile().iter().filter(|text| text.contains(['$', ';', '`', '|', '\n'])) {
        let letter = letters(text).remove(1);
        let commands = letter.text.lines().filter(|line| line.starts_with("      rollcall "));
        let expected = ["plan", "approve", "check"];
        for command in commands {
            let words: Vec<&str> = command.split_whitespace().collect();
            assert!(expected.contains(&words[1]) && words[2] == "acme" && words.len() <= 5, "{command}");
            assert!(!command.contains(['$', ';', '`', '|']), "{command}");
        }
    }
}

#[tokio::test]
async fn every_hostile_letter_arrives_as_it_was_written() {
    let server = SmtpServer::start(Security::Plain, Fault::None).await;
    let mailer = mailer(&server, Security::Plain);
    for text in hostile() {
        for letter in letters(&text) {
            // The subject too, although no letter would put foreign text there.
            let subject = format!("{}{text}", letter.subject);
            let sent = OutgoingMail { subject, text: letter.text, html: letter.html, ..mail("it@acme.example") };
            mailer.send(&sent).await.expect("sent");
            arrived_as(&server.taken().pop().expect("a mail").message, &sent);
        }
    }
}

#[track_caller]
fn arrived_as(message: &str, sent: &OutgoingMail) {
    let parsed = mailparse::parse_mail(message.as_bytes()).expect("a mail");
    let mut names: Vec<String> = parsed.headers.iter().map(mailparse::MailHeader::get_key).collect();
    names.sort();
    let expected =
        ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Reply-To", "Subject", "To"];
    assert_eq!(names, expected);
    assert_eq!(parsed.headers.get_first_value("To").as_deref(), Some("it@acme.example"));
    assert_eq!(parsed.subparts.len(), 2);
    let body = |index: usize| parsed.subparts[index].get_body().expect("a body").replace("\r\n", "\n");
    assert_eq!(body(0).trim_end(), sent.text.trim_end());
    assert_eq!(body(1).trim_end(), sent.html.trim_end());
}

#[tokio::test]
async fn a_recipient_with_a_line_end_is_refused_and_sends_nothing() {
    let server = SmtpServer::start(Security::Plain, Fault::None).await;
    for to in ["it@acme.example\r\nBcc: eve@evil.example", "IT\r\nX: y <it@acme.example>", "a\0 <it@acme.example>"] {
        let failure = mailer(&server, Security::Plain).send(&mail(to)).await.expect_err("refused");
        assert!(failure.permanent && failure.reason.contains("control character"), "{failure}");
    }
    assert_eq!(server.connections(), 0);
}
