//! A family from its head on: one column a generation, one row a last descendant.

use super::{Percent, as_f64};

/// The height of a row, in pixels.
pub const ROW_PIXELS: f64 = 28.0;
/// Where in its column somebody stands, as a share of the column's width.
const INSET: f64 = 0.08;
/// Where in the parent's column the line turns, as a share of the column's width.
const TURN: f64 = 0.9;

/// Where somebody stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// From the start.
    pub x: Percent,
    /// From the top, in pixels.
    pub y: f64,
    /// Whether anybody stands below: then the label goes above the line.
    pub has_children: bool,
}

/// One stroke of a line between two people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Where it begins, from the start.
    pub x1: Percent,
    /// Where it begins, in pixels from the top.
    pub y1: f64,
    /// Where it ends, from the start.
    pub x2: Percent,
    /// Where it ends, in pixels from the top.
    pub y2: f64,
}

/// The whole figure.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeFigure {
    /// In the order of the parents given.
    pub nodes: Vec<Node>,
    /// Lines between parents and children.
    pub strokes: Vec<Stroke>,
    /// The height, in pixels.
    pub height: f64,
}

/// Lays out a family. `parents` holds, for each person, the place of whoever brought them: none for
/// the head, who is first; nobody stands before their parent.
pub fn tree(parents: &[Option<usize>]) -> TreeFigure {
    let mut children = vec![Vec::new(); parents.len()];
    let mut depths = vec![0_usize; parents.len()];
    for (place, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent.filter(|parent| *parent < place) {
            depths[place] = depths[parent] + 1;
            children[parent].push(place);
        }
    }
    let columns = depths.iter().max().map_or(1, |deepest| deepest + 1);
    let mut rows = vec![0.0; parents.len()];
    let mut leaves = 0_usize;
    let heads = (0..parents.len()).filter(|place| depths[*place] == 0);
    for head in heads {
        settle(head, &children, &mut rows, &mut leaves);
    }
    let column = 100.0 / as_f64(columns);
    let x = |place: usize| Percent(column * (as_f64(depths[place]) + INSET));
    let y = |place: usize| ROW_PIXELS * (rows[place] + 0.5);
    let mut strokes = Vec::new();
    for (parent, own) in children.iter().enumerate() {
        let (Some(first), Some(last)) = (own.first(), own.last()) else {
            continue;
        };
        let turn = Percent(column * (as_f64(depths[parent]) + TURN));
        let level = |x1, x2, y| Stroke {
            x1,
            y1: y,
            x2,
            y2: y,
        };
        strokes.push(level(x(parent), turn, y(parent)));
        strokes.push(Stroke {
            x1: turn,
            y1: y(*first),
            x2: turn,
            y2: y(*last),
        });
        strokes.extend(own.iter().map(|child| level(turn, x(*child), y(*child))));
    }
    TreeFigure {
        nodes: (0..parents.len())
            .map(|place| Node {
                x: x(place),
                y: y(place),
                has_children: !children[place].is_empty(),
            })
            .collect(),
        strokes,
        height: ROW_PIXELS * as_f64(leaves.max(1)),
    }
}

/// Gives each last descendant the next row, and everybody else the middle of their children.
fn settle(place: usize, children: &[Vec<usize>], rows: &mut [f64], leaves: &mut usize) {
    let own = &children[place];
    let (Some(first), Some(last)) = (own.first(), own.last()) else {
        rows[place] = as_f64(*leaves);
        *leaves += 1;
        return;
    };
    for child in own {
        settle(*child, children, rows, leaves);
    }
    rows[place] = f64::midpoint(rows[*first], rows[*last]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_stand_in_the_middle_of_their_children() {
        // A head with two children, the first of whom has two of their own.
        let figure = tree(&[None, Some(0), Some(0), Some(1), Some(1)]);

        let rows: Vec<f64> = figure
            .nodes
            .iter()
            .map(|node| node.y / ROW_PIXELS - 0.5)
            .collect();
        let expected = [1.25, 0.5, 2.0, 0.0, 1.0];
        for (row, expected) in rows.iter().zip(expected) {
            assert!((row - expected).abs() < 1e-9, "{rows:?}");
        }
        assert!((figure.height - 3.0 * ROW_PIXELS).abs() < 1e-9);
        assert_eq!(figure.nodes[0].x.to_string(), "2.67%");
        assert_eq!(figure.nodes[3].x.to_string(), "69.33%");
        let parents: Vec<_> = figure.nodes.iter().map(|node| node.has_children).collect();
        assert_eq!(parents, [true, true, false, false, false]);
    }

    #[test]
    fn each_child_has_its_line_and_each_parent_two() {
        let figure = tree(&[None, Some(0), Some(0), Some(1)]);

        assert_eq!(figure.strokes.len(), 3 + 2 * 2);
    }

    #[test]
    fn somebody_alone_is_a_family_of_one() {
        let figure = tree(&[None]);

        assert_eq!((figure.nodes.len(), figure.strokes.len()), (1, 0));
        assert!((figure.height - ROW_PIXELS).abs() < 1e-9);
        assert_eq!(tree(&[]).nodes, []);
    }
}
