//! `cargo bench`: the figures of `obole bench`, with whatever arguments follow `--`.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    // Cargo itself adds `--bench`.
    let arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    match Command::new(env!("CARGO_BIN_EXE_obole"))
        .arg("bench")
        .args(arguments)
        .status()
    {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("obole bench did not start: {error}");
            ExitCode::FAILURE
        }
    }
}
