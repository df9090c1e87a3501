//! The limits of a layer.

use serde_json::{Value, json};

use super::{assert_limit, long};

#[test]
#[expect(clippy::too_many_lines, reason = "one row for each figure")]
fn a_layer_has_limits_of_its_own() {
    let layer = |key: &str, written: &Value| {
        let mut layer = json!({
            "id": "club", "name": "Club", "half_life_days": 90,
            "acts": [{ "event": "Order Completed" }],
            "invitation": { "when": "known", "open_days": 30 },
        });
        let mut node = &mut layer;
        for step in key.split('.') {
            node = &mut node[step];
        }
        *node = written.clone();
        json!([layer])
    };
    let keep =
        |acts: u16, days: u16| json!({ "at_least": acts, "within_days": days, "notice_days": 30 });
    let tier = |enter: f64, exit: f64| json!([{ "stage": "friend", "enter": enter, "exit": exit }]);
    let tiers = |stage: &str, enter: f64| {
        json!([
            { "stage": "friend", "enter": 20, "exit": 10 },
            { "stage": stage, "enter": enter, "exit": 5 },
        ])
    };
    let acts = |points: f64| json!([{ "event": "Completed Order", "points": points }]);
    let many = |count: usize| Value::from(vec![json!("x"); count]);
    let many_acts = |count: usize| Value::from(vec![json!({ "event": "Order Completed" }); count]);
    for (key, fits, not, fault) in [
        ("id", json!("c"), json!(""), "id"),
        ("name", long(200), long(201), "name"),
        ("half_life_days", json!(1), json!(0.5), "half_life_days"),
        (
            "half_life_days",
            json!(3650),
            json!(3650.5),
            "half_life_days",
        ),
        ("trust_carried", json!(1), json!(1.01), "trust_carried"),
        ("spill", json!(0), json!(-0.01), "spill"),
        (
            "hibernation_days_max",
            json!(3650),
            json!(3651),
            "hibernation_days_max",
        ),
        ("keep", keep(1, 400), keep(0, 400), "keep.at_least"),
        ("keep", keep(1, 400), keep(1, 401), "keep.within_days"),
        ("keep", keep(1, 1), keep(1, 0), "keep.within_days"),
        (
            "invitation.open_days",
            json!(3650),
            json!(3651),
            "invitation.open_days",
        ),
        (
            "invitation.again_after_days",
            json!(1),
            json!(0),
            "invitation.again_after_days",
        ),
        (
            "invitation.when",
            json!("no_open_dispute"),
            json!("detractor_answer"),
            "invitation.when",
        ),
        (
            "invitation.when",
            json!({"not": "known"}),
            json!({"not": "relationship_ended"}),
            "invitation.when",
        ),
        (
            "invitation.milestones",
            many(100),
            many(101),
            "invitation.milestones",
        ),
        (
            "invitation.milestones",
            json!(["a"]),
            json!([" "]),
            "invitation.milestones[0]",
        ),
        ("entitlements", many(100), many(101), "entitlements"),
        ("acts", many_acts(100), many_acts(101), "acts"),
        ("acts", acts(10_000.0), acts(10_001.0), "acts[0].points"),
        (
            "acts",
            acts(1.0),
            json!([{ "event": "Contact Sent" }]),
            "acts[0].event",
        ),
        ("tiers", tier(20.0, 0.0), tier(20.0, -1.0), "tiers[0].exit"),
        ("tiers", tier(20.0, 19.9), tier(20.0, 20.0), "tiers[0].exit"),
        (
            "tiers",
            tier(10_000.0, 1.0),
            tier(10_001.0, 1.0),
            "tiers[0].enter",
        ),
        (
            "tiers",
            tiers("advocate", 20.5),
            tiers("advocate", 20.0),
            "tiers[1]",
        ),
        (
            "tiers",
            tiers("advocate", 30.0),
            tiers("friend", 30.0),
            "tiers[1]",
        ),
        (
            "tiers",
            tier(20.0, 1.0),
            json!([{ "stage": "acquaintance", "enter": 20, "exit": 1 }]),
            "tiers[0]",
        ),
    ] {
        let fault = format!("layers[0].{fault}");
        assert_limit("/layers", &layer(key, &fits), &layer(key, &not), &fault);
    }

    let two = |id: &str, after: &str| {
        let mut list = layer("id", &json!("club"));
        let mut second = list[0].clone();
        second["id"] = json!(id);
        second["after"] = json!(after);
        list.as_array_mut().unwrap().push(second);
        list
    };
    assert_limit(
        "/layers",
        &two("inner", "club"),
        &two("club", "club"),
        "layers[1].id",
    );
    assert_limit(
        "/layers",
        &two("inner", "club"),
        &two("inner", "inner"),
        "layers[1].after",
    );
    let mut idle = layer("keep", &keep(1, 10));
    idle[0]["acts"] = json!([]);
    assert_limit(
        "/layers",
        &layer("keep", &keep(1, 10)),
        &idle,
        "layers[0].keep",
    );
    let ids = |count: usize| -> Value {
        let list = (0..count).map(|number| layer("id", &json!(number.to_string()))[0].clone());
        list.collect()
    };
    assert_limit("/layers", &ids(16), &ids(17), "layers");
}
