//! `cargo bench`: the figures of `obole bench`, with whatever arguments follow `--`.

use std::process::{Command, exit};

fn main() {
    // Cargo itself adds `--bench`.
    let arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    match Command::new(env!("CARGO_BIN_EXE_obole"))
        .arg("bench")
        .args(arguments)
        .status()
    {
        Ok(status) => exit(status.code().unwrap_or(1)),
        Err(error) => {
            eprintln!("obole bench did not start: {error}");
            exit(1);
        }
    }
}
