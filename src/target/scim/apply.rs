//! A batch of operations: several at once, one outcome each, none stopping another.

use futures_util::StreamExt as _;
use serde_json::Value;

use crate::http::Answer;
use crate::model::{ChangeKind, Operation, OperationId, Outcome};

use super::Scim;
use super::edits::Edits;
use super::path::Path;
use super::refusals::Refusals;
use super::resource::reduced;

impl Scim {
    /// Sends a batch, as many operations at once as the profile allows.
    pub async fn apply(&self, batch: &[Operation]) -> Vec<(OperationId, Outcome)> {
        let refusals = Refusals::default();
        let send = async |operation: &Operation| (operation.id, refusals.heed(self, operation).await);
        let sending: Vec<_> = batch.iter().map(send).collect();
        futures_util::stream::iter(sending).buffer_unordered(self.profile.concurrency).collect().await
    }

    pub(super) async fn send(&self, operation: &Operation) -> Outcome {
        match operation.change.kind {
            ChangeKind::Create => self.create(operation).await,
            // An account that is taken over may be an inactive one.
            ChangeKind::Adopt if operation.change.attributes.contains_key("active") => self.reactivate(operation).await,
            ChangeKind::Adopt | ChangeKind::Update | ChangeKind::Rename => self.update(operation).await,
            ChangeKind::Deactivate => self.deactivate(operation).await,
            ChangeKind::Reactivate => self.reactivate(operation).await,
        }
    }

    /// The attributes of an operation that this app is to hear about.
    pub(super) fn edits_of(&self, operation: &Operation) -> Edits {
        let deltas = operation.change.attributes.iter();
        let values = deltas.filter_map(|(name, delta)| Some((self.sendable(name)?, delta.after.clone()))).collect();
        Edits { active: None, values }
    }

    /// Everything the account has afterwards, as far as this app is to hear about it.
    pub(super) fn whole_of(&self, operation: &Operation) -> Vec<(Path, Value)> {
        let whole = operation.whole.iter();
        whole.filter_map(|(name, value)| Some((self.sendable(name)?, value.clone()))).collect()
    }

    /// The account in an answer, reduced to the mapping's attributes.
    pub(super) fn echo_of(&self, answer: &Answer) -> Option<Value> {
        let resource: Value = serde_json::from_slice(&answer.body).ok()?;
        resource.get("schemas").or_else(|| resource.get("userName")).or_else(|| resource.get("id"))?;
        serde_json::to_value(reduced(&resource, &self.attributes)).ok()
    }

    /// `connect` has refused names that are no paths; an attribute of an older mapping may still be one.
    fn sendable(&self, attribute: &str) -> Option<Path> {
        if self.is_left_out(attribute) || super::check_attribute(attribute).is_err() {
            return None;
        }
        Path::parse(attribute).ok()
    }
}
