//! What differs between the account that is wanted and the attributes that it has.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{Attributes, Delta, WantedAccount, Wish};

/// Only what differs. Attributes that the mapping does not name, or leaves alone, never appear.
pub fn diff(wanted: &WantedAccount, have: &Attributes) -> BTreeMap<String, Delta> {
    wanted.attributes.iter().filter_map(|(name, wish)| Some((name.clone(), delta(wish, have.get(name))?))).collect()
}

fn delta(wish: &Wish, before: Option<&Value>) -> Option<Delta> {
    let after = match wish {
        Wish::Set(value) => Some(value),
        Wish::Clear => None,
        Wish::SetAtCreation(_) | Wish::Leave => return None,
    };
    if same(before, after) {
        return None;
    }
    Some(Delta { before: before.cloned(), after: after.cloned() })
}

/// Null, an empty list and no value are the same (RFC 7643 §2.5); the order of several values means nothing.
pub fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one.filter(|value| !is_nothing(value)), other.filter(|value| !is_nothing(value))) {
        (None, None) => true,
        (Some(Value::Array(one)), Some(Value::Array(other))) => sorted(one) == sorted(other),
        (Some(one), Some(other)) => one == other,
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => false,
    }
}

fn sorted(values: &[Value]) -> Vec<String> {
    let mut texts: Vec<String> = values.iter().map(Value::to_string).collect();
    texts.sort_unstable();
    texts
}

/// Whether a change touches userName or an attribute by which accounts are recognised.
pub fn is_rename(attributes: &BTreeMap<String, Delta>, match_by: &[String]) -> bool {
    let identifying = |name: &String| {
        name.eq_ignore_ascii_case("userName") || match_by.iter().any(|key| key.eq_ignore_ascii_case(name))
    };
    attributes.keys().any(identifying)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a case reads better with values")]
    fn check(wish: Wish, have: Option<Value>, expected: Option<(Option<Value>, Option<Value>)>) {
        let attributes = BTreeMap::from([("title".to_owned(), wish)]);
        let wanted = WantedAccount { attributes, awaits_manager: false };
        let have = have.map(|value| ("title".to_owned(), value)).into_iter().collect();
        let found = diff(&wanted, &have).remove("title").map(|delta| (delta.before, delta.after));
        assert_eq!(found, expected);
    }

    #[test]
    fn only_what_differs_is_a_change() {
        check(Wish::Set(json!("CEO")), Some(json!("CEO")), None);
        check(Wish::Set(json!("CEO")), Some(json!("CTO")), Some((Some(json!("CTO")), Some(json!("CEO")))));
        check(Wish::Set(json!("CEO")), None, Some((None, Some(json!("CEO")))));
    }

    #[test]
    fn nothing_is_cleared_where_there_is_nothing() {
        check(Wish::Clear, None, None);
        check(Wish::Clear, Some(json!([])), None);
        check(Wish::Clear, Some(json!("CTO")), Some((Some(json!("CTO")), None)));
    }

    #[test]
    fn the_order_of_several_values_means_nothing() {
        check(Wish::Set(json!(["a", "b"])), Some(json!(["b", "a"])), None);
        check(Wish::Set(json!(["a", "b"])), Some(json!(["b"])), Some((Some(json!(["b"])), Some(json!(["a", "b"])))));
    }

    #[test]
    fn what_is_only_for_creation_or_left_alone_never_changes() {
        check(Wish::SetAtCreation(json!("x")), Some(json!("y")), None);
        check(Wish::Leave, Some(json!("y")), None);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text =
            prop_oneof![Just(Value::Null), "[ab]{0,2}".prop_map(Value::from), any::<bool>().prop_map(Value::from)];
        text.prop_recursive(2, 6, 3, |inner| proptest::collection::vec(inner, 0..3).prop_map(Value::from))
    }

    fn any_wish() -> impl Strategy<Value = Wish> {
        prop_oneof![
            any_value().prop_map(Wish::Set),
            any_value().prop_map(Wish::SetAtCreation),
            Just(Wish::Clear),
            Just(Wish::Leave),
        ]
    }

    proptest! {
        #[test]
        fn what_was_applied_does_not_differ_any_more(
            attributes in proptest::collection::btree_map("[a-d]", any_wish(), 0..4),
            have in proptest::collection::btree_map("[a-d]", any_value(), 0..4),
        ) {
            let wanted = WantedAccount { attributes, awaits_manager: false };
            let mut applied = have.clone();
            for (name, delta) in diff(&wanted, &have) {
                prop_assert_eq!(delta.before.as_ref(), have.get(&name));
                match delta.after {
                    Some(value) => applied.insert(name, value),
                    None => applied.remove(&name),
                };
            }
            prop_assert_eq!(diff(&wanted, &applied), BTreeMap::new());
        }

        #[test]
        fn sameness_has_no_direction(one in any_value(), other in any_value()) {
            prop_assert_eq!(same(Some(&one), Some(&other)), same(Some(&other), Some(&one)));
            prop_assert!(same(Some(&one), Some(&one)));
        }
    }
}
