//! What a read asks, and what it hands over.

use serde_json::json;

use crate::read;
use crate::tenant::{CASUALS, Directory, Reply, STAFF, id, properties, user};

#[tokio::test]
async fn a_group_is_read_from_its_first_page_to_its_last() {
    let tenant = Directory::of(10).pages_of(3).open().await;
    let read = read(&tenant.source()).await;
    assert_eq!(read.roster().pages, 4);
    assert_eq!(read.roster().groups[0].users, 10);
    assert_eq!(read.roster().groups[0].name, "Staff");
    assert_eq!(read.roster().warnings, [""; 0]);
    assert_eq!(read.ids(), (0..10).map(id).collect::<Vec<_>>());
    assert_eq!(tenant.asked("/token").len(), 1);
}
