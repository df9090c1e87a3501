//! How fast scores fade; for investment also as something learnt from the brand's own orders.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::validate::{DAYS_MAX, FACTOR_MAX, Faults};
use crate::stage::dimension::{DIMENSIONS, Dimension};

/// Days after which half of a weight is left, 1 to 3,650 for each dimension.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HalfLives {
    /// F; by default 60.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub familiarity: f64,
    /// I; by default five times the brand's median gap between orders, 180 until that is known.
    pub investment: HalfLife,
    /// T; by default 365.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub trust: f64,
    /// A; by default 180.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub advocacy: f64,
}

impl HalfLives {
    /// All four; for one that is learnt, what holds until it is.
    pub(in crate::stage) const fn to_array(self) -> [f64; DIMENSIONS] {
        [
            self.familiarity,
            self.investment.until_known(),
            self.trust,
            self.advocacy,
        ]
    }

    /// The half-life of `dimension`, in days; for one that is learnt, what holds until it is.
    pub const fn of(&self, dimension: Dimension) -> f64 {
        self.to_array()[dimension.index()]
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        for dimension in Dimension::ALL {
            let days = self.of(dimension);
            if !(1.0..=f64::from(DAYS_MAX)).contains(&days) {
                faults.add(
                    &self.path(dimension),
                    format!("{days} is not a usable half-life"),
                    format!("give 1 to {DAYS_MAX} days"),
                );
            }
        }
        if let Some(learnt) = self.investment.learnt() {
            learnt.check("half_life_days.investment.learnt", faults);
        }
    }

    fn path(&self, dimension: Dimension) -> String {
        let is_learnt = self.investment.learnt().is_some();
        let inner = if is_learnt && dimension == Dimension::Investment {
            ".learnt.until_known"
        } else {
            ""
        };
        format!("half_life_days.{}{inner}", dimension.name())
    }
}

/// A half-life in days: as written, or learnt from the gaps between the brand's orders.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HalfLife {
    /// As written: `investment: 180`.
    Days(f64),
    /// Learnt: `investment: { learnt: { … } }`.
    Learnt(Learnt),
}

impl HalfLife {
    /// What holds as long as nothing is learnt.
    pub const fn until_known(self) -> f64 {
        match self {
            Self::Days(days) => days,
            Self::Learnt(learnt) => learnt.until_known,
        }
    }

    /// How it is learnt, if it is.
    pub const fn learnt(self) -> Option<Learnt> {
        match self {
            Self::Days(_) => None,
            Self::Learnt(learnt) => Some(learnt),
        }
    }
}

/// A half-life as a multiple of the median gap between a customer's consecutive order days. A fixed
/// one is wrong for somebody: what is a long silence at a baker's is none at a university.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Learnt {
    /// The multiple, above 0 and at most 100.
    #[schemars(range(max = FACTOR_MAX), extend("exclusiveMinimum" = 0))]
    pub factor: f64,
    /// Never less than this many days.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub at_least: f64,
    /// Never more than this many days.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub at_most: f64,
    /// What holds until there are orders enough to learn from, in days.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub until_known: f64,
}

impl Learnt {
    /// The half-life for a median gap, both in days.
    pub fn days(&self, median_gap: f64) -> f64 {
        (self.factor * median_gap).clamp(self.at_least, self.at_most.max(self.at_least))
    }

    fn check(&self, path: &str, faults: &mut Faults) {
        if !(self.factor > 0.0 && self.factor <= FACTOR_MAX) {
            faults.add(
                &format!("{path}.factor"),
                format!("{} is not a usable multiple", self.factor),
                format!("give a number above 0, at most {FACTOR_MAX}"),
            );
        }
        if !(1.0..=f64::from(DAYS_MAX)).contains(&self.at_least) {
            faults.add(
                &format!("{path}.at_least"),
                format!("{} is not a usable half-life", self.at_least),
                format!("give 1 to {DAYS_MAX} days"),
            );
        }
        if !(self.at_least..=f64::from(DAYS_MAX)).contains(&self.at_most) {
            faults.add(
                &format!("{path}.at_most"),
                format!("{} is not a usable upper bound", self.at_most),
                format!("give at_least or more, at most {DAYS_MAX} days"),
            );
        }
    }
}

impl Serialize for HalfLife {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Days(days) => to.serialize_f64(*days),
            Self::Learnt(learnt) => {
                let mut map = to.serialize_map(Some(1))?;
                map.serialize_entry("learnt", learnt)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for HalfLife {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(DaysOrLearnt)
    }
}

impl JsonSchema for HalfLife {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HalfLife".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let learnt = generator.subschema_for::<Learnt>();
        json_schema!({
            "description": "A half-life in days: a number, or learnt from the gaps between orders.",
            "anyOf": [
                { "type": "number", "minimum": 1, "maximum": DAYS_MAX },
                {
                    "type": "object",
                    "properties": { "learnt": learnt },
                    "required": ["learnt"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

struct DaysOrLearnt;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLearnt {
    learnt: Learnt,
}

impl<'de> Visitor<'de> for DaysOrLearnt {
    type Value = HalfLife;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "a number of days, or { learnt: { factor, at_least, at_most, until_known } }",
        )
    }

    fn visit_f64<E: Error>(self, days: f64) -> Result<HalfLife, E> {
        Ok(HalfLife::Days(days))
    }

    fn visit_u64<E: Error>(self, days: u64) -> Result<HalfLife, E> {
        let days = u32::try_from(days).map_err(|_| E::custom("that many days cannot be used"))?;
        Ok(HalfLife::Days(f64::from(days)))
    }

    fn visit_i64<E: Error>(self, days: i64) -> Result<HalfLife, E> {
        let days = i32::try_from(days).map_err(|_| E::custom("that many days cannot be used"))?;
        Ok(HalfLife::Days(f64::from(days)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HalfLife, A::Error> {
        let written = WrittenLearnt::deserialize(MapAccessDeserializer::new(map))?;
        Ok(HalfLife::Learnt(written.learnt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::RuleSet;

    const DEFAULT: &str = include_str!("../../../rules/default.yaml");

    fn with(investment: &str) -> Result<RuleSet, crate::stage::ruleset::LoadError> {
        let written =
            "investment: { learnt: { factor: 5, at_least: 30, at_most: 900, until_known: 180 } }";
        assert!(DEFAULT.contains(written));
        RuleSet::from_yaml(&DEFAULT.replace(written, &format!("investment: {investment}")))
    }

    #[test]
    fn a_half_life_is_a_number_or_learnt() {
        let number = with("170").unwrap();
        let fraction = with("170.5").unwrap();
        let learnt = RuleSet::default_set();

        assert_eq!(number.half_life_days.investment, HalfLife::Days(170.0));
        assert_eq!(fraction.half_life_days.investment, HalfLife::Days(170.5));
        let learnt = learnt.half_life_days.investment.learnt().unwrap();
        let days = [1.0, 34.0, 28.0, 8.0, 180.0, 0.0].map(|gap| learnt.days(gap));
        assert_eq!(Vec::from(days), [30.0, 170.0, 140.0, 40.0, 900.0, 30.0]);
    }

    #[test]
    fn until_it_is_learnt_it_computes_as_the_number_does() {
        let number = with("180").unwrap();

        assert_eq!(number.fingerprint(), RuleSet::default_set().fingerprint());
        assert_ne!(with("170").unwrap().fingerprint(), number.fingerprint());
    }

    #[test]
    fn both_forms_survive_json() {
        for set in [with("45").unwrap(), RuleSet::default_set()] {
            let json = serde_json::to_string(&set).unwrap();
            assert_eq!(RuleSet::from_json(&json).unwrap(), set);
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for (investment, place) in [
            ("0", "half_life_days.investment"),
            (
                "{ learnt: { factor: 0, at_least: 30, at_most: 900, until_known: 180 } }",
                "half_life_days.investment.learnt.factor",
            ),
            (
                "{ learnt: { factor: 5, at_least: 300, at_most: 90, until_known: 180 } }",
                "half_life_days.investment.learnt.at_most",
            ),
            (
                "{ learnt: { factor: 5, at_least: 30, at_most: 9000, until_known: 180 } }",
                "half_life_days.investment.learnt.at_most",
            ),
            (
                "{ learnt: { factor: 5, at_least: 30, at_most: 900, until_known: 0 } }",
                "half_life_days.investment.learnt.until_known",
            ),
        ] {
            let Err(crate::stage::ruleset::LoadError::Invalid(faults)) = with(investment) else {
                panic!("{investment} was taken");
            };
            let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
            assert_eq!(paths, [place], "{faults:?}");
        }
        for investment in ["often", "{ learnt: { factor: 5 } }", "{ known: 4 }"] {
            assert!(with(investment).is_err(), "{investment} was taken");
        }
    }
}
