//! The demo's ending: the accounts, the audit trail, and the mails, also as files to look at.

use std::fs;

use anyhow::Context as _;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

use super::stage::{CUSTOMER, Stage};
use crate::commands::{history, output};
use crate::report::plain;

const SHOWN: usize = 12;
const TRAIL: u32 = 16;

pub fn show(stage: &Stage) -> anyhow::Result<()> {
    accounts(stage);
    heading("The audit trail, its last entries (rollcall history has all of it)");
    output::line(&history::table(&stage.store.audit(TRAIL)?).to_string());
    mails(stage)?;
    let dir = stage.dir.display();
    output::text(&format!(
        "\nEverything is left in {dir}: the configuration, the state, the mails. Look around:\n\n  \
         rollcall --config {dir} status {CUSTOMER}\n  \
         rollcall --config {dir} history {CUSTOMER}\n"
    ));
    Ok(())
}

fn accounts(stage: &Stage) {
    let mut accounts = stage.sandbox.app.admin().accounts();
    accounts.sort_by_key(|account| text(&account["userName"]));
    let active = accounts.iter().filter(|account| account["active"] == Value::Bool(true)).count();
    heading(&format!("The app's accounts: {} in all, {active} active", accounts.len()));
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["userName", "displayName", "title", "active"]);
    for account in accounts.iter().take(SHOWN) {
        let active = if account["active"] == Value::Bool(true) { "yes" } else { "no" };
        table.add_row([
            text(&account["userName"]),
            text(&account["displayName"]),
            text(&account["title"]),
            active.to_owned(),
        ]);
    }
    output::line(&table.to_string());
    if accounts.len() > SHOWN {
        output::line(&format!("… and {} more", accounts.len() - SHOWN));
    }
}

fn mails(stage: &Stage) -> anyhow::Result<()> {
    let dir = stage.dir.join("mails");
    fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
    let mails = stage.sandbox.mailbox.shelf().mails();
    heading(&format!("The {} mails, in {}", mails.len(), dir.display()));
    for (number, mail) in mails.iter().enumerate() {
        let name = format!("{:02}", number + 1);
        fs::write(dir.join(format!("{name}.eml")), &mail.raw)?;
        fs::write(dir.join(format!("{name}.html")), &mail.html)?;
        let subject = plain(mail.subject());
        output::line(&format!("  {name}.html  to {:<32} {subject}", mail.recipients.join(", ")));
    }
    Ok(())
}

fn heading(text: &str) {
    let bold = anstyle::Style::new().bold();
    output::text(&format!("\n{bold}{text}{bold:#}\n"));
}

fn text(value: &Value) -> String {
    value.as_str().map(plain).unwrap_or_default()
}
