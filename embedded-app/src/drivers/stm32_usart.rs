//! A serial line of an STM32, its bytes moved by interrupts
//!
//! Embassy's driver, polled once where it would be awaited. After a panic nothing moves the bytes any more: [`LastUart`]
//! sends without it.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embassy_stm32::pac::usart::Usart;
use embassy_stm32::usart::BufferedUart;
use embedded_io_async::{Read as _, ReadReady as _, Write as _};

use crate::board::Serial;

/// One serial line
pub struct Uart(BufferedUart<'static>);

impl Uart {
    /// Wraps it
    pub(crate) const fn new(line: BufferedUart<'static>) -> Self {
        Self(line)
    }

    /// Whether a byte can be read
    pub(crate) fn is_readable(&mut self) -> bool {
        self.0.read_ready().is_ok_and(|ready| ready)
    }
}

/// What comes out at once, if anything does
fn once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

impl Serial for Uart {
    fn read(&mut self) -> Option<u8> {
        let mut byte = [0];
        let count = once(self.0.read(&mut byte))?.ok()?;
        (count == 1).then_some(byte[0])
    }

    fn write(&mut self, byte: u8) -> bool {
        // Pending means that there is no room, and nothing was taken.
        once(self.0.write(&[byte])).is_some()
    }
}

/// A line that was set up before, without interrupts
pub(crate) struct LastUart(Usart);

impl LastUart {
    /// The line of these registers
    pub(crate) const fn new(registers: Usart) -> Self {
        Self(registers)
    }
}

impl Serial for LastUart {
    fn read(&mut self) -> Option<u8> {
        None
    }

    #[cfg(feature = "nucleo-f429zi")]
    fn write(&mut self, byte: u8) -> bool {
        let room = self.0.sr().read().txe();
        if room {
            self.0.dr().write(|data| data.set_dr(byte.into()));
        }
        room
    }

    #[cfg(feature = "nucleo-h743zi")]
    fn write(&mut self, byte: u8) -> bool {
        let room = self.0.isr().read().txe();
        if room {
            self.0.tdr().write(|data| data.set_dr(byte.into()));
        }
        room
    }
}
