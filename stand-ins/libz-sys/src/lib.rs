//! Empty. `zarrs` 0.23 lists `libz-sys` as a build dependency, but its build script never uses it; the real crate compiles C.
//! The workspace replaces it by this one (`[patch.crates-io]`). Its version is above those that zarrs asks for.
#![forbid(unsafe_code)]
