//! Client spans around any tower service.

mod count_resends;
mod future;
mod layer;
mod service;

pub use count_resends::{CountResends, CountResendsService};
pub use future::ClientFuture;
pub use layer::ClientLayer;
pub use service::ClientService;
