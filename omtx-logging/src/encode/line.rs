//! One line, put together.

use std::time::Duration;

use omtx_context::TraceContext;

use super::block::Block;
use super::escape::escape;
use super::key::Key;
use super::local::Buffers;
use super::merge::{EVENT, Item, Merge, Merged, Sources, write_grouped};
use super::plan::{Order, Plan};
use super::pretty;
use super::recorder::Recorder;
use super::value::Outcome;
use crate::profile::{Layout, Profile, Site};
use crate::records::{self, LogRecord};
use crate::{Counters, RecordSink, Redact};

/// How long values and lines may become, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) value: usize,
    pub(crate) line: usize,
}

/// What a line stands in.
pub(crate) struct Surroundings<'a> {
    pub(crate) since_epoch: Duration,
    pub(crate) scope: Option<&'a Block>,
    pub(crate) spans: Option<&'a Block>,
    /// The innermost span's name.
    pub(crate) function: Option<&'a str>,
    pub(crate) trace: Option<TraceContext>,
    /// Lines of the same callsite that were left out before this one.
    pub(crate) suppressed: u64,
    pub(crate) site: Site<'a>,
}

/// Puts lines together.
pub(crate) struct Encoder<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) limits: Limits,
    pub(crate) redact: Option<&'a dyn Redact>,
    /// Whether it has anything to say about texts.
    pub(crate) rewrites_texts: bool,
    pub(crate) counters: &'a Counters,
    /// Who takes what the line says, beside the line.
    pub(crate) records: Option<&'a dyn RecordSink>,
}

/// What trace ids, marks and brackets take at most.
const RESERVE: usize = 320;

impl Encoder<'_> {
    /// Leaves the line in `buffers.line`, its newline included. `record` hands the event's values over.
    #[inline]
    pub(crate) fn line(
        &self,
        plan: &Plan,
        around: &Surroundings<'_>,
        buffers: &mut Buffers,
        record: impl FnOnce(&mut Recorder<'_>),
    ) {
        static NOTHING: Block = Block::new();
        let Buffers {
            line,
            fields,
            slots,
            items,
            seconds,
        } = buffers;
        line.clear();
        fields.clear();

        line.extend_from_slice(self.layout.open());
        seconds.write(line, around.since_epoch, self.layout.precision);
        if let Some(between) = self.layout.time_again() {
            line.extend_from_slice(between);
            seconds.write(line, around.since_epoch, self.layout.precision);
        }
        line.extend_from_slice(&plan.head);
        let message_at = line.len();

        let (scope, spans) = (
            around.scope.unwrap_or(&NOTHING),
            around.spans.unwrap_or(&NOTHING),
        );
        let end = self.limits.line.saturating_sub(RESERVE).max(line.len());
        let context = plan.tail.len() + scope.bytes.len() + spans.bytes.len();
        // A context that takes most of the line is written last, field by field, as far as it fits.
        let crowded = context > end / 2;
        let pretty = self.layout.profile == Profile::Pretty;
        let merged = crowded || pretty || meet(plan, scope, spans);
        let inline = matches!(plan.order, Order::AsGiven) && !merged;
        slots.clear();

        let mut recorder = Recorder {
            plan,
            redact: self.redact,
            rewrites_texts: self.rewrites_texts,
            line,
            fields,
            keys: inline,
            slots: (!inline || self.records.is_some()).then_some(slots),
            max_value: self.limits.value,
            room: end - if crowded { end / 2 } else { context },
            has_message: false,
            moved: 0,
            outcome: Outcome::default(),
        };
        record(&mut recorder);
        let Outcome {
            mut truncated,
            lost,
        } = recorder.outcome;
        let mut moved = recorder.moved + scope.moved + spans.moved;
        truncated |= scope.truncated || spans.truncated;

        if let Some(records) = self.records {
            let message = line[message_at..].strip_prefix(b",\"message\":".as_slice());
            let record = LogRecord {
                severity: plan.severity,
                since_epoch: around.since_epoch,
                site: around.site,
                message,
                trace: around.trace,
                suppressed: around.suppressed,
                truncated,
                blocks: [scope, spans],
                fields: &plan.fields,
                slots,
                values: fields,
            };
            records::hand_over(records, &record);
        }

        let sources = Sources {
            blocks: [scope, spans],
            fields: &plan.fields,
            values: fields,
        };
        if pretty {
            let (trace, color) = (around.trace.as_ref(), self.layout.color);
            pretty::finish(line, message_at, items, slots, &sources, trace, color);
        } else {
            if let Some(function) = around.function {
                line.extend_from_slice(br#","function":""#);
                escape(line, function, usize::MAX);
                line.push(b'"');
            }
            line.extend_from_slice(&plan.tail);
            if let Some(trace) = &around.trace {
                self.layout.trace(line, trace);
            }
            if !merged {
                line.extend_from_slice(&scope.bytes);
                line.extend_from_slice(&spans.bytes);
            }
            if inline {
                line.extend_from_slice(fields);
            } else if let (Order::Grouped(order), false) = (&plan.order, merged) {
                truncated |= !write_grouped(line, order, &plan.fields, slots, fields, end);
            } else {
                items.clear();
                if merged {
                    scope.add_items(0, items);
                    spans.add_items(1, items);
                }
                items.extend(slots.iter().map(|slot| Item::new(*slot, EVENT)));
                let Merged {
                    moved: more,
                    truncated: cut,
                } = Merge::new(items, &sources).write(line, end);
                moved += more;
                truncated |= cut;
            }
        }
        if truncated || around.suppressed > 0 || moved > 0 || lost > 0 {
            self.count(line, truncated, moved, lost, around.suppressed);
        }
        line.extend_from_slice(if pretty { b"\n" } else { b"}\n" });
    }

    #[cold]
    fn count(&self, line: &mut Vec<u8>, truncated: bool, moved: u32, lost: u32, suppressed: u64) {
        if self.layout.profile == Profile::Pretty {
            pretty::marks(line, truncated, suppressed);
        } else {
            self.layout.marks(line, truncated, suppressed);
        }
        if truncated {
            self.counters.value_truncated();
        }
        if moved > 0 {
            self.counters.fields_collided(moved.into());
        }
        if lost > 0 {
            self.counters.values_lost(lost.into());
        }
    }
}

/// Whether two of them have a key with the same first segment: the whole key, or an object that both have a part of.
#[inline]
fn meet(plan: &Plan, scope: &Block, spans: &Block) -> bool {
    let close = scope.gave_way
        || spans.gave_way
        || matches!(plan.order, Order::Conflicting)
        || scope.roots.may_meet(plan.roots)
        || spans.roots.may_meet(plan.roots)
        || scope.roots.may_meet(spans.roots);
    close && meet_exactly(plan, scope, spans)
}

fn meet_exactly(plan: &Plan, scope: &Block, spans: &Block) -> bool {
    // What gives way goes under `fields`, where others may be.
    if scope.gave_way || spans.gave_way || matches!(plan.order, Order::Conflicting) {
        return true;
    }
    let same_root = |key: &Key| spans.keys().any(|other| other.same_root(key));
    plan.meets(scope.keys().chain(spans.keys())) || scope.keys().any(same_root)
}
