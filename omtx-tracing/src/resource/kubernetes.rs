use opentelemetry::KeyValue;

use crate::config::Vars;

/// Kubernetes sets it in every container.
const IN_CLUSTER: &str = "KUBERNETES_SERVICE_HOST";

/// What the manifest puts into the environment by the downward API, under the names in use. Of several the first counts; those
/// without `K8S_` could be anybody's, and count inside a cluster only.
const VARIABLES: [(&str, &[&str]); 7] = [
    ("k8s.cluster.name", &["K8S_CLUSTER_NAME"]),
    (
        "k8s.container.name",
        &["K8S_CONTAINER_NAME", "CONTAINER_NAME"],
    ),
    ("k8s.deployment.name", &["K8S_DEPLOYMENT_NAME"]),
    (
        "k8s.namespace.name",
        &["K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "POD_NAMESPACE"],
    ),
    ("k8s.node.name", &["K8S_NODE_NAME", "NODE_NAME"]),
    ("k8s.pod.name", &["K8S_POD_NAME", "POD_NAME"]),
    ("k8s.pod.uid", &["K8S_POD_UID", "POD_UID"]),
];

pub(super) fn from_vars(vars: &mut Vars<'_>) -> Vec<KeyValue> {
    let in_cluster = vars.text(IN_CLUSTER).is_some();
    let mut attributes = Vec::new();
    for (attribute, variables) in VARIABLES {
        let value = variables
            .iter()
            .filter(|variable| in_cluster || variable.starts_with("K8S_"))
            .find_map(|variable| vars.text(variable));
        attributes.extend(value.map(|value| KeyValue::new(attribute, value)));
    }
    attributes
}
