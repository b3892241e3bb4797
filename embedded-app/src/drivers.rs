//! Drivers of the boards' peripherals: registers, and nothing of the application
//!
//! The only place with `unsafe` besides the start-up of a board. A driver names its registers as the data sheet does
//! and knows no pin, no clock tree and no protocol; which peripheral lies where is for the board to say.

mod division;
pub(crate) mod frames;
mod memory;
#[cfg(feature = "fault-injection")]
pub(crate) mod self_test;
pub(crate) mod systick;

// What both boards of the emulator have.
#[cfg(not(feature = "nucleo"))]
pub(crate) mod fifo;
#[cfg(not(feature = "nucleo"))]
pub(crate) mod mmio;
#[cfg(not(feature = "nucleo"))]
pub(crate) mod semihosting;

#[cfg(feature = "mps2-an385")]
pub(crate) mod cmsdk_uart;
#[cfg(feature = "mps2-an385")]
pub(crate) mod lan9118;

#[cfg(feature = "lm3s6965evb")]
pub(crate) mod pl011;
mod sizes;
#[cfg(feature = "lm3s6965evb")]
pub(crate) mod ssd0323;
#[cfg(feature = "lm3s6965evb")]
pub(crate) mod stellaris_mac;
#[cfg(feature = "lm3s6965evb")]
pub(crate) mod stellaris_system;
#[cfg(not(feature = "nucleo"))]
mod vectors;

#[cfg(feature = "nucleo")]
pub(crate) mod embassy_net;
#[cfg(feature = "nucleo")]
pub(crate) mod lan8742a;
#[cfg(feature = "nucleo")]
pub(crate) mod stm32_usart;
