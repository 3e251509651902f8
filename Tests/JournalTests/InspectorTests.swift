import Journal
import JournalTesting
import Testing

@Suite struct InspectorTests {
    private func lines(
        _ disk: SimulatedDisk,
        keys: KeyRing = .none,
        _ run: (JournalInspector, (InspectionLine) -> Void) throws -> Void
    ) throws -> [InspectionLine] {
        var lines: [InspectionLine] = []
        try run(JournalInspector("log", on: disk, keys: keys)) { lines.append($0) }
        return lines
    }

    private func kinds(_ lines: [InspectionLine]) -> [String] {
        lines.compactMap { line in
            if case .text(let kind) = line["kind"] { kind } else { nil }
        }
    }

    @Test(arguments: [false, true], [false, true])
    func `a whole log checks whole`(isSealed: Bool, hasKey: Bool) throws {
        let disk = SimulatedDisk(seed: 1)
        let keys = isSealed ? try KeyRing(keys: [KeyRing.Key(bytes: Array(0..<32))]) : .none
        do {
            let log = try openLog(disk, keys: keys)
            try log.fill(200)
            let writer = try log.beginCheckpoint(covering: log.durablePosition, now: 1)
            try writer.write([1, 2, 3])
            try writer.finish()
            log.close(now: 1)
        }
        let inspector = JournalInspector("log", on: disk, keys: hasKey ? keys : .none)
        let summary = try inspector.check { _ in }
        #expect(summary.isWhole)
        #expect(summary.records == 200)
        #expect(summary.checkpoints == 1)
        #expect(summary.tornBytes == 0)
        #expect(!summary.isInUse)
    }

    @Test func `a running log can be looked at`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        try log.fill(10)
        #expect(try JournalInspector("log", on: disk).check { _ in }.isInUse)
        #expect(try JournalInspector("log", on: disk).stat()["isInUse"] == .flag(true))
        let error = #expect(throws: LogError.self) { try JournalInspector("log", on: disk).repair { _ in } }
        #expect(error?.code == .inUse)
        log.close(now: 1)
    }

    @Test(arguments: [false, true])
    func `repair makes a damaged log whole, and keeps what it replaces`(isSealed: Bool) throws {
        let disk = SimulatedDisk(seed: 1)
        let keys = isSealed ? try KeyRing(keys: [KeyRing.Key(bytes: Array(0..<32))]) : .none
        do { try openLog(disk, keys: keys).fill(300) }
        disk.crash()
        let segments = try disk.segmentPaths
        // A payload, two headers in a row, a file header, and garbage behind the end.
        disk.flipBit(segments[0], offset: 4096 + 600, bit: 2)
        for offset in 0..<2000 { disk.flipBit(segments[1], offset: 4096 + offset, bit: offset % 8) }
        for offset in 0..<4096 { disk.flipBit(segments[2], offset: offset, bit: offset % 8) }
        let last = segments[segments.count - 1]
        disk.place(last, (disk.contents(of: last) ?? []) + [UInt8](repeating: 0xAA, count: 777))

        let before = try JournalInspector("log", on: disk).check { _ in }
        #expect(before.damages >= 2)
        #expect(before.unusableFiles == 1)
        #expect(before.tornBytes == 777)
        // Without the key, as someone would who only has the disk.
        let repaired = try lines(disk) { try $0.repair($1) }
        #expect(kinds(repaired).filter { $0 == "replaced" }.count == 2)
        #expect(kinds(repaired).contains("cut"))
        #expect(kinds(repaired).contains("setAside"))
        let after = try JournalInspector("log", on: disk, keys: keys).check { _ in }
        // The file that was set aside is missing, and that stays known.
        #expect(after.damages == 1)
        #expect(after.unusableFiles == 0)
        #expect(after.tornBytes == 0)
        #expect(after.records == before.records)
        let (records, gaps, notices) = try openLog(disk, keys: keys).readAll()
        #expect(UInt64(records.count) == after.records)
        #expect(gaps.map(\.cause) == [.damage, .damage])
        #expect(notices.count == 1)
        #expect(try disk.list("log").filter { $0.name.hasSuffix(".damaged") }.count == 3)
    }

    @Test func `dump shows records, gaps and damage as JSON lines`() throws {
        let disk = SimulatedDisk(seed: 1)
        var positions: [LogPosition] = []
        do {
            let log = try openLog(disk)
            positions.append(try log.append(type: 7, Array("a \"quoted\"\n".utf8)))
            positions.append(try log.append(type: 8, [0, 255, 16]))
            positions.append(try log.append(type: 7, [UInt8](repeating: 65, count: 100)))
            _ = log.commitOnce(now: 5)
            log.close(now: 6)
        }
        struct Case {
            var encoding: DumpOptions.Encoding
            var types: Set<UInt16>?
            var expected: [String]
        }
        let cut = String(repeating: "41", count: 64)
        let cases = [
            Case(
                encoding: .utf8,
                types: [7],
                expected: [
                    #"{"kind":"record","position":0,"type":7,"length":11,"utf8":"a \"quoted\"\n","isCut":false}"#,
                    #"{"kind":"record","position":\#(positions[2]),"type":7,"length":100,"utf8":"\#(String(repeating: "A", count: 64))","isCut":true}"#,
                ]
            ),
            Case(
                encoding: .base64,
                types: [8],
                expected: [
                    #"{"kind":"record","position":\#(positions[1]),"type":8,"length":3,"base64":"AP8Q","isCut":false}"#
                ]
            ),
            Case(
                encoding: .hex,
                types: nil,
                expected: [
                    #"{"kind":"record","position":0,"type":7,"length":11,"hex":"61202271756f746564220a","isCut":false}"#,
                    #"{"kind":"record","position":\#(positions[1]),"type":8,"length":3,"hex":"00ff10","isCut":false}"#,
                    #"{"kind":"record","position":\#(positions[2]),"type":7,"length":100,"hex":"\#(cut)","isCut":true}"#,
                ]
            ),
        ]
        for testCase in cases {
            var options = DumpOptions()
            options.encoding = testCase.encoding
            options.types = testCase.types
            let dumped = try lines(disk) { try $0.dump(options, $1) }
            #expect(dumped.map(\.json) == testCase.expected)
        }
        var options = DumpOptions()
        options.showsInternal = true
        let all = try lines(disk) { try $0.dump(options, $1) }
        #expect(kinds(all) == ["record", "record", "record", "commitMark", "closed", "commitMark"])
        #expect(all[3].text.hasPrefix("commitMark position="))
        options.recordsMax = 2
        #expect(try lines(disk) { try $0.dump(options, $1) }.count == 2)
    }

    @Test func `dump of a sealed log without its key shows all but payloads`() throws {
        let disk = SimulatedDisk(seed: 1)
        let keys = try KeyRing(keys: [KeyRing.Key(bytes: Array(0..<32))])
        do {
            let log = try openLog(disk, keys: keys)
            _ = try log.append(type: 7, [1, 2, 3])
            log.close(now: 1)
        }
        #expect(
            try lines(disk) { try $0.dump(DumpOptions(), $1) }.map(\.json)
                == [#"{"kind":"record","position":0,"type":7,"length":3,"sealed":true}"#]
        )
        #expect(
            try lines(disk, keys: keys) { try $0.dump(DumpOptions(), $1) }.map(\.json)
                == [#"{"kind":"record","position":0,"type":7,"length":3,"hex":"010203","isCut":false}"#]
        )
    }

    @Test func `stat counts files and names keys`() throws {
        let disk = SimulatedDisk(seed: 1)
        let key = try KeyRing.Key(bytes: Array(0..<32))
        do {
            let log = try openLog(disk, keys: KeyRing(keys: [key]))
            try log.fill(300)
            log.close(now: 1)
        }
        let stat = try JournalInspector("log", on: disk).stat()
        #expect(stat["segments"] == .number(UInt64(try disk.segmentPaths.count)))
        #expect(stat["keys"] == .list([key.name]))
        #expect(stat["isInUse"] == .flag(false))
        #expect(stat["start"] == .number(0))
    }

    @Test func `an empty and a missing directory`() throws {
        let disk = SimulatedDisk(seed: 1)
        #expect(try JournalInspector("log", on: disk).check { _ in }.isWhole)
        #expect(throws: LogError.self) { try JournalInspector("/nonexistent/weir").stat() }
    }
}
