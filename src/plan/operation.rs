//! From a decision to the operation that carries it out: what is sent, what the account looks like afterwards, and by
//! what it is found again.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest as sha256};

use super::diff;
use crate::model::{
    Account, Attributes, Cause, Change, ChangeKind, Delta, MatchKey, Operation, PersonId, Snapshot, WantedAccount,
};

/// Not in the journal yet.
const UNNUMBERED: i64 = 0;

/// A new account.
pub fn creation(person: &PersonId, wanted: &WantedAccount, match_by: &[String]) -> Operation {
    let whole = wanted.at_creation();
    let delta = |value: &serde_json::Value| Delta { before: None, after: Some(value.clone()) };
    let attributes = whole.iter().map(|(name, value)| (name.clone(), delta(value))).collect();
    let change = Change {
        person: person.clone(),
        account: None,
        user_name: wanted.text("userName").unwrap_or_default().to_owned(),
        kind: ChangeKind::Create,
        cause: Cause::Joined,
        attributes,
    };
    Operation { id: UNNUMBERED, change, whole, keys: wanted.match_keys(match_by) }
}

/// Taking over an account that exists already, with everything that differs from what is wanted.
pub fn adoption(person: &PersonId, wanted: &WantedAccount, account: &Account, match_by: &[String]) -> Operation {
    let mut attributes = diff(wanted, &account.attributes);
    if account.active == Some(false) {
        let delta = Delta { before: Some(false.into()), after: Some(true.into()) };
        attributes.insert("active".to_owned(), delta);
    }
    let mut whole = account.attributes.clone();
    apply(&mut whole, &attributes);
    whole.remove("active");
    let created = creation(person, wanted, match_by);
    let change = Change { account: Some(account.id.clone()), kind: ChangeKind::Adopt, attributes, ..created.change };
    Operation { change, whole, ..created }
}

/// A change of an account that is ours.
pub fn update(
    snapshot: &Snapshot,
    wanted: Option<&WantedAccount>,
    (kind, cause): (ChangeKind, Cause),
    (attributes, match_by): (BTreeMap<String, Delta>, &[String]),
) -> Operation {
    let mut whole = snapshot.attributes.clone();
    apply(&mut whole, &attributes);
    let keys = match_by.iter().filter_map(|attribute| key(&whole, attribute)).collect();
    let renamed = wanted.and_then(|wanted| wanted.text("userName")).unwrap_or(&snapshot.user_name).to_owned();
    let change = Change {
        person: snapshot.person.clone(),
        account: Some(snapshot.account.clone()),
        user_name: renamed,
        kind,
        cause,
        attributes,
    };
    Operation { id: UNNUMBERED, change, whole, keys }
}

fn key(attributes: &Attributes, attribute: &str) -> Option<MatchKey> {
    let value = attributes.get(attribute)?.as_str()?.to_owned();
    Some(MatchKey { attribute: attribute.to_owned(), value })
}

fn apply(attributes: &mut Attributes, changes: &BTreeMap<String, Delta>) {
    for (name, delta) in changes {
        match &delta.after {
            Some(value) => attributes.insert(name.clone(), value.clone()),
            None => attributes.remove(name),
        };
    }
}

/// What the snapshot holds after an operation that was done.
pub fn returned_as(operation: &Operation) -> (String, bool, &Attributes) {
    (operation.change.user_name.clone(), operation.change.kind != ChangeKind::Deactivate, &operation.whole)
}

/// Identifies a change's content, so that an approval releases exactly what was shown.
pub fn digest(change: &Change) -> String {
    let content = serde_json::json!([
        change.kind,
        change.cause,
        change.account,
        change.attributes.iter().map(|(name, delta)| (name, &delta.after)).collect::<Vec<_>>(),
    ]);
    let hash = sha256(&SHA256, content.to_string().as_bytes());
    hex(&hash.as_ref()[..16])
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}
