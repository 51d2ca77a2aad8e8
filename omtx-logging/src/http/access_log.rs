//! The observer that writes one line a request.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::Request;
use http::header::USER_AGENT;
use omtx_http::{Class, End, EndKind, Observer, Slot};

use super::fields::{Facts, Kept, Seconds, ecs, ecs_outcome, google, millis, plain, protocol};
use crate::{Logging, Profile};

/// Endpoints whose successful requests have no line: the probes and the scrape.
pub const DEFAULT_SKIPPED: &[&str] = omtx_http::PROBES;

/// From when on a request is slow.
pub const DEFAULT_SLOW: Duration = Duration::from_secs(2);

/// Characters kept of a path or a user agent.
const KEPT: usize = 1024;

/// Writes one line for each request, when it is over: route, status, outcome, sizes, and times as numbers.
///
/// | the request | level |
/// |---|---|
/// | succeeded, or was refused with a 4xx | INFO |
/// | took longer than [`slow_after`](Self::slow_after) (streams and upgrades never do) | WARNING, with `slow: true` |
/// | was given up by the client, before the response or during it, or in an upload that was then refused with a 4xx | WARNING |
/// | failed with a 5xx, panicked, or broke off in a body | ERROR |
///
/// Requests that are neither slow nor unsuccessful can be [skipped](Self::skip) or [sampled](Self::sample_successes); all
/// others are always written. Query strings never are; [paths](Self::path) are only if asked for, and then as text of the
/// client's: escaped, and cut at 1 024 characters.
///
/// The line is in the request's scope ([`RequestScope`](super::RequestScope)) and trace, so it has `request_id`,
/// `user_id` as far as it became known, and `trace_id`.
#[derive(Clone, Debug)]
#[must_use = "hand it to `omtx_http::axum_layer` or `ObserveLayer::new`"]
pub struct AccessLog {
    profile: Profile,
    skipped: Arc<[Cow<'static, str>]>,
    slow: Duration,
    one_in: NonZeroU32,
    /// Successes so far; wraps.
    successes: Arc<AtomicU32>,
    path: bool,
    user_agent: bool,
}

impl Default for AccessLog {
    fn default() -> Self {
        Self::new()
    }
}

impl AccessLog {
    /// Lines in this crate's own words, whatever becomes of them. [`for_logging`](Self::for_logging) knows better.
    pub fn new() -> Self {
        Self {
            profile: Profile::Omtx,
            skipped: DEFAULT_SKIPPED.iter().map(|&name| name.into()).collect(),
            slow: DEFAULT_SLOW,
            one_in: NonZeroU32::MIN,
            successes: Arc::default(),
            path: false,
            user_agent: false,
        }
    }

    /// Lines in the words of the logging's profile: with `httpRequest` for Google Cloud, in ECS names for Elastic.
    pub fn for_logging(logging: &Logging) -> Self {
        Self::new().profile(logging.profile())
    }

    /// In which words the lines are; [`Profile::Omtx`] by default.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Endpoints whose successful requests have no line, instead of [`DEFAULT_SKIPPED`].
    pub fn skip<E: Into<Cow<'static, str>>>(
        mut self,
        endpoints: impl IntoIterator<Item = E>,
    ) -> Self {
        self.skipped = endpoints.into_iter().map(Into::into).collect();
        self
    }

    /// From when on a request is slow; [`DEFAULT_SLOW`] by default, [`Duration::MAX`] for never.
    pub const fn slow_after(mut self, slow: Duration) -> Self {
        self.slow = slow;
        self
    }

    /// Writes one of so many successes, each with `one_in`, so that sums can be put right; all by default.
    ///
    /// The first is written, then every so many-th. Everything at WARNING or above is written always, and so is what was
    /// refused with a 4xx.
    pub const fn sample_successes(mut self, one_in: NonZeroU32) -> Self {
        self.one_in = one_in;
        self
    }

    /// Whether the line has the path as the client sent it; false by default, since paths hold ids and names of people.
    pub const fn path(mut self, path: bool) -> Self {
        self.path = path;
        self
    }

    /// Whether the line has the client's `User-Agent`; false by default.
    pub const fn user_agent(mut self, user_agent: bool) -> Self {
        self.user_agent = user_agent;
        self
    }

    fn is_skipped(&self, slot: &Slot) -> bool {
        let endpoint = slot.endpoint().as_str();
        self.skipped.iter().any(|skipped| skipped == endpoint)
    }

    fn is_slow(&self, slot: &Slot, end: &End) -> bool {
        let timed = !matches!(slot.class(), Class::Streaming | Class::Upgrade);
        timed && end.duration() > self.slow
    }

    fn is_sampled(&self) -> bool {
        self.one_in == NonZeroU32::MIN
            || self.successes.fetch_add(1, Ordering::Relaxed) % self.one_in == 0
    }

    /// The line at its level; `None` if it is not to be written.
    fn write(&self, facts: &Facts<'_>, level: Level) {
        match (self.profile, level) {
            (Profile::Gcp, Level::Info) => google!(info, facts),
            (Profile::Gcp, Level::Warning) => google!(warn, facts),
            (Profile::Gcp, Level::Error) => google!(error, facts),
            (Profile::Ecs, Level::Info) => ecs!(info, facts),
            (Profile::Ecs, Level::Warning) => ecs!(warn, facts),
            (Profile::Ecs, Level::Error) => ecs!(error, facts),
            (_, Level::Info) => plain!(info, facts),
            (_, Level::Warning) => plain!(warn, facts),
            (_, Level::Error) => plain!(error, facts),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Info,
    Warning,
    Error,
}

impl Observer for AccessLog {
    /// Boxed, and only there if something is kept: state is moved with every request.
    type State = Option<Box<Kept>>;

    fn on_request<B>(&self, request: &mut Request<B>, _: &mut Slot) -> Self::State {
        (self.path || self.user_agent).then(|| {
            let agent = request.headers().get(USER_AGENT);
            Box::new(Kept {
                path: self.path.then(|| cut(request.uri().path())),
                user_agent: agent
                    .filter(|_| self.user_agent)
                    .map(|agent| cut(&String::from_utf8_lossy(agent.as_bytes()))),
            })
        })
    }

    fn on_end(&self, kept: Self::State, slot: &mut Slot, end: &End) {
        let slow = self.is_slow(slot, end);
        let level = match end.kind() {
            // The service refused what broke off on the way to it: no fault of its own, and no way for clients to page people.
            EndKind::BodyError if (400..500).contains(&end.status()) => Level::Warning,
            EndKind::Error | EndKind::Panicked | EndKind::BodyError => Level::Error,
            EndKind::Cancelled | EndKind::Aborted => Level::Warning,
            EndKind::Ok if slow => Level::Warning,
            EndKind::Ok => Level::Info,
        };
        let succeeded = level == Level::Info && end.status() < 400;
        if succeeded && (self.is_skipped(slot) || !self.is_sampled()) {
            return;
        }
        let facts = Facts {
            slot,
            end,
            kept: kept.as_deref(),
            slow: slow.then_some(true),
            one_in: (succeeded && self.one_in > NonZeroU32::MIN).then_some(self.one_in.get()),
        };
        let write = || self.write(&facts, level);
        let in_trace = || match slot.trace() {
            Some(trace) => trace.in_scope(write),
            None => write(),
        };
        match slot.scope() {
            Some(scope) => scope.in_scope(in_trace),
            None => in_trace(),
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(KEPT).collect()
}
