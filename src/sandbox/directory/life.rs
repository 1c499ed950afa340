//! What happens to people and groups in a directory, one method per event. A person is named by object id or
//! userPrincipalName, a group by object id.

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::world::{Kind, Object, security_group};
use super::{Directory, World};
use crate::sandbox::people::plain;

/// How a group answers readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// A security group with assigned members.
    Assigned,
    /// A dynamic group whose rule runs.
    Dynamic,
    /// A dynamic group whose rule has been paused: membership is frozen.
    Paused,
    /// A Microsoft 365 group with hidden membership.
    Hidden,
}

impl Directory {
    /// A new person in the main group. What `attributes` does not say is made up; an explicit null stays null.
    pub fn hire(&self, attributes: &Value) -> anyhow::Result<String> {
        let mut world = self.world();
        let handle = register(&mut world, attributes)?;
        let group = world.main_group;
        world.write_down(group).members.insert(handle);
        Ok(world.id(handle).to_string())
    }

    /// A new person in no group.
    pub fn register(&self, attributes: &Value) -> anyhow::Result<String> {
        let mut world = self.world();
        let handle = register(&mut world, attributes)?;
        Ok(world.id(handle).to_string())
    }

    pub fn add_group(&self, name: &str) -> String {
        self.add(Object::new(Kind::Group, security_group(name)))
    }

    pub fn add_device(&self, name: &str) -> String {
        self.add(named(Kind::Device, name))
    }

    pub fn add_org_contact(&self, name: &str) -> String {
        self.add(named(Kind::OrgContact, name))
    }

    /// Adds a person or any other object to a group.
    pub fn add_member(&self, group: &str, member: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let (group, member) = (world.group(group)?, any(&world, member)?);
        world.write_down(group).members.insert(member);
        Ok(())
    }

    pub fn remove_member(&self, group: &str, member: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let (group, member) = (world.group(group)?, any(&world, member)?);
        if !world.write_down(group).members.remove(&member) {
            bail!("no member of that group in the sandbox's directory: {}", world.id(member));
        }
        Ok(())
    }

    pub fn empty_group(&self, group: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let group = world.group(group)?;
        world.write_down(group).members.clear();
        Ok(())
    }

    /// 404 from now on.
    pub fn delete_group(&self, group: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let group = world.group(group)?;
        world.remove(group);
        Ok(())
    }

    pub fn set_group_state(&self, group: &str, state: GroupState) -> anyhow::Result<()> {
        let mut world = self.world();
        let group = world.group(group)?;
        let dynamic = matches!(state, GroupState::Dynamic | GroupState::Paused);
        let types = match state {
            GroupState::Assigned => json!([]),
            GroupState::Dynamic | GroupState::Paused => json!(["DynamicMembership"]),
            GroupState::Hidden => json!(["Unified"]),
        };
        let processing = match state {
            GroupState::Dynamic => json!("On"),
            GroupState::Paused => json!("Paused"),
            GroupState::Assigned | GroupState::Hidden => Value::Null,
        };
        world.set(group, "groupTypes", types);
        world.set(group, "membershipRuleProcessingState", processing);
        world.set(group, "membershipRule", if dynamic { json!("(user.accountEnabled -eq true)") } else { Value::Null });
        let hidden = state == GroupState::Hidden;
        world.set(group, "visibility", if hidden { json!("HiddenMembership") } else { Value::Null });
        Ok(())
    }

    /// Readers see the group as it is now, whatever happens to it, until [`Self::catch_up`].
    pub fn lag(&self, group: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let group = world.group(group)?;
        let object = world.write_down(group);
        object.lagging = Some(object.members.clone());
        Ok(())
    }

    pub fn catch_up(&self, group: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let group = world.group(group)?;
        world.write_down(group).lagging = None;
        Ok(())
    }

    pub fn disable(&self, person: &str) -> anyhow::Result<()> {
        self.set(person, "accountEnabled", Value::Bool(false))
    }

    pub fn enable(&self, person: &str) -> anyhow::Result<()> {
        self.set(person, "accountEnabled", Value::Bool(true))
    }

    /// Sets one property, or clears it with null. An unset one is null in lists, as in Graph.
    pub fn set(&self, person: &str, attribute: &str, value: impl Into<Value>) -> anyhow::Result<()> {
        let mut world = self.world();
        let handle = world.user(person)?;
        check_settable(attribute)?;
        world.set(handle, attribute, value.into());
        Ok(())
    }

    /// A new userPrincipalName; the mail address is left alone, as Entra leaves it.
    pub fn rename(&self, person: &str, user_principal_name: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let handle = world.user(person)?;
        check_free(&world, user_principal_name, handle)?;
        world.set(handle, "userPrincipalName", Value::from(user_principal_name));
        Ok(())
    }

    /// Somebody's manager: a user or an orgContact, or none.
    pub fn set_manager(&self, person: &str, manager: Option<&str>) -> anyhow::Result<()> {
        let mut world = self.world();
        let handle = world.user(person)?;
        let manager = manager.map(|manager| any(&world, manager)).transpose()?;
        world.write_down(handle).manager = manager;
        Ok(())
    }

    /// To the recycle bin: gone from every answer, and renamed to `<32 hex digits><old name>`, for up to 30 days.
    pub fn soft_delete(&self, person: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let handle = world.user(person)?;
        if world.deleted.contains_key(&handle) {
            bail!("{person} is deleted already in the sandbox's directory");
        }
        let before = world.attributes(handle).get("userPrincipalName").and_then(Value::as_str).unwrap_or("").to_owned();
        let after = format!("{}{before}", world.id(handle).simple());
        world.set(handle, "userPrincipalName", Value::from(after));
        world.deleted.insert(handle, before);
        Ok(())
    }

    /// Back from the recycle bin, with the old name and every membership.
    pub fn restore(&self, person: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let handle = world.user(person)?;
        let name = world.deleted.get(&handle).cloned();
        let name = name.with_context(|| format!("{person} is not deleted in the sandbox's directory"))?;
        check_free(&world, &name, handle)?;
        world.deleted.remove(&handle);
        world.set(handle, "userPrincipalName", Value::from(name));
        Ok(())
    }

    /// Gone for good, from the recycle bin too.
    pub fn hard_delete(&self, person: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let handle = world.user(person)?;
        world.remove(handle);
        Ok(())
    }

    /// Every next link handed out so far now answers `Directory_ExpiredPageToken`.
    pub fn expire_page_tokens(&self) {
        self.world().epoch += 1;
    }

    fn add(&self, object: Object) -> String {
        let mut world = self.world();
        let handle = world.add(object);
        world.id(handle).to_string()
    }
}

fn check_settable(attribute: &str) -> anyhow::Result<()> {
    if attribute == "id" {
        bail!("an object id is given by the directory and never changes");
    }
    if !super::is_user_property(attribute) {
        bail!("Microsoft Graph's user has no property {attribute}");
    }
    Ok(())
}

/// A userPrincipalName belongs to one user; that of a soft-deleted one is free.
fn check_free(world: &World, name: &str, own: u32) -> anyhow::Result<()> {
    if world.by_name(name).is_some_and(|other| other != own) {
        bail!("another user of the sandbox's directory is called {name}");
    }
    Ok(())
}

/// A person, or any other object by its id.
fn any(world: &World, key: &str) -> anyhow::Result<u32> {
    match world.live(key) {
        Some(handle) => Ok(handle),
        None => world.user(key),
    }
}

fn named(kind: Kind, name: &str) -> Object {
    Object::new(kind, Map::from_iter([("displayName".to_owned(), Value::from(name))]))
}

fn register(world: &mut World, attributes: &Value) -> anyhow::Result<u32> {
    let given = attributes.as_object().context("a person's attributes are a JSON object")?;
    given.keys().try_for_each(|name| check_settable(name))?;
    let mut all = made_up(world, given);
    all.extend(given.clone());
    let name = all.get("userPrincipalName").and_then(Value::as_str).context("a userPrincipalName is text")?;
    check_free(world, name, world.next())?;
    Ok(world.add(Object::new(Kind::User, all)))
}

/// The next generated person, under the names that were given.
fn made_up(world: &World, given: &Map<String, Value>) -> Map<String, Value> {
    let next = world.next();
    let mut all = world.population.person(next).attributes();
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let address = text("userPrincipalName").map(str::to_owned).or_else(|| {
        let (first, last) = (text("givenName")?, text("surname")?);
        Some(format!("{}.{}@{}", plain(first), plain(last), world.population.domain))
    });
    // The next free one of these names.
    let address = address.unwrap_or_else(|| {
        let candidates = (next..).map(|number| world.population.person(number).user_principal_name());
        let mut free = candidates.filter(|name| world.by_name(name).is_none());
        free.next().expect("names are without end")
    });
    let local = address.split('@').next().unwrap_or(&address).to_owned();
    all.insert("mailNickname".to_owned(), Value::from(local));
    all.insert("proxyAddresses".to_owned(), json!([format!("SMTP:{address}")]));
    all.insert("mail".to_owned(), Value::from(address.clone()));
    all.insert("userPrincipalName".to_owned(), Value::from(address));
    if let (Some(first), Some(last)) = (text("givenName"), text("surname")) {
        all.insert("displayName".to_owned(), Value::from(format!("{first} {last}")));
    }
    all
}
