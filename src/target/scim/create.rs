//! One new account, and never two: whenever the answer leaves a doubt, the app is asked before anything is sent again.

use std::time::Duration;

use serde_json::Value;

use crate::http::{Answer, Error};
use crate::model::{Account, Attributes, Failure, FailureClass, Operation, Outcome};
use crate::oauth::SessionError;
use crate::target::Match;

use super::Scim;
use super::lookup::is_same_user_name;
use super::path::Path;
use super::refusal::{failure, is_duplicate, may_have_happened, no_answer, unanswered};
use super::resource::{creation, id_of, text_of};

/// The first, and two more after the app said that the account does not exist.
const MOST_POSTS: u32 = 3;

/// A create on its way.
struct Creation<'a> {
    operation: &'a Operation,
    sent: Attributes,
    resource: Value,
    /// The keys were known to be free when a request that may have made the account was under way: what turns up under
    /// them is ours.
    keys_were_free: bool,
}

/// What came of one POST.
enum Reply {
    Settled(Outcome),
    /// It may or may not have happened, and this is why.
    Doubtful(Failure, Next),
}

/// What a doubt leads to once the app has said that the account does not exist.
enum Next {
    Again(Duration),
    GiveUp,
    /// A server that was merely slow may still be at it.
    AskLater,
}

impl Scim {
    /// POST (RFC 7644 §3.3).
    pub(super) async fn create(&self, operation: &Operation) -> Outcome {
        let values = self.creation_values(operation);
        let sent = values.iter().map(|(path, value)| (path.as_str().to_owned(), value.clone())).collect();
        let mut creation = Creation { operation, sent, resource: creation(&values), keys_were_free: false };
        let mut tries = 1;
        loop {
            let (why, next) = match self.post(&mut creation, tries).await {
                Reply::Settled(outcome) => return outcome,
                Reply::Doubtful(why, next) => (why, next),
            };
            match self.find_lagging(operation).await {
                Ok(Match::Nobody) if !self.profile.eventually_consistent => creation.keys_were_free = true,
                Ok(Match::Nobody) | Err(_) => return Outcome::Unknown(why),
                Ok(Match::One(account)) => return creation.found(*account, why.answer),
                Ok(Match::Several(_)) => return Outcome::Failed(ambiguous(operation, why.answer)),
            }
            match next {
                Next::Again(pause) if tries < MOST_POSTS => tokio::time::sleep(pause).await,
                Next::Again(_) | Next::GiveUp => return Outcome::Failed(why),
                Next::AskLater => return Outcome::Unknown(why),
            }
            tries += 1;
        }
    }

    /// The attributes to create with: those of the change, all of them values.
    fn creation_values(&self, operation: &Operation) -> Vec<(Path, Value)> {
        let edits = self.edits_of(operation).values;
        edits.into_iter().filter_map(|(path, value)| Some((path, value?))).collect()
    }

    async fn post(&self, creation: &mut Creation<'_>, tries: u32) -> Reply {
        let patience = &self.waits.patience;
        match self.link.post(&creation.resource).await {
            Ok(answer) if answer.is_success() => Reply::Settled(self.created(creation, answer).await),
            Ok(answer) if is_duplicate(&answer) => Reply::Settled(self.exists(creation, &answer).await),
            Ok(answer) if may_have_happened(&answer) => {
                let next = patience.pause_after(tries, Some(&answer)).map_or(Next::GiveUp, Next::Again);
                Reply::Doubtful(failure(&answer, &creation.sent), next)
            }
            Ok(answer) => Reply::Settled(Outcome::Failed(failure(&answer, &creation.sent))),
            Err(SessionError::Http(error)) if error.may_have_happened() => {
                // A create is planned only for keys that nobody had, and no answer speaks of a duplicate.
                creation.keys_were_free = true;
                let broken = matches!(error, Error::Broken { .. });
                let pause = patience.pause_after(tries, None).filter(|_| broken);
                Reply::Doubtful(no_answer(&SessionError::Http(error)), pause.map_or(Next::AskLater, Next::Again))
            }
            Err(error) => Reply::Settled(unanswered(&error)),
        }
    }

    /// A success is believed when it names an account, and the account is ours: some apps answer by linking one that
    /// belongs to somebody else.
    async fn created(&self, creation: &Creation<'_>, answer: Answer) -> Outcome {
        let echo: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let Some(account) = id_of(&echo) else { return self.created_without_id(creation, &answer).await };
        if let Some(foreign) = creation.foreign_value(&echo) {
            return Outcome::Failed(linked_to_another(account.as_str(), &foreign, &answer));
        }
        Outcome::Done { account, answer: answer.summary(), echo: self.echo_of(&answer) }
    }

    async fn created_without_id(&self, creation: &Creation<'_>, answer: &Answer) -> Outcome {
        let why = Failure {
            answer: answer.summary(),
            ..Failure::new(
                FailureClass::Transient,
                format!("The app answered HTTP {} without an id, and shows no such account.", answer.status),
                "Look in the app whether the account exists; it is looked up again at the next run.",
            )
        };
        match self.find_lagging(creation.operation).await {
            Ok(Match::One(account)) => creation.found_after_success(*account, why.answer),
            Ok(Match::Several(_)) => Outcome::Failed(ambiguous(creation.operation, why.answer)),
            Ok(Match::Nobody) | Err(_) => Outcome::Unknown(why),
        }
    }

    /// The app says that the account exists.
    async fn exists(&self, creation: &Creation<'_>, answer: &Answer) -> Outcome {
        match self.find_lagging(creation.operation).await {
            Ok(Match::One(account)) => creation.found_after_refusal(*account, answer.summary()),
            Ok(Match::Several(_)) => Outcome::Failed(ambiguous(creation.operation, answer.summary())),
            Ok(Match::Nobody) => Outcome::Failed(hidden_duplicate(answer, &creation.sent)),
            Err(failure) => Outcome::Failed(failure),
        }
    }

    /// Looks for the account of an operation, several times where look-ups lag behind writes.
    async fn find_lagging(&self, operation: &Operation) -> Result<Match, Failure> {
        let mut found = self.find(&operation.keys).await?;
        let lag = if self.profile.eventually_consistent { self.waits.lag.as_slice() } else { &[] };
        for pause in lag {
            if found != Match::Nobody {
                return Ok(found);
            }
            tokio::time::sleep(*pause).await;
            found = self.find(&operation.keys).await?;
        }
        Ok(found)
    }
}

impl Creation<'_> {
    /// An account with our keys, after a doubt: it was there all along unless something speaks for us.
    fn found(&self, account: Account, answer: crate::model::Answer) -> Outcome {
        let ours = if self.keys_were_free { !self.is_foreign(&account) } else { self.is_exactly(&account) };
        if ours { done(account, answer) } else { exists(account, answer) }
    }

    /// The app says that the account exists. Only if it did not a moment ago, an earlier request of ours has made it.
    fn found_after_refusal(&self, account: Account, answer: crate::model::Answer) -> Outcome {
        let ours = self.keys_were_free && !self.is_foreign(&account);
        if ours { done(account, answer) } else { exists(account, answer) }
    }

    fn found_after_success(&self, account: Account, answer: crate::model::Answer) -> Outcome {
        if self.is_foreign(&account) { exists(account, answer) } else { done(account, answer) }
    }

    /// It carries another person's userName or externalId, or is inactive, which nothing that we create is.
    fn is_foreign(&self, account: &Account) -> bool {
        let external_id = self.text("externalId").zip(account.external_id.as_deref());
        account.active == Some(false)
            || external_id.is_some_and(|(ours, theirs)| ours != theirs)
            || self.text("userName").is_some_and(|ours| !is_same_user_name(ours, &account.user_name))
    }

    /// It carries our externalId and shows nothing but what was sent: it cannot be told from an account made by us.
    fn is_exactly(&self, account: &Account) -> bool {
        let external_id = self.text("externalId").is_some_and(|ours| account.external_id.as_deref() == Some(ours));
        let same = |(name, shown): (&String, &Value)| self.sent.get(name).is_some_and(|sent| sent == shown);
        external_id && !self.is_foreign(account) && account.attributes.iter().all(same)
    }

    /// What an echo shows that is not ours: rule "201 with an account whose userName differs".
    fn foreign_value(&self, echo: &Value) -> Option<String> {
        let user_name = text_of(echo, "userName").filter(|theirs| {
            let ours = self.text("userName");
            ours.is_some_and(|ours| !is_same_user_name(ours, theirs))
        });
        let external_id = || {
            let theirs = text_of(echo, "externalId");
            theirs.filter(|theirs| self.text("externalId").is_some_and(|ours| !is_same_user_name(ours, theirs)))
        };
        user_name.map(|name| format!("userName “{name}”")).or_else(|| Some(format!("externalId “{}”", external_id()?)))
    }

    fn text(&self, attribute: &str) -> Option<&str> {
        let (_, value) = self.sent.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute))?;
        value.as_str()
    }
}

fn done(account: Account, answer: crate::model::Answer) -> Outcome {
    let echo = serde_json::to_value(&account.attributes).ok();
    Outcome::Done { account: account.id, answer, echo }
}

fn exists(account: Account, answer: crate::model::Answer) -> Outcome {
    Outcome::Exists { account: Box::new(account), answer }
}

fn linked_to_another(account: &str, foreign: &str, answer: &Answer) -> Failure {
    let reason = format!(
        "The app did not make a new account but answered with another one: account {account} with {foreign}. It may \
         have been linked to this person by mistake."
    );
    let remedy = "Look at that account in the app: undo what was changed, and make sure that no two people share an \
                  e-mail address or a user name.";
    Failure { answer: answer.summary(), ..Failure::new(FailureClass::Conflict, reason, remedy) }
}

fn ambiguous(operation: &Operation, answer: crate::model::Answer) -> Failure {
    let keys: Vec<String> = operation.keys.iter().map(|key| format!("{} “{}”", key.attribute, key.value)).collect();
    let reason = format!("Several accounts in the app have {}.", keys.join(" or "));
    let remedy = "Keep one of these accounts in the app, and remove the value from the others.";
    Failure { answer, ..Failure::new(FailureClass::Conflict, reason, remedy) }
}

/// Rule 2: the app knows a duplicate that it does not show.
fn hidden_duplicate(answer: &Answer, sent: &Attributes) -> Failure {
    let refused = failure(answer, sent);
    let reason = format!(
        "The app says that an account with these values exists, but shows none: a deleted account, or an e-mail address \
         used by another one. {}",
        refused.reason
    );
    let remedy = "Look in the app for a deleted or hidden account with this user name or e-mail address, and restore or \
                  remove it for good.";
    Failure { answer: refused.answer, ..Failure::new(FailureClass::Conflict, reason, remedy) }
}
