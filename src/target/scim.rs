//! Stub.
use super::*;
#[derive(Debug)]
pub struct Scim;
pub fn attribute_kind(_a: &str) -> crate::model::AttributeKind {
    unimplemented!()
}
impl Scim {
    pub fn connect(_s: &TargetSettings, _a: &[String]) -> anyhow::Result<Self> {
        unimplemented!()
    }
    pub async fn find(&self, _keys: &[MatchKey]) -> Result<Match, Failure> {
        unimplemented!()
    }
    pub async fn read(&self, _account: &AccountId) -> Result<Option<Account>, Failure> {
        unimplemented!()
    }
    pub async fn list(&self, _pages: mpsc::Sender<Vec<Account>>) -> Result<Listing, Failure> {
        unimplemented!()
    }
    pub async fn apply(&self, _batch: &[Operation]) -> Vec<(OperationId, Outcome)> {
        unimplemented!()
    }
    pub async fn check(&self) -> Vec<Finding> {
        unimplemented!()
    }
}
