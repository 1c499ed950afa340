//! Exit codes, and the object that `run`, `approve` and `plan` print, at every exit.

use rollcall::sandbox::app::Refused;
use rollcall::store::Store;
use serde_json::{Value, json};

use crate::Host;

const COUNTS: [&str; 11] = [
    "roster",
    "in_scope",
    "created",
    "adopted",
    "updated",
    "deactivated",
    "reactivated",
    "unchanged",
    "waiting",
    "failed",
    "held",
];

/// The object of DESIGN §3: every key, of the right type.
#[track_caller]
fn assert_shape(object: &Value, result: &str) {
    for count in COUNTS {
        assert!(object[count].is_u64(), "{count} in {object:#}");
    }
    assert!(object["run"].is_u64() || object["run"].is_null(), "{object:#}");
    assert!(object["stage"] == "live" || object["stage"] == "preview" || object["run"].is_null(), "{object:#}");
    assert_eq!(object["result"], result, "{object:#}");
    for hold in object["holds"].as_array().unwrap() {
        assert!(hold["id"].as_str().unwrap().starts_with("h-") && hold["kind"].is_string(), "{hold}");
        assert!(hold["count"].is_u64() && hold["limit"].is_u64() && hold["message"].is_string(), "{hold}");
    }
    for failure in object["failures"].as_array().unwrap() {
        for key in ["person", "user_name", "reason", "remedy"] {
            assert!(failure[key].is_string(), "{key} in {failure}");
        }
        assert!(failure.get("change").is_some(), "{failure}");
    }
    let error = object.get("error").expect("the key is there");
    assert_eq!(error.is_null(), result != "failed", "{object:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customers_first_days_end_with_3_then_0_then_1() {
    let host = Host::new(12).await;
    let first = host.json(&["run", "demo"], 3);
    assert_shape(&first, "held");
    assert_eq!((&first["roster"], &first["held"], &first["created"]), (&json!(12), &json!(12), &json!(0)));
    let hold = first["holds"][0]["id"].as_str().unwrap();
    assert_eq!(first["holds"][0]["kind"], "configuration");
    let approved = host.json(&["approve", "demo", &hold[..6], "--by", "pat", "--why", "looked at it"], 0);
    assert_shape(&approved, "done");
    assert_eq!((&approved["created"], &approved["held"]), (&json!(12), &json!(0)));
    let silent = host.json(&["run", "demo"], 0);
    assert_shape(&silent, "done");
    assert_eq!(silent["unchanged"], 12);

    let person = host.sandbox.directory.members(1).remove(0);
    host.sandbox.directory.set(&person, "jobTitle", "Refused").unwrap();
    let refused = Refused {
        attribute: "title".to_owned(),
        value: "Refused".to_owned(),
        detail: "title is not allowed".to_owned(),
    };
    host.sandbox.app.admin().quirks(|quirks| quirks.refused.push(refused));
    let partial = host.json(&["run", "demo"], 1);
    assert_shape(&partial, "partial");
    assert_eq!(
        (&partial["failures"][0]["person"], &partial["failures"][0]["change"]),
        (&json!(person), &json!("update"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_run_ends_with_4_and_wins_over_3() {
    let host = Host::new(12).await;
    host.expect(&["run", "demo"], 3);
    host.sandbox.directory.delete_group(&host.sandbox.directory.group()).unwrap();
    let failed = host.json(&["run", "demo"], 4);
    assert_shape(&failed, "failed");
    assert!(failed["run"].is_u64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_ends_with_75_and_prints_its_object() {
    let host = Host::settled(2).await;
    let state = host.dir.path().join("state/demo");
    let store = Store::open(&state).unwrap();
    let _lock = store.lock_run().unwrap();
    for command in [&["run", "demo"][..], &["approve", "demo", "h-000000"]] {
        let object = host.json(command, 75);
        assert_shape(&object, "failed");
        assert!(object["error"].as_str().unwrap().contains("in progress"), "{object:#}");
    }
    host.expect(&["rebind", "demo", "--yes"], 75);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_configuration_binding_and_state_end_with_78_and_print_their_object() {
    let host = Host::settled(2).await;
    let tenant = host.sandbox.directory.tenant_id();
    let right = std::fs::read_to_string(host.file()).unwrap();
    host.edit(&tenant, "11111111-2222-4333-8444-555555555555");
    let object = host.json(&["run", "demo"], 78);
    assert_shape(&object, "failed");
    assert!(object["error"].as_str().unwrap().contains("rollcall rebind demo"), "{object:#}");
    std::fs::write(host.file(), right.replace("stage  = \"live\"", "stage  = \"lively\"")).unwrap();
    assert_shape(&host.json(&["run", "demo"], 78), "failed");
    std::fs::write(host.file(), &right).unwrap();
    std::fs::write(host.dir.path().join("state/demo/state.db"), b"no database at all, and long enough to be seen")
        .unwrap();
    let object = host.json(&["run", "demo"], 78);
    assert_shape(&object, "failed");
    assert!(object["error"].as_str().unwrap().contains("damaged"), "{object:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_ends_with_2() {
    let host = Host::settled(2).await;
    for arguments in [
        &["frobnicate"][..],
        &["run"],
        &["run", "demo", "--frobnicate"],
        &["approve", "demo"],
        &["approve", "demo", "h-ffffff"],
        &["run", "demo", "--person", "nobody@northwind.example"],
        &["history", "demo", "--run", "999"],
        &["history", "demo", "--person", "nobody@northwind.example"],
    ] {
        host.expect(arguments, 2);
    }
    host.expect(&["--version"], 0);
    host.expect(&["--help"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_that_does_not_exist_ends_with_78_and_names_the_file() {
    let host = Host::new(2).await;
    for command in ["run", "plan", "check", "schedule", "history"] {
        let said = host.expect(&[command, "dmeo"], 78);
        assert!(said.contains("dmeo.toml"), "{command}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_ends_with_0_whatever_it_shows_and_lists_every_change() {
    let host = Host::new(12).await;
    let plan = host.json(&["plan", "demo"], 0);
    assert_eq!(plan["created"], 0);
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 12);
    for change in changes {
        assert_eq!((&change["change"], &change["cause"]), (&json!("create"), &json!("joined")));
        assert!(change["person"].is_string() && change["user_name"].is_string());
        assert_eq!(change["attributes"]["userName"]["before"], Value::Null);
        assert!(change["attributes"]["userName"]["after"].is_string());
        assert_eq!(change["hold"], plan["holds"][0]["id"]);
    }
    assert_eq!(host.sandbox.app.admin().writes().len(), 0);
    let run = host.json(&["run", "demo"], 3);
    assert_eq!(run["holds"][0]["id"], plan["holds"][0]["id"], "what was looked at is what waits");
    assert!(host.expect(&["plan", "demo"], 0).contains("h-"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_ends_with_0_and_counts_nothing() {
    let host = Host::new(12).await;
    host.edit("stage  = \"live\"", "stage  = \"preview\"");
    let preview = host.json(&["run", "demo"], 0);
    assert_shape(&preview, "done");
    assert_eq!(preview["stage"], "preview");
    for count in ["created", "adopted", "updated", "deactivated", "reactivated", "waiting", "failed", "held"] {
        assert_eq!(preview[count], 0, "{count}");
    }
    assert_eq!(preview["holds"][0]["count"], 12, "what would be held");
    let hold = preview["holds"][0]["id"].as_str().unwrap();
    host.expect(&["approve", "demo", hold], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approve_later_releases_at_the_next_run() {
    let host = Host::new(4).await;
    let first = host.json(&["run", "demo"], 3);
    let hold = first["holds"][0]["id"].as_str().unwrap();
    host.expect(&["approve", "demo", hold, "--later"], 0);
    assert_eq!(host.sandbox.app.admin().writes().len(), 0);
    assert_eq!(host.json(&["run", "demo"], 0)["created"], 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_approved_by_an_empty_id_a_spent_hold_or_nobody() {
    let host = Host::new(4).await;
    let first = host.json(&["run", "demo"], 3);
    let hold = first["holds"][0]["id"].as_str().unwrap();
    for nothing in ["", "h-", "h"] {
        host.expect(&["approve", "demo", nothing], 2);
    }
    let someone = host.sandbox.directory.members(1).remove(0);
    host.expect(&["approve", "demo", hold, "--only", &someone, "--except", &someone], 2);
    assert_eq!(host.sandbox.app.admin().writes().len(), 0);
    assert_eq!(host.json(&["approve", "demo", hold, "--later"], 0)["released"], 4);
    assert_eq!(host.json(&["run", "demo"], 0)["created"], 4);
    host.expect(&["approve", "demo", hold], 2);
}
