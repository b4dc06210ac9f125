//! Capabilities of a user that is not root: what execve(2) would take away is made ambient (capabilities(7)).

use rustix::io::{Errno, Result};
use rustix::process::geteuid;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, configure_capability_in_ambient_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

/// The program's file has these as permitted, not as effective: the kernel then gives what the container's bounding
/// set has of them, where it would refuse to execute the program at all. Whether that is enough is the agent's to say.
///
/// Root keeps what it has, with which execve(2) leaves it anyway.
pub fn hand_on(wanted: &[u32]) -> Result<()> {
    if geteuid().is_root() {
        return Ok(());
    }
    let wanted = wanted.iter().fold(CapabilitySet::empty(), |set, number| {
        set | CapabilitySet::from_bits_retain(1 << number)
    });
    let now = capabilities(None)?;
    let kept = now.permitted & wanted;
    bound(now, wanted)?;
    set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: kept,
        },
    )?;
    for one in kept.iter() {
        configure_capability_in_ambient_set(one, true)?;
    }
    // Nothing that the agent executes gets more than this, whatever the files say. Without any, the flag is left for the
    // agent to tell what kept them away.
    if kept.is_empty() {
        return Ok(());
    }
    set_no_new_privs(true)
}

/// Takes all others out of the bounding set, where SETPCAP is there to do it.
fn bound(now: CapabilitySets, wanted: CapabilitySet) -> Result<()> {
    if !now.permitted.contains(CapabilitySet::SETPCAP) {
        return Ok(());
    }
    set_capabilities(
        None,
        CapabilitySets {
            effective: CapabilitySet::SETPCAP,
            ..now
        },
    )?;
    for number in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << number);
        if wanted.contains(one) {
            continue;
        }
        match remove_capability_from_bounding_set(one) {
            // The kernel knows no more of them.
            Err(Errno::INVAL) => break,
            done => done?,
        }
    }
    Ok(())
}
