//! What was exported before, series by series: to tell what has gone, and to take differences.

use std::collections::HashMap;

use super::chunk::{Kind, Shape};
use super::measured::Measured;

/// Every series that the last round had; as many as the registry shows, which has the bounds.
#[derive(Debug, Default)]
pub(super) struct Streams {
    families: HashMap<String, FamilyStreams>,
    round: u64,
}

/// The series of one family.
#[derive(Debug, Default)]
pub(super) struct FamilyStreams {
    /// Encoded name, description, unit and metadata: what the last point of a series needs when the family has gone.
    pub(super) head: Vec<u8>,
    pub(super) shape: Option<Shape>,
    /// By encoded attributes.
    series: HashMap<Box<[u8]>, Stream, foldhash::fast::RandomState>,
}

/// One series as it was exported last.
#[derive(Debug, Default)]
pub(super) struct Stream {
    round: u64,
    /// A collector may change its mind, and attributes have another field in another kind of point.
    kind: Option<Kind>,
    /// `None` for what is new, and where no differences are taken.
    last: Option<Last>,
}

/// What was exported last; times are nanoseconds since the epoch.
#[derive(Debug)]
struct Last {
    time: u64,
    created: Option<u64>,
    value: Measured,
}

impl Streams {
    pub(super) fn begin_round(&mut self) -> u64 {
        self.round += 1;
        self.round
    }

    /// Takes a family out, to be [put back](Self::put).
    pub(super) fn take(&mut self, name: &str) -> (String, FamilyStreams) {
        self.families
            .remove_entry(name)
            .unwrap_or_else(|| (name.to_owned(), FamilyStreams::default()))
    }

    pub(super) fn put(&mut self, (name, family): (String, FamilyStreams)) {
        self.families.insert(name, family);
    }

    /// Forgets the series that this round did not have, and shows `gone` their attributes, family by family.
    pub(super) fn sweep(&mut self, mut gone: impl FnMut(&FamilyStreams, &[Box<[u8]>])) {
        let round = self.round;
        let mut left = Vec::new();
        self.families.retain(|_, family| {
            let kind = family.shape.map(|shape| shape.kind);
            family.series.retain(|attributes, stream| {
                let stays = stream.round == round;
                if !stays && stream.kind == kind {
                    left.push(attributes.clone());
                }
                stays
            });
            if !left.is_empty() {
                gone(family, &left);
                left.clear();
            }
            !family.series.is_empty()
        });
    }

    #[cfg(test)]
    pub(super) fn families(&self) -> usize {
        self.families.len()
    }
}

impl FamilyStreams {
    /// The series with these attributes, which is there in this round.
    pub(super) fn series(&mut self, attributes: &[u8], kind: Kind, round: u64) -> &mut Stream {
        if !self.series.contains_key(attributes) {
            self.series.insert(attributes.into(), Stream::default());
        }
        let stream = self.series.get_mut(attributes).expect("it was inserted");
        stream.round = round;
        stream.kind = Some(kind);
        stream
    }
}

impl Stream {
    /// What came since the round before, and since when. `created` is when the series began to count, if it is known; else it is
    /// taken to be `since`.
    pub(super) fn difference(
        &mut self,
        now: Measured,
        time: u64,
        created: Option<u64>,
        since: u64,
    ) -> (Measured, u64) {
        let came = match &self.last {
            None => (now.clone(), created.unwrap_or(since)),
            // It counts since another moment: the series has gone and come back, or was reset when it was read.
            Some(last) if last.created != created => {
                (now.clone(), created.unwrap_or(last.time).max(last.time))
            }
            Some(last) => {
                let came = now.since(&last.value);
                (came.unwrap_or_else(|| now.clone()), last.time)
            }
        };
        self.last = Some(Last {
            time,
            created,
            value: now,
        });
        came
    }
}
