//! A network device of Embassy's as one of smoltcp's
//!
//! Nothing is awaited: the device is asked in every turn, so its waker does nothing. It knows no hardware.

use core::task::{Context, Waker};

use embassy_net_driver::{Driver, LinkState};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

/// The device
pub struct Adapter<D>(D);

impl<D: Driver> Adapter<D> {
    /// Wraps it
    pub(crate) const fn new(driver: D) -> Self {
        Self(driver)
    }

    /// Whether a frame waits, and there is room to answer it
    pub(crate) fn is_ready(&mut self) -> bool {
        self.0.receive(&mut nobody()).is_some()
    }

    /// Whether the cable is in and both ends agree; asks the PHY, which takes some 50 µs
    pub(crate) fn is_linked(&mut self) -> bool {
        self.0.link_state(&mut nobody()) == LinkState::Up
    }
}

fn nobody() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// A frame that was received
pub struct Received<T>(T);

/// The right to send one
pub struct Sending<T>(T);

impl<T: embassy_net_driver::RxToken> RxToken for Received<T> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        self.0.consume(|frame| take(frame))
    }
}

impl<T: embassy_net_driver::TxToken> TxToken for Sending<T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        self.0.consume(length, fill)
    }
}

impl<D: Driver> Device for Adapter<D> {
    type RxToken<'a>
        = Received<D::RxToken<'a>>
    where
        D: 'a;
    type TxToken<'a>
        = Sending<D::TxToken<'a>>
    where
        D: 'a;

    fn receive(&mut self, _: Instant) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        let (received, sending) = self.0.receive(&mut nobody())?;
        Some((Received(received), Sending(sending)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Self::TxToken<'_>> {
        self.0.transmit(&mut nobody()).map(Sending)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let told = self.0.capabilities();
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = told.max_transmission_unit;
        capabilities.max_burst_size = told.max_burst_size;
        capabilities
    }
}
