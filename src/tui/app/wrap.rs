//! Breaking text into lines that fit.
//!
//! Lines break where Unicode allows it (UAX #14), never inside a grapheme cluster, and inside a word
//! only when the word is wider than the line. Spaces that do not fit at the end of a line hang over its
//! edge, as in any editor. ratatui's own wrap is not used: it overflows by a cell with wide clusters.

use std::ops::Range;

use unicode_linebreak::linebreaks;
use unicode_segmentation::UnicodeSegmentation;

use super::text::{cluster_width, width};

/// The byte ranges of the lines of this text at `max` cells (at least 1 is taken). There is always at
/// least one line. The ranges in order give the whole text but its line feeds.
pub fn wrap(text: &str, max: usize) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for paragraph in text.split('\n') {
        wrap_paragraph(paragraph, start, max.max(1), &mut lines);
        start += paragraph.len() + 1;
    }
    lines
}

/// The cells a line takes without the spaces at its end.
pub fn visible_width(line: &str) -> usize {
    width(line.trim_end_matches(' '))
}

fn wrap_paragraph(text: &str, offset: usize, max: usize, lines: &mut Vec<Range<usize>>) {
    if width(text) <= max {
        lines.push(offset..offset + text.len());
        return;
    }
    let links = links(text, max);
    let is_inside = |at: usize| links.iter().any(|link| link.start < at && at < link.end);
    let mut breaks = linebreaks(text).map(|(at, _)| at).filter(|at| !is_inside(*at)).peekable();
    // All three are byte positions in `text`; `used` is the width of `start..here`.
    let mut start = 0;
    let mut last_break = 0;
    let mut used = 0;
    let mut cut = |range: Range<usize>| lines.push(offset + range.start..offset + range.end);
    for (here, piece) in pieces(text, max) {
        while let Some(at) = breaks.next_if(|&at| at <= here) {
            if at == here {
                last_break = at;
            }
        }
        let wide = cluster_width(piece);
        while piece != " " && used + wide > max && here > start {
            let at = if last_break > start { last_break } else { here };
            cut(start..at);
            start = at;
            used = width(&text[start..here]);
        }
        used += wide;
    }
    cut(start..text.len());
}

/// The links that fit on a line: one that is broken cannot be clicked on.
fn links(text: &str, max: usize) -> Vec<Range<usize>> {
    if !text.contains("://") {
        return Vec::new();
    }
    let mut start = 0;
    let places = text.split(' ').map(|word| {
        let place = start..start + word.len();
        start = place.end + 1;
        place
    });
    places.filter(|at| text[at.clone()].contains("://") && width(&text[at.clone()]) <= max).collect()
}

/// Grapheme clusters; one that is wider than a whole line comes in characters.
fn pieces(text: &str, max: usize) -> impl Iterator<Item = (usize, &str)> {
    text.grapheme_indices(true).flat_map(move |(at, cluster)| {
        let whole = cluster_width(cluster) <= max;
        let parts = cluster.char_indices().filter(move |_| !whole);
        let parts = parts.map(move |(i, c)| (at + i, &cluster[i..i + c.len_utf8()]));
        whole.then_some((at, cluster)).into_iter().chain(parts)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn wrapped(text: &str, max: usize) -> Vec<&str> {
        wrap(text, max).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("the pump is back", 8), ["the pump ", "is back"]);
        assert_eq!(wrapped("a\n\nb", 8), ["a", "", "b"]);
        assert_eq!(wrapped("well-known", 6), ["well-", "known"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("ab cdefgh", 4), ["ab ", "cdef", "gh"]);
    }

    #[test]
    fn a_link_is_broken_only_where_it_does_not_fit() {
        let text = "see https://example.org/a?b=c now";
        assert_eq!(wrapped(text, 27), ["see ", "https://example.org/a?b=c ", "now"]);
        assert_eq!(wrapped(text, 20), ["see https://", "example.org/a?b=c ", "now"]);
    }

    #[test]
    fn spaces_hang_over_the_edge() {
        assert_eq!(wrapped("abcd      e", 4), ["abcd      ", "e"]);
        assert_eq!(visible_width("abcd      "), 4);
    }

    #[test]
    fn wide_clusters_are_never_split() {
        assert_eq!(wrapped("水泵修好了", 5), ["水泵", "修好", "了"]);
        assert_eq!(wrapped("👨‍👩‍👧👨‍👩‍👧", 3), ["👨‍👩‍👧", "👨‍👩‍👧"]);
        assert_eq!(wrapped("e\u{301}e\u{301}", 1), ["e\u{301}", "e\u{301}"]);
    }

    #[test]
    fn a_cluster_wider_than_the_line_is_split_by_characters() {
        let marks = format!("a{}", "\u{ff9e}".repeat(6));
        assert_eq!(wrapped(&marks, 3), ["a\u{ff9e}\u{ff9e}", "\u{ff9e}\u{ff9e}\u{ff9e}", "\u{ff9e}"]);
    }

    /// Texts with the clusters that go wrong: wide, joined, flagged, combining, half-width marks.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-z]{1,9}".boxed(),
            2 => Just(" ".to_owned()).boxed(),
            1 => Just("\n".to_owned()).boxed(),
            1 => prop::sample::select(vec![
                "水", "泵", "👨‍👩‍👧‍👦", "🇦🇺", "e\u{301}", "ｶﾞ", "नमस्ते", "مرحبا", "-", "…", "\u{200d}", "\u{a0}", "ﾞﾞﾞﾞ",
            ]).prop_map(str::to_owned).boxed(),
            1 => "\\PC".boxed(),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn nothing_is_lost_and_all_fits(text in texts(), max in 3usize..40) {
            let lines = wrapped(&text, max);
            prop_assert_eq!(lines.concat(), text.replace('\n', ""));
            for line in lines {
                prop_assert!(visible_width(line) <= max, "{:?} is wider than {}", line, max);
            }
        }

        #[test]
        fn widths_are_those_that_ratatui_draws(text in texts(), max in 3usize..40) {
            for line in wrapped(&text, max) {
                let shown = line.trim_end_matches(' ');
                let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 1));
                let (end, _) = buffer.set_stringn(0, 0, shown, usize::MAX, Style::new());
                prop_assert_eq!(usize::from(end), visible_width(line));
            }
        }
    }
}
