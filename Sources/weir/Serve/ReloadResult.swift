import Glibc
import Supervision

/// What came of a reload, left in the data directory by the server for `weir reload` to read.
///
/// First line: `SEQUENCE PID good|bad`; further lines are for people.
struct ReloadResult: Equatable {
    static let fileName = "weir.reload"

    /// Counts the reloads of one server, from 1.
    var sequence: Int
    var pid = getpid()
    var isGood: Bool
    var lines: [String] = []

    func write(to directory: String) throws {
        let head = "\(sequence) \(pid) \(isGood ? "good" : "bad")"
        try TextFile.replace(
            "\(directory)/\(Self.fileName)",
            with: ([head] + lines).joined(separator: "\n") + "\n"
        )
    }

    /// `nil` when no reload was ever asked for, or another program wrote the file.
    static func read(from directory: String) throws -> ReloadResult? {
        let path = "\(directory)/\(fileName)"
        guard access(path, F_OK) == 0 else { return nil }
        let lines = try TextFile.read(path, limit: 1 << 20).split(separator: "\n").map(String.init)
        guard let head = lines.first?.split(separator: " "), head.count == 3, let sequence = Int(head[0]),
            let pid = Int32(head[1])
        else { return nil }
        return ReloadResult(
            sequence: sequence,
            pid: pid,
            isGood: head[2] == "good",
            lines: Array(lines.dropFirst())
        )
    }
}
