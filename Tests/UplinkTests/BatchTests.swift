import JournalTesting
import Testing
import Uplink

/// An event with memory of its own.
struct OwnedEvent: Equatable {
    var sequence: UInt64
    var time: Int64
    var qos: UInt8 = 1
    var retain = false
    var expiresAt: Int64 = 0
    var source = "device"
    var topic: String
    var properties: [UInt8] = []
    var payload: [UInt8]
}

extension BatchBuilder {
    func append(_ event: OwnedEvent) {
        var (source, topic) = (event.source, event.topic)
        source.withUTF8 { source in
            topic.withUTF8 { topic in
                event.properties.withUnsafeBytes { properties in
                    event.payload.withUnsafeBytes { payload in
                        append(
                            sequence: event.sequence,
                            time: event.time,
                            qos: event.qos,
                            retain: event.retain,
                            expiresAt: event.expiresAt,
                            source: UnsafeRawBufferPointer(source),
                            topic: UnsafeRawBufferPointer(topic),
                            properties: properties,
                            payload: payload
                        )
                    }
                }
            }
        }
    }
}

func decode(_ bytes: [UInt8]) throws -> (header: BatchHeader, events: [OwnedEvent]) {
    let reader = BatchReader()
    return try bytes.withUnsafeBytes { bytes in
        try reader.read(bytes) { header, events in
            var all: [OwnedEvent] = []
            while let event = events.next() {
                all.append(
                    OwnedEvent(
                        sequence: event.sequence,
                        time: event.time,
                        qos: event.qos,
                        retain: event.retain,
                        expiresAt: event.expiresAt,
                        source: String(decoding: events.sources[event.source], as: UTF8.self),
                        topic: String(decoding: events.topics[event.topic], as: UTF8.self),
                        properties: event.properties < 0 ? [] : Array(events.properties[event.properties]),
                        payload: Array(event.payload)
                    )
                )
            }
            return (header, all)
        }
    }
}

@Suite struct BatchTests {
    static let instance = SiteInstance(repeating: 3)

    static func builder(after: UInt64 = 0, lane: String = "bulk") -> BatchBuilder {
        BatchBuilder(site: "monaco", instance: instance, lane: lane, epoch: 0xFEED, after: after)
    }

    static func random(_ random: inout SimulatedRandom, count: Int, after: UInt64 = 0) -> [OwnedEvent] {
        var sequence = after
        var time: Int64 = 1_700_000_000_000_000_000
        return (0..<count).map { _ in
            sequence += 1
            // The clock jumps back now and then.
            time += random.oneIn(20) ? -5_000_000_000 : Int64(random.next() % 1_000_000)
            return OwnedEvent(
                sequence: sequence,
                time: time,
                qos: UInt8(random.next() % 3),
                retain: random.oneIn(5),
                expiresAt: random.oneIn(9) ? 1_800_000_000 : 0,
                source: "device-\(random.next() % 7)",
                topic: "plant/\(random.next() % 300)/telemetry",
                properties: random.oneIn(4) ? [0x01, 0x01] : [],
                payload: random.oneIn(10) ? [] : Array("{\"value\":\(random.next() % 1_000)}".utf8)
            )
        }
    }

    @Test(arguments: 1...40) func `events come out as they went in`(seed: UInt64) throws {
        var random = SimulatedRandom(seed: seed)
        let events = Self.random(&random, count: Int(random.next() % 3_000) + 1)
        let builder = Self.builder()
        for event in events { builder.append(event) }
        let batch = builder.finish()
        let decoded = try decode(batch.bytes)
        #expect(decoded.events == events)
        #expect(decoded.header == batch.header)
        #expect(batch.header.count == UInt32(events.count))
        #expect(batch.header.timeMin == events.map(\.time).min())
        #expect(batch.header.timeMax == events.map(\.time).max())
    }

    @Test func `the next batch goes on where the last one ended`() throws {
        let builder = Self.builder()
        builder.append(OwnedEvent(sequence: 1, time: 5, topic: "a", payload: [1]))
        let first = builder.finish()
        builder.skip(dropped: 3)
        builder.append(OwnedEvent(sequence: 5, time: 6, topic: "b", payload: [2]))
        builder.skip(thinned: 2)
        let second = builder.finish()
        #expect(first.header.after == 0 && first.header.last == 1)
        #expect(second.header.after == 1 && second.header.first == 5 && second.header.last == 7)
        #expect(second.header.dropped == 3 && second.header.thinned == 2)
        let decoded = try decode(second.bytes)
        #expect(decoded.events.map(\.topic) == ["b"])
    }

    @Test func `telemetry shrinks to a fifth`() throws {
        let builder = Self.builder()
        var raw = 0
        for sequence in 1...2_000 as ClosedRange<UInt64> {
            let payload = Array(
                """
                {"device":"pump-\(sequence % 50)","seq":\(sequence),"temperature":\(20 + Double(sequence % 100) / 10),\
                "pressure":\(1000 + sequence % 30),"state":"running","unit":"celsius","site":"monaco-1"}
                """.utf8
            )
            let topic = "plant/pump-\(sequence % 50)/telemetry"
            raw += payload.count + topic.utf8.count
            builder.append(
                OwnedEvent(
                    sequence: sequence,
                    time: Int64(sequence) * 1_000_000,
                    topic: topic,
                    payload: payload
                )
            )
        }
        #expect(builder.finish().bytes.count * 5 < raw)
    }

    @Test func `a batch without events accounts for its range`() throws {
        let builder = Self.builder(after: 10)
        builder.append(OwnedEvent(sequence: 11, time: 5, topic: "a", payload: [1]))
        builder.skip(thinned: 4)
        let emptied = builder.finish().emptied()
        let decoded = try decode(emptied.bytes)
        #expect(decoded.events.isEmpty)
        #expect(decoded.header.after == 10 && decoded.header.last == 15)
        #expect(decoded.header.dropped == 1 && decoded.header.thinned == 4)
    }

    @Test func `any changed byte is found`() throws {
        let builder = Self.builder()
        for sequence in 1...20 as ClosedRange<UInt64> {
            builder.append(OwnedEvent(sequence: sequence, time: 1, topic: "t", payload: [UInt8(sequence)]))
        }
        let bytes = builder.finish().bytes
        for index in bytes.indices {
            for bit in [0, 3, 7] {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                #expect(throws: BatchError.self) { _ = try decode(changed) }
            }
        }
        for count in 0..<bytes.count {
            #expect(throws: BatchError.self) { _ = try decode(Array(bytes[..<count])) }
        }
    }

    /// The checksum is right and what it covers is hostile: nothing may trap, and nothing may be stored in part.
    @Test(arguments: 1...300) func `hostile batches with a good checksum are refused`(seed: UInt64) throws {
        var random = SimulatedRandom(seed: seed)
        let builder = Self.builder()
        for event in Self.random(&random, count: 30) { builder.append(event) }
        var bytes = builder.finish().bytes
        bytes.removeLast(6)
        for _ in 0..<(random.next() % 4 + 1) {
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        let signed = sealed(bytes)
        do {
            let decoded = try decode(signed)
            // Changed payload bytes cannot be told from others.
            #expect(decoded.events.count == Int(decoded.header.count))
        } catch let error as BatchError {
            #expect(error.isPermanent)
        }
    }

    @Test func `an unknown version is refused for good`() throws {
        let builder = Self.builder()
        builder.append(OwnedEvent(sequence: 1, time: 5, topic: "a", payload: [1]))
        var bytes = builder.finish().bytes
        bytes.removeLast(6)
        #expect(Array(bytes[0..<2]) == [0x08, 0x01])
        bytes[1] = 2
        let error = #expect(throws: BatchError.self) { _ = try decode(self.sealed(bytes)) }
        #expect(error == .version(2) && error?.isPermanent == true)
    }

    /// Puts a right checksum behind `bytes`.
    private func sealed(_ bytes: [UInt8]) -> [UInt8] {
        var crc: UInt32 = 0xFFFF_FFFF
        // Bit by bit, so that it does not come from the code under test.
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
        }
        crc = ~crc
        return bytes + [0x8D, 0x01] + withUnsafeBytes(of: crc.littleEndian) { Array($0) }
    }

    @Test func `control messages come out as they went in`() throws {
        var hello = Hello(site: "monaco", instance: Self.instance, nonce: 77)
        var lane = Hello.Lane(lane: "alarms", epoch: 9, committed: 1_234)
        (lane.backlogEvents, lane.backlogBytes, lane.backlogSince) = (5, 6, -7)
        hello.lanes = [lane, Hello.Lane(lane: "bulk", epoch: 1, committed: 0)]
        hello.version = "1.2"
        #expect(try hello.encode().withUnsafeBytes { try Hello(decoding: $0) } == hello)

        var answer = Answer()
        answer.nonce = 3
        answer.conflict = "two"
        answer.outcomes = [
            .init(lane: "bulk", epoch: 4, after: 0, last: 9, .committed),
            .init(lane: "bulk", epoch: 4, after: 9, last: 10, .refused, reason: "no"),
        ]
        answer.watermarks = [.init(lane: "bulk", epoch: 4, sequence: .max)]
        #expect(try answer.encode().withUnsafeBytes { try Answer(decoding: $0) } == answer)
    }

    @Test(arguments: [
        ("monaco-1", true), ("a", true), ("", false), ("A", false), ("a/b", false), ("+", false),
        (".a", false),
        (String(repeating: "a", count: 65), false), ("é", false),
    ]) func `names are levels of topics`(name: String, isValid: Bool) {
        #expect(UplinkNames.isValid(name) == isValid)
    }
}
