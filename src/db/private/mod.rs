//! A PostgreSQL of our own when no `DATABASE_URL` is given: found in the system, initialised with
//! checksums, reached over a Unix socket only, run by an unprivileged user when we are root
//! (PostgreSQL refuses root).
//!
//! `install` finds the programs and the folders, `server` starts and stops, `attachment` counts
//! who uses it, `cluster` puts them together.

mod attachment;
mod cluster;
mod error;
mod install;
mod server;

pub use cluster::Cluster;
pub use error::PrivateError;
pub use install::{ClusterFolders, find_binaries};
