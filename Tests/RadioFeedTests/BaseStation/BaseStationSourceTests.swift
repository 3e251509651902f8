import Foundation
import MECModel
import RadioFeed
import Testing

@Suite struct BaseStationSourceTests {
    private func settings() throws -> SRSRANMetrics.Settings {
        let plmn = try #require(Plmn("00101"))
        return SRSRANMetrics.Settings(cells: [1: try #require(CellIdentity.ncgi(plmn, nrCellId: 0x66C000))])
    }

    private func temporaryFile() -> URL {
        FileManager.default.temporaryDirectory.appendingPathComponent("radio-feed-\(UUID().uuidString).jsonl")
    }

    @Test func `datagrams on a UDP port become facts`() throws {
        let receiver = try UDPReceiver(address: "127.0.0.1", port: 0)
        var replayed = try Replayed()
        var source = BaseStationSource(
            .udp(receiver),
            settings: try settings(),
            start: Replayed.start,
            inventory: replayed.inventory
        )
        replayed.run(&source, to: 0)
        #expect(replayed.batch.isEmpty)
        try UDPSender.send(SRSRANMetricsTests.old(1, SRSRANMetricsTests.ue()), to: receiver.port)
        try UDPSender.send("nonsense", to: receiver.port)
        // Loopback delivers before sendto returns.
        replayed.run(&source, to: 1)
        #expect(replayed.facts.contains { $0.contains("rate gnb-1-4601 17000000 1500000") })
        #expect(replayed.reasons == [.malformed])
        #expect(replayed.warned.first?.place.hasPrefix("gnb 127.0.0.1:") == true)
    }

    @Test func `a port that is taken is refused with words`() throws {
        let receiver = try UDPReceiver(address: "127.0.0.1", port: 0)
        let error = #expect(throws: InputError.self) {
            try UDPReceiver(address: "127.0.0.1", port: receiver.port)
        }
        #expect(error?.message.contains("cannot be listened on") == true)
        #expect(throws: InputError.self) { try UDPReceiver(address: "localhost", port: 0) }
    }

    @Test func `lines appended to a file become facts, and a replaced file is read anew`() throws {
        let url = temporaryFile()
        defer { try? FileManager.default.removeItem(at: url) }
        func append(_ text: String) throws {
            let handle = try FileHandle(forWritingTo: url)
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }
        var replayed = try Replayed()
        var source = BaseStationSource(
            .file(FileTail(path: url.path), path: url.path),
            settings: try settings(),
            start: Replayed.start,
            inventory: replayed.inventory
        )
        // Not there yet: named, and tried again.
        replayed.run(&source, to: 0)
        #expect(replayed.reasons == [.inputOutput])
        try Data().write(to: url)
        try append(SRSRANMetricsTests.old(1, SRSRANMetricsTests.ue(down: "1000")) + "\n")
        replayed.run(&source, to: 2)
        // Half a line waits for its end.
        try append(String(SRSRANMetricsTests.old(2, SRSRANMetricsTests.ue(down: "2000")).prefix(50)))
        replayed.run(&source, to: 4)
        try append(
            String(SRSRANMetricsTests.old(2, SRSRANMetricsTests.ue(down: "2000")).dropFirst(50))
                + "\nnonsense\n"
        )
        replayed.run(&source, to: 6)
        try FileManager.default.removeItem(at: url)
        try Data((SRSRANMetricsTests.old(3, SRSRANMetricsTests.ue(down: "3000")) + "\n").utf8).write(to: url)
        replayed.run(&source, to: 8)
        let rates = replayed.facts.compactMap { $0.contains(" rate ") ? $0.split(separator: " ")[3] : nil }
        #expect(rates == ["1000", "2000", "3000"])
        #expect(replayed.reasons == [.inputOutput, .malformed])
        #expect(replayed.warned.last?.place == "\(url.path):3")
    }

    @Test func `a file that is cut is read from its start, an endless line is left out`() throws {
        let url = temporaryFile()
        defer { try? FileManager.default.removeItem(at: url) }
        try Data("one\n\(String(repeating: "x", count: 5_000))\ntwo\n".utf8).write(to: url)
        var tail = FileTail(path: url.path, lineBytesMax: 1_000)
        let lines = try tail.lines(atMost: 10)
        #expect(lines.map(\.number) == [1, 2, 3])
        #expect(lines.map { $0.bytes.map { String(decoding: $0, as: UTF8.self) } } == ["one", nil, "two"])
        let handle = try FileHandle(forWritingTo: url)
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data("new\n".utf8))
        try handle.close()
        #expect(
            try tail.lines(atMost: 10).compactMap { $0.bytes.map { String(decoding: $0, as: UTF8.self) } }
                == ["new"]
        )
        var late = FileTail(path: url.path, fromEnd: true)
        #expect(try late.lines(atMost: 10).isEmpty)
    }
}
