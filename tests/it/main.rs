//! The integration tests: one binary, real processes, real files, a real broker.

mod broker;
mod config;
mod pty;
mod registry;
mod session;
mod support;
