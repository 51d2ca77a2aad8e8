//! One operation, and who does it.

use crate::rounds::measure;
use crate::{Plan, Run, Stats, Subject, Target};

/// One line of a table, before it is measured. Made by [`Subject::row`].
#[derive(Debug)]
#[must_use = "a row is run by `measure`"]
pub struct Row {
    pub(crate) name: String,
    contenders: Vec<(Who, Run)>,
    targets: Vec<Target>,
    units: f64,
    plan: Plan,
    note: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Ours,
    Floor,
    Baseline,
    Peer(&'static str),
}

/// One line of a table, measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) ours: Stats,
    pub(crate) floor: Option<Stats>,
    pub(crate) peers: Vec<(&'static str, Stats)>,
    pub(crate) targets: Vec<Target>,
    pub(crate) note: String,
}

impl Row {
    pub(crate) fn new(name: &str, plan: &Plan) -> Self {
        Self {
            name: name.to_owned(),
            contenders: Vec::new(),
            targets: Vec::new(),
            units: 1.0,
            plan: plan.clone(),
            note: String::new(),
        }
    }

    /// What is measured.
    pub fn ours(mut self, run: Run) -> Self {
        self.contenders.push((Who::Ours, run));
        self
    }

    /// The least that such an operation could cost.
    pub fn floor(mut self, run: Run) -> Self {
        self.contenders.push((Who::Floor, run));
        self
    }

    /// What all the others are measured over: theirs is what they add to it.
    pub fn baseline(mut self, run: Run) -> Self {
        self.contenders.push((Who::Baseline, run));
        self
    }

    /// Who else does this; a peer's name is its column.
    pub fn peers(mut self, peers: impl IntoIterator<Item = (&'static str, Run)>) -> Self {
        self.contenders
            .extend(peers.into_iter().map(|(name, run)| (Who::Peer(name), run)));
        self
    }

    /// What ours ought to come to; a row may have several.
    pub fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// One run of the operation counts as this many: the label sets of a scrape, say. Allocations stay per run.
    pub fn units(mut self, units: usize) -> Self {
        self.units = units as f64;
        self
    }

    /// Words that are put beside the verdict.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Runs the rounds, and puts the line into `subject`'s table.
    ///
    /// # Panics
    ///
    /// If the row has no [`ours`](Self::ours).
    pub fn measure(mut self, subject: &mut Subject) {
        let mut runs: Vec<&mut Run> = self.contenders.iter_mut().map(|(_, run)| run).collect();
        let stats = measure(&mut runs, self.units, &self.plan);
        let mut measured: Vec<(Who, Stats)> = self
            .contenders
            .iter()
            .map(|(who, _)| *who)
            .zip(stats)
            .collect();
        let baseline = measured.iter().find(|(who, _)| *who == Who::Baseline);
        if let Some((_, baseline)) = baseline.copied() {
            for (_, stats) in &mut measured {
                *stats = stats.over(&baseline);
            }
            let over = format!("over {:.0} ({:.1})", baseline.median, baseline.allocations);
            let notes = [over, std::mem::take(&mut self.note)];
            self.note = notes
                .into_iter()
                .filter(|note| !note.is_empty())
                .collect::<Vec<_>>()
                .join("; ");
        }
        self.finish(&measured, subject);
    }

    /// Puts a line of figures that were counted, not timed, into `subject`'s table.
    pub fn exact(
        self,
        ours: f64,
        peers: impl IntoIterator<Item = (&'static str, f64)>,
        subject: &mut Subject,
    ) {
        self.exact_over(None, ours, peers, subject);
    }

    /// The same, beside a floor if there is one.
    pub fn exact_over(
        self,
        floor: Option<f64>,
        ours: f64,
        peers: impl IntoIterator<Item = (&'static str, f64)>,
        subject: &mut Subject,
    ) {
        let peers = peers
            .into_iter()
            .map(|(name, value)| (Who::Peer(name), value));
        let measured: Vec<_> = [(Who::Ours, ours)]
            .into_iter()
            .chain(floor.map(|floor| (Who::Floor, floor)))
            .chain(peers)
            .map(|(who, value)| (who, Stats::exact(value)))
            .collect();
        self.finish(&measured, subject);
    }

    fn finish(self, measured: &[(Who, Stats)], subject: &mut Subject) {
        let find = |wanted| {
            measured
                .iter()
                .find(|(who, _)| *who == wanted)
                .map(|(_, stats)| *stats)
        };
        subject.push(Measured {
            ours: find(Who::Ours).expect("a row has ours"),
            floor: find(Who::Floor),
            peers: measured
                .iter()
                .filter_map(|(who, stats)| match who {
                    Who::Peer(name) => Some((*name, *stats)),
                    Who::Ours | Who::Floor | Who::Baseline => None,
                })
                .collect(),
            name: self.name,
            targets: self.targets,
            note: self.note,
        });
    }
}
