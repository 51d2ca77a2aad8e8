use std::borrow::Cow;

use omtx_context::{Scope, ScopeBuilder, ScopeGuard, Value, keys};

/// The request that the current work belongs to: every line inside has its `request_id`, and its `user_id` once it is known.
///
/// It is a [`Scope`], and inside the current one if there is one. Three ways to enter it:
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Logging, RequestContext, WithScope};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), omtx_logging::Error> {
/// # let lines = Lines::default();
/// # let logging = Logging::builder("hub").sink(lines.clone()).build()?;
/// # let _default = tracing::subscriber::set_default(logging.subscriber());
/// // A closure, or a guard, for what does not await.
/// RequestContext::new("req-12345").in_scope(|| tracing::info!("Processing API request"));
///
/// {
///     let _guard = RequestContext::new("req-12346").enter();
///     tracing::info!("Processing API request");
/// }
///
/// // A future, for what does.
/// let request = RequestContext::new("req-12347");
/// async {
///     tokio::task::yield_now().await; // who asks is known after authentication
///     RequestContext::current().unwrap().set_user("user-67890");
///     tracing::info!("Processing API request");
/// }
/// .in_scope(request)
/// .await;
///
/// let lines = lines.take();
/// assert!(lines[0].ends_with(r#""request_id":"req-12345"}"#));
/// assert!(lines[1].ends_with(r#""request_id":"req-12346"}"#));
/// assert!(lines[2].ends_with(r#""request_id":"req-12347","user_id":"user-67890"}"#));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RequestContext {
    scope: Scope,
}

impl RequestContext {
    /// A request of this id. Nobody is known to have asked.
    #[must_use]
    pub fn new(request_id: impl Into<Value>) -> Self {
        Self::builder(request_id).build()
    }

    /// The same, with more to say.
    pub fn builder(request_id: impl Into<Value>) -> RequestContextBuilder {
        RequestContextBuilder {
            scope: Scope::builder()
                .with(keys::REQUEST_ID, request_id)
                .late(keys::USER_ID),
        }
    }

    /// The request that the current scope belongs to.
    #[must_use]
    pub fn current() -> Option<Self> {
        Self::from_scope(Scope::current()?)
    }

    /// The request that a scope belongs to, if it has a `request_id`.
    #[must_use]
    pub fn from_scope(scope: Scope) -> Option<Self> {
        scope
            .get(keys::REQUEST_ID)
            .is_some()
            .then_some(Self { scope })
    }

    /// The request's id.
    #[must_use]
    pub fn request_id(&self) -> String {
        self.scope
            .get(keys::REQUEST_ID)
            .map(|id| id.to_string())
            .unwrap_or_default()
    }

    /// Says who asks, for all later lines of the request: those of its jobs, and the access log's.
    pub fn set_user(&self, user_id: impl Into<Value>) {
        self.scope.set(keys::USER_ID, user_id);
    }

    /// The scope, for [`WithScope::in_scope`](crate::WithScope::in_scope).
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Makes this the current request until the guard is dropped; see [`Scope::enter`].
    ///
    /// The guard must not be held across `.await`: the compiler refuses that for a task that may change threads. Use
    /// [`WithScope::in_scope`](crate::WithScope::in_scope) there.
    #[track_caller]
    pub fn enter(&self) -> ScopeGuard {
        self.scope.enter()
    }

    /// Runs `f` inside the request.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.scope.in_scope(f)
    }

    /// `f` made to run inside the request wherever it is called: a thread, a blocking pool, a rayon job.
    pub fn wrap<F, R>(&self, f: F) -> impl FnOnce() -> R + use<F, R>
    where
        F: FnOnce() -> R,
    {
        self.scope.wrap(f)
    }
}

impl From<RequestContext> for Scope {
    fn from(request: RequestContext) -> Self {
        request.scope
    }
}

/// What is known of a request when it comes in.
///
/// ```
/// use omtx_logging::RequestContext;
///
/// let request = RequestContext::builder("req-12345").user("user-67890").with("tenant", "acme").build();
/// assert_eq!(
///     format!("{:?}", request.scope()),
///     r#"{"request_id": "req-12345", "user_id": "user-67890", "tenant": "acme"}"#,
/// );
/// ```
#[derive(Debug)]
#[must_use = "call `build`, then enter the context"]
pub struct RequestContextBuilder {
    scope: ScopeBuilder,
}

impl RequestContextBuilder {
    /// Who asks. Later, it is [`RequestContext::set_user`].
    pub fn user(self, user_id: impl Into<Value>) -> Self {
        self.with(keys::USER_ID, user_id)
    }

    /// One more field for every line of the request.
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.scope = self.scope.with(key, value);
        self
    }

    /// One more field that becomes known later, by [`Scope::set`].
    pub fn late(mut self, key: impl Into<Cow<'static, str>>) -> Self {
        self.scope = self.scope.late(key);
        self
    }

    /// The request, ready to be entered.
    #[must_use]
    pub fn build(self) -> RequestContext {
        RequestContext {
            scope: self.scope.build(),
        }
    }
}
