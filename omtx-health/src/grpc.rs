//! `grpc.health.v1.Health`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{self, Stream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tonic::{Request, Response};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{self, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::{Health, Report, Status};

impl Health {
    /// The gRPC health service (`grpc.health.v1.Health`, `Check` and `Watch`), for Kubernetes' `grpc` probes, Envoy, and
    /// clients that watch.
    ///
    /// | service asked for | `SERVING` while |
    /// |---|---|
    /// | `""`, and each of `services` | the instance [is ready](Health::is_ready) |
    /// | the name of a check | that check is up |
    /// | anything else | never: `NOT_FOUND` for `Check`, `SERVICE_UNKNOWN` for `Watch` |
    ///
    /// `Watch` tells of a change at once, a result that goes stale included. When the service drains it says `NOT_SERVING`,
    /// and ends when the delay is over, so that it does not hold the drain up.
    ///
    /// Beside other gRPC services it is `Routes::add_service(health.grpc(["shop.v1.Orders"]))`; in an axum router,
    /// `route_service("/grpc.health.v1.Health/{method}", health.grpc([""; 0]))`.
    ///
    /// ```
    /// use omtx_health::Health;
    /// use tonic_health::pb::{HealthCheckRequest, health_server::Health as _};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let health = Health::builder("shop").build().unwrap();
    /// let service = omtx_health::GrpcHealth::new(&health, ["shop.v1.Orders"]);
    ///
    /// let request = tonic::Request::new(HealthCheckRequest { service: "shop.v1.Orders".into() });
    /// let response = service.check(request).await.unwrap();
    /// assert_eq!(response.into_inner().status().as_str_name(), "SERVING");
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn grpc<S: Into<String>>(
        &self,
        services: impl IntoIterator<Item = S>,
    ) -> HealthServer<GrpcHealth> {
        HealthServer::new(GrpcHealth::new(self, services))
    }
}

/// See [`Health::grpc`], which wraps it for a server.
#[derive(Clone)]
pub struct GrpcHealth {
    health: Health,
    services: Arc<[String]>,
}

impl GrpcHealth {
    /// The service itself; `services` are the names of the gRPC services that this instance serves.
    #[must_use]
    pub fn new<S: Into<String>>(health: &Health, services: impl IntoIterator<Item = S>) -> Self {
        Self {
            health: health.clone(),
            services: services.into_iter().map(Into::into).collect(),
        }
    }

    fn status(&self, service: &str) -> ServingStatus {
        let serving = if service.is_empty() || self.services.iter().any(|name| name == service) {
            self.health.is_ready()
        } else {
            let report = self.health.report();
            match report.check(service).map(|check| check.status()) {
                None => return ServingStatus::ServiceUnknown,
                Some(Status::Unknown) => return ServingStatus::Unknown,
                Some(status) => status.is_up(),
            }
        };
        if serving {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        }
    }
}

type Answers = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, tonic::Status>> + Send>>;

#[tonic::async_trait]
impl health_server::Health for GrpcHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, tonic::Status> {
        match self.status(&request.get_ref().service) {
            ServingStatus::ServiceUnknown => Err(tonic::Status::not_found("unknown service")),
            status => Ok(Response::new(response(status))),
        }
    }

    type WatchStream = Answers;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Answers>, tonic::Status> {
        let watch = Watch {
            reports: self.health.subscribe(),
            service: request.into_inner().service,
            told: None,
            grpc: self.clone(),
        };
        let answers = stream::unfold(watch, async |mut watch| {
            let status = watch.next().await?;
            Some((Ok(response(status)), watch))
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// One client that watches.
struct Watch {
    grpc: GrpcHealth,
    service: String,
    reports: watch::Receiver<Arc<Report>>,
    told: Option<ServingStatus>,
}

impl Watch {
    /// The next status that is another, or `None` when the server stops.
    async fn next(&mut self) -> Option<ServingStatus> {
        let (health, drain) = (&self.grpc.health, self.grpc.health.drain());
        loop {
            self.reports.mark_unchanged();
            let draining = drain.is_draining();
            let status = self.grpc.status(&self.service);
            if self.told != Some(status) {
                self.told = Some(status);
                return Some(status);
            }
            // Nobody tells of a result that goes stale.
            let stale = health.inner.snapshot().holds_until;
            tokio::select! {
                // What has changed by then is told first: without a delay, that it drains.
                () = drain.stopped_accepting() => {
                    if self.told == Some(self.grpc.status(&self.service)) {
                        return None;
                    }
                }
                () = drain.draining(), if !draining => {}
                () = until(stale) => {}
                changed = self.reports.changed() => changed.ok()?,
            }
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

impl fmt::Debug for GrpcHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcHealth")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}
