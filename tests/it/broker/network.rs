//! The built-in broker on a network.
