//! JSON as it is written.

use std::time::SystemTime;

use bytes::Bytes;
use serde_json::Value;

use super::timestamp::{self, TIMESTAMP_BYTES};

/// A body, with a place for the time of the answer.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    json: Bytes,
    timestamp: Option<usize>,
    pub(crate) healthy: bool,
}

impl Document {
    /// The body for an answer that is given now.
    pub(crate) fn at(&self, now: SystemTime) -> Bytes {
        let Some(place) = self.timestamp else {
            return self.json.clone();
        };
        let mut json = self.json.to_vec();
        timestamp::write(now, &mut json[place..place + TIMESTAMP_BYTES]);
        json.into()
    }
}

/// Writes one object, key by key.
#[derive(Debug)]
pub(crate) struct Object {
    json: Vec<u8>,
    timestamp: Option<usize>,
}

impl Object {
    pub(crate) fn new() -> Self {
        Self {
            json: vec![b'{'],
            timestamp: None,
        }
    }

    /// The key, and whatever is to be appended to the buffer as its value.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if self.json.last() != Some(&b'{') {
            self.json.push(b',');
        }
        string(&mut self.json, key);
        self.json.push(b':');
        &mut self.json
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        string(self.key(key), value);
    }

    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.key(key).extend_from_slice(text);
    }

    pub(crate) fn value(&mut self, key: &str, value: &Value) {
        let json = self.key(key);
        // Values come from `serde_json` itself, and a `Vec` takes all: this cannot fail.
        let _ = serde_json::to_writer(json, value);
    }

    pub(crate) fn texts(&mut self, key: &str, values: &[String]) {
        let json = self.key(key);
        json.push(b'[');
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                json.push(b',');
            }
            string(json, value);
        }
        json.push(b']');
    }

    pub(crate) fn time(&mut self, key: &str, time: SystemTime) {
        let mut text = [0; TIMESTAMP_BYTES];
        timestamp::write(time, &mut text);
        let json = self.key(key);
        json.push(b'"');
        json.extend_from_slice(&text);
        json.push(b'"');
    }

    /// A place for the time of the answer.
    pub(crate) fn now(&mut self, key: &str) {
        self.time(key, SystemTime::UNIX_EPOCH);
        self.timestamp = Some(self.json.len() - 1 - TIMESTAMP_BYTES);
    }

    pub(crate) fn len(&self) -> usize {
        self.json.len()
    }

    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.json.push(b'}');
        self.json
    }

    pub(crate) fn finish(self, healthy: bool) -> Document {
        Document {
            timestamp: self.timestamp,
            json: self.into_bytes().into(),
            healthy,
        }
    }
}

fn string(json: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(json, text); // as above
}
