//! `cooee doctor`: what the broker is, what it can do, and what of Cooee suffers from what it cannot.

mod behaviour;
mod checks;
mod limits;

use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use self::checks::{Check, Verdict, checks, kinds};
use super::Error;
use super::output::print;
use super::table::aligned;
use super::wait::duration;
use crate::config::{BrokerChoice, Config};
use crate::domain::clean_line;
use crate::engine::Setup;
use crate::engine::doctor::{Examined, Limits, examine};

/// Say whether the broker is fit for Cooee, and what to change about it.
#[derive(clap::Args)]
pub struct Doctor {
    /// Print JSON, one object
    #[arg(long)]
    json: bool,
    /// How long to wait for the broker, beside the few seconds that it takes to try everything: seconds, or
    /// such as `500ms`, `10s`, `2m`
    // Longer than elsewhere: thousands of messages go back and forth.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    timeout: Duration,
}

/// Examines the broker; the exit code says whether it can be used.
///
/// # Errors
/// [`Error::Engine`] when the broker is not there or does not greet us.
pub async fn run(command: &Doctor, config: &Config) -> Result<ExitCode, Error> {
    let setup = Setup::new(config, std::env::current_exe().map_err(Error::Program)?);
    let examined = examine(&setup, command.timeout).await?;
    let report = Report::new(&examined, &setup.broker);
    let verdict = report.verdict;
    print(if command.json { report.json() } else { report.text() }).await?;
    Ok(if verdict == Verdict::Broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What scripts read. A field keeps its name, type and meaning, as in [`super::json`].
#[derive(Serialize)]
#[serde(tag = "type", rename = "doctor")]
struct Report {
    verdict: Verdict,
    broker: About,
    limits: Told,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct About {
    name: Option<String>,
    built_in: bool,
    address: String,
    protocol: &'static str,
    tls: bool,
    round_trip_ms: Option<f64>,
    server_reference: Option<String>,
    user_properties: Vec<(String, String)>,
}

/// What the broker announces; null where it announces no limit.
#[derive(Serialize)]
struct Told {
    max_qos: u8,
    retain_available: bool,
    max_packet_size: Option<u32>,
    session_expiry: u64,
    receive_maximum: u16,
    topic_alias_maximum: u16,
    wildcard_subscriptions: bool,
    shared_subscriptions: bool,
    server_keep_alive: Option<u64>,
    assigned_client_id: Option<String>,
}

impl Report {
    fn new(examined: &Examined, choice: &BrokerChoice) -> Self {
        let findings = &examined.findings;
        let built_in = *choice == BrokerChoice::BuiltIn;
        // A broker may call itself anything.
        let name = findings.name.as_deref().map(clean_line);
        let name = if built_in { Some("the built-in broker of Cooee".to_owned()) } else { name };
        let checks = checks(findings, &kinds(choice, name.as_deref()));
        let worst = checks.iter().map(|check| check.verdict).max();
        let limits = &findings.limits;
        let broker = About {
            name,
            built_in,
            address: examined.address.clone(),
            protocol: "MQTT 5",
            tls: examined.tls,
            round_trip_ms: findings.round_trip.map(millis),
            server_reference: limits.server_reference.clone(),
            user_properties: limits.user_properties.clone(),
        };
        Self { verdict: worst.unwrap_or(Verdict::Ok), broker, limits: Told::new(limits), checks }
    }

    fn json(&self) -> String {
        // Its keys are text and its values are plain, so it always has a form in JSON.
        serde_json::to_string(self).map(|json| json + "\n").unwrap_or_default()
    }

    fn text(&self) -> String {
        let Self { broker, limits, .. } = self;
        let row = |key: &str, value: String| [key.to_owned(), value];
        let tls = if broker.tls { "with TLS" } else { "without TLS" };
        let round_trip = broker.round_trip_ms.map(|time| format!("{time:.1} ms"));
        let mut about = vec![
            row("broker", broker.name.clone().unwrap_or_else(|| "unknown".to_owned())),
            row("address", format!("{} {tls}", broker.address)),
            row("protocol", broker.protocol.to_owned()),
            row("round trip", round_trip.unwrap_or_else(|| "unknown".to_owned())),
            row("not used", limits.unused()),
        ];
        let says =
            |(key, value): &(String, String)| row("it says", clean_line(&format!("{key}: {value}")));
        about.extend(broker.user_properties.iter().map(says));
        about.extend(broker.server_reference.iter().map(|other| row("recommends", clean_line(other))));

        let rows: Vec<[String; 3]> = self.checks.iter().map(Check::cells).collect();
        let mut text = aligned(&about) + "\n";
        for (line, check) in aligned(&rows).lines().zip(&self.checks) {
            text += &format!("{line}\n");
            text += &check.advice();
        }
        let count = |verdict| self.checks.iter().filter(|check| check.verdict == verdict).count();
        let (broken, degraded) = (count(Verdict::Broken), count(Verdict::Degraded));
        text += &match (broken, degraded) {
            (0, 0) => "\nCooee works here without restrictions.\n".to_owned(),
            (0, n) => format!("\nCooee works here; {n} of {} checks degraded.\n", self.checks.len()),
            (n, _) => {
                format!("\nCooee does not work here; {n} of {} checks broken.\n", self.checks.len())
            }
        };
        text
    }
}

/// To the microsecond, so that no digits of chance are printed.
fn millis(time: Duration) -> f64 {
    f64::from(u32::try_from(time.as_micros()).unwrap_or(u32::MAX)) / 1_000.0
}

impl Told {
    fn new(limits: &Limits) -> Self {
        Self {
            max_qos: limits.max_qos,
            retain_available: limits.retain,
            max_packet_size: limits.max_packet,
            session_expiry: limits.session_expiry.as_secs(),
            receive_maximum: limits.receive_maximum,
            topic_alias_maximum: limits.topic_aliases,
            wildcard_subscriptions: limits.wildcards,
            shared_subscriptions: limits.shared,
            server_keep_alive: limits.keep_alive.map(|time| time.as_secs()),
            assigned_client_id: limits.assigned_client_id.clone(),
        }
    }

    /// What the broker announces and Cooee has no use for.
    fn unused(&self) -> String {
        let shared = if self.shared_subscriptions { "available" } else { "not available" };
        format!("shared subscriptions {shared}, topic aliases {}", self.topic_alias_maximum)
    }
}

impl Check {
    fn cells(&self) -> [String; 3] {
        let name = self.check.replace('-', " ");
        [self.verdict.word().to_owned(), name, clean_line(&self.found)]
    }

    /// Below its line: what it means, and what to change.
    fn advice(&self) -> String {
        let mut lines = String::new();
        if let Some(effect) = self.effect {
            lines += &format!("          effect: {effect}\n");
        }
        for setting in &self.settings {
            lines += &format!("          change: {}: {}\n", setting.broker.word(), setting.setting);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::checks::tests::{kept, sound};
    use super::*;

    fn report(change: impl FnOnce(&mut Examined)) -> Report {
        let mut examined = Examined { address: "mqtt://lan:1883".into(), tls: false, findings: sound() };
        change(&mut examined);
        Report::new(&examined, &BrokerChoice::Url("mqtt://lan".parse().unwrap()))
    }

    #[test]
    fn people_read_what_it_is_and_what_to_change() {
        let report = report(|e| {
            e.findings.queue = Ok(kept(1_000, 2_000));
            e.findings.limits.user_properties = vec![("node".into(), "\u{1b}[31mone".into())];
        });
        insta::assert_snapshot!(report.text(), @r"
        broker      mosquitto version 2.0.11
        address     mqtt://lan:1883 without TLS
        protocol    MQTT 5
        round trip  0.4 ms
        not used    shared subscriptions available, topic aliases 10
        it says     node: [31mone

        ok        qos         up to 2
        ok        packet      no limit announced
        ok        session     kept for 30 days
        ok        wildcards   available
        ok        in flight   65535 publishes
        ok        keep alive  as we ask (25 seconds)
        ok        client id   as we ask
        ok        nobody      it says so when nobody is subscribed
        degraded  queue       1000 of 2000 messages were kept for somebody who was away; it acknowledged the rest, and dropped it
                  effect: the rest shows ✓ although it is not there; it goes again when both are online
                  change: mosquitto: max_queued_messages 0
        ok        order       kept
        ok        large       64 KiB go through
        ok        retained    kept for who comes later
        ok        will        comes after its delay
        ok        takeover    a second connection ends the first, without a reason that we can read
        ok        expiry      what is out of date is not delivered

        Cooee works here; 1 of 15 checks degraded.
        ");
    }

    #[test]
    fn scripts_read_one_object() {
        let report = report(|e| e.findings.limits.retain = false);
        let text = report.json();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert_eq!((&json["type"], &json["verdict"]), (&"doctor".into(), &"broken".into()));
        assert_eq!(json["broker"]["round_trip_ms"], 0.42);
        assert_eq!(json["limits"]["session_expiry"], 2_592_000);
        let checks = json["checks"].as_array().unwrap();
        let retained = checks.iter().find(|check| check["check"] == "retained").unwrap();
        assert_eq!(retained["settings"][0]["broker"], "mosquitto");
        assert_eq!(retained["settings"][0]["setting"], "retain_available true");
    }
}
