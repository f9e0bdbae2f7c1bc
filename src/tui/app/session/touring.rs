//! The tour, as far as the main screen knows of it.

use super::{Session, Turn};
use crate::tui::app::tour::{Did, END, Tour};

impl Session {
    /// Begins the tour.
    pub fn begin_tour(&mut self) {
        self.tour = Some(Tour::default());
    }

    /// Ends the tour before it is through; says whether there was one.
    pub(super) fn leave_tour(&mut self, turn: &mut Turn<'_>) -> bool {
        let was_there = self.tour.take().is_some();
        if was_there {
            turn.news("the tour has ended; /tour begins it again");
        }
        was_there
    }

    /// The person did something: the tour may go on.
    pub fn did(&mut self, did: Did, turn: &mut Turn<'_>) {
        let Some(tour) = self.tour else { return };
        self.tour = tour.after(did);
        if self.tour.is_none() {
            turn.news(turn.keymap.filled(END));
        }
    }

    /// Tells what to do next.
    pub(super) fn settle_tour(&mut self, turn: &mut Turn<'_>) {
        if self.is_choosing() {
            self.did(Did::Chose, turn);
        }
        turn.notices.stand(self.tour.map(|tour| turn.keymap.filled(&tour.words())));
    }
}
