//! Pictures in the rows of a conversation: small and in half blocks, below the line of their file.
//!
//! They are kept as the cells that are painted, so that a frame decodes, scales and matches colours no more with them than
//! without. Those are kept that were on the screen last.

use std::collections::BTreeMap;

use ratatui::style::Color;

use super::rows::{Piece, Row, Tone, Typesetter};
use super::theme::Theme;
use super::world::World;
use crate::domain::{FileKind, Message, MessageId, Picture};

/// The upper half of a cell.
pub const UPPER_HALF: &str = "▀";

/// Most cells of a row.
const CELLS: u16 = 32;
/// Most rows.
const ROWS: u16 = 8;
/// Of the rows of the screen one has at most this part.
const PART: u16 = 3;
/// Cells beside it, at both edges together.
const BESIDE: usize = 4;
/// How many are kept.
const MOST: usize = 64;

/// The colours of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halves {
    /// That of its upper half.
    pub above: Color,
    /// That of its lower half; below the last row of pixels there may be none.
    pub below: Option<Color>,
}

/// A picture as it is painted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    width: usize,
    cells: Vec<Halves>,
}

impl Thumbnail {
    /// In the colours of this theme; `None` where it has too few, and of a picture that is empty or larger than was asked.
    pub fn new(picture: &Picture, (width, height): (u16, u16), theme: &Theme) -> Option<Self> {
        let (columns, rows) = (picture.width(), picture.height());
        if rows == 0 || columns > usize::from(width) || rows > usize::from(height) {
            return None;
        }
        let colour = |x, y| picture.pixel(x, y).and_then(|colour| theme.pixel(colour));
        let places = (0..rows).step_by(2).flat_map(|y| (0..columns).map(move |x| (x, y)));
        let halves = |(x, y)| Some(Halves { above: colour(x, y)?, below: colour(x, y + 1) });
        Some(Self { width: columns, cells: places.map(halves).collect::<Option<_>>()? })
    }

    /// Cells of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows of cells.
    pub fn height(&self) -> usize {
        self.cells.len() / self.width
    }

    /// The cells of a row; of one that there is not, none.
    pub fn row(&self, at: usize) -> &[Halves] {
        self.cells.chunks(self.width).nth(at).unwrap_or_default()
    }
}

/// What came of a picture.
#[derive(Clone, Debug)]
struct Kept {
    /// In how many pixels it was asked for.
    asked: (u16, u16),
    /// The picture, if it can be shown.
    shown: Option<Thumbnail>,
    /// When it was on the screen last, in looks.
    looked: u64,
}

/// The pictures that are kept to be shown.
#[derive(Clone, Debug, Default)]
pub struct Thumbnails {
    is_on: bool,
    looks: u64,
    kept: BTreeMap<MessageId, Kept>,
}

impl Thumbnails {
    /// How many pixels a picture may have where the messages have so many columns and the screen so many rows.
    pub fn room(columns: usize, rows: u16) -> Option<(u16, u16)> {
        let columns = u16::try_from(columns.checked_sub(BESIDE)?).unwrap_or(CELLS).min(CELLS);
        (columns > 0).then_some((columns, 2 * (rows / PART).clamp(1, ROWS)))
    }

    /// They are shown from now on, or not; then none is kept.
    pub fn turn(&mut self, on: bool) {
        if !on {
            self.kept.clear();
        }
        self.is_on = on;
    }

    /// All of them, where they are shown.
    pub fn shown(&self) -> Option<&Self> {
        self.is_on.then_some(self)
    }

    /// The picture that a message carries, if it is to be shown.
    pub fn get(&self, message: MessageId) -> Option<&Thumbnail> {
        self.kept.get(&message)?.shown.as_ref()
    }

    /// These messages with pictures are on the screen, the lowest first: which is to be asked for in this size.
    pub fn look(&mut self, on_screen: &[MessageId], size: (u16, u16)) -> Option<MessageId> {
        self.looks += 1;
        let mut next = None;
        // Of more than are kept, some would push the others out again and again.
        for &message in on_screen.iter().take(MOST) {
            let lacks = match self.kept.get_mut(&message) {
                Some(kept) => {
                    kept.looked = self.looks;
                    kept.asked != size
                }
                None => true,
            };
            next = next.or(lacks.then_some(message));
        }
        next
    }

    /// This came of a picture. One that cannot be made anew in another size stays as it is.
    pub fn keep(&mut self, message: MessageId, asked: (u16, u16), shown: Option<Thumbnail>) {
        let before = self.kept.remove(&message).and_then(|kept| kept.shown);
        if self.kept.len() >= MOST {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.looked).map(|(id, _)| *id);
            oldest.and_then(|oldest| self.kept.remove(&oldest));
        }
        let shown = shown.or(before);
        self.kept.insert(message, Kept { asked, shown, looked: self.looks });
    }

    /// Nothing is known of it any more.
    pub fn forget(&mut self, message: MessageId) {
        self.kept.remove(&message);
    }
}

impl Typesetter<'_> {
    /// The picture that a message carries, below the line of its file.
    pub(super) fn thumbnail(&self, message: &Message, rows: &mut Vec<Row>) {
        let Some(shown) = self.thumbnails.and_then(|all| all.get(message.id)) else { return };
        let width = shown.width();
        // In a window that has just been made narrower there is no room for it until it comes anew.
        if width + BESIDE > self.width || !has_picture(message, self.world) {
            return;
        }
        let x = if message.is_ours() { self.width - 2 - width } else { 2 };
        rows.extend((0..shown.height()).map(|at| {
            vec![Piece { x, text: UPPER_HALF.repeat(width), tone: Tone::Picture(message.id, at) }]
        }));
    }
}

/// Whether a message carries a picture that is here.
pub fn has_picture(message: &Message, world: &World) -> bool {
    let is_picture = message.file.as_ref().is_some_and(|file| file.name.kind() == FileKind::Picture);
    is_picture && world.file(message.id).is_here()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Attachment, ContentHash, FileKey, FileName, Timestamp};
    use crate::engine::{FileState, FileView};
    use crate::tui::app::glyphs::Glyphs;
    use crate::tui::app::testing::{message, user};
    use crate::tui::app::theme::Depth;
    use crate::tui::app::timeline::Item;
    use crate::tui::app::times::Calendar;

    const ROOM: (u16, u16) = (CELLS, 2 * ROWS);

    /// Each pixel another colour.
    fn picture(width: u16, height: u16) -> Picture {
        let at = |x: u16, y: u16| [u8::try_from(x).unwrap(), u8::try_from(y).unwrap(), 7];
        Picture::new(width, (0..height).flat_map(|y| (0..width).map(move |x| at(x, y))).collect())
    }

    fn thumbnail(width: u16, height: u16) -> Option<Thumbnail> {
        Thumbnail::new(&picture(width, height), ROOM, &Theme::default())
    }

    fn id(n: u8) -> MessageId {
        MessageId::from_bytes([n; 16])
    }

    fn carrying(sender: &str, name: &str) -> Message {
        let (name, hash) = (FileName::new(name), ContentHash::from_bytes([0; 32]));
        let file = Attachment { name, size: 5, hash, key: FileKey::from([0; 32]) };
        Message { file: Some(file), ..message(sender, 0, "see") }
    }

    /// The rows of a message, with or without its picture, as cells that they reach over and whether they are of it.
    fn rows(
        message: &Message,
        state: FileState,
        width: usize,
        shown: Option<Thumbnail>,
    ) -> Vec<(std::ops::Range<usize>, bool)> {
        let (mut world, calendar) = (World::new(user("alice")), Calendar::new(TimeZone::UTC));
        let conversation = message.conversation.clone();
        world.note_files(vec![FileView { message: message.id, conversation, state }]);
        let mut thumbnails = Thumbnails::default();
        thumbnails.turn(true);
        thumbnails.keep(message.id, ROOM, shown);
        let setter = Typesetter {
            world: &world,
            calendar: &calendar,
            glyphs: Glyphs::Unicode,
            width,
            unread: None,
            found: None,
            thumbnails: thumbnails.shown(),
            now: Timestamp::EPOCH,
        };
        let rows = setter.rows(None, Item::Message(message));
        let cells = |row: Row| {
            let end = |piece: &Piece| piece.x + crate::tui::app::width(&piece.text);
            let is_picture = row.iter().all(|piece| matches!(piece.tone, Tone::Picture(..)));
            (row[0].x..row.iter().map(end).max().unwrap(), is_picture)
        };
        rows.into_iter().map(cells).collect()
    }

    #[test]
    fn two_pixels_share_a_cell_and_the_last_row_may_have_one() {
        let shown = thumbnail(3, 5).unwrap();
        assert_eq!((shown.width(), shown.height()), (3, 3));
        let colour = |x, y| Color::Rgb(x, y, 7);
        assert_eq!(shown.row(1)[2], Halves { above: colour(2, 2), below: Some(colour(2, 3)) });
        assert_eq!(shown.row(2)[0], Halves { above: colour(0, 4), below: None });
        assert_eq!(shown.row(3), []);
    }

    #[test]
    fn there_is_none_without_colours_or_of_what_was_not_asked_for() {
        assert_eq!(thumbnail(0, 0), None);
        assert_eq!(thumbnail(CELLS + 1, 2), None);
        assert_eq!(thumbnail(2, 2 * ROWS + 1), None);
        for theme in [Theme::plain(), Theme::default().in_depth(Depth::Sixteen)] {
            assert_eq!(Thumbnail::new(&picture(2, 2), ROOM, &theme), None);
        }
        let of_256 = Thumbnail::new(&picture(2, 2), ROOM, &Theme::default().in_depth(Depth::Indexed));
        assert!(matches!(of_256.unwrap().row(0)[0].above, Color::Indexed(_)));
    }

    #[test]
    fn it_stands_below_the_line_of_its_file_where_the_text_stands() {
        let (theirs, ours) = (carrying("bob", "a.png"), carrying("alice", "a.png"));
        let shared = FileState::Shared { takers: BTreeMap::new() };
        for (message, state, x) in [(&theirs, FileState::Here, 2..22), (&ours, shared, 38..58)] {
            let without = rows(message, state.clone(), 60, None);
            let with = rows(message, state, 60, thumbnail(20, 16));
            assert_eq!(with[..without.len()], without);
            assert_eq!(with[without.len()..], vec![(x, true); 8]);
        }
        let marks = crate::domain::Marks {
            reactions: [(user("alice"), crate::domain::Reaction::new("👍").unwrap())].into(),
            ..theirs.marks.clone()
        };
        let answered = Message { marks, ..theirs };
        let with = rows(&answered, FileState::Here, 60, thumbnail(20, 16));
        assert!(!with.last().unwrap().1 && with[with.len() - 2].1, "{with:?}");
    }

    #[test]
    fn what_is_not_here_or_is_no_picture_is_not_shown() {
        let picture = carrying("bob", "a.png");
        for state in [FileState::Offered, FileState::Fetching { have: 5 }, FileState::Checking] {
            assert!(rows(&picture, state, 60, thumbnail(20, 16)).iter().all(|(_, shown)| !shown));
        }
        let other = carrying("bob", "a.pdf");
        assert!(rows(&other, FileState::Here, 60, thumbnail(20, 16)).iter().all(|(_, shown)| !shown));
    }

    #[test]
    fn those_are_kept_that_were_on_the_screen_last() {
        let mut all = Thumbnails::default();
        for n in 0..200 {
            assert_eq!(
                all.look(&[id(0), id(n)], ROOM),
                Some(id(n)).filter(|_| n == 0 || all.get(id(n)).is_none())
            );
            all.keep(id(n), ROOM, thumbnail(4, 4));
            assert!(all.kept.len() <= MOST);
        }
        assert!(all.get(id(0)).is_some(), "it was on the screen all the time");
        assert!(all.get(id(199)).is_some() && all.get(id(199 - 62)).is_some());
        assert!(all.get(id(1)).is_none() && all.get(id(199 - 63)).is_none());
        // However many there are at once, there is an end of asking.
        let many: Vec<_> = (0..255).map(id).collect();
        let mut asked = 0;
        while let Some(next) = all.look(&many, ROOM) {
            all.keep(next, ROOM, thumbnail(4, 4));
            asked += 1;
            assert!(asked <= MOST);
        }
    }

    #[test]
    fn what_cannot_be_shown_is_not_asked_for_again_and_another_size_is() {
        let mut all = Thumbnails::default();
        all.keep(id(1), ROOM, None);
        assert_eq!(all.look(&[id(1)], ROOM), None);
        assert_eq!(all.look(&[id(1)], (9, 9)), Some(id(1)), "that it cannot be had may pass");
        all.forget(id(1));
        assert_eq!(all.look(&[id(1)], ROOM), Some(id(1)), "it may have come anew");
        all.keep(id(1), ROOM, thumbnail(4, 4));
        assert_eq!(all.look(&[id(1)], (9, 9)), Some(id(1)));
        all.keep(id(1), (9, 9), None);
        assert_eq!(all.look(&[id(1)], (9, 9)), None);
        assert!(all.get(id(1)).is_some(), "it stays as it was");
    }

    #[test]
    fn there_is_room_for_one_beside_other_rows() {
        assert_eq!(Thumbnails::room(57, 24), Some((32, 16)));
        assert_eq!(Thumbnails::room(40, 12), Some((32, 8)));
        assert_eq!(Thumbnails::room(20, 6), Some((16, 4)));
        assert_eq!(Thumbnails::room(usize::MAX, u16::MAX), Some((32, 16)));
        assert_eq!(Thumbnails::room(5, 0), Some((1, 2)));
        assert_eq!((Thumbnails::room(4, 24), Thumbnails::room(0, 24)), (None, None));
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_the_screen(
            ours: bool, columns in 12usize..100, wide in 1u16..=CELLS, high in 1u16..=2 * ROWS,
        ) {
            let message = carrying(if ours { "alice" } else { "bob" }, "a.png");
            let all = rows(&message, FileState::Here, columns, thumbnail(wide, high));
            let shown: Vec<_> = all.iter().filter(|(_, shown)| *shown).collect();
            prop_assert!(all.iter().all(|(cells, _)| cells.end <= columns));
            let fits = usize::from(wide) + BESIDE <= columns;
            prop_assert_eq!(shown.len(), if fits { usize::from(high.div_ceil(2)) } else { 0 });
        }
    }
}
