//! Changes to an existing account: by PATCH or PUT, with a version where the app wants one, and a deactivation is
//! believed only when it is read back.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::http::{Answer, Error, Patience};
use crate::model::{AccountId, Failure, FailureClass, Operation, Outcome};
use crate::oauth::SessionError;
use crate::target::UpdateBy;

use super::Scim;
use super::edits::{Edits, patch_body};
use super::link::Sent;
use super::lookup::{page_in, resource_in};
use super::path::Path;
use super::refusal::{Refusal, failure, may_have_happened, no_answer, unanswered};
use super::resource::{active_of, version_of};

/// One account, and what is to become of it.
struct Target<'a> {
    account: &'a AccountId,
    edits: &'a Edits,
    whole: Vec<(Path, Value)>,
    /// Send the version that was read.
    versioned: bool,
}

/// Why a change did not succeed; the answer may be that of a read that the change needed.
enum Refused {
    Answered(Box<Answer>),
    Unheard(Box<SessionError>),
    /// A success that makes no sense.
    Unreadable(Box<Failure>),
    /// It may have happened, and the account cannot be read.
    Unclear(Box<Failure>),
}

impl From<SessionError> for Refused {
    fn from(error: SessionError) -> Self {
        Self::Unheard(Box::new(error))
    }
}

impl Scim {
    /// Changes attributes. Without any that this app is to hear about, nothing is sent.
    pub(super) async fn update(&self, operation: &Operation) -> Outcome {
        let Some(account) = &operation.change.account else { return Outcome::Failed(no_account()) };
        self.change(operation, account, self.edits_of(operation)).await
    }

    /// `active: true` and what changed meanwhile, in one request or two.
    pub(super) async fn reactivate(&self, operation: &Operation) -> Outcome {
        let Some(account) = &operation.change.account else { return Outcome::Failed(no_account()) };
        let mut edits = self.edits_of(operation);
        if !self.profile.reactivate_first || edits.is_empty() {
            edits.active = Some(true);
            return self.change(operation, account, edits).await;
        }
        let first = self.change(operation, account, Edits::only_active(true)).await;
        if !matches!(first, Outcome::Done { .. }) {
            return first;
        }
        self.change(operation, account, edits).await
    }

    /// `active: false`, read back.
    pub(super) async fn deactivate(&self, operation: &Operation) -> Outcome {
        let Some(account) = &operation.change.account else { return Outcome::Failed(no_account()) };
        let edits = Edits::only_active(false);
        match self.settled(operation, account, &edits).await {
            Ok(answer) => self.read_back(account, &answer).await,
            Err(Refused::Answered(answer)) if is_missing(&answer) => match self.confirm_missing(&answer).await {
                Ok(()) => Outcome::AlreadyGone { answer: answer.summary() },
                Err(failure) => Outcome::Failed(failure),
            },
            Err(refused) => refused.outcome(&edits),
        }
    }

    async fn change(&self, operation: &Operation, account: &AccountId, edits: Edits) -> Outcome {
        if edits.is_empty() {
            return Outcome::Done { account: account.clone(), answer: crate::model::Answer::default(), echo: None };
        }
        match self.settled(operation, account, &edits).await {
            Ok(answer) => self.done(account, &answer),
            Err(Refused::Answered(answer)) if is_missing(&answer) => {
                let confirmed = self.confirm_missing(&answer).await;
                Outcome::Failed(confirmed.err().unwrap_or_else(|| vanished(account, &answer)))
            }
            Err(refused) => refused.outcome(&edits),
        }
    }

    fn done(&self, account: &AccountId, answer: &Answer) -> Outcome {
        Outcome::Done { account: account.clone(), answer: answer.summary(), echo: self.echo_of(answer) }
    }

    /// Writes. After a fault the account itself tells whether the change arrived; if not, it is sent again.
    async fn settled(&self, operation: &Operation, account: &AccountId, edits: &Edits) -> Result<Answer, Refused> {
        let mut tries = 1;
        loop {
            let refused = match self.write(operation, account, edits).await {
                Ok(answer) => return Ok(answer),
                Err(refused) if !refused.may_have_happened() => return Err(refused),
                Err(refused) => refused,
            };
            let Ok(read) = self.link.get(account).await else { return Err(refused.unclear(edits)) };
            match resource_in(&read, account) {
                Ok(Some(current)) if edits.are_in(&current) => return Ok(read),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return Err(refused.unclear(edits)),
            }
            match refused.pause(&self.waits.patience, tries) {
                Some(pause) if tries < self.waits.patience.tries => tokio::time::sleep(pause).await,
                _ => return Err(refused),
            }
            tries += 1;
        }
    }

    /// A success is no proof: some apps answer 200 and do nothing.
    async fn read_back(&self, account: &AccountId, answer: &Answer) -> Outcome {
        let mut pauses = if self.profile.eventually_consistent { self.waits.lag.as_slice() } else { &[] }.iter();
        loop {
            let read = match self.link.get(account).await {
                Ok(read) => read,
                Err(error) => return Outcome::Unknown(not_read_back(&no_answer(&error))),
            };
            let current = match resource_in(&read, account) {
                Ok(current) => current,
                Err(failure) => return Outcome::Unknown(not_read_back(&failure)),
            };
            // Some apps hide a deactivated account (404), and some leave out what is false.
            if current.is_none_or(|current| active_of(&current) != Some(true)) {
                return Outcome::Done { account: account.clone(), answer: answer.summary(), echo: self.echo_of(&read) };
            }
            let Some(pause) = pauses.next() else { return Outcome::Failed(still_active(answer)) };
            tokio::time::sleep(*pause).await;
        }
    }

    /// A missing account proves something only where the app has shown accounts at this address.
    async fn confirm_missing(&self, answer: &Answer) -> Result<(), Failure> {
        if self.link.has_seen_users() {
            return Ok(());
        }
        let page = self.link.page(1, 1).await.map_err(|error| no_answer(&error))?;
        match page_in(&page) {
            Ok(_) => Ok(()),
            Err(failure) => Err(Failure { answer: answer.summary(), ..failure }),
        }
    }

    async fn write(&self, operation: &Operation, account: &AccountId, edits: &Edits) -> Result<Answer, Refused> {
        let (whole, versioned) = (self.whole_of(operation), self.sends_versions().await);
        let mut target = Target { account, edits, whole, versioned };
        match self.write_once(&target).await {
            // 412: changed meanwhile; 428: a version is demanded (RFC 6585 §3). Read again, and once more.
            Err(Refused::Answered(answer)) if matches!(answer.status, 412 | 428) => {
                target.versioned = true;
                self.write_once(&target).await
            }
            other => other,
        }
    }

    async fn write_once(&self, target: &Target<'_>) -> Result<Answer, Refused> {
        match self.update_by().await {
            UpdateBy::Patch => self.patch(target).await,
            UpdateBy::PatchWithoutPath => self.patch_without_path(target).await,
            UpdateBy::Put => self.put(target).await,
        }
    }

    /// PATCH (RFC 7644 §3.5.2). When a path finds nothing to work on, the operations are fitted to the account as it is.
    async fn patch(&self, target: &Target<'_>) -> Result<Answer, Refused> {
        let version = if target.versioned { version_of(&self.current_or_hidden(target).await?) } else { None };
        let operations = target.edits.operations();
        let refused = match self.send_patch(target, &operations, version.as_deref()).await {
            Err(Refused::Answered(answer)) if is_about_a_path(&answer) => answer,
            other => return other,
        };
        let (current, read) = self.current_or_revealed(target).await?;
        let fitted = target.edits.fitted(&current);
        if fitted == operations {
            return Err(Refused::Answered(refused));
        }
        if fitted.is_empty() {
            return Ok(read);
        }
        let version = version.and_then(|_| version_of(&current));
        self.send_patch(target, &fitted, version.as_deref()).await
    }

    async fn patch_without_path(&self, target: &Target<'_>) -> Result<Answer, Refused> {
        let needs_current = target.versioned || !target.edits.values.is_empty();
        let current = if needs_current { self.current_or_hidden(target).await? } else { Value::Null };
        let version = version_of(&current).filter(|_| target.versioned);
        self.send_patch(target, &[target.edits.without_path(&current)], version.as_deref()).await
    }

    /// PUT (RFC 7644 §3.5.1) of what the app shows with our edits, so that what others keep there survives.
    async fn put(&self, target: &Target<'_>) -> Result<Answer, Refused> {
        let current = self.current_or_hidden(target).await?;
        let version = version_of(&current).filter(|_| target.versioned);
        let body = target.edits.replacement(&current, &target.whole);
        let sent = Sent { body: &body, version: version.as_deref() };
        written(self.link.change(Method::PUT, target.account, &sent).await?)
    }

    async fn send_patch(
        &self,
        target: &Target<'_>,
        operations: &[Value],
        version: Option<&str>,
    ) -> Result<Answer, Refused> {
        let body = patch_body(operations);
        written(self.link.change(Method::PATCH, target.account, &Sent { body: &body, version }).await?)
    }

    /// The account as it is. Some apps hide a deactivated one until it is reactivated.
    async fn current_or_hidden(&self, target: &Target<'_>) -> Result<Value, Refused> {
        match self.current(target).await {
            Ok((current, _)) => Ok(current),
            Err(Refused::Answered(answer)) if is_missing(&answer) && target.edits.active == Some(true) => {
                Ok(Value::Null)
            }
            Err(refused) => Err(refused),
        }
    }

    /// The account as it is; one that hides until it is reactivated is reactivated first.
    async fn current_or_revealed(&self, target: &Target<'_>) -> Result<(Value, Answer), Refused> {
        match self.current(target).await {
            Err(Refused::Answered(answer)) if is_missing(&answer) && target.edits.active == Some(true) => {
                self.send_patch(target, &Edits::only_active(true).operations(), None).await?;
                self.current(target).await
            }
            other => other,
        }
    }

    /// The account as it is, and the answer that showed it.
    async fn current(&self, target: &Target<'_>) -> Result<(Value, Answer), Refused> {
        let answer = success(self.link.get(target.account).await?)?;
        match resource_in(&answer, target.account) {
            Ok(Some(current)) => Ok((current, answer)),
            Ok(None) => Err(Refused::Answered(Box::new(answer))),
            Err(failure) => Err(Refused::Unreadable(Box::new(failure))),
        }
    }
}

impl Refused {
    fn may_have_happened(&self) -> bool {
        match self {
            Self::Answered(answer) => may_have_happened(answer) || answer.is_success(),
            Self::Unheard(error) => matches!(&**error, SessionError::Http(error) if error.may_have_happened()),
            Self::Unreadable(_) | Self::Unclear(_) => false,
        }
    }

    /// How long to wait before it is sent again; a server that is slow is not asked twice.
    fn pause(&self, patience: &Patience, tries: usize) -> Option<Duration> {
        let tries = u32::try_from(tries).unwrap_or(u32::MAX);
        match self {
            Self::Answered(answer) => patience.pause_after(tries, Some(answer)),
            Self::Unheard(error) => match &**error {
                SessionError::Http(Error::Broken { .. }) => patience.pause_after(tries, None),
                SessionError::Http(_) | SessionError::Token(_) => None,
            },
            Self::Unreadable(_) | Self::Unclear(_) => None,
        }
    }

    fn unclear(self, edits: &Edits) -> Self {
        match self {
            Self::Answered(answer) => Self::Unclear(Box::new(failure(&answer, &edits.sent()))),
            Self::Unheard(error) => Self::Unclear(Box::new(no_answer(&error))),
            certain => certain,
        }
    }

    /// What it comes to once nothing is left to try.
    fn outcome(self, edits: &Edits) -> Outcome {
        match self {
            Self::Answered(answer) => Outcome::Failed(failure(&answer, &edits.sent())),
            // Where it may have happened, the account has been read and shows that it did not.
            Self::Unheard(error) => match unanswered(&error) {
                Outcome::Unknown(failure) => Outcome::Failed(failure),
                not_sent => not_sent,
            },
            Self::Unreadable(failure) => Outcome::Failed(*failure),
            Self::Unclear(failure) => Outcome::Unknown(*failure),
        }
    }
}

fn success(answer: Answer) -> Result<Answer, Refused> {
    if answer.is_success() { Ok(answer) } else { Err(Refused::Answered(Box::new(answer))) }
}

/// A web page under a success is the word of something in between, and the app may have heard nothing of the write.
fn written(answer: Answer) -> Result<Answer, Refused> {
    let is_page = answer.body.trim_ascii_start().starts_with(b"<");
    if is_page { Err(Refused::Answered(Box::new(answer))) } else { success(answer) }
}

fn is_missing(answer: &Answer) -> bool {
    matches!(answer.status, 404 | 410)
}

/// `scimType` is often missing, so every 400 that does not name another reason may be about a path.
fn is_about_a_path(answer: &Answer) -> bool {
    let refusal = Refusal::read(answer);
    let named = refusal.is("noTarget") || refusal.is("invalidPath");
    answer.status == 400 && (named || refusal.scim_type.is_none())
}

fn no_account() -> Failure {
    Failure::new(
        FailureClass::Conflict,
        "This person has no account in the app that could be changed.",
        "Nothing to do: the account is looked up again at the next run.",
    )
}

fn vanished(account: &AccountId, answer: &Answer) -> Failure {
    let reason = format!("The account vanished: the app no longer has account {account}.");
    let remedy = "If somebody deleted it in the app, nothing needs to be done; if not, ask the maker of the app.";
    Failure { answer: answer.summary(), ..Failure::new(FailureClass::Conflict, reason, remedy) }
}

/// One account's failure, not the app's: others may well be deactivated.
fn still_active(answer: &Answer) -> Failure {
    let reason = format!("The app answered HTTP {} but the account is still active.", answer.status);
    let remedy = "Deactivate the account in the app by hand, and ask the maker of the app why it stayed active.";
    Failure { answer: answer.summary(), ..Failure::new(FailureClass::Conflict, reason, remedy) }
}

fn not_read_back(cause: &Failure) -> Failure {
    let reason = format!("The app accepted the deactivation, but the account could not be read back. {}", cause.reason);
    Failure { reason, ..cause.clone() }
}
