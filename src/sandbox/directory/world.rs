//! The tenant's objects behind one lock: generated people as long as they are as generated, written-down objects
//! once they differ. A handle is a number; an object id leads back to it. Reads and low-level writes only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Registration, TenantOptions, guid};
use crate::sandbox::people::Population;

/// What a directory object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Group,
    Device,
    OrgContact,
}

/// An object that is not simply a generated person.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) attributes: Map<String, Value>,
    /// Users only.
    pub(crate) manager: Option<u32>,
    /// Groups only: direct members, soft-deleted ones included (a restore brings them back).
    pub(crate) members: BTreeSet<u32>,
    /// Groups only: what readers see instead, while the index lags.
    pub(crate) lagging: Option<BTreeSet<u32>>,
}

impl Object {
    pub(crate) fn new(kind: Kind, attributes: Map<String, Value>) -> Self {
        Self { kind, attributes, manager: None, members: BTreeSet::new(), lagging: None }
    }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) population: Population,
    pub(crate) registration: Registration,
    pub(crate) main_group: u32,
    /// Generated people have the handles below this number.
    generated: u32,
    next: u32,
    objects: HashMap<u32, Object>,
    /// Lower-case userPrincipalNames of written-down users.
    names: HashMap<String, u32>,
    /// Soft-deleted, with the userPrincipalName they had.
    pub(crate) deleted: BTreeMap<u32, String>,
    gone: BTreeSet<u32>,
    /// Page tokens of an earlier epoch have expired.
    pub(crate) epoch: u32,
}

impl World {
    pub(crate) fn new(population: Population, options: &TenantOptions) -> Self {
        let registration = Registration::new(options.seed);
        let main_group = options.members;
        let mut world = Self {
            population,
            registration,
            main_group,
            generated: options.members,
            next: main_group,
            objects: HashMap::new(),
            names: HashMap::new(),
            deleted: BTreeMap::new(),
            gone: BTreeSet::new(),
            epoch: 0,
        };
        let mut group = Object::new(Kind::Group, security_group(&options.group_name));
        group.members = (0..options.members).collect();
        world.add(group);
        world
    }

    pub(crate) fn add(&mut self, object: Object) -> u32 {
        let handle = self.next;
        self.next += 1;
        if let Some(name) = name_of(&object) {
            self.names.insert(name.to_lowercase(), handle);
        }
        self.objects.insert(handle, object);
        handle
    }

    /// The number the next object will get.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    pub(crate) fn id(&self, handle: u32) -> Uuid {
        self.population.id(handle)
    }

    /// Any object that exists or is soft-deleted.
    fn handle(&self, id: Uuid) -> Option<u32> {
        let handle = self.population.number(id)?;
        (handle < self.next && !self.gone.contains(&handle)).then_some(handle)
    }

    /// An object as Graph sees it: soft-deleted ones are not there.
    pub(crate) fn live(&self, id: &str) -> Option<u32> {
        self.handle(guid(id)?).filter(|handle| !self.deleted.contains_key(handle))
    }

    /// A user as Graph sees it, by id or userPrincipalName.
    pub(crate) fn live_user(&self, key: &str) -> Option<u32> {
        let handle = self.live(key).or_else(|| self.by_name(key))?;
        (self.kind(handle) == Kind::User && !self.deleted.contains_key(&handle)).then_some(handle)
    }

    /// A person by object id or userPrincipalName (a soft-deleted one by the name it had), for life's operations.
    pub(crate) fn user(&self, key: &str) -> anyhow::Result<u32> {
        let by_id = guid(key).and_then(|id| self.handle(id));
        let deleted =
            || self.deleted.iter().find(|(_, name)| name.eq_ignore_ascii_case(key)).map(|(handle, _)| *handle);
        let handle = by_id.or_else(|| self.by_name(key)).or_else(deleted);
        let handle = handle.with_context(|| format!("the sandbox's directory has no user {key}"))?;
        if self.kind(handle) != Kind::User {
            bail!("{key} is no user in the sandbox's directory");
        }
        Ok(handle)
    }

    pub(crate) fn group(&self, id: &str) -> anyhow::Result<u32> {
        let handle = self.live(id).filter(|handle| self.kind(*handle) == Kind::Group);
        handle.with_context(|| format!("the sandbox's directory has no group {id}"))
    }

    /// The live user of this name; a soft-deleted user's name is free again.
    pub(crate) fn by_name(&self, name: &str) -> Option<u32> {
        let written_down = self.names.get(&name.to_lowercase()).copied();
        written_down.or_else(|| {
            let handle = self.population.number_by_name(name)?;
            let as_generated = handle < self.generated && !self.objects.contains_key(&handle);
            (as_generated && !self.gone.contains(&handle)).then_some(handle)
        })
    }

    pub(crate) fn kind(&self, handle: u32) -> Kind {
        self.objects.get(&handle).map_or(Kind::User, |object| object.kind)
    }

    /// What is written down about an object; none for a person who is still as generated.
    pub(crate) fn written(&self, handle: u32) -> Option<&Object> {
        self.objects.get(&handle)
    }

    pub(crate) fn attributes(&self, handle: u32) -> Map<String, Value> {
        match self.objects.get(&handle) {
            Some(object) => object.attributes.clone(),
            None => self.population.person(handle).attributes(),
        }
    }

    pub(crate) fn manager(&self, handle: u32) -> Option<u32> {
        let manager = match self.objects.get(&handle) {
            Some(object) => object.manager,
            None => self.population.person(handle).manager(),
        };
        manager.filter(|handle| !self.gone.contains(handle) && !self.deleted.contains_key(handle))
    }

    /// An object to be changed; a generated person is written down first.
    pub(crate) fn write_down(&mut self, handle: u32) -> &mut Object {
        if !self.objects.contains_key(&handle) {
            let generated = self.population.person(handle);
            let mut object = Object::new(Kind::User, generated.attributes());
            object.manager = generated.manager();
            self.names.insert(generated.user_principal_name(), handle);
            self.objects.insert(handle, object);
        }
        self.objects.get_mut(&handle).expect("just written down")
    }

    /// Changes one attribute and keeps the index of names true.
    pub(crate) fn set(&mut self, handle: u32, attribute: &str, value: Value) {
        let object = self.write_down(handle);
        let before = object.attributes.insert(attribute.to_owned(), value);
        let after = name_of(object).map(str::to_lowercase);
        if attribute == "userPrincipalName" {
            if let Some(before) = before.as_ref().and_then(Value::as_str) {
                self.names.remove(&before.to_lowercase());
            }
            self.names.extend(after.map(|name| (name, handle)));
        }
    }

    /// Removes an object for good, with every membership.
    pub(crate) fn remove(&mut self, handle: u32) {
        let name = self.objects.remove(&handle).as_ref().and_then(name_of).map(str::to_lowercase);
        self.names.retain(|known, _| Some(known) != name.as_ref());
        self.deleted.remove(&handle);
        self.gone.insert(handle);
        for object in self.objects.values_mut() {
            object.members.remove(&handle);
        }
    }

    /// A group's direct members, in the order pages give them.
    pub(crate) fn live_members(&self, group: u32) -> impl Iterator<Item = u32> + '_ {
        self.members_from(group, 0)
    }

    /// The same from a handle on: a page token is a handle, so that a change between two pages skips nobody.
    pub(crate) fn members_from(&self, group: u32, first: u32) -> impl Iterator<Item = u32> + '_ {
        let members = self.objects.get(&group).map(|object| object.lagging.as_ref().unwrap_or(&object.members));
        let there = |handle: &u32| !self.deleted.contains_key(handle);
        members.into_iter().flat_map(move |members| members.range(first..).copied()).filter(there)
    }

    /// At most `limit` members from a handle on, of a group and of the groups inside it, those groups included.
    pub(crate) fn transitive_members_from(&self, group: u32, first: u32, limit: usize) -> Vec<u32> {
        let mut open = vec![group];
        let mut groups = BTreeSet::new();
        while let Some(group) = open.pop() {
            if groups.insert(group) {
                open.extend(self.live_groups_in(group));
            }
        }
        // The smallest of the union are among the smallest of each, so no page costs more than a page per group.
        let mut found: Vec<u32> =
            groups.iter().flat_map(|group| self.members_from(*group, first).take(limit)).collect();
        found.sort_unstable();
        found.dedup();
        found.truncate(limit);
        found
    }

    /// Found among the groups rather than among the members: there are few groups and many members.
    fn live_groups_in(&self, group: u32) -> Vec<u32> {
        let members = self.objects.get(&group).map(|object| object.lagging.as_ref().unwrap_or(&object.members));
        let is_member = |handle: &u32| members.is_some_and(|members| members.contains(handle));
        let groups = self.objects.iter().filter(|(_, object)| object.kind == Kind::Group);
        groups.map(|(handle, _)| *handle).filter(is_member).collect()
    }

    /// Groups that have this object as a direct member.
    pub(crate) fn groups_of(&self, member: u32) -> Vec<u32> {
        // Lists may lag; this asks the directory itself.
        let has = |object: &Object| object.members.contains(&member);
        let mut groups: Vec<_> =
            self.objects.iter().filter(|(_, object)| has(object)).map(|(handle, _)| *handle).collect();
        groups.retain(|group| !self.deleted.contains_key(group));
        groups.sort_unstable();
        groups
    }

    /// Groups that have this object as a member, directly or through other groups.
    pub(crate) fn transitive_groups_of(&self, member: u32) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        let mut open = vec![member];
        while let Some(member) = open.pop() {
            open.extend(self.groups_of(member).into_iter().filter(|group| found.insert(*group)));
        }
        found
    }

    /// Every live user, from a handle on.
    pub(crate) fn users_from(&self, first: u32) -> impl Iterator<Item = u32> + '_ {
        let there = |handle: &u32| !self.gone.contains(handle) && !self.deleted.contains_key(handle);
        (first..self.next).filter(there).filter(|handle| self.kind(*handle) == Kind::User)
    }

    /// Live users whose attribute has this value, compared as Graph does (without regard to case).
    pub(crate) fn users_with(&self, attribute: &str, value: &str) -> Vec<u32> {
        let lower = value.to_lowercase();
        let mut text = Vec::new();
        let mut has = |handle: &u32| {
            text.clear();
            if let Some(object) = self.objects.get(handle) {
                let value = object.attributes.get(attribute).and_then(Value::as_str);
                return value.is_some_and(|value| value.to_lowercase() == lower);
            }
            self.population.person(*handle).write(attribute, &mut text);
            serde_json::from_slice::<String>(&text).is_ok_and(|value| value.to_lowercase() == lower)
        };
        self.users_from(0).filter(|handle| has(handle)).collect()
    }

    /// A hidden group shows its members only to those with `Member.Read.Hidden`.
    pub(crate) fn hidden(&self, group: u32) -> bool {
        let visibility = self.objects.get(&group).and_then(|object| object.attributes.get("visibility"));
        visibility.is_some_and(|visibility| visibility == "HiddenMembership")
    }
}

fn name_of(object: &Object) -> Option<&str> {
    object.attributes.get("userPrincipalName").and_then(Value::as_str)
}

/// What Graph says about a plain security group.
pub(crate) fn security_group(name: &str) -> Map<String, Value> {
    let attributes = serde_json::json!({
        "displayName": name,
        "description": null,
        "createdDateTime": "2021-02-01T08:00:00Z",
        "groupTypes": [],
        "mail": null,
        "mailEnabled": false,
        "mailNickname": crate::sandbox::people::plain(name),
        "membershipRule": null,
        "membershipRuleProcessingState": null,
        "securityEnabled": true,
        "visibility": null,
    });
    match attributes {
        Value::Object(attributes) => attributes,
        _ => Map::new(),
    }
}
