use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Scope, guard};
use crate::stack;

/// Carries a scope with a future: current at each poll, and while the future is dropped.
///
/// ```
/// use omtx_context::{Scope, WithScope};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let scope = Scope::root().with("request_id", "r-1").build();
/// let seen = async {
///     tokio::task::yield_now().await;
///     Scope::current().unwrap().get("request_id")
/// };
/// let seen = tokio::spawn(seen.in_scope(scope)).await.unwrap();
/// assert_eq!(seen.unwrap().as_str(), Some("r-1"));
/// # }
/// ```
pub trait WithScope: Future + Sized {
    /// This future, run inside `scope`: a [`Scope`], or what stands for one.
    fn in_scope(self, scope: impl Into<Scope>) -> InScope<Self> {
        InScope {
            scope: Some(scope.into()),
            future: Some(self),
        }
    }

    /// This future, run inside the scope that is current now: for `spawn`.
    ///
    /// Without a current scope it runs inside none, whatever the thread that polls it has entered.
    fn in_current_scope(self) -> InScope<Self> {
        InScope {
            scope: Scope::current(),
            future: Some(self),
        }
    }
}

impl<F: Future> WithScope for F {}

pin_project! {
    /// A future inside a scope; see [`WithScope`].
    #[must_use = "futures do nothing unless polled"]
    pub struct InScope<F> {
        scope: Option<Scope>,
        // Empty only once dropped, so that the drop happens inside the scope.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InScope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = stack::lend(guard::current(), this.scope);
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = stack::lend(guard::current(), this.scope);
        match this.future.as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending, // not reachable: only the destructor empties it
        }
    }
}
