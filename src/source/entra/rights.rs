//! The application permissions that a token shows, compared with those a read needs: a hint, never a gate by itself,
//! because Microsoft calls its tokens opaque. Pure.

use std::collections::BTreeSet;

use super::wire;

/// What each need is met by: the permission to ask for first, then those that include it.
const MEMBERSHIP: [&str; 6] = [
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const USERS: [&str; 4] = ["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
/// Directory.Read.All does not include it (Graph, "hidden membership").
pub(super) const HIDDEN: &str = "Member.Read.Hidden";

/// The permissions of the token in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rights {
    /// The token could not be read, which says nothing.
    Unknown,
    Granted(BTreeSet<String>),
}

impl Rights {
    pub fn of_token(token: &str) -> Self {
        wire::token_roles(token).map_or(Self::Unknown, Self::Granted)
    }

    /// The permissions to ask for, as far as the token shows that they are missing.
    pub fn missing(&self) -> Vec<&'static str> {
        let Self::Granted(roles) = self else { return Vec::new() };
        let lacks = |need: &&[&str]| !need.iter().any(|&permission| roles.contains(permission));
        [&MEMBERSHIP[..], &USERS[..]].iter().filter(|need| lacks(need)).map(|need| need[0]).collect()
    }

    /// Whether hidden memberships may be read, where the token tells.
    pub fn hidden(&self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Granted(roles) => Some(roles.contains(HIDDEN)),
        }
    }
}
