//! `--timeout`: how long a command waits.

use std::time::Duration;

use jiff::SignedDuration;

/// The longest that can be asked for; nobody means more, and clocks bear no more.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// How long to wait for the broker.
#[derive(Clone, Copy, clap::Args)]
pub struct Patience {
    /// How long to wait for the broker: seconds, or such as `500ms`, `10s`, `2m`
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub timeout: Duration,
}

/// What commands take that ask for something and print what came of it.
#[derive(Clone, Copy, clap::Args)]
pub struct Options {
    /// Print JSON, one object a line (see `cooee listen --help`)
    #[arg(long)]
    pub json: bool,
    /// How long to wait.
    #[command(flatten)]
    pub patience: Patience,
}

/// Reads a duration: plain seconds, or as jiff's friendly format writes it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let read = match text.parse() {
        Ok(seconds) => Ok(SignedDuration::from_secs(seconds)),
        Err(_) => text.parse::<SignedDuration>(),
    };
    let duration = read.ok().and_then(|d| Duration::try_from(d).ok()).filter(|d| *d <= LONGEST);
    duration.ok_or_else(|| "write seconds, or such as `500ms`, `10s` or `2m`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_in_seconds_or_with_its_unit() {
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "soon", "-1", "-1s", "10 years", "99999999999999999999", "1e9"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
