//! The commands of an operator, run as programs on a data folder of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A data folder below the system's temporary one, since the database may have to run as another
/// user, who must be able to pass through every folder above.
struct Installation(PathBuf);

impl Installation {
    fn new(name: &str) -> Self {
        let folder = format!("befriend-cli-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(folder))
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_befriend"))
            .args(arguments)
            .arg("--data-dir")
            .arg(&self.0)
            // Nothing answers there, and nothing may be taken for it.
            .env("BEFRIEND_LISTEN", "127.0.0.1:1")
            .env("BEFRIEND_PUBLIC_URL", "http://127.0.0.1:1")
            .env("BEFRIEND_LOG", "error")
            .env_remove("DATABASE_URL")
            .output()
            .unwrap()
    }

    /// What a command prints with `--json`.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(Path::new(&self.0)));
    }
}

#[test]
fn an_operator_sets_up_a_brand_by_commands_alone() {
    let installation = Installation::new("set-up");

    let link = installation.json(&["staff", "setup-link"]);
    let brand = installation.json(&["brand", "create", "--slug", "bakery", "--name", "Bakery"]);
    let server = installation.json(&[
        "application",
        "create",
        "--brand",
        "bakery",
        "--name",
        "Back office",
        "--kind",
        "server",
        "--redirect-uri",
        "https://office.example/callback",
    ]);
    let key = installation.json(&[
        "key", "create", "--brand", "bakery", "--kind", "secret", "--name", "Till",
    ]);
    let desk = installation.json(&[
        "key",
        "create",
        "--brand",
        "bakery",
        "--kind",
        "secret",
        "--name",
        "Desk",
        "--scope",
        "events:write",
        "--event",
        "Order *",
        "--events-per-second",
        "50",
    ]);
    let id = desk["id"].as_str().unwrap();
    let as_made = installation.json(&["key", "list", "--brand", "bakery"]);
    installation.json(&[
        "key",
        "change",
        "--brand",
        "bakery",
        id,
        "--scope",
        "rules:read",
    ]);
    let as_changed = installation.json(&["key", "list", "--brand", "bakery"]);
    let unknown = installation.run(&[
        "key",
        "change",
        "--brand",
        "bakery",
        id,
        "--scope",
        "everything",
    ]);
    let connections = installation.json(&["connection", "list", "--brand", "bakery"]);
    let twice = installation.run(&["brand", "create", "--slug", "bakery", "--name", "Bakery"]);
    let doctor = installation.json(&["doctor"]);

    let url = link["url"].as_str().unwrap();
    assert!(
        url.starts_with("http://127.0.0.1:1/dashboard/set-up?token="),
        "{url}"
    );
    assert!(
        brand["browser_key"]
            .as_str()
            .unwrap()
            .starts_with("bf_pub_")
    );
    assert_eq!(server["client_id"], "bakery.back-office");
    assert_eq!(server["client_secret"].as_str().unwrap().len(), 43);
    assert!(key["key"].as_str().unwrap().starts_with("bf_sec_"));
    assert_eq!(as_made[0]["scopes"], serde_json::json!(["events:write"]));
    assert_eq!(as_made[0]["events"], serde_json::json!(["Order *"]));
    assert_eq!(as_made[0]["events_per_second"], 50);
    assert_eq!(as_changed[0]["scopes"], serde_json::json!(["rules:read"]));
    assert_eq!(as_changed[0]["events"], serde_json::json!([]));
    assert_eq!(as_changed[0]["events_per_second"], Value::Null);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(connections[0]["provider"], "test");
    assert_eq!(connections[0]["enabled"], true);
    assert_eq!(twice.status.code(), Some(1));
    let said = String::from_utf8(twice.stderr).unwrap();
    assert!(said.contains("another brand has this short name"), "{said}");
    let looked_at: Vec<&str> = doctor
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["what"].as_str().unwrap())
        .collect();
    for what in [
        "public URL",
        "installation key",
        "database",
        "clock",
        "schema",
        "staff",
    ] {
        assert!(looked_at.contains(&what), "{what} in {looked_at:?}");
    }
}

#[test]
fn the_doctor_finds_what_is_wrong_and_says_the_fix() {
    let installation = Installation::new("doctor");
    std::fs::create_dir_all(&installation.0).unwrap();
    std::fs::write(installation.0.join("installation.key"), "not a key").unwrap();

    let output = installation.run(&["doctor"]);

    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("WRONG installation key"), "{said}");
    assert!(said.contains("Put it back from a backup"), "{said}");
}

#[test]
fn wrong_arguments_name_every_fault_and_change_nothing() {
    let installation = Installation::new("wrong");

    let output = installation.run(&[
        "brand", "create", "--slug", "No", "--name", "", "--colour", "red",
    ]);

    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in ["--slug:", "--name:", "--colour:"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn a_healthcheck_fails_where_nothing_answers() {
    let installation = Installation::new("health");

    let output = installation.run(&["healthcheck"]);

    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_measurement_sends_to_this_machine_alone_and_needs_a_service() {
    let installation = Installation::new("bench");

    let elsewhere = installation.run(&["bench", "intake", "--address", "192.0.2.1:7700"]);
    let nobody = installation.run(&["bench", "intake"]);

    for (output, said) in [
        (elsewhere, "not an address of this machine"),
        (nobody, "no service is ready on 127.0.0.1:1"),
    ] {
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(said), "{text}");
    }
    assert!(!installation.0.exists(), "no database was made");
}

#[test]
fn a_measurement_leaves_nothing_behind() {
    use std::io::Read as _;

    let installation = Installation::new("bench-whole");
    std::fs::create_dir_all(&installation.0).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    let mut service = Command::new(env!("CARGO_BIN_EXE_befriend"))
        .args(["serve", "--listen", &address, "--data-dir"])
        .arg(&installation.0)
        .env("BEFRIEND_LOG", "befriend=info")
        .env_remove("DATABASE_URL")
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut log = service.stderr.take().unwrap();
    let (mut said, mut some) = (String::new(), [0; 1_024]);
    while !said.contains("listening") {
        let read = log.read(&mut some).unwrap();
        assert!(read > 0, "the service ended: {said}");
        said += &String::from_utf8_lossy(&some[..read]);
    }

    let report = installation.json(&[
        "bench",
        "intake",
        "--address",
        &address,
        "--seconds",
        "1",
        "--people",
        "100",
        "--connections",
        "4",
        "--only",
        "single,batch",
    ]);
    let brands = installation.json(&["brand", "list"]);

    let pid = nix::unistd::Pid::from_raw(i32::try_from(service.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert!(service.wait().unwrap().success());
    let goals = report["goals"].as_array().unwrap();
    assert_eq!(goals.len(), 2, "{report}");
    assert!(
        goals
            .iter()
            .all(|goal| goal["figure"].as_f64().unwrap() > 0.0)
    );
    assert!(
        brands.to_string().find("befriend-bench").is_none(),
        "{brands}"
    );
}

#[test]
fn rules_are_checked_compared_and_begun_with_by_commands() {
    let installation = Installation::new("rules");
    std::fs::create_dir_all(&installation.0).unwrap();
    let file = |name: &str, text: &str| {
        let path = installation.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let club = installation.run(&["rules", "presets", "club"]);
    let club = String::from_utf8(club.stdout).unwrap();
    let good = file("good.yaml", &club);
    let doubtful = file(
        "doubtful.yaml",
        &club.replace("event: Guest Brought", "event: Guest brought"),
    );
    let broken = file(
        "broken.yaml",
        &club.replace("half_life_days:", "half_live_days:"),
    );

    let codes = [
        vec!["rules", "lint", &good],
        vec!["rules", "lint", &good, "--strict"],
        vec!["rules", "lint", &doubtful],
        vec!["rules", "lint", &doubtful, "--strict"],
        vec!["rules", "lint", &broken],
    ]
    .map(|arguments| installation.run(&arguments).status.code());
    let told = installation.run(&["rules", "lint", &broken]);
    let presets = installation.json(&["rules", "presets"]);
    let schema = installation.json(&["rules", "schema"]);
    let same = installation.run(&["rules", "diff", "club", &good]);
    let other = installation.run(&["rules", "diff", "club", "shop", "--json"]);

    assert_eq!(codes, [Some(0), Some(0), Some(0), Some(1), Some(2)]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("broken.yaml:"), "{told}");
    assert!(told.contains("did you mean `half_life_days`?"), "{told}");
    assert_eq!(presets.as_array().unwrap().len(), 5);
    assert_eq!(schema["$id"], "urn:befriend:rule-set");
    assert_eq!(same.status.code(), Some(0));
    assert_eq!(other.status.code(), Some(3));
}

#[test]
fn passwords_are_brought_in_only_where_addresses_can_be_proven() {
    let installation = Installation::new("passwords");
    installation.json(&["brand", "create", "--slug", "bakery", "--name", "Bakery"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    std::fs::write(&file, "email,hash\n").unwrap();

    let path = file.to_str().unwrap();
    let early = installation.run(&["import", "passwords", path, "--brand", "bakery"]);

    assert_eq!(early.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&early.stderr).contains("codes by mail"));
}
