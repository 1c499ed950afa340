//! From a person to a wanted account.

use serde_json::json;

use super::*;
use crate::model::{Manager, PersonId};

const ID: &str = "0a1b2c3d-0000-4000-8000-00000000abcd";

fn person(attributes: Value) -> Person {
    let mut attributes: BTreeMap<String, Value> = serde_json::from_value(attributes).expect("an object");
    attributes.entry("displayName".to_owned()).or_insert_with(|| json!("Ada Lovelace"));
    Person {
        id: PersonId::new(ID),
        user_name: "ada@acme.example".to_owned(),
        enabled: Some(true),
        guest: false,
        attributes,
        manager: None,
    }
}

fn with_manager(attributes: Value) -> Person {
    let manager = Manager { id: PersonId::new("m"), attributes: BTreeMap::new() };
    Person { manager: Some(manager), ..person(attributes) }
}

fn line(value: &str) -> LongLine {
    MappingLine::Expression(value.to_owned()).to_long()
}

fn compile(lines: &[(&str, LongLine)]) -> Result<Mapping, Vec<MappingMistake>> {
    let settings: MappingSettings =
        lines.iter().map(|(attribute, line)| ((*attribute).to_owned(), MappingLine::Long(line.clone()))).collect();
    let kind_of = |attribute: &str| match attribute {
        "flag" => AttributeKind::Boolean,
        "number" => AttributeKind::Number,
        "emails" => AttributeKind::Set,
        _ => AttributeKind::Text,
    };
    Mapping::compile(&settings, &["externalId".to_owned(), "userName".to_owned()], kind_of)
}

#[track_caller]
fn wish_of(attribute: &str, line_of_it: LongLine, person: &Person) -> Result<Wish, Rejection> {
    let mapping = compile(&[("userName", line("'u'")), (attribute, line_of_it)]).expect("a mapping");
    match mapping.map(person, None) {
        Wanted::Account(account) => Ok(account.attributes[attribute].clone()),
        Wanted::Rejected(rejection) => Err(rejection),
    }
}

#[track_caller]
fn wish(line: LongLine, person: &Person) -> Result<Wish, Rejection> {
    wish_of("x", line, person)
}

fn required(value: &str) -> LongLine {
    LongLine { required: true, ..line(value) }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside what `wish` returns")]
fn set(value: Value) -> Result<Wish, Rejection> {
    Ok(Wish::Set(value))
}

#[track_caller]
fn check_rejected(found: Result<Wish, Rejection>, kind: RejectionKind, reason: &str, remedy: &str) {
    let rejection = found.expect_err(reason);
    assert_eq!((rejection.kind, &*rejection.reason, &*rejection.remedy), (kind, reason, remedy));
}

#[test]
fn the_mapping_of_the_manual_maps_ada() {
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    let work = "emails[type eq \"work\"].value";
    let mapping = compile(&[
        ("userName", line("user.userPrincipalName | lower")),
        ("externalId", line("user.id")),
        ("displayName", line("user.displayName")),
        (work, line("user.mail or user.userPrincipalName")),
        (manager, line("manager.account_id")),
        ("nickName", LongLine { when: When::Create, on_null: OnNull::Keep, ..line("user.mailNickname") }),
        ("title", line("user.jobTitle")),
    ])
    .unwrap();
    let ada = with_manager(json!({ "userPrincipalName": "Ada@Acme.example", "mailNickname": "ada" }));
    let Wanted::Account(account) = mapping.map(&ada, Some(&AccountId::new("a-7"))) else { panic!("rejected") };
    let expected = [
        ("userName", Wish::Set(json!("ada@acme.example"))),
        ("externalId", Wish::Set(json!(ID))),
        ("displayName", Wish::Set(json!("Ada Lovelace"))),
        (work, Wish::Set(json!("Ada@Acme.example"))),
        (manager, Wish::Set(json!("a-7"))),
        ("nickName", Wish::SetAtCreation(json!("ada"))),
        ("title", Wish::Clear),
    ];
    let attributes = expected.into_iter().map(|(name, wish)| (name.to_owned(), wish)).collect();
    assert_eq!(account, WantedAccount { attributes, awaits_manager: false });
    let properties = mapping.properties();
    let named: Vec<_> = properties.user.iter().map(String::as_str).collect();
    assert_eq!(named, ["displayName", "id", "jobTitle", "mail", "mailNickname", "userPrincipalName"]);
    assert_eq!(properties.manager, Some(std::collections::BTreeSet::new()));
    assert_eq!(mapping.attributes().count(), 7);
}

#[test]
fn a_null_clears_keeps_or_falls_back() {
    let ada = person(json!({ "blank": "" }));
    let with_default = |default: &str| LongLine { default: Some(default.to_owned()), ..line("user.a") };
    assert_eq!(wish(line("user.a"), &ada), Ok(Wish::Clear));
    assert_eq!(wish(line("user.blank"), &ada), Ok(Wish::Clear));
    assert_eq!(wish(LongLine { on_null: OnNull::Keep, ..line("user.a") }, &ada), Ok(Wish::Leave));
    assert_eq!(wish(LongLine { when: When::Create, ..line("user.a") }, &ada), Ok(Wish::Leave));
    assert_eq!(wish(with_default("d"), &ada), set(json!("d")));
    assert_eq!(wish(LongLine { required: true, ..with_default("d") }, &ada), set(json!("d")));
    assert_eq!(wish(with_default(""), &ada), Ok(Wish::Clear));
    let at_creation = LongLine { when: When::Create, ..with_default("d") };
    assert_eq!(wish(at_creation, &ada), Ok(Wish::SetAtCreation(json!("d"))));
}

#[test]
fn a_required_value_that_is_missing_says_what_to_fill_in() {
    check_rejected(
        wish(required("user.mail | lower"), &person(json!({}))),
        RejectionKind::Missing,
        "Ada Lovelace has no mail in the directory, and x is required.",
        "Fill in mail for Ada Lovelace in Entra.",
    );
    let kept = LongLine { on_null: OnNull::Keep, ..required("user.givenName ~ user.surname") };
    check_rejected(
        wish(kept, &person(json!({}))),
        RejectionKind::Missing,
        "Ada Lovelace has no givenName and no surname in the directory, and x is required.",
        "Fill in givenName and surname for Ada Lovelace in Entra.",
    );
    check_rejected(
        wish(required("manager.account_id or manager.mail"), &person(json!({}))),
        RejectionKind::Missing,
        "Ada Lovelace has no manager in the directory, and x is required.",
        "Fill in manager for Ada Lovelace in Entra.",
    );
    check_rejected(
        wish(required("user.city | lookup({'A': 'B'})"), &person(json!({ "city": "Rome" }))),
        RejectionKind::Missing,
        "Ada Lovelace has nothing in the directory that can be used (city is \"Rome\"), and x is required.",
        "Check city for Ada Lovelace in Entra; if that is right there, reply to this message, so that the rule is changed.",
    );
}

#[test]
fn user_name_and_match_attributes_are_always_required() {
    let kind = |lines: &[(&str, LongLine)]| match compile(lines).unwrap().map(&person(json!({})), None) {
        Wanted::Rejected(rejection) => Some((rejection.attribute, rejection.kind)),
        Wanted::Account(_) => None,
    };
    assert_eq!(kind(&[("userName", line("user.mail"))]), Some(("userName".to_owned(), RejectionKind::Missing)));
    let by_external_id = [("userName", line("'u'")), ("externalId", line("user.employeeId"))];
    assert_eq!(kind(&by_external_id), Some(("externalId".to_owned(), RejectionKind::Missing)));
}

#[test]
fn a_value_that_cannot_be_worked_out_says_why() {
    check_rejected(
        wish(line("user.employeeHireDate | date('%d.%m.%Y')"), &person(json!({ "employeeHireDate": "soon" }))),
        RejectionKind::Undecidable,
        "x cannot be worked out for Ada Lovelace: \"soon\" is not a date such as 2026-01-31 or 2026-01-31T00:00:00Z \
         (employeeHireDate is \"soon\").",
        "Check employeeHireDate for Ada Lovelace in Entra; if that is right there, reply to this message, so that the \
         rule is changed.",
    );
    check_rejected(
        wish(line("user.otherMails"), &person(json!({ "otherMails": ["a", "b"] }))),
        RejectionKind::Undecidable,
        "x cannot be worked out for Ada Lovelace: there are 2 values, and only one has a place; use `first` or `join` \
         (otherMails is a list of 2).",
        "Check otherMails for Ada Lovelace in Entra; if that is right there, reply to this message, so that the rule is \
         changed.",
    );
    let too_long = wish(line("user.a"), &person(json!({ "a": "x".repeat(4097) }))).unwrap_err();
    assert!(too_long.reason.contains("4097 characters long; the limit is 4096"), "{}", too_long.reason);
    let invisible = wish(line("user.a"), &person(json!({ "a": "x\u{0}y" }))).unwrap_err();
    assert!(invisible.reason.contains("NUL"), "{}", invisible.reason);
}

#[test]
fn values_take_the_kind_that_the_target_has() {
    let ada = person(json!({
        "yes": true, "text": "True", "no": "no", "seven": "7", "half": "0.5", "id7": "007", "count": 7,
        "mails": ["b", "a", "b", "", null], "none": [],
    }));
    let kinds = [
        ("x", "user.yes", set(json!("true"))),
        ("x", "user.count", set(json!("7"))),
        ("x", "user.id7", set(json!("007"))),
        ("flag", "user.yes", set(json!(true))),
        ("flag", "user.text", set(json!(true))),
        ("flag", "user.absent", Ok(Wish::Clear)),
        ("number", "user.seven", set(json!(7))),
        ("number", "user.half", set(json!(0.5))),
        ("number", "user.count", set(json!(7))),
        ("emails", "user.mails", set(json!(["a", "b"]))),
        ("emails", "user.id7", set(json!(["007"]))),
        ("emails", "user.none", Ok(Wish::Clear)),
        ("emails", "[user.seven, user.absent]", set(json!(["7"]))),
    ];
    for (attribute, expression, expected) in kinds {
        assert_eq!(wish_of(attribute, line(expression), &ada), expected, "{attribute} = {expression}");
    }
    for (attribute, expression) in [("flag", "user.no"), ("number", "user.text"), ("emails", "[user.mails]")] {
        let rejection = wish_of(attribute, line(expression), &ada).unwrap_err();
        assert_eq!(rejection.kind, RejectionKind::Undecidable, "{attribute} = {expression}");
    }
}

#[test]
fn text_is_left_as_it_is() {
    for text in [" two  spaces ", "=1+1", "\u{202e}evil", "Zoe\u{308}", "none", "00042", "a\tb\nc"] {
        assert_eq!(wish(line("user.a"), &person(json!({ "a": text }))), set(json!(text)));
    }
}

#[test]
fn the_name_of_a_soft_deleted_user_is_never_wanted() {
    let own = ID.replace('-', "");
    let other = "f".repeat(32);
    let name = |text: String| wish_of("externalId", line("user.a"), &person(json!({ "a": text })));
    let rest = |text: String| wish(line("user.a"), &person(json!({ "a": text })));
    let listed = person(json!({ "a": ["x", format!("{own}ada@acme.example")] }));
    for found in [
        name(format!("{other}ada@acme.example")),
        name(format!("{}ada@acme.example", own.to_uppercase())),
        rest(format!("{own}ada@acme.example")),
        wish_of("emails", line("user.a"), &listed),
    ] {
        assert_eq!(found.unwrap_err().kind, RejectionKind::Forbidden);
    }
    for text in [format!("{other}@acme.example"), other.clone(), format!("{other}ada"), "ada@acme.example".to_owned()] {
        assert_eq!(name(text.clone()), set(json!(text)));
    }
    assert!(rest(format!("{other}ada@acme.example")).is_ok());
}

#[test]
fn a_manager_without_an_account_is_left_out_and_awaited() {
    let wanted = |line: LongLine, person: &Person, account: Option<&str>| {
        let mapping = compile(&[("userName", self::line("'u'")), ("manager", line)]).unwrap();
        match mapping.map(person, account.map(AccountId::new).as_ref()) {
            Wanted::Account(account) => Ok((account.attributes["manager"].clone(), account.awaits_manager)),
            Wanted::Rejected(rejection) => Err(rejection.kind),
        }
    };
    let managed = with_manager(json!({}));
    let alone = person(json!({}));
    for line in [line("manager.account_id"), required("manager.account_id")] {
        assert_eq!(wanted(line.clone(), &managed, None), Ok((Wish::Leave, true)));
        assert_eq!(wanted(line, &managed, Some("a-7")), Ok((Wish::Set(json!("a-7")), false)));
    }
    assert_eq!(wanted(required("manager.account_id"), &alone, None), Err(RejectionKind::Missing));
    assert_eq!(wanted(line("manager.account_id"), &alone, None), Ok((Wish::Clear, false)));
    assert_eq!(wanted(line("manager.mail"), &managed, None), Ok((Wish::Clear, false)));
}

#[test]
fn every_mistake_is_found_at_once() {
    let mistakes = compile(&[
        ("username", line("user.mail")),
        ("active", line("true")),
        ("title", line("user.jobTitle | lowr")),
        ("Title", line("user.jobTitle")),
        ("flag", LongLine { default: Some("perhaps".to_owned()), ..line("user.a") }),
    ])
    .unwrap_err();
    let found: Vec<_> = mistakes.iter().map(|mistake| (&*mistake.attribute, mistake.range.is_some())).collect();
    assert_eq!(found, [("username", false), ("active", false), ("title", false), ("flag", false), ("title", true)]);
    let missing = compile(&[("title", line("user.jobTitle"))]).unwrap_err();
    assert!(missing[0].message.contains("userName has to be mapped"));
    let unknown = compile(&[("userName", line("user.mial"))]).unwrap().check_properties(&["mail"]).unwrap_err();
    assert_eq!((unknown[0].attribute.as_str(), unknown[0].range.clone()), ("userName", Some(0..9)));
}

#[test]
fn the_fingerprint_is_the_same_for_the_short_and_the_long_form() {
    let settings = |user_name: MappingLine| -> MappingSettings {
        let title = MappingLine::Expression("user.jobTitle".to_owned());
        [("title".to_owned(), title), ("userName".to_owned(), user_name)].into()
    };
    let text =
        |user_name| Mapping::compile(&settings(user_name), &[], |_| AttributeKind::Text).unwrap().fingerprint_text();
    let short = text(MappingLine::Expression("user.mail".to_owned()));
    assert_eq!(short, text(MappingLine::Long(required("user.mail"))));
    assert_ne!(short, text(MappingLine::Long(LongLine { on_null: OnNull::Keep, ..line("user.mail") })));
    assert_eq!(
        short,
        "[\"title\",\"user.jobTitle\",\"always\",\"clear\",false,null]\n\
         [\"userName\",\"user.mail\",\"always\",\"clear\",true,null]"
    );
}

#[test]
fn no_account_is_known_by_characters_that_nobody_sees() {
    for hidden in ["ada\u{1b}[31m@x", "\u{202e}ada@x", "a\u{200b}da@x", "ada\n@x", "ada\u{9b}@x"] {
        let by_name = wish_of("externalId", line("user.a"), &person(json!({ "a": hidden }))).unwrap_err();
        assert!(by_name.reason.contains("invisible"), "{}", by_name.reason);
        wish(line("user.a"), &person(json!({ "a": hidden }))).expect("elsewhere it is theirs to say");
    }
}
