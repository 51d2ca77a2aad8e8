//! What was cut, refused or put right, counted for the whole process.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static VALUES_TRUNCATED: AtomicU64 = AtomicU64::new(0);
static FIELDS_REFUSED: AtomicU64 = AtomicU64::new(0);
static LAYERS_REPLACED: AtomicU64 = AtomicU64::new(0);
static GUARDS_OUTLIVED: AtomicU64 = AtomicU64::new(0);
static STAGES_REFUSED: AtomicU64 = AtomicU64::new(0);

/// Totals since the process started; a healthy service keeps them all at zero.
///
/// `omtx-metrics` exposes them as `omtx_context_losses_total` (`sets::ContextMetrics`), so that a lost field shows on a
/// dashboard.
///
/// ```
/// use omtx_context::{Losses, Scope};
///
/// let before = Losses::total().values_truncated;
/// let scope = Scope::root().with("note", "x".repeat(10_000)).build();
/// assert_eq!(scope.get("note").unwrap().as_str().unwrap().len(), 256);
/// assert!(Losses::total().values_truncated > before);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// Values cut to [`MAX_VALUE_LEN`](crate::MAX_VALUE_LEN), job labels cut to [`MAX_LABEL_LEN`](crate::MAX_LABEL_LEN).
    pub values_truncated: u64,
    /// Fields refused: an empty key, one longer than [`MAX_KEY_LEN`](crate::MAX_KEY_LEN), or one more than
    /// [`MAX_FIELDS`](crate::MAX_FIELDS) in a layer.
    pub fields_refused: u64,
    /// Layers that a child took the place of at [`MAX_DEPTH`](crate::MAX_DEPTH).
    pub layers_replaced: u64,
    /// Guards that were still alive when the closure or the poll that made them was over, which is what happens when a
    /// guard is held across `.await` in a task that cannot change threads. Their entry was removed.
    pub guards_outlived: u64,
    /// Stages that an observer's hook tried to enter on the job that it was being told of.
    pub stages_refused: u64,
}

impl Losses {
    /// The totals now.
    #[must_use]
    pub fn total() -> Self {
        Self {
            values_truncated: VALUES_TRUNCATED.load(Relaxed),
            fields_refused: FIELDS_REFUSED.load(Relaxed),
            layers_replaced: LAYERS_REPLACED.load(Relaxed),
            guards_outlived: GUARDS_OUTLIVED.load(Relaxed),
            stages_refused: STAGES_REFUSED.load(Relaxed),
        }
    }
}

#[cold]
pub(crate) fn value_truncated() {
    VALUES_TRUNCATED.fetch_add(1, Relaxed);
}

#[cold]
pub(crate) fn field_refused() {
    FIELDS_REFUSED.fetch_add(1, Relaxed);
}

#[cold]
pub(crate) fn layer_replaced() {
    LAYERS_REPLACED.fetch_add(1, Relaxed);
}

#[cold]
pub(crate) fn guards_outlived(count: usize) {
    GUARDS_OUTLIVED.fetch_add(count as u64, Relaxed);
}

#[cold]
pub(crate) fn stage_refused() {
    STAGES_REFUSED.fetch_add(1, Relaxed);
}
