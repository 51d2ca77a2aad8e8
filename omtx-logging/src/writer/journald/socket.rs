//! The socket of journald.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::net::{
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, sendmsg_addr,
};

/// Sends to a path, so that it does not matter if journald is started anew.
#[derive(Debug)]
pub(super) struct Socket {
    socket: UnixDatagram,
    path: PathBuf,
    address: SocketAddrUnix,
}

impl Socket {
    /// Fails if nobody listens there.
    pub(super) fn new(path: PathBuf) -> io::Result<Self> {
        let socket = Self {
            socket: UnixDatagram::unbound()?,
            address: SocketAddrUnix::new(&path)?,
            path,
        };
        // An entry without fields is ignored.
        socket.send(b"")?;
        Ok(socket)
    }

    pub(super) fn send(&self, payload: &[u8]) -> io::Result<()> {
        match self.socket.send_to(payload, &self.path) {
            Err(error) if too_long(&error) => self.send_in_memory(payload),
            result => result.map(drop),
        }
    }

    /// As the protocol has it for what is too long for a datagram: a sealed file in memory instead.
    fn send_in_memory(&self, payload: &[u8]) -> io::Result<()> {
        let flags = MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC;
        let mut file = File::from(memfd_create("journal-entry", flags)?);
        file.write_all(payload)?;
        let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        fcntl_add_seals(&file, seals)?;
        let descriptors = [file.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&descriptors));
        let empty: [IoSlice<'_>; 0] = [];
        sendmsg_addr(
            &self.socket,
            &self.address,
            &empty,
            &mut control,
            SendFlags::empty(),
        )?;
        Ok(())
    }
}

/// `EMSGSIZE`, or `ENOBUFS` where the socket's buffer is smaller than that.
fn too_long(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    code == Some(rustix::io::Errno::MSGSIZE.raw_os_error())
        || code == Some(rustix::io::Errno::NOBUFS.raw_os_error())
}
