//! Groups that need no server to be believed: signed documents, and the one view that follows from them.
//!
//! # The documents
//!
//! The *owner* and each *admin* sign one versioned [`Document`]: counters of members (odd is in, even is
//! out), the last name they gave, and in the owner's a [`Charter`]: who the admins are and who may come in.
//! A *member* signs a [`Statement`] about themselves: that they came, or left. A member is a name **and** a
//! key ([`Member`]): whoever is let in is let in with the key that the admin saw, so what a broker shows to
//! others does not matter.
//!
//! # What counts
//!
//! The [`View`] is a function of the set of documents. Nothing is decided by time, order or repetition.
//!
//! - The owner is whose key makes the id of the group (`crypto::groups` checks that). Of each author the
//!   highest version counts; of two contents of one version always the same, and the view says so
//!   ([`Flag::Contradiction`]).
//! - An admin's document counts while the owner's lists them, from the version on that it names. So what was
//!   signed before a dismissal stays ignored when the admin is appointed again.
//! - A counter begins where the owner's document puts it. The counters of the admins and the member's own
//!   statement raise it, lowest first, each by at most [`REACH`]; what is further off is ignored and flagged
//!   ([`Flag::TooFar`]). So no admin can put a counter to 2^32-1, where nobody could raise it again, and none
//!   can take another's place at the top for ever: the next may go [`REACH`] further. The owner's counter has
//!   no bound, and the owner can always dismiss. Names have a clock, which is bounded in the same way; of two
//!   names of one clock that of the greater key counts.
//! - Only the owner decides about the owner and the admins. An admin who leaves still decides until the
//!   owner dismisses them: what they did must not go with them.
//! - A statement to leave always counts, and so does one of the owner to come back. In an *open* group so does a statement to come; a member who was
//!   removed can come again, and whoever must stay out needs a group by invitation. In a group *by
//!   invitation* a statement to come raises nothing: it says that the invitation was accepted
//!   ([`Standing::came`]), and cannot be made useful before an admin grants it.
//! - A document names what its author decided and not what they heard from others. So with a dismissed admin
//!   goes all that they did, but for what the owner keeps ([`Change::Dismiss`]) by absorbing it.
//! - There are at most [`GROUP_MEMBERS`](crate::domain::limits::GROUP_MEMBERS) members. If more are let in,
//!   those whom the owner let in stay first, then those of the admins, then who came by themselves; by name
//!   in each.
//!
//! # How to use it
//!
//! One [`Ledger`] for a group. Everything signed that comes in is opened by `crypto::groups::open` and goes
//! through [`Ledger::insert`]; if that was news, [`Ledger::view`] is worked out anew and compared with the
//! last one. Store [`Ledger::items`] (their bytes), and open and insert them at the next start. To make a
//! group: [`found`]. To change it: [`Ledger::propose`], then sign, insert, store and send the one document to
//! the members as they were and as they are. To join, accept, decline or leave: [`Ledger::state`], likewise.
//! A newcomer is sent [`Ledger::counted`]; so is whoever sends another `crypto::groups::state_hash`, and
//! after both sides did so they agree. Anybody may pass on what others signed.
//!
//! If a document of our own goes too far, it rested on one that does not count any more; if it contradicts another
//! one of ours, two devices of ours decided at once. [`Ledger::mend`] says what to sign then: once in a while and
//! not at the speed of the network, for a hostile admin can go on withdrawing what it rests on until the owner
//! dismisses them.
//!
//! What the caller decides: whether a member's key is the one pinned for their name (send keys only to such
//! members), whom to take in at all (anybody can sign under any name, so strangers are left out of an open group
//! whom nobody knows by that key), and what to do about flags. A contradiction is visible until the author signs a higher version:
//! note it when it is seen.
//!
//! What this cannot do: somebody who is told less cannot know it before the hashes are compared. What is kept
//! of people without a say is bounded ([`WAITING_DOCUMENTS`], [`WAITING_STATEMENTS`]); beyond that some
//! of it has to be sent again once a document that counts names them.

mod change;
mod counting;
mod document;
mod ledger;
mod slot;
#[cfg(test)]
mod tests;
mod view;

pub use change::{Change, Refused, found};
pub use counting::REACH;
pub use document::{Charter, Document, Fading, Held, Item, Member, Naming, Statement, is_in};
pub use ledger::{Ledger, OtherGroup, Voice, WAITING_DOCUMENTS, WAITING_STATEMENTS};
pub use view::{Flag, Standing, View};
