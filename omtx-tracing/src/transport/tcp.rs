//! TCP connections to one collector, through the proxy that the environment names, if it names one.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::client::Version;
use crate::Error;
use crate::config::Endpoint;

#[cfg(feature = "tls")]
pub(super) type Connector = hyper_rustls::HttpsConnector<Tcp>;
#[cfg(not(feature = "tls"))]
pub(super) type Connector = Tcp;

/// TCP's keep-alive: keeps the state of address translators (350 s and less), and finds a peer that is gone within a minute.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// Makes connections to one collector.
#[derive(Clone)]
pub(super) enum Tcp {
    Direct(HttpConnector),
    /// `CONNECT`, for `http` and `https` alike: HTTP/2 without TLS has no other way through a proxy.
    Tunnel(Box<(Tunnel<HttpConnector>, Uri)>),
}

/// The connector of an endpoint; nothing is connected yet.
pub(super) fn connector(endpoint: &Endpoint, version: Version) -> Result<Connector, Error> {
    let uri = checked(&endpoint.uri)?;
    let tcp = Tcp::new(&uri, endpoint.timeout, &Matcher::from_env());
    #[cfg(feature = "tls")]
    return super::tls::connector(&uri, &endpoint.tls, version, tcp);
    #[cfg(not(feature = "tls"))]
    {
        let _ = version;
        if uri.scheme() == Some(&http::uri::Scheme::HTTPS) {
            return Err(Error::unsupported(
                format_args!("the endpoint \"{uri}\""),
                "tls",
            ));
        }
        Ok(tcp)
    }
}

/// A URL that a request can be sent to.
pub(super) fn checked(uri: &Uri) -> Result<Uri, Error> {
    let Some(authority) = uri.authority() else {
        return Err(Error::invalid("endpoint", uri, "a URL with a host"));
    };
    // Not shown: it may be a password.
    if let Some((_, host)) = authority.as_str().rsplit_once('@') {
        return Err(Error::invalid(
            "endpoint",
            format_args!("{}://…@{host}", uri.scheme_str().unwrap_or_default()),
            "no credentials in the URL; OTEL_EXPORTER_OTLP_HEADERS takes them",
        ));
    }
    match uri.scheme_str() {
        Some("http" | "https") => Ok(uri.clone()),
        _ => Err(Error::invalid("endpoint", uri, "http:// or https://")),
    }
}

impl Tcp {
    /// `timeout` is that of all addresses of a host together.
    pub(super) fn new(uri: &Uri, timeout: Duration, proxies: &Matcher) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        // Keep-alive is silent while something is under way; this bounds it likewise.
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(KEEPALIVE + KEEPALIVE_INTERVAL * KEEPALIVE_RETRIES));

        let proxy = proxies.intercept(uri).filter(|_| !is_local(uri));
        let Some(proxy) = proxy else {
            return Self::Direct(tcp);
        };
        tcp.enforce_http(true); // a proxy that wants TLS itself is refused, and the refusal says so
        let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        Self::Tunnel(Box::new((tunnel, with_port(uri))))
    }
}

/// What is never asked of a proxy, as in Go's `http.ProxyFromEnvironment`: the machine itself, where collectors often are.
fn is_local(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The URL with a port, which `CONNECT` must name.
fn with_port(uri: &Uri) -> Uri {
    let (Some(scheme), Some(host), None) = (uri.scheme_str(), uri.host(), uri.port()) else {
        return uri.clone();
    };
    let port = if scheme == "https" { 443 } else { 80 };
    let with_port = Uri::builder()
        .scheme(scheme)
        .authority(format!("{host}:{port}"))
        .path_and_query("/");
    with_port.build().unwrap_or_else(|_| uri.clone())
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Direct(tcp) => tcp.poll_ready(cx).map_err(io::Error::other),
            Self::Tunnel(tunnel) => tunnel.0.poll_ready(cx).map_err(io::Error::other),
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self {
            Self::Direct(tcp) => {
                let connecting = tcp.call(uri);
                Box::pin(async move { connecting.await.map_err(io::Error::other) })
            }
            Self::Tunnel(tunnel) => {
                let (tunnel, to) = &mut **tunnel;
                let connecting = tunnel.call(to.clone());
                Box::pin(async move { connecting.await.map_err(io::Error::other) })
            }
        }
    }
}
