//! The app's accounts and their indexes. Accounts are kept as JSON bytes: half a million of them must fit.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use uuid::Uuid;

use super::document::Document;
use super::quirks::Quirks;
use super::schema::{ENTERPRISE, USER};

/// One account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) version: u32,
    /// Look-ups that still do not see it.
    pub(super) blind: u32,
    active: bool,
    bytes: Box<[u8]>,
}

impl Account {
    pub(super) fn document(&self) -> Document {
        serde_json::from_slice(&self.bytes).expect("written by insert or replace")
    }

    pub(super) fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    pub(super) fn is_active(&self) -> bool {
        self.active
    }

    /// As SCIM shows it below this base URL.
    pub(super) fn shown(&self, quirks: &Quirks, base: &str) -> Value {
        let mut document = self.document();
        let mut schemas = vec![USER];
        if document.contains_key(ENTERPRISE) {
            schemas.push(ENTERPRISE);
        }
        document.remove("password");
        if quirks.external_id_hidden {
            document.remove("externalId");
        }
        for name in &quirks.shouted {
            if let Some(Value::String(text)) = document.get_mut(name) {
                *text = text.to_uppercase();
            }
        }
        document.insert("schemas".to_owned(), json!(schemas));
        document.insert("id".to_owned(), Value::from(self.id.as_str()));
        let location = format!("{base}/Users/{}", encoded(&self.id));
        let meta = json!({"resourceType": "User", "location": location, "version": self.etag()});
        document.insert("meta".to_owned(), meta);
        Value::Object(document)
    }
}

/// An id as it stands in a path.
pub(super) fn encoded(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%2D", "-")
}

#[derive(Debug, Default)]
pub(super) struct Accounts {
    by_number: BTreeMap<u64, Account>,
    ids: HashMap<String, u64>,
    /// By lower-case userName; several only where the app allows case variants.
    names: HashMap<String, Vec<u64>>,
    externals: HashMap<String, Vec<u64>>,
    active: usize,
    last: u64,
}

impl Accounts {
    pub(super) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(super) fn active(&self) -> usize {
        self.active
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Account> {
        self.by_number.values()
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.by_number.keys().copied()
    }

    pub(super) fn get(&self, number: u64) -> Option<&Account> {
        self.by_number.get(&number)
    }

    pub(super) fn by_id(&self, id: &str) -> Option<u64> {
        self.ids.get(id).copied()
    }

    /// By id, or else by userName.
    pub(super) fn find(&self, key: &str) -> Option<u64> {
        self.by_id(key).or_else(|| self.by_name(key).next())
    }

    pub(super) fn by_name(&self, name: &str) -> impl Iterator<Item = u64> + '_ {
        self.names.get(&name.to_lowercase()).into_iter().flatten().copied()
    }

    pub(super) fn by_external(&self, external: &str) -> impl Iterator<Item = u64> + '_ {
        self.externals.get(external).into_iter().flatten().copied()
    }

    /// A new account; answers with its id.
    pub(super) fn insert(&mut self, mut document: Document, odd_id: bool) -> String {
        self.last += 1;
        let number = self.last;
        let given = document.remove("id").and_then(|id| id.as_str().map(str::to_owned));
        let name = document.get("userName").and_then(Value::as_str).unwrap_or("");
        let id =
            given.unwrap_or_else(|| if odd_id { format!("user {number}/{name}") } else { Uuid::new_v4().to_string() });
        self.ids.insert(id.clone(), number);
        let mut account = Account { id: id.clone(), version: 0, blind: 0, active: false, bytes: Box::default() };
        self.store(number, &mut account, &document);
        self.by_number.insert(number, account);
        id
    }

    pub(super) fn blind(&mut self, id: &str, lookups: u32) {
        if let Some(account) = self.by_id(id).and_then(|number| self.by_number.get_mut(&number)) {
            account.blind = lookups;
        }
    }

    /// One look-up later.
    pub(super) fn see(&mut self) {
        self.by_number.values_mut().for_each(|account| account.blind = account.blind.saturating_sub(1));
    }

    pub(super) fn replace(&mut self, number: u64, document: &Document) {
        let Some(mut account) = self.by_number.remove(&number) else { return };
        self.unindex(number, &account);
        self.store(number, &mut account, document);
        self.by_number.insert(number, account);
    }

    pub(super) fn remove(&mut self, number: u64) {
        if let Some(account) = self.by_number.remove(&number) {
            self.unindex(number, &account);
            self.ids.remove(&account.id);
        }
    }

    fn store(&mut self, number: u64, account: &mut Account, document: &Document) {
        account.bytes = serde_json::to_vec(document).expect("a JSON object").into_boxed_slice();
        account.version += 1;
        account.active = document.get("active") != Some(&Value::Bool(false));
        self.active += usize::from(account.active);
        if let Some(name) = document.get("userName").and_then(Value::as_str) {
            self.names.entry(name.to_lowercase()).or_default().push(number);
        }
        if let Some(external) = document.get("externalId").and_then(Value::as_str) {
            self.externals.entry(external.to_owned()).or_default().push(number);
        }
    }

    fn unindex(&mut self, number: u64, account: &Account) {
        let document = account.document();
        self.active -= usize::from(account.active);
        if let Some(name) = document.get("userName").and_then(Value::as_str) {
            forget(&mut self.names, &name.to_lowercase(), number);
        }
        if let Some(external) = document.get("externalId").and_then(Value::as_str) {
            forget(&mut self.externals, external, number);
        }
    }
}

fn forget(index: &mut HashMap<String, Vec<u64>>, key: &str, number: u64) {
    if let Some(numbers) = index.get_mut(key) {
        numbers.retain(|known| *known != number);
        if numbers.is_empty() {
            index.remove(key);
        }
    }
}
