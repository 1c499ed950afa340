//! The shape of the code, as a test: imports point downwards only, siblings do not know each other, SQL stays in
//! `store`, pure modules stay pure, and no file becomes the place where everything goes.

use std::fs;
use std::path::{Path, PathBuf};

/// From the top down. Modules on one line are siblings.
const LAYERS: &[&[&str]] = &[
    &["commands"],
    &["daemon", "sandbox"],
    &["sync"],
    &["settings"],
    &["source", "target", "store", "notify"],
    &["oauth"],
    &["http"],
    &["report"],
    &["guard"],
    &["plan"],
    &["mapping", "scope", "schedule"],
    &["expression"],
    &["model"],
];

/// They decide with values: no async, clock, environment, network, database or log.
const PURE: &[&str] = &["model", "expression", "mapping", "scope", "plan", "guard", "report", "schedule"];
const IMPURE: &[&str] = &[
    "Utc::now",
    "Local::now",
    "SystemTime::now",
    "Instant::now",
    "std::env::",
    "std::fs",
    "std::net",
    "tokio::",
    "reqwest::",
    "rusqlite::",
    "tracing::",
    " async fn ",
    "println!",
];

/// A file that is longer without its tests is asking for a noun.
const LONGEST_FILE: usize = 400;

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a readable file");
                found.push((path, without_tests_and_comments(&text)));
            }
        }
    }
    found
}

/// What ships: neither the tests at a file's end nor what is said about the code.
fn without_tests_and_comments(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test_file(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests") || path.components().any(|part| part.as_os_str() == "tests")
}

fn module(path: &Path) -> String {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("below src");
    let first = below.components().next().expect("a component").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Every `crate::name` of a file.
fn imports(code: &str) -> Vec<String> {
    let after = code.split("crate::").skip(1);
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names: Vec<String> = after.map(name).filter(|name| !name.is_empty()).collect();
    if code.contains("use crate::{") {
        let braces = code.split("use crate::{").skip(1).filter_map(|rest| rest.split('}').next());
        names.extend(
            braces
                .flat_map(|list| list.split(','))
                .map(|item| item.trim().split("::").next().unwrap_or_default().to_owned()),
        );
    }
    names
}

#[test]
fn imports_point_downwards_and_siblings_do_not_know_each_other() {
    let mut wrong = Vec::new();
    for (path, code) in sources().iter().filter(|(path, _)| !is_test_file(path)) {
        let own = module(path);
        let Some(from) = layer(&own) else { continue };
        for import in imports(code) {
            if import != own && layer(&import).is_some_and(|to| to <= from) {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    for (path, _) in sources() {
        let own = module(&path);
        assert!(own == "lib" || own == "main" || layer(&own).is_some(), "{own} stands in no layer");
    }
}

#[test]
fn pure_modules_ask_nobody_anything() {
    let mut wrong = Vec::new();
    for (path, code) in
        sources().iter().filter(|(path, _)| PURE.contains(&module(path).as_str()) && !is_test_file(path))
    {
        for word in IMPURE.iter().filter(|word| code.contains(**word)) {
            wrong.push(format!("{} uses {word}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sql_lives_in_the_store() {
    for (path, code) in sources().iter().filter(|(path, _)| module(path) != "store") {
        for word in ["rusqlite::", "SELECT ", "INSERT INTO", "DELETE FROM"] {
            assert!(!code.contains(word), "{} speaks SQL: {word}", path.display());
        }
    }
}

#[test]
fn no_file_becomes_the_place_where_everything_goes() {
    let long = |(path, code): &(PathBuf, String)| {
        let lines = code.lines().count();
        (lines > LONGEST_FILE && !is_test_file(path)).then(|| format!("{}: {lines} lines", path.display()))
    };
    let long: Vec<String> = sources().iter().filter_map(long).collect();
    assert!(long.is_empty(), "asking for a noun:\n{}", long.join("\n"));
}
