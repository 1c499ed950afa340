//! The app registration that reads the tenant: its secret, when that expires, and what it was granted.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Directory;
use crate::sandbox::people::mix;

/// One application with one secret (Graph: `application`, `passwordCredential`).
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) tenant_id: Uuid,
    pub(crate) client_id: Uuid,
    /// The application's object id, which differs from its client id.
    pub(crate) object_id: Uuid,
    pub(crate) key_id: Uuid,
    pub(crate) secret: String,
    pub(crate) secret_starts: DateTime<Utc>,
    pub(crate) secret_expires: DateTime<Utc>,
    pub(crate) permissions: BTreeSet<String>,
}

impl Registration {
    pub(crate) fn new(seed: u64) -> Self {
        let id = |salt: u64| {
            let (high, low) = (mix(seed ^ salt), mix(!seed ^ salt));
            uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes()).into_uuid()
        };
        let permissions = ["GroupMember.Read.All", "User.Read.All", "Application.Read.All"];
        Self {
            tenant_id: id(0x7e4a),
            client_id: id(0xc11e),
            object_id: id(0x0b1e),
            key_id: id(0x6e1d),
            // The shape of Entra's: 40 characters with a tilde, from a restricted alphabet.
            secret: format!("sbx8Q~{:016x}{:016x}.-", mix(seed ^ 1), mix(seed ^ 2)),
            secret_starts: Utc::now() - TimeDelta::days(180),
            secret_expires: Utc::now() + TimeDelta::days(365),
            permissions: permissions.map(str::to_owned).into(),
        }
    }
}

impl Directory {
    /// Exactly these application permissions from now on, for example `User.Read.All`.
    pub fn set_permissions(&self, permissions: &[&str]) {
        self.world().registration.permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
    }

    pub fn grant(&self, permission: &str) {
        self.world().registration.permissions.insert(permission.to_owned());
    }

    /// Takes effect at once, also for tokens that were issued before.
    pub fn revoke(&self, permission: &str) {
        self.world().registration.permissions.remove(permission);
    }

    /// When the client secret expires; in the past, the token endpoint refuses it.
    pub fn set_secret_expiry(&self, at: DateTime<Utc>) {
        self.world().registration.secret_expires = at;
    }

    /// A new secret; the old one is wrong from now on.
    pub fn set_secret(&self, secret: &str) {
        secret.clone_into(&mut self.world().registration.secret);
    }
}
