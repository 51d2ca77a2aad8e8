//! The shapes of `/health`.

/// Which keys the body of `/health` has.
///
/// Whatever the shape, a client that asks for `application/health+json` gets that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// An object per check; the default.
    ///
    /// ```json
    /// {"status":"healthy","timestamp":"2026-01-31T12:00:00.000Z","version":"0.1.0",
    ///  "checks":{"database":{"status":"healthy"},"cache":{"status":"healthy"}}}
    /// ```
    #[default]
    Checks,
    /// A word per service.
    ///
    /// ```json
    /// {"status":"healthy","services":{"postgres":"healthy","redis":"healthy"},"timestamp":"2026-01-31T12:00:00.000Z"}
    /// ```
    Services,
    /// One word for everything.
    ///
    /// ```json
    /// {"status":"healthy"}
    /// ```
    Plain,
}
