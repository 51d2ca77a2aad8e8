//! From values to the bytes of a line.
//!
//! [`line`] puts a line together from what is prepared: [`plan`] (constant bytes per callsite) and [`block`] (the fields
//! of a scope, or of the spans). [`recorder`] adds the event's own fields; [`merge`] is the way around for the lines in
//! which keys nest or meet.

pub(crate) mod block;
pub(crate) mod escape;
pub(crate) mod key;
pub(crate) mod line;
pub(crate) mod local;
pub(crate) mod merge;
pub(crate) mod plan;
pub(crate) mod pretty;
pub(crate) mod recorder;
pub(crate) mod text;
pub(crate) mod timestamp;
pub(crate) mod value;
