//! Cooee: a keyboard-driven terminal messenger over MQTT that brings its own broker.

pub mod broker;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod error;
pub mod logging;
pub mod mqtt;
pub mod protocol;
pub mod registry;
pub mod store;
