//! The CDNOW sample through the command line: imported, fitted, and compared with what is published.

use std::collections::HashSet;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use befriend::brand;
use befriend::insight;
use befriend::postgres::embedded::Cluster;
use serde_json::Value;

/// The customers of the published sample.
const SAMPLE: &str = include_str!("../../../src/value/tests/cdnow_sample.txt");

/// The sample's lines of the master file; none, said loudly, where that is not.
#[expect(
    clippy::disallowed_macros,
    reason = "whoever runs the tests must see what was not tested"
)]
fn sample() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cdnow_master.txt.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("SKIPPED: the CDNOW history is not at {}", path.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    let wanted: HashSet<u32> = SAMPLE
        .split_whitespace()
        .map(|id| id.parse().unwrap())
        .collect();
    let is_wanted = |line: &&str| {
        let id = line
            .split_whitespace()
            .next()
            .and_then(|id| id.parse().ok());
        id.is_none_or(|id: u32| wanted.contains(&id))
    };
    Some(
        text.lines()
            .filter(is_wanted)
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

fn json_of(data: &Path, words: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_befriend"))
        .args(words)
        .arg("--data-dir")
        .arg(data)
        .arg("--json")
        .env_remove("DATABASE_URL")
        .env("BEFRIEND_LOG", "error")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_near(found: &Value, expected: f64, tolerance: f64) {
    let found = found.as_f64().unwrap();
    assert!(
        (found - expected).abs() < tolerance,
        "{found} is not {expected}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_imported_sample_has_the_published_parameters() {
    let Some(text) = sample() else { return };
    let scratch = tempfile::Builder::new()
        .prefix("befriend-cdnow-")
        .tempdir()
        .unwrap();
    let data = scratch.path().join("data");
    let history = scratch.path().join("history.txt");
    std::fs::write(&history, text).unwrap();
    let words = ["brand", "create", "--slug", "records", "--name", "Records"];
    json_of(&data, &words);
    json_of(
        &data,
        &["import", history.to_str().unwrap(), "--brand", "records"],
    );

    let words = ["value", "fit", "--brand", "records", "--at", "1997-09-30"];
    let fit = json_of(&data, &words);

    assert_eq!(fit["customers"], 2_357);
    assert_eq!(fit["repeat_buyers"], 946);
    assert_eq!(fit["currency"], "USD");
    assert_near(&fit["orders"]["r"], 0.242_59, 1e-3);
    assert_near(&fit["orders"]["alpha_days"], 4.413_53 * 7.0, 7e-3);
    assert_near(&fit["orders"]["a"], 0.792_89, 1e-3);
    assert_near(&fit["orders"]["b"], 2.425_75, 1e-3);
    // Means that are not rounded to cents move v by 0.004.
    assert_near(&fit["spending"]["p"], 6.248_8, 1e-3);
    assert_near(&fit["spending"]["q"], 3.744_59, 1e-3);
    assert_near(&fit["spending"]["v"], 15.443_5, 1e-3);

    // Customer 4 of the file is customer 1 of the published summary: x 2, t_x 30.43, T 38.86 weeks.
    let cluster = Cluster::start(&data).await.unwrap();
    let pool = cluster.address().pool(2);
    let profile_id = {
        let mut conn = pool.acquire().await.unwrap();
        let brand = brand::store::find_brand_by_slug(&mut conn, "records").await;
        let brand_id = brand.unwrap().unwrap().brand_id;
        let found =
            insight::find_profile_by_alias(&mut conn, brand_id, "user", "cdnow-00004").await;
        found.unwrap().unwrap().to_string()
    };
    pool.close().await;
    cluster.stop().await;
    let shown = json_of(&data, &["value", "show", &profile_id, "--brand", "records"]);

    assert_eq!(shown["order_days"], 3);
    assert_near(&shown["p_alive"], 0.726_6, 1e-3);
    assert_near(&shown["expected_orders"], 1.225_9, 1e-3);
    assert_near(&shown["expected_value"], 1.225_9 * 24.658, 0.05);
}
