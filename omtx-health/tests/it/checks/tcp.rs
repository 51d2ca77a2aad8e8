use std::time::Duration;

use omtx_health::checks::Tcp;

use super::engine::free_address;
use super::say;

#[tokio::test]
async fn a_port_that_listens_passes_and_one_that_does_not_fails() {
    let address = free_address();
    let check = Tcp::new(&address.to_string()).unwrap();
    assert_eq!(
        say(&check).await,
        Err(format!(
            "cannot connect to {address}: Connection refused (os error 111)"
        ))
    );
    let _listener = tokio::net::TcpListener::bind(address).await.unwrap();
    assert_eq!(say(&check).await, Ok(None));
}

#[tokio::test]
async fn a_timeout_without_end_is_no_overflow() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let check = Tcp::new(&address).unwrap().timeout(Duration::MAX);
    assert_eq!(say(&check).await, Ok(None));
}

#[test]
fn an_address_that_may_hold_a_password_is_not_shown() {
    let error = Tcp::new("postgres://app:S3CRET@db").unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid address \"***\"; expected host:port"
    );
}
