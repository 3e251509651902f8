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
        fputs(text + "\n", stderr)
    }
}
