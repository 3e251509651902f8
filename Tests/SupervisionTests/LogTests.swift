import Glibc
import Logging
import Supervision
import Testing

/// A pipe in the place of standard error.
private struct Pipe: ~Copyable {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        try #require(Glibc.pipe(&ends) == 0)
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func take() -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(readEnd, &bytes, bytes.count)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }
}

private func settings(_ format: LogSettings.Format, _ level: Logger.Level = .info) -> LogSettings {
    var settings = LogSettings()
    settings.format = format
    settings.level = level
    return settings
}

@Suite struct LogTests {
    @Test func `a text line has time, level, message and metadata by name`() throws {
        let pipe = try Pipe()
        let sink = LogSink(settings(.text), descriptor: pipe.writeEnd)
        var logger = sink.logger()
        logger[metadataKey: "shard"] = "0"
        logger.info("listener ready", metadata: ["listener.url": "tcp://127.0.0.1:1883", "client": "a b"])
        sink.flush()
        let line = pipe.take()
        #expect(line.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info listener ready .*\n/) != nil)
        #expect(line.hasSuffix("ready client=\"a b\" listener.url=tcp://127.0.0.1:1883 shard=0\n"))
    }

    @Test func `a JSON line keeps numbers and nesting`() throws {
        let pipe = try Pipe()
        let sink = LogSink(settings(.json), descriptor: pipe.writeEnd)
        sink.logger().warning(
            "queue full",
            metadata: [
                "count": .stringConvertible(42), "names": ["a", "b"], "map": ["k": "v"], "text": "42",
            ]
        )
        sink.flush()
        let line = pipe.take()
        #expect(line.hasPrefix("{\"time\":\"20"))
        #expect(
            line.hasSuffix(
                #"""
                "level":"warning","message":"queue full","count":42,"map":{"k":"v"},"names":["a","b"],"text":"42"}

                """#
            )
        )
    }

    @Test(arguments: [LogSettings.Format.text, .json])
    func `what a client sent cannot begin a line or move the cursor`(_ format: LogSettings.Format) throws {
        let pipe = try Pipe()
        let sink = LogSink(settings(format), descriptor: pipe.writeEnd)
        sink.logger().info(
            "refused",
            metadata: ["mqtt.client.id": "a\n2026 error fake\u{1B}[2J\u{9B}2J\u{202E}\""]
        )
        sink.flush()
        let line = pipe.take()
        #expect(line.filter { $0 == "\n" }.count == 1)
        #expect(line.contains(#"a\n2026 error fake\u001b[2J\u009b2J\u202e\""#))
    }

    @Test func `the level can be changed while loggers are in use`() throws {
        let pipe = try Pipe()
        let sink = LogSink(settings(.text), descriptor: pipe.writeEnd)
        let logger = sink.logger()
        logger.debug("not this one")
        sink.level = .debug
        logger.debug("this one")
        sink.flush()
        let text = pipe.take()
        #expect(text.contains("this one\n"))
        #expect(!text.contains("not this one"))
    }

    @Test func `lines that nobody reads are dropped, counted and told`() throws {
        let pipe = try Pipe()
        var limited = settings(.text)
        limited.queueSizeBytes = 4_096
        let sink = LogSink(limited, descriptor: pipe.writeEnd)
        let logger = sink.logger()
        let long = String(repeating: "x", count: 1_000)
        // The pipe takes 64 KiB, the queue 4 KiB; the rest has nowhere to go, and the caller does not wait.
        while sink.droppedCount == 0 { logger.info("line", metadata: ["text": "\(long)"]) }
        let dropped = sink.droppedCount
        var text = ""
        while !text.contains("log lines dropped") { text += pipe.take() }
        #expect(text.contains("warning log lines dropped log.dropped.count=\(dropped)\n"))
    }
}
