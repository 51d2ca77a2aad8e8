use std::marker::PhantomData;
use std::panic::Location;

use super::Scope;
use crate::stack::{self, Local, Stack, Token};

thread_local! {
    static CURRENT: std::cell::RefCell<Stack<Scope>> = const { std::cell::RefCell::new(Stack::new()) };
}

pub(super) fn current() -> &'static Local<Scope> {
    &CURRENT
}

/// Named after the mistake: a pointer is not `Send`, and the compiler prints what it points to when a guard is held
/// across `.await` in a task that may change threads.
enum ScopeGuardHeldAcrossAwait {}

/// Keeps a [`Scope`] current on this thread until it is dropped.
///
/// Guards may be dropped in any order: each removes its own entry, and the innermost scope that is still entered is
/// the current one. It cannot leave its thread, so a task that may change threads cannot hold it across `.await`:
///
/// ```compile_fail
/// use omtx_context::Scope;
///
/// async fn handler(scope: Scope) {
///     let _guard = scope.enter();
///     std::future::ready(()).await; // another task would run inside the scope
/// }
/// fn spawn(_: impl Future + Send) {}
/// spawn(handler(Scope::root().build()));
/// ```
///
/// Use [`WithScope::in_scope`](crate::WithScope::in_scope) there:
///
/// ```
/// use omtx_context::{Scope, WithScope};
///
/// fn spawn(_: impl Future + Send) {}
/// spawn(std::future::ready(()).in_scope(Scope::root().build()));
/// ```
#[must_use = "the scope is left when the guard is dropped"]
pub struct ScopeGuard {
    token: Token,
    not_send: PhantomData<*const ScopeGuardHeldAcrossAwait>,
}

impl Scope {
    /// Makes this scope current on this thread until the guard is dropped.
    ///
    /// For code that awaits, use [`WithScope::in_scope`](crate::WithScope::in_scope).
    ///
    /// ```
    /// use omtx_context::Scope;
    ///
    /// let guard = Scope::root().with("request_id", "r-1").build().enter();
    /// assert!(Scope::current().is_some());
    /// drop(guard);
    /// assert!(Scope::current().is_none());
    /// ```
    ///
    /// # Panics
    ///
    /// Not here, but in a debug build a guard that outlives the poll or the [`in_scope`](Self::in_scope) that it was made
    /// in is a panic there, which says where the guard was made. A release build removes the guard's scope and counts it in
    /// [`Losses::guards_outlived`](crate::Losses::guards_outlived).
    #[track_caller]
    pub fn enter(&self) -> ScopeGuard {
        self.enter_from(Some(Location::caller()))
    }

    /// The same for a guard that follows somebody else's, as a span's: only counted when it outlives its poll.
    #[doc(hidden)]
    pub fn follow(&self) -> ScopeGuard {
        self.enter_from(None)
    }

    fn enter_from(&self, origin: stack::Origin) -> ScopeGuard {
        ScopeGuard {
            token: stack::push(current(), Some(self.clone()), origin),
            not_send: PhantomData,
        }
    }

    /// Runs `f` with this scope current, and leaves the scope whether `f` returns or panics.
    ///
    /// ```
    /// use omtx_context::Scope;
    ///
    /// let scope = Scope::root().with("request_id", "r-1").build();
    /// let seen = scope.in_scope(|| Scope::current().unwrap().get("request_id"));
    /// assert_eq!(seen.unwrap().as_str(), Some("r-1"));
    /// ```
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        let mut own = Some(self.clone());
        let _entered = stack::lend(current(), &mut own);
        f()
    }

    /// The same with a scope that is moved there and back instead of cloned, for what is polled again and again. `None` hides the
    /// scope that is current.
    #[doc(hidden)]
    pub fn lend<R>(home: &mut Option<Self>, f: impl FnOnce() -> R) -> R {
        let _entered = stack::lend(current(), home);
        f()
    }

    /// `f` made to run inside this scope wherever it is called: a thread, a blocking pool, a rayon job.
    ///
    /// ```
    /// use omtx_context::Scope;
    ///
    /// let scope = Scope::root().with("request_id", "r-1").build();
    /// let thread = std::thread::spawn(scope.wrap(|| Scope::current().unwrap().get("request_id")));
    /// assert_eq!(thread.join().unwrap().unwrap().as_str(), Some("r-1"));
    /// ```
    pub fn wrap<F, R>(&self, f: F) -> impl FnOnce() -> R + use<F, R>
    where
        F: FnOnce() -> R,
    {
        let scope = self.clone();
        move || scope.in_scope(f)
    }
}

impl Drop for ScopeGuard {
    fn drop(&mut self) {
        drop(stack::remove(current(), self.token));
    }
}
