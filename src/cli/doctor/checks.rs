//! What the findings about a broker mean for Cooee, and what to change about it.

use serde::Serialize;

use super::behaviour::behaviour;
use super::limits::limits;
use crate::config::BrokerChoice;
use crate::engine::doctor::Findings;

/// How usable something is. The worst is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    /// Cooee works, with less than it promises.
    Degraded,
    /// Cooee does not work.
    Broken,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Broken => "broken",
        }
    }
}

/// One thing that Cooee needs of a broker.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// Its name; scripts go by it.
    pub check: &'static str,
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What that means for people, where it is not ok.
    pub effect: Option<&'static str>,
    /// Which setting of which broker helps.
    pub settings: Vec<Setting>,
}

/// A setting that helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Setting {
    pub broker: Kind,
    pub setting: &'static str,
}

/// The brokers whose settings we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Kind {
    #[serde(rename = "mosquitto")]
    Mosquitto,
    #[serde(rename = "HiveMQ")]
    HiveMq,
    #[serde(rename = "EMQX")]
    Emqx,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Mosquitto, Self::HiveMq, Self::Emqx];

    pub fn word(self) -> &'static str {
        match self {
            Self::Mosquitto => "mosquitto",
            Self::HiveMq => "HiveMQ",
            Self::Emqx => "EMQX",
        }
    }
}

/// Whose settings to name: those of the broker that it is, or of all that it may be.
pub(super) fn kinds(choice: &BrokerChoice, name: Option<&str>) -> Vec<Kind> {
    let name = name.unwrap_or_default().to_lowercase();
    let is = |kind: &Kind| name.contains(&kind.word().to_lowercase());
    match choice {
        BrokerChoice::BuiltIn => Vec::new(),
        BrokerChoice::Url(_) if Kind::ALL.iter().any(is) => Kind::ALL.into_iter().filter(is).collect(),
        BrokerChoice::Url(_) => Kind::ALL.to_vec(),
    }
}

/// Everything that was looked at, limits first.
pub(super) fn checks(findings: &Findings, kinds: &[Kind]) -> Vec<Check> {
    let mut checks = limits(&findings.limits);
    checks.extend(behaviour(findings));
    for check in &mut checks {
        check.settings.retain(|setting| kinds.contains(&setting.broker));
    }
    checks
}

impl Check {
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, found: found.into(), effect: None, settings: Vec::new() }
    }

    pub fn bad(
        check: &'static str,
        verdict: Verdict,
        found: impl Into<String>,
        effect: &'static str,
    ) -> Self {
        Self { check, verdict, found: found.into(), effect: Some(effect), settings: Vec::new() }
    }

    /// With what to set in mosquitto, HiveMQ and EMQX; empty where nothing helps.
    pub fn change(mut self, settings: [&'static str; 3]) -> Self {
        let settings = Kind::ALL.into_iter().zip(settings);
        let settings = settings.map(|(broker, setting)| Setting { broker, setting });
        self.settings = settings.filter(|setting| !setting.setting.is_empty()).collect();
        self
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::super::behaviour::queue;
    use super::*;
    use crate::engine::doctor::{Limits, Queue, SENT, Takeover, WillCame, wanted};

    /// A broker with which nothing is wrong.
    pub fn sound() -> Findings {
        Findings {
            limits: Limits {
                max_qos: 2,
                retain: true,
                max_packet: None,
                session_expiry: wanted::SESSION,
                receive_maximum: u16::MAX,
                topic_aliases: 10,
                wildcards: true,
                shared: true,
                keep_alive: None,
                assigned_client_id: None,
                server_reference: None,
                user_properties: Vec::new(),
            },
            round_trip: Some(Duration::from_micros(420)),
            name: Some("mosquitto version 2.0.11".into()),
            tells_nobody: Ok(true),
            queue: Ok(kept(SENT, SENT)),
            envelope: Ok(()),
            retained: Ok(true),
            will: Ok(WillCame::Delayed),
            takeover: Ok(Takeover::Untold),
            expiry: Ok(true),
        }
    }

    /// What is kept of a queue whose messages were all, or so many of them, acknowledged.
    pub fn kept(arrived: usize, acknowledged: usize) -> Queue {
        Queue { session_kept: true, sent: SENT, acknowledged, arrived, complete: true, in_order: true }
    }

    /// The only check that is not ok.
    fn wrong(change: impl FnOnce(&mut Findings)) -> Check {
        let mut findings = sound();
        change(&mut findings);
        let mut wrong = checks(&findings, &Kind::ALL);
        wrong.retain(|check| check.verdict != Verdict::Ok);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        wrong.remove(0)
    }

    #[test]
    fn a_sound_broker_is_all_ok() {
        let all = checks(&sound(), &Kind::ALL);
        assert!(all.iter().all(|c| c.verdict == Verdict::Ok && c.effect.is_none()), "{all:?}");
    }

    #[test]
    fn a_queue_is_judged_by_what_comes_back_and_by_what_was_said() {
        let lost = wrong(|f| f.queue = Ok(kept(1_000, SENT)));
        assert_eq!(lost.verdict, Verdict::Degraded);
        assert!(
            lost.found.starts_with("1000 of 2000") && lost.found.ends_with("dropped it"),
            "{lost:?}"
        );
        assert_eq!(lost.settings[0].setting, "max_queued_messages 0");
        let honest = wrong(|f| f.queue = Ok(kept(1_000, 1_000)));
        assert!(honest.found.ends_with("it refused the rest"), "{honest:?}");
        let nothing = wrong(|f| f.queue = Ok(kept(0, SENT)));
        assert_eq!(nothing.verdict, Verdict::Broken);
        let gone = wrong(|f| f.queue = Ok(Queue { session_kept: false, ..kept(0, SENT) }));
        assert_eq!(gone.verdict, Verdict::Broken);
        let mixed = wrong(|f| f.queue = Ok(Queue { in_order: false, ..kept(SENT, SENT) }));
        assert_eq!((mixed.check, mixed.verdict), ("order", Verdict::Degraded));
        for few in [Queue { sent: 640, ..kept(640, 640) }, Queue { complete: false, ..kept(640, SENT) }]
        {
            let found = &queue(&Ok(few))[0];
            assert_eq!(found.verdict, Verdict::Ok);
            assert!(
                found.found.starts_with("at least 640 ") && found.found.ends_with("no time for more)")
            );
        }
    }

    #[test]
    fn what_cooee_cannot_do_without_is_broken() {
        for (check, change) in [
            ("qos", (|f| f.limits.max_qos = 0) as fn(&mut Findings)),
            ("retained", |f| f.limits.retain = false),
            ("wildcards", |f| f.limits.wildcards = false),
            ("session", |f| f.limits.session_expiry = Duration::ZERO),
            ("client-id", |f| f.limits.assigned_client_id = Some("x".into())),
            ("retained", |f| f.retained = Ok(false)),
            ("nobody", |f| f.tells_nobody = Err("the broker does not allow it".into())),
            ("queue", |f| f.queue = Err("no answer".into())),
        ] {
            let found = wrong(change);
            assert_eq!((found.check, found.verdict), (check, Verdict::Broken));
        }
    }

    #[test]
    fn what_makes_cooee_worse_is_degraded() {
        for (check, change) in [
            ("packet", (|f| f.limits.max_packet = Some(65_536)) as fn(&mut Findings)),
            ("session", |f| f.limits.session_expiry = Duration::from_secs(7_200)),
            ("in-flight", |f| f.limits.receive_maximum = 10),
            ("keep-alive", |f| f.limits.keep_alive = Some(Duration::from_secs(300))),
            ("nobody", |f| f.tells_nobody = Ok(false)),
            ("large", |f| f.envelope = Err("too large".into())),
            ("will", |f| f.will = Ok(WillCame::AtOnce)),
            ("will", |f| f.will = Ok(WillCame::Never)),
            ("takeover", |f| f.takeover = Ok(Takeover::Never)),
            ("expiry", |f| f.expiry = Ok(false)),
        ] {
            let found = wrong(change);
            assert_eq!((found.check, found.verdict), (check, Verdict::Degraded));
        }
    }

    #[test]
    fn only_settings_of_the_broker_that_it_is_are_named() {
        let url = BrokerChoice::Url("mqtt://lan".parse().unwrap());
        assert_eq!(kinds(&url, Some("mosquitto version 2.0.11")), [Kind::Mosquitto]);
        assert_eq!(kinds(&url, Some("EMQX 5.8")), [Kind::Emqx]);
        assert_eq!(kinds(&url, None), Kind::ALL);
        assert_eq!(kinds(&BrokerChoice::BuiltIn, None), []);
    }
}
