//! The part of a line that shows what was found in it.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::tui::app::text::{cluster_width, width};

/// As much of a line as so many cells hold, with the first of these places in it; each part with whether it is
/// one of them.
pub fn excerpt(text: &str, places: &[Range<usize>], room: usize) -> Vec<(String, bool)> {
    let first = places.first().cloned().unwrap_or(0..0);
    let mut clusters: Vec<(usize, &str)> = text.grapheme_indices(true).collect();
    let mut left = room;
    let mut parts: Vec<(String, bool)> = Vec::new();
    // What is before the first place goes as far as a third of the line, where all of it has no room.
    if width(&text[..first.end]) > room {
        let mut before = 0;
        let from = clusters.iter().rposition(|(at, cluster)| {
            if *at >= first.start {
                return false;
            }
            before += cluster_width(cluster);
            before > room / 3
        });
        if let Some(from) = from.filter(|_| room > 0) {
            clusters.drain(..=from);
            parts.push(("…".to_owned(), false));
            left -= 1;
        }
    }
    let wide =
        |clusters: &[(usize, &str)]| clusters.iter().map(|(_, c)| cluster_width(c)).sum::<usize>();
    let cut = wide(&clusters) > left;
    if cut {
        left = left.saturating_sub(1);
    }
    for (at, cluster) in clusters {
        let cells = cluster_width(cluster);
        if cells > left {
            break;
        }
        left -= cells;
        let is_found = places.iter().any(|place| place.contains(&at));
        match parts.last_mut().filter(|(_, found)| *found == is_found) {
            Some((part, _)) => part.push_str(cluster),
            None => parts.push((cluster.to_owned(), is_found)),
        }
    }
    if cut && room > parts.iter().map(|(part, _)| width(part)).sum::<usize>() {
        parts.push(("…".to_owned(), false));
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Words;

    #[test]
    fn an_excerpt_shows_what_was_found() {
        let text = "first the valve and then, at long last, the pump is back again";
        let shown = |room| {
            let parts = excerpt(text, &Words::new("pump").places(text), room);
            let mark = |(part, found): (String, bool)| if found { format!("[{part}]") } else { part };
            parts.into_iter().map(mark).collect::<String>()
        };
        assert_eq!(shown(80), "first the valve and then, at long last, the [pump] is back again");
        assert_eq!(shown(30), "…last, the [pump] is back again");
        assert_eq!(shown(20), "…, the [pump] is back…");
        assert_eq!(shown(50), "first the valve and then, at long last, the [pump] …");
        assert_eq!(shown(0), "");
    }

    proptest! {
        #[test]
        fn an_excerpt_fits_and_is_part_of_the_text(text in "\\PC{0,60}", word in "\\PC{1,3}", room in 0usize..40) {
            let text = format!("{text} {word}");
            let parts = excerpt(&text, &Words::new(&word).places(&text), room);
            let shown: String = parts.into_iter().map(|(part, _)| part).collect();
            prop_assert!(width(&shown) <= room, "{shown:?}");
            prop_assert!(text.contains(shown.trim_matches('…')), "{shown:?}");
        }
    }
}
