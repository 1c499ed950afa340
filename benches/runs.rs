//! What runs cost, measured against the sandbox in a process of its own and printed as ratios to a bare client that
//! only downloads the same pages, or only posts the same bodies, in the same session.
//!
//!     cargo bench                     50,000 members, 10,000 creates, pages that take 100 ms
//!     cargo bench -- --short          5,000 members, 1,000 creates
//!
//! Nothing here passes or fails: the figures are for people to look at.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its product")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rollcall");
const CONCURRENCY: usize = 8;
const APP_LATENCY_MS: u64 = 20;

struct Plan {
    members: u32,
    creates: u32,
    changes: usize,
    page_delay_ms: u64,
}

#[tokio::main]
async fn main() {
    rollcall::http::install_crypto_provider();
    let short = std::env::args().any(|argument| argument == "--short");
    let plan = if short {
        Plan { members: 5_000, creates: 1_000, changes: 100, page_delay_ms: 100 }
    } else {
        Plan { members: 50_000, creates: 10_000, changes: 100, page_delay_ms: 100 }
    };
    println!("{:<34} {:>9} {:>9} {:>10} {:>10} {:>9}", "", "seconds", "CPU s", "peak RSS", "requests", "ratio");
    reading(&plan).await;
    creating(&plan).await;
}

/// Reading: a first plan, a run without a change, a run with some, against a bare download of the same pages.
async fn reading(plan: &Plan) {
    let sandbox = Sandbox::start(plan.members, plan.page_delay_ms, 0);
    let bare = bare_download(&sandbox).await;
    println!("{:<34} {:>9.2}", format!("bare download, {} members", plan.members), bare.as_secs_f64());
    sandbox.forget_requests().await;
    show("first read and plan", &measure(&sandbox, &["plan", "demo", "--json"]), &sandbox.requests().await, bare);
    let first = measure(&sandbox, &["run", "demo", "--json"]);
    let hold = first.output["holds"][0]["id"].as_str().expect("the first plan is held").to_owned();
    measure(&sandbox, &["approve", "demo", &hold, "--json"]);
    // The first run after the creates settles what they left to look at; the next one is the quiet one.
    measure(&sandbox, &["run", "demo", "--json"]);
    sandbox.forget_requests().await;
    let quiet = measure(&sandbox, &["run", "demo", "--json"]);
    assert_eq!(quiet.output["unchanged"], json!(plan.members), "everybody is managed and unchanged");
    show("run without a change", &quiet, &sandbox.requests().await, bare);
    sandbox.change_titles(plan.changes).await;
    sandbox.forget_requests().await;
    let changed = measure(&sandbox, &["run", "demo", "--json"]);
    assert_eq!(changed.output["updated"], json!(plan.changes), "exactly these are sent");
    show(&format!("run with {} changes", plan.changes), &changed, &sandbox.requests().await, bare);
}

/// Creating: a first live run against a bare client that posts the same bodies with the same concurrency.
async fn creating(plan: &Plan) {
    let sandbox = Sandbox::start(plan.creates, 0, APP_LATENCY_MS);
    let first = measure(&sandbox, &["run", "demo", "--json"]);
    let hold = first.output["holds"][0]["id"].as_str().expect("the first plan is held").to_owned();
    let ours = measure(&sandbox, &["approve", "demo", &hold, "--json"]);
    assert_eq!(ours.output["created"], json!(plan.creates), "everybody is created");
    let other = Sandbox::start(1, 0, APP_LATENCY_MS);
    let bare = bare_posts(&sandbox, &other, plan.creates).await;
    println!("{:<34} {:>9.2}", format!("bare posts, {} bodies", plan.creates), bare.as_secs_f64());
    show(&format!("first run, {} creates", plan.creates), &ours, &sandbox.requests().await, bare);
}

struct Measured {
    wall: Duration,
    cpu_seconds: f64,
    peak_kib: u64,
    output: Value,
}

/// Runs the program and watches it from outside: wall time, CPU time and peak memory of the whole process.
fn measure(sandbox: &Sandbox, arguments: &[&str]) -> Measured {
    let start = Instant::now();
    let mut child = Command::new(PROGRAM)
        .args(["--config".as_ref(), sandbox.dir.as_os_str()])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdout = child.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).expect("text");
        text
    });
    let (mut peak_kib, mut cpu_seconds) = (0, 0.0);
    while child.try_wait().expect("a child").is_none() {
        (peak_kib, cpu_seconds) = usage(child.id()).unwrap_or((peak_kib, cpu_seconds));
        std::thread::sleep(Duration::from_millis(5));
    }
    let wall = start.elapsed();
    let output = serde_json::from_str(&reader.join().expect("output")).expect("one JSON object");
    Measured { wall, cpu_seconds, peak_kib, output }
}

/// Peak resident memory and CPU time so far, as the kernel counts them (proc(5)).
fn usage(process: u32) -> Option<(u64, f64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let peak = peak.trim().trim_end_matches(" kB").parse().ok()?;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: u32 = fields.get(11)?.parse::<u32>().ok()? + fields.get(12)?.parse::<u32>().ok()?;
    Some((peak, f64::from(ticks) / 100.0))
}

fn show(what: &str, measured: &Measured, requests: &str, bare: Duration) {
    let ratio = measured.wall.as_secs_f64() / bare.as_secs_f64();
    let peak = format!("{} MiB", measured.peak_kib.div_ceil(1024));
    println!(
        "{what:<34} {:>9.2} {:>9.2} {peak:>10} {requests:>10} {ratio:>8.2}x",
        measured.wall.as_secs_f64(),
        measured.cpu_seconds
    );
}

/// The same token, the same pages, one after the other, and nothing else.
async fn bare_download(sandbox: &Sandbox) -> Duration {
    let client = reqwest::Client::new();
    let start = Instant::now();
    let token = sandbox.token(&client).await;
    let group = sandbox.group(&client).await;
    let select = "id,userPrincipalName,displayName,accountEnabled,userType,givenName,surname,mail,jobTitle,department";
    let mut next = Some(format!(
        "{}/groups/{group}/members?$select={select}&$top=999",
        sandbox.urls["graph_url"].as_str().expect("a URL")
    ));
    while let Some(url) = next {
        let body = client.get(url).bearer_auth(&token).send().await.expect("a page").bytes().await.expect("a body");
        let page: Value = serde_json::from_slice(&body).expect("JSON");
        next = page["@odata.nextLink"].as_str().map(str::to_owned);
    }
    start.elapsed()
}

/// The bodies that Rollcall posted, posted again to an empty app.
async fn bare_posts(from: &Sandbox, to: &Sandbox, number: u32) -> Duration {
    let client = reqwest::Client::new();
    let writes = from.control(&client, "writes").await;
    let bodies: Vec<Value> = writes.as_array().expect("writes").iter().map(|write| write["body"].clone()).collect();
    assert_eq!(bodies.len(), number as usize, "one body each");
    let token = fs::read_to_string(to.dir.join("credentials/target-token")).expect("a token");
    let url = format!("{}/Users", to.urls["app_url"].as_str().expect("a URL"));
    let start = Instant::now();
    let posts = stream::iter(bodies).map(|body| {
        let request = client.post(&url).bearer_auth(token.trim()).json(&body);
        async move { request.send().await.expect("an answer").bytes().await.expect("a body").len() }
    });
    posts.buffer_unordered(CONCURRENCY).collect::<Vec<usize>>().await;
    start.elapsed()
}

/// A sandbox in a process of its own, so that its memory and time are not ours.
struct Sandbox {
    process: Child,
    dir: PathBuf,
    urls: Value,
}

impl Sandbox {
    fn start(members: u32, page_delay_ms: u64, app_latency_ms: u64) -> Self {
        let dir = std::env::temp_dir().join(format!("rollcall-bench-{}-{members}", std::process::id()));
        drop(fs::remove_dir_all(&dir));
        let mut process = Command::new(PROGRAM)
            .args(["sandbox", "--json", "--members", &members.to_string(), "--dir"])
            .arg(&dir)
            .args(["--page-delay", &page_delay_ms.to_string(), "--app-latency", &app_latency_ms.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the sandbox starts");
        let mut text = String::new();
        for line in BufReader::new(process.stdout.take().expect("a pipe")).lines() {
            let line = line.expect("text");
            text.push_str(&line);
            if line == "}" {
                break;
            }
        }
        let urls = serde_json::from_str(&text).expect("its addresses");
        Self { process, dir, urls }
    }

    async fn control(&self, client: &reqwest::Client, path: &str) -> Value {
        let url = format!("{}/{path}", self.urls["control_url"].as_str().expect("a URL").trim_end_matches('/'));
        let body = client.get(url).send().await.expect("the control").bytes().await.expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }

    async fn group(&self, client: &reqwest::Client) -> String {
        self.control(client, "").await["group"].as_str().expect("a group").to_owned()
    }

    async fn token(&self, client: &reqwest::Client) -> String {
        let facts = self.control(client, "").await;
        let secret = fs::read_to_string(self.dir.join("credentials/entra-secret")).expect("a secret");
        let login = self.urls["login_url"].as_str().expect("a URL");
        let url = format!("{login}/{}/oauth2/v2.0/token", facts["tenant_id"].as_str().expect("a tenant"));
        let graph = self.urls["graph_url"].as_str().expect("a URL").trim_end_matches("/v1.0").to_owned();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", facts["client_id"].as_str().expect("a client")),
            ("client_secret", secret.trim()),
            ("scope", &format!("{graph}/.default")),
        ];
        let body = client.post(url).form(&form).send().await.expect("a token").bytes().await.expect("a body");
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }

    async fn forget_requests(&self) {
        let url = format!("{}/requests", self.urls["control_url"].as_str().expect("a URL").trim_end_matches('/'));
        reqwest::Client::new().delete(url).send().await.expect("the control");
    }

    /// Pages of members / everything else at the tenant / requests to the app.
    async fn requests(&self) -> String {
        let counted = self.control(&reqwest::Client::new(), "requests").await;
        let sum = |part: &str| -> u64 {
            counted[part].as_object().map_or(0, |kinds| kinds.values().filter_map(Value::as_u64).sum())
        };
        let pages = counted["entra"]["page"].as_u64().unwrap_or(0);
        format!("{pages}+{}/{}", sum("entra") - pages, sum("app"))
    }

    async fn change_titles(&self, number: usize) {
        let client = reqwest::Client::new();
        let members = self.control(&client, &format!("members?limit={number}")).await;
        let control = self.urls["control_url"].as_str().expect("a URL").trim_end_matches('/').to_owned();
        for id in members.as_array().expect("ids") {
            let url = format!("{control}/people/{}/set", id.as_str().expect("an id"));
            client.post(url).json(&json!({ "jobTitle": "Benchmark Analyst" })).send().await.expect("the control");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        drop(fs::remove_dir_all::<&Path>(&self.dir));
    }
}
