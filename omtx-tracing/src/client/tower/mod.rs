//! Client spans around any tower service.

mod future;
mod layer;
mod service;

pub use future::ClientFuture;
pub use layer::ClientLayer;
pub use service::ClientService;
