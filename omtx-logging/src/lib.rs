//! Does every log line know its request and its job?
