//! The whole read: every group described, the exceptions known, every list complete, or no roster at all.

use std::cmp::Ordering;
use std::collections::HashSet;

use tokio::sync::mpsc;

use super::Entra;
use super::errors::error;
use super::groups::{Group, describe};
use super::members::{Anew, Enumeration, Sink, Stop, Tally, nobody_reads};
use super::properties::Selection;
use crate::source::{GroupFacts, GroupRef, Reading, Roster, SourceError};

/// A list that went stale more often than this will not come to its end by another try.
const MOST_STALE: u32 = 3;

/// One read, with the fresh starts it has used up.
struct Reader<'a> {
    entra: &'a Entra,
    roster: Roster,
    stale: u32,
    repeated: bool,
    /// Groups whose list disagreed with its count once already.
    recounted: HashSet<String>,
}

/// One list, judged.
enum Verdict {
    Complete(Tally),
    /// For this reason.
    ReadAgain(&'static str),
}

/// Reads every group and hands the people over.
pub(super) async fn read(entra: &Entra, pages: &mpsc::Sender<Reading>) -> Result<Roster, SourceError> {
    let roster = Roster { groups: Vec::new(), other_members: 0, pages: 0, warnings: Vec::new(), _complete: () };
    let mut reader = Reader { entra, roster, stale: 0, repeated: false, recounted: HashSet::new() };
    let groups = reader.describe(&entra.settings.groups).await?;
    let exceptions = reader.describe(&entra.settings.except_groups).await?;
    let except = reader.excepted(&exceptions).await?;
    let known_warnings = reader.roster.warnings.len();
    while let Some(why) = reader.people(&groups, Sink::People { pages, except: &except }).await? {
        tracing::info!("the roster is read from its beginning again: {why}");
        reader.roster.groups.clear();
        reader.roster.other_members = 0;
        reader.roster.warnings.truncate(known_warnings);
        pages.send(Reading::StartOver).await.map_err(|_| nobody_reads())?;
    }
    Ok(reader.roster)
}

impl Reader<'_> {
    async fn describe(&mut self, wanted: &[GroupRef]) -> Result<Vec<Group>, SourceError> {
        let mut groups = Vec::new();
        for group in wanted {
            let mut group = describe(&self.entra.graph, group).await?;
            self.roster.warnings.append(&mut group.warnings);
            groups.push(group);
        }
        Ok(groups)
    }

    /// The ids of everybody in the groups to subtract. Nothing of them was handed over, so a fresh start is silent.
    async fn excepted(&mut self, groups: &[Group]) -> Result<HashSet<String>, SourceError> {
        let selection = Selection::ids();
        let mut except = HashSet::new();
        for group in groups {
            while let Verdict::ReadAgain(why) = self.list(group, &selection, Sink::Ids(&mut except)).await? {
                tracing::info!("an excepted group is read from its beginning again: {why}");
            }
        }
        Ok(except)
    }

    /// Reads every group once; the reason, if it has to be done again.
    async fn people(&mut self, groups: &[Group], sink: Sink<'_>) -> Result<Option<&'static str>, SourceError> {
        let Sink::People { pages, except } = sink else { return Ok(None) };
        for group in groups {
            let sink = Sink::People { pages, except };
            let tally = match self.list(group, &self.entra.selection, sink).await? {
                Verdict::Complete(tally) => tally,
                Verdict::ReadAgain(why) => return Ok(Some(why)),
            };
            let Group { id, name, .. } = group.clone();
            self.roster.groups.push(GroupFacts { id, name, users: tally.users });
            self.roster.other_members += tally.others;
        }
        Ok(None)
    }

    async fn list(&mut self, group: &Group, selection: &Selection, sink: Sink<'_>) -> Result<Verdict, SourceError> {
        match Enumeration::new(self.entra, group, selection, sink).run().await {
            Ok(tally) => self.agreed(group, tally),
            Err(Stop::Anew(why)) => self.fresh_start(group, why),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// Compares the list with the count beside it. The count comes from an index that may lag, so a difference is
    /// looked at twice; a list that stays shorter is not complete.
    fn agreed(&mut self, group: &Group, tally: Tally) -> Result<Verdict, SourceError> {
        self.roster.pages += tally.pages;
        let name = &group.name;
        let listed = tally.listed();
        let Some(counted) = tally.counted else {
            self.roster.warnings.push(format!("Microsoft Graph did not offer the number of members of the group {name:?}; the list was taken as it came."));
            return Ok(self.complete(group, tally));
        };
        match listed.cmp(&counted) {
            Ordering::Equal => Ok(self.complete(group, tally)),
            Ordering::Less | Ordering::Greater if self.recounted.insert(group.id.clone()) => {
                Ok(Verdict::ReadAgain("a list and its count differ"))
            }
            Ordering::Greater => {
                self.roster.warnings.push(format!(
                    "The group {name:?} lists {listed} members and counts {counted}; the longer list was taken."
                ));
                Ok(self.complete(group, tally))
            }
            Ordering::Less => Err(cut_short(name, listed, counted)),
        }
    }

    fn complete(&mut self, group: &Group, tally: Tally) -> Verdict {
        if tally.contacts > 0 {
            self.roster.warnings.push(format!(
                "{} members of the group {:?} have a contact as their manager, which is no user; they were read as having none.",
                tally.contacts, group.name
            ));
        }
        Verdict::Complete(tally)
    }

    fn fresh_start(&mut self, group: &Group, why: Anew) -> Result<Verdict, SourceError> {
        match why {
            Anew::Stale if self.stale < MOST_STALE => {
                self.stale += 1;
                Ok(Verdict::ReadAgain("a page token expired"))
            }
            Anew::Stale => Err(never_ending(&group.name)),
            Anew::Repeated if !std::mem::replace(&mut self.repeated, true) => {
                Ok(Verdict::ReadAgain("a member or a page came twice"))
            }
            Anew::Repeated => Err(repeated(&group.name)),
        }
    }
}

const ANOTHER_TIME: &str = "The next run tries again; if it lasts, ask Microsoft, with the group's object id.";

fn cut_short(name: &str, listed: u64, counted: u64) -> SourceError {
    error(
        "incomplete",
        format!("The group {name:?} has {counted} members, but only {listed} were listed, twice in a row."),
        "The next run tries again: just after a change the two may differ for some minutes. If it lasts, see whether the group has members that Microsoft Graph does not list (service principals), and move them to another group.",
    )
}

fn never_ending(name: &str) -> SourceError {
    let reason =
        format!("The list of members of the group {name:?} expired {} times while it was read.", MOST_STALE + 1);
    error("incomplete", reason, ANOTHER_TIME)
}

fn repeated(name: &str) -> SourceError {
    let reason =
        format!("The list of members of the group {name:?} gave a member or a page twice, in two reads in a row.");
    error("incomplete", reason, ANOTHER_TIME)
}
