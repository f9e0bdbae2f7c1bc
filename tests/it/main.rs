//! The integration tests: one binary, real processes, real files, a real broker.

mod altering;
mod architecture;
mod broker;
mod chaos;
mod cli;
mod config;
mod finding;
mod frames;
mod guarded;
mod hostile_text;
mod journeys;
mod keys;
mod monkey;
mod mqtt;
mod pty;
mod receipts;
mod registry;
mod room_frames;
mod secrecy;
mod session;
mod support;
mod trust_frames;
mod vim;
mod writing;
