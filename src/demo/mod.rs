//! The demonstration: a made-up world on real parts. Its shop signs and posts like any merchant's,
//! its bank reads and writes the files of a real one, and no room below knows that it is there.

mod earlier;
mod month;
mod opening;
mod orders;
mod play;
mod shop;
mod world;

pub use earlier::{delete, explain};
pub use month::next_period;
pub use opening::{Demo, open, settings};
pub use play::Play;
pub use shop::{Order, Shop};
