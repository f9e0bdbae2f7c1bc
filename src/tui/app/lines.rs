//! In which line of a text something stands.

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// Those of this text.
    pub fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1).collect())
    }

    /// The line, from 1, of the byte there.
    pub fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|begin| *begin <= byte) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_feed_is_the_end_of_its_line() {
        let lines = Lines::of("a\n\nbc\n");
        assert_eq!((0..9).map(|byte| lines.at(byte)).collect::<Vec<_>>(), [1, 1, 2, 3, 3, 3, 4, 4, 4]);
        assert_eq!(Lines::of("").at(0), 1);
    }
}
