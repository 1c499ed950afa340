//! An attribute as the mapping spells it: parsed once, then read from, set in and cleared from a resource.
//! Pure; names are compared without regard to case (RFC 7643 §2.1).

use serde_json::{Map, Value, json};

use crate::model::AttributeKind;

use super::schema::{CORE_USER, is_list};

/// `[<schema>:]<name>[<attribute> eq <value>].<sub-attribute>` (RFC 7644 §3.5.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    spelled: String,
    /// The extension the attribute belongs to; none for the core schema.
    pub(super) schema: Option<String>,
    pub(super) name: String,
    pub(super) selector: Option<Selector>,
    pub(super) sub: Option<String>,
}

/// Which entry of a list: `[type eq "work"]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Selector {
    pub attribute: String,
    pub value: Value,
}

impl Path {
    /// # Errors
    /// When this is no attribute path, with an example of one.
    pub fn parse(spelled: &str) -> Result<Self, String> {
        let (schema, rest) = split_schema(spelled);
        let wrong = |why: &str| format!("{spelled:?} is no attribute of an account: {why}");
        let (name, selector, sub) = split_attribute(rest).map_err(|why| wrong(&why))?;
        let names = [Some(name), sub].into_iter().flatten();
        if let Some(bad) = names.into_iter().find(|name| !is_name(name)) {
            return Err(wrong(&format!("{bad:?} is no attribute name; write for example name.givenName")));
        }
        if selector.is_some() && sub.is_none() {
            return Err(wrong(r#"write which part of the entry, for example emails[type eq "work"].value"#));
        }
        if selector.is_none() && sub.is_some() && schema.is_none() && is_list(name) {
            return Err(wrong(&format!(r#"write which entry, for example {name}[type eq "work"].value"#)));
        }
        Ok(Self {
            spelled: spelled.to_owned(),
            schema: schema.filter(|schema| !schema.eq_ignore_ascii_case(CORE_USER)).map(str::to_owned),
            name: name.to_owned(),
            selector,
            sub: sub.map(str::to_owned),
        })
    }

    /// As the mapping spells it.
    pub fn as_str(&self) -> &str {
        &self.spelled
    }

    /// The path whose removal clears the attribute: an entry without its `value` is worth nothing, so it goes whole.
    pub fn removal(&self) -> &str {
        if !self.is_value_of_entry() {
            return &self.spelled;
        }
        self.spelled.rsplit_once('.').map_or(self.spelled.as_str(), |(entry, _)| entry)
    }

    /// The last name of the path, by which a server's complaint may call it.
    pub fn leaf(&self) -> &str {
        match self.sub.as_deref() {
            None | Some("value") => &self.name,
            Some(sub) => sub,
        }
    }

    /// The value in a resource, in the one form the rest of the program compares: text as text, lists sorted.
    pub fn get(&self, resource: &Value) -> Option<Value> {
        let holder = match &self.schema {
            Some(schema) => member(resource, schema)?,
            None => resource,
        };
        let attribute = member(holder, &self.name)?;
        let attribute = match &self.selector {
            Some(selector) => entries(attribute).iter().find(|entry| selector.selects(entry))?,
            None => attribute,
        };
        let value = match &self.sub {
            Some(sub) => member(attribute, sub)?,
            None => attribute,
        };
        self.canonical(value)
    }

    /// Puts a value into a resource, making what is needed on the way.
    pub fn set(&self, resource: &mut Map<String, Value>, value: &Value) {
        let holder = match &self.schema {
            Some(schema) => object_at(resource, schema),
            None => resource,
        };
        let value = self.on_the_wire(value);
        let Some(sub) = &self.sub else {
            holder.insert(spelling(holder, &self.name), value);
            return;
        };
        let parent = match &self.selector {
            Some(selector) => selector.entry(holder, &self.name),
            None => object_at(holder, &self.name),
        };
        parent.insert(spelling(parent, sub), value);
    }

    /// Takes the attribute out of a resource: absent, null and empty are the same (RFC 7643 §2.5).
    pub fn clear(&self, resource: &mut Map<String, Value>) {
        let holder = match &self.schema {
            Some(schema) => member_mut(resource, schema).and_then(Value::as_object_mut),
            None => Some(resource),
        };
        let Some(holder) = holder else { return };
        let Some(sub) = &self.sub else {
            holder.remove(&spelling(holder, &self.name));
            return;
        };
        let Some(attribute) = member_mut(holder, &self.name) else { return };
        match (&self.selector, attribute) {
            (Some(selector), Value::Array(entries)) if self.is_value_of_entry() => {
                entries.retain(|entry| !selector.selects(entry));
            }
            (Some(selector), Value::Array(entries)) => {
                let chosen = entries.iter_mut().filter(|entry| selector.selects(entry));
                chosen.filter_map(Value::as_object_mut).for_each(|entry| drop(entry.remove(&spelling(entry, sub))));
            }
            (None, Value::Object(parent)) => drop(parent.remove(&spelling(parent, sub))),
            _ => {}
        }
    }

    /// Whether the resource has the entry that the path selects, with or without our part of it.
    pub(super) fn selects_in(&self, resource: &Value) -> bool {
        let Some(selector) = &self.selector else { return false };
        member(resource, &self.name).is_some_and(|list| entries(list).iter().any(|entry| selector.selects(entry)))
    }

    /// Says that the attribute has no value, where silence would mean "as before".
    pub(super) fn set_null(&self, resource: &mut Map<String, Value>) {
        let holder = match &self.schema {
            Some(schema) => object_at(resource, schema),
            None => resource,
        };
        let (parent, name) = match &self.sub {
            Some(sub) => (object_at(holder, &self.name), sub),
            None => (holder, &self.name),
        };
        parent.insert(spelling(parent, name), Value::Null);
    }

    /// A value as it travels: a reference is an object, so is each entry of a list.
    pub(super) fn on_the_wire(&self, value: &Value) -> Value {
        let wrapped = |value: &Value| if value.is_object() { value.clone() } else { json!({ "value": value }) };
        if self.is_reference() {
            return wrapped(value);
        }
        match value {
            Value::Array(values) if self.is_whole_list() => values.iter().map(wrapped).collect(),
            single if self.is_whole_list() => json!([wrapped(single)]),
            other => other.clone(),
        }
    }

    fn canonical(&self, value: &Value) -> Option<Value> {
        let value = if self.is_reference() { member(value, "value").unwrap_or(value) } else { value };
        match self.kind() {
            AttributeKind::Boolean => boolean(value).map(Value::Bool),
            AttributeKind::Set => sorted(entries(value)),
            AttributeKind::Text | AttributeKind::Number => as_text(value),
        }
    }

    fn is_value_of_entry(&self) -> bool {
        self.selector.is_some() && self.sub.as_deref().is_some_and(|sub| sub.eq_ignore_ascii_case("value"))
    }
}

impl Selector {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.trim().splitn(3, char::is_whitespace);
        let (attribute, operator, value) = (words.next()?, words.next()?, words.next()?);
        let value = serde_json::from_str(value.trim()).ok()?;
        let sound = is_name(attribute) && operator.eq_ignore_ascii_case("eq");
        (sound && matches!(value, Value::String(_) | Value::Bool(_)))
            .then(|| Self { attribute: attribute.to_owned(), value })
    }

    /// `type` and its like are compared without regard to case (RFC 7643 §4.1.2); `primary` may be a text.
    pub fn selects(&self, entry: &Value) -> bool {
        let Some(found) = member(entry, &self.attribute) else { return false };
        match (found.as_str(), self.value.as_str()) {
            (Some(found), Some(wanted)) => found.eq_ignore_ascii_case(wanted),
            _ => boolean(found).is_some() && boolean(found) == boolean(&self.value),
        }
    }

    /// The entry, made when it is not there.
    fn entry<'a>(&self, holder: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
        let key = spelling(holder, name);
        let list = holder.entry(key).or_insert_with(|| json!([]));
        if !list.is_array() {
            // Some servers show a single entry without its list.
            *list = if list.is_object() { json!([list.take()]) } else { json!([]) };
        }
        let Value::Array(entries) = list else { unreachable!("made an array just above") };
        let place = entries.iter().position(|entry| self.selects(entry)).unwrap_or_else(|| {
            entries.push(self.empty_entry());
            entries.len() - 1
        });
        let Value::Object(entry) = &mut entries[place] else { unreachable!("only an object is ever selected") };
        entry
    }

    fn empty_entry(&self) -> Value {
        let primary = self.attribute.eq_ignore_ascii_case("primary");
        let value = boolean(&self.value).filter(|_| primary).map_or_else(|| self.value.clone(), Value::Bool);
        json!({ self.attribute.as_str(): value })
    }
}

/// Truth as servers write it: `true`, `"True"`, `1`.
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => match number.as_u64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A member of an object, its name compared without regard to case.
pub fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let object = object.as_object()?;
    let found = object.get(name).or_else(|| {
        let mut members = object.iter();
        members.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    });
    found.filter(|value| !value.is_null())
}

fn member_mut<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Value> {
    object.get_mut(&spelling(object, name))
}

/// The key an object already has for this name, else the name itself.
fn spelling(object: &Map<String, Value>, name: &str) -> String {
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).map_or_else(|| name.to_owned(), Clone::clone)
}

fn object_at<'a>(parent: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let key = spelling(parent, name);
    let place = parent.entry(key).or_insert_with(|| json!({}));
    if !place.is_object() {
        *place = json!({});
    }
    place.as_object_mut().expect("made an object just above")
}

/// A list, also where a server shows its only entry without one.
fn entries(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn sorted(entries: &[Value]) -> Option<Value> {
    let text_of = |entry: &Value| as_text(member(entry, "value").unwrap_or(entry));
    let mut values: Vec<Value> = entries.iter().filter_map(text_of).collect();
    values.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
    (!values.is_empty()).then_some(Value::Array(values))
}

/// Text as text; an empty one is none. What is no text in an extension stays as it is.
fn as_text(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::Number(number) => Some(Value::String(number.to_string())),
        Value::Bool(truth) => Some(Value::String(truth.to_string())),
        Value::Null => None,
        Value::Array(entries) if entries.is_empty() => None,
        Value::String(_) | Value::Array(_) | Value::Object(_) => Some(value.clone()),
    }
}

/// A schema's URN ends at the last colon before a selector.
fn split_schema(spelled: &str) -> (Option<&str>, &str) {
    let is_urn = spelled.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
    let head = spelled.split('[').next().unwrap_or(spelled);
    match head.rfind(':') {
        Some(colon) if is_urn => (Some(&spelled[..colon]), &spelled[colon + 1..]),
        _ => (None, spelled),
    }
}

type Parts<'a> = (&'a str, Option<Selector>, Option<&'a str>);

fn split_attribute(text: &str) -> Result<Parts<'_>, String> {
    let Some((name, rest)) = text.split_once('[') else {
        return Ok(text.split_once('.').map_or((text, None, None), |(name, sub)| (name, None, Some(sub))));
    };
    let (inside, after) = rest.rsplit_once(']').ok_or("the bracket is not closed")?;
    let selector = Selector::parse(inside)
        .ok_or_else(|| format!(r#"[{inside}] is no selection; write for example [type eq "work"]"#))?;
    match after {
        "" => Ok((name, Some(selector), None)),
        after => Ok((name, Some(selector), Some(after.strip_prefix('.').unwrap_or(after)))),
    }
}

/// RFC 7643 §2.1, and the `$` of `$ref`.
fn is_name(name: &str) -> bool {
    let rest = name.strip_prefix('$').unwrap_or(name);
    rest.starts_with(|c: char| c.is_ascii_alphabetic())
        && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

    #[expect(clippy::needless_pass_by_value, reason = "test inputs are literals")]
    #[track_caller]
    fn check(path: &str, value: Value, expected: Value) {
        let path = Path::parse(path).expect("a path");
        let mut resource = Map::new();
        path.set(&mut resource, &value);
        let mut resource = Value::Object(resource);
        assert_eq!(resource, expected);
        assert_eq!(path.get(&resource), Some(value), "what is set is read back");
        path.clear(resource.as_object_mut().expect("an object"));
        assert_eq!(path.get(&resource), None, "what is cleared is gone");
    }

    #[test]
    fn a_value_lands_where_its_path_says() {
        check("userName", json!("ada"), json!({"userName": "ada"}));
        check("name.givenName", json!("Ada"), json!({"name": {"givenName": "Ada"}}));
        check(
            r#"emails[type eq "work"].value"#,
            json!("ada@x.example"),
            json!({"emails": [{"type": "work", "value": "ada@x.example"}]}),
        );
        check(
            DEPARTMENT,
            json!("Tools"),
            json!({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tools"}}),
        );
        check(
            MANAGER,
            json!("id-7"),
            json!({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "id-7"}}}),
        );
        check("roles", json!(["a", "b"]), json!({"roles": [{"value": "a"}, {"value": "b"}]}));
        check(r#"roles[primary eq "True"].value"#, json!("r"), json!({"roles": [{"primary": true, "value": "r"}]}));
        check("urn:ietf:params:scim:schemas:core:2.0:User:title", json!("x"), json!({"title": "x"}));
    }

    #[test]
    fn names_are_found_whatever_their_case_and_keep_the_apps_spelling() {
        let path = Path::parse("name.givenName").expect("a path");
        let mut resource = json!({"Name": {"GIVENNAME": "Ada", "familyName": "L"}});
        assert_eq!(path.get(&resource), Some(json!("Ada")));
        path.set(resource.as_object_mut().expect("an object"), &json!("Eva"));
        assert_eq!(resource, json!({"Name": {"GIVENNAME": "Eva", "familyName": "L"}}));
    }

    #[test]
    fn only_the_selected_entry_is_touched() {
        let path = Path::parse(r#"emails[type eq "work"].value"#).expect("a path");
        let mut resource = json!({"emails": [{"type": "home", "value": "h"}, {"type": "Work", "value": "w"}]});
        assert_eq!(path.get(&resource), Some(json!("w")));
        path.set(resource.as_object_mut().expect("an object"), &json!("n"));
        assert_eq!(resource, json!({"emails": [{"type": "home", "value": "h"}, {"type": "Work", "value": "n"}]}));
        path.clear(resource.as_object_mut().expect("an object"));
        assert_eq!(resource, json!({"emails": [{"type": "home", "value": "h"}]}));
    }

    #[test]
    fn what_an_app_shows_is_read_in_one_form() {
        let get = |path: &str, resource: Value| Path::parse(path).expect("a path").get(&resource);
        assert_eq!(get("active", json!({"active": "False"})), Some(json!(false)));
        assert_eq!(get("active", json!({"active": 0})), Some(json!(false)));
        assert_eq!(get("title", json!({"title": 42})), Some(json!("42")));
        assert_eq!(get("title", json!({"title": null})), None);
        assert_eq!(get("title", json!({"title": ""})), None);
        assert_eq!(get("roles", json!({"roles": ["b", {"value": "a"}]})), Some(json!(["a", "b"])));
        assert_eq!(get("roles", json!({"roles": []})), None);
        let single = json!({"emails": {"type": "work", "value": "w"}});
        assert_eq!(get(r#"emails[type eq "work"].value"#, single), Some(json!("w")));
        let plain = json!({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": "id-7"}});
        assert_eq!(get(MANAGER, plain), Some(json!("id-7")));
    }

    #[test]
    fn a_hostile_shape_is_no_value() {
        for resource in [json!([]), json!("x"), json!({"emails": "x"}), json!({"emails": [[], 1, null]})] {
            let path = Path::parse(r#"emails[type eq "work"].value"#).expect("a path");
            assert_eq!(path.get(&resource), None);
            let mut object = resource.as_object().cloned().unwrap_or_default();
            path.clear(&mut object);
            path.set(&mut object, &json!("w"));
            assert_eq!(path.get(&Value::Object(object)), Some(json!("w")));
        }
    }

    #[test]
    fn clearing_the_value_of_an_entry_removes_the_entry() {
        let removal = |path: &str| Path::parse(path).expect("a path").removal().to_owned();
        assert_eq!(removal(r#"emails[type eq "a.b"].value"#), r#"emails[type eq "a.b"]"#);
        assert_eq!(removal(r#"addresses[type eq "work"].locality"#), r#"addresses[type eq "work"].locality"#);
        assert_eq!(removal("name.givenName"), "name.givenName");
    }

    #[test]
    fn what_is_no_path_is_refused_with_an_example() {
        for (wrong, advice) in [
            ("", "name.givenName"),
            ("emails[0].value", "[type eq"),
            ("emails.value", r#"emails[type eq "work"].value"#),
            (r#"emails[type eq "work"]"#, r#"emails[type eq "work"].value"#),
            (r#"emails[type eq "work".value"#, "not closed"),
            ("emails[type gt 1].value", "[type eq"),
            ("name.given.first", "name.givenName"),
            ("user name", "name.givenName"),
        ] {
            let error = Path::parse(wrong).expect_err("a refusal");
            assert!(error.contains(advice), "{wrong}: {error}");
        }
    }
}
