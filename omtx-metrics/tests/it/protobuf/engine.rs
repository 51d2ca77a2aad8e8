//! `protoc` and the schema that Prometheus' own libraries are generated from as the referee.

use std::path::Path;

use omtx_metrics::Registry;

use crate::engine;
use crate::kinds::filled;

/// Where Debian's golang-github-prometheus-client-model-dev puts the schema (version 0.3.0: what came later, units and
/// created timestamps, is a field without a name to it).
const SCHEMA: &str = "/usr/share/gocode/src/github.com/prometheus/client_model";

/// What the schema imports, which comes with protobuf's C++ headers, and is not worth those.
const TIMESTAMP: &str = "syntax = \"proto3\"; package google.protobuf; message Timestamp { int64 seconds = 1; int32 nanos = 2; }";

/// What `protoc` reads, message by message, in its text format.
fn decoded(mut bytes: &[u8]) -> Option<String> {
    if !Path::new(SCHEMA).exists() {
        engine::missing(SCHEMA, "the schema is not installed");
        return None;
    }
    let imports = Path::new(env!("CARGO_TARGET_TMPDIR")).join("protoc");
    let timestamp = imports.join("google/protobuf/timestamp.proto");
    std::fs::create_dir_all(timestamp.parent().unwrap()).unwrap();
    std::fs::write(timestamp, TIMESTAMP).unwrap();
    let mut text = String::new();
    while !bytes.is_empty() {
        let len = prost::decode_length_delimiter(&mut bytes).unwrap();
        let (message, rest) = bytes.split_at(len);
        bytes = rest;
        let arguments = [
            "--decode=io.prometheus.client.MetricFamily",
            &format!("--proto_path={SCHEMA}"),
            &format!("--proto_path={}", imports.display()),
            "io/prometheus/client/metrics.proto",
        ];
        let output = engine::run("protoc", &arguments, message)?;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((said.as_str(), output.status.code()), ("", Some(0)));
        text.push_str(&String::from_utf8(output.stdout).unwrap());
    }
    Some(text)
}

const EVERY_KIND: &str = r#"name: "answer_seconds"
help: "Time to answer."
type: HISTOGRAM
metric {
  histogram {
    sample_count: 4
    sample_sum: 3.15
    bucket {
      cumulative_count: 2
      upper_bound: 0.1
    }
    bucket {
      cumulative_count: 2
      upper_bound: 1
    }
    bucket {
      cumulative_count: 3
      upper_bound: 2000000
    }
  }
}
5: "seconds"
name: "build_info"
help: "What is running."
type: GAUGE
metric {
  label {
    name: "version"
    value: "1.2.3"
  }
  gauge {
    value: 1
  }
}
"#;

#[test]
fn protoc_reads_every_kind() {
    let registry = Registry::new();
    filled(&registry);
    let Some(text) = decoded(&registry.to_protobuf()) else {
        return;
    };
    // When a series began differs from run to run.
    let text = without_created(&text);
    assert!(text.starts_with(EVERY_KIND), "{text}");
    for lines in [
        "name: \"clock_drift\"\nhelp: \"How far the clock is off, in either direction.\"\ntype: HISTOGRAM\n",
        "name: \"energy_joules_total\"\nhelp: \"Energy used.\"\ntype: COUNTER\nmetric {\n  counter {\n    value: 1.5\n  }\n}\n5: \"joules\"\n",
        "help: \"What a dashboard calls it: `\\\\` and \\\"quotes\\\".\"\ntype: UNTYPED\nmetric {\n  untyped {\n    value: nan\n  }\n}\n",
        "name: \"queue_depth\"\nhelp: \"Jobs waiting.\"\ntype: GAUGE\nmetric {\n  gauge {\n    value: -2\n  }\n}\n",
        "  label {\n    name: \"phase\"\n    value: \"serving\"\n  }\n  gauge {\n    value: 1\n  }\n",
    ] {
        assert!(text.contains(lines), "{lines}\n{text}");
    }
}

/// Without the fields 3 of a counter and 15 of a histogram, which schema 0.3.0 does not know.
fn without_created(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if matches!(line, "    3 {" | "    15 {") {
            lines
                .by_ref()
                .take_while(|line| *line != "    }")
                .for_each(drop);
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}
