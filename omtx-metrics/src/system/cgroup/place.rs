//! Which directories describe the group of this process.

use std::path::{Component, Path, PathBuf};

use procfs::FromRead;
use procfs::ProcessCGroups;
use procfs::process::{MountInfo, MountInfos};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// The group of this process in the hierarchy that has one controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) version: Version,
    /// Where the hierarchy is mounted.
    mount: PathBuf,
    /// The group's directory: `mount`, or below it.
    group: PathBuf,
}

impl Place {
    /// The place of `controller`, from the texts of `/proc/self/cgroup` and `/proc/self/mountinfo` (cgroups(7),
    /// proc_pid_mountinfo(5)). Where both versions are mounted, the one that has the controller counts.
    pub(super) fn find(controller: &str, groups: &str, mounts: &str, root: &Path) -> Option<Self> {
        let groups = ProcessCGroups::from_read(groups.as_bytes()).ok()?.0;
        let mounts = MountInfos::from_read(mounts.as_bytes()).ok()?.0;
        let one = groups
            .iter()
            .find(|group| group.controllers.iter().any(|name| name == controller));
        let (version, group) = match one {
            Some(group) => (Version::One, group),
            None => (
                Version::Two,
                groups.iter().find(|group| group.hierarchy == 0)?,
            ),
        };
        let mounts = mounts.iter().filter(|mount| match version {
            Version::One => {
                mount.fs_type == "cgroup" && mount.super_options.contains_key(controller)
            }
            Version::Two => mount.fs_type == "cgroup2",
        });
        // A hierarchy may be mounted more than once: the first that shows the group, if one does.
        let mount =
            mounts.min_by_key(|mount| !Path::new(&group.pathname).starts_with(&mount.root))?;
        let point = below(root, &mount.mount_point);
        Some(Self {
            version,
            group: below(&point, &inside(mount, &group.pathname)),
            mount: point,
        })
    }

    /// The group's directory, then those of the groups around it, as far as this process can see them.
    pub(super) fn levels(&self) -> impl Iterator<Item = &Path> {
        self.group
            .ancestors()
            .take_while(|level| level.starts_with(&self.mount))
    }

    /// True if the process is in no group but the one that all are in.
    pub(super) fn is_root_of_machine(&self) -> bool {
        self.group == self.mount
    }
}

/// The group's path within the mount. A container that sees the machine's paths has its own group mounted as the root; and
/// where the mount does not show the group by its path, the root is the nearest that can be seen.
fn inside(mount: &MountInfo, group: &str) -> PathBuf {
    let group = Path::new(group);
    group
        .strip_prefix(&mount.root)
        .map_or_else(|_| PathBuf::new(), Path::to_path_buf)
}

/// `path` below `root`, whatever it says: no way leads up.
fn below(root: &Path, path: &Path) -> PathBuf {
    let names = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)));
    root.iter().chain(names.map(Component::as_os_str)).collect()
}
