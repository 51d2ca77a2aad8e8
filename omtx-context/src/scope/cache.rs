use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Scope;

/// Names one encoder of scopes, so that two of them (say, a JSON log and a console) never take each other's bytes.
///
/// Made once, when the encoder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncoderId(u64);

impl EncoderId {
    /// An id that no other encoder of this process has.
    #[allow(clippy::new_without_default)] // two defaults would differ
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The last encoded form of a scope. One slot: two encoders that share a scope evict each other, which costs time only.
#[derive(Default)]
pub(super) struct Slot(Mutex<Option<Encoded>>);

struct Encoded {
    encoder: EncoderId,
    version: u64,
    form: Arc<dyn Any + Send + Sync>,
}

impl Scope {
    /// What `encode` made of this scope, made anew only after a [`set`](Self::set) here or in an outer layer.
    ///
    /// It lets a log encoder write the scope with one copy of bytes. `encode` runs without a lock held; two threads
    /// that miss at the same time both run it.
    ///
    /// ```
    /// use omtx_context::{EncoderId, Scope};
    ///
    /// let (id, mut runs) = (EncoderId::new(), 0);
    /// let scope = Scope::root().with("request_id", "r-1").build();
    /// let mut json = || {
    ///     scope.encoded(id, |scope| {
    ///         runs += 1;
    ///         format!("{scope:?}")
    ///     })
    /// };
    /// assert_eq!(*json(), r#"{"request_id": "r-1"}"#);
    /// json();
    /// scope.set("user_id", 7);
    /// assert_eq!(*json(), r#"{"request_id": "r-1", "user_id": 7}"#);
    /// assert_eq!(runs, 2);
    /// ```
    pub fn encoded<T: Send + Sync + 'static>(
        &self,
        encoder: EncoderId,
        encode: impl FnOnce(&Self) -> T,
    ) -> Arc<T> {
        // Before the fields are read: what is encoded may be newer than this, which costs one run, but never older.
        let version = self.version();
        if let Some(form) = self.layer.cache.get(encoder, version) {
            return form;
        }
        let form = Arc::new(encode(self));
        self.layer.cache.put(Encoded {
            encoder,
            version,
            form: form.clone(),
        });
        form
    }
}

impl Slot {
    fn get<T: Send + Sync + 'static>(&self, encoder: EncoderId, version: u64) -> Option<Arc<T>> {
        let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let encoded = slot
            .as_ref()
            .filter(|e| e.encoder == encoder && e.version == version)?;
        encoded.form.clone().downcast().ok()
    }

    fn put(&self, encoded: Encoded) {
        let old = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(encoded);
        drop(old); // its destructor is foreign code: not under the lock
    }
}
