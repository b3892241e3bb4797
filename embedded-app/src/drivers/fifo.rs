//! Ethernet controllers that hand over one frame at a time through a FIFO
//!
//! What such a controller does is a [`Fifo`]; this copies its frames to memory and back and makes a network device of it.
//! It knows no register.

use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

/// Longest frame without its CRC
pub(crate) const FRAME: usize = 1_514;

/// Room for one frame
pub(crate) type Place = [u8; FRAME];

/// A controller
pub trait Fifo {
    /// Whether a frame waits, or something is to be cleared up
    fn is_ready(&self) -> bool;

    /// Takes a frame out; its length without the CRC, if there was one that fits and arrived whole
    fn take(&self, place: &mut Place) -> Option<usize>;

    /// Whether the transmitter takes a frame
    fn can_send(&self) -> bool;

    /// Sends a frame; only after [`can_send`](Self::can_send) said so
    fn send(&self, frame: &[u8]);
}

/// Memory for a frame in each direction
#[derive(Debug)]
pub(crate) struct Frames {
    received: Place,
    sending: Place,
}

impl Frames {
    /// Unused memory
    pub(crate) const fn new() -> Self {
        Self { received: [0; FRAME], sending: [0; FRAME] }
    }
}

/// The network device that a controller and some memory make
#[derive(Debug)]
pub struct Network<F> {
    fifo: F,
    frames: &'static mut Frames,
}

impl<F> Network<F> {
    /// Joins them
    pub(crate) const fn new(fifo: F, frames: &'static mut Frames) -> Self {
        Self { fifo, frames }
    }
}

impl<F: Fifo> Network<F> {
    /// Whether a frame waits, or something is to be cleared up
    pub(crate) fn is_ready(&self) -> bool {
        self.fifo.is_ready()
    }
}

/// A frame that was received
pub struct Received<'a>(&'a [u8]);

/// The right to send one
pub struct Sending<'a, F> {
    fifo: &'a F,
    place: &'a mut Place,
}

impl<F: Fifo> Sending<'_, F> {
    /// Not inlined: smoltcp has a `consume` of its own for each kind of packet
    #[inline(never)]
    fn hand_over(&self, length: usize) {
        self.fifo.send(&self.place[..length.min(FRAME)]);
    }
}

impl RxToken for Received<'_> {
    fn consume<R, T: FnOnce(&[u8]) -> R>(self, take: T) -> R {
        take(self.0)
    }
}

impl<F: Fifo> TxToken for Sending<'_, F> {
    fn consume<R, T: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: T) -> R {
        let frame = &mut self.place[..length.min(FRAME)];
        let result = fill(frame);
        self.hand_over(length);
        result
    }
}

impl<F: Fifo> Device for Network<F> {
    type RxToken<'a>
        = Received<'a>
    where
        F: 'a;
    type TxToken<'a>
        = Sending<'a, F>
    where
        F: 'a;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sending<'_, F>)> {
        if !self.fifo.can_send() {
            return None;
        }
        let length = self.fifo.take(&mut self.frames.received)?;
        let received = Received(self.frames.received.get(..length)?);
        Some((received, Sending { fifo: &self.fifo, place: &mut self.frames.sending }))
    }

    // Not inlined: smoltcp asks in many places.
    #[inline(never)]
    fn transmit(&mut self, _: Instant) -> Option<Sending<'_, F>> {
        self.fifo.can_send().then_some(Sending { fifo: &self.fifo, place: &mut self.frames.sending })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}
