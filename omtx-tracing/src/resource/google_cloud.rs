use std::path::Path;

use opentelemetry::KeyValue;

use super::file;
use crate::config::Vars;

/// The project.
pub(super) const ACCOUNT: &str = "cloud.account.id";

/// Cloud Run, Cloud Run functions and App Engine, which say so in the environment. The metadata server, which knows region and
/// instance, is not asked: that would be a request at start.
pub(super) fn from_vars(vars: &mut Vars<'_>) -> Vec<KeyValue> {
    let in_cluster = vars.text("KUBERNETES_SERVICE_HOST").is_some();
    let mut attributes = Vec::new();
    let mut platform = None;
    let mut add = |key: &'static str, value: Option<String>| {
        attributes.extend(value.map(|value| KeyValue::new(key, value)));
    };
    if let Some(job) = vars.text("CLOUD_RUN_JOB") {
        platform = Some("gcp_cloud_run");
        add("faas.name", Some(job));
        add(
            "gcp.cloud_run.job.execution",
            vars.text("CLOUD_RUN_EXECUTION"),
        );
        let index = vars.text("CLOUD_RUN_TASK_INDEX");
        if let Some(index) = index.and_then(|index| index.parse::<i64>().ok()) {
            attributes.push(KeyValue::new("gcp.cloud_run.job.task_index", index));
        }
    } else if let Some(service) = vars.text("K_SERVICE").filter(|_| !in_cluster) {
        // Knative sets it in anybody's cluster; Cloud Run shows no cluster to those who run on it.
        let function = vars.text("FUNCTION_TARGET").is_some();
        platform = Some(if function {
            "gcp_cloud_functions"
        } else {
            "gcp_cloud_run"
        });
        add("faas.name", Some(service));
        add("faas.version", vars.text("K_REVISION"));
    } else if let Some(service) = vars.text("GAE_SERVICE") {
        platform = Some("gcp_app_engine");
        add("faas.name", Some(service));
        add("faas.version", vars.text("GAE_VERSION"));
        add("faas.instance", vars.text("GAE_INSTANCE"));
    }
    if let Some(platform) = platform {
        attributes.push(KeyValue::new("cloud.provider", "gcp"));
        attributes.push(KeyValue::new("cloud.platform", platform));
    }
    let project = ["GOOGLE_CLOUD_PROJECT", "GCP_PROJECT"];
    let project = project.iter().find_map(|variable| vars.text(variable));
    attributes.extend(project.map(|project| KeyValue::new(ACCOUNT, project)));
    attributes
}

/// Compute Engine, by what the machine's firmware says, and Kubernetes Engine on it.
pub(super) fn from_machine(root: &Path, in_pod: bool) -> Vec<KeyValue> {
    let product = file::line(root, "sys/class/dmi/id/product_name");
    if product.as_deref() != Some("Google Compute Engine") {
        return Vec::new();
    }
    let platform = if in_pod {
        "gcp_kubernetes_engine"
    } else {
        "gcp_compute_engine"
    };
    vec![
        KeyValue::new("cloud.provider", "gcp"),
        KeyValue::new("cloud.platform", platform),
    ]
}
