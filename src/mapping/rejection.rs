//! Why a person cannot be mapped, in words for the client's admin: who, which value, why, and what to do in Entra. Pure.

use super::Line;
use crate::expression::{called, check_inputs, fill_in, inputs_shown, what_is_missing};
use crate::model::Person;

/// A person who cannot have an account as things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub attribute: String,
    pub kind: RejectionKind,
    pub reason: String,
    pub remedy: String,
}

/// What sort of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionKind {
    /// A required value is not there yet: a reason to wait, within `people.patience`.
    Missing,
    /// The expression, or its value, makes no sense for this person.
    Undecidable,
    /// A value that is never written to a target.
    Forbidden,
}

pub(super) fn missing(line: &Line, person: &Person) -> Rejection {
    Rejection {
        attribute: line.attribute.clone(),
        kind: RejectionKind::Missing,
        reason: format!("{}, and {} is required.", what_is_missing(&line.expression, person), line.attribute),
        remedy: fill_in(&line.expression, person),
    }
}

pub(super) fn undecidable(line: &Line, person: &Person, why: &str) -> Rejection {
    Rejection {
        attribute: line.attribute.clone(),
        kind: RejectionKind::Undecidable,
        reason: format!(
            "{} cannot be worked out for {}: {why} ({}).",
            line.attribute,
            called(person),
            inputs_shown(&line.expression, person)
        ),
        remedy: check_inputs(&line.expression, person),
    }
}

pub(super) fn forbidden(line: &Line, person: &Person, text: &str) -> Rejection {
    Rejection {
        attribute: line.attribute.clone(),
        kind: RejectionKind::Forbidden,
        reason: format!(
            "{} would be {text:?}, which is the name that Entra gives to a deleted user, not the name of {}.",
            line.attribute,
            called(person)
        ),
        remedy: format!("Restore {} in Entra under their own name, or delete the user for good.", called(person)),
    }
}
