//! The Entra connector against a tenant on loopback, over real HTTP.

mod checking;
mod counts;
mod managers;
mod paging;
mod proofs;
mod reading;
mod rehearsal;
mod signing_in;
mod tenant;

use rollcall::model::Person;
use rollcall::source::{Reading, Roster, Source, SourceError};
use tokio::sync::mpsc;

/// What a read handed over, as a reader that obeys `StartOver` keeps it.
#[derive(Debug)]
struct Read {
    people: Vec<Person>,
    fresh_starts: usize,
    outcome: Result<Roster, SourceError>,
}

impl Read {
    #[track_caller]
    fn roster(&self) -> &Roster {
        self.outcome.as_ref().expect("a complete read")
    }

    #[track_caller]
    fn error(&self) -> &SourceError {
        self.outcome.as_ref().expect_err("no roster")
    }

    fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.people.iter().map(|person| person.id.as_str()).collect();
        ids.sort_unstable();
        ids
    }
}

async fn read(source: &Source) -> Read {
    let (pages, mut received) = mpsc::channel(2);
    let collect = async {
        let (mut people, mut fresh_starts) = (Vec::new(), 0);
        while let Some(reading) = received.recv().await {
            match reading {
                Reading::Page(mut page) => people.append(&mut page),
                Reading::StartOver => {
                    people.clear();
                    fresh_starts += 1;
                }
            }
        }
        (people, fresh_starts)
    };
    let (outcome, (people, fresh_starts)) = tokio::join!(source.read(pages), collect);
    Read { people, fresh_starts, outcome }
}
