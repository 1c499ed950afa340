//! From settings to rules: expressions compiled, the source's properties checked, every mistake at its place.

use crate::expression::Expression;
use crate::mapping::{Mapping, MappingMistake, MappingSettings};
use crate::model::Properties;
use crate::plan::Rules;
use crate::scope::Scope;
use crate::settings::{KeyPath, Mistake, Mistakes, Settings};
use crate::{source, target};

/// Compiles what the operator decided about people.
///
/// # Errors
/// Every mistake in an expression, with file, line and key.
pub fn compile(settings: &Settings) -> Result<Rules, Mistakes> {
    let known = source::known_properties(settings.source.kind);
    let mut mistakes = Vec::new();
    let mapping = keep(compile_mapping(settings, known), &mut mistakes);
    let scope = keep(compile_scope(settings, known), &mut mistakes);
    mistakes.extend(same_person_mistakes(settings, known));
    match (mapping, scope) {
        (Some(mapping), Some(scope)) if mistakes.is_empty() => Ok(rules(settings, mapping, scope)),
        _ => Err(Mistakes { all: mistakes }),
    }
}

/// The properties to ask of the source, and no others.
pub fn properties(rules: &Rules) -> Properties {
    let mut all = rules.mapping.properties();
    let scope = rules.scope.properties();
    all.user.extend(scope.user);
    if let Some(manager) = scope.manager {
        all.manager.get_or_insert_default().extend(manager);
    }
    all
}

fn rules(settings: &Settings, mapping: Mapping, scope: Scope) -> Rules {
    Rules {
        scope,
        mapping,
        leavers: settings.leavers,
        patience: settings.people.patience,
        match_by: settings.target.match_by.clone(),
        protected: settings.target.protected.iter().map(|name| name.to_lowercase()).collect(),
    }
}

fn compile_mapping(settings: &Settings, known: &[&str]) -> Result<Mapping, Vec<Mistake>> {
    let place =
        |mistake: MappingMistake| settings.mistake(KeyPath::from("mapping").key(&mistake.attribute), mistake.message);
    let placed = |mistakes: Vec<MappingMistake>| mistakes.into_iter().map(place).collect::<Vec<_>>();
    let kind = settings.target.kind;
    let lines = sent(settings);
    let mut mistakes: Vec<Mistake> = lines
        .keys()
        .filter_map(|attribute| Some((attribute, target::check_attribute(kind, attribute).err()?)))
        .map(|(attribute, why)| settings.mistake(KeyPath::from("mapping").key(attribute), why))
        .collect();
    let kinds = |attribute: &str| target::attribute_kind(kind, attribute);
    let compiled = Mapping::compile(&lines, &settings.target.match_by, kinds).map_err(placed);
    let checked = compiled.and_then(|mapping| mapping.check_properties(known).map(|()| mapping).map_err(placed));
    match checked {
        Ok(mapping) if mistakes.is_empty() => Ok(mapping),
        Ok(_) => Err(mistakes),
        Err(more) => {
            mistakes.extend(more);
            Err(mistakes)
        }
    }
}

/// The mapping without the attributes that this app does not know.
fn sent(settings: &Settings) -> MappingSettings {
    let left_out = |attribute: &String| settings.target.leave_out.iter().any(|out| out.eq_ignore_ascii_case(attribute));
    settings.mapping.iter().filter(|(attribute, _)| !left_out(attribute)).map(|(a, l)| (a.clone(), l.clone())).collect()
}

fn compile_scope(settings: &Settings, known: &[&str]) -> Result<Scope, Vec<Mistake>> {
    let mistake = |message: String| settings.mistake("scope.where", message);
    let scope =
        Scope::compile(&settings.scope, settings.source.guests).map_err(|error| vec![mistake(error.message)])?;
    match scope.check_properties(known) {
        Ok(()) => Ok(scope),
        Err(errors) => Err(errors.into_iter().map(|error| mistake(error.message)).collect()),
    }
}

fn same_person_mistakes(settings: &Settings, known: &[&str]) -> Vec<Mistake> {
    let Some(text) = &settings.people.same_person else { return Vec::new() };
    let checked = Expression::compile(text).map_err(|error| vec![error]).and_then(|it| it.check_properties(known));
    let errors = checked.err().unwrap_or_default();
    errors.into_iter().map(|error| settings.mistake("people.same_person", error.message)).collect()
}

fn keep<T>(result: Result<T, Vec<Mistake>>, mistakes: &mut Vec<Mistake>) -> Option<T> {
    result.map_err(|more| mistakes.extend(more)).ok()
}
