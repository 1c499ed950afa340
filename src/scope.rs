//! Which people on the roster are ours to provision: one expression, and whether guests count. Pure. What is neither
//! true nor false is `Undecided`, never "out".

use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::expression::{
    Expression, ExpressionError, called, check_inputs, clauses, fill_in, inputs_shown, is_true, what_is_missing,
};
use crate::model::{AccountId, Person, Properties};

/// `[scope]` of a customer's file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeSettings {
    /// An expression over `user` and `manager` that is true for the people to provision; everybody, when absent.
    #[serde(rename = "where")]
    #[schemars(extend("format" = "expression"))]
    pub condition: Option<String>,
}

/// A scope, compiled once and asked about everybody.
#[derive(Clone, Debug)]
pub struct Scope {
    guests: bool,
    condition: Option<Condition>,
}

#[derive(Clone, Debug)]
struct Condition {
    whole: Expression,
    /// The parts of `a and b and c`, so that the one that decided can be named.
    clauses: Vec<Expression>,
}

/// Whether a person is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    In,
    /// `because` names the clause that was false, or says that the person is a guest.
    Out {
        because: String,
    },
}

/// The scope cannot be decided for this person: their failure, and no reason to think they have left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    pub reason: String,
    pub remedy: String,
}

impl Scope {
    /// Compiles `[scope]`; `guests` is the source's setting.
    pub fn compile(settings: &ScopeSettings, guests: bool) -> Result<Self, ExpressionError> {
        let condition = settings.condition.as_deref().map(Condition::compile).transpose()?;
        Ok(Self { guests, condition })
    }

    /// Refuses every property that the source does not have; see `Expression::check_properties`.
    pub fn check_properties(&self, known: &[&str]) -> Result<(), Vec<ExpressionError>> {
        self.condition.as_ref().map_or(Ok(()), |condition| condition.whole.check_properties(known))
    }

    /// The properties to ask of the source.
    pub fn properties(&self) -> Properties {
        self.condition.as_ref().map_or_else(Properties::default, |condition| condition.whole.properties())
    }

    /// Whether a person on the roster is ours; `manager_account` is the id of their manager's account.
    pub fn decide(&self, person: &Person, manager_account: Option<&AccountId>) -> Result<Decision, Undecided> {
        if person.guest && !self.guests {
            return Ok(Decision::Out { because: "is a guest".to_owned() });
        }
        match &self.condition {
            Some(condition) => condition.decide(person, manager_account),
            None => Ok(Decision::In),
        }
    }

    /// The settings in one form only, for others to hash.
    pub fn fingerprint_text(&self) -> String {
        let text = self.condition.as_ref().map(|condition| condition.whole.text());
        serde_json::json!([text, self.guests]).to_string()
    }
}

impl Condition {
    fn compile(text: &str) -> Result<Self, ExpressionError> {
        let whole = Expression::compile(text)?;
        let clause = |range: Range<usize>| Expression::compile(text[range].trim());
        let clauses = clauses(text).into_iter().map(clause).collect::<Result<_, _>>()?;
        Ok(Self { whole, clauses })
    }

    /// `a and b and c`, clause by clause: the first that is false decides. A clause before the last may also be a value
    /// that is there (`user.mail and …`), as in the language; one that is not there decides nothing.
    fn decide(&self, person: &Person, manager_account: Option<&AccountId>) -> Result<Decision, Undecided> {
        for (number, clause) in self.clauses.iter().enumerate() {
            let is_last = number + 1 == self.clauses.len();
            let value = clause.evaluate(person, manager_account);
            match value.map_err(|error| error_in(clause, person, &error.reason))? {
                Some(Value::Bool(true)) => {}
                Some(Value::Bool(false)) => return Ok(Decision::Out { because: out(clause, person) }),
                Some(value) if !is_last && is_true(&value) => {}
                Some(_) => return Err(error_in(clause, person, "the rule gives a value instead of yes or no")),
                None => return Err(unanswered(clause, person)),
            }
        }
        Ok(Decision::In)
    }
}

fn out(clause: &Expression, person: &Person) -> String {
    format!("not {} ({})", clause.text(), inputs_shown(clause, person))
}

fn unanswered(clause: &Expression, person: &Person) -> Undecided {
    Undecided {
        reason: format!(
            "It cannot be decided whether {} is to have an account: {}, and the rule “{}” needs it.",
            called(person),
            what_is_missing(clause, person),
            clause.text()
        ),
        remedy: fill_in(clause, person),
    }
}

fn error_in(clause: &Expression, person: &Person, why: &str) -> Undecided {
    Undecided {
        reason: format!(
            "It cannot be decided whether {} is to have an account: {why} ({}; the rule is “{}”).",
            called(person),
            inputs_shown(clause, person),
            clause.text()
        ),
        remedy: check_inputs(clause, person),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::model::PersonId;

    fn ada(attributes: Value) -> Person {
        let mut attributes: BTreeMap<String, Value> = serde_json::from_value(attributes).expect("an object");
        attributes.insert("displayName".to_owned(), json!("Ada Lovelace"));
        Person {
            id: PersonId::new("7f2a"),
            user_name: "ada@acme.example".to_owned(),
            enabled: Some(true),
            guest: false,
            attributes,
            manager: None,
        }
    }

    fn scope(condition: &str) -> Scope {
        Scope::compile(&ScopeSettings { condition: Some(condition.to_owned()) }, false).expect(condition)
    }

    #[track_caller]
    fn check(condition: &str, person: Value, expected: Result<bool, &str>) {
        match (scope(condition).decide(&ada(person), None), expected) {
            (Ok(decision), Ok(expected)) => assert_eq!(decision == Decision::In, expected, "{condition}"),
            (Err(undecided), Err(expected)) => {
                assert!(undecided.reason.contains(expected), "{condition}: {}", undecided.reason);
            }
            (found, expected) => panic!("{condition}: {found:?} instead of {expected:?}"),
        }
    }

    #[track_caller]
    fn check_out(condition: &str, person: Value, because: &str) {
        let decision = scope(condition).decide(&ada(person), None);
        assert_eq!(decision, Ok(Decision::Out { because: because.to_owned() }), "{condition}");
    }

    #[test]
    fn without_a_condition_everybody_is_in_and_guests_when_they_count() {
        let mut person = ada(json!({}));
        let everybody = |guests| Scope::compile(&ScopeSettings::default(), guests).unwrap();
        assert_eq!(everybody(false).decide(&person, None), Ok(Decision::In));
        person.guest = true;
        assert_eq!(everybody(true).decide(&person, None), Ok(Decision::In));
        let out = Decision::Out { because: "is a guest".to_owned() };
        assert_eq!(everybody(false).decide(&person, None), Ok(out.clone()));
        assert_eq!(scope("user.mail < 5").decide(&person, None), Ok(out));
    }

    #[test]
    fn a_person_without_a_department_is_not_among_the_contractors() {
        let condition = "user.department not in ['Contractors']";
        check(condition, json!({}), Ok(true));
        check(condition, json!({ "department": "IT" }), Ok(true));
        check(condition, json!({ "department": "Contractors" }), Ok(false));
    }

    #[test]
    fn what_is_neither_true_nor_false_is_undecided() {
        check("user.department", json!({ "department": "IT" }), Err("a value instead of yes or no"));
        check("user.department", json!({}), Err("Ada Lovelace has no department in the directory"));
        check("user.department and true", json!({}), Err("no department"));
        check("true and user.department", json!({ "department": "" }), Err("a value instead of yes or no"));
        check("user.jobTitle is startswith('Dr')", json!({}), Err("no jobTitle"));
        check("user.jobTitle < 'M'", json!({}), Err("a value that is not set"));
        check("user.employeeId == 7", json!({ "employeeId": "7" }), Err("never equal"));
        check("manager.department == 'IT' if manager", json!({}), Err("no manager"));
        check("null", json!({}), Err("cannot be decided"));
        check("1", json!({}), Err("a value instead"));
    }

    #[test]
    fn an_undecided_person_is_told_what_to_fill_in() {
        let condition = scope("user.mail and user.jobTitle is startswith('Dr')");
        let undecided = condition.decide(&ada(json!({ "mail": "a@b" })), None).unwrap_err();
        assert_eq!(
            undecided.reason,
            "It cannot be decided whether Ada Lovelace is to have an account: Ada Lovelace has no jobTitle in the \
             directory, and the rule “user.jobTitle is startswith('Dr')” needs it."
        );
        assert_eq!(undecided.remedy, "Fill in jobTitle for Ada Lovelace in Entra.");
    }

    #[test]
    fn the_clause_that_decided_is_named() {
        let condition = "user.department == 'IT' and user.mail is not none and (true or false)";
        let human = json!({ "department": "HR", "mail": "a@b" });
        check_out(condition, human, "not user.department == 'IT' (department is \"HR\")");
        check_out(condition, json!({ "department": "IT" }), "not user.mail is not none (mail is not set)");
        check_out(
            "user.a == 'x' and user.b == 'y' or user.c == 'z'",
            json!({ "a": "x" }),
            "not user.a == 'x' and user.b == 'y' or user.c == 'z' (a is \"x\", b is not set, c is not set)",
        );
    }

    #[test]
    fn clauses_decide_as_the_whole_would() {
        let conditions = [
            "user.a and user.b == 'x'",
            "user.b == 'x' and user.a",
            "user.a == 'x' and user.b != 'x' and not user.c",
            "user.a and (user.b or user.c) and user.c == 'x'",
            "not user.a and user.b == null",
        ];
        for condition in conditions {
            for (a, b, c) in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (1, 1, 1), (2, 1, 2), (0, 2, 1), (1, 2, 0)] {
                let value = |number: usize| [json!(null), json!("x"), json!("y")][number].clone();
                let person = ada(json!({ "a": value(a), "b": value(b), "c": value(c) }));
                let expected = match Expression::compile(condition).unwrap().evaluate(&person, None) {
                    Ok(Some(Value::Bool(answer))) => Some(answer),
                    _ => None,
                };
                let found = scope(condition).decide(&person, None).map(|decision| decision == Decision::In).ok();
                assert_eq!(found, expected, "{condition} {a} {b} {c}");
            }
        }
    }

    #[test]
    fn a_mistake_is_found_when_the_scope_is_compiled() {
        let text = "user.a == 'x' and user.b | lowr == 'y'";
        let settings = ScopeSettings { condition: Some(text.to_owned()) };
        let error = Scope::compile(&settings, false).unwrap_err();
        assert!(error.message.contains("did you mean \"lower\""));
        assert!(text[error.range].contains("lowr"));
        assert!(scope("user.a == 'x' and user.departmnt").check_properties(&["a", "department"]).is_err());
        assert_eq!(scope("user.a and manager").properties().manager, Some(std::collections::BTreeSet::new()));
    }

    #[test]
    fn the_fingerprint_tells_scopes_apart() {
        let text = |condition: Option<&str>, guests| {
            let settings = ScopeSettings { condition: condition.map(str::to_owned) };
            Scope::compile(&settings, guests).unwrap().fingerprint_text()
        };
        assert_eq!(text(Some("user.a"), false), "[\"user.a\",false]");
        assert_eq!(text(None, true), "[null,true]");
    }
}
