//! `mail-test`: one mail to each recipient, sent at once and not from the outbox.

use chrono::Utc;
use clap::Args;
use serde_json::json;
use uuid::Uuid;

use super::context::{Context, CustomerArgument, block_on};
use super::exit::Exit;
use super::{logging, output};
use crate::notify::{MailSettings, Mailer, OutgoingMail, message_id};
use crate::report::letter::{self, Context as LetterContext};
use crate::report::{Audience, plain};
use crate::settings::{Mistakes, Settings};

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
    let Some(mail) = &settings.mail else {
        let message =
            "missing: without [mail] in rollcall.toml there is nobody to write to and no server to write through";
        return Err(Mistakes::from(settings.mistake("mail", message)).into());
    };
    let mailer = Mailer::connect(mail)?;
    let answers = block_on(send_all(&settings, mail, &mailer))?;
    if arguments.json {
        let list = answers.iter().map(|(to, error)| json!({ "recipient": to, "ok": error.is_none(), "error": error }));
        output::json(&list.collect());
    } else {
        for (to, error) in &answers {
            output::line(&match error {
                None => format!("ok       {to}"),
                Some(error) => format!("FAILED   {to}: {}", plain(error)),
            });
        }
    }
    Ok(if answers.iter().any(|(_, error)| error.is_some()) { Exit::Failed } else { Exit::Done })
}

async fn send_all(settings: &Settings, mail: &MailSettings, mailer: &Mailer) -> Vec<(String, Option<String>)> {
    let audiences = [(Audience::ClientAdmins, &settings.admins), (Audience::Operators, &mail.operators)];
    let mut answers = Vec::new();
    for (audience, recipients) in audiences {
        let context = LetterContext {
            customer: &settings.customer,
            name: &settings.name,
            audience,
            people: mail.people,
            timezone: settings.schedule.timezone,
            report: None,
        };
        let letter = letter::test_letter(&context);
        for recipient in recipients {
            let outgoing = OutgoingMail {
                message_id: message_id(Uuid::now_v7(), &mail.from),
                to: recipient.clone(),
                subject: letter.subject.clone(),
                text: letter.text.clone(),
                html: letter.html.clone(),
                created_at: Utc::now(),
                delayed: false,
            };
            let answer = mailer.send(&outgoing).await;
            answers.push((recipient.clone(), answer.err().map(|failure| failure.to_string())));
        }
    }
    answers
}
