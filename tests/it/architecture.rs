//! The house rules that a compiler does not know.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Layers from the bottom; a module may use its own and lower ones.
const LAYERS: [&[&str]; 8] = [
    &["kernel", "stage", "value"],
    // Settings are read by the rest of the outside world.
    &["config"],
    &["postgres", "egress", "view", "telemetry"],
    &["job", "outbox", "audit", "mail"],
    &[
        "abuse",
        "brand",
        "contact",
        "application",
        "key",
        "staff",
        "profile",
        "credential",
        "session",
        "token",
        "event",
        "federation",
        "segment",
        "dispute",
        "referral",
        "layer",
    ],
    &[
        "account",
        "flow",
        "oidc",
        "projection",
        "maintenance",
        "insight",
        "webhook",
        "setup",
    ],
    &["http", "app"],
    &["main", "cli"],
];

/// Who may name a library that must stay in one place.
const CONFINED: [(&str, &[&str]); 5] = [
    ("axum", &["http/", "cli/serve.rs", "cli/demo"]),
    ("sqlx", &["postgres/", "job/", "outbox/"]),
    ("askama", &["view/"]),
    ("reqwest", &["egress/"]),
    ("lettre", &["mail/transport.rs"]),
];

const LINES_MAX: usize = 600;

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path.strip_prefix(&root).unwrap().to_owned(), text)
        })
        .collect()
}

fn module_of(path: &Path) -> String {
    let first = path
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn layers() -> BTreeMap<&'static str, usize> {
    LAYERS
        .iter()
        .enumerate()
        .flat_map(|(level, names)| names.iter().map(move |name| (*name, level)))
        .collect()
}

/// The part of a file before its unit tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

/// Every `crate::name` in code, comments aside.
fn crate_uses(text: &str) -> Vec<String> {
    code(text)
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| {
            line.match_indices("crate::")
                .map(|(at, _)| line[at + 7..].to_owned())
        })
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect::<String>()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn arrows_point_down_only() {
    let layers = layers();
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let own = module_of(&path);
        if own == "lib" {
            continue;
        }
        let Some(level) = layers.get(own.as_str()) else {
            faults.push(format!("{}: module {own} is on no layer", path.display()));
            continue;
        };
        for used in crate_uses(&text) {
            let fits = used == own || layers.get(used.as_str()).is_some_and(|l| l < level)
                // app and http are one layer by design: the composition root and its edge.
                || (own == "http" && used == "app");
            if !fits {
                faults.push(format!("{}: uses crate::{used}", path.display()));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "arrows that point up or sideways:\n{}",
        faults.join("\n")
    );
}

#[test]
fn libraries_stay_where_they_belong() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let shown = path.to_str().unwrap();
        for (library, homes) in CONFINED {
            let at_home = homes.iter().any(|home| shown.starts_with(home))
                || (library == "sqlx" && shown.ends_with("store.rs"));
            let named = code(&text).lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//") && line.contains(&format!("{library}::"))
            });
            if named && !at_home {
                faults.push(format!("{shown} names {library}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = sources()
        .iter()
        .map(|(path, text)| (path, code(text).lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();

    assert!(
        long.is_empty(),
        "over {LINES_MAX} lines of code:\n{}",
        long.join("\n")
    );
}

#[test]
fn every_module_says_what_it_owns() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|(path, text)| path.ends_with("mod.rs") && !text.starts_with("//! "))
        .map(|(path, _)| path.display().to_string())
        .collect();

    assert!(
        silent.is_empty(),
        "no opening comment in {}",
        silent.join(", ")
    );
}

/// Statements that are rightly not bound to one brand: what finds the brand, belongs to the
/// installation, or works through all brands. Only ever shrinks, or grows with a reason.
const UNBOUND: &str = include_str!("unbound_statements.txt");

#[test]
fn every_statement_is_bound_to_a_brand() {
    let allowed: Vec<&str> = UNBOUND
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap().0)
        .collect();
    let mut faults = Vec::new();
    let mut seen = Vec::new();
    for (path, text) in sources() {
        let code = code(&text);
        for (at, _) in code.match_indices("sqlx::query") {
            let before = &code[..at];
            let Some(function) = before.rfind("fn ").map(|start| {
                let name = &before[start + 3..];
                name.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect::<String>()
            }) else {
                continue;
            };
            let end = code[at..]
                .find(".await")
                .map_or(code.len(), |length| at + length);
            let name = format!("{}:{function}", path.display());
            if !code[at..end].contains("brand_id") && !allowed.contains(&name.as_str()) {
                faults.push(name.clone());
            }
            seen.push(name);
        }
    }
    assert!(
        faults.is_empty(),
        "statements that name no brand:\n{}",
        faults.join("\n")
    );
    let stale: Vec<&&str> = allowed
        .iter()
        .filter(|name| !seen.contains(&(**name).to_owned()))
        .collect();
    assert!(
        stale.is_empty(),
        "exceptions for statements that are gone: {stale:?}"
    );
}
