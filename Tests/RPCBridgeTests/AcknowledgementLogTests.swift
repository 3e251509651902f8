import Foundation
import Logging
import RPCBridge
import Testing

/// What was acknowledged beyond a cursor is known after the process died.
struct AcknowledgementLogTests {
    private let directory = FileManager.default.temporaryDirectory.path + "/acks-\(UUID().uuidString)"
    private let cursors: Set = ["rpc/alice/work", "rpc//other"]

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    private func log(_ cursors: Set<String>? = nil) throws -> AcknowledgementLog {
        try AcknowledgementLog(
            directory: directory,
            cursors: cursors ?? self.cursors,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test func `positions are there when the log is opened again`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let first = try log()
        first.append("rpc/alice/work", [100, 300])
        first.append("rpc/alice/work", [300, 500])
        first.append("rpc//other", [7])
        let again = try log()
        #expect(again.positions(of: "rpc/alice/work", from: 0) == [100, 300, 500])
        #expect(again.positions(of: "rpc/alice/work", from: 300) == [300, 500])
        #expect(again.positions(of: "rpc//other", from: 0) == [7])
    }

    @Test func `what a cursor has passed is forgotten, and so is a cursor that is gone`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let first = try log()
        first.append("rpc/alice/work", [100, 300, 500])
        first.append("rpc//other", [7])
        first.passed("rpc/alice/work", 300)
        #expect(first.positions(of: "rpc/alice/work", from: 0) == [300, 500])
        first.forget("rpc//other")
        #expect(try log().positions(of: "rpc//other", from: 0).isEmpty)
        #expect(try log(["rpc//other"]).positions(of: "rpc/alice/work", from: 0).isEmpty)
    }

    @Test func `a torn record ends the log and hides nothing that follows`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        do { try log().append("rpc/alice/work", [100, 300]) }
        let path = directory + "/acknowledgements"
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.dropLast(3).write(to: URL(fileURLWithPath: path))
        let again = try log()
        #expect(again.positions(of: "rpc/alice/work", from: 0).count == 1)
        again.append("rpc/alice/work", [700])
        #expect(try log().positions(of: "rpc/alice/work", from: 0).contains(700))
    }

    @Test func `the file does not grow with what is done`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let log = try log()
        for start in stride(from: UInt64(0), to: 200_000, by: 100) {
            log.append("rpc/alice/work", Array(start..<start + 100))
            log.passed("rpc/alice/work", start + 100)
        }
        let size =
            try FileManager.default.attributesOfItem(atPath: directory + "/acknowledgements")[.size] as? Int
        #expect(try #require(size) <= (1 << 20) + 100 * 64)
    }
}
