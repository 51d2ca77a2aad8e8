//! The same line in each profile, whole.

use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
use omtx_logging::{JobContext, Precision, Profile, RequestContext, critical};
use tracing::{info, info_span};

use crate::support::{builder, line_and_logging, valid};

/// The record of the documentation of OMTX-Hub, in a trace and a span.
fn record() {
    let trace = TraceContext::new(
        TraceId::new(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c).unwrap(),
        SpanId::new(0xb7ad_6b71_6920_3331).unwrap(),
        TraceFlags::SAMPLED,
    );
    RequestContext::builder("req-12345")
        .user("user-67890")
        .build()
        .in_scope(|| {
            JobContext::new("job-abcdef", "boltz2").in_scope(|| {
                trace.in_scope(|| {
                    let _span = info_span!("execute", agent = "daily_brief").entered();
                    info!(
                        target: "services.gpu_worker_service",
                        status = "success",
                        performance.duration_ms = 1250,
                        performance.operation = "job_execution",
                        "Job completed successfully"
                    );
                });
            });
        });
}

#[track_caller]
fn check(profile: Profile, expected: &str) {
    let builder = builder()
        .profile(profile)
        .google_cloud_project("om-models")
        .color(false);
    let (line, _) = line_and_logging(builder, record);
    // Where this file's line numbers stand would make every edit a new golden.
    let line = line
        .split(&['"', ':', ',', '}'][..])
        .filter(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
        .fold(line.clone(), |line, number| {
            line.replace(&format!("\"line\":{number}"), "\"line\":LINE")
                .replace(&format!("\"line\":\"{number}\""), "\"line\":\"LINE\"")
        });
    assert_eq!(line, expected);
    if profile != Profile::Pretty {
        valid(&line.replace(":LINE", ":1"));
    }
}

#[test]
fn omtx() {
    check(
        Profile::Omtx,
        concat!(
            r#"{"timestamp":"2025-01-20T18:00:00.000000Z","level":"INFO","logger":"services.gpu_worker_service","#,
            r#""message":"Job completed successfully","#,
            r#""service":{"name":"omtx-hub-api","version":"1.0.0","environment":"production"},"#,
            r#""trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","#,
            r#""request_id":"req-12345","user_id":"user-67890","job_id":"job-abcdef","job_type":"boltz2","#,
            r#""agent":"daily_brief","status":"success","#,
            r#""performance":{"duration_ms":1250,"operation":"job_execution"}}"#,
        ),
    );
}

#[test]
fn gcp() {
    check(
        Profile::Gcp,
        concat!(
            r#"{"timestamp":"2025-01-20T18:00:00.000000Z","time":"2025-01-20T18:00:00.000000Z","severity":"INFO","#,
            r#""level":"INFO","logger":"services.gpu_worker_service","message":"Job completed successfully","#,
            r#""service":{"name":"omtx-hub-api","version":"1.0.0","environment":"production"},"#,
            r#""logging.googleapis.com/sourceLocation":{"file":"omtx-logging/tests/it/profiles.rs","line":"LINE"},"#,
            r#""logging.googleapis.com/trace":"projects/om-models/traces/0af7651916cd43dd8448eb211c80319c","#,
            r#""logging.googleapis.com/spanId":"b7ad6b7169203331","logging.googleapis.com/trace_sampled":true,"#,
            r#""request_id":"req-12345","user_id":"user-67890","job_id":"job-abcdef","job_type":"boltz2","#,
            r#""agent":"daily_brief","status":"success","#,
            r#""performance":{"duration_ms":1250,"operation":"job_execution"}}"#,
        ),
    );
}

#[test]
fn flat() {
    check(
        Profile::Flat,
        concat!(
            r#"{"timestamp":"2025-01-20T18:00:00.000000Z","level":"INFO","logger":"services.gpu_worker_service","#,
            r#""message":"Job completed successfully","service":"omtx-hub-api","#,
            r#""trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","#,
            r#""request_id":"req-12345","user_id":"user-67890","job_id":"job-abcdef","job_type":"boltz2","#,
            r#""agent":"daily_brief","status":"success","duration_ms":1250,"operation":"job_execution"}"#,
        ),
    );
}

#[test]
fn python() {
    check(
        Profile::Python,
        concat!(
            r#"{"timestamp":"2025-01-20T18:00:00.000000Z","level":"INFO","logger":"services.gpu_worker_service","#,
            r#""message":"Job completed successfully","function":"execute","module":"it::profiles","line":LINE,"#,
            r#""service":{"name":"omtx-hub-api","version":"1.0.0","environment":"production"},"#,
            r#""trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","#,
            r#""request_id":"req-12345","user_id":"user-67890","job_id":"job-abcdef","job_type":"boltz2","#,
            r#""agent":"daily_brief","status":"success","#,
            r#""performance":{"duration_ms":1250,"operation":"job_execution"}}"#,
        ),
    );
}

#[test]
fn ecs() {
    check(
        Profile::Ecs,
        concat!(
            r#"{"@timestamp":"2025-01-20T18:00:00.000000Z","log.level":"INFO","message":"Job completed successfully","#,
            r#""ecs.version":"8.11.0","log.logger":"services.gpu_worker_service","service.name":"omtx-hub-api","#,
            r#""service.version":"1.0.0","service.environment":"production","#,
            r#""trace.id":"0af7651916cd43dd8448eb211c80319c","span.id":"b7ad6b7169203331","#,
            r#""http.request.id":"req-12345","user.id":"user-67890","labels.job_id":"job-abcdef","#,
            r#""labels.job_type":"boltz2","labels.agent":"daily_brief","labels.status":"success","#,
            r#""labels.performance_duration_ms":1250,"labels.performance_operation":"job_execution"}"#,
        ),
    );
}

#[test]
fn pretty() {
    check(
        Profile::Pretty,
        "2025-01-20T18:00:00.000000Z     INFO services.gpu_worker_service: Job completed successfully request_id=req-12345 \
         user_id=user-67890 job_id=job-abcdef job_type=boltz2 agent=daily_brief status=success performance.duration_ms=1250 \
         performance.operation=job_execution trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331",
    );
}

#[test]
fn pretty_draws_nothing_that_was_logged() {
    let (line, _) = line_and_logging(builder().profile(Profile::Pretty).color(false), || {
        info!(target: "t", quoted = "a \"b\"", "red \x1b[31m \"text\" \\ \nnext line");
    });
    assert_eq!(
        line,
        r#"2025-01-20T18:00:00.000000Z     INFO t: red \u001b[31m "text" \ \nnext line quoted="a \"b\"""#
    );
    let (line, _) = line_and_logging(builder().profile(Profile::Pretty).color(true), || {
        critical!(target: "t", n = 1, "m");
    });
    assert_eq!(
        line,
        "2025-01-20T18:00:00.000000Z \x1b[1;31mCRITICAL\x1b[0m t: m \x1b[2mn=\x1b[0m1"
    );
    let (line, _) = line_and_logging(builder().profile(Profile::Pretty).color(true), record);
    let ids = "\x1b[2mtrace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331\x1b[0m";
    assert!(line.ends_with(ids), "{line}");
}

#[test]
fn the_project_is_optional_and_the_trace_name_is_then_the_id() {
    let (line, _) = line_and_logging(builder().profile(Profile::Gcp), record);
    assert!(line.contains(r#""logging.googleapis.com/trace":"0af7651916cd43dd8448eb211c80319c""#));
}

#[test]
fn each_profile_reserves_its_own_keys() {
    let of = |profile| {
        let (line, logging) = line_and_logging(builder().profile(profile), || {
            info!(
                severity = 1,
                module = 2,
                "log.level" = 3,
                "labels.a.b" = 4,
                time = 5,
                http.request.method = "GET",
                "m"
            );
        });
        (valid(&line), logging.stats().fields_collided)
    };
    let (line, moved) = of(Profile::Omtx);
    assert_eq!(
        (&line["severity"], &line["module"], moved),
        (&1.into(), &2.into(), 0)
    );
    let (line, moved) = of(Profile::Gcp);
    assert_eq!(
        (&line["severity"], &line["fields"]["severity"]),
        (&"INFO".into(), &1.into())
    );
    assert_eq!((&line["fields"]["time"], moved), (&5.into(), 2));
    let (line, moved) = of(Profile::Python);
    assert_eq!((&line["fields"]["module"], moved), (&2.into(), 1));
    let (line, moved) = of(Profile::Ecs);
    assert_eq!(line["log.level"], "INFO");
    assert_eq!(line["labels.fields_log_level"], 3);
    assert_eq!(line["labels.a_b"], 4);
    assert_eq!((&line["http.request.method"], moved), (&"GET".into(), 1));
}

#[test]
fn flat_keys_that_come_to_be_the_same_stand_once() {
    let (line, logging) = line_and_logging(builder().profile(Profile::Flat), || {
        info!(
            duration_ms = 1,
            performance.duration_ms = 2,
            a.b = 3,
            service.name = "x",
            "m"
        );
    });
    let line = valid(&line);
    assert_eq!(line["duration_ms"], 2);
    assert_eq!(line["a_b"], 3);
    assert_eq!(line["service_name"], "x");
    assert_eq!(logging.stats().fields_collided, 1);
}

#[test]
fn timestamps_can_be_coarser_and_finer() {
    for (precision, expected) in [
        (Precision::Seconds, "2025-01-20T18:00:00Z"),
        (Precision::Millis, "2025-01-20T18:00:00.000Z"),
        (Precision::Nanos, "2025-01-20T18:00:00.000000000Z"),
    ] {
        let (line, _) = line_and_logging(builder().precision(precision), || info!("m"));
        assert_eq!(valid(&line)["timestamp"], expected);
    }
}
