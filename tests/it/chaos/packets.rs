//! Where the packets of MQTT begin and end, and no more of the protocol than that.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

/// One whole packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet(pub Bytes);

impl Packet {
    const CONNECT: u8 = 1;
    const CONNACK: u8 = 2;
    const PUBLISH: u8 = 3;
    const PUBACK: u8 = 4;

    fn kind(&self) -> u8 {
        self.0[0] >> 4
    }

    /// Whether it opens a connection. Who hears anything else first does not take it for MQTT.
    pub fn is_greeting(&self) -> bool {
        matches!(self.kind(), Self::CONNECT | Self::CONNACK)
    }

    /// Whether a sender that heard nothing might say it again: a publish at QoS 1, or the answer to one.
    pub fn may_come_twice(&self) -> bool {
        let at_least_once = self.0[0] & 0b0110 == 0b0010;
        self.kind() == Self::PUBACK || (self.kind() == Self::PUBLISH && at_least_once)
    }

    /// The same packet said again: a publish says of itself that it is a repetition.
    pub fn again(&self) -> Bytes {
        let mut bytes = BytesMut::from(&self.0[..]);
        if self.kind() == Self::PUBLISH {
            bytes[0] |= 0b1000;
        }
        bytes.freeze()
    }
}

/// Splits a stream into packets.
pub struct Packets;

impl Decoder for Packets {
    type Item = Packet;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<Packet>> {
        let Some(length) = length(bytes)? else { return Ok(None) };
        if bytes.remaining() < length {
            bytes.reserve(length - bytes.remaining());
            return Ok(None);
        }
        Ok(Some(Packet(bytes.split_to(length).freeze())))
    }
}

/// How long the packet is that begins here, once enough of it is there to tell: a byte of kind and flags,
/// then the length of the rest in groups of seven bits, the lowest first.
fn length(bytes: &[u8]) -> io::Result<Option<usize>> {
    let mut rest = 0;
    for (n, byte) in bytes.iter().skip(1).take(4).enumerate() {
        rest |= usize::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return Ok(Some(2 + n + rest));
        }
    }
    match bytes.len() < 5 {
        true => Ok(None),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "this is no MQTT")),
    }
}

#[test]
fn packets_are_found_however_the_stream_is_torn() {
    let ping = [0xc0, 0];
    let long = [&[0x32, 0xc8, 0x01][..], &[7; 200]].concat();
    let stream = [&ping[..], &long, &ping].concat();
    for step in [1, 2, 3, 50, stream.len()] {
        let mut buffer = BytesMut::new();
        let mut found = Vec::new();
        for piece in stream.chunks(step) {
            buffer.extend_from_slice(piece);
            while let Some(packet) = Packets.decode(&mut buffer).unwrap() {
                found.push(packet.0.to_vec());
            }
        }
        assert_eq!(found, [ping.to_vec(), long.clone(), ping.to_vec()], "in pieces of {step}");
    }
    assert!(Packets.decode(&mut BytesMut::from(&[0xff; 5][..])).is_err());
}

#[test]
fn a_publish_that_comes_again_says_so() {
    let packet = |bytes: &'static [u8]| Packet(Bytes::from_static(bytes));
    assert!(packet(&[0x32, 0]).may_come_twice() && packet(&[0x40, 0]).may_come_twice());
    assert!(!packet(&[0x30, 0]).may_come_twice() && !packet(&[0x10, 0]).may_come_twice());
    assert_eq!(packet(&[0x32, 0]).again()[..], [0x3a, 0]);
    assert_eq!(packet(&[0x40, 0]).again()[..], [0x40, 0]);
}
