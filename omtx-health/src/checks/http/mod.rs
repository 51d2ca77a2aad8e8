//! Does a URL answer as expected?

mod exchange;
mod expectation;
mod preset;
mod url;

use std::time::Duration;

use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use ::http::{Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use self::expectation::Expectations;
use self::url::Url;
use super::amount::Time;
use super::{DEFAULT_TIMEOUT, within};
use crate::{Check, CheckResult, Error, Failure, Verdict};

/// Passes if a URL answers as expected.
///
/// On the wire, one connection for each run, closed afterwards:
///
/// ```text
/// GET /health?full=1 HTTP/1.1
/// host: langflow:7860
/// user-agent: omtx-health/0.1.0
/// accept: */*
/// connection: close
/// ```
///
/// Redirects are not followed: a login page answers 200, and would pass for the service. The body is read only when something
/// is expected of it, and no further than [`max_body_bytes`](Self::max_body_bytes).
///
/// | failure | what to do |
/// |---|---|
/// | `http://langflow:7860/health: cannot connect to langflow:7860 (10.0.0.7): Connection refused …` | the service is down |
/// | `…: answered 503 Service Unavailable; expected 200-299` | the service says itself that it is not well: look at its log |
/// | `…: answered 302 Found; expected 200-299 (redirects are not followed)` | name the URL that it redirects to, or send the credentials that it asks for |
/// | `…: no answer within 3 s` | the service hangs; its port still accepts |
/// | `…: the body has no "ok" in it`, `… /status is "nok"; expected "ok"` | as for 503 |
/// | `…: TLS with …: invalid peer certificate: …` | expired, another name, or an authority that [`Tls`](super::Tls) was not told of |
///
/// ```
/// use omtx_health::{Check, checks::Http};
/// # use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let base = format!("http://{}", listener.local_addr()?);
/// # tokio::spawn(async move {
/// #     let (mut stream, _) = listener.accept().await?;
/// #     let _ = stream.read(&mut [0; 1024]).await?;
/// #     stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"status\":\"nok\"}").await
/// # });
/// let check = Http::get(&format!("{base}/health"))
///     .unwrap()
///     .expect_json("/status", "ok");
///
/// let failure = check.run().await.unwrap_err(); // the service answers 200 {"status":"nok"}
/// assert_eq!(failure.error(), format!("{base}/health: /status is \"nok\"; expected \"ok\""));
/// # Ok::<_, std::io::Error>(())
/// # })?;
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Http {
    url: Url,
    method: Method,
    headers: HeaderMap,
    expectations: Expectations,
    timeout: Duration,
    #[cfg(feature = "tls")]
    tls: Option<super::Tls>,
}

impl Http {
    /// How much of a body is read, unless the check says otherwise: 64 KiB.
    pub const DEFAULT_MAX_BODY_BYTES: usize = 64 * 1024;

    /// A check that sends `GET` to a URL, `http://` or (feature `tls`) `https://`.
    ///
    /// # Errors
    ///
    /// If it is no such URL, or has a user or a password in it: those belong in [`header`](Self::header), whose values are
    /// never shown. For `https://`, if the system has no root certificates; see [`get_with`](Self::get_with).
    ///
    /// ```
    /// use omtx_health::checks::Http;
    ///
    /// let error = Http::get("http://app:secret@search/_cluster/health").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "invalid URL \"http://***@search\"; \
    ///      expected no user or password in it, but an `authorization` header",
    /// );
    /// ```
    pub fn get(url: &str) -> Result<Self, Error> {
        let url = Url::parse(url)?;
        Ok(Self {
            #[cfg(feature = "tls")]
            tls: match url.https {
                true => Some(super::Tls::native()?),
                false => None,
            },
            url,
            method: Method::GET,
            headers: HeaderMap::new(),
            expectations: Expectations::default(),
            timeout: DEFAULT_TIMEOUT,
        })
    }

    /// A check that sends `GET` to an `https://` URL and trusts these certificates.
    ///
    /// # Errors
    ///
    /// If it is no such URL.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn get_with(url: &str, tls: super::Tls) -> Result<Self, Error> {
        let url = Url::parse(url)?;
        if !url.https {
            return Err(Error::invalid("URL", &url, "https://"));
        }
        Ok(Self {
            tls: Some(tls),
            url,
            method: Method::GET,
            headers: HeaderMap::new(),
            expectations: Expectations::default(),
            timeout: DEFAULT_TIMEOUT,
        })
    }

    /// Sends `HEAD`, for a server that computes its body at a cost. Expectations on the body fail.
    #[must_use]
    pub fn head(mut self) -> Self {
        self.method = Method::HEAD;
        self
    }

    /// Sends this header, in place of another of the same name. Its value is never shown.
    ///
    /// ```
    /// use http::{HeaderValue, header::AUTHORIZATION};
    /// use omtx_health::checks::Http;
    ///
    /// let check = Http::get("http://search:9200/_cluster/health")?
    ///     .header(AUTHORIZATION, HeaderValue::from_static("ApiKey c2VjcmV0"));
    /// assert!(!format!("{check:?}").contains("c2VjcmV0"));
    /// # Ok::<_, omtx_health::Error>(())
    /// ```
    #[must_use]
    pub fn header(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self
    }

    /// Which status codes pass. Default: 200 to 299.
    ///
    /// ```
    /// # use omtx_health::checks::Http;
    /// let alive_behind_a_login = Http::get("http://admin:8080/")?.expect_status([200, 401]);
    /// let any_answer_but_5xx = Http::get("http://admin:8080/")?.expect_status(100..500);
    /// # Ok::<_, omtx_health::Error>(())
    /// ```
    #[must_use]
    pub fn expect_status(mut self, codes: impl IntoIterator<Item = u16>) -> Self {
        self.expectations.passing = codes.into_iter().collect();
        self
    }

    /// Which status codes are reported as `degraded`, whatever else is expected. Default: none.
    ///
    /// 429 says that the service is up, and that this one asks too much of it.
    #[must_use]
    pub fn degraded_status(mut self, codes: impl IntoIterator<Item = u16>) -> Self {
        self.expectations.degraded = codes.into_iter().collect();
        self
    }

    /// Expects a header with exactly this value; where there are several of this name, among them.
    #[must_use]
    pub fn expect_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.expectations.headers.push((name, value));
        self
    }

    /// Expects this text somewhere in the body.
    #[must_use]
    pub fn expect_body(mut self, contains: impl Into<String>) -> Self {
        self.expectations.contains.push(contains.into());
        self
    }

    /// Expects a JSON body with exactly this value at this [pointer](https://www.rfc-editor.org/rfc/rfc6901) (`/status`,
    /// `/shards/0/state`; the empty one is the whole body).
    #[must_use]
    pub fn expect_json(mut self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        let expected = (pointer.into(), value.into());
        self.expectations.json.push(expected);
        self
    }

    /// How much of a body is read at most; a longer one fails. Default:
    /// [`DEFAULT_MAX_BODY_BYTES`](Self::DEFAULT_MAX_BODY_BYTES).
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.expectations.max_body_bytes = bytes;
        self
    }

    /// How long connecting and the answer may take together. Default: [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = within(timeout);
        self
    }

    async fn ask(&self) -> Result<(StatusCode, Option<String>), String> {
        let deadline = Instant::now() + self.timeout;
        let stream = self.url.endpoint.connect(deadline).await?;
        let answer = async {
            #[cfg(feature = "tls")]
            if let Some(tls) = &self.tls {
                let stream = tls.connect(self.url.endpoint.host(), stream).await?;
                return exchange::run(stream, self.request(), &self.expectations).await;
            }
            exchange::run(stream, self.request(), &self.expectations).await
        };
        timeout_at(deadline, answer)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {}", Time(self.timeout))))
    }

    fn request(&self) -> exchange::Request {
        use ::http::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
        const AGENT: &str = concat!("omtx-health/", env!("CARGO_PKG_VERSION"));

        let mut request = exchange::Request::default();
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.url.path_and_query.clone().into();
        let headers = request.headers_mut();
        headers.insert(HOST, self.url.host.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        request
    }
}

impl Check for Http {
    async fn run(&self) -> CheckResult {
        match self.ask().await {
            Ok((status, None)) => Ok(Verdict::up().detail("status", status.as_u16())),
            Ok((status, Some(reservation))) => {
                let verdict = Verdict::degraded(format!("{}: {reservation}", self.url));
                Ok(verdict.detail("status", status.as_u16()))
            }
            Err(error) => Err(Failure::new(format!("{}: {error}", self.url))),
        }
    }
}
