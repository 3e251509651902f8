import MQTTWire
import RPCBridge
import SwiftProtobuf
import Testing

/// What is written by hand must be what the generated types read.
struct EventImageTests {
    private func encode(
        topic: String = "a/b",
        payload: [UInt8] = [1, 2, 3],
        properties: Properties = Properties(),
        expiry: Bool = false,
        source: String = "",
        change: (inout EventImage) -> Void = { _ in }
    ) throws -> Weir_Bus_V1_Event {
        var list: [UInt8] = []
        try properties.encode(into: &list)
        var prefix = 1
        while list[prefix - 1] & 0x80 != 0 { prefix += 1 }
        let bare = Array(list.dropFirst(prefix))
        let bytes = Array(topic.utf8).withUnsafeBytes { topic in
            payload.withUnsafeBytes { payload in
                bare.withUnsafeBytes { properties in
                    Array(source.utf8).withUnsafeBytes { source in
                        var image = EventImage(
                            topic: topic,
                            payload: payload,
                            properties: properties,
                            source: source,
                            qos: .atLeastOnce,
                            retain: false,
                            expiryLeft: 0,
                            ingestTime: 1_700_000_000_000_000_000
                        )
                        change(&image)
                        let bound = image.encodedBound
                        return [UInt8](unsafeUninitializedCapacity: bound + 16) { memory, count in
                            memory.initialize(repeating: 0xEE)
                            guard let base = memory.baseAddress else { return }
                            count = image.encode(at: UnsafeMutableRawPointer(base))
                            // Nothing is written beyond what was promised.
                            #expect(count <= bound)
                            #expect(memory[bound...].allSatisfy { $0 == 0xEE })
                        }
                    }
                }
            }
        }
        let batch = try Weir_Bus_V1_EventBatch(serializedBytes: bytes)
        #expect(batch.events.count == 1)
        #expect(batch.events[0].unknownFields.data.isEmpty)
        return batch.events[0]
    }

    /// One, two and three bytes of length, and the values next to each border.
    @Test(arguments: [
        0, 1, 90, 91, 92, 100, 110, 120, 127, 128, 16_300, 16_350, 16_383, 16_384, 20_000, 2_100_000,
    ])
    func `payloads of every size of length are read back`(size: Int) throws {
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let event = try encode(payload: payload)
        #expect(Array(event.payload) == payload)
        #expect(event.topic == "a/b")
        #expect(event.ingestTimeUnixNanos == 1_700_000_000_000_000_000)
        #expect(event.qos == .atLeastOnce)
    }

    @Test func `properties become attributes and headers`() throws {
        var properties = Properties()
        properties.payloadFormatIndicator = 1
        properties.contentType = "text/plain"
        properties.responseTopic = "answer"
        properties.correlationData = [9, 8]
        properties.messageExpiryInterval = 5
        properties.userProperties = [
            .init("id", "e1"), .init("type", "t"), .init("source", "s"),
            .init("time", "1970-01-01T00:00:01Z"),
            .init("traceparent", "00-1"), .init("id", "e2"), .init("time", "no time"), .init("", ""),
            .init("k", ""),
        ]
        let event = try encode(properties: properties, source: "client") { image in
            image.stream = 3
            image.position = 70_000
            image.redeliveryCount = 2
            image.isHistory = true
            image.retain = true
            image.expiryLeft = 4
        }
        #expect(event.payloadIsUtf8 && event.contentType == "text/plain" && event.responseTopic == "answer")
        #expect(Array(event.correlationData) == [9, 8])
        #expect(event.id == "e1" && event.type == "t" && event.source == "s" && event.traceParent == "00-1")
        #expect(event.eventTimeUnixNanos == 1_000_000_000)
        #expect(event.headers.map(\.name) == ["id", "time", "", "k"])
        #expect(event.headers.map(\.value) == ["e2", "no time", "", ""])
        #expect(event.cursor.stream == 3 && event.cursor.position == 70_000 && !event.cursor.before)
        #expect(
            event.redeliveryCount == 2 && event.history && event.retain && event.expiryIntervalSeconds == 4
        )
    }

    @Test func `the publisher's identifier is the source where it names none`() throws {
        #expect(try encode(source: "client").source == "client")
    }

    @Test func `many short headers stay within the bound`() throws {
        var properties = Properties()
        properties.userProperties = (0..<500).map { _ in .init("a", "b") }
        #expect(try encode(properties: properties).headers.count == 500)
    }
}

struct EventTimeTests {
    private func parse(_ text: String) -> Int64? {
        Array(text.utf8).withUnsafeBytes { EventTime.parse($0) }
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-01-02T03:04:05.5Z", 1_767_323_045_500_000_000),
            ("2000-02-29t12:00:00.000000001z", 951_825_600_000_000_001),
            ("1969-12-31T23:59:59.25Z", -750_000_000),
            ("2026-01-02T05:04:05+02:00", 1_767_323_045_000_000_000),
            ("2026-01-01T23:34:05-03:30", 1_767_323_045_000_000_000),
        ] as [(String, Int64)]
    )
    func `times of RFC 3339`(text: String, expected: Int64) {
        #expect(parse(text) == expected)
        #expect(parse(EventTime.format(expected)) == expected)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01 00:00:00",
        "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+2:00", "2026-01-01T00:00:00Zx",
        "9999-12-31T23:59:59Z", "202x-01-01T00:00:00Z", "2026-01-01T00:00:00+24:00",
    ])
    func `what is no time, or none that fits`(text: String) {
        #expect(parse(text) == nil)
    }
}

struct CreditAccountTests {
    @Test func `bytes count once they were named`() {
        var account = CreditAccount()
        #expect(account.isEmpty)
        account.add(.with { $0.events = 2 })
        #expect(account.eventsLeft == 2 && account.bytesLeft == .max)
        account.add(.with { $0.bytes = 100 })
        account.spend(events: 1, bytes: 60)
        #expect(account.eventsLeft == 1 && account.bytesLeft == 40)
        account.spend(events: 1, bytes: 40)
        #expect(account.isEmpty)
    }

    @Test func `grants without end do not wrap`() {
        var account = CreditAccount()
        account.add(
            .with {
                $0.events = .max; $0.bytes = .max
            }
        )
        account.add(
            .with {
                $0.events = .max; $0.bytes = .max
            }
        )
        #expect(account.eventsLeft == .max && account.bytesLeft == .max)
    }
}
