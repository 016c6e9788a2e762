//! The collector as its users meet it: the real binary on loopback, driven over both of its ports.

mod capture;
mod control;
mod faults;
mod flags;
mod listening;
mod process;
