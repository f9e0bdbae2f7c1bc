//! Where there is no D-Bus: a Cooee that was built without it, or a system that has none.

use crate::tui::app::Alert;

/// No bus.
#[derive(Debug, Default)]
pub struct Bus {}

impl Bus {
    /// Shows nothing.
    pub async fn show(&mut self, _: &Alert) -> Result<(), String> {
        Err("this Cooee was built without D-Bus".to_owned())
    }
}
