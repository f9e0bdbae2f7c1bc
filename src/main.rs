//! The `cooee` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    cooee::cli::main()
}
