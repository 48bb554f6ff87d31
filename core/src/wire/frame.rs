//! Frames: a big-endian `i32` length, then that many bytes of header and body.
//!
//! Pure: [`split`] looks at what a connection has received so far; reading more is the connection's work.

use bytes::Bytes;

use super::{
    ApiKey, Decode, DecodeError, Encode, Message, Part, Reader, Request, RequestHeader, ResponseHeader,
    Writer,
};

/// Bytes of the length that precedes a frame.
pub const PREFIX: usize = 4;

/// A length no frame may have: the connection is to be closed (behaviour 67).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A negative length.
    #[error("frame of negative length {0}")]
    Negative(i32),
    /// A length above the caller's limit (`socket.request.max.bytes`).
    #[error("frame of {length} bytes, {limit} are allowed")]
    TooLarge {
        /// What the prefix says.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
}

/// What the bytes received so far begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split<'a> {
    /// A whole frame, without its prefix, and what follows it.
    Frame {
        /// Header and body.
        frame: &'a [u8],
        /// The start of the next frame, maybe empty.
        rest: &'a [u8],
    },
    /// Part of a frame; it takes this many bytes, prefix included. That is [`PREFIX`] until the length is there,
    /// so a buffer never grows on the word of a length that was not checked.
    Partial {
        /// Bytes wanted in all, counted from the start of the frame.
        wanted: usize,
    },
}

/// Splits the first frame off `received`; `limit` bounds its length without the prefix.
pub fn split(received: &[u8], limit: usize) -> Result<Split<'_>, FrameError> {
    let Some((prefix, after)) = received.split_first_chunk::<PREFIX>() else {
        return Ok(Split::Partial { wanted: PREFIX });
    };
    let length = length(*prefix, limit)?;
    match after.split_at_checked(length) {
        Some((frame, rest)) => Ok(Split::Frame { frame, rest }),
        None => Ok(Split::Partial { wanted: PREFIX + length }),
    }
}

/// The length in a frame's prefix, checked; for callers that keep their own buffer.
pub fn length(prefix: [u8; PREFIX], limit: usize) -> Result<usize, FrameError> {
    let length = i32::from_be_bytes(prefix);
    match usize::try_from(length) {
        Err(_) => Err(FrameError::Negative(length)),
        Ok(length) if length > limit => Err(FrameError::TooLarge { length, limit }),
        Ok(length) => Ok(length),
    }
}

/// A response's whole frame in one piece.
pub fn response(api: ApiKey, version: i16, correlation_id: i32, body: &impl Encode) -> Bytes {
    write_response(api, version, correlation_id, body).into_bytes()
}

/// A response's whole frame as slices for one vectored write; records that the body holds as `Bytes` are not copied.
pub fn response_chunks(api: ApiKey, version: i16, correlation_id: i32, body: &impl Encode) -> Vec<Bytes> {
    write_response(api, version, correlation_id, body).into_chunks()
}

/// The same, where records may lie elsewhere: their places come between the slices.
pub fn response_parts(api: ApiKey, version: i16, correlation_id: i32, body: &impl Encode) -> Vec<Part> {
    write_response(api, version, correlation_id, body).into_parts()
}

fn write_response(api: ApiKey, version: i16, correlation_id: i32, body: &impl Encode) -> Writer {
    framed(|w| {
        ResponseHeader { correlation_id }.encode(w, api.response_header_version(version));
        body.encode(w, version);
    })
}

/// A request's whole frame in one piece.
pub fn request<R: Request>(version: i16, correlation_id: i32, client_id: Option<&str>, body: &R) -> Bytes {
    write_request(version, correlation_id, client_id, body).into_bytes()
}

/// A request's whole frame as slices for one vectored write; records that the body holds as `Bytes` are not copied.
pub fn request_chunks<R: Request>(
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
    body: &R,
) -> Vec<Bytes> {
    write_request(version, correlation_id, client_id, body).into_chunks()
}

fn write_request<R: Request>(version: i16, correlation_id: i32, client_id: Option<&str>, body: &R) -> Writer {
    let api_key = R::KEY;
    framed(|w| {
        RequestHeader { api_key, api_version: version, correlation_id, client_id }
            .encode(w, if version >= R::FLEXIBLE_FROM { 2 } else { 1 });
        body.encode(w, version);
    })
}

/// Reads a frame that answers a request of `version`: its correlation id and its body. Bytes left over are ignored.
pub fn read_response<'a, M: Message + Decode<'a>>(
    frame: &'a [u8],
    version: i16,
) -> Result<(i32, M), DecodeError> {
    let mut r = Reader::new(frame);
    let tagged = version >= M::FLEXIBLE_FROM && M::KEY != ApiKey::ApiVersions.code();
    let header = ResponseHeader::decode(&mut r, i16::from(tagged))?;
    Ok((header.correlation_id, M::decode(&mut r, version)?))
}

fn framed(write: impl FnOnce(&mut Writer)) -> Writer {
    let mut w = Writer::new();
    w.i32(0);
    write(&mut w);
    let length =
        i32::try_from(w.len() - PREFIX).expect("a frame of ours stays below 2 GiB: fetches are bounded");
    w.set_i32(0, length);
    w
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(received: &[u8], expect: Result<Split<'_>, FrameError>) {
        assert_eq!(split(received, 10), expect, "{received:?}");
    }

    #[test]
    fn splits_at_any_cut() {
        check(&[], Ok(Split::Partial { wanted: 4 }));
        check(&[0, 0, 0], Ok(Split::Partial { wanted: 4 }));
        check(&[0, 0, 0, 2], Ok(Split::Partial { wanted: 6 }));
        check(&[0, 0, 0, 2, 7], Ok(Split::Partial { wanted: 6 }));
        check(&[0, 0, 0, 2, 7, 8], Ok(Split::Frame { frame: &[7, 8], rest: &[] }));
        check(&[0, 0, 0, 2, 7, 8, 9], Ok(Split::Frame { frame: &[7, 8], rest: &[9] }));
        check(&[0, 0, 0, 0, 9], Ok(Split::Frame { frame: &[], rest: &[9] }));
    }

    #[test]
    fn b67_lengths_out_of_bounds_are_refused_before_anything_is_read() {
        check(&[0, 0, 0, 10], Ok(Split::Partial { wanted: 14 }));
        check(&[0, 0, 0, 11], Err(FrameError::TooLarge { length: 11, limit: 10 }));
        check(&[0x7f, 0xff, 0xff, 0xff], Err(FrameError::TooLarge { length: 0x7fff_ffff, limit: 10 }));
        check(&[0xff, 0xff, 0xff, 0xff], Err(FrameError::Negative(-1)));
        check(&[0x80, 0, 0, 0], Err(FrameError::Negative(i32::MIN)));
    }

    #[test]
    fn both_ends_agree_on_headers() {
        use crate::wire::messages::{
            ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, MetadataResponse,
        };
        let frame = request(12, 5, Some("me"), &MetadataRequest::default());
        let Ok(Split::Frame { frame, rest: [] }) = split(&frame, 1000) else { panic!("{frame:?}") };
        let mut r = Reader::new(frame);
        let header = RequestHeader::read(&mut r).unwrap();
        assert_eq!((header.api_key, header.api_version, header.client_id), (3, 12, Some("me")));
        assert_eq!(MetadataRequest::decode(&mut r, 12), Ok(MetadataRequest::default()));

        let body = MetadataResponse { controller_id: 3, ..Default::default() };
        let frame = response(ApiKey::Metadata, 12, 5, &body);
        assert_eq!(read_response(&frame[PREFIX..], 12), Ok((5, body)));

        let body = ApiVersionsResponse { error_code: 35, ..Default::default() };
        let frame = response(ApiKey::ApiVersions, 3, 6, &body);
        assert_eq!(read_response(&frame[PREFIX..], 3), Ok((6, body)));
        let frame = request(3, 6, None, &ApiVersionsRequest::default());
        assert_eq!(RequestHeader::read(&mut Reader::new(&frame[PREFIX..])).unwrap().api_version, 3);
    }
}
