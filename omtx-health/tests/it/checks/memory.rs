use std::fs;
use std::path::Path;

use omtx_health::Check;
use omtx_health::checks::Memory;

use super::engine::Folder;
use super::{degraded, say};

const MIB: u64 = 1 << 20;

/// A machine of 1000 MiB, of which 400 are available.
fn machine() -> Folder {
    let root = Folder::new();
    let meminfo = format!(
        "MemTotal:       {} kB\nMemFree:           100 kB\nMemAvailable:   {} kB\n",
        1000 * 1024,
        400 * 1024
    );
    write(root.path(), "proc/meminfo", &meminfo);
    root
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn v2(root: &Path, group: &str, limit: Option<u64>, used: u64, inactive: u64) {
    let folder = format!("sys/fs/cgroup{group}");
    let limit = limit.map_or("max".to_owned(), |mib| (mib * MIB).to_string());
    write(root, &format!("{folder}/memory.max"), &format!("{limit}\n"));
    write(
        root,
        &format!("{folder}/memory.current"),
        &format!("{}\n", used * MIB),
    );
    let stat = format!(
        "anon 1\nfile 2\ninactive_file {}\nactive_file 3\n",
        inactive * MIB
    );
    write(root, &format!("{folder}/memory.stat"), &stat);
}

const V2_MOUNT: &str = "24 1 0:22 / /proc rw - proc proc rw\n\
    30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

async fn figures(root: &Folder) -> (u64, u64) {
    let memory = Memory::new().degraded_above(100).failing_above(100);
    let verdict = memory.root(root.path()).run().await.unwrap();
    let figure = |key: &str| verdict.details()[key].as_u64().unwrap() / MIB;
    (figure("used_bytes"), figure("limit_bytes"))
}

#[tokio::test]
async fn without_control_groups_the_machine_is_the_limit() {
    let root = machine();
    assert_eq!(figures(&root).await, (600, 1000));
}

#[tokio::test]
async fn the_tightest_level_of_the_hierarchy_counts() {
    let root = machine();
    write(root.path(), "proc/self/cgroup", "0::/kubepods/pod7/c1\n");
    write(root.path(), "proc/self/mountinfo", V2_MOUNT);
    v2(root.path(), "/kubepods/pod7/c1", None, 100, 0);
    v2(root.path(), "/kubepods/pod7", Some(200), 190, 20);
    v2(root.path(), "/kubepods", Some(800), 400, 0);
    assert_eq!(figures(&root).await, (170, 200));

    let memory = Memory::new().degraded_above(80).root(root.path());
    assert_eq!(
        say(&memory).await,
        degraded("85 % of memory in use: 170.0 MiB of 200.0 MiB in control group /kubepods/pod7")
    );
    assert_eq!(
        say(&memory.failing_above(84)).await,
        Err(
            "85 % of memory in use: 170.0 MiB of 200.0 MiB in control group /kubepods/pod7"
                .to_owned()
        )
    );
}

#[tokio::test]
async fn the_machine_runs_out_before_a_group_with_room() {
    let root = machine();
    write(root.path(), "proc/self/cgroup", "0::/app\n");
    write(root.path(), "proc/self/mountinfo", V2_MOUNT);
    v2(root.path(), "/app", Some(500), 50, 0);
    assert_eq!(figures(&root).await, (600, 1000));
    let memory = Memory::new().degraded_above(59).root(root.path());
    assert_eq!(
        say(&memory).await,
        degraded("60 % of memory in use: 600.0 MiB of 1000.0 MiB on this machine")
    );
}

#[tokio::test]
async fn inside_a_container_its_own_group_is_the_root() {
    // With a namespace: `/` in both.
    let root = machine();
    write(root.path(), "proc/self/cgroup", "0::/\n");
    write(root.path(), "proc/self/mountinfo", V2_MOUNT);
    v2(root.path(), "", Some(100), 80, 5);
    assert_eq!(figures(&root).await, (75, 100));

    // Without one: the group is mounted, and named in full.
    let root = machine();
    write(root.path(), "proc/self/cgroup", "0::/docker/1f\n");
    let mount = "30 24 0:26 /docker/1f /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
    write(root.path(), "proc/self/mountinfo", mount);
    v2(root.path(), "", Some(100), 80, 5);
    assert_eq!(figures(&root).await, (75, 100));

    // Moved to another group from outside.
    write(root.path(), "proc/self/cgroup", "0::/../../elsewhere\n");
    assert_eq!(figures(&root).await, (75, 100));
}

#[tokio::test]
async fn version_1_counts_what_is_below_and_writes_no_limit_as_a_number() {
    let root = machine();
    let membership = "12:cpu,cpuacct:/x\n9:memory:/docker/1f\n1:name=systemd:/docker/1f\n0::/\n";
    write(root.path(), "proc/self/cgroup", membership);
    let mounts = "36 35 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n\
        37 35 0:31 / /sys/fs/cgroup/mem\\040ory rw - cgroup cgroup rw,memory\n\
        38 35 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
    write(root.path(), "proc/self/mountinfo", mounts);
    let level = |group: &str, limit: u64, used: u64| {
        let folder = format!("sys/fs/cgroup/mem ory{group}");
        let files = [
            ("memory.limit_in_bytes", format!("{limit}\n")),
            ("memory.usage_in_bytes", format!("{}\n", used * MIB)),
            (
                "memory.stat",
                format!("inactive_file 1\ntotal_inactive_file {}\n", 10 * MIB),
            ),
        ];
        for (name, text) in files {
            write(root.path(), &format!("{folder}/{name}"), &text);
        }
    };
    level("/docker/1f", 9_223_372_036_854_771_712, 100);
    level("/docker", 300 * MIB, 280);
    level("", 9_223_372_036_854_771_712, 900);
    assert_eq!(figures(&root).await, (270, 300));
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let root = Folder::new();
    let memory = Memory::new().root(root.path());
    assert_eq!(
        say(&memory).await,
        Err(format!(
            "cannot read {}: No such file or directory (os error 2)",
            root.path().join("proc/meminfo").display()
        ))
    );
    write(root.path(), "proc/meminfo", "MemTotal: lots\n");
    assert_eq!(
        say(&memory).await,
        Err(format!(
            "cannot read {}: no MemTotal",
            root.path().join("proc/meminfo").display()
        ))
    );
}

#[tokio::test]
async fn a_group_without_figures_is_passed_over() {
    let root = machine();
    write(root.path(), "proc/self/cgroup", "0::/app\n\nnonsense\n5:\n");
    write(
        root.path(),
        "proc/self/mountinfo",
        &format!("nonsense - \n{V2_MOUNT}"),
    );
    write(
        root.path(),
        "sys/fs/cgroup/app/memory.max",
        &format!("{}\n", 10 * MIB),
    );
    assert_eq!(figures(&root).await, (600, 1000));
}
