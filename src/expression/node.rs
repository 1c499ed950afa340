//! The tree an expression becomes: nothing but what we evaluate, every name resolved, every pattern compiled. Pure.

use regex::Regex;
use serde_json::Value;

use super::function::Function;

/// Whose property it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    User,
    Manager,
}

/// One operation and its operands.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Constant(Value),
    /// `user.employeeOrgData.division`: the property, and the path inside it.
    Property {
        owner: Owner,
        name: String,
        path: Vec<String>,
    },
    /// `manager` by itself.
    Manager,
    /// `manager.account_id`.
    ManagerAccount,
    List(Vec<Self>),
    Table(Vec<(String, Self)>),
    Not(Box<Self>),
    Negative(Box<Self>),
    /// `a or b or …`: the first that counts as true, else the last.
    AnyOf(Vec<Self>),
    /// `a and b and …`: the first that counts as false, else the last.
    AllOf(Vec<Self>),
    /// `a ~ b ~ …`.
    Joined(Vec<Self>),
    Plus(Box<Self>, Box<Self>),
    Minus(Box<Self>, Box<Self>),
    /// `a < b <= c`: true when every pair is.
    Compared(Box<Self>, Vec<(Comparison, Self)>),
    Choice {
        condition: Box<Self>,
        then: Box<Self>,
        otherwise: Option<Box<Self>>,
    },
    Item(Box<Self>, Box<Self>),
    Slice {
        of: Box<Self>,
        start: Option<Box<Self>>,
        stop: Option<Box<Self>>,
    },
    /// `coalesce` and `default`: the first that is neither null nor empty text.
    FirstOf(Vec<Self>),
    /// `is none` (or, when not, `is defined`).
    IsNull(Box<Self>),
    /// `is empty`: null, empty text or an empty list.
    IsEmpty(Box<Self>),
    Matches(Box<Self>, Regex),
    RegexReplaced {
        input: Box<Self>,
        pattern: Regex,
        replacement: Box<Self>,
    },
    Lookup {
        input: Box<Self>,
        table: Box<Self>,
        default: Option<Box<Self>>,
    },
    Call(&'static Function, Vec<Self>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}
