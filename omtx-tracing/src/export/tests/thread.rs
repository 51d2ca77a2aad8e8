use std::time::Duration;

use super::super::ScopeId;
use super::super::testing::traces;
use crate::Signal;

#[test]
fn what_was_pushed_before_a_flush_has_arrived_after_it() {
    let (exporter, collector) = traces();
    let pipeline = exporter.pipeline(Signal::Traces).expect("it is there");
    pipeline.created(1);
    pipeline.push(ScopeId(0), b"\x2a\x04name", 1);
    assert!(exporter.flush(Duration::from_secs(60)));
    assert_eq!(collector.spans()[0].name, "name");
    assert!(exporter.shutdown(Duration::from_secs(60)).is_empty());
}
