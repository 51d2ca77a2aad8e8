//! The memory limits that control groups put on this process, at every level of the hierarchy.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The use of one level of the hierarchy, and its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Level {
    /// The group as the kernel names it: `/kubepods/burstable/pod7`.
    pub(super) group: String,
    pub(super) used: u64,
    pub(super) limit: u64,
}

/// Which files a hierarchy keeps its figures in.
struct Files {
    limit: &'static str,
    used: &'static str,
    /// In `memory.stat`: file pages that nobody has touched lately, which the kernel takes back before it kills anybody.
    inactive: &'static str,
}

/// <https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files>
const V2: Files = Files {
    limit: "memory.max",
    used: "memory.current",
    inactive: "inactive_file",
};

/// <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>; `total_` covers the groups below, as the usage does.
const V1: Files = Files {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    inactive: "total_inactive_file",
};

/// All levels above this process that have a limit below `machine` bytes, the innermost first.
///
/// `root` is `/`; tests have a tree of their own. No cgroup, or none that this process may see, is no level, not an error.
pub(super) fn levels(root: &Path, machine: u64) -> io::Result<Vec<Level>> {
    let Some(membership) = optional(&root.join("proc/self/cgroup"))? else {
        return Ok(Vec::new());
    };
    let mounts = optional(&root.join("proc/self/mountinfo"))?.unwrap_or_default();
    let mut levels = Vec::new();
    // A hybrid machine has both, and keeps memory in one of them only: the other has no files.
    for (version, files) in [(2, V2), (1, V1)] {
        let (Some(group), Some(mount)) = (group(&membership, version), mount(&mounts, version))
        else {
            continue;
        };
        let below = group_below(&group, &mount.root);
        for group in below.ancestors() {
            let folder = root.join(relative(&mount.point)).join(relative(group));
            let name = || match mount.root.join(relative(group)).to_string_lossy() {
                name if name.is_empty() => "/".to_owned(),
                name => name.into_owned(),
            };
            if let Some((used, limit)) = figures(&folder, &files, machine)? {
                let group = name();
                levels.push(Level { group, used, limit });
            }
        }
    }
    Ok(levels)
}

/// What a group uses (its working set, as the kubelet computes it) and may use. `None` without a limit.
fn figures(folder: &Path, files: &Files, machine: u64) -> io::Result<Option<(u64, u64)>> {
    // The root of a v2 hierarchy has no `memory.max`, and v1 says "no limit" with a number that no machine has.
    let limit = optional(&folder.join(files.limit))?.and_then(|text| number(&text));
    let Some(limit) = limit.filter(|limit| *limit < machine) else {
        return Ok(None);
    };
    let Some(used) = optional(&folder.join(files.used))?.and_then(|text| number(&text)) else {
        return Ok(None);
    };
    let stat = optional(&folder.join("memory.stat"))?.unwrap_or_default();
    let inactive = stat
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(key, _)| *key == files.inactive)
        .and_then(|(_, value)| number(value))
        .unwrap_or(0);
    Ok(Some((used.saturating_sub(inactive), limit)))
}

/// `max` is no number, and no limit.
fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The file's text, or `None` where there is no such file. A group can go away between two looks at it (`ENODEV`).
fn optional(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(19) => Ok(None),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("{}: {error}", path.display()),
        )),
    }
}

/// This process' group, from `/proc/self/cgroup`: `0::/user.slice` (v2) or `9:cpu,memory:/docker/1f` (v1).
fn group(membership: &str, version: u8) -> Option<PathBuf> {
    membership.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let here = match version {
            2 => controllers.is_empty(),
            _ => controllers.split(',').any(|name| name == "memory"),
        };
        here.then(|| PathBuf::from(path))
    })
}

/// A mounted hierarchy: which part of it, and where.
struct Mount {
    root: PathBuf,
    point: PathBuf,
}

/// The memory hierarchy's mount, from `/proc/self/mountinfo` (proc(5)):
/// `36 35 0:30 /docker/1f /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory`.
fn mount(mounts: &str, version: u8) -> Option<Mount> {
    mounts.lines().find_map(|line| {
        // Optional fields stand between the options and the dash.
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, point) = (left.next()?, left.next()?);
        let mut right = right.split(' ');
        let (kind, options) = (right.next()?, right.nth(1)?);
        let here = match version {
            2 => kind == "cgroup2",
            _ => kind == "cgroup" && options.split(',').any(|name| name == "memory"),
        };
        here.then(|| Mount {
            root: unescaped(root),
            point: unescaped(point),
        })
    })
}

/// mountinfo writes space, tab, newline and backslash as `\040` and so on.
fn unescaped(text: &str) -> PathBuf {
    let mut out = text.to_owned();
    for (escape, plain) in [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ] {
        out = out.replace(escape, plain);
    }
    out.into()
}

/// The group's path below the mount. What is mounted in a container may be the group itself (`/docker/1f` in both), and a
/// group outside of the mount (`/../..`, seen from another namespace) leaves the mount's own level.
fn group_below(group: &Path, root: &Path) -> PathBuf {
    match group.strip_prefix(root) {
        Ok(below)
            if below
                .components()
                .all(|part| matches!(part, Component::Normal(_))) =>
        {
            below.to_owned()
        }
        _ => PathBuf::new(),
    }
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}
