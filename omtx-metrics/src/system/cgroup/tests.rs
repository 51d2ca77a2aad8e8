//! Control groups as kernels show them, in a directory of their own.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Files below a root, gone with it.
struct Tree(PathBuf);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        static TREES: AtomicUsize = AtomicUsize::new(0);
        let root = std::env::temp_dir().join(format!(
            "omtx-cgroup-{}-{}",
            std::process::id(),
            TREES.fetch_add(1, Ordering::Relaxed)
        ));
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(root)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn check(files: &[(&str, &str)], used: Option<f64>, limit: Option<f64>, cores: Option<f64>) {
    let tree = Tree::new(files);
    let expected = Reading { used, limit, cores };
    assert_eq!(read(&tree.0), (expected, true));
}

const V2: &str = "31 24 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";

#[test]
fn a_container_with_its_own_namespace_reads_its_own_limits() {
    check(
        &[
            ("proc/self/cgroup", "0::/\n"),
            ("proc/self/mountinfo", V2),
            ("sys/fs/cgroup/memory.max", "536870912\n"),
            ("sys/fs/cgroup/memory.current", "300000000\n"),
            (
                "sys/fs/cgroup/memory.stat",
                "anon 1\ninactive_file 100000000\n",
            ),
            ("sys/fs/cgroup/cpu.max", "150000 100000\n"),
        ],
        Some(200_000_000.0),
        Some(536_870_912.0),
        Some(1.5),
    );
}

#[test]
fn the_tightest_limit_up_the_hierarchy_counts_and_brings_its_own_usage() {
    check(
        &[
            ("proc/self/cgroup", "0::/system.slice/hub.service\n"),
            ("proc/self/mountinfo", V2),
            ("sys/fs/cgroup/system.slice/hub.service/memory.max", "max\n"),
            (
                "sys/fs/cgroup/system.slice/hub.service/memory.current",
                "100\n",
            ),
            (
                "sys/fs/cgroup/system.slice/hub.service/cpu.max",
                "400000 100000\n",
            ),
            ("sys/fs/cgroup/system.slice/memory.max", "1000\n"),
            ("sys/fs/cgroup/system.slice/memory.current", "900\n"),
            (
                "sys/fs/cgroup/system.slice/memory.stat",
                "inactive_file 50\n",
            ),
            ("sys/fs/cgroup/system.slice/cpu.max", "200000 100000\n"),
        ],
        Some(850.0),
        Some(1000.0),
        Some(2.0),
    );
}

#[test]
fn no_limit_is_no_row() {
    check(
        &[
            ("proc/self/cgroup", "0::/user.slice\n"),
            ("proc/self/mountinfo", V2),
            ("sys/fs/cgroup/user.slice/memory.max", "max\n"),
            ("sys/fs/cgroup/user.slice/memory.current", "77\n"),
            ("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n"),
        ],
        Some(77.0),
        None,
        None,
    );
}

#[test]
fn version_1_in_a_container_that_sees_the_machine_s_paths() {
    check(
        &[
            (
                "proc/self/cgroup",
                "11:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n",
            ),
            (
                "proc/self/mountinfo",
                "40 30 0:33 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
                 41 30 0:34 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n",
            ),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2048\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1024\n"),
            (
                "sys/fs/cgroup/memory/memory.stat",
                "inactive_file 1\ntotal_inactive_file 24\n",
            ),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
        ],
        Some(1000.0),
        Some(2048.0),
        Some(0.5),
    );
}

#[test]
fn a_hierarchy_that_is_mounted_twice_is_read_where_it_shows_the_group() {
    check(
        &[
            ("proc/self/cgroup", "11:memory:/docker/abc/inner\n"),
            (
                "proc/self/mountinfo",
                "39 30 0:33 /docker/xyz /other rw - cgroup cgroup rw,memory\n\
                 40 30 0:33 /docker/abc /cg/memory rw - cgroup cgroup rw,memory\n",
            ),
            ("other/memory.usage_in_bytes", "666\n"),
            ("cg/memory/inner/memory.usage_in_bytes", "7\n"),
            ("cg/memory/memory.limit_in_bytes", "100\n"),
            ("cg/memory/memory.usage_in_bytes", "8\n"),
        ],
        Some(8.0),
        Some(100.0),
        None,
    );
}

#[test]
fn a_group_that_the_mount_does_not_show_is_read_at_the_mount_s_root() {
    check(
        &[
            ("proc/self/cgroup", "0::/\n"),
            (
                "proc/self/mountinfo",
                "31 24 0:28 /../../pod /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            ),
            ("sys/fs/cgroup/memory.max", "1000\n"),
            ("sys/fs/cgroup/memory.current", "7\n"),
        ],
        Some(7.0),
        Some(1000.0),
        None,
    );
    check(
        &[
            ("proc/self/cgroup", "11:memory:/docker/abc\n"),
            (
                "proc/self/mountinfo",
                "40 30 0:33 /docker/xyz /cg rw - cgroup cgroup rw,memory\n",
            ),
            ("cg/memory.usage_in_bytes", "7\n"),
        ],
        Some(7.0),
        None,
        None,
    );
}

#[test]
fn version_1_without_limits_shows_numbers_that_mean_none() {
    check(
        &[
            ("proc/self/cgroup", "2:memory:/\n3:cpu:/\n"),
            (
                "proc/self/mountinfo",
                "40 30 0:33 / /cg/memory rw - cgroup cgroup rw,memory\n\
                 41 30 0:34 / /cg/cpu rw - cgroup cgroup rw,cpu\n",
            ),
            ("cg/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("cg/memory/memory.usage_in_bytes", "5\n"),
            ("cg/cpu/cpu.cfs_quota_us", "-1\n"),
            ("cg/cpu/cpu.cfs_period_us", "100000\n"),
        ],
        Some(5.0),
        None,
        None,
    );
}

#[test]
fn a_path_that_leads_up_stays_below_the_mount() {
    check(
        &[
            ("proc/self/cgroup", "0::/../../outside\n"),
            ("proc/self/mountinfo", V2),
            ("sys/fs/cgroup/outside/memory.current", "7\n"),
            ("outside/memory.current", "666\n"),
        ],
        Some(7.0),
        None,
        None,
    );
}

#[test]
fn a_machine_without_control_groups_has_no_rows_and_no_error() {
    check(&[], None, None, None);
    // In the group of all, there is no usage.
    check(
        &[("proc/self/cgroup", "0::/\n"), ("proc/self/mountinfo", V2)],
        None,
        None,
        None,
    );
}

#[test]
fn a_group_that_cannot_be_read_is_an_error() {
    let tree = Tree::new(&[
        ("proc/self/cgroup", "0::/gone\n"),
        ("proc/self/mountinfo", V2),
    ]);
    assert_eq!(read(&tree.0), (Reading::default(), false));
    let torn = Tree::new(&[("proc/self/cgroup", "0::/gone\n")]);
    assert_eq!(read(&torn.0), (Reading::default(), false));
}
