//! Times as people read them, in their own time zone.

use jiff::Zoned;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::domain::Timestamp;

/// The calendar of the person at the screen.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
}

impl Calendar {
    /// A calendar of this time zone.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    fn local(&self, at: Timestamp) -> Zoned {
        at.to_jiff().to_zoned(self.zone.clone())
    }

    /// The day of an instant.
    pub fn day(&self, at: Timestamp) -> Date {
        self.local(at).date()
    }

    /// The time of the day.
    pub fn time(&self, at: Timestamp) -> Time {
        self.local(at).time()
    }

    /// When a day begins; `None` where that cannot be told.
    pub fn start(&self, day: Date) -> Option<Timestamp> {
        let start = day.to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
    }

    /// Hours and minutes: `10:41`.
    pub fn clock(&self, at: Timestamp) -> String {
        self.local(at).strftime("%H:%M").to_string()
    }

    /// With seconds: `10:41:07`.
    pub fn clock_with_seconds(&self, at: Timestamp) -> String {
        self.local(at).strftime("%H:%M:%S").to_string()
    }

    /// A day as a heading: `Sunday 22 November`, with the year when it is not the present one.
    pub fn heading(&self, day: Date, now: Timestamp) -> String {
        let shape = if day.year() == self.day(now).year() { "%A %-d %B" } else { "%A %-d %B %Y" };
        day.strftime(shape).to_string()
    }

    /// A time beside another that is told already: with its day where that is another one.
    pub fn beside(&self, at: Timestamp, other: Timestamp) -> String {
        match self.day(at) == self.day(other) {
            true => self.clock(at),
            false => self.local(at).strftime("%-d %b %H:%M").to_string(),
        }
    }

    /// As exactly as a person may want it: seconds today, the date on other days.
    pub fn exact(&self, at: Timestamp, now: Timestamp) -> String {
        let (then, today) = (self.day(at), self.day(now));
        let shape = match () {
            () if then == today => "%H:%M:%S",
            () if then.year() == today.year() => "%-d %b %H:%M:%S",
            () => "%Y-%m-%d %H:%M:%S",
        };
        self.local(at).strftime(shape).to_string()
    }

    /// As short as a list needs it: the time today, the weekday within six days, else the date.
    pub fn short(&self, at: Timestamp, now: Timestamp) -> String {
        let (then, today) = (self.day(at), self.day(now));
        let days = today.since(then).map_or(i32::MAX, |span| span.get_days());
        match days {
            0 => self.clock(at),
            1..=6 => then.strftime("%a").to_string(),
            _ if then.year() == today.year() => then.strftime("%-d %b").to_string(),
            _ => then.strftime("%Y-%m-%d").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn nearer_times_are_told_more_finely() {
        let calendar = Calendar::new(TimeZone::UTC);
        let now = at("2026-11-22T10:41:07Z");
        assert_eq!(calendar.short(at("2026-11-22T00:00:00Z"), now), "00:00");
        assert_eq!(calendar.short(at("2026-11-21T23:59:59Z"), now), "Sat");
        assert_eq!(calendar.short(at("2026-11-15T23:59:59Z"), now), "15 Nov");
        assert_eq!(calendar.short(at("2025-11-22T10:41:07Z"), now), "2025-11-22");
        assert_eq!(
            calendar.short(at("2026-11-29T10:41:07Z"), now),
            "29 Nov",
            "a sender's clock may be fast"
        );
        let yesterday = at("2026-11-21T23:59:59Z");
        assert_eq!([now, yesterday].map(|at| calendar.beside(at, now)), ["10:41", "21 Nov 23:59"]);
        assert_eq!(
            [now, yesterday, at("2025-11-22T10:41:07Z")].map(|at| calendar.exact(at, now)),
            ["10:41:07", "21 Nov 23:59:59", "2025-11-22 10:41:07"]
        );
        assert_eq!(calendar.heading(calendar.day(now), now), "Sunday 22 November");
        assert_eq!(
            calendar.heading(calendar.day(at("2025-01-01T00:00:00Z")), now),
            "Wednesday 1 January 2025"
        );
    }

    #[test]
    fn days_are_those_of_the_time_zone() {
        let brisbane = Calendar::new(TimeZone::fixed(jiff::tz::offset(10)));
        assert_eq!(brisbane.clock(at("2026-11-22T20:00:00Z")), "06:00");
        assert_eq!(brisbane.day(at("2026-11-22T20:00:00Z")).day(), 23);
        let day = jiff::civil::date(2026, 11, 23);
        assert_eq!(brisbane.start(day), Some(at("2026-11-22T14:00:00Z")));
    }
}
