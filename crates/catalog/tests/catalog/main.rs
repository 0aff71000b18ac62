//! The catalog against references and stand-in servers.
mod footprints;
