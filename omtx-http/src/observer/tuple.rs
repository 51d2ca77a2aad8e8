//! Several observers as one: started first to last, ended last to first, scopes nested with the first outermost.

use crate::{End, EndKind, Observer, Slot};
use http::{Request, Response};
use omtx_context::shield::{Shield, shielded};
use std::time::Instant;

macro_rules! nested_scopes {
    ($observers:ident $states:ident $poll:ident) => { $poll() };
    ($observers:ident $states:ident $poll:ident $index:tt $($rest:tt)*) => {
        $observers.$index.in_scope(&mut $states.$index, || nested_scopes!($observers $states $poll $($rest)*))
    };
}

macro_rules! tuple_observer {
    ($($O:ident $index:tt),+ ; $($last_first:tt)+) => {
        /// Started first to last, ended last to first.
        impl<$($O: Observer),+> Observer for ($($O,)+) {
            type State = ($($O::State,)+);

            fn on_request<B>(&self, request: &mut Request<B>, slot: &mut Slot) -> Self::State {
                /// Ends those that have started if a later one panics, so that no gauge of theirs leaks.
                struct Started<'a, $($O: Observer),+> {
                    observers: &'a ($($O,)+),
                    states: ($(Option<$O::State>,)+),
                    slot: &'a mut Slot,
                }

                impl<$($O: Observer),+> Drop for Started<'_, $($O),+> {
                    fn drop(&mut self) {
                        let end = End::new(EndKind::Panicked, self.slot, Instant::now());
                        $(
                            if let Some(state) = self.states.$last_first.take() {
                                let observer = &self.observers.$last_first;
                                // Unwinding already: a second panic would abort.
                                shielded(|| observer.on_end(state, self.slot, &end));
                            }
                        )+
                    }
                }

                let mut started = Started { observers: self, states: Default::default(), slot };
                $(started.states.$index = Some(self.$index.on_request(request, started.slot));)+
                let states = ($(started.states.$index.take(),)+);
                std::mem::forget(started);
                ($(states.$index.expect("every observer has started"),)+)
            }

            fn on_response<B>(&self, states: &mut Self::State, response: &mut Response<B>, slot: &mut Slot) {
                $(self.$index.on_response(&mut states.$index, response, slot);)+
            }

            fn on_first_byte(&self, states: &mut Self::State, slot: &mut Slot) {
                $(self.$index.on_first_byte(&mut states.$index, slot);)+
            }

            fn on_end(&self, states: Self::State, slot: &mut Slot, end: &End) {
                // One observer's panic must not cost the others their end.
                let mut shield = Shield::default();
                $(shield.run(|| self.$last_first.on_end(states.$last_first, slot, end));)+
                shield.resume();
            }

            fn in_scope<R>(&self, states: &mut Self::State, poll: impl FnOnce() -> R) -> R {
                let observers = self;
                nested_scopes!(observers states poll $($index)+)
            }
        }
    };
}

tuple_observer!(O1 0; 0);
tuple_observer!(O1 0, O2 1; 1 0);
tuple_observer!(O1 0, O2 1, O3 2; 2 1 0);
tuple_observer!(O1 0, O2 1, O3 2, O4 3; 3 2 1 0);
tuple_observer!(O1 0, O2 1, O3 2, O4 3, O5 4; 4 3 2 1 0);
tuple_observer!(O1 0, O2 1, O3 2, O4 3, O5 4, O6 5; 5 4 3 2 1 0);
