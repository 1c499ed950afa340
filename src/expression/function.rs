//! The functions an expression may use, by name, and how each of their three spellings is read: `x | lower`,
//! `lower(x)`, `x is startswith('a')`. A name that is not here is a mistake found when the expression is compiled. Pure.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::error::{EvaluationError, suggestion};
use super::node::{Comparison, Node};
use super::{date, text};

/// A compiled pattern's memory; far above what an attribute needs, far below what hurts with dozens of them.
const LARGEST_PATTERN_BYTES: usize = 1 << 20;

/// A function of values, none of which is null: a call with a null gives null without calling it.
pub(super) struct Function {
    pub name: &'static str,
    /// How many values it takes, its input included.
    takes: RangeInclusive<usize>,
    /// Whether it answers true or false, and may therefore stand after `is`.
    is_test: bool,
    pub run: fn(&[Cow<'_, Value>]) -> Result<Value, EvaluationError>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// How a function is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Filter,
    Test,
    Call,
}

type Run = fn(&[Cow<'_, Value>]) -> Result<Value, EvaluationError>;

const fn plain(name: &'static str, takes: RangeInclusive<usize>, run: Run) -> Function {
    Function { name, takes, is_test: false, run }
}

const fn test(name: &'static str, run: Run) -> Function {
    Function { name, takes: 2..=2, is_test: true, run }
}

static FUNCTIONS: [Function; 20] = [
    plain("lower", 1..=1, text::lower),
    plain("upper", 1..=1, text::upper),
    plain("title", 1..=1, text::title),
    plain("trim", 1..=1, text::trim),
    plain("replace", 3..=3, text::replace),
    plain("join", 1..=2, text::join),
    plain("split", 2..=2, text::split),
    plain("first", 1..=1, text::first),
    plain("last", 1..=1, text::last),
    plain("substring", 2..=3, text::substring),
    plain("length", 1..=1, text::length),
    plain("ascii", 1..=1, text::ascii),
    plain("localpart", 1..=1, text::localpart),
    plain("domain", 1..=1, text::domain),
    plain("string", 1..=1, text::string),
    plain("int", 1..=1, text::int),
    plain("date", 2..=2, date::date),
    test("startswith", text::startswith),
    test("endswith", text::endswith),
    test("contains", text::contains),
];

/// The functions that must see a null, or have something compiled once: each is a node of its own.
const SPECIAL: [&str; 6] = ["default", "coalesce", "first_of", "lookup", "matches", "regex_replace"];
const TESTS_OF_NULL: [&str; 8] = ["none", "null", "undefined", "defined", "empty", "true", "false", "in"];

/// The node for a call of `name` with `values` (its input first), or what is wrong with it.
pub(super) fn resolve(form: Form, name: &str, values: Vec<Node>, default: Option<Node>) -> Result<Node, String> {
    if default.is_some() && name != "lookup" {
        return Err(format!("`{name}` has no value called `default`; only `lookup` has"));
    }
    match (form, name) {
        (Form::Test, "none" | "null" | "undefined" | "defined" | "empty" | "true" | "false" | "in") => {
            test_of_null(name, values)
        }
        (Form::Filter | Form::Call, "default") => {
            let [input, default] = take(name, values)?;
            Ok(Node::FirstOf(vec![*input, *default]))
        }
        (Form::Filter | Form::Call, "coalesce" | "first_of") if !values.is_empty() => Ok(Node::FirstOf(values)),
        (Form::Filter | Form::Call, "lookup") => lookup(values, default),
        (Form::Filter | Form::Call, "regex_replace") => {
            let [input, pattern, replacement] = take(name, values)?;
            Ok(Node::RegexReplaced { input, pattern: compiled(name, &pattern)?, replacement })
        }
        (_, "matches") => {
            let [input, pattern] = take(name, values)?;
            Ok(Node::Matches(input, compiled(name, &pattern)?))
        }
        _ => ordinary(form, name, values),
    }
}

/// `is none` and its like look at a null instead of passing it on.
fn test_of_null(name: &str, values: Vec<Node>) -> Result<Node, String> {
    if name == "in" {
        let [input, list] = take(name, values)?;
        return Ok(Node::Compared(input, vec![(Comparison::In, *list)]));
    }
    let [input] = take(name, values)?;
    Ok(match name {
        "none" | "null" | "undefined" => Node::IsNull(input),
        "defined" => Node::Not(Box::new(Node::IsNull(input))),
        "empty" => Node::IsEmpty(input),
        _ => Node::Compared(input, vec![(Comparison::Equal, Node::Constant(Value::Bool(name == "true")))]),
    })
}

fn take<const COUNT: usize>(name: &str, values: Vec<Node>) -> Result<[Box<Node>; COUNT], String> {
    check_count(name, &(COUNT..=COUNT), values.len())?;
    let boxed: Vec<Box<Node>> = values.into_iter().map(Box::new).collect();
    Ok(boxed.try_into().expect("the values were counted above"))
}

fn lookup(mut values: Vec<Node>, default: Option<Node>) -> Result<Node, String> {
    if default.is_none() && values.len() == 3 {
        let default = values.pop();
        return lookup(values, default);
    }
    let [input, table] = take("lookup", values)?;
    if !matches!(*table, Node::Constant(Value::Object(_)) | Node::Table(_)) {
        return Err("`lookup` takes a table: user.country | lookup({ 'Australia': 'AU' }, default='XX')".to_owned());
    }
    Ok(Node::Lookup { input, table, default: default.map(Box::new) })
}

fn ordinary(form: Form, name: &str, values: Vec<Node>) -> Result<Node, String> {
    let known = match name {
        "startingwith" => "startswith",
        "endingwith" => "endswith",
        _ => name,
    };
    let fits = |function: &&Function| function.name == known && (form != Form::Test || function.is_test);
    let Some(function) = FUNCTIONS.iter().find(fits) else { return Err(unknown(form, name)) };
    check_count(name, &function.takes, values.len())?;
    if let ("date", Some(Node::Constant(Value::String(format)))) = (known, values.get(1)) {
        date::check_format(format)?;
    }
    Ok(Node::Call(function, values))
}

fn check_count(name: &str, takes: &RangeInclusive<usize>, given: usize) -> Result<(), String> {
    if takes.contains(&given) {
        return Ok(());
    }
    // The input is not counted when people count what stands in the brackets.
    let (least, most, given) = (takes.start() - 1, takes.end() - 1, given.saturating_sub(1));
    let expected = if least == most { least.to_string() } else { format!("{least} to {most}") };
    Err(format!("`{name}` takes {expected} values beside its input, not {given}"))
}

fn unknown(form: Form, name: &str) -> String {
    let functions = FUNCTIONS.iter().filter(|function| form != Form::Test || function.is_test);
    let special: &[&str] = if form == Form::Test { &TESTS_OF_NULL } else { &SPECIAL };
    let names: Vec<&str> = functions.map(|function| function.name).chain(special.iter().copied()).collect();
    let kind = match form {
        Form::Filter => "filter",
        Form::Test => "test",
        Form::Call => "function",
    };
    let hint = suggestion(name, names.iter().copied());
    let listed = if hint.is_empty() { format!("; there are {}", names.join(", ")) } else { hint };
    format!("there is no {kind} `{name}`{listed}")
}

/// A pattern is written out, never computed, so that it is checked and compiled once.
fn compiled(name: &str, node: &Node) -> Result<Regex, String> {
    let Node::Constant(Value::String(text)) = node else {
        return Err(format!("the pattern of `{name}` is a quoted text: '^[A-Z]{{2}}'"));
    };
    let built = RegexBuilder::new(text).size_limit(LARGEST_PATTERN_BYTES).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("the pattern {text:?} is too large; ask for fewer repetitions"),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the pattern of `{name}` is not a regular expression: {last}")
        }
    })
}
