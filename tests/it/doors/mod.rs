//! What people meet before they are let in: windows, languages, a brand's look, preferences, and the
//! attacks on all of them.

mod attacks;
mod handoff;
mod languages;
mod look;
mod preferences;
