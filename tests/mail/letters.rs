//! Every word of the letters, whole, for each audience and topic; and what each audience must never read.

use insta::assert_snapshot;
use rollcall::model::ChangeKind;
use rollcall::report::letter::{Context, test_letter, write};
use rollcall::report::{Audience, Digest, PeopleInMail, Topic};

use crate::samples::*;

#[test]
fn a_hold_of_leavers_to_the_client() {
    assert_snapshot!(to_client(&opened(vec![incident(Topic::Hold(hold("left", 212, 45)))])), @"");
}

#[test]
fn a_hold_of_leavers_to_operators() {
    let mut held = hold("left", 212, 45);
    held.people.truncate(3);
    assert_snapshot!(to_operators(&opened(vec![incident(Topic::Hold(held))])), @"");
}

#[test]
fn a_hold_of_renames_to_the_client() {
    assert_snapshot!(to_client(&opened(vec![incident(Topic::Hold(hold("renames", 3, 2)))])), @"");
}

#[test]
fn a_configuration_hold_to_the_client() {
    assert_snapshot!(to_client(&opened(vec![incident(Topic::Hold(hold("configuration", 120, 0)))])), @"");
}

#[test]
fn failing_people_to_the_client() {
    let digest = opened(vec![no_mail("eve"), refused_title(), no_mail("joe"), stuck_leaver()]);
    assert_snapshot!(to_client(&digest), @"");
}

#[test]
fn failing_people_to_operators() {
    let digest = opened(vec![no_mail("eve"), refused_title(), no_mail("joe"), stuck_leaver()]);
    assert_snapshot!(to_operators(&digest), @"");
}

#[test]
fn a_record_that_cannot_be_mapped_to_the_client() {
    let reason = "department is required, and has no value.";
    let unmapped = incident(Topic::Person(failure("kim", None, reason, "")));
    assert_snapshot!(to_client(&opened(vec![unmapped])), @"");
}

#[test]
fn an_expired_secret_to_the_client() {
    let digest = opened(vec![failed_run("credentials", "AADSTS7000222: the client secret has expired.")]);
    assert_snapshot!(to_client(&digest), @"");
}

#[test]
fn an_expired_secret_to_operators() {
    let digest = opened(vec![failed_run("credentials", "AADSTS7000222: the client secret has expired.")]);
    assert_snapshot!(to_operators(&digest), @"");
}

#[test]
fn an_app_without_seats_to_both() {
    assert_snapshot!(to_client(&opened(vec![no_seats()])), @"");
    assert_snapshot!(to_operators(&opened(vec![no_seats()])), @"");
}

#[test]
fn an_expiry_to_both() {
    assert_snapshot!(to_client(&opened(vec![expiring(14)])), @"");
    assert_snapshot!(to_operators(&opened(vec![expiring(1)])), @"");
}

#[test]
fn everything_at_once_is_one_letter_in_order() {
    let digest = Digest {
        opened: vec![no_mail("eve"), expiring(7)],
        worse: vec![incident(Topic::Hold(hold("left", 212, 45)))],
        reminded: vec![refused_title()],
        solved: vec![no_mail("joe"), failed_run("group_gone", ""), incident(Topic::Hold(hold("disabled", 9, 5)))],
        lasting: vec![no_mail("kim"), no_seats(), incident(Topic::Hold(hold("creates", 60, 50)))],
        ended: vec![],
    };
    assert_snapshot!(to_client(&digest), @"");
    assert_snapshot!(to_operators(&digest), @"");
}

#[test]
fn a_pause_to_operators() {
    assert_snapshot!(to_operators(&opened(vec![pause()])), @"");
}

#[test]
fn a_test_mail_to_both() {
    assert_snapshot!(shown(&test_letter(&context(Audience::ClientAdmins))), @"");
    assert_snapshot!(shown(&test_letter(&context(Audience::Operators))), @"");
}

#[test]
fn the_html_says_what_the_text_says() {
    let digest = opened(vec![incident(Topic::Hold(hold("renames", 3, 2))), refused_title(), no_seats()]);
    for audience in [Audience::ClientAdmins, Audience::Operators] {
        let letter = write(&digest, &context(audience)).expect("a letter");
        let html: String = letter.html.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text).collect();
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        let html = squeezed(&html.replace("&quot;", "\"").replace("&nbsp;", ""));
        for line in letter.text.lines().filter(|line| !line.starts_with("==") && *line != "-- ") {
            let line = line.trim().trim_start_matches(['*', '-']).trim();
            let found = html.to_lowercase().contains(&squeezed(line).to_lowercase());
            assert!(found, "{line:?} is not in the HTML");
        }
    }
}

#[test]
fn leavers_are_named_to_the_client_only_when_the_customer_wants_it() {
    let digest = opened(vec![incident(Topic::Hold(hold("left", 212, 45)))]);
    assert!(!to_client(&digest).contains("person1@acme.example"));
    let context = Context { people: PeopleInMail::Names, ..context(Audience::ClientAdmins) };
    let named = write(&digest, &context).expect("a letter").text;
    assert!(named.contains("person50@acme.example") && named.contains("and 162 more"), "{named}");
    assert!(to_operators(&digest).contains("person50@acme.example: deactivate, left group"));
}

#[test]
fn fifty_people_are_named_and_the_others_counted() {
    let many = (0..120).map(|number| {
        let reason = if number < 40 { "no mail".to_owned() } else { format!("title {number} is too long") };
        incident(Topic::Person(failure(&format!("p{number}"), Some(ChangeKind::Create), &reason, "")))
    });
    for text in [to_client(&opened(many.clone().collect())), to_operators(&opened(many.collect()))] {
        assert_eq!(text.matches("@acme.example\n").count(), 50, "{text}");
        assert!(text.contains("And 70 people more, failed in other ways."), "{text}");
        assert!(text.starts_with("Subject: Acme Pty Ltd: 120 failed\n"), "{text}");
    }
}

#[test]
fn a_client_reads_no_command_and_no_word_of_ours() {
    let mut all = vec![no_mail("eve"), refused_title(), stuck_leaver(), no_seats(), expiring(3)];
    for kind in ["configuration", "disabled", "left", "reactivations", "renames", "creates", "updates", "adoptions", "mass_null"] {
        all.push(incident(Topic::Hold(hold(kind, 99, 5))));
    }
    for class in ["credentials", "permission", "group_gone", "group_hidden", "unreadable"] {
        all.push(failed_run(class, "It was refused."));
    }
    let digest = Digest { solved: all.clone(), lasting: all.clone(), reminded: all.clone(), ..opened(all) };
    let text = to_client(&digest).to_lowercase();
    let ours = [
        "rollcall", "hold", "held", "quarantine", "snapshot", "roster", "scope", "mapping", "adopt", "leaver", "incident",
        "reconcile", "operation", "journal", "objection", "operator", "admin_", "`", "--", "configuration", "stage",
    ];
    for word in ours {
        let line = text.lines().find(|line| line.contains(word) && *line != "-- ");
        assert_eq!(line, None, "{word:?} is not the client's word");
    }
}

#[test]
fn a_client_hears_only_of_what_a_client_can_mend() {
    let client = context(Audience::ClientAdmins);
    for class in ["incomplete", "unavailable", "state", "target", "configuration"] {
        assert_eq!(write(&opened(vec![failed_run(class, "")]), &client), None, "{class}");
    }
    let mut passing = stuck_leaver();
    if let Topic::Person(failure) = &mut passing.topic {
        failure.change = Some(ChangeKind::Update);
    }
    for silent in [pause(), passing] {
        assert_eq!(write(&opened(vec![silent.clone()]), &client), None, "{silent:?}");
        to_operators(&opened(vec![silent]));
    }
}

#[test]
fn a_failed_run_in_preview_is_the_operators_business() {
    let mut report = report();
    report.stage = "preview".to_owned();
    let digest = opened(vec![failed_run("credentials", "")]);
    let client = Context { report: Some(&report), ..context(Audience::ClientAdmins) };
    assert_eq!(write(&digest, &client), None);
    assert!(write(&digest, &Context { audience: Audience::Operators, ..client }).is_some());
}

#[test]
fn what_merely_lasts_is_no_reason_for_a_letter() {
    let digest = Digest { lasting: vec![no_mail("eve")], ..Digest::default() };
    for audience in [Audience::ClientAdmins, Audience::Operators] {
        assert_eq!(write(&digest, &context(audience)), None);
    }
}

#[test]
fn a_letter_of_reminders_says_so() {
    let digest = Digest { reminded: vec![no_mail("eve")], ..Digest::default() };
    assert!(to_client(&digest).starts_with("Subject: Acme Pty Ltd: reminder, 1 failed\n"));
}
