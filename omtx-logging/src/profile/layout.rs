use omtx_context::TraceContext;
use tracing_core::Metadata;

use super::place::{Origin, Place};
use super::{Profile, ecs, flat, gcp, nested, python};
use crate::encode::escape::escape;
use crate::{Precision, Severity};

/// A profile, with everything that is the same for all lines.
pub(crate) struct Layout {
    pub(crate) profile: Profile,
    pub(crate) precision: Precision,
    pub(crate) service: Service,
    /// Whether `pretty` lines have colours.
    pub(crate) color: bool,
}

/// Who logs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) environment: Option<String>,
    /// What stands before a trace id for Google Cloud: `projects/P/traces/`, or nothing. Escaped.
    pub(crate) trace_prefix: Vec<u8>,
}

/// Where a line comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) logger: &'a str,
    pub(crate) module: Option<&'a str>,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
}

impl<'a> Site<'a> {
    /// Where a callsite is.
    #[inline]
    pub(crate) fn of(metadata: &Metadata<'a>) -> Self {
        Self {
            logger: metadata.target(),
            module: metadata.module_path(),
            file: metadata.file(),
            line: metadata.line(),
        }
    }
}

/// Appends `key:"value"`; the key comes with its quotes, and with the comma before it.
pub(super) fn string(out: &mut Vec<u8>, key: &str, value: &str) {
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b":\"");
    escape(out, value, usize::MAX);
    out.push(b'"');
}

impl Layout {
    /// What stands before the timestamp.
    pub(crate) fn open(&self) -> &'static [u8] {
        match self.profile {
            Profile::Ecs => br#"{"@timestamp":""#,
            Profile::Pretty => b"",
            _ => br#"{"timestamp":""#,
        }
    }

    /// What stands between the timestamp and the timestamp once more.
    pub(crate) fn time_again(&self) -> Option<&'static [u8]> {
        (self.profile == Profile::Gcp).then_some(br#"","time":""#)
    }

    /// What stands between the timestamp and the message.
    pub(crate) fn head(&self, severity: Severity, site: &Site<'_>) -> Box<[u8]> {
        let mut out = b"\"".to_vec();
        match self.profile {
            Profile::Pretty => return self.pretty_head(severity, site).into(),
            Profile::Ecs => string(&mut out, r#","log.level""#, severity.as_str()),
            profile => {
                if profile == Profile::Gcp {
                    string(&mut out, r#","severity""#, severity.as_str());
                }
                string(&mut out, r#","level""#, severity.as_str());
                string(&mut out, r#","logger""#, site.logger);
            }
        }
        out.into()
    }

    fn pretty_head(&self, severity: Severity, site: &Site<'_>) -> Vec<u8> {
        let (before, after) = match (self.color, severity) {
            (false, _) => ("", ""),
            (true, Severity::Debug) => ("\x1b[34m", "\x1b[0m"),
            (true, Severity::Info) => ("\x1b[32m", "\x1b[0m"),
            (true, Severity::Warning) => ("\x1b[33m", "\x1b[0m"),
            (true, Severity::Error) => ("\x1b[31m", "\x1b[0m"),
            (true, Severity::Critical) => ("\x1b[1;31m", "\x1b[0m"),
        };
        let mut out = format!(" {before}{severity:>8}{after} ").into_bytes();
        escape(&mut out, site.logger, usize::MAX);
        out.push(b':');
        out
    }

    /// What stands between the message and the fields of the scope.
    pub(crate) fn tail(&self, severity: Severity, site: &Site<'_>) -> Box<[u8]> {
        let _ = severity;
        let mut out = Vec::new();
        match self.profile {
            Profile::Pretty => {}
            Profile::Ecs => {
                string(&mut out, r#","ecs.version""#, ecs::VERSION);
                string(&mut out, r#","log.logger""#, site.logger);
                self.dotted_service(&mut out);
            }
            Profile::Flat => string(&mut out, r#","service""#, &self.service.name),
            Profile::Omtx => self.nested_service(&mut out),
            Profile::Gcp => {
                self.nested_service(&mut out);
                gcp::source_location(&mut out, site);
            }
            Profile::Python => {
                python::location(&mut out, site);
                self.nested_service(&mut out);
            }
        }
        out.into()
    }

    fn nested_service(&self, out: &mut Vec<u8>) {
        let Service {
            name,
            version,
            environment,
            ..
        } = &self.service;
        string(out, r#","service":{"name""#, name);
        if let Some(version) = version {
            string(out, r#","version""#, version);
        }
        if let Some(environment) = environment {
            string(out, r#","environment""#, environment);
        }
        out.push(b'}');
    }

    fn dotted_service(&self, out: &mut Vec<u8>) {
        let Service {
            name,
            version,
            environment,
            ..
        } = &self.service;
        string(out, r#","service.name""#, name);
        if let Some(version) = version {
            string(out, r#","service.version""#, version);
        }
        if let Some(environment) = environment {
            string(out, r#","service.environment""#, environment);
        }
    }

    /// Appends where the line is in a trace.
    #[inline]
    pub(crate) fn trace(&self, out: &mut Vec<u8>, trace: &TraceContext) {
        let (trace_id, span_id): (&[u8], &[u8]) = match self.profile {
            Profile::Gcp => return gcp::trace(out, trace, &self.service),
            Profile::Ecs => (br#","trace.id":""#, br#"","span.id":""#),
            Profile::Pretty => return,
            _ => (br#","trace_id":""#, br#"","span_id":""#),
        };
        out.extend_from_slice(trace_id);
        out.extend_from_slice(&trace.trace_id().to_hex());
        out.extend_from_slice(span_id);
        out.extend_from_slice(&trace.span_id().to_hex());
        out.push(b'"');
    }

    /// Whether the innermost span's name stands in the line, as `function`.
    #[inline]
    pub(crate) fn names_the_function(&self) -> bool {
        self.profile == Profile::Python
    }

    /// Appends that something was cut, and how many lines were left out before this one.
    pub(crate) fn marks(&self, out: &mut Vec<u8>, truncated: bool, suppressed: u64) {
        let prefix: &[u8] = match self.profile {
            Profile::Ecs => b",\"labels.",
            _ => b",\"",
        };
        if suppressed > 0 {
            out.extend_from_slice(prefix);
            out.extend_from_slice(b"suppressed\":");
            out.extend_from_slice(itoa::Buffer::new().format(suppressed).as_bytes());
        }
        if truncated {
            out.extend_from_slice(prefix);
            out.extend_from_slice(b"truncated\":true");
        }
    }

    /// Where a field of this name goes.
    pub(crate) fn place(&self, name: &str, origin: Origin) -> Place {
        match self.profile {
            Profile::Ecs => ecs::place(name, origin),
            Profile::Flat => flat::place(name, origin),
            Profile::Gcp => nested::place(name, origin, &[nested::RESERVED, gcp::RESERVED]),
            Profile::Python => nested::place(name, origin, &[nested::RESERVED, python::RESERVED]),
            Profile::Omtx => nested::place(name, origin, &[nested::RESERVED]),
            // A reader needs no reserved keys: nothing can be mistaken.
            Profile::Pretty => nested::place(name, origin, &[]),
        }
    }
}
