//! A picture that somebody sent, made small enough for a screen of letters.
//!
//! What comes from others is decoded with limits that hold before anything is: bytes, pixels, memory. A file of some
//! bytes may say that it has billions of pixels, and is refused for that.

use std::collections::BTreeMap;
use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::super::command::Ticket;
use super::super::core::{Core, Fatal};
use super::super::faces::FaceId;
use super::super::update::Update;
use super::{Done, aside};
use crate::domain::{Attachment, MessageId, Picture};

/// Longest file that is opened to be shown.
const BYTES: u64 = 32_000_000;

/// Most pixels of a side, and in all.
const SIDE: u32 = 20_000;
const PIXELS: u64 = 50_000_000;

/// Most pixels of one that no person waits for: others may be in a moment.
const UNASKED_PIXELS: u64 = 16_000_000;
/// Most memory that a picture may take while it is decoded.
const MEMORY: u64 = 256 * 1024 * 1024;

/// Why a picture is not shown.
#[derive(Debug, thiserror::Error)]
enum Unshowable {
    #[error("it is no picture that can be shown here: PNG, JPEG, GIF and WebP are")]
    Unknown,
    #[error("a picture of {0} by {1} pixels is too large to be shown here; /save saves it")]
    TooLarge(u32, u32),
    #[error("the picture takes too much memory to be shown here; /save saves it")]
    TooMuch,
    #[error("the picture is damaged, or is none that is known here")]
    Damaged,
}

impl From<image::ImageError> for Unshowable {
    fn from(error: image::ImageError) -> Self {
        // What the decoder says of it helps nobody who wants to see it.
        tracing::info!(%error, "a picture is not shown");
        match error {
            image::ImageError::Limits(_) => Self::TooMuch,
            _ => Self::Damaged,
        }
    }
}

/// A picture that somebody wants to see.
pub(in crate::engine) struct Wanted {
    face: FaceId,
    ticket: Ticket,
    message: MessageId,
    file: Attachment,
    size: (u16, u16),
    /// Whether no person waits for it.
    is_unasked: bool,
}

/// Pictures that are to be decoded: one at a time, for each takes its memory, and of each front end the one that it
/// asked for last, and one that no person waits for. Those come after all others.
#[derive(Default)]
pub(super) struct Pictures {
    is_busy: bool,
    waiting: BTreeMap<(bool, FaceId), Wanted>,
}

impl Pictures {
    /// This one is wanted too: in place of which other.
    fn want(&mut self, wanted: Wanted) -> Option<Wanted> {
        self.waiting.insert((wanted.is_unasked, wanted.face), wanted)
    }

    /// The one to be decoded now.
    fn begin(&mut self) -> Option<Wanted> {
        let wanted = if self.is_busy { None } else { self.waiting.pop_first()?.1.into() };
        self.is_busy |= wanted.is_some();
        wanted
    }

    /// It is decoded.
    fn end(&mut self) {
        self.is_busy = false;
    }
}

/// Decodes a picture that has at most so many pixels, to fit into a size.
fn fitted(content: &[u8], most: u64, (width, height): (u16, u16)) -> Result<Picture, Unshowable> {
    let reader = ImageReader::new(Cursor::new(content)).with_guessed_format();
    let mut reader = reader.map_err(image::ImageError::IoError)?;
    if reader.format().is_none() {
        return Err(Unshowable::Unknown);
    }
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(SIDE), Some(SIDE));
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    let (columns, rows) = decoder.dimensions();
    if u64::from(columns) * u64::from(rows) > most || decoder.total_bytes() > MEMORY {
        return Err(Unshowable::TooLarge(columns, rows));
    }
    decoder.set_limits(limits)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder)?;
    let lies = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) =
        (u32::from(width.clamp(1, Picture::MOST)), u32::from(height.clamp(1, Picture::MOST)));
    let (width, height) = if lies { (height, width) } else { (width, height) };
    let mut small = match image.width() <= width && image.height() <= height {
        true => image,
        false => image.thumbnail(width, height),
    };
    small.apply_orientation(orientation);
    let small = small.to_rgba8();
    // What can be seen through is dark behind.
    let over = |c: u8, alpha: u8| u8::try_from(u16::from(c) * u16::from(alpha) / 255).unwrap_or(c);
    let pixels =
        small.pixels().map(|image::Rgba([r, g, b, a])| [over(*r, *a), over(*g, *a), over(*b, *a)]);
    Ok(Picture::new(u16::try_from(small.width()).unwrap_or(Picture::MOST), pixels.collect()))
}

impl Core {
    /// Shows a picture that a message carries, in so many pixels. Where it is not here it is fetched, unless it is
    /// `is_unasked`: such a one is shown when nobody waits for another.
    pub(in crate::engine) async fn show_picture(
        &mut self,
        face: FaceId,
        id: MessageId,
        size: (u16, u16),
        ticket: Ticket,
        is_unasked: bool,
    ) -> Result<(), Fatal> {
        match self.attached(id).await? {
            None => self.refuse_ticket(face, ticket, "that message carries no file".into()).await,
            Some((file, true)) => {
                let wanted = Wanted { face, ticket, message: id, file, size, is_unasked };
                self.want_picture(wanted).await;
            }
            Some((_, false)) if is_unasked => {
                self.refuse_ticket(face, ticket, "it is not here".into()).await;
            }
            Some((_, false)) => match self.begin_fetch(id, None).await? {
                Ok(()) => self.agree(face, ticket).await,
                Err(why) => self.refuse_ticket(face, ticket, why).await,
            },
        }
        Ok(())
    }

    /// The file that a message carries, and whether its content is here.
    async fn attached(&mut self, id: MessageId) -> Result<Option<(Attachment, bool)>, Fatal> {
        let file = self.store.message(id).await?.and_then(|message| message.file);
        let Some(file) = file else { return Ok(None) };
        let disk = self.files.disk.clone();
        let is_here = aside(move || disk.has(id)).await == Some(true);
        Ok(Some((file, is_here)))
    }

    async fn want_picture(&mut self, wanted: Wanted) {
        if let Some(other) = self.files.pictures.want(wanted) {
            let why = "another one was asked for since".to_owned();
            self.refuse_ticket(other.face, other.ticket, why).await;
        }
        self.decode_next();
    }

    fn decode_next(&mut self) {
        let Some(wanted) = self.files.pictures.begin() else { return };
        let disk = self.files.disk.clone();
        self.files.aside(move || {
            let Wanted { message: id, ref file, size, is_unasked, .. } = wanted;
            let most = if is_unasked { UNASKED_PIXELS } else { PIXELS };
            let opened = disk.open(id, file, BYTES).map_err(|fault| fault.to_string());
            // A decoder that panics on what it was given is no reason to leave the question without an answer.
            let fitted = opened.and_then(|content| {
                let fit = std::panic::AssertUnwindSafe(|| {
                    fitted(&content, most, size).map_err(|why| why.to_string())
                });
                std::panic::catch_unwind(fit).unwrap_or_else(|_| Err(Unshowable::Damaged.to_string()))
            });
            Done::Pictured(wanted, fitted)
        });
    }

    pub(super) async fn on_pictured(&mut self, wanted: Wanted, result: Result<Picture, String>) {
        self.files.pictures.end();
        self.decode_next();
        let Wanted { face, ticket, message, .. } = wanted;
        match result {
            Ok(picture) => {
                self.faces.answer(face, Update::Picture { ticket, message, picture }).await;
            }
            Err(why) => self.refuse_ticket(face, ticket, why).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;
    use crate::domain::{ContentHash, FileKey, FileName};

    fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// Red at the left, blue at the right.
    fn halves(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(
            width,
            height,
            |x, _| if x < width / 2 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) },
        )
    }

    #[test]
    fn a_picture_is_made_to_fit_and_keeps_its_shape() {
        for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Jpeg] {
            let shown = fitted(&encoded(halves(300, 100), format), PIXELS, (60, 60)).unwrap();
            assert_eq!((shown.width(), shown.height()), (60, 20), "{format:?}");
            let [left, right] = [shown.pixel(5, 10).unwrap(), shown.pixel(55, 10).unwrap()];
            assert!(left[0] > 200 && left[2] < 50 && right[2] > 200, "{format:?}: {left:?} {right:?}");
        }
        let small = fitted(&encoded(halves(4, 2), ImageFormat::Png), PIXELS, (60, 60)).unwrap();
        assert_eq!((small.width(), small.height()), (4, 2), "nothing is made larger");
        let clear = RgbaImage::from_pixel(1, 1, Rgba([200, 100, 50, 0]));
        assert_eq!(
            fitted(&encoded(clear, ImageFormat::Png), PIXELS, (9, 9)).unwrap().pixel(0, 0),
            Some([0; 3])
        );
    }

    /// A PNG that says that it has so many pixels, and holds next to none.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = encoded(halves(2, 2), ImageFormat::Png);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crc(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// As PNG has it.
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        })
    }

    #[test]
    fn what_would_take_all_memory_is_refused_before_it_is_decoded() {
        let why = |bytes: &[u8]| fitted(bytes, PIXELS, (60, 60)).unwrap_err().to_string();
        assert!(
            why(&bomb(20_000, 20_000)).contains("20000 by 20000 pixels is too large"),
            "{}",
            why(&bomb(20_000, 20_000))
        );
        let unasked = fitted(&bomb(4_001, 4_000), UNASKED_PIXELS, (60, 60)).unwrap_err().to_string();
        assert!(unasked.contains("4001 by 4000 pixels is too large"), "{unasked}");
        for (width, height) in [(60_000, 60_000), (u32::MAX >> 1, 1), (1, 2_000_000_000)] {
            let why = why(&bomb(width, height));
            assert!(why.contains("too much memory") || why.contains("too large"), "{why}");
        }
        // It says that it is of a size that is allowed, and holds less. What the decoder makes of that is for the log.
        assert_eq!(why(&bomb(1_000, 1_000)), "the picture is damaged, or is none that is known here");
        for nonsense in [
            &b""[..],
            b"hello",
            b"GIF89a",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff",
            b"<svg/>",
            b"RIFF\0\0\0\0WEBPVP8 ",
        ] {
            assert!(fitted(nonsense, PIXELS, (60, 60)).is_err());
        }
    }

    #[test]
    fn one_picture_is_decoded_at_a_time_and_the_newest_counts() {
        let file = Attachment {
            name: FileName::new("a.png"),
            size: 5,
            hash: ContentHash::from_bytes([0; 32]),
            key: FileKey::from([0; 32]),
        };
        let wish = |face, ticket, is_unasked| Wanted {
            face: FaceId(face),
            ticket: Ticket(ticket),
            message: MessageId::from_bytes([1; 16]),
            file: file.clone(),
            size: (4, 4),
            is_unasked,
        };
        let wanted = |face, ticket| wish(face, ticket, false);
        let ticket = |wanted: Option<Wanted>| wanted.map(|wanted| wanted.ticket.0);
        let mut pictures = Pictures::default();
        assert_eq!(ticket(pictures.want(wanted(1, 1))), None);
        assert_eq!(ticket(pictures.begin()), Some(1));
        let replaced: Vec<_> = (2..600).filter_map(|n| ticket(pictures.want(wanted(1, n)))).collect();
        assert_eq!(replaced, (2..599).collect::<Vec<_>>());
        assert_eq!(
            ticket(pictures.want(wanted(2, 700))),
            None,
            "nobody takes the place of another front end"
        );
        assert_eq!(ticket(pictures.begin()), None);
        pictures.end();
        assert_eq!(ticket(pictures.begin()), Some(599));
        pictures.end();
        assert_eq!(ticket(pictures.begin()), Some(700));
        // What nobody waits for takes nobody's place, and comes last.
        assert_eq!(ticket(pictures.want(wish(1, 800, true))), None);
        assert_eq!(ticket(pictures.want(wanted(2, 801))), None);
        assert_eq!(ticket(pictures.want(wish(1, 802, true))), Some(800));
        pictures.end();
        assert_eq!(ticket(pictures.begin()), Some(801));
        pictures.end();
        assert_eq!(ticket(pictures.begin()), Some(802));
        pictures.end();
        assert_eq!(ticket(pictures.begin()), None);
    }

    #[test]
    fn a_damaged_picture_is_an_error_and_no_panic() {
        for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Jpeg] {
            let whole = encoded(halves(30, 20), format);
            let mut rng = fastrand::Rng::with_seed(7);
            for _ in 0..300 {
                let mut bytes = whole.clone();
                for _ in 0..rng.usize(1..4) {
                    let at = rng.usize(..bytes.len());
                    bytes[at] = rng.u8(..);
                }
                bytes.truncate(rng.usize(1..=bytes.len()));
                let _ = fitted(&bytes, PIXELS, (60, 60));
            }
        }
    }
}
