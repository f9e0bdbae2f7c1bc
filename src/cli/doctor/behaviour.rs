//! What a broker does, as it was tried, and what that means for Cooee.

use super::checks::{Check, Verdict};
use crate::engine::doctor::{Findings, Found, Queue, SENT, Takeover, WillCame, wanted};

/// One check for each trial.
pub(super) fn behaviour(findings: &Findings) -> Vec<Check> {
    use Verdict::{Broken, Degraded};
    let nobody = match &findings.tells_nobody {
        Err(why) => failed(
            "nobody",
            why,
            "nothing goes out: allow reading and writing below the topic root (`cooee/1`)",
        ),
        Ok(true) => Check::ok("nobody", "it says so when nobody is subscribed"),
        Ok(false) => Check::bad(
            "nobody",
            Degraded,
            "it acknowledges what nobody is subscribed to (or somebody is subscribed to everything)",
            "a message to somebody whom the broker has forgotten shows \u{2713} although it is not there; it goes again when both are online",
        ),
    };
    let envelope = match &findings.envelope {
        Ok(()) => Check::ok("large", "64 KiB go through"),
        Err(why) => Check::bad(
            "large",
            Degraded,
            format!("64 KiB do not go through: {why}"),
            "long messages and cards of large groups are refused",
        )
        .change([
            "message_size_limit 131072",
            "mqtt.packets.max-packet-size 131072 or more",
            "mqtt.max_packet_size = 128KB or more",
        ]),
    };
    let retained =
        match &findings.retained {
            _ if !findings.limits.retain => Check::bad("retained", Broken, "not available", RETAINED)
                .change([
                    "retain_available true",
                    "mqtt.retained-messages.enabled true",
                    "mqtt.retain_available = true",
                ]),
            Err(why) => failed("retained", why, RETAINED),
            Ok(true) => Check::ok("retained", "kept for who comes later"),
            Ok(false) => Check::bad("retained", Broken, "not there for who comes later", RETAINED)
                .change(["", "", "retainer.enable = true"]),
        };
    let will = match &findings.will {
        Err(why) => failed("will", why, "who is gone cannot be told from who is there"),
        Ok(WillCame::Delayed) => Check::ok("will", "comes after its delay"),
        Ok(WillCame::AtOnce) => Check::bad(
            "will",
            Degraded,
            "comes at once, whatever delay is asked for",
            "every short cut shows as offline and online again",
        ),
        Ok(WillCame::Never) => Check::bad(
            "will",
            Degraded,
            "does not come",
            "after a crash somebody shows as online until the record is out of date",
        ),
    };
    let takeover = match &findings.takeover {
        Err(why) => failed("takeover", why, TAKEOVER),
        Ok(Takeover::Told) => Check::ok("takeover", "a second connection ends the first (0x8E)"),
        Ok(Takeover::Untold) => Check::ok(
            "takeover",
            "a second connection ends the first, without a reason that we can read",
        ),
        Ok(Takeover::Never) => Check::bad(
            "takeover",
            Degraded,
            "a second connection with one client id does not end the first",
            TAKEOVER,
        ),
    };
    let expiry = match &findings.expiry {
        Err(why) => failed("expiry", why, "what waits for somebody who is away cannot be relied on"),
        Ok(true) => Check::ok("expiry", "what is out of date is not delivered"),
        Ok(false) => Check::bad(
            "expiry",
            Degraded,
            "what is out of date is delivered all the same",
            "after a crash of the broker somebody may show as online for longer",
        ),
    };
    let mut checks = vec![nobody];
    checks.extend(queue(&findings.queue));
    // Where the announced limit is too low already, or nothing goes out, the trial says nothing new.
    let announced = findings.limits.max_packet.is_some_and(|max| max < wanted::PACKET);
    checks.extend((!announced && findings.tells_nobody.is_ok()).then_some(envelope));
    checks.extend([retained, will, takeover, expiry]);
    checks
}

const RETAINED: &str = "profiles, presence and groups are retained messages: nobody sees anybody";
const TAKEOVER: &str = "who comes back from a cut link may share the session with a dead connection";
const LOST: &str = "what is written to somebody who is away waits here until both are online";

/// What could not be tried because the broker did not let us.
fn failed(check: &'static str, why: &str, effect: &'static str) -> Check {
    Check::bad(check, Verdict::Broken, why, effect)
}

/// What is kept for somebody who is away, and in which order.
pub(super) fn queue(found: &Found<Queue>) -> Vec<Check> {
    const UNLIMITED: [&str; 3] = [
        "max_queued_messages 0",
        "mqtt.queued-messages.max-queue-size 1000000",
        "mqtt.max_mqueue_len = infinity",
    ];
    let queue = match found {
        Err(why) => return vec![failed("queue", why, LOST)],
        Ok(queue) => queue,
    };
    let Queue { sent, acknowledged, arrived, complete, .. } = *queue;
    if !queue.session_kept || arrived == 0 {
        let found = match queue.session_kept {
            true => format!("none of {sent} messages were kept for somebody who was away"),
            false => "the session of somebody who left was gone".to_owned(),
        };
        return vec![Check::bad("queue", Verdict::Degraded, found, LOST).change(UNLIMITED)];
    }
    let depth = if complete && arrived < sent {
        let dropped = acknowledged.saturating_sub(arrived);
        let (told, effect) = match dropped {
            0 => ("it refused the rest", "who is away for long: senders wait until there is room again"),
            _ => (
                "it acknowledged the rest, and dropped it",
                "the rest shows \u{2713} although it is not there; it goes again when both are online",
            ),
        };
        let found = format!("{arrived} of {sent} messages were kept for somebody who was away; {told}");
        Check::bad("queue", Verdict::Degraded, found, effect).change(UNLIMITED)
    } else {
        let more = if arrived < SENT { " (there was no time for more)" } else { "" };
        Check::ok(
            "queue",
            format!("at least {arrived} messages are kept for somebody who is away{more}"),
        )
    };
    let order = match queue.in_order {
        true => Check::ok("order", "kept"),
        false => Check::bad(
            "order",
            Verdict::Degraded,
            "messages come in another order than they were sent",
            "a message may come after a later one of its sender, and is then put in its place above it",
        ),
    };
    vec![depth, order]
}
