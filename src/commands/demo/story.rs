//! The demo's story, scene by scene.

use serde_json::json;

use super::stage::{MEMBERS, Stage, expect};
use crate::report::RunResult;
use crate::sandbox::app::Refused;
use crate::sandbox::{Act, Fault, Spot};

pub async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    preview(stage).await?;
    go_live(stage).await?;
    an_ordinary_day(stage).await?;
    a_bad_record(stage).await?;
    entra_answers_wrongly(stage).await?;
    a_mass_leave(stage).await?;
    silence(stage).await
}

async fn preview(stage: &mut Stage) -> anyhow::Result<()> {
    let first = stage.sandbox.directory.members(1).remove(0);
    let person = stage.sandbox.directory.person(&first)?;
    stage.sandbox.app.admin().seed(&json!({
        "userName": person["userPrincipalName"], "displayName": "made by hand, before Rollcall", "active": true,
    }))?;
    stage.scene(
        "Preview",
        &format!(
            "A company of {MEMBERS} people, and an app where one of them has an account already. Nothing is sent yet."
        ),
    );
    let report = stage.run().await?;
    expect("changes in preview", 0, report.counts.created + report.counts.adopted)?;
    expect("writes to the app", 0, stage.sandbox.app.admin().writes().len() as u64)
}

async fn go_live(stage: &mut Stage) -> anyhow::Result<()> {
    stage.configure("live")?;
    stage.scene("Go live", "stage = \"live\". The first plan waits, whole, until somebody has looked at it.");
    let report = stage.run().await?;
    expect("held", u64::from(MEMBERS), report.counts.held)?;
    let report = stage.approve("configuration", "looked at the plan with the client").await?;
    expect("created", u64::from(MEMBERS) - 1, report.counts.created)?;
    expect("adopted", 1, report.counts.adopted)
}

async fn an_ordinary_day(stage: &mut Stage) -> anyhow::Result<()> {
    let directory = &stage.sandbox.directory;
    let people = directory.members(10);
    directory.hire(&json!({ "displayName": "Nour Haddad", "givenName": "Nour", "surname": "Haddad" }))?;
    directory.hire(&json!({ "displayName": "Ines Ferreira", "givenName": "Ines", "surname": "Ferreira" }))?;
    directory.set(&people[2], "jobTitle", "Head of Operations")?;
    directory.set(&people[3], "department", "Finance")?;
    directory.disable(&people[4])?;
    directory.remove_member(&directory.group(), &people[5])?;
    stage.scene("An ordinary day", "Two hires, two movers, one account disabled, one person out of the group.");
    let report = stage.run().await?;
    expect("created", 2, report.counts.created)?;
    expect("updated", 2, report.counts.updated)?;
    expect("deactivated", 2, report.counts.deactivated)
}

async fn a_bad_record(stage: &mut Stage) -> anyhow::Result<()> {
    let directory = &stage.sandbox.directory;
    let person = directory.members(8).remove(7);
    let title = "Chief \"Everything\" Officer <CEO>";
    directory.set(&person, "jobTitle", title)?;
    let refused = Refused {
        attribute: "title".to_owned(),
        value: title.to_owned(),
        detail: "title must not contain < or >".to_owned(),
    };
    stage.sandbox.app.admin().quirks(|quirks| quirks.refused.push(refused));
    stage.scene(
        "A bad record",
        "Somebody gets a job title that the app refuses. The client's admin gets a mail, not a log.",
    );
    let report = stage.run().await?;
    expect("failed", 1, report.counts.failed)?;
    stage.sandbox.directory.set(&person, "jobTitle", "Chief Everything Officer")?;
    stage.scene("… mended", "The admin corrects the title in Entra; the next run sends it and says that it is solved.");
    let report = stage.run().await?;
    expect("updated", 1, report.counts.updated)?;
    expect("failed", 0, report.counts.failed)
}

async fn entra_answers_wrongly(stage: &mut Stage) -> anyhow::Result<()> {
    let writes = stage.sandbox.app.admin().writes().len();
    stage.sandbox.entra.fault(Fault::new(Spot::Members, Act::IdOnly).times(u32::MAX));
    stage.scene(
        "Entra answers wrongly",
        "Somebody removed a permission: Entra answers 200, and every member is an id without a name.",
    );
    let report = stage.run().await?;
    anyhow::ensure!(report.result == RunResult::Failed, "the demo expected this run to fail");
    expect("writes to the app", writes as u64, stage.sandbox.app.admin().writes().len() as u64)?;
    stage.sandbox.entra.clear_faults();
    stage.scene("… and rightly again", "The permission is back.");
    let report = stage.run().await?;
    expect("deactivated", 0, report.counts.deactivated)
}

async fn a_mass_leave(stage: &mut Stage) -> anyhow::Result<()> {
    let directory = &stage.sandbox.directory;
    let people = directory.members(24);
    for person in &people[10..22] {
        directory.remove_member(&directory.group(), person)?;
    }
    directory.disable(&people[22])?;
    stage.scene("A mass leave", "Twelve people vanish from the group at once, and one more is dismissed for real.");
    let report = stage.run().await?;
    expect("held", 12, report.counts.held)?;
    expect("deactivated", 1, report.counts.deactivated)?;
    let directory = &stage.sandbox.directory;
    directory.add_member(&directory.group(), &people[10])?;
    stage.scene("… approved", "One of them was a mistake and is back in the group. The client says yes to the others.");
    let report = stage.approve("left", "the Perth office was sold; confirmed by the client").await?;
    expect("deactivated", 11, report.counts.deactivated)
}

async fn silence(stage: &mut Stage) -> anyhow::Result<()> {
    stage.scene("Nothing left to do", "The same run once more: nothing planned, nothing sent, nothing mailed.");
    let writes = stage.sandbox.app.admin().writes().len();
    let mails = stage.sandbox.mailbox.shelf().mails().len();
    stage.run().await?;
    expect("writes to the app", writes as u64, stage.sandbox.app.admin().writes().len() as u64)?;
    expect("mails", mails as u64, stage.sandbox.mailbox.shelf().mails().len() as u64)
}
