//! What is kept of a span: its values, encoded, and what its lines copy.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwapOption, Guard};
use omtx_context::Scope;

use crate::core::Core;
use crate::encode::block::{Block, Slot};
use crate::encode::plan::Plan;
use crate::encode::recorder::Recorder;
use crate::encode::value::Outcome;

/// Spans deeper than this take their parents' place, so that recursion costs bounded memory.
const MAX_DEPTH: usize = 64;

/// One span, as one logging sees it.
pub(crate) struct SpanState {
    pub(crate) name: &'static str,
    /// The scope that it was created in.
    pub(crate) scope: Option<Scope>,
    plan: Arc<Plan>,
    parent: Option<Arc<SpanState>>,
    depth: usize,
    values: Mutex<Values>,
    /// How often `values` changed.
    version: AtomicU64,
    /// Its fields and those of the spans around it.
    chain: ArcSwapOption<Chain>,
}

#[derive(Default)]
struct Values {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    truncated: bool,
}

/// The fields of a chain of spans, at one moment.
pub(crate) struct Chain {
    version: u64,
    pub(crate) block: Block,
}

/// A block that stays as it is while a line is written.
pub(crate) struct Borrowed(Guard<Option<Arc<Chain>>>);

impl std::ops::Deref for Borrowed {
    type Target = Chain;

    #[inline]
    fn deref(&self) -> &Chain {
        static NONE: Chain = Chain {
            version: 0,
            block: Block::new(),
        };
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl SpanState {
    pub(crate) fn new(
        name: &'static str,
        plan: Arc<Plan>,
        mut parent: Option<Arc<Self>>,
        scope: Option<Scope>,
    ) -> Self {
        while parent
            .as_ref()
            .is_some_and(|parent| parent.depth >= MAX_DEPTH)
        {
            parent = parent.and_then(|replaced| replaced.parent.clone());
        }
        Self {
            name,
            scope,
            plan,
            depth: parent.as_ref().map_or(0, |parent| parent.depth) + 1,
            parent,
            values: Mutex::default(),
            version: AtomicU64::new(0),
            chain: ArcSwapOption::empty(),
        }
    }

    /// Takes the values that `record` hands over, instead of earlier ones of the same fields.
    pub(crate) fn record(&self, core: &Core, record: impl FnOnce(&mut Recorder<'_>)) {
        let (mut line, mut new) = (Vec::new(), Values::default());
        let mut recorder = Recorder {
            plan: &self.plan,
            redact: core.redact.as_deref(),
            rewrites_texts: core.rewrites_texts,
            line: &mut line,
            fields: &mut new.bytes,
            keys: false,
            slots: Some(&mut new.slots),
            max_value: core.limits.value,
            room: core.limits.line,
            has_message: false,
            moved: 0,
            outcome: Outcome::default(),
        };
        record(&mut recorder); // foreign code: not under the lock
        let Outcome { truncated, lost } = recorder.outcome;
        if lost > 0 {
            core.counters.values_lost(lost.into());
        }
        let mut values = self.values();
        new.truncated = truncated || values.truncated;
        for slot in &values.slots {
            if new.slots.iter().all(|other| other.field != slot.field) {
                let start = new.bytes.len() as u32;
                let kept = &values.bytes[slot.start as usize..slot.end as usize];
                new.bytes.extend_from_slice(kept);
                new.slots.push(Slot {
                    field: slot.field,
                    start,
                    end: new.bytes.len() as u32,
                });
            }
        }
        new.slots.sort_by_key(|slot| slot.field);
        *values = new;
        // After the values: who sees the new version sees the new values.
        self.version.fetch_add(1, Ordering::Release);
    }

    fn values(&self) -> std::sync::MutexGuard<'_, Values> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grows with each record here or in a span around. Each summand only grows, so equal sums mean that nothing changed.
    #[inline]
    fn chain_version(&self) -> u64 {
        self.inside_out()
            .map(|span| span.version.load(Ordering::Acquire))
            .sum()
    }

    fn inside_out(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |span| span.parent.as_deref())
    }

    /// The fields of this span and of those around it, encoded anew only after one of them changed.
    #[inline]
    pub(crate) fn block(&self, core: &Core) -> Borrowed {
        // Before the values are read: what is encoded may be newer than this, which costs one run, but never older.
        let version = self.chain_version();
        let chain = self.chain.load();
        if chain.as_ref().is_some_and(|chain| chain.version == version) {
            return Borrowed(chain);
        }
        self.encode(core, version)
    }

    #[cold]
    fn encode(&self, core: &Core, version: u64) -> Borrowed {
        let (mut block, mut in_order) = (Block::new(), true);
        let mut chain: Vec<&Self> = self.inside_out().collect();
        chain.reverse();
        for span in chain {
            let values = span.values();
            block.truncated |= values.truncated;
            for slot in &values.slots {
                let field = &span.plan.fields[slot.field as usize];
                let value = &values.bytes[slot.start as usize..slot.end as usize];
                in_order &= !block.add_or_replace(field, value);
            }
        }
        let block = block.finish(core.limits.line, in_order);
        let chain = Arc::new(Chain { version, block });
        self.chain.store(Some(chain.clone()));
        Borrowed(Guard::from_inner(Some(chain)))
    }
}

/// A span's states, one for each logging that sees it: nearly always one.
pub(crate) struct States {
    first: (u64, Arc<SpanState>),
    others: Vec<(u64, Arc<SpanState>)>,
}

impl States {
    pub(crate) fn one(logging: u64, state: Arc<SpanState>) -> Self {
        Self {
            first: (logging, state),
            others: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, logging: u64, state: Arc<SpanState>) {
        self.others.push((logging, state));
    }

    pub(crate) fn of(&self, logging: u64) -> Option<&Arc<SpanState>> {
        let mut all = std::iter::once(&self.first).chain(&self.others);
        let (_, state) = all.find(|(id, _)| *id == logging)?;
        Some(state)
    }
}
