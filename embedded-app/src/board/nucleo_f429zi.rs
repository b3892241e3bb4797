//! The clocks of ST's NUCLEO-F429ZI
//!
//! 168 MHz, the highest at which the 48 MHz of the random numbers come out of the same PLL (RM0090, 6.3.2).

use embassy_stm32::Config;
use embassy_stm32::rcc::{
    AHBPrescaler, APBPrescaler, Hse, HseMode, Pll, PllMul, PllPDiv, PllPreDiv, PllQDiv, PllSource, Sysclk,
};
use embassy_stm32::time::Hertz;

/// The board's name
pub(super) const NAME: &str = "nucleo-f429zi";
/// The core's clock
pub(super) const CLOCK_MHZ: u32 = 168;

/// 8 MHz from the ST-LINK, by 4, times 168: 336 MHz; by 2 for the core, by 7 for the random numbers
pub(super) fn config() -> Config {
    let mut config = Config::default();
    let rcc = &mut config.rcc;
    rcc.hse = Some(Hse { freq: Hertz(8_000_000), mode: HseMode::Bypass });
    rcc.pll_src = PllSource::HSE;
    rcc.pll = Some(Pll {
        prediv: PllPreDiv::DIV4,
        mul: PllMul::MUL168,
        divp: Some(PllPDiv::DIV2),
        divq: Some(PllQDiv::DIV7),
        divr: None,
    });
    rcc.sys = Sysclk::PLL1_P;
    // The limits of the buses: 180, 45 and 90 MHz.
    rcc.ahb_pre = AHBPrescaler::DIV1;
    rcc.apb1_pre = APBPrescaler::DIV4;
    rcc.apb2_pre = APBPrescaler::DIV2;
    config
}
