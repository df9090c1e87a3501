//! The known word that somebody may have meant.

/// The candidate that differs least from `written`, if it differs little: a third of its letters at
/// most, case aside.
pub(super) fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = written.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to add, drop, change or swap with their neighbour to get from one word to the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (row, letter) in one.iter().enumerate() {
        let above = &rows[row];
        let mut line = vec![row + 1];
        for (column, candidate) in other.iter().enumerate() {
            let changed = above[column] + usize::from(letter != candidate);
            let mut least = changed.min(above[column + 1] + 1).min(line[column] + 1);
            let is_swapped =
                row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *candidate;
            if is_swapped {
                least = least.min(rows[row - 1][column - 1] + 1);
            }
            line.push(least);
        }
        rows.push(line);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_another_word_is_not() {
        let names = ["half_life_days", "signals", "rules"];

        assert_eq!(nearest("half_live_days", names), Some("half_life_days"));
        assert_eq!(nearest("Signal", names), Some("signals"));
        assert_eq!(nearest("weather", names), None);
        assert_eq!(nearest("singals", names), Some("signals"));
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("odrer", "order"), 1);
    }
}
