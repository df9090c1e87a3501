//! Keeping labels from covering each other.

/// Moves positions apart until neighbours are at least `gap` from each other, keeping their order
/// and moving as little as needed, within `low..=high`.
///
/// Returns the new positions in the order given. Where there is not room for all, they are spread
/// evenly from `low`, as far apart as the room allows.
pub fn spread(positions: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by(|&one, &two| positions[one].total_cmp(&positions[two]));
    let between = super::as_f64(positions.len().saturating_sub(1));
    let gap = if between > 0.0 {
        gap.min((high - low) / between)
    } else {
        gap
    };

    // Neighbours that are too near join a group, which sits centred on the mean of what its members
    // wanted; a group that then touches the one before it joins that one in turn.
    let mut groups: Vec<Group> = Vec::with_capacity(order.len());
    for &index in &order {
        let mut group = Group {
            wanted_sum: positions[index],
            members: 1,
        };
        while let Some(before) =
            groups.pop_if(|before| before.last(gap, low, high) + gap > group.first(gap, low, high))
        {
            // A member further down a group wants the group's start that much further up.
            group.wanted_sum +=
                before.wanted_sum - super::as_f64(before.members * group.members) * gap;
            group.members += before.members;
        }
        groups.push(group);
    }

    let mut placed = vec![0.0; positions.len()];
    let mut order = order.into_iter();
    for group in &groups {
        let first = group.first(gap, low, high);
        for (nth, index) in order.by_ref().take(group.members).enumerate() {
            placed[index] = first + super::as_f64(nth) * gap;
        }
    }
    placed
}

/// Labels that touch: they sit `gap` apart from a common start.
struct Group {
    /// The sum over members of where the group would start if only that member counted.
    wanted_sum: f64,
    members: usize,
}

impl Group {
    fn first(&self, gap: f64, low: f64, high: f64) -> f64 {
        let length = super::as_f64(self.members - 1) * gap;
        let wanted = self.wanted_sum / super::as_f64(self.members);
        wanted.min(high - length).max(low)
    }

    fn last(&self, gap: f64, low: f64, high: f64) -> f64 {
        self.first(gap, low, high) + super::as_f64(self.members - 1) * gap
    }
}

#[cfg(test)]
mod tests {
    use super::spread;
    use proptest::prelude::*;

    #[test]
    fn labels_apart_stay_where_they_are() {
        assert_eq!(
            spread(&[80.0, 10.0, 40.0], 8.0, 0.0, 100.0),
            [80.0, 10.0, 40.0]
        );
        assert_eq!(spread(&[], 8.0, 0.0, 100.0), [] as [f64; 0]);
    }

    #[test]
    fn labels_together_move_apart_around_their_middle() {
        assert_eq!(spread(&[50.0, 50.0], 8.0, 0.0, 100.0), [46.0, 54.0]);
        assert_eq!(
            spread(&[50.0, 52.0, 51.0], 8.0, 0.0, 100.0),
            [43.0, 59.0, 51.0]
        );
    }

    #[test]
    fn labels_at_the_edge_stay_inside() {
        assert_eq!(spread(&[99.0, 100.0], 8.0, 0.0, 100.0), [92.0, 100.0]);
        assert_eq!(spread(&[0.0, 1.0], 8.0, 0.0, 100.0), [0.0, 8.0]);
    }

    proptest! {
        #[test]
        fn labels_never_overlap_nor_leave(
            positions in prop::collection::vec(0.0_f64..100.0, 0..12),
            gap in 0.0_f64..9.0,
        ) {
            let placed = spread(&positions, gap, 0.0, 100.0);

            let mut pairs: Vec<_> = positions.iter().zip(&placed).collect();
            pairs.sort_by(|one, two| one.0.total_cmp(two.0).then(one.1.total_cmp(two.1)));
            for pair in pairs.windows(2) {
                prop_assert!(pair[1].1 - pair[0].1 >= gap - 1e-6, "{placed:?}");
            }
            for &at in &placed {
                prop_assert!((-1e-6..=100.0 + 1e-6).contains(&at), "{placed:?}");
            }
        }
    }
}
