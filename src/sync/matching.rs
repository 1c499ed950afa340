//! Matching: whoever needs an account may have one already. The target is asked before anything is created; for many
//! people it is listed once instead.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::mpsc;

use super::{Job, Step, Stop};
use crate::model::{Account, AccountId, ChangeKind, Failure, FailureClass, MatchKey, PersonId};
use crate::plan;
use crate::store::PlannedRow;
use crate::target::{Existing, Match};

/// From this many people on, listing the target once is cheaper than asking for each.
const LIST_FROM: u64 = 100;
const CHUNK: u32 = 200;

/// Who was matched with which account in this run, and what they are called.
type Taken = BTreeMap<AccountId, (PersonId, String)>;

pub async fn match_existing(job: &Job<'_>) -> Result<(), Stop> {
    let total = job.store.planned_of_kind(ChangeKind::Create)?;
    let listed = total >= LIST_FROM && list(job).await?;
    let mut taken = Taken::new();
    let (mut after, mut done) = (String::new(), 0);
    loop {
        let chunk = job.store.planned(&after, CHUNK)?;
        let Some(last) = chunk.last() else { return Ok(()) };
        after = last.person.as_str().to_owned();
        let creates: Vec<PlannedRow> =
            chunk.into_iter().filter(|row| row.operation.change.kind == ChangeKind::Create).collect();
        let found = look_up(job, &creates, listed).await?;
        for (row, found) in creates.iter().zip(found) {
            settle_match(job, row, found, &mut taken)?;
        }
        done += creates.len() as u64;
        job.report_step(Step::Matching(done, total));
    }
}

/// Lists the target into the working tables. `false`: the list is cut short, so absence from it proves nothing.
async fn list(job: &Job<'_>) -> Result<bool, Stop> {
    let (sender, mut pages) = mpsc::channel::<Vec<Account>>(2);
    let keep = async {
        while let Some(page) = pages.recv().await {
            job.store.keep_listed(&page, &job.rules.match_by)?;
        }
        anyhow::Ok(())
    };
    let (listing, kept) = tokio::join!(job.target.list(sender), keep);
    kept?;
    let listing = listing.map_err(Stop::Target)?;
    if listing.cut_short {
        job.warn("the app's list of accounts looks cut short; each person was looked up instead".to_owned());
    }
    Ok(!listing.cut_short)
}

async fn look_up(job: &Job<'_>, rows: &[PlannedRow], listed: bool) -> Result<Vec<Result<Match, Failure>>, Stop> {
    if listed {
        return Ok(rows.iter().map(|row| find_listed(job, &row.operation.keys)).collect::<anyhow::Result<Vec<_>>>()?);
    }
    let keys: Vec<Vec<MatchKey>> = rows.iter().map(|row| row.operation.keys.clone()).collect();
    let asked = stream::iter(keys).map(async |keys| job.target.find(&keys).await);
    let found: Vec<_> = asked.buffered(job.settings.target.concurrency.max(1)).collect().await;
    Stop::if_target_is_down(found.iter().filter_map(|found| found.as_ref().err()))?;
    Ok(found)
}

fn find_listed(job: &Job<'_>, keys: &[MatchKey]) -> anyhow::Result<Result<Match, Failure>> {
    for key in keys {
        let mut accounts = job.store.listed_with(key)?;
        match accounts.len() {
            0 => {}
            1 => return Ok(Ok(Match::One(Box::new(accounts.remove(0))))),
            _ => return Ok(Ok(Match::Several(accounts))),
        }
    }
    Ok(Ok(Match::Nobody))
}

fn settle_match(
    job: &Job<'_>,
    row: &PlannedRow,
    found: Result<Match, Failure>,
    taken: &mut Taken,
) -> anyhow::Result<()> {
    let name = &row.operation.change.user_name;
    let failure = match found {
        Ok(Match::Nobody) => return Ok(()),
        Ok(Match::One(account)) => match objection(job, row, &account, taken)? {
            Some(failure) => failure,
            None => return plan_adoption(job, row, &account),
        },
        Ok(Match::Several(accounts)) => several(name, &accounts),
        Err(failure) => failure,
    };
    job.store.judge_failing(&row.person, name, &failure)
}

/// Why an account that matches cannot become this person's.
fn objection(job: &Job<'_>, row: &PlannedRow, account: &Account, taken: &mut Taken) -> anyhow::Result<Option<Failure>> {
    let name = &row.operation.change.user_name;
    if let Some(owner) = job.store.owner_of(&account.id)? {
        return Ok(Some(anothers(name, account, &owner.user_name)));
    }
    if let Some((other, their_name)) = taken.insert(account.id.clone(), (row.person.clone(), name.clone())) {
        job.store.judge_failing(&other, &their_name, &shared(&their_name, account, name))?;
        return Ok(Some(shared(name, account, &their_name)));
    }
    if job.settings.target.existing == Existing::Report {
        return Ok(Some(exists(name, account)));
    }
    Ok(None)
}

/// Adopting needs somebody's word unless the customer says "adopt" and nothing about the account is doubtful (guarantee 8).
fn plan_adoption(job: &Job<'_>, row: &PlannedRow, account: &Account) -> anyhow::Result<()> {
    let Some(person) = job.store.staged_person(&row.person)? else { return Ok(()) };
    let manager = job.manager_account(&person)?;
    let crate::mapping::Wanted::Account(wanted) = job.rules.mapping.map(&person, manager.as_ref()) else {
        return Ok(());
    };
    let operation = plan::adoption(&row.person, &wanted, account, &job.rules.match_by);
    let foreign = account.external_id.as_deref().is_some_and(|id| Some(id) != wanted.text("externalId"));
    let protected = [Some(account.user_name.as_str()), Some(account.id.as_str())]
        .into_iter()
        .flatten()
        .any(|name| job.rules.protected.contains(&name.to_lowercase()));
    let doubtful = account.active != Some(true) || foreign || protected;
    let ask = doubtful || job.settings.target.existing == Existing::Ask;
    job.store.plan_change(&operation, &plan::digest(&operation.change), ask)
}

fn several(name: &str, accounts: &[Account]) -> Failure {
    Failure::new(
        FailureClass::Conflict,
        format!("{name} matches {} accounts in the app, and nobody can say which is theirs.", accounts.len()),
        "Remove or rename the accounts that are not theirs in the app.",
    )
}

fn anothers(name: &str, account: &Account, owner: &str) -> Failure {
    Failure::new(
        FailureClass::Conflict,
        format!("The account {} in the app matches {name}, but it belongs to {owner}.", account.user_name),
        "Give this person a user name of their own in the directory, or rename the other account in the app.",
    )
}

fn shared(name: &str, account: &Account, other: &str) -> Failure {
    Failure::new(
        FailureClass::Conflict,
        format!(
            "The account {} in the app matches {name} and {other}, and nobody can say whose it is.",
            account.user_name
        ),
        "Give each of them values of their own in the directory, or correct the account in the app.",
    )
}

fn exists(name: &str, account: &Account) -> Failure {
    Failure::new(
        FailureClass::Conflict,
        format!(
            "{name} has an account in the app already ({}), and existing accounts are left alone.",
            account.user_name
        ),
        "Remove that account in the app, or allow existing accounts to be adopted.",
    )
}
