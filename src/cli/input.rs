//! What there is to send: the words of the command line, or standard input, whole or line by line.

use std::io::{BufRead, Read};
use std::thread;

use tokio::sync::mpsc;

use super::Error;
use crate::domain::{InvalidText, MessageText, limits};

/// How many messages are read ahead.
const AHEAD: usize = 16;

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The line it is, from 1, where there are lines.
    pub line: Option<u64>,
    /// What it says.
    pub text: MessageText,
}

impl Piece {
    fn new(bytes: &[u8], line: Option<u64>) -> Result<Option<Self>, Error> {
        let wrong = |why: String| Error::Input { place: place(line), why };
        let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
        match MessageText::new(text) {
            Ok(text) => Ok(Some(Self { line, text })),
            Err(InvalidText::Empty) if line.is_some() => Ok(None),
            Err(why) => Err(wrong(why.to_string())),
        }
    }
}

fn place(line: Option<u64>) -> String {
    match line {
        Some(line) => format!("line {line} of standard input"),
        None => "the message".to_owned(),
    }
}

/// A source of messages. The first error is its end.
pub(super) type Pieces = mpsc::Receiver<Result<Piece, Error>>;

/// These words as one message.
pub(super) fn words(words: &[String]) -> Pieces {
    let text = words.join(" ");
    start(move |give| {
        if let Some(piece) = Piece::new(text.as_bytes(), None).transpose() {
            give(piece);
        }
    })
}

/// Standard input as one message.
pub(super) fn whole(input: impl Read + Send + 'static) -> Pieces {
    start(move |give| {
        let mut bytes = Vec::new();
        let read = input.take(limits::TEXT as u64 + 1).read_to_end(&mut bytes);
        let piece = read.map_err(|e| unreadable(None, &e)).and_then(|_| Piece::new(&bytes, None));
        if let Some(piece) = piece.transpose() {
            give(piece);
        }
    })
}

/// Each line of standard input as a message, as it comes; blank ones are passed over.
pub(super) fn lines(mut input: impl BufRead + Send + 'static) -> Pieces {
    start(move |give| {
        for number in 1.. {
            let mut bytes = Vec::new();
            // Enough to see that it is too long.
            let read = input.by_ref().take(limits::TEXT as u64 + 2).read_until(b'\n', &mut bytes);
            let piece = match read {
                Ok(0) => return,
                Ok(_) => {
                    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
                    Piece::new(line, Some(number))
                }
                Err(e) => Err(unreadable(Some(number), &e)),
            };
            if piece.transpose().is_some_and(|piece| !give(piece)) {
                return;
            }
        }
    })
}

/// Each line of standard input as somebody types it, blank ones too. One that cannot be sent is told, and it goes on.
pub(super) fn typed(mut input: impl BufRead + Send + 'static) -> mpsc::Receiver<Result<String, Error>> {
    let (lines, source) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        for number in 1.. {
            let mut bytes = Vec::new();
            let read = input.by_ref().take(limits::TEXT as u64 + 2).read_until(b'\n', &mut bytes);
            let is_whole = bytes.len() <= limits::TEXT + 1;
            let line = match read {
                Ok(0) => return,
                Ok(_) if !is_whole && bytes.last() != Some(&b'\n') => {
                    let why = InvalidText::TooLong { limit: limits::TEXT, unit: "bytes" };
                    match input.skip_until(b'\n') {
                        Ok(_) => Err(Error::Input { place: place(Some(number)), why: why.to_string() }),
                        Err(e) => Err(unreadable(Some(number), &e)),
                    }
                }
                Ok(_) => String::from_utf8(bytes).map_err(|_| Error::Input {
                    place: place(Some(number)),
                    why: "it is not UTF-8".to_owned(),
                }),
                // The terminal is gone.
                Err(_) => return,
            };
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    source
}

fn unreadable(line: Option<u64>, error: &std::io::Error) -> Error {
    Error::Input { place: place(line), why: format!("cannot read it: {error}") }
}

/// Reads on a thread of its own, because nothing else may wait for it; it ends with the process. What
/// `give` says is whether to go on.
fn start(read: impl FnOnce(&mut dyn FnMut(Result<Piece, Error>) -> bool) + Send + 'static) -> Pieces {
    let (pieces, source) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        read(&mut |piece| {
            let last = piece.is_err();
            pieces.blocking_send(piece).is_ok() && !last
        });
    });
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut pieces: Pieces) -> Vec<Result<(Option<u64>, String), String>> {
        let mut all = Vec::new();
        while let Some(piece) = pieces.blocking_recv() {
            let piece = piece.map(|piece| (piece.line, piece.text.to_string()));
            all.push(piece.map_err(|error| error.to_string()));
        }
        all
    }

    #[test]
    fn lines_are_numbered_and_blank_ones_passed_over() {
        let pieces = all(lines(&b"one\n\n  \r\nfour\r\nlast"[..]));
        let ok = |line, text: &str| Ok((Some(line), text.to_owned()));
        assert_eq!(pieces, [ok(1, "one"), ok(4, "four"), ok(5, "last")]);
        assert_eq!(all(lines(&b""[..])), []);
    }

    #[test]
    fn a_line_that_cannot_be_sent_is_named_and_is_the_last() {
        let fits = "x".repeat(limits::TEXT);
        let input = format!("{fits}\n{fits}y\nnever");
        let pieces = all(lines(std::io::Cursor::new(input)));
        assert_eq!(pieces[0], Ok((Some(1), fits)));
        let error = "line 2 of standard input: it is too long: at most 16384 bytes";
        assert_eq!(pieces[1..], [Err(error.to_owned())]);
        let pieces = all(lines(&b"ok\n\xff\n"[..]));
        assert_eq!(pieces[1..], [Err("line 2 of standard input: it is not UTF-8".to_owned())]);
    }

    #[test]
    fn what_is_typed_goes_on_after_a_line_that_cannot_be_sent() {
        let long = "x".repeat(2 * limits::TEXT);
        let input = [b"one\n\n\xff\n", long.as_bytes(), b"\nlast"].concat();
        let mut lines = typed(std::io::Cursor::new(input));
        let mut next = || Some(lines.blocking_recv()?.map_err(|error| error.to_string()));
        assert_eq!(next(), Some(Ok("one\n".to_owned())));
        assert_eq!(next(), Some(Ok("\n".to_owned())));
        assert_eq!(next(), Some(Err("line 3 of standard input: it is not UTF-8".to_owned())));
        let error = "line 4 of standard input: it is too long: at most 16384 bytes";
        assert_eq!(next(), Some(Err(error.to_owned())));
        assert_eq!(next(), Some(Ok("last".to_owned())));
        assert_eq!(next(), None);
    }

    #[test]
    fn the_whole_input_is_one_message() {
        assert_eq!(all(whole(&b"one\n\ntwo\n"[..])), [Ok((None, "one\n\ntwo".to_owned()))]);
        assert_eq!(all(whole(&b" \n"[..])), [Err("the message: it is empty".to_owned())]);
        let endless = all(whole(std::io::repeat(b'x')));
        assert_eq!(endless, [Err("the message: it is too long: at most 16384 bytes".to_owned())]);
        let several = ["a", "b"].map(str::to_owned);
        assert_eq!(all(words(&several)), [Ok((None, "a b".to_owned()))]);
    }
}
