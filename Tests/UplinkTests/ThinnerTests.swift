import Testing
import Uplink

@Suite struct ThinnerTests {
    /// One event a second, alternately of the topics a and b, with a number that counts.
    private func run(
        _ settings: ThinningSettings,
        count: UInt64,
        tick: Int64? = nil,
        payload: (UInt64) -> [UInt8] = { Array("{\"x\":{\"value\":\($0)},\"other\":[1,{\"value\":7}]}".utf8) }
    ) throws -> (BatchHeader, [OwnedEvent]) {
        let thinner = Thinner(settings)
        let builder = BatchTests.builder()
        for sequence in 1...count {
            payload(sequence).withUnsafeBytes { payload in
                let topic: StaticString = sequence % 2 == 1 ? "a" : "b"
                let empty = UnsafeRawBufferPointer(start: nil, count: 0)
                thinner.take(
                    LaneEvent(
                        sequence: sequence,
                        time: Int64(sequence) * 1_000_000_000,
                        qos: 1,
                        retain: false,
                        expiresAt: 0,
                        source: empty,
                        topic: UnsafeRawBufferPointer(start: topic.utf8Start, count: topic.utf8CodeUnitCount),
                        properties: empty,
                        payload: payload
                    ),
                    into: builder
                )
            }
        }
        if let tick { thinner.tick(now: tick, into: builder) }
        return try decode(builder.finish().bytes)
    }

    @Test func `every n-th event of each topic`() throws {
        var settings = ThinningSettings()
        settings.mode = .sample
        settings.every = 3
        let (header, events) = try run(settings, count: 12)
        #expect(events.map(\.sequence) == [1, 2, 7, 8])
        #expect(header.thinned == 8 && header.last == 12)
    }

    @Test func `one event of a topic in an interval`() throws {
        var settings = ThinningSettings()
        settings.mode = .interval
        settings.interval = .seconds(4)
        let (_, events) = try run(settings, count: 12)
        #expect(events.map(\.sequence) == [1, 2, 5, 6, 9, 10])
    }

    @Test func `the last value of a window`() throws {
        var settings = ThinningSettings()
        settings.mode = .last
        settings.interval = .seconds(5)
        // Windows: 1…4, 5…9, and 10…12, which is still open.
        let (header, events) = try run(settings, count: 12)
        #expect(events.map(\.sequence) == [3, 4, 8, 9])
        #expect(header.last == 9 && header.thinned == 5)
        // Time ends the last one.
        let (whole, all) = try run(settings, count: 12, tick: 16_000_000_001)
        #expect(all.map(\.sequence) == [3, 4, 8, 9, 11, 12])
        #expect(whole.last == 12)
    }

    @Test func `figures of a window`() throws {
        var settings = ThinningSettings()
        settings.mode = .window
        settings.interval = .seconds(5)
        settings.field = "x.value"
        let (_, events) = try run(settings, count: 10)
        #expect(
            events.map { String(decoding: $0.payload, as: UTF8.self) } == [
                "{\"count\":2,\"min\":1.0,\"max\":3.0,\"mean\":2.0}",
                "{\"count\":2,\"min\":2.0,\"max\":4.0,\"mean\":3.0}",
                "{\"count\":2,\"min\":6.0,\"max\":8.0,\"mean\":7.0}",
                "{\"count\":3,\"min\":5.0,\"max\":9.0,\"mean\":7.0}",
            ]
        )
    }

    /// Field 4 is a message whose field 3 is the number, as a varint, a double or a float; the last one counts.
    @Test(
        arguments: [
            { (n: UInt64) -> [UInt8] in [0x22, 2, 0x18, UInt8(n)] },
            { n in [0x22, 9, 0x19] + withUnsafeBytes(of: Double(n).bitPattern.littleEndian) { Array($0) } },
            { n in
                [0x0A, 1, 0x61, 0x22, 5, 0x1D]
                    + withUnsafeBytes(of: Float(n).bitPattern.littleEndian) { Array($0) }
            },
            { n in [0x22, 2, 0x18, 99, 0x22, 2, 0x18, UInt8(n)] },
        ] as [@Sendable (UInt64) -> [UInt8]]
    )
    func `figures of a window of protobuf`(payload: @Sendable (UInt64) -> [UInt8]) throws {
        var settings = ThinningSettings()
        settings.mode = .window
        settings.interval = .seconds(5)
        settings.format = .protobuf
        settings.field = "4.3"
        let (_, events) = try run(settings, count: 5, payload: payload)
        #expect(
            events.map { String(decoding: $0.payload, as: UTF8.self) } == [
                "{\"count\":2,\"min\":1.0,\"max\":3.0,\"mean\":2.0}",
                "{\"count\":2,\"min\":2.0,\"max\":4.0,\"mean\":3.0}",
            ]
        )
    }

    @Test(arguments: [[0x22, 9, 0x18, 1], [0x20, 7], [0x22, 3, 0x1A, 1, 0x61], [0xFF]] as [[UInt8]])
    func `protobuf without the number is left out`(payload: [UInt8]) throws {
        var settings = ThinningSettings()
        settings.mode = .window
        settings.interval = .seconds(5)
        settings.format = .protobuf
        settings.field = "4.3"
        let (header, events) = try run(settings, count: 5, payload: { _ in payload })
        #expect(events.isEmpty && header.last == 4 && header.thinned == 4)
    }
}
