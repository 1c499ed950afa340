//! Stub.
use super::*;
#[derive(Debug)]
pub struct Entra;
pub const PROPERTIES: &[&str] = &["id"];
impl Entra {
    pub fn connect(_s: &SourceSettings, _p: &Properties) -> anyhow::Result<Self> {
        unimplemented!()
    }
    pub async fn read(&self, _pages: mpsc::Sender<Reading>) -> Result<Roster, SourceError> {
        unimplemented!()
    }
    pub async fn whereabouts(&self, _people: &[PersonId]) -> Vec<Result<Whereabouts, Failure>> {
        unimplemented!()
    }
    pub async fn prove(&self, _person: &PersonId) -> Result<Proof, Failure> {
        unimplemented!()
    }
    pub async fn find(&self, _name: &str) -> Result<Option<Person>, SourceError> {
        unimplemented!()
    }
    pub async fn check(&self, _now: DateTime<Utc>) -> (Vec<Finding>, Vec<Person>) {
        unimplemented!()
    }
}
