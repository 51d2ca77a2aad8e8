//! Runs the checks, each on tasks of its own.

mod jitter;
mod supervise;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::lock::lock;
use crate::{Health, Spec};
use supervise::supervise;

/// The tasks of one [`Health`]; they end when it is dropped.
pub(crate) struct Runner {
    runtime: Handle,
    tasks: Mutex<JoinSet<()>>,
    asked: Mutex<HashMap<String, Arc<Notify>>>,
}

impl Runner {
    pub(crate) fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            tasks: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        lock(&self.tasks).spawn_on(task, &self.runtime);
    }

    /// Runs a check from now on.
    pub(crate) fn start(&self, health: &Health, index: usize, spec: Spec) {
        let asked = Arc::new(Notify::new());
        lock(&self.asked).insert(spec.name.clone(), Arc::clone(&asked));
        // Weak: the tasks must not keep alive whose drop ends them.
        self.spawn(supervise(Arc::downgrade(&health.inner), index, spec, asked));
    }

    pub(crate) fn run_soon(&self, name: &str) -> bool {
        let asked = lock(&self.asked);
        asked
            .get(name)
            .inspect(|asked| asked.notify_one())
            .is_some()
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").finish_non_exhaustive()
    }
}
