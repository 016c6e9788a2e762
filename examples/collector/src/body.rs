//! From the bytes of a request to the JSON text within: form fields, gzip and base64, as hinted or as detected.

use std::io::Read;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::MultiGzDecoder;

use crate::refusal::Refusal;

const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A body as it came, with what the request says about its encoding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodedBody<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) content_type: &'a str,
    /// The query parameter `compression`.
    pub(crate) compression: Option<&'a str>,
    /// The most bytes allowed, on the wire and again when decoded.
    pub(crate) limit: usize,
}

impl EncodedBody<'_> {
    pub(crate) fn decode(&self) -> Result<String, Refusal> {
        if self.bytes.len() > self.limit {
            return Err(Refusal::TooLarge { limit: self.limit });
        }
        if self.content_type.starts_with("application/x-www-form-urlencoded") {
            return self.decode_form();
        }
        self.decode_hinted(self.bytes, self.compression)
    }

    fn decode_form(&self) -> Result<String, Refusal> {
        let (mut data, mut compression) = (None, None);
        for (name, value) in form_urlencoded::parse(self.bytes) {
            match &*name {
                "data" => data = Some(value),
                "compression" => compression = Some(value),
                _ => {}
            }
        }
        let data = data.ok_or_else(|| Refusal::Undecodable("form without a data field".to_owned()))?;
        if looks_like_json(&data) {
            return Ok(data.into_owned());
        }
        // A base64 text that was not percent-encoded has lost its plus signs to spaces.
        let decoded = decode_base64(data.replace(' ', "+").as_bytes())?;
        let compression = compression.as_deref().or(self.compression);
        self.decode_hinted(&decoded, compression.filter(|hint| !is_base64_hint(hint)))
    }

    fn decode_hinted(&self, bytes: &[u8], compression: Option<&str>) -> Result<String, Refusal> {
        if bytes.starts_with(&GZIP_MAGIC) {
            return self.gunzip(bytes);
        }
        match compression.unwrap_or_default() {
            "gzip" | "gzip-js" => self.gunzip(bytes),
            hint if is_base64_hint(hint) => self.decode_hinted(&decode_base64(bytes)?, None),
            "" => {
                let text = utf8(bytes.to_vec())?;
                // JSON of an event never begins with a letter, so anything else that decodes is a base64 body.
                match decode_base64(bytes) {
                    Ok(decoded) if !looks_like_json(&text) && !decoded.is_empty() => self.decode_hinted(&decoded, None),
                    _ => Ok(text),
                }
            }
            other => Err(Refusal::Undecodable(format!("unsupported compression {other}"))),
        }
    }

    fn gunzip(&self, bytes: &[u8]) -> Result<String, Refusal> {
        let mut inflated = Vec::new();
        // One byte more than allowed tells a body at the limit from one beyond it without inflating a bomb.
        let most = u64::try_from(self.limit).unwrap_or(u64::MAX).saturating_add(1);
        MultiGzDecoder::new(bytes)
            .take(most)
            .read_to_end(&mut inflated)
            .map_err(|error| Refusal::Undecodable(format!("gzip: {error}")))?;
        if inflated.len() > self.limit {
            return Err(Refusal::TooLarge { limit: self.limit });
        }
        utf8(inflated)
    }
}

fn is_base64_hint(hint: &str) -> bool {
    matches!(hint, "base64" | "b64")
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

fn decode_base64(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    BASE64.decode(bytes.trim_ascii()).map_err(|error| Refusal::Undecodable(format!("base64: {error}")))
}

fn utf8(bytes: Vec<u8>) -> Result<String, Refusal> {
    String::from_utf8(bytes).map_err(|error| Refusal::Undecodable(format!("not UTF-8: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const JSON: &str = r#"{"event":"größer?>"}"#;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(bytes: &[u8], content_type: &str, compression: Option<&str>) -> Result<String, Refusal> {
        EncodedBody { bytes, content_type, compression, limit: 1000 }.decode()
    }

    #[test]
    fn plain_json_whatever_the_content_type() {
        for content_type in ["", "text/plain", "application/json", "image/png"] {
            assert_eq!(decode(JSON.as_bytes(), content_type, None).unwrap(), JSON);
        }
    }

    #[test]
    fn gzip_by_hint_and_by_magic_bytes() {
        let bytes = gzip(JSON);
        for hint in [None, Some("gzip"), Some("gzip-js"), Some("base64")] {
            assert_eq!(decode(&bytes, "text/plain", hint).unwrap(), JSON, "{hint:?}");
        }
        assert!(matches!(decode(JSON.as_bytes(), "", Some("gzip-js")), Err(Refusal::Undecodable(_))));
        assert!(matches!(decode(&bytes[..20], "", None), Err(Refusal::Undecodable(_))));
    }

    #[test]
    fn base64_by_hint_and_detected() {
        let text = BASE64.encode(JSON);
        for hint in [None, Some("base64"), Some("b64")] {
            assert_eq!(decode(text.as_bytes(), "text/plain", hint).unwrap(), JSON, "{hint:?}");
        }
        let unpadded = text.trim_end_matches('=');
        assert_eq!(decode(unpadded.as_bytes(), "", Some("base64")).unwrap(), JSON);
    }

    #[test]
    fn form_with_a_data_field() {
        let form = "application/x-www-form-urlencoded; charset=UTF-8";
        let encoded =
            form_urlencoded::Serializer::new(String::new()).append_pair("data", &BASE64.encode(JSON)).finish();
        for hint in [None, Some("base64")] {
            assert_eq!(decode(encoded.as_bytes(), form, hint).unwrap(), JSON, "{hint:?}");
        }
        let unescaped = format!("data={}", BASE64.encode(JSON));
        assert_eq!(decode(unescaped.as_bytes(), form, None).unwrap(), JSON);
        assert!(matches!(decode(b"x=1", form, None), Err(Refusal::Undecodable(_))));
    }

    #[test]
    fn limits_hold_on_the_wire_and_inflated() {
        let long = "x".repeat(1001);
        assert_eq!(decode(long.as_bytes(), "", None), Err(Refusal::TooLarge { limit: 1000 }));
        assert_eq!(decode(&gzip(&long), "", None), Err(Refusal::TooLarge { limit: 1000 }));
        assert!(decode(&gzip(&long[..1000]), "", None).is_ok());
    }

    #[test]
    fn refuses_what_it_cannot_decode() {
        assert!(matches!(decode(b"{}", "", Some("lz64")), Err(Refusal::Undecodable(_))));
        assert!(matches!(decode(b"\xff\xfe", "", None), Err(Refusal::Undecodable(_))));
        assert!(matches!(decode(b"{", "", Some("base64")), Err(Refusal::Undecodable(_))));
    }
}
