//! Can this service take traffic, and what stands in its way?
