//! What telemetry says that it comes from.

use std::ffi::OsString;

use omtx_tracing::{Resource, Telemetry, TelemetryBuilder};

fn builder(vars: &[(&str, &str)]) -> TelemetryBuilder {
    let read = |name: &str| {
        let found = vars.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| OsString::from(value))
    };
    Telemetry::builder("omtx-hub-api")
        .version("1.0.0")
        .instance_id("one")
        .from_vars(read)
        .unwrap()
}

/// `key=value`, a line each.
fn shown(resource: &Resource) -> String {
    let lines = resource
        .attributes()
        .iter()
        .map(|attribute| format!("{}={}\n", attribute.key, attribute.value));
    lines.collect()
}

#[test]
fn without_detection_there_is_what_was_set_and_who_made_it() {
    let telemetry = builder(&[]).detect_resource(false).build().unwrap();
    let expected = "\
service.instance.id=one
service.name=omtx-hub-api
service.version=1.0.0
telemetry.sdk.language=rust
telemetry.sdk.name=omtx-tracing
telemetry.sdk.version=0.1.0
";
    assert_eq!(shown(telemetry.resource()), expected);
}

#[test]
fn the_environment_overrides_what_was_set_before_it_and_not_what_was_set_after() {
    let telemetry = builder(&[
        ("OMTX_ENVIRONMENT", "staging"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=listed, service.version=2%2E0,deployment.environment.name=production,team=omics%20%2C,",
        ),
        ("OTEL_SERVICE_NAME", "named"),
    ])
    .attribute("team", "code")
    .detect_resource(false)
    .build()
    .unwrap();
    let expected = "\
deployment.environment.name=production
service.instance.id=one
service.name=named
service.version=2.0
team=code
telemetry.sdk.language=rust
telemetry.sdk.name=omtx-tracing
telemetry.sdk.version=0.1.0
";
    assert_eq!(shown(telemetry.resource()), expected);
    assert_eq!(telemetry.warnings(), []);
}

#[test]
fn one_malformed_attribute_discards_all_of_the_variable() {
    let telemetry = builder(&[("OTEL_RESOURCE_ATTRIBUTES", "team=omics,oops")])
        .build()
        .unwrap();
    assert_eq!(telemetry.resource().get("team"), None);
    assert_eq!(
        telemetry.warnings()[0].to_string(),
        r#"ignored OTEL_RESOURCE_ATTRIBUTES "team=omics,oops"; expected key=value between commas, and member 2 is none"#,
    );
}

#[test]
fn an_empty_attribute_leaves_what_is_set_already() {
    let telemetry = builder(&[(
        "OTEL_RESOURCE_ATTRIBUTES",
        "service.name=,service.version= ,team=",
    )])
    .build()
    .unwrap();
    let get = |key: &str| telemetry.resource().get(key).map(ToString::to_string);
    assert_eq!(get("service.name").as_deref(), Some("omtx-hub-api"));
    assert_eq!(get("service.version").as_deref(), Some("1.0.0"));
    assert_eq!(get("team"), None);
    assert_eq!(telemetry.warnings(), []);
}

#[test]
fn process_and_host_are_described() {
    let telemetry = builder(&[]).build().unwrap();
    let get = |key: &str| telemetry.resource().get(key).map(ToString::to_string);
    assert_eq!(get("process.pid"), Some(std::process::id().to_string()));
    assert!(get("process.executable.name").is_some_and(|name| name.starts_with("it-")));
    assert!(get("host.arch").is_some());
    #[cfg(target_os = "linux")]
    {
        assert_eq!(get("os.type").as_deref(), Some("linux"));
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(get("host.name").as_deref(), Some(name.trim()));
    }
}

#[test]
fn a_manifest_tells_the_pod_by_the_downward_api() {
    let downward = [
        ("POD_NAME", "hub-7d9c"),
        ("POD_NAMESPACE", "omtx"),
        ("K8S_NODE_NAME", "node-1"),
        ("NODE_NAME", "not this one"),
    ];
    let outside = builder(&downward).build().unwrap();
    assert_eq!(outside.resource().get("k8s.pod.name"), None);
    assert_eq!(
        outside.resource().get("k8s.node.name").unwrap().as_str(),
        "node-1"
    );

    let mut vars = downward.to_vec();
    vars.push(("KUBERNETES_SERVICE_HOST", "10.0.0.1"));
    let inside = builder(&vars).build().unwrap();
    let get = |key: &str| inside.resource().get(key).map(ToString::to_string);
    assert_eq!(get("k8s.pod.name").as_deref(), Some("hub-7d9c"));
    assert_eq!(get("k8s.namespace.name").as_deref(), Some("omtx"));
    assert_eq!(get("k8s.node.name").as_deref(), Some("node-1"));
}

#[test]
fn cloud_run_is_known_by_its_variables() {
    let telemetry = builder(&[
        ("K_SERVICE", "hub"),
        ("K_REVISION", "hub-00042-abc"),
        ("GOOGLE_CLOUD_PROJECT", "omtx-prod"),
    ])
    .build()
    .unwrap();
    let get = |key: &str| telemetry.resource().get(key).map(ToString::to_string);
    assert_eq!(get("cloud.provider").as_deref(), Some("gcp"));
    assert_eq!(get("cloud.platform").as_deref(), Some("gcp_cloud_run"));
    assert_eq!(get("cloud.account.id").as_deref(), Some("omtx-prod"));
    assert_eq!(get("faas.name").as_deref(), Some("hub"));
    assert_eq!(get("faas.version").as_deref(), Some("hub-00042-abc"));

    let job = builder(&[
        ("CLOUD_RUN_JOB", "reindex"),
        ("CLOUD_RUN_EXECUTION", "reindex-x7"),
        ("CLOUD_RUN_TASK_INDEX", "3"),
    ]);
    let job = job.build().unwrap();
    let get = |key: &str| job.resource().get(key).map(ToString::to_string);
    assert_eq!(get("faas.name").as_deref(), Some("reindex"));
    assert_eq!(
        get("gcp.cloud_run.job.execution").as_deref(),
        Some("reindex-x7")
    );
    assert_eq!(get("gcp.cloud_run.job.task_index").as_deref(), Some("3"));
}

#[test]
fn knative_on_a_cluster_is_not_cloud_run() {
    let vars = [
        ("K_SERVICE", "hub"),
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
    ];
    let telemetry = builder(&vars).build().unwrap();
    assert_eq!(telemetry.resource().get("faas.name"), None);
}

#[test]
fn what_the_platform_says_never_hides_what_was_set() {
    let telemetry = builder(&[("K_SERVICE", "hub")])
        .attribute("cloud.platform", "mine")
        .build()
        .unwrap();
    let platform = telemetry.resource().get("cloud.platform").unwrap();
    assert_eq!(platform.as_str(), "mine");
}
