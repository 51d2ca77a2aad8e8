//! Whatever is logged, each line is one JSON object, without a key twice, with its reserved keys intact, and the next line is
//! whole: by three parsers that have nothing in common.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::io::Write;
use std::process::{Command, Stdio};

use omtx_logging::{Profile, Scope};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::dynamic::{self, Fields, Given};
use crate::support::{builder, lines_of, valid};

/// Names that meet: their own parts, reserved keys, and what must be escaped.
fn name() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        6 => prop::sample::select(vec!["a", "b", "c", "fields", "labels", "performance", "http", "error"]),
        3 => prop::sample::select(vec![
            "timestamp", "@timestamp", "level", "logger", "message", "service", "truncated", "suppressed", "trace_id",
            "severity", "time", "module", "function", "line", "log", "name", "request_id", "user_id", "ecs", "version",
        ]),
        1 => prop::sample::select(vec!["", " ", "\n", "\"", "\\", "é", "\u{2028}", "x*y", "logging/googleapis"]),
    ];
    prop_oneof![
        9 => prop::collection::vec(segment, 1..4).prop_map(|segments| segments.join(".")),
        1 => any::<String>(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<String>(),
        2 => "[\\x00-\\x1f\"\\\\\\x7f-\\xa0\u{2028}\u{2029}}{:,]{0,40}",
        1 => (any::<char>(), 0..40_000_usize).prop_map(|(c, n)| c.to_string().repeat(n)),
        1 => Just("x".repeat(1 << 20)),
    ]
}

fn given() -> impl Strategy<Value = Given> {
    prop_oneof![
        Just(Given::Nothing),
        text().prop_map(Given::Str),
        any::<u64>().prop_map(Given::U64),
        any::<i64>().prop_map(Given::I64),
        any::<u128>().prop_map(Given::U128),
        any::<i128>().prop_map(Given::I128),
        any::<f64>().prop_map(Given::F64),
        prop::sample::select(vec![
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            f64::MIN_POSITIVE
        ])
        .prop_map(Given::F64),
        any::<bool>().prop_map(Given::Bool),
        prop::collection::vec(any::<u8>(), 0..5000).prop_map(Given::Bytes),
        text().prop_map(Given::Debug),
        prop::collection::vec(text(), 1..4).prop_map(Given::Failure),
        text().prop_map(Given::Panics),
        text().prop_map(Given::Fails),
    ]
}

fn fields(most: usize) -> impl Strategy<Value = Fields> {
    prop::collection::vec((name(), given()), 0..most)
}

#[derive(Clone, Debug)]
struct Logged {
    target: String,
    scopes: Vec<Vec<(String, String)>>,
    spans: Vec<Fields>,
    event: Fields,
    profile: Profile,
    max_line: usize,
}

fn logged() -> impl Strategy<Value = Logged> {
    let scope = prop::collection::vec((name(), text()), 0..6);
    let profiles = Profile::ALL
        .into_iter()
        .filter(|profile| *profile != Profile::Pretty);
    (
        any::<String>(),
        prop::collection::vec(scope, 0..3),
        prop::collection::vec(fields(5), 0..3),
        fields(12),
        prop::sample::select(profiles.collect::<Vec<_>>()),
        prop_oneof![Just(64 << 10), Just(4096_usize)],
    )
        .prop_map(|(target, scopes, spans, event, profile, max_line)| Logged {
            target: target.chars().take(100).collect(),
            scopes,
            spans,
            event,
            profile,
            max_line,
        })
}

fn log(logged: &Logged) {
    let mut scope = Scope::root().build();
    for fields in &logged.scopes {
        let mut child = scope.child();
        for (key, value) in fields {
            child = child.with(key.clone(), value.as_str());
        }
        scope = child.build();
    }
    scope.in_scope(|| {
        let spans: Vec<_> = logged
            .spans
            .iter()
            .map(|fields| dynamic::span("span", fields))
            .collect();
        let _entered: Vec<_> = spans.iter().map(|span| span.enter()).collect();
        dynamic::event(&logged.target, &logged.event);
        tracing::info!(target: "next", "the next line");
    });
}

/// Refuses an object that has a key twice, which `serde_json::Value` would not notice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self, A::Error> {
        while values.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        let mut seen = HashSet::new();
        while let Some((key, _)) = fields.next_entry::<String, Self>()? {
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!("{key:?} twice")));
            }
        }
        Ok(self)
    }
}

/// The second parser.
fn check_tree(value: &jiter::JsonValue<'_>) {
    match value {
        jiter::JsonValue::Object(fields) => {
            let mut seen = HashSet::new();
            for (key, value) in fields.iter() {
                assert!(seen.insert(key), "{key:?} twice");
                check_tree(value);
            }
        }
        jiter::JsonValue::Array(values) => values.iter().for_each(check_tree),
        _ => {}
    }
}

/// The third parser: reads lines, and says what is wrong with the first that is not as it must be.
const PYTHON: &str = r#"
import json, sys

def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("a key twice: " + repr(keys))
    return dict(pairs)

def constant(name):
    raise ValueError(name + " is no JSON")

lines = sys.stdin.buffer.read().split(b"\n")
assert lines.pop() == b""
for line in lines:
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=unique, parse_constant=constant)
        assert isinstance(value, dict)
    except Exception as error:
        sys.exit(repr(error) + ": " + repr(line[:2000]))
print(len(lines))
"#;

fn check_with_python(lines: &[String]) {
    let python = Command::new("python3")
        .args(["-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut python = match python {
        Ok(python) => python,
        Err(error) => {
            let required =
                std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1");
            assert!(
                !required,
                "cannot start python3: {error}; expected it to be installed"
            );
            #[allow(clippy::print_stderr, reason = "a test that skips says so")]
            {
                eprintln!("skipped: python3 is not installed ({error})");
            }
            return;
        }
    };
    let mut stdin = python.stdin.take().unwrap();
    for line in lines {
        writeln!(stdin, "{line}").unwrap();
    }
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        lines.len().to_string()
    );
}

fn check(logged: &Logged) -> Vec<String> {
    let builder = builder()
        .profile(logged.profile)
        .max_line_len(logged.max_line);
    let lines = lines_of(builder, || log(logged));
    assert_eq!(lines.len(), 2);
    for (line, message) in [(&lines[0], None), (&lines[1], Some("the next line"))] {
        assert!(line.len() < logged.max_line, "{} bytes", line.len());
        assert!(
            !line.chars().any(char::is_control),
            "a control character: {line}"
        );
        serde_json::from_str::<Unique>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let tree = jiter::JsonValue::parse(line.as_bytes(), false);
        check_tree(&tree.unwrap_or_else(|error| panic!("{error}: {line}")));
        let value = valid(line);
        let (level, logger) = match logged.profile {
            Profile::Ecs => ("log.level", "log.logger"),
            _ => ("level", "logger"),
        };
        assert_eq!(value[level], "INFO");
        if let Some(message) = message {
            assert_eq!(value["message"], message);
            assert_eq!(value[logger], "next");
        } else {
            assert_eq!(value[logger], logged.target);
        }
        let service = match logged.profile {
            Profile::Ecs => &value["service.name"],
            Profile::Flat => &value["service"],
            _ => &value["service"]["name"],
        };
        assert_eq!(service, "omtx-hub-api");
    }
    lines
}

#[test]
fn whatever_is_logged_each_line_is_one_valid_object_and_the_next_is_whole() {
    let all = RefCell::new(Vec::new());
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&logged(), |logged| {
            all.borrow_mut().extend(check(&logged));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    check_with_python(&all.borrow());
}
