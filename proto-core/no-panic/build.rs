//! Links without a start-up of its own where the target has one: nothing here is ever run

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // The C library only for memcpy and its like, which a bare target takes from compiler_builtins.
        for option in ["-nostartfiles", "-lc"] {
            println!("cargo::rustc-link-arg-bins={option}");
        }
    }
}
