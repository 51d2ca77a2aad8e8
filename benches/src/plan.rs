//! What to run, and for how long.

use std::time::Duration;

/// The command line: `--quick`, and words that a row's or subject's name must contain one of.
///
/// ```
/// use omtx_benches::Plan;
///
/// let plan = Plan::from_args(["scrape", "gzip"]);
/// assert!(plan.wants("metrics", "Scrape, 100 label sets"));
/// assert!(!plan.wants("metrics", "held counter"));
/// ```
#[derive(Debug, Clone)]
pub struct Plan {
    filters: Vec<String>,
    /// How many rounds each contender of a row runs at most; the middle one counts.
    pub rounds: usize,
    /// How long one round of one contender is meant to take, if one operation does not take longer: less than a
    /// scheduler's time slice, so that on a busy machine some rounds are still undisturbed.
    pub round: Duration,
    /// How long all rounds of one contender may take together; a few are run however long they take.
    pub budget: Duration,
    /// True for `--quick`: every row, but too few rounds to trust small differences.
    pub quick: bool,
}

impl Plan {
    /// The process's arguments.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_args(std::env::args().skip(1))
    }

    /// These arguments. Other options, such as the `--bench` that cargo passes, are ignored.
    #[must_use]
    pub fn from_args<S: AsRef<str>>(args: impl IntoIterator<Item = S>) -> Self {
        let args: Vec<String> = args
            .into_iter()
            .map(|arg| arg.as_ref().to_lowercase())
            .collect();
        let quick = args.iter().any(|arg| arg == "--quick");
        Self {
            filters: args
                .into_iter()
                .filter(|arg| !arg.starts_with('-'))
                .collect(),
            rounds: if quick { 31 } else { 201 },
            round: Duration::from_millis(1),
            budget: Duration::from_millis(if quick { 60 } else { 600 }),
            quick,
        }
    }

    /// True if a row is to be run: its name or its subject's has one of the words, or there are none.
    #[must_use]
    pub fn wants(&self, subject: &str, row: &str) -> bool {
        let name = format!("{subject} {row}").to_lowercase();
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_words_every_row_runs() {
        assert!(Plan::from_args(["--bench"]).wants("any", "row"));
    }

    #[test]
    fn a_word_may_name_the_subject() {
        assert!(Plan::from_args(["http"]).wants("HTTP", "identity"));
    }
}
