import RadioFeed
import Testing

@Suite struct CSVReaderTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let events: [CSVReader.Event]
        var testDescription: String { name }
    }

    private static func record(_ line: Int, _ fields: String...) -> CSVReader.Event {
        .record(CSVReader.Record(line: line, fields: fields))
    }

    static let cases: [Case] = [
        Case(name: "nothing", text: "", events: []),
        Case(name: "plain", text: "a,b\nc,d\n", events: [record(1, "a", "b"), record(2, "c", "d")]),
        Case(name: "no line end at the end", text: "a,b\nc", events: [record(1, "a", "b"), record(2, "c")]),
        Case(
            name: "carriage returns",
            text: "a,b\r\nc,d\r\n",
            events: [record(1, "a", "b"), record(2, "c", "d")]
        ),
        Case(
            name: "empty fields",
            text: ",,\na,,b,",
            events: [record(1, "", "", ""), record(2, "a", "", "b", "")]
        ),
        Case(name: "empty lines", text: "a\n\n\r\nb\n", events: [record(1, "a"), record(4, "b")]),
        Case(
            name: "quotes",
            text: "\"a,b\",c\n\"\",\"x\"\n",
            events: [record(1, "a,b", "c"), record(2, "", "x")]
        ),
        Case(name: "doubled quotes", text: "\"say \"\"hi\"\"\",b\n", events: [record(1, "say \"hi\"", "b")]),
        Case(
            name: "a line end inside quotes",
            text: "\"a\nb\",c\nd\n",
            events: [record(1, "a\nb", "c"), record(3, "d")]
        ),
        Case(name: "byte order mark", text: "\u{FEFF}a,b\n", events: [record(1, "a", "b")]),
        Case(
            name: "a quote inside a field",
            text: "a,b\nx\"y,z\nc,d\n",
            events: [
                record(1, "a", "b"), .malformed(line: 2, reason: "a quote inside a field"),
                record(3, "c", "d"),
            ]
        ),
        Case(
            name: "text behind a quote",
            text: "\"a\"b,c\nd\n",
            events: [.malformed(line: 1, reason: "text behind a closing quote"), record(2, "d")]
        ),
        Case(
            name: "a quote that is not closed",
            text: "a\n\"b,c\nd,e\n",
            events: [
                record(1, "a"),
                .malformed(line: 2, reason: "a quote is not closed before the end of the file"),
                record(3, "d", "e"),
            ]
        ),
        Case(name: "a quoted end", text: "a,\"b\"", events: [record(1, "a", "b")]),
    ]

    /// Gives its bytes in pieces of one size.
    private struct Pieces: ByteSource {
        var memory: MemoryBytes
        let size: Int

        mutating func read(atMost count: Int) -> [UInt8] { memory.read(atMost: min(size, count)) }
        mutating func rewind() { memory.rewind() }
    }

    private func events(_ source: any ByteSource) throws -> [CSVReader.Event] {
        var reader = CSVReader(source)
        var events: [CSVReader.Event] = []
        while true {
            let event = try reader.next()
            if event == .end { return events }
            events.append(event)
        }
    }

    @Test(arguments: cases)
    func `a file is the same whole and byte by byte`(_ testCase: Case) throws {
        #expect(try events(MemoryBytes(testCase.text)) == testCase.events)
        for size in [1, 2, 3, 7] {
            #expect(try events(Pieces(memory: MemoryBytes(testCase.text), size: size)) == testCase.events)
        }
    }

    @Test func `a quote that swallows too much is given up at its own line`() throws {
        let filler = String(repeating: "x,y\n", count: 20_000)
        let found = try events(MemoryBytes("a\n\"open,b\n" + filler))
        #expect(found.count == 2 + 20_000)
        guard case .malformed(let line, let reason) = found[1] else {
            Issue.record("expected a malformed line, found \(found[1])")
            return
        }
        #expect(line == 2)
        #expect(reason.contains("a quote is not closed"))
        #expect(found[2] == Self.record(3, "x", "y"))
        #expect(found.last == Self.record(20_002, "x", "y"))
    }

    @Test func `a line without end is given up once`() throws {
        let long = String(repeating: "z", count: 300_000)
        let found = try events(MemoryBytes("a\n\(long)\nb\n"))
        #expect(found.count == 3)
        #expect(found[2] == Self.record(3, "b"))
    }

    @Test func `bytes that are no UTF-8 do not stop the reader`() throws {
        let found = try events(MemoryBytes(bytes: [0x61, 0x2C, 0xFF, 0xFE, 0x0A, 0x62, 0x0A]))
        #expect(found.count == 2)
    }

    @Test func `rewinding begins anew`() throws {
        var reader = CSVReader(MemoryBytes("a\nb\n"))
        _ = try reader.next()
        _ = try reader.next()
        #expect(try reader.next() == .end)
        try reader.rewind()
        #expect(try reader.next() == Self.record(1, "a"))
    }
}
