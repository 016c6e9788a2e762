//! What the engine is known not to keep yet. Each switch names a finding and forgives it, so that the others can be looked
//! for; it is set to `false` when the finding is mended.

/// A page that settles a record between reading the mirror and hearing of it adopts it from the mirror once more.
pub(crate) const MIRROR_READ_EARLY: bool = true;

/// An event that was refused alone while everything was refused (403) is dropped when the refusals end.
pub(crate) const SUSPECT_OF_AN_OUTAGE: bool = true;

/// Where the sentinel is written anew before a page looks what has vanished, that page takes what somebody has cleared for
/// settled elsewhere.
pub(crate) const CLEARED_AND_MARKED: bool = true;

/// A raw record is sealed by its own page and, at the same time, by another one that adopts it from storage or from the
/// mirror; whether the person is known and the device are those of the page that seals, so the two are not alike.
pub(crate) const RAW_SEALED_TWICE: bool = true;

/// A page whose engine is still being loaded does not show that it lives, so another tab that has just been granted the lock
/// takes its keel's fresh records for those of a dead page.
pub(crate) const KEEL_UNSEEN: bool = true;
