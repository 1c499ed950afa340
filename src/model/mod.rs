//! The domain's plain values, in the words of docs/architecture.md: person, account, change, operation, outcome.
//! No I/O, no clock, nothing that knows a protocol.

pub mod account;
pub mod change;
pub mod outcome;
pub mod person;
pub mod secret;
pub mod snapshot;
pub mod span;

pub use account::{Account, AccountId, AttributeKind, Attributes, MatchKey, WantedAccount, Wish};
pub use change::{Cause, Change, ChangeKind, Delta};
pub use outcome::{Answer, Failure, FailureClass, Operation, OperationId, Outcome};
pub use person::{Manager, Person, PersonId, Properties};
pub use secret::{Secret, SecretPlace};
pub use snapshot::{Origin, Snapshot};
pub use span::Span;
