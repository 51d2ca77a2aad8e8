//! A request, made of records that are encoded already.
//!
//! `ExportTraceServiceRequest`, `ExportMetricsServiceRequest` and `ExportLogsServiceRequest` have the same fields under other
//! names (opentelemetry-proto, `collector/*/v1/*_service.proto`):
//!
//! ```text
//! 1: resource_spans {  1: resource   2: scope_spans {  1: scope   2: span, span, span …   3: schema_url }   3: schema_url }
//! ```

use std::sync::Arc;

use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

use super::blocks::{Header, Reader};
use super::scopes::EncodedScope;

/// The length of a message, string or bytes field whose number is below 16.
pub(super) fn field_len(len: usize) -> usize {
    1 + encoded_len_varint(len as u64) + len
}

pub(super) fn put_field(tag: u32, value: &[u8], out: &mut Vec<u8>) {
    put_head(tag, value.len(), out);
    out.extend_from_slice(value);
}

fn put_head(tag: u32, len: usize, out: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(len as u64, out);
}

/// What is the same in every request of a signal, and how large one may be.
#[derive(Debug)]
pub(super) struct Frame {
    /// The field `resource`.
    head: Vec<u8>,
    /// The field `schema_url` of the resource.
    tail: Vec<u8>,
    max_records: usize,
    max_bytes: usize,
}

/// A batch that was cut from the queue.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) request: Bytes,
    /// Records as they were pushed.
    pub(super) entries: u64,
    /// What they count as.
    pub(super) records: u64,
    /// What they cost the queue.
    pub(super) bytes: usize,
}

impl Frame {
    pub(super) fn new(
        resource: &[u8],
        schema_url: &str,
        max_records: usize,
        max_bytes: usize,
    ) -> Self {
        let mut head = Vec::new();
        put_field(1, resource, &mut head);
        let mut tail = Vec::new();
        if !schema_url.is_empty() {
            put_field(3, schema_url.as_bytes(), &mut tail);
        }
        Self {
            head,
            tail,
            max_records,
            max_bytes,
        }
    }

    pub(super) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    pub(super) fn max_records(&self) -> usize {
        self.max_records
    }

    /// The length of a request without records and scopes. The lengths in front of messages are taken for the longest that they
    /// can be within `max_bytes`, here and below: what is promised is that no request is longer.
    pub(super) fn empty_len(&self) -> usize {
        self.message_head() + self.head.len() + self.tail.len()
    }

    /// What the first record of a scope adds to a request besides itself.
    pub(super) fn scope_len(&self, scope: &EncodedScope) -> usize {
        self.message_head() + scope.len()
    }

    /// True if a record fits into a request that has no other.
    pub(super) fn fits(&self, scope: &EncodedScope, record: usize) -> bool {
        record <= self.max_bytes
            && self.empty_len() + self.scope_len(scope) + field_len(record) <= self.max_bytes
    }

    fn message_head(&self) -> usize {
        1 + encoded_len_varint(self.max_bytes as u64)
    }

    /// Cuts the next batch off the reader: as many records as fit, one at least. None if it has no whole record.
    ///
    /// `scope_of` is asked once for every scope in the batch. Records of one scope stay in their order.
    pub(super) fn cut(
        &self,
        reader: &mut Reader,
        scope_of: impl Fn(u32) -> Arc<EncodedScope>,
    ) -> Option<Batch> {
        let mut groups = Groups::default();
        let (mut entries, mut records, mut bytes, mut len) = (0, 0, 0, self.empty_len());
        let mut cursor = reader.cursor();
        while let Some(header) = cursor.header() {
            let known = groups.find(header.scope);
            let new = known.is_none().then(|| scope_of(header.scope));
            let adds = field_len(header.len as usize)
                + new.as_ref().map_or(0, |scope| self.scope_len(scope));
            let full = records + u64::from(header.records) > self.max_records as u64
                || len + adds > self.max_bytes;
            if full && entries > 0 {
                break;
            }
            let group = match new {
                Some(scope) => groups.add(header.scope, scope),
                None => known.unwrap_or(0),
            };
            groups.all[group].records_len += field_len(header.len as usize);
            cursor.skip(header.len as usize);
            entries += 1;
            records += u64::from(header.records);
            bytes += Header::LEN + header.len as usize;
            len += adds;
        }
        if entries == 0 {
            return None;
        }
        let request = self.write(reader, &mut groups, entries);
        reader.consume(bytes);
        Some(Batch {
            request: request.into(),
            entries,
            records,
            bytes,
        })
    }

    /// Writes what stands around the records, leaves them room, and copies each to where its scope's records are.
    fn write(&self, reader: &Reader, groups: &mut Groups, entries: u64) -> Vec<u8> {
        let inner = self.head.len()
            + self.tail.len()
            + groups
                .all
                .iter()
                .map(|group| field_len(group.len()))
                .sum::<usize>();
        let mut out = Vec::with_capacity(field_len(inner));
        put_head(1, inner, &mut out);
        out.extend_from_slice(&self.head);
        for group in &mut groups.all {
            put_head(2, group.len(), &mut out);
            out.extend_from_slice(&group.scope.head);
            group.at = out.len();
            out.resize(out.len() + group.records_len, 0);
            out.extend_from_slice(&group.scope.tail);
        }
        out.extend_from_slice(&self.tail);

        let mut cursor = reader.cursor();
        for _ in 0..entries {
            let Some(header) = cursor.header() else { break };
            let len = header.len as usize;
            let group = groups.find(header.scope).unwrap_or(0);
            let at = &mut groups.all[group].at;
            let mut head = &mut out[*at..];
            encode_key(2, WireType::LengthDelimited, &mut head);
            encode_varint(len as u64, &mut head);
            cursor.copy(&mut head[..len]);
            *at += field_len(len);
        }
        out
    }
}

/// The scopes of one batch, in the order in which they are first met.
#[derive(Default)]
struct Groups {
    all: Vec<Group>,
    /// From a scope's id to its place in `all`, and one more.
    places: Vec<u32>,
}

struct Group {
    scope: Arc<EncodedScope>,
    records_len: usize,
    /// Where its next record goes.
    at: usize,
}

impl Group {
    fn len(&self) -> usize {
        self.scope.len() + self.records_len
    }
}

impl Groups {
    fn find(&self, scope: u32) -> Option<usize> {
        match self.places.get(scope as usize) {
            None | Some(0) => None,
            Some(&place) => Some(place as usize - 1),
        }
    }

    fn add(&mut self, id: u32, scope: Arc<EncodedScope>) -> usize {
        if self.places.len() <= id as usize {
            self.places.resize(id as usize + 1, 0);
        }
        self.all.push(Group {
            scope,
            records_len: 0,
            at: 0,
        });
        self.places[id as usize] = self.all.len() as u32;
        self.all.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::{InstrumentationScope, KeyValue};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use opentelemetry_proto::tonic::trace::v1::Span;
    use proptest::prelude::*;
    use prost::Message as _;

    use super::super::blocks::Blocks;
    use super::super::scopes::Scopes;
    use super::*;

    /// Records as (scope, name), and the requests that they make.
    fn requests(
        frame: &Frame,
        scopes: &Scopes,
        records: &[(u32, String)],
    ) -> Vec<ExportTraceServiceRequest> {
        let mut blocks = Blocks::new(1000);
        for (scope, name) in records {
            let span = Span {
                name: name.clone(),
                ..Span::default()
            }
            .encode_to_vec();
            let header = Header {
                scope: *scope,
                len: span.len() as u32,
                records: 1,
            };
            blocks.push(header, &span);
        }
        let mut reader = Reader::default();
        blocks.give(&mut reader, usize::MAX);
        let mut requests = Vec::new();
        while let Some(batch) = frame.cut(&mut reader, |id| Arc::clone(scopes.get(id))) {
            assert!(batch.request.len() <= frame.max_bytes(), "{batch:?}");
            assert!(batch.records <= frame.max_records() as u64);
            requests.push(ExportTraceServiceRequest::decode(batch.request).expect("a request"));
        }
        assert_eq!(reader.len(), 0);
        requests
    }

    #[test]
    fn a_request_is_the_one_that_opentelemetry_proto_would_write() {
        let mut scopes = Scopes::new();
        let scope = InstrumentationScope::builder("http")
            .with_version("1.2")
            .with_schema_url("https://example.com/scope")
            .with_attributes([KeyValue::new("key", true)])
            .build();
        assert_eq!(scopes.id(&scope, 1000).0, 1);
        let resource = Resource {
            dropped_attributes_count: 7,
            ..Resource::default()
        };
        let url = "https://example.com/resource";
        let frame = Frame::new(&resource.encode_to_vec(), url, 10, 10_000);
        let records = [(1, "a"), (0, "b"), (1, "c")].map(|(scope, name)| (scope, name.to_owned()));
        let [request] = &requests(&frame, &scopes, &records)[..] else {
            panic!("one request");
        };
        let [spans] = &request.resource_spans[..] else {
            panic!("one resource");
        };
        assert_eq!(
            (spans.resource.as_ref(), &*spans.schema_url),
            (Some(&resource), url)
        );
        let [http, nameless] = &spans.scope_spans[..] else {
            panic!("two scopes");
        };
        let message = http.scope.as_ref().expect("a scope");
        assert_eq!((&*message.name, &*message.version), ("http", "1.2"));
        assert_eq!(message.attributes[0].key, "key");
        assert_eq!(http.schema_url, "https://example.com/scope");
        let names: Vec<_> = http.spans.iter().map(|span| &*span.name).collect();
        assert_eq!(names, ["a", "c"]);
        assert_eq!((&nameless.scope, &*nameless.schema_url), (&None, ""));
        assert_eq!(nameless.spans[0].name, "b");
    }

    proptest! {
        #[test]
        fn every_record_is_in_one_request_in_the_order_of_its_scope(
            records in prop::collection::vec((0_u32..6, 0_usize..300), 0..120),
            resource in any::<u32>(),
            max_records in 1_usize..50,
            max_bytes in 700_usize..3000,
        ) {
            let name = |(n, (scope, len)): (usize, &(u32, usize))| (*scope, format!("{n}{}", "x".repeat(*len)));
            let records: Vec<_> = records.iter().enumerate().map(name).collect();
            let mut scopes = Scopes::new();
            for n in 0..4 {
                scopes.id(&InstrumentationScope::builder(format!("scope {n}")).build(), 1000);
            }
            let resource = Resource {
                dropped_attributes_count: resource,
                ..Resource::default()
            }
            .encode_to_vec();
            let frame = Frame::new(&resource, "", max_records, max_bytes);
            let mut expected = vec![Vec::new(); 6];
            for (scope, name) in &records {
                // Scopes that nobody knows have no name.
                expected[if *scope > 4 { 0 } else { *scope as usize }].push(name.clone());
            }
            let mut read = vec![Vec::new(); 6];
            for request in requests(&frame, &scopes, &records) {
                for group in &request.resource_spans[0].scope_spans {
                    let scope = match &group.scope {
                        None => 0,
                        Some(scope) => scope.name["scope ".len()..].parse::<usize>().expect("a number") + 1,
                    };
                    read[scope].extend(group.spans.iter().map(|span| span.name.clone()));
                }
            }
            for list in [&mut expected[0], &mut read[0]] {
                // Two groups without a name may be in one request.
                list.sort();
            }
            prop_assert_eq!(read, expected);
        }
    }
}
