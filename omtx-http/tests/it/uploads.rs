//! What the request body tells.

use crate::support::*;
use http::{Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

const UPLOAD: &str = "POST /upload HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\npart of it";

#[tokio::test]
async fn a_client_that_hangs_up_after_its_upload_is_cancelled_with_the_upload_counted() {
    let (recorder, mut ends) = recorder();
    let (progress, mut handler) = mpsc::unbounded_channel();
    let address = serve(recorder, move |request: Incoming1| {
        let progress = progress.clone();
        async move {
            drain(&mut request.into_body()).await?;
            progress.send(()).unwrap();
            std::future::pending().await
        }
    })
    .await;
    let stream = send(address, &UPLOAD.replace("100", "10")).await;
    handler.recv().await.unwrap();
    drop(stream);
    let ended = ends.next().await;
    check(&ended, "POST 499 cancelled");
    assert_eq!(ended.bytes(), (10, 0));
    ends.assert_no_more();
}

#[tokio::test]
async fn an_upload_that_breaks_off_under_the_handler_is_a_body_error_or_cancelled_but_one_end() {
    let (recorder, mut ends) = recorder();
    let (progress, mut handler) = mpsc::unbounded_channel();
    let address = serve(recorder, move |request: Incoming1| {
        let progress = progress.clone();
        async move {
            let mut body = request.into_body();
            body.frame().await.unwrap()?;
            progress.send(()).unwrap();
            let status = if drain(&mut body).await.is_err() {
                StatusCode::BAD_REQUEST
            } else {
                StatusCode::OK
            };
            Ok(Response::builder().status(status).body(empty()).unwrap())
        }
    })
    .await;
    let mut stream = send(address, UPLOAD).await;
    handler.recv().await.unwrap();
    // Half a close: the answer can still be written.
    stream.shutdown().await.unwrap();
    let mut wire = Vec::new();
    let _ = stream.read_to_end(&mut wire).await;
    let ended = ends.next().await;
    // hyper may drop the handler before it has seen the error; then nobody was answered.
    assert!(
        ["POST 400 body_error", "POST 499 cancelled"].contains(&&*ended.summary()),
        "{ended:?}"
    );
    assert_eq!(ended.bytes(), (10, 0));
    ends.assert_no_more();
}

#[tokio::test]
async fn an_upload_that_nobody_reads_counts_nothing() {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, |_| async { Ok(Response::new(full("no thanks"))) }).await;
    let mut stream = send(address, UPLOAD).await;
    read_until(&mut stream, "no thanks").await;
    let ended = ends.next().await;
    check(&ended, "POST 200 ok");
    assert_eq!(ended.bytes(), (0, 9));
    ends.assert_no_more();
}

#[tokio::test]
async fn request_trailers_and_hints_reach_the_handler() {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, |request: Incoming1| async move {
        let body = request.into_body();
        let hint = body.size_hint();
        let collected = body.collect().await?;
        let sum = collected
            .trailers()
            .and_then(|trailers| trailers.get("x-sum"))
            .cloned();
        let line = format!("{:?} {:?} {:?};", hint.exact(), sum, collected.to_bytes());
        Ok(Response::new(full(line)))
    })
    .await;
    let chunked = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 6\r\n\r\n";
    let wire = read_until(&mut send(address, chunked).await, ";").await;
    assert!(wire.ends_with("None Some(\"6\") b\"abc\";"), "{wire}");
    assert_eq!(ends.next().await.bytes().0, 3);

    let declared = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nabcd";
    let wire = read_until(&mut send(address, declared).await, ";").await;
    assert!(wire.ends_with("Some(4) None b\"abcd\";"), "{wire}");
    assert_eq!(ends.next().await.bytes().0, 4);
    ends.assert_no_more();
}
