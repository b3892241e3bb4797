//! Numbers for the size table, as symbols of the firmware that take no room in it (`cargo xtask size`)

#![expect(unsafe_code, reason = "only the assembler can name a number")]

use core::arch::global_asm;

use crate::app::{MACHINE, PICKER};
use crate::net::{RECEIVE, TRANSMIT};

global_asm!(
    ".global slp_size_machine",
    ".set slp_size_machine, {}",
    ".global slp_size_picker",
    ".set slp_size_picker, {}",
    ".global slp_size_receive",
    ".set slp_size_receive, {}",
    ".global slp_size_transmit",
    ".set slp_size_transmit, {}",
    const MACHINE,
    const PICKER,
    const RECEIVE,
    const TRANSMIT,
);
