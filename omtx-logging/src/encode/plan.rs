//! What is the same for every line of a callsite, made once.

use std::sync::Arc;

use tracing_core::{Level, Metadata};

use super::key::{Key, Roots};
use crate::limit::{CallsiteLimit, RateLimit};
use crate::profile::{Layout, Origin, Site};
use crate::{CRITICAL, Redact, Severity};

/// A callsite's constant bytes, and where each of its fields goes.
pub(crate) struct Plan {
    pub(crate) severity: Severity,
    /// What stands between the timestamp and the message.
    pub(crate) head: Box<[u8]>,
    /// What stands between the message and the scope: the callsite, where the profile tells of it, and the service.
    pub(crate) tail: Box<[u8]>,
    pub(crate) fields: Box<[Arc<Field>]>,
    pub(crate) order: Order,
    pub(crate) roots: Roots,
    pub(crate) limit: CallsiteLimit,
}

/// How a callsite's fields come into a line.
pub(crate) enum Order {
    /// As they are: no key nests, none stands twice.
    AsGiven,
    /// In this order, so that those of one object are neighbours: indices of fields, without the message.
    Grouped(Box<[u32]>),
    /// Some have the same key, or one is an object where another is not.
    Conflicting,
}

/// One field of a callsite, or of a scope.
pub(crate) struct Field {
    pub(crate) key: Key,
    /// The message of an event: a place of its own.
    pub(crate) is_message: bool,
    /// Its value must not be shown.
    pub(crate) hidden: bool,
    /// Its key is reserved, and gave way.
    pub(crate) moved: bool,
}

impl Field {
    pub(crate) fn new(
        name: &str,
        origin: Origin,
        layout: &Layout,
        redact: Option<&dyn Redact>,
    ) -> Self {
        let place = layout.place(name, origin);
        Self {
            key: Key::new(name, &place),
            is_message: place.is_message(),
            hidden: redact.is_some_and(|redact| redact.hides(name)),
            moved: place.is_moved(),
        }
    }
}

impl Plan {
    pub(crate) fn new(
        metadata: &Metadata<'_>,
        layout: &Layout,
        redact: Option<&dyn Redact>,
        limit: &RateLimit,
    ) -> Self {
        let severity = severity(metadata);
        let origin = if metadata.is_span() {
            Origin::Span
        } else {
            Origin::Event
        };
        let site = Site::of(metadata);
        let names = metadata.fields().iter().map(|field| field.name());
        let mut plan = Self::of(severity, &site, names, origin, layout, redact);
        plan.limit = limit.callsite(severity, metadata);
        plan
    }

    /// The same for lines without a callsite.
    pub(crate) fn of<'n>(
        severity: Severity,
        site: &Site<'_>,
        names: impl Iterator<Item = &'n str>,
        origin: Origin,
        layout: &Layout,
        redact: Option<&dyn Redact>,
    ) -> Self {
        let fields: Box<[Arc<Field>]> = names
            .map(|name| Arc::new(Field::new(name, origin, layout, redact)))
            .collect();
        let mut roots = Roots::default();
        for field in fields.iter().filter(|field| !field.is_message) {
            roots.add(&field.key);
        }
        Self {
            severity,
            head: layout.head(severity, site),
            tail: layout.tail(severity, site),
            order: order(&fields),
            roots,
            fields,
            limit: CallsiteLimit::default(),
        }
    }

    /// Whether one of its keys has the same first segment as one of these.
    pub(crate) fn meets<'k>(&self, keys: impl Iterator<Item = &'k Key> + Clone) -> bool {
        self.fields
            .iter()
            .filter(|field| !field.is_message)
            .any(|field| keys.clone().any(|key| key.same_root(&field.key)))
    }
}

fn order(fields: &[Arc<Field>]) -> Order {
    let own: Vec<(u32, &Key)> = (0..)
        .zip(fields)
        .filter(|(_, field)| !field.is_message)
        .map(|(index, field)| (index, &field.key))
        .collect();
    let conflict = |(at, (_, key)): (usize, &(u32, &Key))| {
        own[..at]
            .iter()
            .any(|(_, other)| key.begins_with(other) || other.begins_with(key))
    };
    if own.iter().enumerate().any(conflict) {
        return Order::Conflicting;
    }
    if own.iter().all(|(_, key)| !key.nests()) {
        return Order::AsGiven;
    }
    let mut order = Vec::with_capacity(own.len());
    group(&own, 0, &mut order);
    Order::Grouped(order.into())
}

/// Puts fields that agree in a segment beside each other, where the first of them is.
fn group(fields: &[(u32, &Key)], depth: usize, order: &mut Vec<u32>) {
    let mut rest = fields.to_vec();
    while let Some((first, key)) = rest.first().copied() {
        if key.segments().len() == depth + 1 {
            order.push(first);
            rest.remove(0);
            continue;
        }
        let segment = &key.segments()[depth];
        let (same, others): (Vec<_>, Vec<_>) = rest.iter().partition(|(_, other)| {
            other.segments().len() > depth + 1 && other.segments()[depth] == *segment
        });
        group(&same, depth + 1, order);
        rest = others;
    }
}

/// A CRITICAL line is an ERROR event whose callsite has a name that no other has.
pub(crate) fn severity(metadata: &Metadata<'_>) -> Severity {
    if metadata.name() == CRITICAL && *metadata.level() == Level::ERROR {
        Severity::Critical
    } else {
        Severity::from(*metadata.level())
    }
}
