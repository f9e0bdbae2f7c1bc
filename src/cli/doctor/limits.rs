//! What the limits that a broker announces mean for Cooee.

use std::time::Duration;

use super::checks::{Check, Verdict};
use crate::engine::doctor::{Limits, wanted};

/// One check for each limit that matters.
pub(super) fn limits(limits: &Limits) -> Vec<Check> {
    use Verdict::{Broken, Degraded};
    let qos = match limits.max_qos {
        0 => Check::bad(
            "qos",
            Broken,
            "0",
            "messages need quality of service 1: without, they are lost unseen",
        )
        .change(["max_qos 2", "mqtt.quality-of-service.max-qos 2", "mqtt.max_qos_allowed = 2"]),
        qos => Check::ok("qos", format!("up to {qos}")),
    };
    let packet = match limits.max_packet {
        None => Check::ok("packet", "no limit announced"),
        Some(max) if max >= wanted::PACKET => Check::ok("packet", format!("up to {}", size(max))),
        Some(max) => Check::bad(
            "packet",
            Degraded,
            format!("up to {}, less than {}", size(max), size(wanted::PACKET)),
            "long messages and cards of large groups are refused",
        )
        .change([
            "max_packet_size 131072 or more",
            "mqtt.packets.max-packet-size 131072 or more",
            "mqtt.max_packet_size = 128KB or more",
        ]),
    };
    let session = match limits.session_expiry {
        granted if granted >= wanted::SESSION => {
            Check::ok("session", format!("kept for {}", span(granted)))
        }
        granted => Check::bad(
            "session",
            if granted.is_zero() { Broken } else { Degraded },
            format!("kept for {}, {} wanted", span(granted), span(wanted::SESSION)),
            "who is away for longer gets nothing of what was written meanwhile",
        )
        .change(["", "mqtt.session-expiry.max-interval 2592000", ""]),
    };
    let wildcards = match limits.wildcards {
        true => Check::ok("wildcards", "available"),
        false => Check::bad(
            "wildcards",
            Broken,
            "not available",
            "an inbox is a filter with wildcards: nobody gets anything",
        )
        .change([
            "",
            "mqtt.wildcard-subscriptions.enabled true",
            "mqtt.wildcard_subscription = true",
        ]),
    };
    let in_flight = match limits.receive_maximum {
        few if usize::from(few) < wanted::IN_FLIGHT => Check::bad(
            "in-flight",
            Degraded,
            format!("{few} publishes, {} wanted", wanted::IN_FLIGHT),
            "many messages at once go out more slowly",
        )
        .change([
            "max_inflight_messages 64",
            "mqtt.receive-maximum.server-receive-maximum 64",
            "mqtt.max_inflight = 64",
        ]),
        many => Check::ok("in-flight", format!("{many} publishes")),
    };
    let keep_alive = match limits.keep_alive {
        Some(long) if long.is_zero() || long > wanted::KEEP_ALIVE => Check::bad(
            "keep-alive",
            Degraded,
            format!("the broker imposes {}", span(long)),
            "that a link is cut is noticed later, and who is gone shows as online for longer",
        )
        .change(["", "", "mqtt.server_keepalive = disabled"]),
        Some(short) => Check::ok("keep-alive", format!("the broker imposes {}", span(short))),
        None => Check::ok("keep-alive", format!("as we ask ({})", span(wanted::KEEP_ALIVE))),
    };
    let client_id = match &limits.assigned_client_id {
        None => Check::ok("client-id", "as we ask"),
        Some(_) => Check::bad(
            "client-id",
            Broken,
            "the broker gives us another one",
            "a session is found again by its client id: what waits for somebody is not found",
        ),
    };
    vec![qos, packet, session, wildcards, in_flight, keep_alive, client_id]
}

fn size(bytes: u32) -> String {
    match bytes {
        bytes if bytes >= 1024 * 1024 => format!("{} MiB", bytes / (1024 * 1024)),
        bytes if bytes >= 1024 => format!("{} KiB", bytes / 1024),
        bytes => format!("{bytes} bytes"),
    }
}

/// A time in its largest whole unit.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute")];
    let (count, unit) = units
        .into_iter()
        .find(|(unit, _)| seconds >= 2 * unit && seconds.is_multiple_of(*unit))
        .map_or((seconds, "second"), |(length, unit)| (seconds / length, unit));
    match (seconds, count) {
        (s, _) if s >= u64::from(u32::MAX) => "ever".to_owned(),
        (_, 1) => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_read_well() {
        assert_eq!(
            (size(100), size(131_072), size(268_435_455)),
            ("100 bytes".into(), "128 KiB".into(), "255 MiB".into())
        );
        let of = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(
            [of(20), of(1), of(90), of(7_200)],
            ["20 seconds", "1 second", "90 seconds", "2 hours"]
        );
        assert_eq!([of(2_592_000), of(u32::MAX.into())], ["30 days", "ever"]);
    }
}
