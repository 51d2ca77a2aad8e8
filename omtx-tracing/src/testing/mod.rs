//! What services need to test their own spans: a recorder that keeps them in memory.

mod recorded;
mod recorder;

pub use recorded::RecordedSpan;
pub(crate) use recorder::Memory;
pub use recorder::SpanRecorder;
