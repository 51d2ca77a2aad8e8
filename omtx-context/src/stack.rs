//! What is current on a thread: a stack whose entries are removed by token.
//!
//! A guard that restored "the value that was there before me" would bring back a value whose own guard is already
//! gone, as soon as two guards are dropped in the wrong order. An entry that is removed by its token cannot.

use std::cell::RefCell;
use std::panic::Location;
use std::thread::LocalKey;

/// Names one entry on one thread; 0 is no entry (the thread is going away).
pub(crate) type Token = u64;

/// One thread's stack.
pub(crate) type Local<T> = LocalKey<RefCell<Stack<T>>>;

/// Where a guard was made; `None` for what is left by itself.
pub(crate) type Origin = Option<&'static Location<'static>>;

/// Entries, the last one current.
pub(crate) struct Stack<T> {
    entries: Vec<Entry<T>>,
    last: Token,
}

struct Entry<T> {
    token: Token,
    /// `None` hides the entries below.
    value: Option<T>,
    /// For the debug assertion only.
    #[cfg(debug_assertions)]
    origin: Origin,
}

impl<T> Stack<T> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            last: 0,
        }
    }

    fn push(&mut self, value: Option<T>, origin: Origin) -> Token {
        #[cfg(not(debug_assertions))]
        let _ = origin;
        self.last += 1;
        self.entries.push(Entry {
            token: self.last,
            value,
            #[cfg(debug_assertions)]
            origin,
        });
        self.last
    }

    /// From the top, where the entry nearly always is.
    fn position(&self, token: Token) -> Option<usize> {
        self.entries.iter().rposition(|entry| entry.token == token)
    }
}

// No function below runs foreign code while it borrows the stack: what it takes out is dropped by the caller. A global
// allocator that itself asks for the current scope is the one way to find the stack borrowed, hence `try_borrow`.

/// The current value.
#[inline]
pub(crate) fn top<T: Clone>(local: &'static Local<T>) -> Option<T> {
    local
        .try_with(|stack| stack.try_borrow().ok()?.entries.last()?.value.clone())
        .ok()
        .flatten()
}

/// Makes `value` current until its token is removed; `None` hides what is current.
#[inline]
pub(crate) fn push<T>(local: &'static Local<T>, value: Option<T>, origin: Origin) -> Token {
    local
        .try_with(|stack| {
            stack
                .try_borrow_mut()
                .map_or(0, |mut stack| stack.push(value, origin))
        })
        .unwrap_or(0)
}

/// Takes the token's entry out, wherever it is.
#[inline]
pub(crate) fn remove<T>(local: &'static Local<T>, token: Token) -> Option<T> {
    local
        .try_with(|stack| {
            let mut stack = stack.try_borrow_mut().ok()?;
            let at = stack.position(token)?;
            stack.entries.remove(at).value
        })
        .ok()
        .flatten()
}

/// Makes what `home` holds current for the lifetime of the returned value, which then puts it back.
#[inline]
pub(crate) fn lend<'a, T>(local: &'static Local<T>, home: &'a mut Option<T>) -> Lent<'a, T> {
    let token = local
        .try_with(|stack| match stack.try_borrow_mut() {
            Ok(mut stack) => stack.push(home.take(), None),
            Err(_) => 0,
        })
        .unwrap_or(0);
    Lent { local, home, token }
}

/// A stretch of synchronous work (a closure, one poll) during which a borrowed value is current.
pub(crate) struct Lent<'a, T: 'static> {
    local: &'static Local<T>,
    home: &'a mut Option<T>,
    token: Token,
}

impl<T> Drop for Lent<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.token == 0 {
            return;
        }
        let is_last = self.local.try_with(|stack| {
            let Ok(mut stack) = stack.try_borrow_mut() else {
                return true;
            };
            let is_last = stack
                .entries
                .last()
                .is_some_and(|last| last.token == self.token);
            if is_last {
                *self.home = stack.entries.pop().and_then(|last| last.value);
            }
            is_last
        });
        if let Ok(false) = is_last {
            self.outlived();
        }
    }
}

impl<T> Lent<'_, T> {
    /// Whatever is still above was entered in this stretch of work and outlives it: a guard held across `.await` in a task that
    /// cannot move, or a forgotten one. Left there it would speak for the thread's next task.
    #[cold]
    fn outlived(&mut self) {
        let above = self.local.try_with(|stack| {
            let mut stack = stack.try_borrow_mut().ok()?;
            let at = stack.position(self.token)?;
            let above = stack.entries.split_off(at + 1);
            *self.home = stack.entries.pop()?.value;
            Some(above)
        });
        if let Ok(Some(above)) = above {
            crate::losses::guards_outlived(above.len());
            #[cfg(debug_assertions)]
            name_the_mistake(above.iter().find_map(|entry| entry.origin));
        }
    }
}

/// In a debug build a guard that outlives its poll is a panic that says where it was made; a release build removes its
/// entry, counts it, and goes on.
#[cfg(debug_assertions)]
#[cold]
#[track_caller]
fn name_the_mistake(origin: Origin) {
    let Some(origin) = origin else { return };
    if !std::thread::panicking() && !crate::testing::tolerates_outlived_guards() {
        panic!(
            "the guard made at {origin} outlived the poll or closure that it was made in: held across `.await`, returned \
             or forgotten; expected `future.in_scope(scope)`, or a guard that is dropped where it was made"
        );
    }
}
