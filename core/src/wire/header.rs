//! What precedes the body: who asks for what, and which question an answer belongs to.
//!
//! ```text
//! request 1    api_key i16 | api_version i16 | correlation_id i32 | client_id: i16 length, -1 for null
//! request 2    the same | tags                (client_id keeps the old length: it comes before the broker can know)
//! response 0   correlation_id i32
//! response 1   correlation_id i32 | tags
//! ```
//!
//! Which of them applies follows from key and version: [`ApiKey::request_header_version`] and
//! [`ApiKey::response_header_version`]. Written by hand because the schema's generic rules do not cover it.

use super::{ApiKey, Decode, DecodeError, Encode, Reader, Writer};

/// The header of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestHeader<'a> {
    /// The API's number; may be one no [`ApiKey`] has.
    pub api_key: i16,
    /// The body's version; may be one the API does not have.
    pub api_version: i16,
    /// Comes back in the response's header.
    pub correlation_id: i32,
    /// The client's name for logs and quotas, if it gave one.
    pub client_id: Option<&'a str>,
}

impl<'a> RequestHeader<'a> {
    /// Reads a header of whichever version its own first four bytes call for, and leaves `r` at the body.
    ///
    /// For an unknown API, or a version above those known, the header is taken to be the newest (2), but where
    /// its tagged fields cannot be read the part before them is returned nevertheless: an ApiVersions request of
    /// a future version must be answered with its correlation id (behaviour 1).
    pub fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let header = Self::decode(r, 1)?;
        let api = ApiKey::from_code(header.api_key);
        match api {
            Some(api) if api.valid_versions().contains(&header.api_version) => {
                r.skip_tags(api.request_header_version(header.api_version) >= 2)?;
            }
            _ => {
                let mut ahead = r.clone();
                if ahead.skip_tags(true).is_ok() {
                    *r = ahead;
                }
            }
        }
        Ok(header)
    }
}

impl<'a> Decode<'a> for RequestHeader<'a> {
    /// `version` is the header's: 1 or 2.
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let api_key = r.i16()?;
        let api_version = r.i16()?;
        let correlation_id = r.i32()?;
        let client_id = match r.i16()? {
            -1 => None,
            length => {
                let length =
                    usize::try_from(length).map_err(|_| DecodeError::NegativeLength(i32::from(length)))?;
                Some(std::str::from_utf8(r.take(length)?).map_err(|_| DecodeError::NotUtf8)?)
            }
        };
        r.skip_tags(version >= 2)?;
        Ok(Self { api_key, api_version, correlation_id, client_id })
    }
}

impl Encode for RequestHeader<'_> {
    /// `version` is the header's: 1 or 2.
    fn encode(&self, w: &mut Writer, version: i16) {
        w.i16(self.api_key);
        w.i16(self.api_version);
        w.i32(self.correlation_id);
        w.opt_string(false, true, self.client_id);
        w.no_tags(version >= 2);
    }
}

/// The header of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseHeader {
    /// That of the request it answers.
    pub correlation_id: i32,
}

impl Decode<'_> for ResponseHeader {
    /// `version` is the header's: 0 or 1.
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let correlation_id = r.i32()?;
        r.skip_tags(version >= 1)?;
        Ok(Self { correlation_id })
    }
}

impl Encode for ResponseHeader {
    /// `version` is the header's: 0 or 1.
    fn encode(&self, w: &mut Writer, version: i16) {
        w.i32(self.correlation_id);
        w.no_tags(version >= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the header with `header_version`, then `tail`, and reads it by its own key and version.
    fn check(header: RequestHeader<'_>, header_version: i16, tail: &[u8], left: &[u8]) {
        let mut w = Writer::new();
        header.encode(&mut w, header_version);
        w.raw(tail);
        let bytes = w.into_vec();
        let mut r = Reader::new(&bytes);
        assert_eq!(RequestHeader::read(&mut r), Ok(header));
        assert_eq!(r.rest(), left, "{header:?}");
    }

    fn header(api_key: i16, api_version: i16) -> RequestHeader<'static> {
        RequestHeader { api_key, api_version, correlation_id: -7, client_id: Some("rdkafka") }
    }

    #[test]
    fn the_header_version_follows_the_api_version() {
        check(header(3, 8), 1, b"body", b"body");
        check(header(3, 9), 2, b"body", b"body");
        check(RequestHeader { client_id: None, ..header(3, 9) }, 2, b"body", b"body");
        check(header(17, 1), 1, b"", b"");
    }

    #[test]
    fn b1_a_future_api_versions_request_still_tells_its_correlation_id() {
        check(header(18, 99), 2, b"body", b"body");
        check(header(18, 99), 1, &[0x7f], &[0x7f]);
        check(header(18, -1), 1, &[], &[]);
        check(header(999, 0), 1, &[], &[]);
    }

    #[test]
    fn a_header_that_lies_is_refused() {
        for bytes in [
            [0, 3, 0, 9, 0, 0, 0, 1].as_slice(),
            &[0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xfe],
            &[0, 3, 0, 9, 0, 0, 0, 1, 0, 1, 0xff],
            &[0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 5],
        ] {
            assert!(RequestHeader::read(&mut Reader::new(bytes)).is_err(), "{bytes:?}");
        }
    }
}
