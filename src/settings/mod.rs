//! Everything an operator wrote, checked as a whole: built-in defaults, the target's profile, `rollcall.toml` and the
//! customer's file, layered in this order by the `config` crate. Every mistake is reported at once, with its place.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::guard::Limits;
use crate::mapping::MappingSettings;
use crate::notify::MailSettings;
use crate::plan::{Leavers, PeopleSettings};
use crate::schedule::ScheduleSettings;
use crate::scope::ScopeSettings;
use crate::source::SourceSettings;
use crate::store::Keep;
use crate::target::TargetSettings;

/// Whether runs write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Plans and reports, never writes.
    #[default]
    Preview,
    Live,
}

/// The settings of one customer, all layers applied.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The file's name without `.toml`: the instance's name.
    #[serde(skip)]
    pub customer: String,
    /// Where the files were found.
    #[serde(skip)]
    pub config_dir: PathBuf,
    pub state_dir: PathBuf,
    /// The customer's name for people.
    pub name: String,
    /// The client's admins.
    pub admins: Vec<String>,
    pub stage: Stage,
    pub schedule: ScheduleSettings,
    pub source: SourceSettings,
    pub target: TargetSettings,
    pub scope: ScopeSettings,
    pub mapping: MappingSettings,
    pub leavers: Leavers,
    pub people: PeopleSettings,
    pub limits: Limits,
    /// Without it no mail is sent, and `check` says so.
    pub mail: Option<MailSettings>,
    pub keep: Keep,
}
