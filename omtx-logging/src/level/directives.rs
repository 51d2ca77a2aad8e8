use std::fmt;
use std::str::FromStr;

use tracing_core::{Level, LevelFilter, Metadata};

use crate::encode::plan::severity;
use crate::{Error, Severity};

/// From which severity on lines are written, by default and by module.
///
/// The text form is that of `RUST_LOG`: levels, and `target=level` for a module path or a part of one, separated by
/// commas. The longest target that an event's begins with decides. Levels are `trace`, `debug`, `info`, `warn` or `warning`,
/// `error`, `critical` and `off`, in upper or lower case.
///
/// ```
/// use omtx_logging::{Levels, Severity};
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// let levels: Levels = "info,sqlx=warning,hub::jobs=trace".parse()?;
/// assert_eq!(levels.to_string(), "info,hub::jobs=trace,sqlx=warning");
/// assert_eq!(levels, Levels::from(Severity::Info).target("sqlx", Severity::Warning).trace("hub::jobs"));
///
/// let error = "hub=loud".parse::<Levels>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"invalid level "loud"; expected trace, debug, info, warning, error, critical or off"#,
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    default: Threshold,
    /// Those with the longest target first, so that the first that fits decides.
    targets: Vec<(String, Threshold)>,
}

/// The least serious line that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Threshold {
    Off,
    From(Severity),
    /// Everything; [`Severity::Debug`] leaves TRACE events out.
    Trace,
}

const EXPECTED: &str = "trace, debug, info, warning, error, critical or off";

impl Threshold {
    fn allows(self, severity: Severity, level: Level) -> bool {
        match self {
            Self::Off => false,
            Self::Trace => true,
            Self::From(Severity::Debug) => level != Level::TRACE,
            Self::From(least) => severity >= least,
        }
    }

    fn level_filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::OFF,
            Self::From(Severity::Critical | Severity::Error) => LevelFilter::ERROR,
            Self::From(Severity::Warning) => LevelFilter::WARN,
            Self::From(Severity::Info) => LevelFilter::INFO,
            Self::From(Severity::Debug) => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::From(severity) => severity.label(),
            Self::Trace => "trace",
        }
    }
}

impl FromStr for Threshold {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let name_is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if name_is(&["off"]) {
            return Ok(Self::Off);
        }
        if name_is(&["trace"]) {
            return Ok(Self::Trace);
        }
        if name_is(&["warn"]) {
            return Ok(Self::From(Severity::Warning));
        }
        let severity = Severity::ALL
            .into_iter()
            .find(|severity| name_is(&[severity.label()]));
        severity
            .map(Self::From)
            .ok_or_else(|| Error::invalid("level", name, EXPECTED))
    }
}

impl Levels {
    /// No lines at all.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            default: Threshold::Off,
            targets: Vec::new(),
        }
    }

    /// Everything, TRACE events included.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            default: Threshold::Trace,
            targets: Vec::new(),
        }
    }

    /// Lines of `severity` and above for targets that begin with `target`.
    #[must_use]
    pub fn target(self, target: impl Into<String>, severity: Severity) -> Self {
        self.put(target.into(), Threshold::From(severity))
    }

    /// Everything for targets that begin with `target`, TRACE events included.
    #[must_use]
    pub fn trace(self, target: impl Into<String>) -> Self {
        self.put(target.into(), Threshold::Trace)
    }

    /// Nothing for targets that begin with `target`.
    #[must_use]
    pub fn mute(self, target: impl Into<String>) -> Self {
        self.put(target.into(), Threshold::Off)
    }

    fn put(mut self, target: String, threshold: Threshold) -> Self {
        self.targets.retain(|(known, _)| *known != target);
        self.targets.push((target, threshold));
        self.targets
            .sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self
    }

    /// What `text` says, over what this says already.
    pub(crate) fn overridden(mut self, text: &str) -> Result<Self, Error> {
        for directive in text.split(',').map(str::trim) {
            match directive.split_once('=') {
                _ if directive.is_empty() => {}
                Some((target, level)) => {
                    let target = target.trim();
                    let plain = !target.is_empty() && !target.contains(['[', ']', '{', '}', ' ']);
                    if !plain {
                        return Err(Error::invalid(
                            "directive",
                            directive,
                            "level or target=level",
                        ));
                    }
                    self = self.put(target.to_owned(), level.trim().parse()?);
                }
                None => self.default = directive.parse()?,
            }
        }
        Ok(self)
    }

    /// Whether a line, or a span, of this callsite is to be written.
    pub(crate) fn allow(&self, metadata: &Metadata<'_>) -> bool {
        self.of_target(metadata.target())
            .allows(severity(metadata), *metadata.level())
    }

    /// The same for a line that comes from no `tracing` callsite.
    #[cfg(feature = "log")]
    pub(crate) fn allows_target(&self, target: &str, level: Level) -> bool {
        self.of_target(target).allows(level.into(), level)
    }

    fn of_target(&self, target: &str) -> Threshold {
        let decisive = self
            .targets
            .iter()
            .find(|(prefix, _)| target.starts_with(&**prefix));
        decisive.map_or(self.default, |(_, threshold)| *threshold)
    }

    /// The most verbose level that anything is written at.
    pub(crate) fn most_verbose(&self) -> LevelFilter {
        let targets = self.targets.iter().map(|(_, threshold)| threshold);
        targets
            .chain([&self.default])
            .map(|threshold| threshold.level_filter())
            .max()
            .unwrap_or(LevelFilter::OFF)
    }
}

impl Default for Levels {
    /// INFO and above.
    fn default() -> Self {
        Self::from(Severity::Info)
    }
}

impl From<Severity> for Levels {
    fn from(severity: Severity) -> Self {
        Self {
            default: Threshold::From(severity),
            targets: Vec::new(),
        }
    }
}

impl FromStr for Levels {
    type Err = Error;

    /// What is not said stays at the default, INFO.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::default().overridden(text)
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.default.as_str())?;
        for (target, threshold) in &self.targets {
            write!(f, ",{target}={}", threshold.as_str())?;
        }
        Ok(())
    }
}
