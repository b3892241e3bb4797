//! A firmware that was built without `dns`: there is nobody to ask

#![expect(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "these are the forms that asking has")]

use core::net::Ipv4Addr;

use smoltcp::iface::{Interface, SocketSet};

/// Sockets that it needs
pub(super) const SOCKETS: usize = 0;

/// No question
#[derive(Debug)]
pub(super) struct Question;

impl Question {
    pub(super) const NONE: Self = Self;
}

/// Nobody
#[derive(Debug)]
pub(super) struct Names;

impl Names {
    pub(super) const fn new(_: &mut SocketSet<'_>, _: &mut Question) -> Self {
        Self
    }

    pub(super) const fn set_server(&mut self, _: &mut SocketSet<'_>, _: Option<Ipv4Addr>) {}

    /// Never
    pub(super) const fn has_server(&self) -> bool {
        false
    }

    /// Never: [`Server::parse`](crate::settings::Server::parse) lets no name through
    pub(super) const fn ask(&mut self, _: &mut Interface, _: &mut SocketSet<'_>, _: &str) -> bool {
        false
    }

    #[expect(clippy::option_option, reason = "the form that asking has")]
    pub(super) const fn poll(&mut self, _: &mut SocketSet<'_>) -> Option<Option<Ipv4Addr>> {
        None
    }

    pub(super) const fn cancel(&mut self, _: &mut SocketSet<'_>) {}
}
