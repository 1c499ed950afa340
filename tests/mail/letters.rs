//! Every word of the letters, whole, for each audience and topic; and what each audience must never read.

use insta::assert_snapshot;
use rollcall::model::ChangeKind;
use rollcall::report::letter::{Context, test_letter, write};
use rollcall::report::{Audience, Digest, PeopleInMail, Topic};

use crate::samples::*;

#[test]
fn a_hold_of_leavers_to_the_client() {
    assert_snapshot!(to_client(&opened(vec![incident(Topic::Hold(hold("left", 212, 45)))])), @r#"
    Subject: Acme Pty Ltd: 1 waiting for you

    Acme Pty Ltd

    This is about the accounts in the app that follow your directory group in Microsoft Entra.


    WAITING FOR YOU
    ===============

    * 212 accounts would be deactivated
      The people concerned are no longer in the group, or no longer meet the conditions for an account.
      Nothing of this has been done: without asking, at most 45 a day are deactivated; 900 accounts are active now.
      If this is right: Reply to approve, reference h-3f9c.
      If it is not: Put the people back into the group in Entra, or correct their records. Nothing else is needed then.

    -- 
    What you mend is noticed by itself, and a mail then says that it is solved.
    Questions? Reply to this mail. It was written by a program; your answer is read by people.
    "#);
}

#[test]
fn a_hold_of_leavers_to_operators() {
    let mut held = hold("left", 212, 45);
    held.people.truncate(3);
    assert_snapshot!(to_operators(&opened(vec![incident(Topic::Hold(held))])), @r#"
    Subject: Acme Pty Ltd: 1 waiting for you

    Acme Pty Ltd

    Customer acme, run 12 (live), started 2 March 2026, 07:00.


    WAITING FOR YOU
    ===============

    * 212 changes held: left
      would deactivate 212 of 900 accounts; the limit is 45.
      Since: 2 March 2026, 07:00
        - person1@acme.example: deactivate, left group
        - person2@acme.example: deactivate, left group
        - person3@acme.example: deactivate, left group
        and 209 more
      Look at it, then approve it, whole or in part (--only, --except):
          rollcall plan acme
          rollcall approve acme h-3f9c

    -- 
    This run: 1,204 on the roster, 1,180 in scope, 3 created, 1,165 unchanged, 2 failed.
    Noticed: 4 people have managers without accounts
    "#);
}

#[test]
fn a_hold_of_renames_to_the_client() {
    assert_snapshot!(to_client(&opened(vec![incident(Topic::Hold(hold("renames", 3, 2)))])), @r#"
    Subject: Acme Pty Ltd: 1 waiting for you

    Acme Pty Ltd

    This is about the accounts in the app that follow your directory group in Microsoft Entra.


    WAITING FOR YOU
    ===============

    * 3 accounts would be renamed
      Their sign-in name in Entra, or another value by which an account is recognised, has changed.
      Nothing of this has been done: without asking, at most 2 a day are renamed; 900 accounts are active now.
        - person1@acme.example
        - person2@acme.example
        - person3@acme.example
      If this is right: Reply to approve, reference h-3f9c.
      If it is not: Correct the values in Entra. Nothing else is needed then.

    -- 
    What you mend is noticed by itself, and a mail then says that it is solved.
    Questions? Reply to this mail. It was written by a program; your answer is read by people.
    "#);
}

#[test]
fn a_configuration_hold_to_the_client() {
    assert_snapshot!(to_client(&opened(vec![incident(Topic::Hold(hold("configuration", 120, 0)))])), @r#"
    Subject: Acme Pty Ltd: 1 waiting for you

    Acme Pty Ltd

    This is about the accounts in the app that follow your directory group in Microsoft Entra.


    WAITING FOR YOU
    ===============

    * 120 accounts would be created, changed or deactivated
      These are the first changes, or the first after new settings: all of them are shown before any is made.
      Nothing of this has been done: it needs your approval.
      If this is right: Reply to approve, reference h-3f9c.
      If it is not: Reply and tell us what should be different.

    -- 
    What you mend is noticed by itself, and a mail then says that it is solved.
    Questions? Reply to this mail. It was written by a program; your answer is read by people.
    "#);
}

#[test]
fn failing_people_to_the_client() {
    let digest = opened(vec![no_mail("eve"), refused_title(), no_mail("joe"), stuck_leaver()]);
    assert_snapshot!(to_client(&digest), @r#"
    Subject: Acme Pty Ltd: 4 failed

    Acme Pty Ltd

    This is about the accounts in the app that follow your directory group in Microsoft Entra.


    FAILED
    ======

    * bob@acme.example
      Failed: The account could not be deactivated, and may still give access
      Why: The app answers 500.
      What to do: To be safe, deactivate the account in the app by hand.
      Since: 2 March 2026

    * 2 accounts could not be created
      Why: userName is required, and user.mail has no value.
      What to do: Fill in the e-mail address in Entra.
        - eve@acme.example
        - joe@acme.example

    * ada@acme.example
      Failed: The account could not be changed
      Why: The app refuses title "Chief Everything Officer": at most 20 characters.
      What to do: Shorten the job title in Entra.
      Since: 2 March 2026

    -- 
    What you mend is noticed by itself, and a mail then says that it is solved.
    Questions? Reply to this mail. It was written by a program; your answer is read by people.
    "#);
}

#[test]
fn failing_people_to_operators() {
    let digest = opened(vec![no_mail("eve"), refused_title(), no_mail("joe"), stuck_leaver()]);
    assert_snapshot!(to_operators(&digest), @r#"
    Subject: Acme Pty Ltd: 4 failed

    Acme Pty Ltd

    Customer acme, run 12 (live), started 2 March 2026, 07:00.


    FAILED
    ======

    * bob@acme.example
      Failed: deactivate failed (transient)
      Why: The app answers 500.
      Since: 2 March 2026, 07:00
      Person: id-of-bob
          rollcall plan acme --person id-of-bob

    * 2 people: create failed
      Failed: create failed (record)
      Why: userName is required, and user.mail has no value.
      What to do: Fill in the e-mail address in Entra.
        - eve@acme.example
        - joe@acme.example
          rollcall plan acme --person id-of-eve

    * ada@acme.example
      Failed: update failed (record)
      Why: The app refuses title "Chief Everything Officer": at most 20 characters.
      What to do: Shorten the job title in Entra. Or run rollcall plan acme to see the mapping.
      Since: 2 March 2026, 07:00
      Person: id-of-ada
          rollcall plan acme --person id-of-ada

    -- 
    This run: 1,204 on the roster, 1,180 in scope, 3 created, 1,165 unchanged, 2 failed.
    Noticed: 4 people have managers without accounts
    "#);
}

#[test]
fn a_record_that_cannot_be_mapped_to_the_client() {
    let reason = "department is required, and has no value.";
    let unmapped = incident(Topic::Person(failure("kim", None, reason, "")));
    assert_snapshot!(to_client(&opened(vec![unmapped])), @r#"
    Subject: Acme Pty Ltd: 1 failed

    Acme Pty Ltd

    This is about the accounts in the app that follow your directory group in Microsoft Entra.


    FAILED
    ======

    * kim@acme.example
      Failed: The account could not be worked out from the record in Entra
      Why: department is required, and has no value.
      What to do: Correct this person's record in Entra.
      Since: 2 March 2026

    -- 
    What you mend is noticed by itself, and a mail then says that it is solved.
    Questions? Reply to this mail. It was written by a program; your answer is read by people.
    "#);
}

#[test]
fn an_expired_secret_to_the_client() {
    let digest = opened(vec![failed_run("credentials", "AADSTS7000222: the client secret has expired.")]);
    assert_snapshot!(to_client(&digest), @r#"
    Subject: Acme Pty Ltd: 1 failed

    Acme Pty Ltd

    This is about the accounts in the app that follow your directory group in Microsoft Entra.


    FAILED
    ======

    * Entra refuses our sign-in: the client secret has expired, was removed, or is wrong
      Why: AADSTS7000222: the client secret has expired.
      What to do: In the Entra admin centre open App registrations, our app, Certificates & secrets, and make a new client secret. Hand us its Value (not the Secret ID) the way you did before, never by mail.
      Until then no account is created, changed or deactivated; people who leave keep their access.

    -- 
    What you mend is noticed by itself, and a mail then says that it is solved.
    Questions? Reply to this mail. It was written by a program; your answer is read by people.
    "#);
}

#[test]
fn an_expired_secret_to_operators() {
    let digest = opened(vec![failed_run("credentials", "AADSTS7000222: the client secret has expired.")]);
    assert_snapshot!(to_operators(&digest), @r#"
    Subject: Acme Pty Ltd: 1 failed

    Acme Pty Ltd

    Customer acme, run 12 (live), started 2 March 2026, 07:00.


    FAILED
    ======

    * The run failed
      Why: AADSTS7000222: the client secret has expired.
      What to do: Make a new client secret; then run rollcall check acme.
      Class: credentials
      Request id: 5f1c8f2e-0000
          rollcall check acme

    -- 
    This run: 1,204 on the roster, 1,180 in scope, 3 created, 1,165 unchanged, 2 failed.
    Noticed: 4 people have managers without accounts
    "#);
}

#[test]
fn an_app_without_seats_to_both() {
    assert_snapshot!(to_client(&opened(vec![no_seats()])), @r#"
    Subject: Acme Pty Ltd: 1 failed

    Acme Pty Ltd

    This is about the accounts in the app that follow your directory group in Microsoft Entra.


    FAILED
    ======

    * 12 accounts could not be created
      Why: All 250 seats of the app's plan are taken.
      What to do: Buy more seats in the app, or deactivate accounts that nobody uses.
      It is the app that refuses, not a person's record. Everything is tried again by itself.

    -- 
    What you mend is noticed by itself, and a mail then says that it is solved.
    Questions? Reply to this mail. It was written by a program; your answer is read by people.
    "#);
    assert_snapshot!(to_operators(&opened(vec![no_seats()])), @r#"
    Subject: Acme Pty Ltd: 1 failed

    Acme Pty Ltd

    Customer acme, run 12 (live), started 2 March 2026, 07:00.


    FAILED
    ======

    * The app refuses every create: 12 changes not made
      Why: All 250 seats of the app's plan are taken.
      What to do: Buy more seats in the app, or deactivate accounts that nobody uses.

    -- 
    This run: 1,204 on the roster, 1,180 in scope, 3 created, 1,165 unchanged, 2 failed.
    Noticed: 4 people have managers without accounts
    "#);
}

#[test]
fn an_expiry_to_both() {
    assert_snapshot!(to_client(&opened(vec![expiring(14)])), @r#"
    Subject: Acme Pty Ltd: 1 waiting for you

    Acme Pty Ltd

    This is about the accounts in the app that follow your directory group in Microsoft Entra.


    WAITING FOR YOU
    ===============

    * Client secret of the app registration in Entra: ends on 15 March 2026, in 14 days
      What to do: Make a new one and hand it to us the way you did before, never by mail.
      After that day no account can be created, changed or deactivated.

    -- 
    What you mend is noticed by itself, and a mail then says that it is solved.
    Questions? Reply to this mail. It was written by a program; your answer is read by people.
    "#);
    assert_snapshot!(to_operators(&opened(vec![expiring(1)])), @r#"
    Subject: Acme Pty Ltd: 1 waiting for you

    Acme Pty Ltd

    Customer acme, run 12 (live), started 2 March 2026, 07:00.


    WAITING FOR YOU
    ===============

    * Client secret of the app registration in Entra ends in 1 day (2 March 2026)
      What to do: Renew it, put the new value where the configuration says, and run check.

    -- 
    This run: 1,204 on the roster, 1,180 in scope, 3 created, 1,165 unchanged, 2 failed.
    Noticed: 4 people have managers without accounts
    "#);
}

fn everything_at_once() -> Digest {
    let mut leavers = hold("left", 212, 45);
    leavers.people.truncate(2);
    Digest {
        opened: vec![no_mail("eve"), expiring(7)],
        worse: vec![incident(Topic::Hold(leavers))],
        reminded: vec![refused_title()],
        solved: vec![no_mail("joe"), failed_run("group_gone", ""), incident(Topic::Hold(hold("disabled", 9, 5)))],
        lasting: vec![no_mail("kim"), no_seats(), incident(Topic::Hold(hold("creates", 60, 50)))],
        ended: vec![],
    }
}

#[test]
fn everything_at_once_is_one_letter_to_the_client() {
    assert_snapshot!(to_client(&everything_at_once()), @r#"
    Subject: Acme Pty Ltd: 2 waiting for you, 2 failed, 3 solved

    Acme Pty Ltd

    This is about the accounts in the app that follow your directory group in Microsoft Entra.


    WAITING FOR YOU
    ===============

    * 212 accounts would be deactivated (changed)
      The people concerned are no longer in the group, or no longer meet the conditions for an account.
      Nothing of this has been done: without asking, at most 45 a day are deactivated; 900 accounts are active now.
      If this is right: Reply to approve, reference h-3f9c.
      If it is not: Put the people back into the group in Entra, or correct their records. Nothing else is needed then.

    * Client secret of the app registration in Entra: ends on 8 March 2026, in 7 days
      What to do: Make a new one and hand it to us the way you did before, never by mail.
      After that day no account can be created, changed or deactivated.

      Unchanged since an earlier mail:
        - 60 accounts would be created, reference h-3f9c


    FAILED
    ======

    * eve@acme.example
      Failed: The account could not be created
      Why: userName is required, and user.mail has no value.
      What to do: Fill in the e-mail address in Entra.
      Since: 2 March 2026

    * ada@acme.example (reminder)
      Failed: The account could not be changed
      Why: The app refuses title "Chief Everything Officer": at most 20 characters.
      What to do: Shorten the job title in Entra.
      Since: 2 March 2026

      Unchanged since an earlier mail:
        - kim@acme.example, since 2 March 2026
        - Accounts cannot be created, since 2 March 2026


    SOLVED
    ======

        - joe@acme.example, failed since 2 March 2026
        - The directory can be read again; it could not since 2 March 2026
        - 9 accounts to be deactivated: no longer waiting for you (reference h-3f9c)

    -- 
    What you mend is noticed by itself, and a mail then says that it is solved.
    Questions? Reply to this mail. It was written by a program; your answer is read by people.
    "#);
}

#[test]
fn everything_at_once_is_one_letter_to_operators() {
    assert_snapshot!(to_operators(&everything_at_once()), @r#"
    Subject: Acme Pty Ltd: 2 waiting for you, 2 failed, 3 solved

    Acme Pty Ltd

    Customer acme, run 12 (live), started 2 March 2026, 07:00.


    WAITING FOR YOU
    ===============

    * 212 changes held: left (changed)
      would deactivate 212 of 900 accounts; the limit is 45.
      Since: 2 March 2026, 07:00
        - person1@acme.example: deactivate, left group
        - person2@acme.example: deactivate, left group
        and 210 more
      Look at it, then approve it, whole or in part (--only, --except):
          rollcall plan acme
          rollcall approve acme h-3f9c

    * Client secret of the app registration in Entra ends in 7 days (8 March 2026)
      What to do: Renew it, put the new value where the configuration says, and run check.

      Unchanged since an earlier mail:
        - hold h-3f9c: 60 changes of kind creates, since 2 March 2026, 07:00


    FAILED
    ======

    * eve@acme.example
      Failed: create failed (record)
      Why: userName is required, and user.mail has no value.
      What to do: Fill in the e-mail address in Entra.
      Since: 2 March 2026, 07:00
      Person: id-of-eve
          rollcall plan acme --person id-of-eve

    * ada@acme.example (reminder)
      Failed: update failed (record)
      Why: The app refuses title "Chief Everything Officer": at most 20 characters.
      What to do: Shorten the job title in Entra. Or run rollcall plan acme to see the mapping.
      Since: 2 March 2026, 07:00
      Person: id-of-ada
          rollcall plan acme --person id-of-ada

      Unchanged since an earlier mail:
        - kim@acme.example: create failed, since 2 March 2026, 07:00
        - the app refused every create, since 2 March 2026, 07:00


    SOLVED
    ======

        - joe@acme.example: create failed (since 2 March 2026, 07:00)
        - run failed: group_gone (since 2 March 2026, 07:00)
        - hold h-3f9c: 9 changes of kind disabled (since 2 March 2026, 07:00)

    -- 
    This run: 1,204 on the roster, 1,180 in scope, 3 created, 1,165 unchanged, 2 failed.
    Noticed: 4 people have managers without accounts
    "#);
}

#[test]
fn a_pause_to_operators() {
    assert_snapshot!(to_operators(&opened(vec![pause()])), @r#"
    Subject: Acme Pty Ltd: 1 failed

    Acme Pty Ltd

    Customer acme, run 12 (live), started 2 March 2026, 07:00.


    FAILED
    ======

    * Runs are paused until 5 March 2026.
      What to do: They go on by themselves then; at once with: rollcall resume acme

    -- 
    This run: 1,204 on the roster, 1,180 in scope, 3 created, 1,165 unchanged, 2 failed.
    Noticed: 4 people have managers without accounts
    "#);
}

#[test]
fn a_test_mail_to_both() {
    assert_snapshot!(shown(&test_letter(&context(Audience::ClientAdmins))), @r#"
    Subject: Acme Pty Ltd: a test of the mail settings

    Acme Pty Ltd

    This is a test. When an account in the app needs your attention, a mail like this one comes to this address and says who, why, and what to do. You need not answer.
    "#);
    assert_snapshot!(shown(&test_letter(&context(Audience::Operators))), @r#"
    Subject: Acme Pty Ltd: a test of the mail settings

    Acme Pty Ltd

    This is a test of the mail settings: mails to operators arrive at this address.
    "#);
}

#[test]
fn the_html_says_what_the_text_says() {
    let digest = opened(vec![incident(Topic::Hold(hold("renames", 3, 2))), refused_title(), no_seats()]);
    for audience in [Audience::ClientAdmins, Audience::Operators] {
        let letter = write(&digest, &context(audience)).expect("a letter");
        let html: String =
            letter.html.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text).collect();
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        let html = squeezed(&html.replace("&quot;", "\"").replace("&#x27;", "'").replace("&nbsp;", ""));
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
    for kind in [
        "configuration",
        "disabled",
        "left",
        "reactivations",
        "renames",
        "creates",
        "updates",
        "adoptions",
        "mass_null",
    ] {
        all.push(incident(Topic::Hold(hold(kind, 99, 5))));
    }
    for class in ["credentials", "permission", "group_gone", "group_hidden", "unreadable"] {
        all.push(failed_run(class, "It was refused."));
    }
    let digest = Digest { solved: all.clone(), lasting: all.clone(), reminded: all.clone(), ..opened(all) };
    let text = to_client(&digest).to_lowercase();
    let ours = [
        "rollcall",
        "hold",
        "held",
        "quarantine",
        "snapshot",
        "roster",
        "scope",
        "mapping",
        "adopt",
        "leaver",
        "incident",
        "reconcile",
        "operation",
        "journal",
        "objection",
        "operator",
        "admin_",
        "`",
        "--",
        "configuration",
        "stage",
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
