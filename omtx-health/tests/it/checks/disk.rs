use std::process::Command;

use omtx_health::Check;
use omtx_health::checks::{Disk, Free};

use super::engine::installed;

#[tokio::test]
async fn it_counts_as_df_does() {
    if !installed("df") {
        return;
    }
    let mut df = Command::new("df");
    let output = df.args(["-B1", "--output=size", "/"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let size = text.lines().nth(1).unwrap().trim().parse::<u64>().unwrap();

    let any = Free::Bytes(0);
    let disk = Disk::new("/").degraded_below(any).failing_below(any);
    assert_eq!(disk.run().await.unwrap().details()["total_bytes"], size);
}
