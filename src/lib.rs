//! Cooee: a keyboard-driven terminal messenger over MQTT that brings its own broker.

pub mod domain;
pub mod engine;
pub mod tui;
