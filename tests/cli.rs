//! The real binary: exit codes, the JSON that scripts rely on, and one helpful message for each bad input (DESIGN §3).
#![forbid(unsafe_code)]
#![expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/codes.rs"]
mod codes;
#[path = "cli/looking.rs"]
mod looking;

use std::path::PathBuf;
use std::process::Output;

use rollcall::sandbox::{Options, Sandbox, Wishes};
use serde_json::Value;
use tempfile::TempDir;

/// A sandbox, a customer's files, and the binary.
#[derive(Debug)]
pub struct Host {
    pub sandbox: Sandbox,
    pub dir: TempDir,
    pub wishes: Wishes,
}

impl Host {
    pub async fn new(members: u32) -> Self {
        let sandbox = Sandbox::start(Options { members, seed: 5, ..Options::default() }).await.unwrap();
        let host = Self { sandbox, dir: tempfile::tempdir().unwrap(), wishes: Wishes::default() };
        host.sandbox.write_configuration_with(host.dir.path(), &host.wishes).unwrap();
        host
    }

    /// A customer whose first plan was approved.
    pub async fn settled(members: u32) -> Self {
        let host = Self::new(members).await;
        host.expect(&["run", "demo"], 3);
        let hold = host.json(&["status", "demo"], 0)["holds"][0]["id"].as_str().unwrap().to_owned();
        host.expect(&["approve", "demo", &hold], 0);
        host
    }

    pub fn file(&self) -> PathBuf {
        self.dir.path().join("customers/demo.toml")
    }

    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file()).unwrap();
        assert!(text.contains(from), "the customer's file does not say {from}");
        std::fs::write(self.file(), text.replacen(from, to, 1)).unwrap();
    }

    /// Runs the binary to its end. The sandbox goes on meanwhile.
    pub fn output(&self, arguments: &[&str]) -> Output {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.arg("--config").arg(self.dir.path()).args(arguments);
        command.env_remove("ROLLCALL_CONFIG_DIR").env_remove("CREDENTIALS_DIRECTORY").env("NO_COLOR", "1");
        tokio::task::block_in_place(|| command.output().unwrap())
    }

    /// Everything it said, after it ended with this code.
    #[track_caller]
    pub fn expect(&self, arguments: &[&str], code: i32) -> String {
        let output = self.output(arguments);
        let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let all = format!("{}{}", said(&output.stdout), said(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?} said:\n{all}");
        all
    }

    /// The one JSON value that it printed on stdout, after it ended with this code.
    #[track_caller]
    pub fn json(&self, arguments: &[&str], code: i32) -> Value {
        let output = self.output(&[arguments, &["--json"]].concat());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?} said: {stderr}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("no JSON on stdout ({why}): {stderr}"))
    }
}
