//! What SECRECY promises, entry by entry, shown on the layers that need no broker: `crypto` and `protocol` as a
//! library, and a real store where what was opened is told apart by it.
mod documents;
mod gaps;
mod groups;
mod keys;
mod laws;
mod places;
mod rollback;
mod storage;
mod support;
