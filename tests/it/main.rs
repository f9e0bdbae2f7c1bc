//! The integration tests: one binary, real processes, real files, a real broker.

mod broker;
mod cli;
mod config;
mod frames;
mod journeys;
mod keys;
mod mqtt;
mod registry;
mod session;
mod support;
