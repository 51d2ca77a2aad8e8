//! Messages and job queues: a producer's context travels in the message, and the consumer continues its trace, or links to it.
//!
//! The context goes into any carrier of strings that is sent with the message, such as a `HashMap` that is serialised with it.
//! That is all that must be done, and [`Telemetry::inject_into`](crate::Telemetry::inject_into) and
//! [`extract_from`](crate::Telemetry::extract_from) do it; [`Messaging`] makes the spans of both sides besides:
//!
//! ```
//! use omtx_tracing::Telemetry;
//! use std::collections::{HashMap, VecDeque};
//!
//! # #[derive(Clone)]
//! struct Message {
//!     headers: HashMap<String, String>,
//!     body: String,
//! }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), omtx_tracing::Error> {
//! # let mut queue = VecDeque::new();
//! # let telemetry = Telemetry::builder("hub").build()?;
//! let messaging = telemetry.messaging("redis");
//!
//! // In the service that submits:
//! let mut message = Message { headers: HashMap::new(), body: "ACGT".to_owned() };
//! let sending = messaging.send("analysis", &mut message.headers);
//! let sent = sending.run(async { queue.push_back(message); Ok::<_, std::io::Error>(()) }).await;
//! # sent.unwrap();
//!
//! // In the worker, another process:
//! let message = queue.pop_front().unwrap();
//! let processed = messaging
//!     .process("analysis", &message.headers)
//!     .message_id("job-1")
//!     .run(async { if message.body.is_empty() { Err("empty") } else { Ok(message.body.len()) } })
//!     .await;
//! assert_eq!(processed, Ok(4));
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! send analysis       PRODUCER                              process analysis    CONSUMER, parent: send analysis
//!   messaging.system             redis                        messaging.system             redis
//!   messaging.operation.name     send                         messaging.operation.name     process
//!   messaging.operation.type     send                         messaging.operation.type     process
//!   messaging.destination.name   analysis                     messaging.destination.name   analysis
//!                                                             messaging.message.id         job-1
//! ```
//!
//! These are OpenTelemetry's conventions for messaging spans, which are not stable yet.
//!
//! An error marks the span (`error.type` is its [kind or type](crate::TypeName)), and so does a panic (`panicked`), or a
//! future that is dropped before it is over (`cancelled`). Where the trace is not sampled, or telemetry is disabled, no span is
//! made, and the context travels all the same.
//!
//! For jobs that [`omtx_context::Jobs`] runs there is an observer, [`JobSpans`](crate::JobSpans).

mod consume;
mod message;
mod run;
mod spans;

pub use consume::Consume;
pub use message::MessageSpan;
pub use run::RunMessage;
pub use spans::Messaging;
