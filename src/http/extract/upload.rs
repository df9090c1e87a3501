//! A file sent by a form of our own pages (RFC 7578).

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};

use crate::http::page_error::PageError;

/// The largest form that holds a file, in bytes: the largest file and what stands around it.
const FORM_BYTES_MAX: usize = 264 * 1024;

/// The first file of a form; empty where none was chosen.
pub(in crate::http) struct Upload(pub(in crate::http) Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = PageError;

    async fn from_request(request: Request, _: &S) -> Result<Self, PageError> {
        let boundary = boundary(request.headers()).ok_or_else(unreadable)?;
        let body = to_bytes(request.into_body(), FORM_BYTES_MAX)
            .await
            .map_err(|_| too_large())?;
        first_file(&body, &boundary)
            .map(|file| Self(file.to_vec()))
            .ok_or_else(unreadable)
    }
}

fn too_large() -> PageError {
    PageError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "That file is too large",
        "Nothing was changed. Go back and choose a picture of at most 256 kB.",
    )
}

fn unreadable() -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "That form could not be read",
        "Nothing was done. Go back, load the page again, and send the form once more.",
    )
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let rest = kind.strip_prefix("multipart/form-data;")?;
    let boundary = rest.split("boundary=").nth(1)?.trim();
    let boundary = boundary.trim_matches('"');
    (1..=70)
        .contains(&boundary.len())
        .then(|| boundary.to_owned())
}

/// The content of the first part that names a file.
fn first_file<'b>(body: &'b [u8], boundary: &str) -> Option<&'b [u8]> {
    let opening = format!("--{boundary}\r\n");
    let closing = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(opening.as_bytes())?;
    loop {
        let head_end = find(rest, b"\r\n\r\n")?;
        let head = std::str::from_utf8(&rest[..head_end]).ok()?;
        let content = &rest[head_end + 4..];
        let length = find(content, closing.as_bytes())?;
        if head.contains("filename=") {
            return Some(&content[..length]);
        }
        rest = content[length + closing.len()..].strip_prefix(b"\r\n")?;
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_form_is_found_whole() {
        let file = b"\x89PNG\r\n--X\x00\r\n\r\n";
        let body = [
            b"--XX\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX\r\n\
              content-disposition: form-data; name=\"logo\"; filename=\"../../x.png\"\r\n\
              content-type: image/png\r\n\r\n"
                .as_slice(),
            file,
            b"\r\n--XX--\r\n",
        ]
        .concat();

        assert_eq!(first_file(&body, "XX"), Some(file.as_slice()));
        for broken in [&body[..40], &body[1..], b"", b"--XX\r\n\r\n"] {
            assert_eq!(first_file(broken, "XX"), None);
        }
    }
}
