//! `alerts.desktop`: how the desktop is to show a call.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// How the desktop shows that something came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DesktopAlerts {
    /// Not at all.
    Off,
    /// As far as the terminal passes it on.
    Terminal,
    /// Over D-Bus; where there is none, as far as the terminal passes it on.
    Bus,
}

/// Written as `true`, `false` or `"bus"`.
impl<'de> Deserialize<'de> for DesktopAlerts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl de::Visitor<'_> for Written {
            type Value = DesktopAlerts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or \"bus\"")
            }

            fn visit_bool<E: de::Error>(self, on: bool) -> Result<DesktopAlerts, E> {
                Ok(if on { DesktopAlerts::Terminal } else { DesktopAlerts::Off })
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DesktopAlerts, E> {
                match text {
                    "bus" => Ok(DesktopAlerts::Bus),
                    other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
                }
            }
        }
        deserializer.deserialize_any(Written)
    }
}

impl From<DesktopAlerts> for toml::Value {
    fn from(how: DesktopAlerts) -> Self {
        match how {
            DesktopAlerts::Off => false.into(),
            DesktopAlerts::Terminal => true.into(),
            DesktopAlerts::Bus => "bus".into(),
        }
    }
}
