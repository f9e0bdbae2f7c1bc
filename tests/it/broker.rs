//! The built-in broker, as a real process.
