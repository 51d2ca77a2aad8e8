//! What a thread keeps between two lines, so that a line costs no allocation.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::block::Slot;
use super::merge::Item;
use super::plan::Plan;
use super::timestamp::Seconds;

/// Which logging, and which callsite, by its address.
pub(crate) type PlanKey = (u64, usize);

/// A thread's buffers.
#[derive(Default)]
pub(crate) struct Local {
    pub(crate) buffers: Buffers,
    pub(crate) plans: HashMap<PlanKey, Arc<Plan>, FixedState>,
}

/// What a line is put together in.
#[derive(Default)]
pub(crate) struct Buffers {
    pub(crate) line: Vec<u8>,
    pub(crate) fields: Vec<u8>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) items: Vec<Item>,
    pub(crate) seconds: Seconds,
}

/// A process has fewer callsites than this; more are those of loggings that were replaced.
const MAX_PLANS: usize = 16 << 10;

/// More than this a thread does not keep for the next line.
const MAX_KEPT: usize = 256 << 10;

/// How deep a line may be logged while another one is: by a `Debug`, or by a sink.
const MAX_NESTED: u8 = 4;

thread_local! {
    static LOCAL: Cell<Option<Box<Local>>> = const { Cell::new(None) };
    static NESTED: Cell<u8> = const { Cell::new(0) };
}

/// Counts how many lines this thread is in the middle of.
struct Nesting;

impl Nesting {
    fn begin() -> Option<Self> {
        let begin = |nested: &Cell<u8>| {
            let now = nested.get();
            nested.set(now + 1);
            (now, Self)
        };
        match NESTED.try_with(begin) {
            Ok((now, nesting)) => (now < MAX_NESTED).then_some(nesting),
            Err(_) => Some(Self), // the thread is going away
        }
    }
}

impl Drop for Nesting {
    fn drop(&mut self) {
        let _ = NESTED.try_with(|nested| nested.set(nested.get().saturating_sub(1)));
    }
}

/// Runs `f` with the thread's buffers: taken out meanwhile, so that a line that is logged from within gets others. `None`
/// when it is too deep.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&mut Local) -> R) -> Option<R> {
    let _nesting = Nesting::begin()?;
    let mut local = LOCAL
        .try_with(Cell::take)
        .ok()
        .flatten()
        .unwrap_or_default();
    let result = f(&mut local);
    local.tidy();
    let _ = LOCAL.try_with(|slot| slot.set(Some(local)));
    Some(result)
}

impl Local {
    #[inline]
    fn tidy(&mut self) {
        let Buffers { line, fields, .. } = &mut self.buffers;
        if line.capacity() + fields.capacity() > MAX_KEPT {
            self.buffers = Buffers::default();
        }
        if self.plans.len() > MAX_PLANS {
            self.plans.clear();
        }
    }
}
