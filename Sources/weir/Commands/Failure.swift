import ArgumentParser
import Glibc

/// How a command ends when it cannot do what it was asked.
enum Failure {
    /// `EX_CONFIG`: systemd shows it as "CONFIG", and the sample unit does not restart on it.
    static let configuration = ExitCode(78)
    /// `EX_UNAVAILABLE`: something outside Weir is in the way, such as a port in use.
    static let unavailable = ExitCode(69)

    /// Writes lines to standard error.
    static func tell(_ text: String) {
        show(text + "\n")
    }

    /// The same without a line end, for prompts.
    static func show(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
