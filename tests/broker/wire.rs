//! A client of a few lines: frames over a socket, messages by core's codec, no retry and no mercy.

use std::io::{Read, Write};
use std::net::TcpStream;

use headwater_core::wire::{Decode, Encode, Reader, Writer};

use super::PATIENCE;

/// One connection.
pub struct Socket(pub TcpStream);

impl Socket {
    /// Connects.
    pub fn open(address: &str) -> Socket {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Socket(stream)
    }

    /// The next reply without its length and correlation id; none if the broker has closed the connection.
    pub fn receive(&mut self) -> Option<Vec<u8>> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).ok()?;
        let mut reply = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut reply).ok()?;
        Some(reply.split_off(4))
    }

    /// Asks for ApiVersions version 0, which every connection may; false if the broker has closed it.
    pub fn is_served(&mut self) -> bool {
        // Writing to a closed socket may fail or not, reading tells.
        let _ = self.0.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff]);
        self.receive().is_some_and(|reply| reply[..2] == [0, 0])
    }

    /// Waits until the broker closes it, throwing away what comes before.
    pub fn is_closed(&mut self) -> bool {
        let mut bytes = [0; 4096];
        loop {
            match self.0.read(&mut bytes) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
            }
        }
    }
}

/// The bytes of a request with its length.
pub fn request(key: i16, version: i16, flexible: bool, body: &impl Encode) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.i32(0);
    writer.i16(key);
    writer.i16(version);
    writer.i32(7);
    writer.i16(-1);
    if flexible {
        writer.i8(0);
    }
    body.encode(&mut writer, version);
    let mut bytes = writer.into_vec();
    let length = (bytes.len() - 4) as i32;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// Reads a reply's body.
pub fn decode<'a, T: Decode<'a>>(reply: &'a [u8], version: i16, flexible: bool) -> T {
    T::decode(&mut Reader::new(&reply[usize::from(flexible)..]), version).unwrap()
}
