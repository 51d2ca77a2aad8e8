//! The `tracing_subscriber` layer.

pub(crate) mod entered;
pub(crate) mod span;

use std::sync::Arc;

use omtx_context::Scope;
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Dispatch, Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::core::Core;
use crate::level::LevelHandle;
use span::{SpanState, States};

/// Turns events into lines. Made by [`Logging::layer`](crate::Logging::layer), which puts a level filter before it.
pub(crate) struct LineLayer {
    pub(crate) core: Arc<Core>,
    pub(crate) levels: LevelHandle,
}

impl LineLayer {
    /// What is kept of a span, if the level filter let it through.
    fn state<S>(&self, id: &Id, context: &Context<'_, S>) -> Option<Arc<SpanState>>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        let span = context.span(id)?;
        let extensions = span.extensions();
        extensions.get::<States>()?.of(self.core.id).cloned()
    }
}

impl<S> Layer<S> for LineLayer
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        self.levels.belongs_to(dispatch);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let parent = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            extensions.get::<States>()?.of(self.core.id).cloned()
        });
        let metadata = attributes.metadata();
        let plan = self.core.plan(metadata);
        let state = SpanState::new(metadata.name(), plan, parent, Scope::current());
        state.record(&self.core, |recorder| attributes.record(recorder));
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<States>() {
            Some(states) => states.add(self.core.id, Arc::new(state)),
            None => extensions.insert(States::one(self.core.id, Arc::new(state))),
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(state) = self.state(id, &context) {
            state.record(&self.core, |recorder| values.record(recorder));
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(state) = self.state(id, &context) {
            entered::enter(self.core.id, id, state);
        }
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        entered::exit(self.core.id, id);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let spans = if event.is_contextual() {
            entered::current(self.core.id)
        } else {
            event.parent().and_then(|id| self.state(id, &context))
        };
        self.core
            .event(event.metadata(), spans.as_deref(), |recorder| {
                event.record(recorder);
            });
    }
}
