//! The configuration: layers, mistakes, secrets, fingerprint, the shipped examples and their schemas.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use proptest::prelude::*;
use rollcall::mapping::MappingLine;
use rollcall::plan::LeaverRule;
use rollcall::settings::schema::{FileKind, published};
use rollcall::settings::{Environment, KeyPath, Mistakes, Secrets, Settings, config_dir, customers, load, load_in};
use tempfile::TempDir;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config");

/// The shortest configuration that is complete.
const ACME: &str = r#"name = "Acme Pty Ltd"

[schedule]
timezone = "Australia/Sydney"
days = "Mon-Fri"
times = ["07:00", "13:00"]

[source]
kind = "entra"
tenant_id = "11111111-2222-3333-4444-555555555555"
client_id = "66666666-7777-8888-9999-aaaaaaaaaaaa"
client_secret = { credential = "entra-secret" }
groups = ["bbbbbbbb-1111-2222-3333-444444444444"]

[target]
kind = "scim"
url = "https://app.example/scim/v2"
token = { env = "TOKEN" }

[mapping]
userName = "user.userPrincipalName | lower"
externalId = "user.id"
"#;

/// A configuration directory of a test's own.
struct Config {
    directory: TempDir,
}

impl Config {
    fn acme(text: &str) -> Self {
        let config = Self { directory: TempDir::new().expect("a temporary directory") };
        config.with("customers/acme.toml", text)
    }

    fn with(self, file: &str, text: &str) -> Self {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().expect("below the directory")).expect("a directory");
        fs::write(&path, text).expect("a file");
        self
    }

    fn with_secret(self, file: &str, text: &str) -> Self {
        let config = self.with(file, text);
        config.allow(file, 0o600);
        config
    }

    fn allow(&self, file: &str, mode: u32) {
        fs::set_permissions(self.path().join(file), fs::Permissions::from_mode(mode)).expect("a mode");
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn load(&self) -> Result<Settings, Mistakes> {
        load(self.path(), "acme", Secrets::LeaveUnread)
    }

    #[track_caller]
    fn good(&self) -> Settings {
        self.load().unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }

    #[track_caller]
    fn mistakes(&self) -> String {
        self.load().expect_err("mistakes").to_string()
    }

    fn load_with_secrets(&self, variables: &[(&str, &str)]) -> Result<Settings, Mistakes> {
        let variables: BTreeMap<_, _> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        load_in(self.path(), "acme", Secrets::Read, &Environment::Given(variables))
    }

    #[track_caller]
    fn client_secret(&self, variables: &[(&str, &str)]) -> String {
        let settings = self.load_with_secrets(variables).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        settings.source.client_secret.expose().to_owned()
    }

    /// What reading the secrets says, without the name of this test's directory.
    #[track_caller]
    fn secret_mistakes(&self, variables: &[(&str, &str)]) -> String {
        let mistakes = self.load_with_secrets(variables).expect_err("mistakes").to_string();
        mistakes.replace(&*self.path().to_string_lossy(), "DIR")
    }
}

#[track_caller]
fn acme_but(line: &str, instead: &str) -> String {
    assert!(ACME.contains(line), "{line:?}");
    ACME.replacen(line, instead, 1)
}

/// With `line` of the complete configuration written differently, exactly this is wrong.
#[track_caller]
fn check(line: &str, instead: &str, expected: &str) {
    let found = Config::acme(&acme_but(line, instead)).mistakes().replace("customers/acme.toml:", "");
    assert_eq!(found, expected);
}

mod the_shipped_files {
    use super::*;

    fn shipped(file: &str) -> String {
        fs::read_to_string(Path::new(SHIPPED).join(file)).expect("a shipped file")
    }

    #[test]
    fn load_as_they_are() {
        assert_eq!(customers(Path::new(SHIPPED)), ["acme"]);
        let settings = load(Path::new(SHIPPED), "acme", Secrets::LeaveUnread);
        let settings = settings.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!(settings.name, "Acme Pty Ltd");
        assert_eq!(settings.state_dir(), Path::new("/var/lib/rollcall/acme"));
    }

    #[test]
    fn load_with_every_commented_key_that_contradicts_no_other() {
        let contradicting = ["cron", "header", "basic", "oauth"];
        let uncommented = |text: String| -> String {
            let line = |line: &str| {
                let key = line.strip_prefix("# ").and_then(|inside| inside.split_once(" = "));
                let wanted = key.is_some_and(|(key, _)| !key.contains(' ') && !contradicting.contains(&key));
                if wanted { format!("{}\n", &line[2..]) } else { format!("{line}\n") }
            };
            text.lines().map(line).collect()
        };
        let config = Config::acme(&uncommented(shipped("customers/acme.toml")));
        config.with("rollcall.toml", &uncommented(shipped("rollcall.toml"))).good();
    }

    #[test]
    fn show_every_key() {
        let text = shipped("rollcall.toml") + &shipped("customers/acme.toml");
        let schema = published(FileKind::Customer);
        let definitions = schema["$defs"].as_object().expect("definitions").values();
        for shape in definitions.chain([&schema]) {
            for key in shape["properties"].as_object().into_iter().flat_map(|keys| keys.keys()) {
                let shown = text.contains(&format!("{key} = ")) || text.contains(&format!("[{key}]"));
                assert!(shown, "{key} is not shown");
            }
        }
    }

    #[test]
    fn have_schemas_that_fit_the_program() {
        let files = [(FileKind::Host, "rollcall"), (FileKind::Customer, "customer"), (FileKind::Profile, "profile")];
        for (kind, name) in files {
            let path = Path::new(SHIPPED).join(format!("schema/{name}.schema.json"));
            let schema = serde_json::to_string_pretty(&published(kind)).expect("JSON") + "\n";
            if std::env::var_os("ROLLCALL_BLESS").is_some() {
                fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
                fs::write(&path, &schema).expect("a schema");
            }
            let shipped = fs::read_to_string(&path).unwrap_or_default();
            let again = "write it anew with: ROLLCALL_BLESS=1 cargo test --test settings schemas";
            assert!(shipped == schema, "{} is out of date; {again}", path.display());
        }
    }
}

mod layers {
    use super::*;

    #[test]
    fn a_short_file_is_enough() {
        let settings = Config::acme(ACME).good();
        assert_eq!(settings.target.concurrency, 8);
        assert_eq!(settings.target.match_by, ["externalId", "userName"]);
        assert_eq!(settings.leavers.left_group, LeaverRule::Now);
        assert_eq!(settings.limits.left.at_most, Some(50));
        assert_eq!(settings.limits.creates.at_most, None);
        assert!(settings.schedule.catch_up && settings.mail.is_none() && settings.admins.is_empty());
    }

    #[test]
    fn the_customer_wins_over_the_host_and_the_host_over_the_defaults() {
        let host = r#"
            state_dir = "state"
            [limits]
            left = { percent = 3, at_least = 1 }
            [people]
            patience = "5d"
        "#;
        let own = format!("{ACME}\n[limits]\nleft = {{ percent = 4 }}\n");
        let config = Config::acme(&own).with("rollcall.toml", host);
        let settings = config.good();
        let left = settings.limits.left;
        assert_eq!((left.percent.to_string(), left.at_least, left.at_most), ("4".to_owned(), 1, Some(50)));
        assert_eq!(settings.people.patience.to_string(), "5days");
        assert_eq!(settings.state_dir(), config.path().join("state/acme"));
    }

    #[test]
    fn attribute_names_survive_exactly() {
        let names = [
            "name.givenName",
            "emails[type eq \"work\"].value",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "NickName[0].x",
        ];
        let lines = names.map(|name| format!("'{name}' = \"user.x\"\n")).concat();
        let settings = Config::acme(&format!("{ACME}{lines}")).good();
        for name in names {
            assert!(settings.mapping.contains_key(name), "{name} is not among {:?}", settings.mapping.keys());
        }
        assert_eq!(settings.mapping.len(), 6);
    }

    #[test]
    fn a_mapping_line_replaces_the_profile_line_as_a_whole() {
        let own = acme_but("[target]", "[target]\nprofile = \"app\"") + "title = \"user.jobTitle\"\n";
        let profile = r#"
            [target]
            update_by = "put"
            [mapping]
            title = { value = "x", when = "create" }
            nickName = "user.mailNickname"
        "#;
        let settings = Config::acme(&own).with("targets/app.toml", profile).good();
        assert_eq!(settings.mapping["title"], MappingLine::Expression("user.jobTitle".to_owned()));
        assert_eq!(settings.mapping.len(), 4);
        assert!(settings.target.update_by.is_some());
    }

    #[test]
    fn a_file_of_the_operator_replaces_a_built_in_profile() {
        let own = acme_but("[target]", "[target]\nprofile = \"atmos\"");
        assert!(Config::acme(&own).good().mapping.contains_key("displayName"));
        let config = Config::acme(&own).with("targets/atmos.toml", "[mapping]\ntitle = \"user.jobTitle\"\n");
        assert!(!config.good().mapping.contains_key("displayName"));
    }

    #[test]
    fn a_customer_may_say_in_another_way_what_the_host_says() {
        let host = r#"
            [schedule]
            days = "Mon-Fri"
            times = ["09:00"]
            [target]
            header = { name = "X-Key", value = { env = "KEY" } }
        "#;
        let own = acme_but("days = \"Mon-Fri\"\ntimes = [\"07:00\", \"13:00\"]", "cron = [\"0 9 * * Mon\"]");
        let settings = Config::acme(&own).with("rollcall.toml", host).good();
        let schedule = settings.schedule;
        assert!(schedule.days.is_none() && schedule.times.is_none() && schedule.cron.is_some());
        assert!(settings.target.header.is_none() && settings.target.token.is_some());
    }

    #[test]
    fn a_secret_may_lie_elsewhere_for_one_customer() {
        let config = Config::acme(ACME).with("rollcall.toml", "[source]\nclient_secret = { file = \"shared\" }\n");
        assert_eq!(format!("{:?}", config.good().source.client_secret), "Secret(Credential(\"entra-secret\"))");
    }

    #[test]
    fn the_flag_says_where_the_files_are() {
        assert_eq!(config_dir(Some("here".into())), Path::new("here"));
    }

    #[test]
    fn only_names_that_a_unit_can_have_are_customers() {
        let config = Config::acme(ACME).with("customers/UPPER.toml", "").with("customers/a.b.toml", "");
        let config = config.with("customers/0-x_y.toml", "").with("customers/acme.toml.bak", "");
        assert_eq!(customers(config.path()), ["0-x_y", "acme"]);
        for name in ["", "A", "-a", "a.b", "../acme", "a/b", "abcdefghijklmnopqrstuvwx"] {
            let mistakes = load(config.path(), name, Secrets::LeaveUnread).expect_err("refused").to_string();
            assert!(mistakes.contains("at most 23 small letters"), "{mistakes}");
        }
    }
}

mod mistakes {
    use super::*;

    #[test]
    fn are_all_reported_at_once_with_file_line_column_and_key() {
        let host = r#"[mail]
from = "rollcall"
smtp = "relay:25"
pasword = "hunter2"
[kep]
"#;
        let own = r#"name = ""
admins = ["it@acme.example", 5]
stage = "lve"
timezone = "UTC"
[schedule]
timezone = "australia/sydney"
times = ["7:00", "10:00"]
jitter = "5"
skip = [2026-12-25, "2026-13-01"]
[source]
kind = "okta"
tenant_id = "common"
client_idd = "x"
client_secret = "hunter2"
groups = ["Everyone", { id = "bbbbbbbb-1111-2222-3333-444444444444", nme = "C" }, 6]
[target]
profile = "atmso"
url = "http://app.example"
concurrency = "12"
requests_per_minute = 0
[leavers]
disabled = "after 3"
[limits]
left = { percent = 150, at_least = -1, at_most = 99999999999 }
"#;
        let mistakes = Config::acme(own).with("rollcall.toml", host).mistakes();
        insta::assert_snapshot!(mistakes);
        assert!(!mistakes.contains("hunter2"));
    }

    #[test]
    fn of_missing_keys_name_what_is_expected() {
        insta::assert_snapshot!(Config::acme("name = \"Acme\"\n[source]\nkind = \"entra\"\n").mistakes());
    }

    #[test]
    fn are_also_json() {
        let mistakes = Config::acme(&acme_but("kind = \"entra\"", "kind = \"entre\"")).load().expect_err("a mistake");
        insta::assert_json_snapshot!(mistakes);
    }

    #[test]
    fn in_the_syntax_are_told_without_the_line() {
        let text = "client_secret = { credential = \"entra-secret\" }";
        let found = Config::acme(&acme_but(text, "client_secret = \"hunter2\" hunter2")).mistakes();
        assert!(found.starts_with("customers/acme.toml:12:27: not valid TOML: "), "{found}");
        assert!(!found.contains("hunter2"), "{found}");
        check("[mapping]", "[target]", "20:2: not valid TOML: duplicate key");
    }

    #[test]
    fn a_misspelled_key_is_not_also_missing() {
        check("tenant_id", "tennant_id", "10:1: source.tennant_id: unknown key; nearest key: tenant_id");
        check("[schedule]", "[shedule]", "3:2: shedule: unknown key; nearest key: schedule");
    }

    #[test]
    fn a_key_below_the_wrong_header_is_sent_to_the_right_one() {
        check("[mapping]", "guests = true\n[mapping]", "20:1: target.guests: unknown key; nearest key: source.guests");
    }

    #[test]
    fn what_toml_would_refuse_is_not_turned_into_something_else() {
        check("kind = \"entra\"", "kind = 5", "9:8: source.kind: found 5, expected \"entra\"");
        let concurrency = |value: &str, found: &str| {
            let expected = format!("16:15: target.concurrency: found {found}, expected a whole number");
            check("[target]", &format!("[target]\nconcurrency = {value}"), &expected);
        };
        concurrency("\"12\"", "\"12\"");
        concurrency("12.5", "12.5");
        concurrency("true", "true");
        check("[target]", "[target]\netag = \"yes\"", "16:8: target.etag: found \"yes\", expected true or false");
        check("days = \"Mon-Fri\"", "days = true", "5:8: schedule.days: found true, expected text");
        check(
            "[target]",
            "[target]\nconcurrency = 65",
            "16:15: target.concurrency: found 65, expected a whole number from 1 to 64",
        );
    }

    #[test]
    fn a_secret_in_the_file_is_refused_and_not_shown() {
        let form = "{ credential = \"<name>\" }, { file = \"<path>\" } or { env = \"<VARIABLE>\" }";
        let advice =
            "a secret is never written in a configuration file; if this was one, replace it where it was issued";
        let literal = format!("18:9: target.token: found a text (not shown), expected {form}: {advice}");
        check("{ env = \"TOKEN\" }", "\"hunter2\"", &literal);
        let one = format!("18:9: target.token: expected exactly one of file, env and credential: {form}");
        check("{ env = \"TOKEN\" }", "{ value = \"hunter2\" }", &one);
        check("{ env = \"TOKEN\" }", "{ env = \"A\", file = \"b\" }", &one);
        let name = "18:24: target.token.credential: expected the name of a credential: \
                    at most 64 letters, digits, _, - and . (what stands there is not shown)";
        check("{ env = \"TOKEN\" }", "{ credential = \"hunter2~8Q\" }", name);
        check("{ env = \"TOKEN\" }", "{ credential = \"../../hunter2\" }", name);
    }

    #[test]
    fn one_way_to_authenticate_is_needed_and_only_one() {
        let none = "15:1: target: no credential, expected one of token, header, basic and oauth";
        check("token = { env = \"TOKEN\" }", "", none);
        let two = "20:9: target.basic: found beside token, expected only one of them";
        check("[mapping]", "basic = { username = \"x\", password = { env = \"P\" } }\n[mapping]", two);
        let half = "18:10: target.header.value: missing, expected \
                    { credential = \"<name>\" }, { file = \"<path>\" } or { env = \"<VARIABLE>\" }";
        check("token = { env = \"TOKEN\" }", "header = { name = \"X-Key\" }", half);
    }

    #[test]
    fn in_a_schedule_are_found_although_other_keys_are_broken() {
        let both = "6:8: schedule.cron: takes the place of days and times; write one or the other";
        check("days = \"Mon-Fri\"", "days = \"Mon-Fri\"\ncron = [\"0 9 * * *\"]", both);
        check("days = \"Mon-Fri\"", "", "3:1: schedule.days: is missing; say on which days, for example \"Mon-Fri\"");
        let lines = "timezone = \"Australia/Sydney\"\ndays = \"Mon-Fri\"\ntimes = [\"07:00\", \"13:00\"]";
        let instead = "timezone = \"Sydney\"\ndays = \"Mon-Fri\"\ntimes = [\"07:00\", \"24:00\"]";
        let expected = "4:12: schedule.timezone: found \"Sydney\", expected an IANA time zone such as \
                        \"Australia/Sydney\"; nearest value: \"Australia/Sydney\"\n\
                        6:19: schedule.times[1]: \"24:00\" is not a time of day; \
                        write hours and minutes, for example \"07:00\" or \"16:30\"";
        check(lines, instead, expected);
    }

    #[test]
    fn groups_are_named_once_and_at_least_one() {
        let group = "\"bbbbbbbb-1111-2222-3333-444444444444\"";
        let none = "13:10: source.groups: found an empty list, expected at least 1 entry";
        check(&format!("[{group}]"), "[]", none);
        let again = "14:18: source.except_groups[0]: found the group BBBBBBBB-1111-2222-3333-444444444444 again, \
                     which is source.groups[0] already";
        let groups = format!("groups = [{group}]");
        check(&groups, &format!("{groups}\nexcept_groups = [{{ id = {} }}]", group.to_uppercase()), again);
        let name = "13:11: source.groups[0]: found \"All staff\", expected an id of the form \
                    \"00000000-0000-0000-0000-000000000000\"";
        check(group, "\"All staff\"", name);
    }

    #[test]
    fn in_the_mapping_are_those_of_the_app_and_of_spelling() {
        let user_name = "userName = \"user.userPrincipalName | lower\"";
        let missing = "20:1: mapping.userName: missing, expected an expression: every account needs a name, \
                       for example \"user.userPrincipalName | lower\"";
        check(user_name, "", missing);
        check("userName", "UserName", "21:12: mapping.UserName: expected the spelling userName");
        let id = "externalId = \"user.id\"";
        let twice = "22:14: mapping.externalId: found the attribute Externalid again: \
                     attribute names do not depend on case";
        check(id, "externalId = \"user.id\"\nExternalid = \"x\"", twice);
        let own = "22:10: mapping.active: cannot be mapped: Rollcall decides it: \
                   people on the roster and in scope are active, leavers are not";
        check(id, "active = \"true\"", own);
        check(id, "title = \" \"", "22:9: mapping.title: found \" \", expected an expression");
        check(id, "title = { when = \"create\" }", "22:9: mapping.title.value: missing, expected an expression");
    }

    #[test]
    fn an_account_is_recognised_by_what_it_is_given() {
        let target = |line: &str| format!("[target]\n{line}");
        let unmapped = "16:10: target.match[0]: found \"employeeNumber\", expected an attribute of [mapping]: \
                        without a line there it has no value";
        check("[target]", &target("match = [\"employeeNumber\", \"userName\"]"), unmapped);
        let unsearchable = "15:1: target.match: found no attribute that this app can be searched by, \
                            expected at least one of id";
        check("[target]", &target("filterable = [\"id\"]"), unsearchable);
        let needed = "16:14: target.leave_out[0]: userName cannot be left out: every account needs it";
        check("[target]", &target("leave_out = [\"username\"]"), needed);
    }

    #[test]
    fn limits_do_not_contradict_themselves() {
        let with = |limit: &str| format!("[limits]\n{limit}\n[mapping]");
        let most = "21:8: limits.left.at_most: found 50, expected 60 (at_least) or more";
        check("[mapping]", &with("left = { at_least = 60 }"), most);
        let percent = "21:20: limits.left.percent: found NaN, expected a number from 0 to 100";
        check("[mapping]", &with("left = { percent = nan }"), percent);
        let history = "21:11: keep.history: found \"7d\", expected at least \"8d\": the limits count seven days back";
        check("[mapping]", "[keep]\nhistory = \"7d\"\n[mapping]", history);
    }

    #[test]
    fn a_mail_user_needs_a_password() {
        let mail = "[mail]\nfrom = \"Rollcall <r@v.example>\"\nsmtp = \"smtp://relay\"\nusername = \"x\"\n[mapping]";
        check("[mapping]", mail, "20:1: mail.password: missing, expected the password of mail.username");
    }

    #[test]
    fn a_customer_or_profile_that_is_not_there_is_named_with_its_nearest() {
        let config = Config::acme(ACME);
        let found = load(config.path(), "acmee", Secrets::LeaveUnread).expect_err("no such customer").to_string();
        let expected =
            format!("customers/acmee.toml: no such file in {}; nearest customer: acme", config.path().display());
        assert_eq!(found, expected);
        let profile = "16:11: target.profile: found \"atmoss\", expected a profile: atmos \
                       (or a file targets/atmoss.toml); nearest value: \"atmos\"";
        check("[target]", "[target]\nprofile = \"atmoss\"", profile);
    }

    #[test]
    fn in_a_profile_have_their_places_too() {
        let own = acme_but("[target]", "[target]\nprofile = \"app\"");
        let with = |text: &str| Config::acme(&own).with("targets/app.toml", text).mistakes();
        let expected = "targets/app.toml:2:13: target.update_by: found \"pacth\", expected \"patch\", \
                        \"patch_without_path\" or \"put\"; nearest value: \"patch\"";
        assert_eq!(with("[target]\nupdate_by = \"pacth\"\n"), expected);
        let expected = "targets/app.toml:1:2: source: a profile has no such section, expected target or mapping";
        assert_eq!(with("[source]\nguests = true\n"), expected);
    }

    #[test]
    fn found_later_have_their_places() {
        let own = ACME.replace("userName = ", "\"name.givenName\" = { value = \"user.x\" }\nuserName = ");
        let settings = Config::acme(&own).good();
        let line = KeyPath::from("mapping").key("name.givenName").key("value");
        assert_eq!(settings.place_of(line).expect("a place").to_string(), "customers/acme.toml:21:30");
        let short = KeyPath::from("mapping").key("userName").key("value");
        let mistake = settings.mistake(short, "is odd").to_string();
        assert_eq!(mistake, "customers/acme.toml:22:12: mapping.userName.value: is odd");
        assert_eq!(settings.place_of("people.same_person").expect("a place").file, "built-in defaults");
        assert_eq!(settings.place_of("nothing.at.all"), None);
    }

    #[test]
    fn of_a_file_that_is_no_text_name_the_line() {
        let config = Config::acme(ACME);
        let host = config.path().join("rollcall.toml");
        fs::write(&host, b"[keep]\n# caf\xe9\n").expect("a file");
        assert_eq!(config.mistakes(), "rollcall.toml: not valid UTF-8 in line 2; save the file as UTF-8");
        fs::remove_file(&host).expect("removed");
        fs::create_dir(&host).expect("a directory");
        assert!(config.mistakes().ends_with("cannot be read: it is not a regular file"));
    }

    #[test]
    fn of_hostile_files_are_bounded() {
        let deep = [
            "[".repeat(100_000),
            format!("x = {}", "[".repeat(100_000)),
            format!("x = {}", "{a=".repeat(100_000)),
            format!("{}x = 1", "a.".repeat(100_000)),
            format!("[{}x]", "a.".repeat(100_000)),
            "\"a[9999999999]\" = 1\n\"target[9999999999].url\" = 1".to_owned(),
        ];
        for text in deep {
            assert!(Config::acme(&text).mistakes().len() < 4_000);
        }
        let large = format!("# {}", "x".repeat(1 << 20));
        assert!(Config::acme(&large).mistakes().ends_with("cannot be read: it is larger than 1 MiB"));
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_ends_are_none() {
        Config::acme(&format!("\u{feff}{}", ACME.replace('\n', "\r\n"))).good();
    }
}

mod secrets {
    use super::*;

    const TOKEN: (&str, &str) = ("TOKEN", "t0ken");

    fn with_file(content: &str) -> Config {
        let text = acme_but("{ credential = \"entra-secret\" }", "{ file = \"s\" }");
        Config::acme(&text).with_secret("s", content)
    }

    #[test]
    fn are_looked_for_with_systemd_then_for_the_customer_then_for_all() {
        let systemd = TempDir::new().expect("a directory");
        let directory = systemd.path().to_string_lossy().into_owned();
        let variables = [TOKEN, ("CREDENTIALS_DIRECTORY", &directory)];

        let config = Config::acme(ACME).with_secret("credentials/entra-secret", "for all\n");
        assert_eq!(config.client_secret(&[TOKEN]), "for all");
        let config = config.with_secret("credentials/acme/entra-secret", "for acme");
        assert_eq!(config.client_secret(&variables), "for acme");
        let file = systemd.path().join("entra-secret");
        fs::write(&file, "from systemd\r\n").expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o440)).expect("a mode");
        assert_eq!(config.client_secret(&variables), "from systemd");
    }

    #[test]
    fn that_systemd_loaded_as_a_folder_come_first_and_an_empty_line_is_not_one() {
        let systemd = TempDir::new().expect("a directory");
        let directory = systemd.path().to_string_lossy().into_owned();
        let variables = [TOKEN, ("CREDENTIALS_DIRECTORY", &directory)];
        let config = Config::acme(ACME).with_secret("credentials/entra-secret", "for all\n");
        // What the unit's SetCredential= leaves where there is nothing to load.
        fs::write(systemd.path().join("entra-secret"), "\n").expect("a file");
        assert_eq!(config.client_secret(&variables), "for all");
        fs::write(systemd.path().join("entra-secret"), "for all, loaded").expect("a file");
        assert_eq!(config.client_secret(&variables), "for all, loaded");
        fs::write(systemd.path().join("customer_entra-secret"), "for acme, loaded").expect("a file");
        assert_eq!(config.client_secret(&variables), "for acme, loaded");
    }

    #[test]
    fn that_are_missing_name_every_place_and_are_all_told_at_once() {
        let expected = "customers/acme.toml:12:17: source.client_secret: there is no credential entra-secret; \
             looked for DIR/credentials/acme/entra-secret, then DIR/credentials/entra-secret \
             ($CREDENTIALS_DIRECTORY is not set)\n\
             customers/acme.toml:18:9: target.token: the environment variable TOKEN is not set, or empty";
        assert_eq!(Config::acme(ACME).secret_mistakes(&[]), expected);
    }

    #[test]
    fn that_are_missing_are_told_beside_other_mistakes() {
        let found = Config::acme(&acme_but("\"entra\"", "\"entre\"")).secret_mistakes(&[TOKEN]);
        assert_eq!(found.lines().count(), 2, "{found}");
    }

    #[test]
    fn that_others_can_read_are_refused_with_the_remedy() {
        let config = Config::acme(ACME).with_secret("credentials/entra-secret", "hunter2");
        for mode in [0o640, 0o604, 0o660, 0o644] {
            config.allow("credentials/entra-secret", mode);
            let expected = format!(
                "customers/acme.toml:12:17: source.client_secret: others can read DIR/credentials/entra-secret \
                 (mode {mode:o}); run: chmod 600 DIR/credentials/entra-secret"
            );
            assert_eq!(config.secret_mistakes(&[TOKEN]), expected);
        }
    }

    #[test]
    fn lose_one_line_break_and_no_more() {
        assert_eq!(with_file(" p w \n").client_secret(&[TOKEN]), " p w ");
        assert_eq!(with_file("pw\r\n").client_secret(&[TOKEN]), "pw");
        for bad in ["", "\n", "hunter2\n\n", "hunter2\nx", "hunter2\0", "\u{feff}hunter2", "hunter2\r"] {
            let mistake = with_file(bad).secret_mistakes(&[TOKEN]);
            assert!(mistake.contains("source.client_secret: DIR/s ") && !mistake.contains("hunter2"), "{mistake}");
        }
    }

    #[test]
    fn are_read_from_files_only() {
        let config = with_file("x");
        fs::remove_file(config.path().join("s")).expect("removed");
        assert!(config.secret_mistakes(&[TOKEN]).ends_with("there is no file DIR/s"));
        fs::create_dir(config.path().join("s")).expect("a directory");
        assert!(config.secret_mistakes(&[TOKEN]).ends_with("DIR/s is not a regular file"));
    }

    #[test]
    fn are_never_shown() {
        let settings = with_file("hunter2").load_with_secrets(&[("TOKEN", "hunter3")]).expect("good");
        assert!(!format!("{settings:?}").contains("hunter"));
    }

    #[test]
    fn a_certificate_file_without_a_certificate_is_told() {
        let text = acme_but("[target]", "[target]\nca_file = \"ca.pem\"");
        let config = Config::acme(&text).with("ca.pem", "junk").with_secret("credentials/entra-secret", "x");
        let expected = "customers/acme.toml:16:11: target.ca_file: DIR/ca.pem holds no certificate, \
                        expected a PEM file with \"-----BEGIN CERTIFICATE-----\"";
        assert_eq!(config.secret_mistakes(&[TOKEN]), expected);
    }
}

mod the_fingerprint {
    use super::*;

    fn of(text: &str) -> String {
        Config::acme(text).good().fingerprint()
    }

    #[track_caller]
    fn same(line: &str, instead: &str) {
        assert_eq!(of(ACME), of(&acme_but(line, instead)));
    }

    #[track_caller]
    fn differs(line: &str, instead: &str) {
        assert_ne!(of(ACME), of(&acme_but(line, instead)));
    }

    /// When it changes, the next plan of every customer is held: never without need, never without a word in CHANGELOG.
    #[test]
    fn is_the_same_in_every_version() {
        assert_eq!(of(ACME), "cfb0ae8b3332ef8ee20243366bf160d7354104e52cfc12f4ff7ebeff770a95a1");
    }

    #[test]
    fn does_not_depend_on_form_secrets_schedules_names_or_limits() {
        same("name = \"Acme Pty Ltd\"", "# renamed\nname = 'Acme'\nstage = \"live\"");
        same("\"07:00\", \"13:00\"", "\"08:00\"");
        same("{ env = \"TOKEN\" }", "{ file = \"token\" }");
        same("externalId = \"user.id\"", "externalId = { value = \"user.id\", when = \"always\" }");
        let (user_name, id) = ("userName = \"user.userPrincipalName | lower\"", "externalId = \"user.id\"");
        same(&format!("{user_name}\n{id}"), &format!("{id}\n{user_name}"));
        let named = "[{ id = \"BBBBBBBB-1111-2222-3333-444444444444\", name = \"All\" }]";
        same("[\"bbbbbbbb-1111-2222-3333-444444444444\"]", named);
        same("[mapping]", "[limits]\nleft = { percent = 1 }\n[mapping]");
        same("[mapping]", "[leavers]\ndisabled = \"now\"\n[mapping]");
    }

    #[test]
    fn changes_with_all_that_decides_who_gets_what() {
        differs("tenant_id = \"1", "tenant_id = \"2");
        differs("[\"bbbbbbbb", "[\"abbbbbbb");
        differs("[target]", "nested = true\n[target]");
        differs("[target]", "guests = true\n[target]");
        differs("[target]", "except_groups = [\"abbbbbbb-1111-2222-3333-444444444444\"]\n[target]");
        differs("[target]", "[target]\nmatch = [\"userName\"]");
        differs("[target]", "[target]\nupdate_by = \"put\"");
        differs("[target]", "[target]\nleave_out = [\"title\"]");
        differs("[target]", "[target]\nprofile = \"atmos\"");
        differs("[mapping]", "[scope]\nwhere = \"true\"\n[mapping]");
        differs("[mapping]", "[leavers]\ndisabled = \"after 1d\"\n[mapping]");
        differs("user.id", "user.mail");
        differs("externalId = \"user.id\"", "externalId = { value = \"user.id\", when = \"create\" }");
        differs("externalId = \"user.id\"", "externalId = { value = \"user.id\", on_null = \"keep\" }");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_loader_panic(text in any::<String>()) {
        let _ = Config::acme(&text).load();
    }

    #[test]
    fn no_change_of_a_good_file_makes_the_loader_panic(
        at in 0..ACME.len(),
        length in 0..20_usize,
        instead in prop_oneof![
            "[\\[\\]{}=\"'.,\\\\#\n a-z0-9]{0,12}",
            Just("\"a[9999999999]\" = 1".to_owned()),
            Just("é\u{202e}\u{0}".to_owned()),
            Just("9999-99-99".to_owned()),
            Just("-9223372036854775808".to_owned()),
            Just("1e400".to_owned()),
        ],
    ) {
        let end = (at + length).min(ACME.len());
        let _ = Config::acme(&format!("{}{instead}{}", &ACME[..at], &ACME[end..])).load();
    }
}
