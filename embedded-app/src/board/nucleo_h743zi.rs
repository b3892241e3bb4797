//! The clocks of ST's NUCLEO-H743ZI and NUCLEO-H743ZI2
//!
//! 400 MHz, which every revision of the chip does. The data cache stays off, so what Ethernet writes to memory is what
//! the core reads.

use embassy_stm32::Config;
use embassy_stm32::rcc::{
    AHBPrescaler, APBPrescaler, Hse, HseMode, Pll, PllDiv, PllMul, PllPreDiv, PllSource, Sysclk, VoltageScale,
};
use embassy_stm32::time::Hertz;

/// The board's name
pub(super) const NAME: &str = "nucleo-h743zi";
/// The core's clock
pub(super) const CLOCK_MHZ: u32 = 400;

/// 8 MHz from the ST-LINK, by 4, times 400: 800 MHz; by 2 for the core. The random numbers have an oscillator of their own
pub(super) fn config() -> Config {
    let mut config = Config::default();
    let rcc = &mut config.rcc;
    rcc.hse = Some(Hse { freq: Hertz(8_000_000), mode: HseMode::Bypass });
    rcc.hsi48 = Some(embassy_stm32::rcc::Hsi48Config::default());
    rcc.pll1 = Some(Pll {
        source: PllSource::HSE,
        prediv: PllPreDiv::DIV4,
        mul: PllMul::MUL400,
        fracn: None,
        divp: Some(PllDiv::DIV2),
        divq: None,
        divr: None,
    });
    rcc.sys = Sysclk::PLL1_P;
    rcc.voltage_scale = VoltageScale::Scale1;
    // The limits of the buses at this voltage: 200 MHz, and 100 MHz behind it.
    rcc.ahb_pre = AHBPrescaler::DIV2;
    rcc.apb1_pre = APBPrescaler::DIV2;
    rcc.apb2_pre = APBPrescaler::DIV2;
    rcc.apb3_pre = APBPrescaler::DIV2;
    rcc.apb4_pre = APBPrescaler::DIV2;
    config
}
