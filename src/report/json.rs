//! The report as a machine reads it: the object that `run`, `approve` and `plan` print.

use serde_json::{Value, json};

use super::{HoldReport, PersonFailure, Report, RunResult};
use crate::model::Change;

impl Report {
    /// One object with the keys that scripts rely on.
    pub fn to_json(&self) -> Value {
        let mut object = json!({
            "run": self.run,
            "stage": self.stage,
            "result": self.result,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "holds": self.holds.iter().map(hold).collect::<Vec<_>>(),
            "failures": self.failures.iter().map(failure).collect::<Vec<_>>(),
            "refusals": self.refusals,
            "warnings": self.warnings,
            "error": self.error.as_ref().map(super::RunError::text),
        });
        let counts = json!(self.counts);
        if let (Value::Object(object), Value::Object(counts)) = (&mut object, counts) {
            object.extend(counts);
        }
        object
    }

    /// The object of `approve --later`: changes were released, and the next run sends them.
    pub fn json_of_release(stage: &str, released: u64) -> Value {
        let mut object = Self::json_without_run(Some(stage), "");
        object["result"] = json!(RunResult::Done);
        object["error"] = Value::Null;
        object["released"] = json!(released);
        object
    }

    /// The object of a command that ended before there was a run: another one in progress, or a refusal to go on.
    pub fn json_without_run(stage: Option<&str>, error: &str) -> Value {
        let counts = json!(super::Counts::default());
        let mut object = json!({
            "run": null, "stage": stage, "result": RunResult::Failed, "holds": [], "failures": [], "refusals": [],
            "warnings": [], "error": error,
        });
        if let (Value::Object(object), Value::Object(counts)) = (&mut object, counts) {
            object.extend(counts);
        }
        object
    }
}

/// One line of `plan --json`.
pub fn change_to_json(change: &Change, hold: Option<&str>) -> Value {
    json!({
        "person": change.person,
        "user_name": change.user_name,
        "change": change.kind,
        "cause": change.cause,
        "attributes": change.attributes,
        "hold": hold,
    })
}

fn hold(hold: &HoldReport) -> Value {
    json!({
        "id": hold.id, "kind": hold.kind, "count": hold.count, "limit": hold.limit, "active": hold.active,
        "message": hold.message, "created_at": hold.created_at,
    })
}

fn failure(failure: &PersonFailure) -> Value {
    json!({
        "person": failure.person, "user_name": failure.user_name, "change": failure.change, "class": failure.class,
        "reason": failure.reason, "remedy": failure.remedy, "since": failure.since,
    })
}
