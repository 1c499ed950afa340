//! `check`: tests every link and changes nothing; one line each.

use chrono::Utc;
use clap::Args;
use serde_json::json;

use super::context::{Context, CustomerArgument, block_on};
use super::exit::Exit;
use super::{logging, output};
use crate::mapping::Wanted;
use crate::model::Person;
use crate::notify::Mailer;
use crate::plan::Rules;
use crate::report::{Finding, Verdict, plain};
use crate::scope::Decision;
use crate::settings::{Settings, Stage};
use crate::source::Source;
use crate::store::Store;
use crate::sync;
use crate::target::Target;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    customer: CustomerArgument,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn execute(context: &Context, arguments: &Arguments) -> anyhow::Result<Exit> {
    logging::for_commands();
    let settings = context.settings(&arguments.customer.customer)?;
    let rules = sync::compile(&settings)?;
    let findings = block_on(check(&settings, &rules))??;
    if arguments.json {
        output::json(&json!(findings));
    } else {
        findings.iter().for_each(show);
    }
    let broken = findings.iter().any(|finding| finding.verdict == Verdict::Failure);
    Ok(if broken { Exit::Failed } else { Exit::Done })
}

async fn check(settings: &Settings, rules: &Rules) -> anyhow::Result<Vec<Finding>> {
    let mut findings = vec![configuration(settings), binding(settings)];
    let source = Source::connect(&settings.source, &sync::properties(rules))?;
    let (about_source, sample) = source.check(Utc::now()).await;
    findings.extend(about_source);
    findings.extend(sample.iter().map(|person| try_person(person, rules)));
    let attributes: Vec<String> = rules.mapping.attributes().map(str::to_owned).collect();
    findings.extend(Target::connect(&settings.target, &attributes)?.check().await);
    findings.push(mail(settings).await);
    Ok(findings)
}

fn configuration(settings: &Settings) -> Finding {
    let stage = match settings.stage {
        Stage::Preview => "stage preview: runs plan and report, and send nothing",
        Stage::Live => "stage live",
    };
    finding("configuration", Verdict::Ok, format!("read without mistakes; {stage}"))
}

/// Whether the state belongs to what the configuration names.
fn binding(settings: &Settings) -> Finding {
    let state = settings.state_dir();
    let bound = |store: Store| sync::check_binding(settings, &store);
    let checked = Store::open_existing(&state).and_then(|store| store.map(bound).transpose());
    let state = state.display();
    match checked {
        Ok(None) => finding("state", Verdict::Ok, format!("none yet; the first run makes it in {state}")),
        Ok(Some(())) => finding("state", Verdict::Ok, format!("{state} belongs to this tenant, group and target")),
        Err(error) => finding("state", Verdict::Failure, format!("{error:#}")),
    }
}

/// One member through scope and mapping.
fn try_person(person: &Person, rules: &Rules) -> Finding {
    let subject = format!("member {}", person.user_name);
    if person.enabled == Some(false) {
        return finding(&subject, Verdict::Ok, "disabled in the directory: no account".to_owned());
    }
    match rules.scope.decide(person, None) {
        Err(undecided) => {
            return finding(&subject, Verdict::Warning, format!("{} {}", undecided.reason, undecided.remedy));
        }
        Ok(Decision::Out { because }) => return finding(&subject, Verdict::Ok, format!("out of scope: {because}")),
        Ok(Decision::In) => {}
    }
    match rules.mapping.map(person, None) {
        Wanted::Account(wanted) => finding(
            &subject,
            Verdict::Ok,
            format!("in scope, userName {}", wanted.text("userName").unwrap_or("(none)")),
        ),
        Wanted::Rejected(why) => finding(&subject, Verdict::Warning, format!("{} {}", why.reason, why.remedy)),
    }
}

async fn mail(settings: &Settings) -> Finding {
    let Some(mail) = &settings.mail else {
        let message = "no [mail]: nobody will be told of failures or holds. Add it to rollcall.toml.";
        return finding("mail", Verdict::Warning, message.to_owned());
    };
    match Mailer::connect(mail) {
        Ok(mailer) => mailer.check().await,
        Err(error) => finding("mail", Verdict::Failure, format!("{error:#}")),
    }
}

fn finding(subject: &str, verdict: Verdict, message: String) -> Finding {
    Finding { subject: subject.to_owned(), verdict, message }
}

fn show(finding: &Finding) {
    let (word, colour) = match finding.verdict {
        Verdict::Ok => ("ok     ", anstyle::AnsiColor::Green),
        Verdict::Warning => ("warning", anstyle::AnsiColor::Yellow),
        Verdict::Failure => ("FAILED ", anstyle::AnsiColor::Red),
    };
    let style = anstyle::Style::new().fg_color(Some(colour.into()));
    output::line(&format!("{style}{word}{style:#}  {}: {}", plain(&finding.subject), plain(&finding.message)));
}
