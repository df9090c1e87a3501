//! The page that says which test makes which attack tells the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Sources below these folders hold tests.
const FOLDERS: [&str; 2] = ["src", "tests"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap();
            if name != "node_modules" && name != "out" {
                files(&path, found);
            }
        } else if path
            .extension()
            .is_some_and(|kind| kind == "rs" || kind == "mjs")
        {
            found.push(path);
        }
    }
}

/// The numbers at the beginning of a test's name: `a12_a13_state` is of rows 12 and 13.
fn rows_of(name: &str) -> BTreeSet<u32> {
    name.split('_')
        .map_while(|part| part.strip_prefix('a')?.parse().ok())
        .collect()
}

/// Every test that is named after rows, with these.
fn tests() -> BTreeMap<String, BTreeSet<u32>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in FOLDERS {
        files(&root.join(folder), &mut found);
    }
    let mut tests = BTreeMap::new();
    for file in found {
        let text = fs::read_to_string(&file).unwrap();
        for part in text.split("fn ").skip(1) {
            let name = part.split('(').next().unwrap_or_default();
            let rows = rows_of(name);
            if !rows.is_empty() {
                tests.insert(name.to_owned(), rows);
            }
        }
    }
    tests
}

/// The page's rows: a number, and what its last column says.
fn page() -> BTreeMap<u32, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/attacks.md");
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| A")?.split(" | ");
            let number = cells.next()?.parse().ok()?;
            Some((number, cells.nth(1)?.trim_end_matches(" |").to_owned()))
        })
        .collect()
}

/// Whether a browser makes it: then the page names the script.
fn is_script(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|kind| kind == "mjs")
}

fn named(cell: &str) -> BTreeSet<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_attack_on_the_page_has_its_tests_and_every_such_test_is_on_the_page() {
    let (tests, page) = (tests(), page());
    assert!(page.len() > 70, "the page's table is read: {}", page.len());
    let mut faults = Vec::new();
    for (row, cell) in &page {
        let on_page = named(cell);
        let there: BTreeSet<&str> = tests
            .iter()
            .filter(|(_, rows)| rows.contains(row))
            .map(|(name, _)| name.as_str())
            .collect();
        let in_browser = on_page.iter().filter(|name| is_script(name));
        for script in in_browser {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests")
                .join(script);
            if !path.exists() {
                faults.push(format!("A{row}: there is no {script}"));
            }
        }
        for name in on_page.iter().filter(|name| !is_script(name)) {
            if !there.contains(name) {
                faults.push(format!("A{row}: there is no test {name}"));
            }
        }
        for name in there.difference(&on_page) {
            faults.push(format!("A{row}: the test {name} is not on the page"));
        }
        let says_why = cell.starts_with("does not apply: ") || cell.starts_with("no test: ");
        if on_page.is_empty() && !says_why {
            faults.push(format!("A{row}: neither a test nor why not"));
        }
    }
    assert!(faults.is_empty(), "docs/attacks.md:\n{}", faults.join("\n"));
}
