//! The spans that each thread is in, and the scopes that they brought along.
//!
//! The registry knows the spans too, but asking it for every line costs more than the line.

use std::cell::RefCell;
use std::sync::Arc;

use omtx_context::{Scope, ScopeGuard};
use tracing_core::span::Id;

use super::span::SpanState;

struct Entered {
    logging: u64,
    id: u64,
    state: Arc<SpanState>,
    /// Makes the scope that the span was created in current again, where another one or none is.
    scope: Option<ScopeGuard>,
}

thread_local! {
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

/// The innermost span that one logging sees.
#[inline]
pub(crate) fn current(logging: u64) -> Option<Arc<SpanState>> {
    ENTERED
        .try_with(|entered| {
            let entered = entered.try_borrow().ok()?;
            let innermost = entered.iter().rfind(|span| span.logging == logging)?;
            Some(innermost.state.clone())
        })
        .ok()
        .flatten()
}

pub(crate) fn enter(logging: u64, id: &Id, state: Arc<SpanState>) {
    let scope = state.scope.as_ref().and_then(bring_along);
    let span = Entered {
        logging,
        id: id.into_u64(),
        state,
        scope,
    };
    let _ = ENTERED.try_with(|entered| {
        if let Ok(mut entered) = entered.try_borrow_mut() {
            entered.push(span);
        }
    });
}

/// Where the current scope is inside the span's, it says more; else the span's is entered.
fn bring_along(scope: &Scope) -> Option<ScopeGuard> {
    let says_more = Scope::current().is_some_and(|current| current.is_within(scope));
    (!says_more).then(|| scope.follow())
}

pub(crate) fn exit(logging: u64, id: &Id) {
    let id = id.into_u64();
    let exited = ENTERED.try_with(|entered| {
        let mut entered = entered.try_borrow_mut().ok()?;
        let at = entered
            .iter()
            .rposition(|span| span.logging == logging && span.id == id)?;
        Some(entered.remove(at))
    });
    // Dropped here, where nothing is borrowed: leaving a scope may run foreign code.
    if let Ok(Some(Entered { scope, .. })) = exited {
        drop(scope);
    }
}
