use super::*;
use crate::stage::ruleset::Preset;

#[test]
fn every_preset_is_clean() {
    for preset in Preset::ALL {
        let lint = lint(preset.yaml(), &Vocabulary::standard());

        assert_eq!(lint.findings, [], "{}", preset.slug());
        assert_eq!(lint.set, Some(preset.set()));
    }
}
