//! Cooee: a keyboard-driven terminal messenger over MQTT that brings its own broker.
//!
//! A *cooee* is a call that carries across open country. One binary, `cooee`, opens the full-screen
//! messenger, or talks in lines where there is no screen; the same engine serves a scriptable command line and joins
//! sessions that already run.
//!
//! # The house
//!
//! ```text
//!            main ── cli ─────────────┐          front ends: what a person sees
//!                    tui ─ view ─ app ┤          (demo: companions beside the tui)
//!                                     ▼
//!                                  engine        the messenger without a face: Command in, Update out
//!        ┌──────────┬──────────┬─────┴─────┬──────────┬──────────┐
//!        ▼          ▼          ▼           ▼          ▼          ▼
//!    registry     store     crypto       mqtt       broker     config
//!    CSV files    SQLite    keys,        the link   built in   flags, environment, file
//!                 keyring   secrecy
//!        └──────────┴────┬─────┴───────────┴──────────┘
//!                     protocol                   topics, envelopes, documents
//!                        │
//!                     domain                     values and rules; no I/O, no clock
//! ```
//!
//! Arrows are imports, and there are no others (but for `failpoints`, where tests end a process): a test
//! reads the sources and says so. The first paragraph of each module says what it owns and what it must not
//! do.
//!
//! # Three journeys
//!
//! *A key press*: the input task sends it through a bounded channel; the loop turns it into an `Action`
//! by the keymap, and the state answers with a new state and effects. The loop takes all events that are
//! ready, then draws once; of frames that nobody's hand caused two may follow at once, and in the long run one every
//! 16 ms. An idle Cooee sleeps.
//!
//! *A message in*: the connection task polls; the engine opens it with the keys that its sender is known by,
//! checks it and de-duplicates it by its id, stores it in one transaction with all that came in the same moment,
//! with the state of the sessions that opened it and with the receipts for its senders, and only then acknowledges
//! it to the broker and tells the front ends. What cannot be understood is quarantined and acknowledged.
//!
//! *A message out*: it is sealed, and one transaction stores the message, the state of the session that sealed
//! it and the final bytes in the outbox; the front ends show it with a clock. It is published with at most 16 under way; the broker's PUBACK makes the
//! clock a tick. Only when every recipient has confirmed that they stored it does it leave the outbox; until
//! then the same bytes go to whoever did not, when they are seen online, and the receiver stores them once.
//! The engine's page says what is promised by that and what is not.
//!
//! # Words
//!
//! *Event* enters the loop of the screen; *Action* is what a key means; *Effect* is what the state asks
//! of the outside. *Command* goes into the engine, *Update* comes out. A *Conversation* is with a person,
//! in a group, or in an open *Room*, where nothing is encrypted; a *Message* has one id, made by its sender; *Delivery* says how far it has come,
//! in all and to each *Recipient*; a *Letter* is what goes over the wire in an *Envelope*: a message, a
//! *Receipt* of others' letters, an *Alteration* (an edit, a deletion, a sign, a vote, a pin) of a message that was said, or another
//! notice; an *Attachment* is what a message tells of a *File*, which is then fetched in
//! *Chunks*; the *Outbox* holds letters that are not yet confirmed. A
//! *Profile* is what a person tells about themselves, a *Card* what a group tells; *Presence* is who is
//! online. An *Identity* is who a user is, a *Device* one installation of theirs, a *Bundle* the keys that it
//! publishes; a *Peer* is another device with the sessions that there are with it. An *Epoch* numbers the connections of a device. A *Face* is a front end that watches a
//! session.

pub mod broker;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod error;
pub mod failpoints;
pub mod keyring;
pub mod logging;
pub mod mqtt;
pub mod protocol;
pub mod registry;
pub mod store;
pub mod tui;
