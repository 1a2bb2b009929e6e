//! One integration binary: linking the data crates once, not once per file.
