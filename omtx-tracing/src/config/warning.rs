use std::fmt;

/// Longest value that a warning repeats, in characters.
const MAX_VALUE_CHARS: usize = 200;

/// A variable of the environment that was not applied as it stands, because it is malformed or asks for what is not known.
///
/// The specification wants such a value ignored, with a warning, and not to keep a service from starting. The variable and its
/// value stand in it, except where the value may be a secret.
///
/// ```
/// use omtx_tracing::Telemetry;
///
/// # fn main() -> Result<(), omtx_tracing::Error> {
/// let telemetry = Telemetry::builder("hub")
///     .from_vars(|name| (name == "OTEL_BSP_MAX_QUEUE_SIZE").then(|| "lots".into()))?
///     .build()?;
/// assert_eq!(
///     telemetry.warnings()[0].to_string(),
///     r#"ignored OTEL_BSP_MAX_QUEUE_SIZE "lots"; expected a whole number from 1 to 2147483647"#,
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    variable: String,
    value: String,
    expected: String,
}

impl Warning {
    pub(crate) fn new(variable: &str, value: &str, expected: impl Into<String>) -> Self {
        let mut shown: String = value
            .chars()
            .take(MAX_VALUE_CHARS)
            .flat_map(|c| {
                let escaped = c.is_control();
                let plain = (!escaped).then_some(c);
                plain
                    .into_iter()
                    .chain(escaped.then(|| c.escape_debug()).into_iter().flatten())
            })
            .collect();
        if value.chars().nth(MAX_VALUE_CHARS).is_some() {
            shown.push('…');
        }
        Self {
            variable: variable.to_owned(),
            value: shown,
            expected: expected.into(),
        }
    }

    /// The variable.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// Its value: cut after 200 characters, control characters escaped, and `<hidden>` where it may be a secret.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What was expected instead.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            variable,
            value,
            expected,
        } = self;
        write!(f, "ignored {variable} \"{value}\"; expected {expected}")
    }
}
