//! The catalogue as JSON: the contract with whoever builds dashboards, rules and documents from it.

use omtx_metrics::Registry;

use crate::kinds::Kinds;

#[test]
fn the_json_has_everything_that_is_known_of_every_family() {
    let registry = Registry::builder()
        .namespace("hub")
        .max_series(500)
        .build()
        .unwrap();
    registry.register::<Kinds>().unwrap();
    assert_eq!(
        registry.catalog().to_json(),
        r#"{"version":1,"families":[
{"name":"hub_answer_seconds","kind":"histogram","unit":"seconds","help":"Time to answer.","labels":[],"buckets":[0.1,1.0,2000000.0],"max_series":500},
{"name":"hub_build_info","kind":"info","unit":"","help":"What is running.","labels":[{"name":"version","values":null}],"buckets":[],"max_series":500},
{"name":"hub_clock_drift","kind":"histogram","unit":"","help":"How far the clock is off, in either direction.","labels":[],"buckets":[-1.0,0.0,1.0],"max_series":500},
{"name":"hub_energy_joules_total","kind":"counter","unit":"joules","help":"Energy used.","labels":[],"buckets":[],"max_series":500},
{"name":"hub_jobs_ended_total","kind":"counter","unit":"","help":"Jobs ended, by outcome.","labels":[{"name":"outcome","values":["ok","timed_out"]}],"buckets":[],"max_series":500},
{"name":"hub_jobs_started_total","kind":"counter","unit":"","help":"Jobs started.","labels":[],"buckets":[],"max_series":500},
{"name":"hub_legacy_value","kind":"unknown","unit":"","help":"What a dashboard calls it: `\\` and \"quotes\".","labels":[],"buckets":[],"max_series":500},
{"name":"hub_queue_depth","kind":"gauge","unit":"","help":"Jobs waiting.","labels":[],"buckets":[],"max_series":500},
{"name":"hub_request_duration_seconds","kind":"histogram","unit":"seconds","help":"Time to answer, by path.","labels":[{"name":"path","values":null},{"name":"outcome","values":["ok","timed_out"]}],"buckets":[0.5],"max_series":500},
{"name":"hub_room_temperature_celsius","kind":"gauge","unit":"celsius","help":"How warm it is.","labels":[],"buckets":[],"max_series":500},
{"name":"hub_service_phase","kind":"stateset","unit":"","help":"Where the service is.","labels":[{"name":"phase","values":["starting","serving"]}],"buckets":[],"max_series":500},
{"name":"hub_unused_total","kind":"counter","unit":"","help":"Never used.","labels":[{"name":"path","values":null},{"name":"outcome","values":["ok","timed_out"]}],"buckets":[],"max_series":500}
]}
"#
    );
}

#[test]
fn an_empty_catalogue_is_valid_json() {
    let json = Registry::new().catalog().to_json();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value, serde_json::json!({ "version": 1, "families": [] }));
}
