use std::path::Path;

use opentelemetry::KeyValue;

use super::file;

/// What the control group and the mounts of a process tell of the container that it runs in.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Container {
    id: Option<String>,
    pod_uid: Option<String>,
    name: Option<String>,
    in_pod: bool,
    in_docker: bool,
}

impl Container {
    pub(super) fn detect(root: &Path) -> Self {
        let cgroup = file::read(root, "proc/self/cgroup").unwrap_or_default();
        let mounts = file::read(root, "proc/self/mountinfo").unwrap_or_default();
        let mut container = Self::read(&cgroup, &mounts);
        container.in_pod |= root
            .join("var/run/secrets/kubernetes.io/serviceaccount")
            .is_dir();
        container.in_docker = root.join(".dockerenv").exists();
        container
    }

    fn read(cgroup: &str, mounts: &str) -> Self {
        // The fourth field of a mount is what of the file system is mounted (proc_pid_mountinfo(5)).
        let sources = || mounts.lines().filter_map(|line| line.split(' ').nth(3));
        let pods = || sources().filter_map(|source| source.split_once("/kubelet/pods/"));
        let pod_uid = pods().find_map(|(_, pod)| {
            let uid = pod.split('/').next()?;
            is_uuid(uid).then(|| uid.to_owned())
        });
        let name = pods().find_map(|(_, pod)| {
            // The file for the container's last words: pods/UID/containers/NAME/ID.
            let mut parts = pod.split('/').skip(1);
            (parts.next() == Some("containers")).then(|| parts.next())?
        });
        // The first version tells by the path of the group; the second does not from within, but there is what Docker and
        // Podman mount. What containerd mounts is named after the pod's sandbox, which is another container.
        let id = cgroup.lines().find_map(|line| {
            let path = line.splitn(3, ':').nth(2)?;
            container_id(path.rsplit('/').next()?)
        });
        let id = id.or_else(|| {
            let source = sources().find_map(|source| {
                let docker = source.split_once("/docker/containers/");
                let podman = source.split_once("/overlay-containers/");
                docker.or(podman.filter(|_| pod_uid.is_none()))
            });
            container_id(source?.1.split('/').next()?)
        });
        Self {
            in_pod: pod_uid.is_some(),
            id,
            pod_uid,
            name: name.map(str::to_owned),
            in_docker: false,
        }
    }

    /// Whether this is a container at all.
    pub(super) fn is_one(&self) -> bool {
        self.id.is_some() || self.in_pod || self.in_docker
    }

    pub(super) fn is_in_pod(&self) -> bool {
        self.in_pod
    }

    pub(super) fn attributes(self) -> impl Iterator<Item = KeyValue> {
        let found = [
            ("container.id", self.id),
            ("k8s.pod.uid", self.pod_uid),
            ("k8s.container.name", self.name),
        ];
        found
            .into_iter()
            .filter_map(|(key, value)| Some(KeyValue::new(key, value?)))
    }
}

/// `docker-ID.scope`, `cri-containerd-ID.scope`, `crio-ID`, `ID`: 64 hexadecimal digits, or a task's 32 and a number on Fargate.
fn container_id(segment: &str) -> Option<String> {
    let segment = segment.strip_suffix(".scope").unwrap_or(segment);
    let is_hex = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_hexdigit());
    let last = segment.rsplit(['-', ':']).next()?;
    if is_hex(last, 64) {
        return Some(last.to_owned());
    }
    let (task, number) = segment.split_once('-')?;
    let is_number = number.len() >= 9 && number.bytes().all(|b| b.is_ascii_digit());
    (is_hex(task, 32) && is_number).then(|| segment.to_owned())
}

fn is_uuid(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "dc64b5743252dbaef6e30521c34d6bbd1620c8ce65bdb7bf9e7143b61bb5b183";
    const POD: &str = "1bc62de0-92b4-4f3c-9f1e-5d2a7a36a0e4";

    #[track_caller]
    fn check(cgroup: &str, mounts: &str, id: bool, pod: bool, name: Option<&str>) {
        let found = Container::read(
            &cgroup.replace("ID", ID).replace("POD", POD),
            &mounts.replace("ID", ID).replace("POD", POD),
        );
        let expected = Container {
            id: id.then(|| ID.to_owned()),
            pod_uid: pod.then(|| POD.to_owned()),
            name: name.map(str::to_owned),
            in_pod: pod,
            in_docker: false,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn the_first_version_of_control_groups_names_the_container() {
        check(
            "13:name=systemd:/docker/ID\n12:pids:/docker/ID",
            "",
            true,
            false,
            None,
        );
        check("1:cpu:/kubepods/burstable/podPOD/ID", "", true, false, None);
        let slice = "1:cpu:/kubepods.slice/kubepods-podPOD.slice/cri-containerd-ID.scope";
        check(slice, "", true, false, None);
        check(
            "1:cpu:/machine.slice/libpod-ID.scope",
            "",
            true,
            false,
            None,
        );
        check(
            "0::/user.slice/user-1000.slice/session-2.scope",
            "",
            false,
            false,
            None,
        );
        let fargate = "9:cpu:/ecs/a7e1b9d3c2f04e5f8a6b7c8d9e0f1a2b/a7e1b9d3c2f04e5f8a6b7c8d9e0f1a2b-2531612879";
        let found = Container::read(fargate, "").id.unwrap();
        assert_eq!(found, "a7e1b9d3c2f04e5f8a6b7c8d9e0f1a2b-2531612879");
    }

    #[test]
    fn the_second_version_leaves_it_to_the_mounts() {
        let docker = "473 456 254:1 /docker/volumes/docker/containers/ID/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda1 rw";
        check("0::/", docker, true, false, None);
        let podman = "983 961 0:56 /containers/overlay-containers/ID/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw";
        check("0::/", podman, true, false, None);
        check("0::/", "", false, false, None);
    }

    #[test]
    fn a_pod_is_known_by_the_mounts_of_the_kubelet_and_its_sandbox_is_no_container() {
        let mounts = "\
            521 500 8:1 /var/lib/kubelet/pods/POD/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw\n\
            522 500 8:1 /var/lib/kubelet/pods/POD/containers/hub/3f0a1b2c /dev/termination-log rw - ext4 /dev/sda1 rw\n\
            523 500 8:1 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/ID/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n";
        check("0::/", mounts, false, true, Some("hub"));
        let crio = "1 2 8:1 /var/lib/kubelet/pods/POD/etc-hosts /etc/hosts rw\n2 2 0:1 /containers/overlay-containers/ID/userdata/hostname /etc/hostname rw";
        check("0::/", crio, false, true, None);
    }
}
