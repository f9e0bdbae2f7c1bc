//! Whatever arrives on the port, the broker lives, within its bounds.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::support::CREDENTIAL;

/// A CONNECT of this client, by hand: MQTT 5, clean start, keep-alive in seconds, no properties.
fn connect(id: &str, keep_alive: u16) -> Vec<u8> {
    let mut body = b"\x00\x04MQTT\x05\x02".to_vec();
    body.extend(keep_alive.to_be_bytes());
    body.push(0);
    body.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
    body.extend(id.as_bytes());
    let mut packet = vec![0x10, u8::try_from(body.len()).unwrap()];
    packet.extend(body);
    packet
}

/// The same with a name and a password.
fn connect_as(id: &str, user: &str) -> Vec<u8> {
    let mut packet = connect(id, 0);
    packet[9] |= 0xc0;
    for text in [user, CREDENTIAL] {
        packet.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        packet.extend(text.as_bytes());
    }
    packet[1] = u8::try_from(packet.len() - 2).unwrap();
    packet
}

async fn raw(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// The first bytes that come; none when the broker hangs up.
async fn answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = vec![0; 256];
    let read = tokio::time::timeout(DEADLINE, stream.read(&mut buffer)).await.expect("an answer");
    // A connection that is reset is hung up too.
    buffer.truncate(read.unwrap_or(0));
    buffer
}

async fn still_serves(address: SocketAddr) {
    let mut client = Connect::new(address, "witness").clean().open().await;
    client.subscribe("witness").await;
    client.publish("witness", "well").await;
    assert_eq!(client.text().await, "well");
}

/// Resident memory of the broker, in MiB.
#[cfg(target_os = "linux")]
fn memory(house: &House) -> u64 {
    let pid = house.running().unwrap().pid;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn garbage_and_half_packets_are_harmless() {
    let house = House::new();
    let address = house.broker().await;
    let whole = connect("half", 0);
    let mut half = Vec::new();
    for end in 0..whole.len() {
        half.push(raw(address, &whole[..end]).await);
    }
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x00\x00\x00\x00",
        b"\x10\xff\xff\xff\xff\xff",
        b"\x10\x04\x00\x04MQ",
        b"\x30\x05\x00\x01a\x00b",
        &[0xff; 4096],
    ] {
        let mut stream = raw(address, garbage).await;
        stream.shutdown().await.unwrap();
        answer(&mut stream).await;
    }
    // After a good beginning too.
    for garbage in
        [&b"\x3f\x00"[..], b"\x82\x02\x00\x00", b"\x32\x03\x00\x00\x00", b"\xff\xff\xff\xff\xff"]
    {
        let mut stream = raw(address, &connect("good", 0)).await;
        assert_eq!(answer(&mut stream).await[0], 0x20, "CONNACK");
        stream.write_all(garbage).await.unwrap();
        let said = answer(&mut stream).await;
        assert!(said.is_empty() || said[0] == 0xe0, "hung up, with or without DISCONNECT: {said:x?}");
    }
    still_serves(address).await;
}

#[tokio::test]
async fn an_oversize_packet_is_refused_before_it_is_read() {
    let house = House::new();
    let address = house.broker().await;
    let mut alice = Connect::new(address, "alice").open().await;
    let limit = alice.connack.properties.as_ref().and_then(|p| p.max_packet_size);
    assert_eq!(limit, Some(u32::try_from(broker::limits::PACKET).unwrap()));
    let largest = "x".repeat(broker::limits::PACKET - 64);
    assert_eq!(alice.publish("large", &largest).await, PubAckReason::Success);

    // 268,435,455 bytes are announced, and not sent.
    let mut stream = raw(address, &connect("rude", 0)).await;
    assert_eq!(answer(&mut stream).await[0], 0x20, "CONNACK");
    stream.write_all(b"\x32\xff\xff\xff\x7f\x00\x01a").await.unwrap();
    let said = answer(&mut stream).await;
    assert!(said.is_empty() || said[0] == 0xe0, "{said:x?}");
    still_serves(address).await;
    #[cfg(target_os = "linux")]
    assert!(memory(&house) < 64, "{} MiB", memory(&house));
}

#[tokio::test]
async fn a_client_id_that_is_no_file_name_is_refused() {
    let house = House::new();
    let address = house.broker().await;
    for id in ["a/b", "../x", "a\\b", "."] {
        let mut stream = raw(address, &connect(id, 0)).await;
        let said = answer(&mut stream).await;
        assert_eq!((said[0], said[3]), (0x20, 0x85), "{id}: {said:x?}");
    }
    still_serves(address).await;
}

#[tokio::test]
async fn who_says_nothing_for_one_and_a_half_keep_alives_is_cut_off() {
    let house = House::new();
    let address = house.broker().await;
    let mut stream = raw(address, &connect("silent", 1)).await;
    let since = std::time::Instant::now();
    assert_eq!(answer(&mut stream).await[0], 0x20, "CONNACK");
    let said = answer(&mut stream).await;
    assert!(said.is_empty() || said[0] == 0xe0, "{said:x?}");
    let after = since.elapsed().as_secs_f32();
    assert!((1.0..5.0).contains(&after), "{after} s");
}

#[tokio::test]
async fn there_is_room_for_a_thousand_and_no_more() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let wanted = rustix::process::Rlimit { current: limit.maximum.map(|m| m.min(4096)), ..limit };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, wanted).unwrap();
    let house = House::new();
    let address = house.broker().await;
    let mut clients = Vec::new();
    for n in 0..broker::limits::CLIENTS {
        let (id, user) = (format!("c{n}"), format!("u{}", n / broker::limits::CONNECTIONS_OF_ONE));
        let mut stream = raw(address, &connect_as(&id, &user)).await;
        assert_eq!(answer(&mut stream).await.first(), Some(&0x20), "client {n}");
        clients.push(stream);
    }
    // The broker counts a connection a moment after it has greeted it.
    for attempt in 0.. {
        assert!(attempt < 1_000, "there is no room any more");
        if answer(&mut raw(address, &connect("late", 0)).await).await.is_empty() {
            break;
        }
    }
    #[cfg(target_os = "linux")]
    assert!(memory(&house) < 128, "{} MiB", memory(&house));
    clients.truncate(clients.len() - 1);
    for attempt in 0.. {
        assert!(attempt < 1_000, "there is room again");
        if answer(&mut raw(address, &connect("late", 0)).await).await.first() == Some(&0x20) {
            break;
        }
    }
}
