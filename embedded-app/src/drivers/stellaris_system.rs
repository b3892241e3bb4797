//! System control, pins and device identity of a Stellaris LM3S6965

use super::mmio::Block;

/// RIS
const RAW_INTERRUPTS: usize = 0x050;
/// RIS.PLLLRIS
const PLL_LOCKED: u32 = 1 << 6;
/// RCC
const RUN_CLOCK: usize = 0x060;
/// RCC.BYPASS
const BYPASS: u32 = 1 << 11;
/// RCC.PWRDN
const POWER_DOWN: u32 = 1 << 13;
/// RCC.USESYSDIV
const USE_DIVISOR: u32 = 1 << 22;
/// RCC.SYSDIV, RCC.XTAL, RCC.OSCSRC
const DIVISOR: u32 = 0xF << 23;
const CRYSTAL: u32 = 0xF << 6;
const OSCILLATOR: u32 = 3 << 4;
/// A crystal of 8 MHz; the main oscillator; 200 MHz of the PLL by 4
const CRYSTAL_8_MHZ: u32 = 0xE << 6;
const DIVISOR_4: u32 = 3 << 23;
/// RCGC1, RCGC2
const RUN_GATES_1: usize = 0x104;
const RUN_GATES_2: usize = 0x108;

/// Peripherals of RCGC1
pub(crate) const UART0: u32 = 1 << 0;
pub(crate) const UART1: u32 = 1 << 1;
pub(crate) const SSI0: u32 = 1 << 4;
/// Peripherals of RCGC2
pub(crate) const GPIO_A: u32 = 1 << 0;
pub(crate) const GPIO_C: u32 = 1 << 2;
pub(crate) const GPIO_D: u32 = 1 << 3;
pub(crate) const GPIO_E: u32 = 1 << 4;
pub(crate) const GPIO_F: u32 = 1 << 5;
pub(crate) const ETHERNET: u32 = (1 << 28) | (1 << 30);

/// The system clock after [`start`], in MHz
pub(crate) const CLOCK_MHZ: u32 = 50;

/// How often the PLL is asked whether it has locked: far longer than the data sheet's half millisecond
const PLL_PATIENCE: u32 = 100_000;

/// Brings the system clock to 50 MHz and powers the peripherals named
///
/// The order of the data sheet's 5.3: bypass, configure, divide, wait for lock, end the bypass. Where the PLL never
/// locks the bypass stays, and time runs slow rather than not at all.
pub(crate) fn start(system: &Block, gates_1: u32, gates_2: u32) {
    system.change(RUN_CLOCK, USE_DIVISOR, BYPASS);
    system.change(RUN_CLOCK, CRYSTAL | OSCILLATOR | POWER_DOWN, CRYSTAL_8_MHZ);
    system.change(RUN_CLOCK, DIVISOR, DIVISOR_4 | USE_DIVISOR);
    if (0..PLL_PATIENCE).any(|_| system.read(RAW_INTERRUPTS) & PLL_LOCKED != 0) {
        system.change(RUN_CLOCK, BYPASS, 0);
    }
    system.change(RUN_GATES_1, 0, gates_1);
    system.change(RUN_GATES_2, 0, gates_2);
    // A peripheral may be touched three clocks after its gate opened; a read takes longer.
    system.read(RUN_GATES_2);
}

/// GPIODIR, GPIOAFSEL, GPIOPUR, GPIODEN
const DIRECTION: usize = 0x400;
const PULL_UP: usize = 0x510;
const ALTERNATE: usize = 0x420;
const DIGITAL: usize = 0x51C;

/// Gives pins of a port to their peripherals
pub(crate) fn alternate(port: &Block, pins: u32) {
    port.change(ALTERNATE, 0, pins);
    port.change(DIGITAL, 0, pins);
}

/// A pin that is an output
#[derive(Debug)]
pub(crate) struct Pin {
    port: Block,
    mask: u8,
}

/// Makes a pin of `port` an output
pub(crate) fn output(port: Block, mask: u8) -> Pin {
    port.change(DIRECTION, 0, u32::from(mask));
    port.change(DIGITAL, 0, u32::from(mask));
    Pin { port, mask }
}

/// Sets or clears an output; GPIODATA takes which pins are meant from its address
pub(crate) fn set_pin(pin: &Pin, high: bool) {
    pin.port.write(usize::from(pin.mask) << 2, if high { u32::from(pin.mask) } else { 0 });
}

/// Makes pins of `port` inputs that are high unless pulled down
pub(crate) fn inputs(port: &Block, pins: u8) {
    port.change(DIRECTION, u32::from(pins), 0);
    port.change(PULL_UP, 0, u32::from(pins));
    port.change(DIGITAL, 0, u32::from(pins));
}

/// The pins of `port` among `pins` that are high
pub(crate) fn read_pins(port: &Block, pins: u8) -> u8 {
    port.read(usize::from(pins) << 2).to_le_bytes()[0] & pins
}

/// `USER_REG0`, `USER_REG1`
const USER_0: usize = 0x1E0;
const USER_1: usize = 0x1E4;

/// The MAC address that the board's maker stored, three bytes in each of two registers
pub(crate) fn mac_address(system: &Block) -> [u8; 6] {
    let [low, high] = [USER_0, USER_1].map(|register| system.read(register).to_le_bytes());
    [low[0], low[1], low[2], high[0], high[1], high[2]]
}
