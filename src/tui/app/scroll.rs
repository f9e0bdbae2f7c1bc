//! Scrolling a list of items of different heights that is anchored at its bottom edge.
//!
//! A position says which item lies at the bottom edge and how many of its rows are hidden below it.
//! Only the items between the old and the new position, and those on the screen, are ever measured: a
//! conversation of 100,000 messages scrolls like one of ten.

/// What lies at the bottom edge of the viewport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the item.
    pub item: usize,
    /// How many of its rows are below the edge; less than its height.
    pub hidden: usize,
}

/// The part of one item that is visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Index of the item.
    pub item: usize,
    /// Rows of it above the viewport.
    pub skip: usize,
    /// Rows of it in the viewport.
    pub rows: usize,
}

/// The newest row at the bottom edge; `None` when there are no items.
pub fn newest(count: usize) -> Option<Place> {
    count.checked_sub(1).map(|item| Place { item, hidden: 0 })
}

/// Moves the view towards the first item by this many rows, no further than the first row at the top of
/// a viewport of this many rows.
pub fn up(
    place: Place,
    rows: usize,
    viewport: usize,
    count: usize,
    height: &mut impl FnMut(usize) -> usize,
) -> Place {
    let Place { mut item, mut hidden } = place;
    hidden += rows;
    loop {
        let tall = height(item);
        if hidden < tall {
            break;
        }
        if item == 0 {
            hidden = tall.saturating_sub(1);
            break;
        }
        hidden -= tall;
        item -= 1;
    }
    let place = Place { item, hidden };
    let shown: usize = visible(place, viewport, height).iter().map(|slice| slice.rows).sum();
    down(place, viewport - shown, count, height)
}

/// Moves the view towards the last item by this many rows, no further than its last row.
pub fn down(place: Place, rows: usize, count: usize, height: &mut impl FnMut(usize) -> usize) -> Place {
    let Place { mut item, mut hidden } = place;
    let mut left = rows;
    while left > hidden {
        if item + 1 >= count {
            return Place { item, hidden: 0 };
        }
        left -= hidden;
        item += 1;
        hidden = height(item);
    }
    Place { item, hidden: hidden - left }
}

/// The place at which this row of an item is at the top edge, or as near to it as the end allows.
pub fn with_top(
    item: usize,
    row: usize,
    viewport: usize,
    count: usize,
    height: &mut impl FnMut(usize) -> usize,
) -> Place {
    let alone = Place { item, hidden: height(item).saturating_sub(1 + row) };
    let lowered = down(alone, viewport.saturating_sub(1), count, height);
    up(lowered, 0, viewport, count, height)
}

/// What is visible above the bottom edge, from top to bottom. Less than the viewport only when the
/// first item comes into view.
pub fn visible(place: Place, viewport: usize, height: &mut impl FnMut(usize) -> usize) -> Vec<Slice> {
    let mut slices = Vec::new();
    let mut room = viewport;
    let mut hidden = place.hidden;
    let mut item = place.item;
    while room > 0 {
        let tall = height(item).saturating_sub(hidden);
        let rows = tall.min(room);
        slices.push(Slice { item, skip: tall - rows, rows });
        room -= rows;
        hidden = 0;
        match item.checked_sub(1) {
            Some(above) => item = above,
            None => break,
        }
    }
    slices.reverse();
    slices
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, by laying out everything: all rows in a row, and the index of the bottom edge.
    struct Naive {
        rows: Vec<(usize, usize)>,
        bottom: usize,
        viewport: usize,
    }

    impl Naive {
        fn new(heights: &[usize], viewport: usize) -> Self {
            let rows: Vec<_> =
                heights.iter().enumerate().flat_map(|(i, &h)| (0..h).map(move |r| (i, r))).collect();
            Self { bottom: rows.len(), rows, viewport }
        }

        fn shift(&mut self, by: isize) {
            let lowest = self.viewport.min(self.rows.len());
            let moved = self.bottom.saturating_add_signed(by);
            self.bottom = moved.clamp(lowest, self.rows.len());
        }

        fn seen(&self) -> &[(usize, usize)] {
            &self.rows[self.bottom.saturating_sub(self.viewport)..self.bottom]
        }
    }

    fn seen(slices: &[Slice]) -> Vec<(usize, usize)> {
        slices.iter().flat_map(|s| (s.skip..s.skip + s.rows).map(|row| (s.item, row))).collect()
    }

    proptest! {
        #[test]
        fn it_agrees_with_laying_out_everything(
            heights in prop::collection::vec(1usize..7, 1..30),
            viewport in 1usize..20,
            moves in prop::collection::vec(-25isize..25, 0..20),
        ) {
            let mut naive = Naive::new(&heights, viewport);
            let mut height = |i: usize| heights[i];
            let mut place = newest(heights.len()).unwrap();
            for by in moves {
                naive.shift(by);
                let rows = by.unsigned_abs();
                place = match by < 0 {
                    true => up(place, rows, viewport, heights.len(), &mut height),
                    false => down(place, rows, heights.len(), &mut height),
                };
                prop_assert_eq!(seen(&visible(place, viewport, &mut height)), naive.seen());
            }
        }

        #[test]
        fn a_row_of_an_item_can_be_brought_to_the_top(
            heights in prop::collection::vec(1usize..7, 1..30),
            viewport in 1usize..20,
            pick in 0usize..30,
            row in 0usize..7,
        ) {
            let item = pick % heights.len();
            let row = row % heights[item];
            let place = with_top(item, row, viewport, heights.len(), &mut |i| heights[i]);
            let rows = seen(&visible(place, viewport, &mut |i| heights[i]));
            let below = heights[item..].iter().sum::<usize>() - row;
            if below >= viewport {
                prop_assert_eq!(rows[0], (item, row));
            } else {
                prop_assert_eq!(*rows.last().unwrap(), (heights.len() - 1, heights.last().unwrap() - 1));
            }
        }
    }

    #[test]
    fn the_work_does_not_grow_with_the_conversation() {
        let count = 100_000;
        let mut measured = 0;
        let mut height = |i: usize| {
            measured += 1;
            1 + i % 3
        };
        let mut place = newest(count).unwrap();
        for _ in 0..100 {
            place = up(place, 20, 40, count, &mut height);
            visible(place, 40, &mut height);
        }
        assert!(measured < 100 * 120, "{measured} items were measured for 100 pages");
    }
}
