//! Events and spans whose names, targets and values are made up at run time, as `tracing`'s macros cannot.

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;

use tracing::field::{DebugValue, Value, debug};
use tracing::metadata::Kind;
use tracing::{Event, Level, Metadata, Span};
use tracing_core::callsite::{Callsite, Identifier};
use tracing_core::field::FieldSet;
use tracing_core::subscriber::Interest;

/// A callsite that lives as long as the test: `tracing` keeps what it has seen for ever.
struct MadeUp {
    metadata: OnceLock<Metadata<'static>>,
}

impl Callsite for MadeUp {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        self.metadata.get().expect("it is set before it is used")
    }
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn metadata(target: &str, names: &[String], kind: Kind) -> &'static Metadata<'static> {
    let names: Vec<&'static str> = names.iter().map(|name| leaked(name)).collect();
    let site: &'static MadeUp = Box::leak(Box::new(MadeUp {
        metadata: OnceLock::new(),
    }));
    let fields = FieldSet::new(Box::leak(names.into_boxed_slice()), Identifier(site));
    let target = leaked(target);
    site.metadata.get_or_init(|| {
        Metadata::new(
            target,
            target,
            Level::INFO,
            Some(target),
            Some(7),
            Some(target),
            fields,
            kind,
        )
    })
}

/// One value of every kind that `tracing` knows.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    Nothing,
    Str(String),
    U64(u64),
    I64(i64),
    U128(u128),
    I128(i128),
    F64(f64),
    Bool(bool),
    Bytes(Vec<u8>),
    Debug(String),
    Failure(Vec<String>),
    Panics(String),
    Fails(String),
}

struct Writes(String);
struct Panics(String);
struct Fails(String);

impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In pieces, as a derived `Debug` does.
        self.0.chars().try_for_each(|c| write!(f, "{c}"))
    }
}

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)?;
        std::panic::resume_unwind(Box::new(()))
    }
}

impl fmt::Debug for Fails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)?;
        Err(fmt::Error)
    }
}

#[derive(Debug)]
struct Failure(String, Option<Box<Failure>>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

/// A value that can be lent to `tracing`.
enum Lent {
    Plain(Box<dyn Value>),
    Error(Box<dyn Error + Send + Sync + 'static>),
}

impl Given {
    fn lend(&self) -> Option<Lent> {
        fn shown<T: fmt::Debug + 'static>(value: T) -> Box<DebugValue<T>> {
            Box::new(debug(value))
        }
        let value: Box<dyn Value> = match self.clone() {
            Self::Nothing => return None,
            Self::Failure(messages) => {
                let chain = messages.into_iter().fold(None, |source, message| {
                    Some(Box::new(Failure(message, source)))
                });
                return chain.map(|failure| Lent::Error(failure));
            }
            Self::Str(text) => Box::new(text),
            Self::U64(n) => Box::new(n),
            Self::I64(n) => Box::new(n),
            Self::U128(n) => Box::new(n),
            Self::I128(n) => Box::new(n),
            Self::F64(n) => Box::new(n),
            Self::Bool(b) => Box::new(b),
            Self::Bytes(bytes) => Box::new(&*Box::leak(bytes.into_boxed_slice())),
            Self::Debug(text) => shown(Writes(text)),
            Self::Panics(text) => shown(Panics(text)),
            Self::Fails(text) => shown(Fails(text)),
        };
        Some(Lent::Plain(value))
    }
}

/// Fields of one event or span.
pub(crate) type Fields = Vec<(String, Given)>;

fn with_values<R>(fields: &Fields, f: impl FnOnce(&[String], &[Option<&dyn Value>]) -> R) -> R {
    let names: Vec<String> = fields.iter().map(|(name, _)| name.clone()).collect();
    let lent: Vec<Option<Lent>> = fields.iter().map(|(_, given)| given.lend()).collect();
    let errors: Vec<Option<&(dyn Error + 'static)>> = lent
        .iter()
        .map(|lent| match lent {
            Some(Lent::Error(error)) => Some(&**error as &(dyn Error + 'static)),
            _ => None,
        })
        .collect();
    let values: Vec<Option<&dyn Value>> = lent
        .iter()
        .zip(&errors)
        .map(|(lent, error)| match (lent, error) {
            (_, Some(error)) => Some(error as &dyn Value),
            (Some(Lent::Plain(value)), _) => Some(&**value),
            _ => None,
        })
        .collect();
    f(&names, &values)
}

/// Logs an event.
pub(crate) fn event(target: &str, fields: &Fields) {
    with_values(fields, |names, values| {
        let metadata = metadata(target, names, Kind::EVENT);
        Event::dispatch(metadata, &metadata.fields().value_set_all(values));
    });
}

/// Creates a span.
pub(crate) fn span(target: &str, fields: &Fields) -> Span {
    with_values(fields, |names, values| {
        let metadata = metadata(target, names, Kind::SPAN);
        Span::new(metadata, &metadata.fields().value_set_all(values))
    })
}
