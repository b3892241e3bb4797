//! How a driver offers bytes to a machine
//!
//! The loop of `proto_core::Machine`, once for all models. What an event means is for whoever calls it.

use proto_core::Machine;

use crate::channel::Channel;
use crate::pair::NOW;

/// Offers `bytes` in one piece and hands over every event; returns how many were taken, `None` where the machine failed
///
/// The machine is handed over too, since some events are answered at once.
pub(crate) fn offer<M: Machine>(
    machine: &mut M,
    bytes: &[u8],
    mut happened: impl FnMut(&mut M, M::Event<'_>),
) -> Option<usize> {
    let mut rest = bytes;
    loop {
        let progress = machine.handle_input(NOW, rest).ok()?;
        rest = &rest[progress.consumed..];
        let Some(event) = progress.event else { return Some(bytes.len() - rest.len()) };
        happened(machine, event);
    }
}

/// Whether `machine` has anything to send, or would take anything of what is on its way to it
pub(crate) fn moves<M: Machine + Clone>(machine: &M, incoming: &Channel) -> bool {
    let mut machine = machine.clone();
    if !machine.poll_transmit(NOW).is_empty() {
        return true;
    }
    let bytes = incoming.first(usize::MAX);
    !bytes.is_empty() && machine.handle_input(NOW, &bytes).is_ok_and(|progress| progress.consumed > 0)
}
