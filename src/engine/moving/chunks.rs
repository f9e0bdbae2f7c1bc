//! Records to sealed chunks, and back. Neither way holds more than a chunk and a record in memory.

use std::io::{BufRead, Read, Write};

use zeroize::Zeroizing;

use super::Fault;
use super::record::{LONGEST, Record};
use crate::crypto::export::limits::{CHUNK, SEALED};
use crate::crypto::export::{Opener, Sealer};

/// Writes records.
pub(super) struct Writer<W> {
    out: W,
    sealer: Sealer,
    /// What was not sealed yet: at most a chunk between two records.
    clear: Zeroizing<Vec<u8>>,
}

impl<W: Write> Writer<W> {
    pub fn new(mut out: W, sealer: Sealer) -> Result<Self, Fault> {
        out.write_all(sealer.header())?;
        Ok(Self { out, sealer, clear: Zeroizing::new(Vec::with_capacity(2 * CHUNK)) })
    }

    pub fn write(&mut self, record: &Record) -> Result<(), Fault> {
        serde_json::to_writer(&mut *self.clear, record).map_err(std::io::Error::from)?;
        self.clear.push(b'\n');
        // The last chunk is known by what comes after it: there is always something left for it.
        while self.clear.len() > CHUNK {
            self.out.write_all(&self.sealer.next(&self.clear[..CHUNK])?)?;
            self.clear.drain(..CHUNK);
        }
        Ok(())
    }

    /// Seals what is left, and gives back what it wrote to.
    pub fn finish(mut self) -> Result<W, Fault> {
        self.out.write_all(&self.sealer.last(&self.clear)?)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads records. Whoever reads takes nothing for true before the end has come.
pub(super) struct Reader<R> {
    input: R,
    /// `None` after the last chunk.
    opener: Option<Opener>,
    clear: Zeroizing<Vec<u8>>,
    /// Where the next record begins in it.
    at: usize,
}

impl<R: BufRead> Reader<R> {
    pub fn new(input: R, opener: Opener) -> Self {
        Self { input, opener: Some(opener), clear: Zeroizing::new(Vec::new()), at: 0 }
    }

    /// The next record; `None` after the last one, when everything is known to be whole.
    pub fn read(&mut self) -> Result<Option<Record>, Fault> {
        let mut searched = self.at;
        loop {
            if let Some(end) = self.clear[searched..].iter().position(|&byte| byte == b'\n') {
                let line = &self.clear[self.at..searched + end];
                let record = serde_json::from_slice(line).map_err(|e| Fault::Content(e.to_string()))?;
                self.at = searched + end + 1;
                return Ok(Some(record));
            }
            if self.clear.len() - self.at > LONGEST {
                return Err(Fault::Content(format!("a record of more than {LONGEST} bytes")));
            }
            searched = self.clear.len() - self.at;
            if !self.more()? {
                return match searched {
                    0 => Ok(None),
                    _ => Err(Fault::Content("it ends in the middle of a record".to_owned())),
                };
            }
        }
    }

    /// Opens another chunk; says whether there was one.
    fn more(&mut self) -> Result<bool, Fault> {
        let Some(mut opener) = self.opener.take() else { return Ok(false) };
        let mut sealed = Vec::with_capacity(SEALED);
        (&mut self.input).take(SEALED as u64).read_to_end(&mut sealed)?;
        self.clear.drain(..self.at);
        self.at = 0;
        if sealed.len() < SEALED || self.input.fill_buf()?.is_empty() {
            self.clear.extend_from_slice(&opener.last(&sealed)?);
        } else {
            self.clear.extend_from_slice(&opener.next(&sealed)?);
            self.opener = Some(opener);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::export::Locked;
    use crate::domain::Passphrase;

    fn passphrase() -> Passphrase {
        Passphrase::new("right".to_owned()).unwrap()
    }

    /// An export of this many records.
    fn written(records: u64) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), Sealer::new(&passphrase()).unwrap()).unwrap();
        for n in 0..records {
            writer.write(&Record::End { messages: n }).unwrap();
        }
        writer.finish().unwrap()
    }

    /// The numbers in an export, opened with a key that was made before; without one, it is made.
    fn read(bytes: &[u8]) -> Result<Vec<u64>, Fault> {
        let end = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| at + 1);
        let (header, mut body) = bytes.split_at(end);
        let mut reader = Reader::new(&mut body, Locked::read(header)?.open(&passphrase())?);
        let mut numbers = Vec::new();
        while let Some(record) = reader.read()? {
            let Record::End { messages } = record else { panic!("another record") };
            numbers.push(messages);
        }
        Ok(numbers)
    }

    #[test]
    fn records_come_back_whatever_the_size_of_a_chunk() {
        for records in [0, 1, 3_000, 20_000] {
            let bytes = written(records);
            assert_eq!(read(&bytes).unwrap(), (0..records).collect::<Vec<_>>());
        }
        // Several chunks, and not one of them may be missing at the end.
        let bytes = written(20_000);
        let header = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        assert!(bytes.len() > header + 2 * SEALED);
        for cut in [header, header + 1, header + SEALED, header + 2 * SEALED, bytes.len() - 1] {
            let why = read(&bytes[..cut]).unwrap_err().to_string();
            assert!(why.starts_with("it is cut off, or was altered"), "{cut}: {why}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(read(&longer).is_err());
        // Two chunks that changed places.
        let mut moved = bytes;
        let (first, second) = moved[header..].split_at_mut(SEALED);
        first.swap_with_slice(&mut second[..SEALED]);
        assert!(read(&moved).is_err());
    }

    #[test]
    fn a_record_without_an_end_fills_no_memory() {
        let mut sealer = Sealer::new(&passphrase()).unwrap();
        let mut bytes = sealer.header().to_owned();
        for _ in 0..=LONGEST / CHUNK {
            bytes.extend(sealer.next(&[b' '; CHUNK]).unwrap());
        }
        bytes.extend(sealer.last(b"").unwrap());
        let why = read(&bytes).unwrap_err().to_string();
        assert!(why.contains("a record of more than"), "{why}");
    }

    proptest! {
        // Each try makes a key, which takes a moment on purpose.
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn every_cut_and_every_flipped_bit_is_refused(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            static SMALL: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| written(3));
            let place = at.index(SMALL.len());
            prop_assert!(read(&SMALL[..place]).is_err(), "cut at {}", place);
            let mut flipped = SMALL.clone();
            flipped[place] ^= 1 << bit;
            prop_assert!(read(&flipped).is_err(), "bit {} of byte {}", bit, place);
        }
    }
}
