use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::info::JobInfo;
use crate::limits::{MAX_VALUE_LEN, bounded, bounded_label};
use crate::scope::{Scope, Value, keys};
use crate::trace::TraceContext;

/// What is known of a job when it is submitted.
///
/// ```
/// use omtx_context::{JobSpec, Jobs};
///
/// let spec = JobSpec::new("kmer").id("job-1").user("u-7").queue("default").with("project_id", 12);
/// let job = Jobs::new(()).submit(spec);
/// assert_eq!(job.info().job_type(), "kmer");
/// assert_eq!(
///     format!("{:?}", job.info().scope()),
///     r#"{"job_id": "job-1", "user_id": "u-7", "job_type": "kmer", "project_id": 12}"#,
/// );
/// ```
#[derive(Clone, Debug)]
#[must_use = "a job begins with `Jobs::submit`"]
pub struct JobSpec {
    job_type: Cow<'static, str>,
    queue: Option<Cow<'static, str>>,
    id: Option<String>,
    user: Option<String>,
    fields: Vec<(Cow<'static, str>, Value)>,
}

impl JobSpec {
    /// A job of this type. The type is a metric label: one of few, never an id.
    ///
    /// Cut to [`MAX_LABEL_LEN`](crate::MAX_LABEL_LEN); an empty one becomes `unknown`.
    pub fn new(job_type: impl Into<Cow<'static, str>>) -> Self {
        let job_type = match job_type.into() {
            empty if empty.is_empty() => Cow::Borrowed("unknown"),
            job_type => bounded_label(job_type),
        };
        Self {
            job_type,
            queue: None,
            id: None,
            user: None,
            fields: Vec::new(),
        }
    }

    /// The job's id; a random one by default.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Whose job it is; by default the `user_id` of the current scope, if any.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// The queue that it waits in, a metric label: cut to [`MAX_LABEL_LEN`](crate::MAX_LABEL_LEN). None by default.
    pub fn queue(mut self, queue: impl Into<Cow<'static, str>>) -> Self {
        self.queue = Some(bounded_label(queue.into()));
        self
    }

    /// One more field of the job's scope.
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.fields.push((key.into(), value.into()));
        self
    }

    pub(super) fn into_info(self, submitted: Instant) -> JobInfo {
        let id = match self.id {
            Some(id) => Box::from(bounded(&id, MAX_VALUE_LEN)),
            None => random_id().into_boxed_str(),
        };
        let user = self
            .user
            .map(|user| Box::from(bounded(&user, MAX_VALUE_LEN)));
        let mut scope = Scope::builder()
            .with(keys::JOB_ID, &*id)
            .with_some(keys::USER_ID, user.as_deref())
            .with(keys::JOB_TYPE, &*self.job_type);
        for (key, value) in self.fields {
            scope = scope.with(key, value);
        }
        let scope = scope.build();
        let inherited = || {
            scope
                .get(keys::USER_ID)
                .map(|user| user.to_string().into_boxed_str())
        };
        JobInfo {
            id,
            user: user.or_else(inherited),
            job_type: self.job_type,
            queue: self.queue,
            submitted,
            started: OnceLock::new(),
            trace: TraceContext::current(),
            scope,
        }
    }
}

/// 64 random bits in hexadecimal: std's hash keys come from the system's random source, and the counter keeps the ids
/// of one process apart.
fn random_id() -> String {
    static KEYS: OnceLock<RandomState> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let keys = KEYS.get_or_init(RandomState::new);
    format!(
        "{:016x}",
        keys.hash_one(NEXT.fetch_add(1, Ordering::Relaxed))
    )
}
