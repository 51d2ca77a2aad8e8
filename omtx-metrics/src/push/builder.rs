//! What a Pushgateway is set up with.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use ureq::Agent;
use ureq::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use ureq::http::{HeaderName, HeaderValue};

use super::authorization::Authorization;
use super::gateway::Target;
use super::url::{self, Redacted};
use super::{PushError, Pushgateway, grouping};
use crate::hook::Hook;
use crate::{Error, Registry, name};

/// Time for a push with all of its attempts: 10 s.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Attempts after the first, where it found nobody or a 5xx: 3.
pub const DEFAULT_RETRIES: u32 = 3;

/// No job waits that long to end.
const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Sets up a [`Pushgateway`].
///
/// ```
/// use omtx_metrics::Registry;
/// use omtx_metrics::push::Pushgateway;
///
/// let pushgateway = Pushgateway::builder("http://push:secret@pushgateway:9091")
///     .job("nightly")
///     .grouping("instance", "a/b")
///     .build(&Registry::new())?;
/// assert_eq!(
///     pushgateway.url(), // without the credentials; the slash makes it base64
///     "http://pushgateway:9091/metrics/job/nightly/instance@base64/YS9i",
/// );
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PushgatewayBuilder {
    url: String,
    job: Cow<'static, str>,
    grouping: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    authorization: Option<Authorization>,
    headers: Vec<(Cow<'static, str>, String)>,
    timeout: Duration,
    retries: u32,
    on_error: Option<Hook<PushError>>,
    #[cfg(feature = "push-tls")]
    root_certificates: Vec<Vec<u8>>,
}

impl PushgatewayBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            job: "".into(),
            grouping: Vec::new(),
            authorization: None,
            headers: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            retries: DEFAULT_RETRIES,
            on_error: None,
            #[cfg(feature = "push-tls")]
            root_certificates: Vec::new(),
        }
    }

    /// The name of the job: the label `job` of everything that is pushed. There is no default.
    pub fn job(mut self, job: impl Into<Cow<'static, str>>) -> Self {
        self.job = job.into();
        self
    }

    /// Adds a label to the grouping key, and so to everything that is pushed. Default: none, and the Pushgateway shows
    /// `instance=""`.
    ///
    /// Each combination of job and grouping labels is a group that stays until it is deleted: a run's id makes a group of
    /// every run, and is wrong here. Any text is a value, the empty one included.
    pub fn grouping(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.grouping.push((name.into(), value.into()));
        self
    }

    /// Authenticates with a user and a password (RFC 7617), instead of those in the URL, if there are any. Default: not.
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.authorization = Some(Authorization::Basic {
            user: user.into(),
            password: password.into(),
        });
        self
    }

    /// Authenticates with a token (RFC 6750). Default: not.
    pub fn bearer(mut self, token: impl Into<String>) -> Self {
        self.authorization = Some(Authorization::Bearer(token.into()));
        self
    }

    /// Adds a header to every request, for a proxy in front of the Pushgateway. Default: none. Values are kept out of
    /// `Debug`, since they may be secrets.
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// How long a push may take with all of its attempts: more than zero, an hour at most. Default: [`DEFAULT_TIMEOUT`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often to try again where nobody answered, or a 5xx came. Default: [`DEFAULT_RETRIES`].
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Called with the error of a push that nobody waits for: [on drop](Pushgateway::push_on_drop), or
    /// [periodic](Pushgateway::push_every). Default: such errors are counted only, which in a job that is about to end
    /// nobody sees: a line on stderr is the least.
    ///
    /// It runs on the thread that pushed. If it panics, that is the end of the call and of nothing else.
    pub fn on_error(mut self, hook: impl Fn(&PushError) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Hook::new(hook));
        self
    }

    /// Trusts these root certificates as well: PEM, one or several. Default: the system's only.
    #[cfg(feature = "push-tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "push-tls")))]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Makes the Pushgateway to which this registry's metrics go. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// If the URL is malformed or `https://` without the feature `push-tls`, there is no job, a grouping label is
    /// malformed, given twice, or a label of a family that is registered already, a header or a credential cannot be sent, a
    /// certificate is no PEM, or the timeout is zero or longer than an hour.
    ///
    /// ```
    /// use omtx_metrics::Registry;
    /// use omtx_metrics::push::Pushgateway;
    ///
    /// let registry = Registry::new();
    /// let error = Pushgateway::builder("http://u:secret@host?x").job("nightly").build(&registry).unwrap_err();
    /// assert!(error.to_string().starts_with(r#"invalid Pushgateway URL "***@host?x"; expected http://host:port"#));
    /// ```
    pub fn build(self, registry: &Registry) -> Result<Pushgateway, Error> {
        let (address, credentials) = url::parse(&self.url)?;
        if self.timeout.is_zero() || self.timeout > MAX_TIMEOUT {
            return Err(Error::invalid(
                "timeout of a push",
                format_args!("{:?}", self.timeout),
                "more than zero, and an hour at most",
            ));
        }
        if self.job.is_empty() {
            return Err(Error::invalid("job", "", "a name that is not empty"));
        }
        let mut url = format!("{address}/metrics");
        let mut key = vec!["job".to_owned()];
        grouping::write_segments("job", &self.job, &mut url);
        for (label, value) in &self.grouping {
            if !name::is_label_name(label) {
                return Err(Error::invalid("grouping label", label, name::LABEL_NAME));
            }
            if key.iter().any(|other| other == label) {
                return Err(Error::invalid(
                    "grouping label",
                    label,
                    "a name that is given once, and is not \"job\"",
                ));
            }
            key.push(label.to_string());
            grouping::write_segments(label, value, &mut url);
        }
        let authorization = self.authorization.or(credentials);
        let headers = headers(&self.headers, authorization.as_ref())?;
        let target = Target {
            uri: url.parse().map_err(|_| {
                Error::invalid("Pushgateway URL", Redacted(&self.url), "a shorter one")
            })?,
            url,
            key,
            headers,
            timeout: self.timeout,
            retries: self.retries,
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirected PUT would arrive as a GET, and be answered 200.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("omtx-metrics/", env!("CARGO_PKG_VERSION")));
        #[cfg(feature = "push-tls")]
        let config = config.tls_config(super::tls::config(&target.url, &self.root_certificates)?);
        let agent = config.build().new_agent();
        Pushgateway::new(registry, target, agent, self.on_error)
    }
}

fn headers(
    own: &[(Cow<'static, str>, String)],
    authorization: Option<&Authorization>,
) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
    let mut headers = Vec::new();
    for (name, value) in own {
        let ours = [AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST];
        let header = HeaderName::try_from(&**name).ok();
        let header = header.filter(|header| !ours.contains(header)).ok_or_else(|| {
            Error::invalid(
                "header",
                name,
                "a header name (RFC 9110) other than authorization, content-length, content-type and host",
            )
        })?;
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            let what = format!("value of header \"{name}\"");
            Error::invalid(&what, "***", "visible ASCII characters")
        })?;
        value.set_sensitive(true);
        headers.push((header, value));
    }
    if let Some(authorization) = authorization {
        headers.push((AUTHORIZATION, authorization.header()?));
    }
    Ok(headers)
}

impl fmt::Debug for PushgatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("PushgatewayBuilder")
            .field("url", &Redacted(&self.url).to_string())
            .field("job", &self.job)
            .field("grouping", &self.grouping)
            .field("authorization", &self.authorization)
            .field("headers", &headers)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
