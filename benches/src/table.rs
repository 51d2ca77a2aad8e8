//! A subject's rows as a table.

use crate::row::Measured;
use crate::target::Others;
use crate::{Plan, Row, Stats};
use std::fmt;

/// A table of rows. Its `Display` is Markdown that can be read as it is.
#[derive(Debug)]
pub struct Subject {
    name: &'static str,
    unit: &'static str,
    plan: Plan,
    rows: Vec<Measured>,
    baseline: &'static str,
}

impl Subject {
    /// An empty table; figures are in `unit`.
    #[must_use]
    pub fn new(name: &'static str, unit: &'static str, plan: &Plan) -> Self {
        Self {
            name,
            unit,
            plan: plan.clone(),
            rows: Vec::new(),
            baseline: "floor",
        }
    }

    /// Calls the column of the floors `name`. Default: `floor`.
    #[must_use]
    pub fn floor_column(mut self, name: &'static str) -> Self {
        self.baseline = name;
        self
    }

    /// A row of this name, unless the command line asks for others.
    pub fn row(&self, name: &str) -> Option<Row> {
        if !self.plan.wants(self.name, name) {
            return None;
        }
        progress(name);
        Some(Row::new(name, &self.plan))
    }

    /// Prints the table, unless it is empty.
    pub fn print(&self) {
        if !self.rows.is_empty() {
            #[allow(clippy::print_stdout, reason = "it is what a bench is for")]
            {
                println!("{self}");
            }
        }
    }

    pub(crate) fn push(&mut self, row: Measured) {
        self.rows.push(row);
    }

    /// The peers of all rows, in the order of their first appearance.
    fn columns(&self) -> Vec<&'static str> {
        let mut columns = Vec::new();
        for (name, _) in self.rows.iter().flat_map(|row| &row.peers) {
            if !columns.contains(name) {
                columns.push(name);
            }
        }
        columns
    }
}

fn progress(row: &str) {
    #[allow(
        clippy::print_stderr,
        reason = "minutes without a word look like a hang"
    )]
    {
        eprintln!("… {row}");
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.columns();
        let has_floor = self.rows.iter().any(|row| row.floor.is_some());
        let mut head = vec!["row".to_owned(), "ours".to_owned()];
        head.extend(columns.iter().map(|name| (*name).to_owned()));
        head.extend(has_floor.then(|| self.baseline.to_owned()));
        head.extend((!columns.is_empty()).then(|| "best peer ÷ ours".to_owned()));
        head.push("target".to_owned());
        head.push("verdict".to_owned());

        let mut lines = vec![head];
        for row in &self.rows {
            let mut line = vec![row.name.clone(), cell(Some(&row.ours))];
            line.extend(columns.iter().map(|column| {
                let peer = row.peers.iter().find(|(name, _)| name == column);
                cell(peer.map(|(_, stats)| stats))
            }));
            line.extend(has_floor.then(|| cell(row.floor.as_ref())));
            let others = others(row);
            line.extend((!columns.is_empty()).then(|| {
                others.best().map_or_else(
                    || "–".to_owned(),
                    |best| format!("{:.2}×", best / row.ours.median),
                )
            }));
            line.push(targets(row));
            line.push(verdict(row, &others));
            lines.push(line);
        }

        writeln!(f, "## {}\n", self.name)?;
        writeln!(
            f,
            "Median {}; in brackets heap allocations per operation, where there are any.\n",
            self.unit
        )?;
        write_aligned(f, &lines)
    }
}

fn others(row: &Measured) -> Others<'_> {
    Others {
        peers: &row.peers,
        floor: row.floor.map(|floor| floor.median),
    }
}

fn targets(row: &Measured) -> String {
    let targets: Vec<String> = row.targets.iter().map(ToString::to_string).collect();
    targets.join(", ")
}

fn verdict(row: &Measured, others: &Others<'_>) -> String {
    let mut words: Vec<String> = row
        .targets
        .iter()
        .filter_map(|target| {
            let by = target.missed_by(&row.ours, others)?;
            Some(format!(
                "MISSES TARGET \"{target}\" by {}",
                by_words(*target, by)
            ))
        })
        .collect();
    if words.is_empty() && !row.targets.is_empty() {
        words.push("ok".to_owned());
    }
    let mut all = std::iter::once(&row.ours).chain(row.peers.iter().map(|(_, stats)| stats));
    if all.any(|stats| stats.noisy) {
        words.push("noisy".to_owned());
    }
    if !row.note.is_empty() {
        words.push(row.note.clone());
    }
    words.join("; ")
}

fn by_words(target: crate::Target, by: f64) -> String {
    match target {
        crate::Target::AtMostAllocations(_) => format!("{} allocs", number(by)),
        _ => format!("{:.0} %", (by - 1.0) * 100.0),
    }
}

/// `12.3`, or `12.3 (4)` with four allocations.
fn cell(stats: Option<&Stats>) -> String {
    match stats {
        None => "–".to_owned(),
        Some(stats) if stats.allocations >= 0.05 => {
            format!("{} ({})", number(stats.median), number(stats.allocations))
        }
        Some(stats) => number(stats.median),
    }
}

/// Three digits are more than any bench is worth.
fn number(value: f64) -> String {
    if value >= 99.95 {
        format!("{value:.0}")
    } else if value >= 9.995 || value.fract().abs() < 0.005 {
        let text = format!("{value:.1}");
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    } else {
        format!("{value:.2}")
    }
}

fn write_aligned(f: &mut fmt::Formatter<'_>, lines: &[Vec<String>]) -> fmt::Result {
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|column| {
            lines
                .iter()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    for (index, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            write!(f, "| {cell:<width$} ")?;
        }
        writeln!(f, "|")?;
        if index == 0 {
            for width in &widths {
                write!(f, "|{}", "-".repeat(width + 2))?;
            }
            writeln!(f, "|")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Target;

    #[test]
    fn a_table_says_in_words_which_targets_are_missed() {
        let plan = Plan::from_args::<&str>([]);
        let mut subject = Subject::new("Counting", "ns", &plan);
        let row = subject
            .row("lookup")
            .unwrap()
            .target(Target::TimesBetterThanBest(2.0));
        row.exact(15.0, [("a", 20.0), ("b", 123.456)], &mut subject);
        let row = subject
            .row("held")
            .unwrap()
            .target(Target::AtMost(2.0))
            .note("of 1 thread");
        row.exact(1.75, [("b", 3.5)], &mut subject);
        assert_eq!(
            subject.to_string(),
            "\
## Counting

Median ns; in brackets heap allocations per operation, where there are any.

| row    | ours | a  | b    | best peer ÷ ours | target                  | verdict                                         |
|--------|------|----|------|------------------|-------------------------|-------------------------------------------------|
| lookup | 15   | 20 | 123  | 1.33×            | 2× better than the best | MISSES TARGET \"2× better than the best\" by 50 % |
| held   | 1.75 | –  | 3.50 | 2.00×            | ≤ 2                     | ok; of 1 thread                                 |
",
        );
    }

    #[test]
    fn rows_that_nobody_asked_for_are_not_run() {
        let subject = Subject::new("Counting", "ns", &Plan::from_args(["scrape"]));
        assert!(subject.row("held").is_none());
        assert!(subject.row("scrape of 100").is_some());
    }
}
