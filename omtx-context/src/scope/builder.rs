use std::borrow::Cow;
use std::sync::Arc;

use super::Scope;
use super::layer::{Field, Fields, Layer};
use super::value::Value;
use crate::limits::MAX_DEPTH;
use crate::losses;

/// Collects the fields of a new [`Scope`].
///
/// Comes from [`Scope::builder`] (inside the current scope), [`Scope::child`] (inside a given one) or [`Scope::root`]
/// (inside none).
///
/// ```
/// use omtx_context::Scope;
///
/// let request = Scope::root().with("request_id", "r-1").late("user_id").build();
/// let step = request.child().with("step", 2).with("dry_run", true).build();
/// assert_eq!(format!("{step:?}"), r#"{"request_id": "r-1", "step": 2, "dry_run": true}"#);
/// ```
#[derive(Debug)]
#[must_use = "call `build`, then enter the scope"]
pub struct ScopeBuilder {
    parent: Option<Scope>,
    fields: Fields,
}

impl ScopeBuilder {
    pub(super) fn inside(parent: Option<Scope>) -> Self {
        Self {
            parent,
            fields: Fields::default(),
        }
    }

    /// Adds a field; the last value given for a key wins.
    ///
    /// An empty key, one longer than [`MAX_KEY_LEN`](crate::MAX_KEY_LEN) and one more than
    /// [`MAX_FIELDS`](crate::MAX_FIELDS) are left out and counted in [`Losses`](crate::Losses).
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.fields.put(Field {
            key: key.into(),
            value: Some(value.into()),
        });
        self
    }

    /// [`with`](Self::with), or nothing for `None`: absent keys are left out of a log line, never null.
    pub fn with_some(
        self,
        key: impl Into<Cow<'static, str>>,
        value: Option<impl Into<Value>>,
    ) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Declares a key that becomes known later: [`Scope::set`] on this scope *or on any scope inside it* puts it here.
    ///
    /// Until then the key is absent.
    ///
    /// ```
    /// use omtx_context::Scope;
    ///
    /// let request = Scope::root().with("request_id", "r-1").late("user_id").build();
    /// let handler = request.child().with("operation", "login").build();
    /// handler.set("user_id", "u-7");
    /// assert_eq!(request.get("user_id").unwrap().as_str(), Some("u-7"), "the access line sees it too");
    /// ```
    pub fn late(mut self, key: impl Into<Cow<'static, str>>) -> Self {
        self.fields.put(Field {
            key: key.into(),
            value: None,
        });
        self
    }

    /// The scope, ready to be entered.
    ///
    /// At [`MAX_DEPTH`] it takes its parent's place (the parent's own fields are not in it), counted in
    /// [`Losses`](crate::Losses): code that nests a scope into the current one in a loop costs bounded memory.
    #[must_use]
    pub fn build(self) -> Scope {
        let mut parent = self.parent;
        while parent
            .as_ref()
            .is_some_and(|parent| parent.layer.depth >= MAX_DEPTH)
        {
            losses::layer_replaced();
            parent = parent.and_then(|replaced| replaced.layer.parent.clone());
        }
        let depth = parent.as_ref().map_or(0, |parent| parent.layer.depth) + 1;
        Scope {
            layer: Arc::new(Layer::new(parent, depth, self.fields)),
        }
    }
}
