//! Which lines are written: by severity and by module, changeable while the service runs.

mod directives;
mod filter;
mod handle;

pub use directives::Levels;
pub(crate) use filter::LevelFilter;
pub use handle::LevelHandle;
