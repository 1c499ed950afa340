//! The tenant's truth: users, groups, memberships, managers, deleted items, and the app registration.
//! Life happens here by methods; nothing here speaks HTTP.

mod life;
mod registration;
mod rows;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use uuid::Uuid;

pub use life::GroupState;
pub(crate) use registration::Registration;
pub(crate) use rows::{GROUP_DEFAULT, GROUP_PROPERTIES, USER_DEFAULT, is_user_property};
pub(crate) use world::{Kind, World};

use super::people::Population;

/// What makes a tenant.
#[derive(Clone, Debug)]
pub struct TenantOptions {
    /// People in the main group from the start.
    pub members: u32,
    pub seed: u64,
    pub domain: String,
    pub company: String,
    /// The main group's name.
    pub group_name: String,
}

impl Default for TenantOptions {
    fn default() -> Self {
        Self {
            members: 40,
            seed: 1,
            domain: "northwind.example".to_owned(),
            company: "Northwind".to_owned(),
            group_name: "All staff".to_owned(),
        }
    }
}

/// A handle on the tenant. Cheap to clone; clones share.
#[derive(Clone, Debug)]
pub struct Directory(Arc<Mutex<World>>);

impl Directory {
    pub fn new(options: &TenantOptions) -> Self {
        let population =
            Population { seed: options.seed, domain: options.domain.clone(), company: options.company.clone() };
        Self(Arc::new(Mutex::new(World::new(population, options))))
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn tenant_id(&self) -> String {
        self.world().registration.tenant_id.to_string()
    }

    pub fn domain(&self) -> String {
        self.world().population.domain.clone()
    }

    pub fn company(&self) -> String {
        self.world().population.company.clone()
    }

    pub fn client_id(&self) -> String {
        self.world().registration.client_id.to_string()
    }

    pub fn client_secret(&self) -> String {
        self.world().registration.secret.clone()
    }

    /// The object id of the main group.
    pub fn group(&self) -> String {
        let world = self.world();
        world.id(world.main_group).to_string()
    }

    /// The object ids of the main group's people, at most this many, in the order Graph lists them.
    pub fn members(&self, limit: usize) -> Vec<String> {
        let world = self.world();
        let users = world.live_members(world.main_group).filter(|handle| world.kind(*handle) == Kind::User);
        users.take(limit).map(|handle| world.id(handle).to_string()).collect()
    }

    /// How many members of any kind a group has, by its object id.
    pub fn count(&self, group: &str) -> anyhow::Result<usize> {
        let world = self.world();
        let group = world.group(group)?;
        Ok(world.live_members(group).count())
    }

    /// A person's object id, by object id or userPrincipalName.
    pub fn id_of(&self, person: &str) -> anyhow::Result<String> {
        let world = self.world();
        world.user(person).map(|handle| world.id(handle).to_string())
    }

    /// All that the directory says about a person (soft-deleted ones too), as Graph spells it.
    pub fn person(&self, person: &str) -> anyhow::Result<Map<String, Value>> {
        let world = self.world();
        let handle = world.user(person)?;
        let mut attributes = world.attributes(handle);
        attributes.insert("id".to_owned(), Value::from(world.id(handle).to_string()));
        Ok(attributes)
    }
}

/// A GUID or nothing, so that a name is never mistaken for an id.
pub(crate) fn guid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests;
