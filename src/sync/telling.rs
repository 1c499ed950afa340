//! Telling: what a run did becomes incidents, and incidents become letters, written with the run in one transaction
//! (guarantees 17, 18).

use chrono::{DateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::Job;
use crate::notify::{MailSettings, message_id};
use crate::report::incident::after_run;
use crate::report::letter::{self, Context};
use crate::report::{Audience, Digest, Expiry, Incident, OpenIncident, Report, Topic};
use crate::store::{IncidentUpdate, NewMail};

/// Writes down the end of a run, and the mails about what is new, worse, due again or solved.
pub fn finish(job: &Job<'_>, report: &Report) -> anyhow::Result<()> {
    let now = report.finished_at;
    let zone = job.settings.schedule.timezone;
    let open = concerned(job, report, job.store.open_incidents()?);
    let seen = seen(job, report);
    let local = now.with_timezone(&zone);
    let letters_today = job.store.letters_since(midnight(local))?;
    let digest = after_run(&open, &seen, &expiries(job, local), local).folded(letters_today, local);
    let mails = job.settings.mail.as_ref().map_or_else(Vec::new, |mail| mails(job, mail, &digest, report));
    let update = update(&open, &digest, now);
    job.store.finish_run(report, &update, &mails)?;
    job.store.forget_old(&job.settings.keep, now)
}

/// A run of one person sees nobody else's incidents, and no hold as a whole. It reads everybody, as every run does, but
/// may have asked the app nothing: whether the app refuses or is down it sees only when it fails by it.
fn concerned(job: &Job<'_>, report: &Report, open: Vec<OpenIncident>) -> Vec<OpenIncident> {
    let Some(only) = &job.only else { return open };
    let is_seen = |it: &OpenIncident| match &it.incident.topic {
        Topic::Person(failure) => &failure.person == only,
        Topic::App(_) => report.error.is_some(),
        Topic::Run(error) => report.error.is_some() || !matches!(error.class.as_str(), "target" | "app"),
        Topic::Expiry(_) => true,
        Topic::Hold(_) | Topic::Notice(_) => false,
    };
    open.into_iter().filter(is_seen).collect()
}

fn seen(job: &Job<'_>, report: &Report) -> Report {
    let mut seen = report.clone();
    if job.only.is_some() {
        seen.holds.clear();
    }
    seen
}

/// Guarantee 20, as far as the source or the configuration knows the date.
fn expiries(job: &Job<'_>, now: DateTime<Tz>) -> Vec<Incident> {
    let said = job.credential_expires().map(|at| at.with_timezone(&now.timezone()).date_naive());
    let Some(date) = said.or(job.settings.source.client_secret_expires) else { return Vec::new() };
    let what = "client secret of the app registration in Entra";
    let announced = Expiry::announced(what, date, now.date_naive());
    announced.map(|expiry| Incident::new(Topic::Expiry(expiry), now.to_utc())).into_iter().collect()
}

fn update(open: &[OpenIncident], digest: &Digest, now: DateTime<Utc>) -> IncidentUpdate {
    let known = |incident: &Incident| open.iter().find(|it| it.incident.key == incident.key).cloned();
    let mut update = IncidentUpdate { open: Vec::new(), ended: digest.ended.clone() };
    for incident in digest.told_now() {
        let mut it = known(incident).unwrap_or_else(|| OpenIncident::noticed(incident.clone()));
        it.incident = incident.clone();
        it.mailed(now);
        update.open.push(it);
    }
    update
}

fn mails(job: &Job<'_>, mail: &MailSettings, digest: &Digest, report: &Report) -> Vec<NewMail> {
    let mut mails = Vec::new();
    let audiences = [(Audience::ClientAdmins, &job.settings.admins), (Audience::Operators, &mail.operators)];
    for (audience, recipients) in audiences {
        let context = Context {
            customer: &job.settings.customer,
            name: &job.settings.name,
            audience,
            people: mail.people,
            timezone: job.settings.schedule.timezone,
            report: Some(report),
        };
        let Some(letter) = letter::write(digest, &context) else { continue };
        mails.extend(recipients.iter().map(|recipient| NewMail {
            message_id: message_id(Uuid::now_v7(), &mail.from),
            recipient: recipient.clone(),
            subject: letter.subject.clone(),
            text: letter.text.clone(),
            html: letter.html.clone(),
            created_at: report.finished_at,
        }));
    }
    mails
}

/// The first instant of the customer's day.
fn midnight(now: DateTime<Tz>) -> DateTime<Utc> {
    let start = now.date_naive().and_time(NaiveTime::MIN);
    // Where midnight falls into a gap, the day begins with the first instant after it: an hour's error counts no letter twice.
    now.timezone().from_local_datetime(&start).earliest().map_or(now.to_utc(), |start| start.to_utc())
}
