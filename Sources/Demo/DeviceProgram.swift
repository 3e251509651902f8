internal import Glibc
package import Reactor

/// A device that is a program of its own, such as the example in C: it publishes `weir.telemetry.v1.Telemetry` under
/// `telemetry/` and says now and then "queued N, acknowledged N".
package final class DeviceProgram {
    package let process: ChildProcess
    private let identifier: String
    private let tally: SharedTally
    package private(set) var queued: UInt64 = 0
    package private(set) var acknowledged: UInt64 = 0

    /// - Parameters:
    ///   - command: for the shell, which knows WEIR_PORT, the port of MQTT; WEIR_DEVICE, the client identifier to
    ///     use; and WEIR_DIRECTORY, a directory for what it keeps.
    ///   - run: ends the identifier, so that each run counts from one.
    package init(
        _ command: String,
        number: Int,
        run: String,
        port: UInt16,
        directory: String,
        tally: SharedTally
    ) throws(SystemError) {
        identifier = "device-\(number)-\(run)"
        self.tally = tally
        process = try ChildProcess(
            "device \(number)",
            [
                "env", "WEIR_PORT=\(port)", "WEIR_DEVICE=\(identifier)", "WEIR_DIRECTORY=\(directory)",
                "sh", "-c", "exec \(command)",
            ],
            log: "\(directory)/device-\(number).log"
        )
    }

    /// Reads what it said last.
    package func update() {
        for line in process.lastWords().split(separator: "\n").reversed() {
            guard let queued = Self.number("queued ", line), let kept = Self.number("acknowledged ", line)
            else { continue }
            (self.queued, acknowledged) = (queued, kept)
            // PUBACKs come in the order of the sequence.
            tally.with { $0.acknowledged(identifier, kept) }
            return
        }
    }

    /// The number behind a word.
    private static func number(_ word: String, _ line: Substring) -> UInt64? {
        guard let range = line.range(of: word) else { return nil }
        return UInt64(line[range.upperBound...].prefix { $0.isNumber })
    }
}
