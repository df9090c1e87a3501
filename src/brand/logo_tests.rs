use super::*;
use proptest::prelude::*;

fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut check = flate2::Crc::new();
    check.update(&name);
    check.update(data);
    [
        &u32::try_from(data.len()).unwrap().to_be_bytes()[..],
        &name,
        data,
        &check.sum().to_be_bytes(),
    ]
    .concat()
}

fn png_with(width: u32, extra: &[Vec<u8>]) -> Vec<u8> {
    let header = [
        &width.to_be_bytes()[..],
        &4_u32.to_be_bytes(),
        &[8, 6, 0, 0, 0],
    ]
    .concat();
    [
        PNG_SIGNATURE.to_vec(),
        chunk(*b"IHDR", &header),
        extra.concat(),
        chunk(*b"IDAT", b"pixels"),
        chunk(*b"IEND", b""),
    ]
    .concat()
}

fn jpeg_with(extra: &[u8]) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    file.extend_from_slice(extra);
    // A frame of 4 by 6 with one component, and a scan with a stuffed byte and a restart.
    file.extend([0xff, 0xc0, 0, 11, 8, 0, 6, 0, 4, 1, 1, 0x11, 0]);
    file.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 0x3f, 0]);
    file.extend([1, 2, 0xff, 0, 3, 0xff, 0xd0, 4]);
    file.extend([0xff, 0xd9]);
    file
}

fn webp_with(extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let pixels = [0, 0, 0, 0x9d, 0x01, 0x2a, 4, 0, 6, 0, 9, 9];
    let mut body = b"WEBP".to_vec();
    for (name, data) in extra.iter().copied().chain([(b"VP8 ", &pixels[..])]) {
        body.extend_from_slice(name);
        body.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        body.extend_from_slice(data);
        body.resize(body.len() + body.len() % 2, 0);
    }
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [b"RIFF".as_slice(), &length, &body].concat()
}

const SCRIPT: &[u8] = b"<script>alert(1)</script>";

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a137_what_draws_nothing_is_left_out() {
    let comment = [&[0xff, 0xfe, 0, 27][..], SCRIPT].concat();
    for (file, kind) in [
        (png_with(4, &[chunk(*b"tEXt", SCRIPT)]), "image/png"),
        (jpeg_with(&comment), "image/jpeg"),
        (webp_with(&[(b"XMP ", SCRIPT)]), "image/webp"),
    ] {
        // And a whole page behind it.
        let file = [&file[..], SCRIPT].concat();

        let logo = clean(&file).unwrap();

        assert_eq!(logo.kind, kind);
        assert!(
            holds(&file, SCRIPT) && !holds(&logo.bytes, SCRIPT),
            "{kind}"
        );
        assert_eq!(
            clean(&logo.bytes).unwrap(),
            logo,
            "cleaning twice changes nothing"
        );
    }
}

#[test]
fn clean_files_stay_as_they_are() {
    for file in [png_with(4, &[]), jpeg_with(&[]), webp_with(&[])] {
        assert_eq!(clean(&file).unwrap().bytes, file);
    }
}

#[test]
fn a137_what_is_no_picture_of_these_kinds_is_refused() {
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let mut broken = png_with(4, &[]);
    broken[20] ^= 1;
    let animated = webp_with(&[(b"VP8X", &[2, 0, 0, 0, 3, 0, 0, 5, 0, 0])]);
    for (file, fault) in [
        (svg.to_vec(), NotALogo::Format),
        (b"GIF89a".to_vec(), NotALogo::Format),
        (Vec::new(), NotALogo::Format),
        (broken, NotALogo::Damaged),
        (PNG_SIGNATURE.to_vec(), NotALogo::Damaged),
        (png_with(100_000, &[]), NotALogo::Pixels),
        (png_with(0, &[]), NotALogo::Pixels),
        (png_with(4, &[chunk(*b"acTL", &[0; 8])]), NotALogo::Animated),
        (animated, NotALogo::Animated),
        (vec![0; LOGO_BYTES_MAX + 1], NotALogo::TooLarge),
        (b"RIFF\xff\xff\xff\xffWEBPVP8 ".to_vec(), NotALogo::Damaged),
    ] {
        assert_eq!(clean(&file), Err(fault));
    }
}

proptest! {
    #[test]
    fn no_file_makes_it_fail_otherwise(
        start in prop::sample::select(vec![png_with(4, &[]), jpeg_with(&[]), webp_with(&[])]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut file = start;
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        file.truncate(cut.index(file.len()) + 1);
        if let Ok(logo) = clean(&file) {
            prop_assert!(clean(&logo.bytes).is_ok());
        }
    }
}
