//! The `befriend` program: reads its arguments and calls the library.

fn main() -> std::process::ExitCode {
    befriend::cli::run()
}
