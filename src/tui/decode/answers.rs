//! What the terminal says when we ask it: its background, what pictures it can show, how large a cell is.
//!
//! An answer is known byte by byte, so that it may come in pieces, late, and between keys. Whatever is not to the letter
//! what was asked for is none: it is left to the keys.

use termina::escape::osc::{ColorOrQuery, DynamicColorNumber, Osc};
use termina::style::RgbColor;

use crate::tui::app::{Ability, Event, Shade};
use crate::tui::graphics::KITTY_QUESTION;

/// What bytes are that begin with Esc.
#[derive(Debug)]
pub enum Answer {
    /// No answer.
    None,
    /// The beginning of one, as far as can be told.
    Begun,
    /// All of one, and what it tells.
    Whole(Option<Event>),
}

/// How the answer begins that tells the colour behind the text.
const COLOURS: [&[u8]; 3] = [b"\x1b]11;rgb:", b"\x1b]11;rgba:", b"\x1b]11;#"];
/// Most bytes of the colour behind that: `ffff/ffff/ffff/ffff`.
const COLOUR_LIMIT: usize = 19;
/// How the answer to a question of kitty's protocol begins, and the one that tells the name of the terminal.
const WORDS: [&[u8]; 2] = [b"\x1b_G", b"\x1bP>|"];
/// Most bytes of either behind that.
const WORDS_LIMIT: usize = 128;
/// How answers begin that are numbers, and their last bytes: the attributes of the terminal and the number of colours;
/// the size of a cell; that of all cells.
const NUMBERS: [(&[u8], &[u8]); 3] = [(b"\x1b[?", b"cS"), (b"\x1b[6;", b"t"), (b"\x1b[4;", b"t")];
/// Most bytes of those numbers.
const NUMBERS_LIMIT: usize = 64;

/// Looks at bytes that begin with Esc.
pub fn read(bytes: &[u8]) -> Answer {
    let texts = COLOURS.into_iter().chain(WORDS).map(|head| read_text(head, bytes));
    let numbers = NUMBERS.into_iter().map(|(head, ends)| read_numbers(head, ends, bytes));
    texts.chain(numbers).fold(Answer::None, |best, other| match (&best, &other) {
        (Answer::Whole(_), _) | (_, Answer::None) => best,
        _ => other,
    })
}

fn read_text(head: &[u8], bytes: &[u8]) -> Answer {
    let Some(rest) = after(head, bytes) else { return Answer::None };
    let (text, end) = ended(rest);
    let is_colour = COLOURS.contains(&head);
    let fits = match is_colour {
        true => text.len() <= COLOUR_LIMIT && text.iter().all(|b| b.is_ascii_hexdigit() || *b == b'/'),
        false => text.len() <= WORDS_LIMIT && text.iter().all(|b| (b' '..=b'~').contains(b)),
    };
    match end {
        _ if !fits => Answer::None,
        End::None | End::Escape => Answer::Begun,
        End::Bell | End::Whole if is_colour => Answer::Whole(background(bytes)),
        End::Whole => Answer::Whole(words(head, text).map(Event::Ability)),
        // A colour alone may end like this.
        End::Bell => Answer::None,
    }
}

fn read_numbers(head: &[u8], ends: &[u8], bytes: &[u8]) -> Answer {
    let Some(rest) = after(head, bytes) else { return Answer::None };
    let is_number = |b: &u8| b.is_ascii_digit() || *b == b';';
    match rest.split_last() {
        _ if rest.len() > NUMBERS_LIMIT => Answer::None,
        Some((last, text)) if ends.contains(last) && text.iter().all(is_number) => {
            Answer::Whole(numbers(head, text, *last).map(Event::Ability))
        }
        _ if rest.iter().all(is_number) => Answer::Begun,
        _ => Answer::None,
    }
}

/// Whether so much of an answer is here that nobody typed it, by hand or by a key.
pub fn is_sure(begun: &[u8]) -> bool {
    begun.len() > 2
}

/// Whether an answer that had stopped ends before this byte, which is none of it. What begins like a key may go on as one.
pub fn ends_before(begun: &[u8], byte: u8) -> bool {
    is_sure(begun) && (begun[1] != b'[' || !(b'!'..=b'~').contains(&byte))
}

/// What follows this head, nothing where the head is not complete yet; `None` where it is another one.
fn after<'b>(head: &[u8], bytes: &'b [u8]) -> Option<&'b [u8]> {
    let (begun, rest) = bytes.split_at(bytes.len().min(head.len()));
    head.starts_with(begun).then_some(rest)
}

/// How a text ends: not yet, with the first byte of the sign that ends it, or with one of the two signs.
#[derive(PartialEq)]
enum End {
    None,
    Escape,
    Bell,
    Whole,
}

fn ended(text: &[u8]) -> (&[u8], End) {
    match text {
        [text @ .., 0x1b, b'\\'] => (text, End::Whole),
        [text @ .., 0x1b] => (text, End::Escape),
        [text @ .., 0x07] => (text, End::Bell),
        text => (text, End::None),
    }
}

/// The background, as it is told.
fn background(bytes: &[u8]) -> Option<Event> {
    let mut parser = termina::Parser::default();
    parser.parse(bytes, false);
    let termina::Event::Osc(Osc::ChangeDynamicColors(DynamicColorNumber::TextBackgroundColor, colours)) =
        parser.pop()?
    else {
        return None;
    };
    match colours.first()? {
        ColorOrQuery::Color(colour) => Some(Event::Background(shade(*colour))),
        ColorOrQuery::Query => None,
    }
}

/// Whether a colour is light, by how bright each of its parts looks.
fn shade(RgbColor { red, green, blue }: RgbColor) -> Shade {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    match red * 2126 + green * 7152 + blue * 722 > 128 * 10_000 {
        true => Shade::Light,
        false => Shade::Dark,
    }
}

/// What an answer in words tells.
fn words(head: &[u8], text: &[u8]) -> Option<Ability> {
    let text = std::str::from_utf8(text).ok()?;
    if head == WORDS[1] {
        return Ability::of_name(text);
    }
    let (keys, message) = text.split_once(';')?;
    let ours = format!("i={KITTY_QUESTION}");
    let is_ours = keys.split(',').any(|key| key == ours);
    (is_ours && message == "OK").then_some(Ability::Kitty)
}

/// What an answer in numbers tells.
fn numbers(head: &[u8], text: &[u8], last: u8) -> Option<Ability> {
    let text = std::str::from_utf8(text).ok()?;
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse().ok() };
    let numbers: Vec<u16> = text.split(';').map(number).collect::<Option<_>>()?;
    match (head, last, &numbers[..]) {
        // The first says which terminal of the old days it takes after.
        (_, b'c', [_, attributes @ ..]) => attributes.contains(&4).then_some(Ability::Sixel),
        (_, b'S', [1, 0, count]) => Some(Ability::Colours(*count)),
        (b"\x1b[6;", _, [height, width]) => Some(Ability::Cell(*width, *height)),
        (b"\x1b[4;", _, [height, width]) => Some(Ability::Cells(*width, *height)),
        _ => None,
    }
}
