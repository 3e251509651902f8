import Foundation
import Glibc
package import Journal
package import Logging
import Synchronization

/// Single acknowledgements beyond the cursors of durable subscriptions, kept through the death of the process.
///
/// A cursor says that everything before it is done; what is done beyond it stands here, one record each, until the
/// cursor has passed it. Records are not synced: after a power cut those of the last moments may be gone, and their
/// events come again.
package final class AcknowledgementLog: Sendable {
    private struct State {
        var file: Int32
        var bytes = 0
        /// By the name of the cursor.
        var positions: [String: Set<LogPosition>] = [:]
        var count = 0
        var hasFailed = false
    }

    /// A file that is larger, and twice what its records need, is written anew.
    private static let bytesMinimum = 1 << 20
    private static let recordSize = 20

    private let path: String
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads what is there; a record that was torn by a crash ends it.
    ///
    /// - Parameter cursors: those that there are; what is known of others is dropped.
    /// - Throws: what keeps the file from being read or written.
    package init(directory: String, cursors: Set<String>, logger: Logger) throws {
        path = directory + "/acknowledgements"
        self.logger = logger
        var positions: [String: Set<LogPosition>] = [:]
        if FileManager.default.fileExists(atPath: path) {
            Self.read([UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))) { name, position in
                if cursors.contains(name) { positions[name, default: []].insert(position) }
            }
        }
        let (file, bytes) = try Self.write(positions, to: path)
        state = Mutex(
            State(
                file: file,
                bytes: bytes,
                positions: positions,
                count: positions.values.reduce(0) { $0 + $1.count }
            )
        )
    }

    deinit { _ = state.withLock { close($0.file) } }

    /// What is done beyond a cursor that stands at `place`.
    package func positions(of cursor: String, from place: LogPosition) -> Set<LogPosition> {
        state.withLock { state in (state.positions[cursor] ?? []).filter { $0 >= place } }
    }

    package func append(_ cursor: String, _ positions: [LogPosition]) {
        guard !positions.isEmpty else { return }
        state.withLock { state in
            var bytes: [UInt8] = []
            for position in positions
            where state.positions[cursor, default: []].insert(position).inserted {
                Self.encode(cursor, position, to: &bytes)
                state.count += 1
            }
            save(bytes, &state)
        }
    }

    /// Everything before `place` is done, by the cursor itself.
    package func passed(_ cursor: String, _ place: LogPosition) {
        state.withLock { state in
            guard let known = state.positions[cursor] else { return }
            let left = known.filter { $0 >= place }
            state.count -= known.count - left.count
            state.positions[cursor] = left.isEmpty ? nil : left
            compact(&state)
        }
    }

    /// The cursor was moved, or is gone: nothing is known beyond it.
    package func forget(_ cursor: String) {
        state.withLock { state in
            guard let known = state.positions.removeValue(forKey: cursor) else { return }
            state.count -= known.count
            rewrite(&state)
        }
    }

    // MARK: - The file

    private func save(_ bytes: [UInt8], _ state: inout State) {
        let written = bytes.withUnsafeBytes { Glibc.write(state.file, $0.baseAddress, $0.count) }
        guard written != bytes.count else {
            state.bytes += written
            state.hasFailed = false
            return
        }
        // A part of it may be there, and would hide what follows: begin anew.
        rewrite(&state)
    }

    private func compact(_ state: inout State) {
        let needed = state.count * (Self.recordSize + 64)
        if state.bytes > max(Self.bytesMinimum, 2 * needed) { rewrite(&state) }
    }

    private func rewrite(_ state: inout State) {
        do {
            let (file, bytes) = try Self.write(state.positions, to: path)
            close(state.file)
            state.file = file
            state.bytes = bytes
            state.hasFailed = false
        } catch {
            // Told once; what is acknowledged meanwhile comes again after a restart.
            if !state.hasFailed {
                logger.warning(
                    "acknowledgements not written",
                    metadata: ["file": "\(path)", "error.message": "\(error)"]
                )
            }
            state.hasFailed = true
        }
    }

    /// - Returns: the new file, open for more, and its size.
    private static func write(
        _ positions: [String: Set<LogPosition>],
        to path: String
    ) throws -> (Int32, Int) {
        var bytes: [UInt8] = []
        for (cursor, list) in positions {
            for position in list { encode(cursor, position, to: &bytes) }
        }
        try DurableFile.replace(path, with: bytes)
        let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw DurableFile.Failure("open") }
        return (file, bytes.count)
    }

    // MARK: - Records: a checksum, the size of the name, the name, the position

    private static func encode(_ cursor: String, _ position: LogPosition, to bytes: inout [UInt8]) {
        var body: [UInt8] = []
        let name = Array(cursor.utf8)
        withUnsafeBytes(of: UInt32(name.count).littleEndian) { body += $0 }
        body += name
        withUnsafeBytes(of: UInt64(position).littleEndian) { body += $0 }
        withUnsafeBytes(of: checksum(body).littleEndian) { bytes += $0 }
        bytes += body
    }

    private static func read(_ bytes: [UInt8], _ body: (String, LogPosition) -> Void) {
        func number<Number: FixedWidthInteger>(_ at: Int, _: Number.Type) -> Number {
            bytes.withUnsafeBytes {
                Number(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: Number.self))
            }
        }
        var at = 0
        while at + 8 <= bytes.count {
            let size = Int(number(at + 4, UInt32.self))
            guard size <= 1 << 16, at + 16 + size <= bytes.count else { return }
            let record = bytes[at + 4..<at + 16 + size]
            guard checksum(Array(record)) == number(at, UInt32.self) else { return }
            let name = String(decoding: bytes[at + 8..<at + 8 + size], as: UTF8.self)
            body(name, number(at + 8 + size, UInt64.self))
            at += 16 + size
        }
    }

    /// FNV-1a: tells a torn record, which is all that it is for.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}
