use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use super::Scope;
use super::cache::Slot;
use super::value::Value;
use crate::job::Progress;
use crate::limits::{MAX_FIELDS, MAX_KEY_LEN};
use crate::losses;

/// A key and its value; `None` is a declared key that waits for [`Scope::set`].
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) key: Cow<'static, str>,
    pub(super) value: Option<Value>,
}

/// A request has `request_id` and `user_id`, a job `job_id`, `user_id` and `job_type`.
const INLINE: usize = 3;

/// The fields that a layer was built with, without an allocation of their own as long as there are few.
#[derive(Debug, Default)]
pub(super) struct Fields {
    inline: [Option<Field>; INLINE],
    spilled: Vec<Field>,
}

impl Fields {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Field> {
        self.inline.iter().flatten().chain(&self.spilled)
    }

    fn get(&self, key: &str) -> Option<&Field> {
        self.iter().find(|field| field.key == key)
    }

    /// The last value given for a key wins.
    pub(super) fn put(&mut self, field: Field) {
        // Places fill from the front: behind an empty one there is nothing.
        for place in &mut self.inline {
            match place {
                Some(known) if known.key == field.key => {
                    known.value = field.value;
                    return;
                }
                Some(_) => {}
                None if acceptable(&field.key) => {
                    *place = Some(field);
                    return;
                }
                None => return losses::field_refused(),
            }
        }
        if let Some(known) = self.spilled.iter_mut().find(|known| known.key == field.key) {
            known.value = field.value;
        } else if acceptable(&field.key) && INLINE + self.spilled.len() < MAX_FIELDS {
            self.spilled.push(field);
        } else {
            losses::field_refused();
        }
    }
}

fn acceptable(key: &str) -> bool {
    !key.is_empty() && key.len() <= MAX_KEY_LEN
}

/// One link of the chain.
pub(super) struct Layer {
    pub(super) parent: Option<Scope>,
    pub(super) depth: usize,
    pub(super) fields: Fields,
    /// Copied on write, so that a reader holds the lock for one reference count and runs nothing under it.
    late: Mutex<Option<Arc<[Field]>>>,
    /// How often `late` changed; 0 spares readers the lock.
    version: AtomicU64,
    pub(super) cache: Slot,
    pub(super) job: OnceLock<Weak<dyn Progress>>,
}

impl Layer {
    pub(super) fn new(parent: Option<Scope>, depth: usize, fields: Fields) -> Self {
        Self {
            parent,
            depth,
            fields,
            late: Mutex::new(None),
            version: AtomicU64::new(0),
            cache: Slot::default(),
            job: OnceLock::new(),
        }
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Whether the key was declared with `late` and belongs here.
    pub(super) fn awaits(&self, key: &str) -> bool {
        self.fields
            .get(key)
            .is_some_and(|field| field.value.is_none())
    }

    pub(super) fn set(&self, key: Cow<'static, str>, value: Value) {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fields = late.as_deref().unwrap_or_default().to_vec();
        if let Some(field) = fields.iter_mut().find(|field| field.key == key) {
            field.value = Some(value);
        } else if acceptable(&key) && fields.len() < MAX_FIELDS {
            fields.push(Field {
                key,
                value: Some(value),
            });
        } else {
            return losses::field_refused();
        }
        *late = Some(fields.into());
        // After the fields: who sees the new version sees the new fields.
        self.version.fetch_add(1, Ordering::Release);
    }

    pub(super) fn snapshot(&self) -> Snapshot<'_> {
        let late = match self.version() {
            0 => None,
            _ => self
                .late
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        };
        Snapshot {
            fields: &self.fields,
            late,
        }
    }
}

/// A layer's fields at one moment.
pub(super) struct Snapshot<'a> {
    fields: &'a Fields,
    late: Option<Arc<[Field]>>,
}

impl Snapshot<'_> {
    fn late(&self) -> &[Field] {
        self.late.as_deref().unwrap_or_default()
    }

    /// Each key once; a late-bound one in the place where it was declared.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let fixed = self
            .fields
            .iter()
            .filter(|field| self.get(&field.key).is_some());
        let late = self
            .late()
            .iter()
            .filter(|field| self.fields.get(&field.key).is_none());
        fixed.chain(late).map(|field| &*field.key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        let late = self.late().iter().find(|field| field.key == key);
        late.or_else(|| self.fields.get(key))?.value.as_ref()
    }
}
