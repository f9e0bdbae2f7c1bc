//! The build script: puts what a start needs in one place of the program.
//!
//! The system maps a program in neighbourhoods of 64 KiB around what is touched, and what a start touches lay
//! strewn over more than half of it: 3.5 MB of functions held 15 MB in memory. `assets/start.order` lists
//! those functions, and the linker puts them side by side (measured: memory at rest 24.3 MB before and 14.5
//! after, and a start a tenth shorter).
//!
//! The list is written by `.ci/order`, which watches a release build and that of the benchmarks. It fits the
//! compiler and the `Cargo.lock` that it was written with: a name that there is no more is passed over, so
//! an old list does no harm, and less and less good. It counts in release builds, where the linker takes it,
//! which is tried out: lld does, which Rust brings along for Linux on `x86_64`; GNU ld does not.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ORDER: &str = "assets/start.order";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-changed={ORDER}");
    if env::var("PROFILE")? != "release" {
        return Ok(());
    }
    let order = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join(ORDER);
    let arguments = [
        format!("-Wl,--symbol-ordering-file={}", order.display()),
        "-Wl,--no-warn-symbol-ordering".into(),
    ];
    if links(&arguments, Path::new(&env::var("OUT_DIR")?))? {
        for argument in arguments {
            println!("cargo::rustc-link-arg-bin=cooee={argument}");
        }
    }
    Ok(())
}

/// Whether the linker of this build takes these arguments, tried out with a program that does nothing.
fn links(arguments: &[String], scratch: &Path) -> Result<bool, Box<dyn Error>> {
    let source = scratch.join("nothing.rs");
    fs::write(&source, "fn main() {}")?;
    let mut rustc = Command::new(env::var("RUSTC")?);
    rustc.arg(source).arg("--target").arg(env::var("TARGET")?).arg("-o").arg(scratch.join("nothing"));
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    rustc.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    rustc.args(arguments.iter().map(|argument| format!("-Clink-arg={argument}")));
    Ok(rustc.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success())
}
