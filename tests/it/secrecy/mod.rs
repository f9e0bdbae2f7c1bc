//! What SECRECY promises, entry by entry, shown on the layers that need no broker: `crypto` and `protocol` as a
//! library, and a real store where what was opened is told apart by it.
mod bombs;
mod documents;
mod fuzz;
mod gaps;
mod groups;
mod keys;
mod laws;
mod places;
mod rollback;
mod session;
mod storage;
mod support;
mod vectors;
