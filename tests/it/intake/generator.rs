//! Requests that nobody with good intentions sends, the same ones for the same seed.

/// A request, and how many events it means to bring.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is tossed for by itself"
)]
pub(super) struct Request {
    pub(super) path: &'static str,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Vec<u8>,
    pub(super) events: usize,
    pub(super) is_single: bool,
    pub(super) is_trusted: bool,
    pub(super) is_packed: bool,
    pub(super) has_key: bool,
}

/// Where ids clash.
const SHARED_IDS: u64 = 2_000;
const USERS: u64 = 500;
const VISITORS: u64 = 2_000;

const FIELDS: [&str; 15] = [
    "type",
    "messageId",
    "userId",
    "anonymousId",
    "previousId",
    "groupId",
    "event",
    "name",
    "category",
    "timestamp",
    "sentAt",
    "originalTimestamp",
    "properties",
    "traits",
    "context",
];
/// Values of every type, right nowhere or somewhere.
const VALUES: [&str; 30] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "-0",
    "1e308",
    "1e400",
    "-1e400",
    "1e-400",
    "123456789012345678901234567890",
    "\"\"",
    "\" \"",
    "\"null\"",
    "\"undefined\"",
    "\"0\"",
    "\"[object Object]\"",
    "\"a\\u0000b\"",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\\u202e\\ufeff\"",
    "\"'; drop table event; --\"",
    "\"<script>alert(1)</script>\"",
    "[]",
    "[[[[]]]]",
    "{}",
    "{\"__proto__\":{\"a\":1}}",
    "{\"constructor\":{\"prototype\":{\"a\":1}}}",
];
const TIMES: [&str; 24] = [
    "\"2026-01-15T11:59:00Z\"",
    "\"1970-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:59Z\"",
    "\"+300000-01-01T00:00:00Z\"",
    "\"2026-01-15T12:00:00+14:61\"",
    "\"2016-12-31T23:59:60Z\"",
    "\"2026-02-30T00:00:00Z\"",
    "\"infinity\"",
    "\"now\"",
    "\"2026-01-16T11:00:00Z\"",
    "\"2026-01-15T12:04:00Z\"",
    "\"2026-01-15T13:00:00Z\"",
    "\"2036-01-15T12:00:00Z\"",
    "\"\"",
    "\"2026-01-15\"",
    "\"2026-01-15 11:00:00\"",
    "1768478340",
    "1768478340000",
    "-1",
    "1e20",
    "253402300800000",
    "\"0000-00-00T00:00:00Z\"",
    "\"-262144-01-01T00:00:00Z\"",
    "{}",
];
const KINDS: [&str; 6] = ["track", "identify", "page", "screen", "group", "alias"];
/// Whole events that are none.
const NOTHINGS: [&str; 8] = [
    "null",
    "5",
    "\"x\"",
    "[]",
    "true",
    "1e999",
    "\"\\ud800\"",
    "[{}]",
];
/// Whole bodies that are none, whatever they meant to bring.
const BROKEN: [&str; 16] = [
    "",
    " ",
    "null",
    "[]",
    "{",
    "{\"batch\":[{]}",
    "{\"batch\":",
    "{\"batch\":{}}",
    "{\"batch\":[],\"batch\":[]}",
    "{\"batch\":[{}],}",
    "NaN",
    "\u{feff}{\"batch\":[]}",
    "{'batch':[]}",
    "{\"batch\":\"[]\"}",
    "{}",
    "batch=%5B%5D",
];

pub(super) struct Generator(u64);

impl Generator {
    pub(super) const fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// `splitmix64`.
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Once in so many times.
    const fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let bound = u64::try_from(from.len()).unwrap();
        from[usize::try_from(self.below(bound)).unwrap()]
    }

    fn many(&mut self, from: u64, to: u64) -> usize {
        usize::try_from(from + self.below(to - from)).unwrap()
    }

    pub(super) fn request(&mut self) -> Request {
        let mut request = match self.below(20) {
            0 => self.broken(),
            1..=3 => self.single(),
            _ => self.batch(),
        };
        request.is_trusted = !self.once_in(3);
        request.is_packed = self.once_in(4);
        request.has_key = !self.once_in(60);
        if self.once_in(5) {
            let kind = self.pick(&["text/plain", "image/png", "multipart/form-data", "x", ""]);
            request.headers.push(("content-type", kind));
        }
        // Beside the key that it then contradicts.
        if self.once_in(60) {
            request
                .headers
                .push(("origin", "https://elsewhere.example"));
        }
        request
    }

    fn of(path: &'static str, body: Vec<u8>, events: usize) -> Request {
        Request {
            path,
            headers: Vec::new(),
            body,
            events,
            is_single: false,
            is_trusted: true,
            is_packed: false,
            has_key: true,
        }
    }

    fn batch(&mut self) -> Request {
        let events = self.many(100, 500);
        let mut body = b"{\"batch\":[".to_vec();
        for number in 0..events {
            if number > 0 {
                body.push(b',');
            }
            body.extend(self.event());
        }
        body.push(b']');
        if self.once_in(3) {
            body.extend(b",\"sentAt\":");
            body.extend(self.pick(&TIMES).bytes());
        }
        body.push(b'}');
        let path = self.pick(&["/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"]);
        Self::of(path, body, events)
    }

    fn single(&mut self) -> Request {
        let path = self.pick(&[
            "/v1/track",
            "/v1/t",
            "/v1/identify",
            "/v1/page",
            "/v1/group",
            "/v1/alias",
            "/v1/merge",
        ]);
        let body = self.event();
        Request {
            is_single: true,
            ..Self::of(path, body, 1)
        }
    }

    /// A body that cannot be read at all, or is too large.
    fn broken(&mut self) -> Request {
        match self.below(12) {
            0 => {
                // A bomb: it is small, and would be large.
                let bomb = super::wire::gzip(&vec![b' '; self.many(5, 64) * 1024 * 1024]);
                let mut request = Self::of("/v1/batch", bomb, 1);
                request.headers.push(("content-encoding", "gzip"));
                request
            }
            1 => {
                let whole = super::wire::gzip(&self.batch().body);
                let end = self.many(1, u64::try_from(whole.len()).unwrap());
                let mut request = Self::of("/v1/batch", whole[..end].to_vec(), 1);
                request.headers.push(("content-encoding", "gzip"));
                request
            }
            2 => {
                let mut request = Self::of("/v1/batch", self.batch().body, 1);
                let encoding = self.pick(&["br", "zstd", "gzip, gzip", "deflate", "gzip;q=1"]);
                request.headers.push(("content-encoding", encoding));
                request
            }
            3 => Self::of("/v1/batch", vec![b'['; 4 * 1024 * 1024 + 1], 1),
            4 => {
                let key = "k".repeat(5 * 1024 * 1024);
                Self::of("/v1/track", format!("{{\"{key}\":1}}").into_bytes(), 1)
            }
            5 => {
                let deep = "[".repeat(self.many(100, 200_000));
                Self::of("/v1/track", deep.into_bytes(), 1)
            }
            6 => {
                let many = "{},".repeat(10_001);
                Self::of(
                    "/v1/batch",
                    format!("{{\"batch\":[{many}{{}}]}}").into_bytes(),
                    10_002,
                )
            }
            7 => {
                let batch = self.batch();
                let end = self.many(1, u64::try_from(batch.body.len()).unwrap() - 1);
                Self::of("/v1/batch", batch.body[..end].to_vec(), batch.events)
            }
            8 => {
                let bytes = (0..self.many(1, 2_000)).map(|_| self.next().to_le_bytes()[0]);
                Self::of("/v1/batch", bytes.collect(), 1)
            }
            9 => Self::of("/v1/track", b"{\"batch\":[]}".to_vec(), 1),
            _ => Self::of("/v1/batch", self.pick(&BROKEN).as_bytes().to_vec(), 1),
        }
    }

    /// One event: as it should be, and then spoilt in up to three ways.
    fn event(&mut self) -> Vec<u8> {
        if self.once_in(60) {
            return self.pick(&NOTHINGS).as_bytes().to_vec();
        }
        let mut fields = self.decent();
        for _ in 0..self.below(4) {
            self.spoil(&mut fields);
        }
        let mut event = b"{".to_vec();
        for (number, (key, value)) in fields.into_iter().enumerate() {
            if number > 0 {
                event.push(b',');
            }
            event.extend(key);
            event.push(b':');
            event.extend(value);
        }
        event.push(b'}');
        event
    }

    fn decent(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let kind = self.pick(&KINDS);
        let mut fields = vec![
            field("type", &format!("\"{kind}\"")),
            field("messageId", &format!("\"{:016x}\"", self.next())),
        ];
        if !self.once_in(3) {
            fields.push(field("userId", &format!("\"u{}\"", self.below(USERS))));
        }
        if !self.once_in(3) {
            fields.push(field(
                "anonymousId",
                &format!("\"a{}\"", self.below(VISITORS)),
            ));
        }
        match kind {
            "track" => {
                let name = self.pick(&["Product Viewed", "Order Completed", "Signed Up", "X"]);
                fields.push(field("event", &format!("\"{name}\"")));
                let total = self.below(1_000);
                fields.push(field("properties", &format!("{{\"total\":{total}}}")));
            }
            "identify" => fields.push(field(
                "traits",
                "{\"name\":\"Ada\",\"email\":\"a@b.example\"}",
            )),
            "group" => fields.push(field("groupId", "\"g\"")),
            "alias" => {
                let previous = match self.below(3) {
                    0 => format!("\"u{}\"", self.below(USERS)),
                    1 => format!("\"a{}\"", self.below(VISITORS)),
                    _ => format!("\"new{:x}\"", self.next()),
                };
                fields.push(field("previousId", &previous));
            }
            _ => fields.push(field("name", "\"Bread\"")),
        }
        fields
    }

    fn spoil(&mut self, fields: &mut Vec<(Vec<u8>, Vec<u8>)>) {
        let (name, value) = (self.pick(&FIELDS), self.pick(&VALUES));
        match self.below(20) {
            0..=4 => set(fields, name, value.as_bytes().to_vec()),
            5 | 6 => {
                let name = self.pick(&["timestamp", "sentAt", "originalTimestamp"]);
                set(fields, name, self.pick(&TIMES).as_bytes().to_vec());
            }
            7 => {
                // The same id again: the same event or another.
                let id = format!("\"shared-{}\"", self.below(SHARED_IDS));
                set(fields, "messageId", id.into_bytes());
                if self.once_in(2) {
                    fields.truncate(2);
                    set(fields, "type", b"\"track\"".to_vec());
                    set(fields, "event", b"\"Shared\"".to_vec());
                    set(fields, "userId", b"\"u0\"".to_vec());
                }
            }
            8 => fields.push(field(name, value)),
            9 => {
                let length = self.pick(&[100, 101, 255, 256, 1_000, 10_000, 40_000]);
                let text = self.pick(&["x", "é", "\u{1f600}"]).repeat(length);
                set(fields, name, format!("\"{text}\"").into_bytes());
            }
            10 => {
                let key = "k".repeat(self.pick(&[1, 999, 1_000, 1_001, 20_000]));
                set(
                    fields,
                    "properties",
                    format!("{{\"{key}\":{value}}}").into_bytes(),
                );
            }
            11 => {
                let depth = self.pick(&[60, 63, 64, 65, 127, 128, 129, 5_000]);
                let (open, close) = self.pick(&[("[", "]"), ("{\"a\":", "}")]);
                let deep = format!("{{\"d\":{}1{}}}", open.repeat(depth), close.repeat(depth));
                set(fields, "properties", deep.into_bytes());
            }
            12 => {
                // Bytes that are no text, within a text.
                let bad = self.pick(&[
                    &b"\xff\xfe"[..],
                    b"\x00",
                    b"\xc3",
                    b"\\\\\xff",
                    b"\xed\xa0\x80",
                    b"\n\x01",
                ]);
                set(fields, name, [b"\"", bad, b"\""].concat());
            }
            13 => set(
                fields,
                "properties",
                b"{\"a\":1,\"b\":{\"c\":1,\"c\":2}}".to_vec(),
            ),
            14 => {
                let key =
                    self.pick(&["__proto__", "", "toString", "a\\u0000", "\\ud800", "$where"]);
                set(
                    fields,
                    "traits",
                    format!("{{\"{key}\":{value}}}").into_bytes(),
                );
            }
            15 => {
                let inner = self.pick(&["idToken", "page", "campaign", "traits", "library", "ip"]);
                let value = match self.below(3) {
                    0 => "\"eyJhbGciOiJub25lIn0.e30.\"".to_owned(),
                    1 => format!("{{\"source\":{value},\"url\":{value},\"referrer\":{value}}}"),
                    _ => value.to_owned(),
                };
                set(
                    fields,
                    "context",
                    format!("{{\"{inner}\":{value}}}").into_bytes(),
                );
            }
            16 => {
                let trait_ = self.pick(&[
                    "email",
                    "name",
                    "firstName",
                    "phone",
                    "address",
                    "createdAt",
                    "avatar",
                ]);
                set(
                    fields,
                    "traits",
                    format!("{{\"{trait_}\":{value}}}").into_bytes(),
                );
            }
            17 if self.once_in(20) => {
                let many = "1,".repeat(self.pick(&[19_900, 20_001]));
                set(
                    fields,
                    "properties",
                    format!("{{\"a\":[{many}1]}}").into_bytes(),
                );
            }
            18 => {
                let number = self.many(0, u64::try_from(fields.len()).unwrap());
                fields.remove(number);
                if fields.is_empty() {
                    fields.push(field("writeKey", "\"bf_sec_x\""));
                }
            }
            _ => set(fields, "timestamp", self.pick(&TIMES).as_bytes().to_vec()),
        }
    }
}

fn field(name: &str, value: &str) -> (Vec<u8>, Vec<u8>) {
    (
        format!("\"{name}\"").into_bytes(),
        value.as_bytes().to_vec(),
    )
}

/// Sets a field, as often as it is there.
fn set(fields: &mut Vec<(Vec<u8>, Vec<u8>)>, name: &str, value: Vec<u8>) {
    let (key, _) = field(name, "");
    match fields.iter_mut().find(|(known, _)| *known == key) {
        Some((_, known)) => *known = value,
        None => fields.push((key, value)),
    }
}
