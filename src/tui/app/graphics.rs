//! Whether the terminal can show pictures by itself, and how: what it was asked for and told, and what was chosen.

use std::fmt;
use std::sync::Arc;

use super::picture::PictureBox;
use crate::domain::{MessageId, Picture};

/// A cell where the terminal does not tell its size, in pixels. Rather too small: a picture that is smaller than its box
/// spoils nothing.
const ASSUMED_CELL: (u16, u16) = (8, 16);

/// What may be the width or the height of a cell, in pixels.
const CELL: std::ops::RangeInclusive<u16> = 2..=200;

/// Rows of pixels in a row of sixels.
const SIXEL: u16 = 6;

/// How a terminal takes pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// As kitty does.
    Kitty,
    /// As iTerm2 does.
    Iterm,
    /// In sixels, as terminals of the eighties did.
    Sixel,
}

/// What was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureMode {
    /// As the terminal says that it can.
    Auto,
    /// So, whatever it says.
    By(Protocol),
    /// In cells.
    #[default]
    Cells,
}

/// What the terminal tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// It has answered a question of kitty's protocol.
    Kitty,
    /// It has the name of one that knows the protocol of iTerm2.
    Iterm,
    /// It has sixels among its attributes.
    Sixel,
    /// A picture in sixels may have so many colours.
    Colours(u16),
    /// A cell has so many pixels, in width and height.
    Cell(u16, u16),
    /// The same, as the system has it, which may count the edge of the window in.
    NearlyCell(u16, u16),
    /// All cells have so many pixels.
    Cells(u16, u16),
}

/// Terminals that know the protocol of iTerm2, by the beginning of their names.
const LIKE_ITERM: [&str; 3] = ["iTerm", "WezTerm", "mintty"];

impl Ability {
    /// What follows from the name of the terminal.
    pub fn of_name(name: &str) -> Option<Self> {
        LIKE_ITERM.iter().any(|known| name.starts_with(known)).then_some(Self::Iterm)
    }
}

/// What is known of the terminal, and what was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Graphics {
    mode: PictureMode,
    kitty: bool,
    iterm: bool,
    sixel: bool,
    colours: Option<u16>,
    cell: Option<(u16, u16)>,
    nearly_cell: Option<(u16, u16)>,
}

impl Graphics {
    /// Before anything is told.
    pub fn new(mode: PictureMode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// What was chosen.
    pub fn mode(&self) -> PictureMode {
        self.mode
    }

    /// Something else was chosen. What was told still holds.
    pub fn choose(&mut self, mode: PictureMode) {
        self.mode = mode;
    }

    /// The terminal, which has so many columns and rows, tells something. What cannot be tells nothing.
    pub fn note(&mut self, ability: Ability, (columns, rows): (u16, u16)) {
        let cell = |width, height| {
            Some((width, height)).filter(|_| CELL.contains(&width) && CELL.contains(&height))
        };
        match ability {
            Ability::Kitty => self.kitty = true,
            Ability::Iterm => self.iterm = true,
            Ability::Sixel => self.sixel = true,
            Ability::Colours(count) => self.colours = Some(count),
            Ability::Cell(width, height) => self.cell = cell(width, height).or(self.cell),
            Ability::NearlyCell(width, height) => {
                self.nearly_cell = cell(width, height).or(self.nearly_cell);
            }
            Ability::Cells(width, height) => {
                let part = |all: u16, count: u16| all.checked_div(count).unwrap_or(0);
                self.nearly_cell = cell(part(width, columns), part(height, rows)).or(self.nearly_cell);
            }
        }
    }

    /// How a picture is put on the screen; `None`: in cells.
    pub fn raster(&self) -> Option<Raster> {
        let told = self.cell.or(self.nearly_cell);
        let protocol = match self.mode {
            PictureMode::Cells => return None,
            PictureMode::By(protocol) => protocol,
            // That one makes the picture fit by itself.
            PictureMode::Auto if told.is_none() => {
                Some(Protocol::Iterm).filter(|_| self.iterm && !self.kitty)?
            }
            PictureMode::Auto => match (self.kitty, self.iterm, self.sixel) {
                (true, ..) => Protocol::Kitty,
                (_, true, _) => Protocol::Iterm,
                (.., true) => Protocol::Sixel,
                _ => return None,
            },
        };
        let colours = self.colours.unwrap_or(256).clamp(2, 256);
        Some(Raster { protocol, cell: told.unwrap_or(ASSUMED_CELL), colours })
    }
}

/// How a picture is put on the screen, where it is not in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raster {
    /// How the terminal takes it.
    pub protocol: Protocol,
    /// The pixels of a cell, in width and height.
    pub cell: (u16, u16),
    /// Most colours, where they are counted.
    pub colours: u16,
}

impl Raster {
    /// How many pixels there are in so many cells, up to as many as a picture may have.
    pub fn room(&self, (columns, rows): (u16, u16)) -> (u16, u16) {
        let width = columns.saturating_mul(self.cell.0).min(Picture::MOST);
        let height = rows.saturating_mul(self.cell.1).min(Picture::MOST);
        // The last row of sixels is not to reach into the cells below.
        let spare = if self.protocol == Protocol::Sixel { height % SIXEL } else { 0 };
        (width, height - spare)
    }

    /// How many cells so many pixels take.
    pub fn cells(&self, width: usize, height: usize) -> (u16, u16) {
        let band = if self.protocol == Protocol::Sixel { usize::from(SIXEL) } else { 1 };
        let count = |pixels: usize, cell: u16| pixels.div_ceil(usize::from(cell.max(1)));
        let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let height = height.next_multiple_of(band);
        (cells(count(width, self.cell.0)), cells(count(height, self.cell.1)))
    }
}

/// For what a picture is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The message that carries it.
    pub message: MessageId,
    /// In how many pixels it was asked for.
    pub room: (u16, u16),
    /// How it is to be put on the screen.
    pub raster: Raster,
}

impl Order {
    /// Whether a box waits for this.
    pub fn is_for(&self, shown: &PictureBox) -> bool {
        (self.message, self.room, Some(self.raster)) == (shown.message, shown.asked, shown.raster)
    }
}

/// A picture that is to be written as the terminal takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plate {
    /// For what.
    pub order: Order,
    /// The picture.
    pub picture: Picture,
}

/// A picture as the terminal takes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Graphic {
    /// How the terminal takes it.
    pub protocol: Protocol,
    /// The columns and rows that it covers.
    pub cells: (u16, u16),
    /// What is written where its first cell is.
    pub bytes: Arc<[u8]>,
}

impl fmt::Debug for Graphic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, cells, bytes } = self;
        write!(f, "Graphic({protocol:?}, {cells:?}, {} bytes)", bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(mode: PictureMode, abilities: &[Ability]) -> Option<Raster> {
        let mut graphics = Graphics::new(mode);
        abilities.iter().for_each(|ability| graphics.note(*ability, (80, 24)));
        graphics.raster()
    }

    #[test]
    fn the_best_that_the_terminal_names_counts_and_nothing_where_it_names_none() {
        use Ability::{Cell, Cells, Colours, Iterm, Kitty, NearlyCell, Sixel};
        let protocol = |abilities: &[Ability]| {
            told(PictureMode::Auto, abilities).map(|raster| (raster.protocol, raster.cell))
        };
        let cell = Cell(9, 18);
        assert_eq!(protocol(&[Sixel, Kitty, cell, Iterm]), Some((Protocol::Kitty, (9, 18))));
        assert_eq!(protocol(&[Sixel, cell, Iterm]), Some((Protocol::Iterm, (9, 18))));
        assert_eq!(protocol(&[Sixel, cell]), Some((Protocol::Sixel, (9, 18))));
        assert_eq!(protocol(&[cell, Colours(256)]), None);
        // Without the size of a cell nobody knows how much room there is.
        assert_eq!((protocol(&[Kitty]), protocol(&[Sixel])), (None, None));
        assert_eq!(protocol(&[Iterm]), Some((Protocol::Iterm, ASSUMED_CELL)));
        // What is told of it, the best first; and what cannot be.
        assert_eq!(protocol(&[Sixel, Cells(800, 480)]), Some((Protocol::Sixel, (10, 20))));
        assert_eq!(protocol(&[Sixel, NearlyCell(10, 21), cell, NearlyCell(11, 22)]).unwrap().1, (9, 18));
        for nonsense in [Cell(0, 0), Cell(9, 0), Cell(u16::MAX, 18), Cells(0, 0), NearlyCell(1, 1)] {
            assert_eq!(protocol(&[Sixel, nonsense]), None, "{nonsense:?}");
            assert_eq!(protocol(&[Sixel, cell, nonsense]).unwrap().1, (9, 18), "{nonsense:?}");
        }
    }

    #[test]
    fn what_was_chosen_counts_whatever_the_terminal_says() {
        for protocol in [Protocol::Kitty, Protocol::Iterm, Protocol::Sixel] {
            let raster = told(PictureMode::By(protocol), &[]).unwrap();
            assert_eq!((raster.protocol, raster.cell, raster.colours), (protocol, ASSUMED_CELL, 256));
        }
        assert_eq!(told(PictureMode::Cells, &[Ability::Kitty, Ability::Cell(9, 18)]), None);
        let few = told(PictureMode::By(Protocol::Sixel), &[Ability::Colours(0)]).unwrap();
        assert_eq!(few.colours, 2);
    }

    #[test]
    fn a_picture_takes_no_more_cells_than_it_was_given_room_for() {
        for protocol in [Protocol::Kitty, Protocol::Sixel] {
            for cell in [(7, 13), (9, 18), (10, 20), (25, 51)] {
                let raster = Raster { protocol, cell, colours: 256 };
                for room in [(1, 1), (20, 5), (76, 20), (300, 100)] {
                    let (width, height) = raster.room(room);
                    assert!(width <= Picture::MOST && height <= Picture::MOST);
                    assert!(height > 0 && (protocol != Protocol::Sixel || height % 6 == 0));
                    for height in 1..=height {
                        let (columns, rows) = raster.cells(width.into(), height.into());
                        assert!(columns <= room.0 && rows <= room.1, "{cell:?} {room:?} {height}");
                    }
                }
            }
        }
    }
}
