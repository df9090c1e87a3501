//! A connection to the service under measurement: HTTP/1.1, one request at a time, and as little
//! work of our own as will do, because we share the processors with what we measure.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer may be as long as that of a large batch.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A connection, opened when it is needed and again when the service closed it.
pub(super) struct Wire {
    address: SocketAddr,
    stream: Option<TcpStream>,
    read: Vec<u8>,
}

/// An answer.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

/// What the head of an answer says.
struct Head {
    status: u16,
    body_at: usize,
    length: usize,
    closes: bool,
}

impl Wire {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            read: Vec::with_capacity(16 * 1024),
        }
    }

    /// Opens the connection, so that opening it is no part of what is measured.
    pub(super) async fn open(&mut self) -> anyhow::Result<()> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address)
                .await
                .with_context(|| format!("nothing answers on {}", self.address))?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        Ok(())
    }

    /// Sends a whole request and reads the whole answer.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.open().await?;
        match self.attempt(request).await {
            Ok(head) => {
                if head.closes {
                    self.stream = None;
                }
                Ok(Answer {
                    status: head.status,
                    body: &self.read[head.body_at..head.body_at + head.length],
                })
            }
            Err(error) => {
                self.stream = None;
                Err(error)
            }
        }
    }

    async fn attempt(&mut self, request: &[u8]) -> anyhow::Result<Head> {
        let stream = self.stream.as_mut().context("the connection is open")?;
        stream.write_all(request).await?;
        self.read.clear();
        let head = loop {
            if let Some(head) = head_of(&self.read)? {
                break head;
            }
            if stream.read_buf(&mut self.read).await? == 0 {
                bail!("the service closed the connection instead of answering");
            }
        };
        while self.read.len() < head.body_at + head.length {
            if stream.read_buf(&mut self.read).await? == 0 {
                bail!("the service closed the connection within an answer");
            }
        }
        Ok(head)
    }
}

/// The head of an answer, once all of it is there.
fn head_of(read: &[u8]) -> anyhow::Result<Option<Head>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = read.windows(END.len()).position(|four| four == END) else {
        if read.len() > ANSWER_BYTES_MAX {
            bail!("what answers does not speak HTTP");
        }
        return Ok(None);
    };
    let text = std::str::from_utf8(&read[..end]).context("the answer's head is text")?;
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .context("what answers does not speak HTTP/1.1")?;
    let mut head = Head {
        status,
        body_at: end + END.len(),
        length: 0,
        closes: false,
    };
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            head.length = value.parse().context("the answer's length is a number")?;
        } else if name.eq_ignore_ascii_case("connection") {
            head.closes = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("the answer comes in pieces, which is not understood here");
        }
    }
    if head.length > ANSWER_BYTES_MAX {
        bail!("the answer is too long");
    }
    Ok(Some(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let text =
            b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\nconnection: close\r\n\r\n{}";

        assert!(head_of(&text[..40]).unwrap().is_none());
        let head = head_of(text).unwrap().unwrap();
        assert_eq!((head.status, head.length, head.closes), (429, 2, true));
        assert_eq!(&text[head.body_at..], b"{}");
        assert!(head_of(b"SSH-2.0\r\n\r\n").is_err());
    }
}
