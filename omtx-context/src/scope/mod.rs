//! The scope of the current work: keys and values that belong to every log line, span and metric exemplar of it.

mod builder;
mod cache;
mod future;
mod guard;
pub mod keys;
mod layer;
mod value;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Weak};

pub use builder::ScopeBuilder;
pub use cache::EncoderId;
pub use future::{InScope, WithScope};
pub use guard::ScopeGuard;
pub use value::{Text, Value};

use crate::job::Progress;
use crate::limits::MAX_DEPTH;
use crate::stack;
use layer::{Layer, Snapshot};

/// What the current work belongs to: a chain of layers of fields, the inner one first.
///
/// Cloning is one reference count, and every clone is the same scope. Fields given at [`build`](ScopeBuilder::build)
/// never change; [`set`](Self::set) adds those that become known later.
///
/// ```
/// use omtx_context::{Scope, keys};
///
/// let request = Scope::root().with(keys::REQUEST_ID, "r-1").with(keys::USER_ID, "anonymous").build();
/// let login = request.child().with(keys::USER_ID, "u-7").build();
/// assert_eq!(format!("{login:?}"), r#"{"request_id": "r-1", "user_id": "u-7"}"#, "the inner value wins");
/// ```
#[derive(Clone)]
pub struct Scope {
    layer: Arc<Layer>,
}

impl Scope {
    /// The innermost scope entered on this thread.
    #[must_use]
    pub fn current() -> Option<Self> {
        stack::top(guard::current())
    }

    /// A scope inside the current one, or outermost when there is none.
    pub fn builder() -> ScopeBuilder {
        ScopeBuilder::inside(Self::current())
    }

    /// A scope inside none.
    pub fn root() -> ScopeBuilder {
        ScopeBuilder::inside(None)
    }

    /// A scope inside this one.
    pub fn child(&self) -> ScopeBuilder {
        ScopeBuilder::inside(Some(self.clone()))
    }

    /// Adds a field that became known only now, or changes one, for everyone who holds this scope or one inside it.
    ///
    /// It goes to the innermost layer that declared the key with [`late`](ScopeBuilder::late), else to this one.
    /// Infallible: the same bounds as [`with`](ScopeBuilder::with) hold, and what they refuse is counted.
    pub fn set(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        let key = key.into();
        let layer = self
            .layers()
            .find(|layer| layer.awaits(&key))
            .unwrap_or(&self.layer);
        layer.set(key, value.into());
    }

    /// The value of a key, the innermost one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value> {
        self.layers()
            .find_map(|layer| layer.snapshot().get(key).cloned())
    }

    /// Calls `f` for each key once, outer layers first, with its innermost value.
    ///
    /// No lock is held and nothing is allocated, so `f` may log, and may change this very scope.
    ///
    /// ```
    /// use omtx_context::Scope;
    ///
    /// let outer = Scope::root().with("request_id", "r-1").with("attempt", 1).build();
    /// let inner = outer.child().with("job_id", "j-1").with("attempt", 2).build();
    /// let mut seen = Vec::new();
    /// inner.visit(|key, value| seen.push(format!("{key}={value}")));
    /// assert_eq!(seen, ["request_id=r-1", "attempt=2", "job_id=j-1"]);
    /// ```
    pub fn visit(&self, mut f: impl FnMut(&str, &Value)) {
        let mut snapshots = [const { None::<Snapshot<'_>> }; MAX_DEPTH];
        for (slot, layer) in snapshots.iter_mut().zip(self.layers()) {
            *slot = Some(layer.snapshot());
        }
        for (at, snapshot) in snapshots.iter().enumerate().rev() {
            let Some(snapshot) = snapshot else { continue };
            for key in snapshot.keys() {
                // Where an outer layer has the key, it was yielded there.
                if snapshots[at + 1..]
                    .iter()
                    .flatten()
                    .any(|outer| outer.get(key).is_some())
                {
                    continue;
                }
                if let Some(value) = snapshots.iter().flatten().find_map(|inner| inner.get(key)) {
                    f(key, value);
                }
            }
        }
    }

    /// Grows with each [`set`](Self::set) here or in an outer layer; what is encoded at one version stays right for it.
    #[must_use]
    pub fn version(&self) -> u64 {
        // Each summand only grows, so equal sums mean that nothing changed.
        self.layers().map(Layer::version).sum()
    }

    /// Whether this is `outer`, or a scope inside it.
    ///
    /// ```
    /// use omtx_context::Scope;
    ///
    /// let request = Scope::root().with("request_id", "r-1").build();
    /// let step = request.child().with("step", 2).build();
    /// assert!(step.is_within(&request));
    /// assert!(request.is_within(&request.clone()));
    /// assert!(!request.is_within(&step));
    /// ```
    #[must_use]
    pub fn is_within(&self, outer: &Self) -> bool {
        self.layers()
            .any(|layer| std::ptr::eq(layer, &*outer.layer))
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::successors(Some(&*self.layer), |layer| {
            layer.parent.as_ref().map(|parent| &*parent.layer)
        })
    }

    /// The innermost job that this scope belongs to.
    pub(crate) fn job(&self) -> Option<&Weak<dyn Progress>> {
        self.layers().find_map(|layer| layer.job.get())
    }

    pub(crate) fn set_job(&self, job: Weak<dyn Progress>) {
        // A job starts once, and its scope is its own.
        let _ = self.layer.job.set(job);
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        self.visit(|key, value| {
            match value {
                Value::Str(text) => map.entry(&key, &text.as_str()),
                other => map.entry(&key, &format_args!("{other}")),
            };
        });
        map.finish()
    }
}
