//! Which part of the screen shows what.

use ratatui::layout::Rect;

/// The smallest screen that can be used, in cells.
pub const LEAST: (u16, u16) = (20, 6);
/// Below this width, and below this height, one pane is shown at a time and without frames.
const FRAMED: (u16, u16) = (60, 12);

/// A part of the screen that can have the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// Everybody.
    Contacts,
    /// Who is online.
    Online,
    /// Groups.
    Groups,
    /// The open chat, with the composer.
    Conversation,
}

impl Pane {
    /// The panes in the order in which Tab goes through them.
    pub const ORDER: [Self; 4] = [Self::Conversation, Self::Contacts, Self::Online, Self::Groups];
    /// The panes that are lists.
    pub const LISTS: [Self; 3] = [Self::Contacts, Self::Online, Self::Groups];
}

/// What decides where things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// Columns and rows of the screen.
    pub size: (u16, u16),
    /// Which pane has the keyboard.
    pub pane: Pane,
    /// Entries of Online and of Groups.
    pub entries: (usize, usize),
    /// Rows that the text in the composer takes; 0 when there is no composer.
    pub composer: usize,
    /// Rows that the notice takes.
    pub notice: usize,
    /// Rows that the banner above the composer takes.
    pub banner: usize,
}

/// Which part of the screen shows what. What is not shown has no rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regions {
    /// Whether panes have frames, and lists and conversation are side by side.
    pub framed: bool,
    /// The first row: who we are, tabs, the link.
    pub header: Rect,
    /// The frame around the lists.
    pub side: Rect,
    /// The row above each list, in the order of [`Pane::LISTS`].
    pub titles: [Rect; 3],
    /// The entries of each list.
    pub lists: [Rect; 3],
    /// The frame around the conversation.
    pub frame: Rect,
    /// The row that says with whom the conversation is.
    pub title: Rect,
    /// The messages.
    pub messages: Rect,
    /// What is to be known of the open chat before one writes.
    pub banner: Rect,
    /// The row between messages and composer.
    pub divider: Rect,
    /// The text being written.
    pub composer: Rect,
    /// What has to be told.
    pub notice: Rect,
    /// The last row: keys.
    pub footer: Rect,
}

/// Whether a screen of this size can be used.
pub fn is_usable((width, height): (u16, u16)) -> bool {
    width >= LEAST.0 && height >= LEAST.1
}

fn is_framed((width, height): (u16, u16)) -> bool {
    width >= FRAMED.0 && height >= FRAMED.1
}

/// Cells of a row in the composer: one less than the messages have, for the mark before the text.
pub fn composer_width(size: (u16, u16)) -> usize {
    let (side, borders) = if is_framed(size) { (side_width(size.0), 2) } else { (0, 0) };
    usize::from(size.0.saturating_sub(side + borders + 3)).max(1)
}

fn side_width(width: u16) -> u16 {
    (width / 4).clamp(23, 36)
}

impl Regions {
    /// Divides the screen.
    pub fn new(wishes: &Wishes) -> Self {
        let (width, height) = wishes.size;
        let screen = Rect::new(0, 0, width, height);
        let framed = is_framed(wishes.size);
        let rows = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let header = u16::from(framed || height >= 10);
        let notice = rows(wishes.notice).min(height / 4).max(u16::from(wishes.notice > 0));
        let [header, body, notice, footer] =
            stacked(screen, [Some(header), None, Some(notice), Some(1)]);
        let mut regions = Self { framed, header, notice, footer, ..Self::default() };
        let composer = rows(wishes.composer).min((body.height / 3).max(1));
        // Frame or title, divider, composer and one row of messages come first.
        let taken = composer + if framed { 4 } else { 2 + u16::from(height >= 8) };
        let banner = rows(wishes.banner).min(body.height.saturating_sub(taken));
        if framed {
            let side = side_width(width);
            let frame = Rect { x: side, width: width - side, ..body };
            regions.side = Rect { width: side, ..body };
            regions.frame = frame;
            regions.divide_side(wishes.entries);
            regions.title = Rect { height: 1, ..frame };
            let inner = Rect { x: frame.x + 1, width: frame.width - 2, ..frame };
            let divider = u16::from(composer > 0);
            let heights = [Some(1), None, Some(banner), Some(divider), Some(composer), Some(1)];
            let [_, messages, banner, divider, composer, _] = stacked(inner, heights);
            regions.messages = messages;
            regions.banner = banner;
            regions.divider = Rect { x: frame.x, width: frame.width, ..divider };
            regions.composer = composer;
        } else {
            let pane = Pane::LISTS.iter().position(|&pane| pane == wishes.pane);
            let divider = u16::from(height >= 8 && composer > 0);
            let composer = if pane.is_some() { 0 } else { composer };
            let [title, rest] = stacked(body, [Some(1), None]);
            regions.title = title;
            match pane {
                Some(list) => {
                    regions.titles[list] = title;
                    regions.lists[list] = rest;
                }
                None => {
                    let heights = [None, Some(banner), Some(divider), Some(composer)];
                    let [messages, banner, divider, composer] = stacked(rest, heights);
                    regions.messages = messages;
                    regions.banner = banner;
                    regions.divider = divider;
                    regions.composer = composer;
                }
            }
        }
        regions
    }

    /// Contacts get what the two others leave; each of those gets at most a third, and three rows even
    /// where it has less to show, if there is room.
    fn divide_side(&mut self, (online, groups): (usize, usize)) {
        let side = self.side;
        let room = side.height.saturating_sub(4);
        let least = if room >= 12 { 3 } else { 1 };
        let rows = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).max(least);
        let online = rows(online).min((room / 4).max(1));
        let groups = rows(groups).min((room / 3).max(1));
        let heights = [Some(1), None, Some(1), Some(online), Some(1), Some(groups), Some(1)];
        let areas = stacked(side, heights);
        let inner = |area: Rect| Rect { x: area.x + 1, width: area.width - 2, ..area };
        self.titles = [areas[0], areas[2], areas[4]];
        self.lists = [areas[1], areas[3], areas[5]].map(inner);
    }
}

/// Cuts an area into parts of these heights, from above; the one without a height gets what the others leave.
///
/// `ratatui`'s `Layout` does this too, and much else, with a solver for linear constraints: at a start that took longer
/// than to paint the first frame.
fn stacked<const N: usize>(area: Rect, heights: [Option<u16>; N]) -> [Rect; N] {
    let taken = heights.iter().flatten().fold(0, |taken: u16, &height| taken.saturating_add(height));
    let left = area.height.saturating_sub(taken);
    let mut y = area.y;
    heights.map(|height| {
        let height = height.unwrap_or(left).min(area.bottom() - y);
        let part = Rect { y, height, ..area };
        y += height;
        part
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn panes() -> impl Strategy<Value = Pane> {
        prop::sample::select(Pane::ORDER.to_vec())
    }

    proptest! {
        #[test]
        fn every_usable_screen_has_room_for_what_matters(
            width in LEAST.0..250,
            height in LEAST.1..80,
            pane in panes(),
            online in 0usize..100,
            groups in 0usize..100,
            composer in 1usize..100,
            notice in 0usize..4,
            banner in 0usize..8,
        ) {
            let size = (width, height);
            let wishes = Wishes { size, pane, entries: (online, groups), composer, notice, banner };
            let regions = Regions::new(&wishes);
            let screen = Rect::new(0, 0, width, height);
            prop_assert_eq!(regions.footer.height, 1);
            prop_assert_eq!(regions.notice.height > 0, notice > 0);
            if regions.framed || pane == Pane::Conversation {
                prop_assert!(regions.messages.height >= 1);
                prop_assert!(regions.composer.height >= 1);
                prop_assert_eq!(usize::from(regions.composer.width), composer_width(size) + 3);
            }
            let lists = regions.lists.iter().filter(|list| list.height > 0).count();
            prop_assert_eq!(lists, if regions.framed { 3 } else { usize::from(pane != Pane::Conversation) });
            for part in [regions.messages, regions.banner, regions.composer, regions.footer, regions.notice, regions.divider] {
                prop_assert_eq!(part.intersection(screen), part);
            }
        }
    }

    #[test]
    fn small_screens_are_refused() {
        assert!(is_usable((20, 6)));
        assert!(!is_usable((19, 6)) && !is_usable((20, 5)));
    }
}
