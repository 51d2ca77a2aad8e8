//! What the layer, the panic hook and the `log` bridge share.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use foldhash::fast::FixedState;
use omtx_context::{EncoderId, Scope, TraceContext};
use tracing_core::Metadata;

use crate::encode::block::Block;
use crate::encode::line::{Encoder, Limits, Surroundings};
use crate::encode::local::{self, Buffers, Local, PlanKey};
use crate::encode::plan::{self, Field, Plan};
use crate::encode::recorder::Recorder;
use crate::encode::timestamp::since_epoch;
use crate::encode::value::{Outcome, Rewriter, ValueWriter};
use crate::layer::entered;
use crate::layer::span::SpanState;
use crate::limit::{Admission, RateLimit};
use crate::profile::{Layout, Origin, Site};
use crate::record::Record;
use crate::{Counters, DropReason, Flushed, RecordSink, Redact, Severity, Sink};

/// Where the time of a line comes from; the system's clock unless a test has its own.
pub(crate) type Clock = Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>;

/// Keys of scopes that are remembered; names that are made up at run time must not fill the memory.
const MAX_SCOPE_FIELDS: usize = 256;

/// One configured logging: encodes lines and hands them to the sink.
pub(crate) struct Core {
    /// Tells this logging from others of the process.
    pub(crate) id: u64,
    pub(crate) counters: Arc<Counters>,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) records: Option<Arc<dyn RecordSink>>,
    pub(crate) redact: Option<Arc<dyn Redact>>,
    /// Whether it has anything to say about texts: asked once, not for every line.
    pub(crate) rewrites_texts: bool,
    pub(crate) limit: RateLimit,
    pub(crate) layout: Layout,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    encoder: EncoderId,
    /// Of scopes, by name: a scope is encoded for each request, and its keys are always the same.
    scope_fields: ArcSwap<HashMap<Box<str>, Arc<Field>, FixedState>>,
    /// By the address of a callsite's metadata, which is static. Threads keep their own copies.
    plans: Mutex<HashMap<usize, Arc<Plan>, FixedState>>,
}

/// What a [`Core`] is made of.
pub(crate) struct Parts {
    pub(crate) counters: Arc<Counters>,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) records: Option<Arc<dyn RecordSink>>,
    pub(crate) redact: Option<Arc<dyn Redact>>,
    pub(crate) limit: RateLimit,
    pub(crate) layout: Layout,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
}

/// When a line is written, and from where.
struct Occasion<'a> {
    site: Site<'a>,
    since_epoch: Duration,
    suppressed: u64,
}

impl Core {
    pub(crate) fn new(parts: Parts) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let Parts {
            counters,
            sink,
            records,
            redact,
            limit,
            layout,
            limits,
            clock,
        } = parts;
        Self {
            id: NEXT.fetch_add(1, Relaxed),
            counters,
            sink,
            records,
            rewrites_texts: redact.as_ref().is_some_and(|redact| redact.rewrites()),
            redact,
            limit,
            layout,
            limits,
            clock,
            encoder: EncoderId::new(),
            scope_fields: ArcSwap::default(),
            plans: Mutex::default(),
        }
    }

    /// Writes the line of an event inside `spans`.
    #[inline]
    pub(crate) fn event(
        &self,
        metadata: &'static Metadata<'static>,
        spans: Option<&SpanState>,
        record: impl FnOnce(&mut Recorder<'_>),
    ) {
        let written = local::with(|Local { buffers, plans }| {
            let now = since_epoch(self.now());
            let plan = self.known_plan(plans, metadata);
            let suppressed = match plan.limit.admit(now) {
                Admission::Pass { suppressed } => suppressed,
                Admission::Suppress => {
                    let reason = DropReason::RateLimited;
                    return self.counters.dropped(plan.severity, reason, 1);
                }
            };
            let occasion = Occasion {
                site: Site::of(metadata),
                since_epoch: now,
                suppressed,
            };
            self.line(plan, occasion, buffers, spans, record);
            self.hand_over(plan.severity, &buffers.line, None);
        });
        if written.is_none() {
            let reason = DropReason::Recursion;
            self.counters.dropped(plan::severity(metadata), reason, 1);
        }
    }

    /// Writes a line that comes from no `tracing` callsite, in the current scope and spans.
    #[cfg(feature = "log")]
    pub(crate) fn write(&self, record: &Record<'_>) {
        self.write_record(record, 0, None);
    }

    /// Writes a line that comes from no `tracing` callsite, and says how many of its kind were suppressed.
    pub(crate) fn write_suppressed(&self, record: &Record<'_>, suppressed: u64) {
        self.write_record(record, suppressed, None);
    }

    /// Writes a line that is at its destination when the call returns, or the deadline has passed.
    pub(crate) fn write_now(&self, record: &Record<'_>, deadline: Instant) {
        self.write_record(record, 0, Some(deadline));
    }

    fn write_record(&self, record: &Record<'_>, suppressed: u64, deadline: Option<Instant>) {
        let site = Site {
            logger: record.logger,
            module: record.module,
            file: record.file,
            line: record.line,
        };
        let names = std::iter::once("message").chain(record.fields.iter().map(|(name, _)| *name));
        let plan = Plan::of(
            record.severity,
            &site,
            names,
            Origin::Event,
            &self.layout,
            self.redact.as_deref(),
        );
        let spans = entered::current(self.id);
        let written = local::with(|Local { buffers, .. }| {
            let occasion = Occasion {
                site,
                since_epoch: since_epoch(self.now()),
                suppressed,
            };
            self.line(&plan, occasion, buffers, spans.as_deref(), |recorder| {
                record.hand_over(recorder);
            });
            self.hand_over(record.severity, &buffers.line, deadline);
            if let (Some(records), Some(deadline)) = (&self.records, deadline) {
                let _ = flush(&**records, deadline);
            }
        });
        if written.is_none() {
            let reason = DropReason::Recursion;
            self.counters.dropped(record.severity, reason, 1);
        }
    }

    #[inline]
    fn line(
        &self,
        plan: &Plan,
        occasion: Occasion<'_>,
        buffers: &mut Buffers,
        spans: Option<&SpanState>,
        record: impl FnOnce(&mut Recorder<'_>),
    ) {
        let scope = Scope::current();
        let scope = scope
            .as_ref()
            .map(|scope| scope.encoded(self.encoder, |scope| self.scope_block(scope)));
        let block = spans.map(|spans| spans.block(self));
        let around = Surroundings {
            since_epoch: occasion.since_epoch,
            scope: scope.as_deref(),
            spans: block.as_deref().map(|spans| &spans.block),
            function: spans
                .filter(|_| self.layout.names_the_function())
                .map(|spans| spans.name),
            trace: TraceContext::current(),
            suppressed: occasion.suppressed,
            site: occasion.site,
        };
        let encoder = Encoder {
            layout: &self.layout,
            limits: self.limits,
            redact: self.redact.as_deref(),
            rewrites_texts: self.rewrites_texts,
            counters: &self.counters,
            records: self.records.as_deref(),
        };
        encoder.line(plan, &around, buffers, record);
    }

    /// A sink is foreign code: its panic must not become the application's.
    #[inline]
    fn hand_over(&self, severity: Severity, line: &[u8], now: Option<Instant>) {
        let took = catch_unwind(AssertUnwindSafe(|| match now {
            None => self.sink.write(severity, line),
            Some(deadline) => self.sink.write_now(severity, line, deadline),
        }));
        match took {
            Ok(()) => self.counters.line(severity, line.len()),
            Err(payload) => {
                std::mem::forget(payload); // its destructor may panic in turn
                self.counters.dropped(severity, DropReason::WriteError, 1);
            }
        }
    }

    /// Waits for what was written so far: lines first.
    pub(crate) fn flush(&self, deadline: Instant) -> Flushed {
        let lines = self.sink.flush(deadline);
        let Some(records) = &self.records else {
            return lines;
        };
        let records = flush(&**records, deadline);
        Flushed::with_lines_left(lines.lines_left().max(records.lines_left()))
    }

    #[inline]
    fn now(&self) -> SystemTime {
        match &self.clock {
            None => SystemTime::now(),
            Some(clock) => clock(),
        }
    }

    /// The callsite's plan out of this thread's, without a lock.
    #[inline]
    fn known_plan<'p>(
        &self,
        plans: &'p mut HashMap<PlanKey, Arc<Plan>, FixedState>,
        metadata: &'static Metadata<'static>,
    ) -> &'p Plan {
        plans
            .entry((self.id, address(metadata)))
            .or_insert_with(|| self.plan(metadata))
    }

    /// The callsite's plan, made when it is first asked for.
    #[cold]
    pub(crate) fn plan(&self, metadata: &'static Metadata<'static>) -> Arc<Plan> {
        let known = |plans: &HashMap<usize, Arc<Plan>, _>| plans.get(&address(metadata)).cloned();
        let plans = || self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = known(&plans()) {
            return plan;
        }
        // A redactor is foreign code: not under the lock.
        let redact = self.redact.as_deref();
        let plan = Arc::new(Plan::new(metadata, &self.layout, redact, &self.limit));
        plans().entry(address(metadata)).or_insert(plan).clone()
    }

    fn scope_block(&self, scope: &Scope) -> Block {
        let mut block = Block::new();
        scope.visit(|name, value| {
            let redact = self.redact.as_deref();
            let field = self.scope_field(name);
            let mut outcome = Outcome::default();
            block.add(&field, |out| {
                let writer = ValueWriter {
                    end: out.len() + self.limits.value,
                    out,
                    outcome: &mut outcome,
                    rewriter: redact.map(|redact| Rewriter {
                        redact,
                        key: name,
                        texts: self.rewrites_texts,
                    }),
                };
                if field.hidden {
                    writer.hidden();
                } else {
                    writer.scope_value(value);
                }
            });
            block.truncated |= outcome.truncated;
        });
        block.finish(self.limits.line, true)
    }

    fn scope_field(&self, name: &str) -> Arc<Field> {
        if let Some(field) = self.scope_fields.load().get(name) {
            return field.clone();
        }
        let redact = self.redact.as_deref();
        let field = Arc::new(Field::new(name, Origin::Scope, &self.layout, redact));
        self.scope_fields.rcu(|fields| {
            let mut fields = HashMap::clone(fields);
            if fields.len() < MAX_SCOPE_FIELDS {
                fields.insert(name.into(), field.clone());
            }
            fields
        });
        field
    }
}

/// A record sink is foreign code, and this may run in a panic hook.
fn flush(records: &dyn RecordSink, deadline: Instant) -> Flushed {
    catch_unwind(AssertUnwindSafe(|| records.flush(deadline))).unwrap_or_else(|payload| {
        std::mem::forget(payload); // its destructor may panic in turn
        Flushed::default()
    })
}

fn address(metadata: &'static Metadata<'static>) -> usize {
    std::ptr::from_ref(metadata).addr()
}
