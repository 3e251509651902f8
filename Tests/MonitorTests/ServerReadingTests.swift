import FoundationEssentials
import Monitor
import Testing

@Suite struct ServerReadingTests {
    private func figures(_ change: [String: Double] = [:], now: Double = 1_100, storage: Bool = true)
        throws -> ServerFigures
    {
        var values: [(String, Double)] = [
            ("weir_build_info{version=\"1.2.3\"}", 1), ("process_start_time_seconds", 1_000),
            ("process_resident_memory_bytes", 10_485_760), ("process_cpu_seconds_total", 2),
            ("process_open_fds", 20), ("weir_clients", 3), ("weir_sessions", 4), ("weir_subscriptions", 5),
            ("weir_messages_waiting", 6), ("weir_retained_messages", 7),
            ("weir_messages_received_total{qos=\"0\"}", 100),
            ("weir_messages_received_total{qos=\"1\"}", 200), ("weir_messages_delivered_total", 500),
            ("weir_messages_dropped_total{reason=\"queue_full\"}", 0),
            ("weir_messages_dropped_total{reason=\"expired\"}", 9),
            ("weir_connections_refused_total{reason=\"authentication\"}", 2),
        ]
        if storage {
            values += [
                ("weir_storage_bytes", 1_048_576), ("weir_storage_maximum_bytes", 10_485_760),
                ("weir_storage_segments", 2), ("weir_storage_staged_bytes", 0),
                ("weir_storage_state{state=\"open\"}", 1), ("weir_storage_state{state=\"failed\"}", 0),
            ]
        }
        let known = Set(values.map(\.0))
        values = values.map { ($0.0, change[$0.0] ?? $0.1) }
        values += change.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }.map {
            ($0.key, $0.value)
        }
        let page = values.map { "\($0.0) \($0.1)" }.joined(separator: "\n")
        return try #require(ServerFigures(MetricsText(page), now: now))
    }

    @Test func `a page that is not Weir's is none`() {
        #expect(ServerFigures(MetricsText("go_goroutines 7"), now: 0) == nil)
    }

    @Test func `the first look tells averages since the start`() throws {
        let reading = ServerReading(try figures())
        #expect(reading.seconds == 100)
        #expect(reading.rates[.received] == 3)
        #expect(reading.rates[.delivered] == 5)
        #expect(reading.rates[.cpuSeconds] == 0.02)
        #expect(reading.losses.map(\.count) == [0, 9, 2])
    }

    @Test func `later looks tell what happened in between`() throws {
        let first = try figures()
        let second = try figures([
            "weir_messages_received_total{qos=\"1\"}": 260,
            "weir_messages_dropped_total{reason=\"queue_full\"}": 4,
        ])
        let reading = ServerReading(second, since: first, seconds: 2)
        #expect(reading.seconds == 2)
        #expect(reading.rates[.received] == 30)
        #expect(reading.rates[.delivered] == 0)
        #expect(reading.losses.map(\.count) == [4, 0, 0])
    }

    @Test func `a server that started again is looked at anew`() throws {
        let first = try figures()
        let restarted = try figures(
            [
                "weir_messages_received_total{qos=\"0\"}": 10, "weir_messages_received_total{qos=\"1\"}": 0,
                "process_start_time_seconds": 1_099,
            ]
        )
        let reading = ServerReading(restarted, since: first, seconds: 2)
        #expect(reading.seconds == 1)
        #expect(reading.rates[.received] == 10)
    }

    @Test func `the screen has every figure and stays within its size`() throws {
        let reading = ServerReading(try figures())
        let text = Screen(width: 100, height: 30).lines(reading, address: "127.0.0.1:8080")
        #expect(text[0] == "weir 1.2.3 at 127.0.0.1:8080, up 1 min 40 s")
        func line(_ name: String) -> String { text.first { $0.hasPrefix(name) } ?? "" }
        #expect(line("clients").split(separator: " ")[1] == "3")
        #expect(line("sessions").contains("subscriptions 5"))
        #expect(line("messages in").contains("3/s"))
        #expect(line("queues").contains(" 6 "))
        #expect(line("retained").hasSuffix("7"))
        #expect(line("storage").contains("open"))
        #expect(line("storage").contains("1.00 MiB of 10.0 MiB (10.0 %)"))
        #expect(line("process").contains("10.0 MiB"))
        #expect(line("process").contains("cpu 2.0 %"))
        // Only what happened, the most first.
        let drops = text.drop { !$0.hasPrefix("dropped and refused") }.dropFirst()
        #expect(
            drops.map { $0.split(separator: "  ")[0] } == [
                "dropped: expired", "connection refused: authentication",
            ]
        )
        for width in [40, 57, 80] {
            for height in [16, 24] {
                let small = Screen(width: width, height: height).lines(reading, address: "x")
                #expect(small.allSatisfy { $0.count <= width })
                #expect(small.count <= height)
            }
        }
    }

    @Test func `without a journal it says so`() throws {
        let reading = ServerReading(try figures(storage: false))
        #expect(reading.figures.storage == nil)
        let text = Screen().lines(reading, address: "x")
        #expect(text.contains { $0.hasPrefix("storage") && $0.contains("nothing outlives the process") })
    }

    private let cloud: [String: Double] = [
        "weir_uplink_state{state=\"online\"}": 0, "weir_uplink_state{state=\"degraded\"}": 1,
        "weir_uplink_backlog_events{lane=\"alarms\"}": 0, "weir_uplink_backlog_events{lane=\"bulk\"}": 4_000,
        "weir_uplink_backlog_bytes{lane=\"alarms\"}": 0,
        "weir_uplink_backlog_bytes{lane=\"bulk\"}": 2_097_152,
        "weir_uplink_backlog_age_seconds{lane=\"bulk\"}": 90, "weir_uplink_drain_seconds{lane=\"bulk\"}": 30,
        "weir_uplink_events_total{lane=\"alarms\"}": 100, "weir_uplink_events_total{lane=\"bulk\"}": 900,
        "weir_uplink_wire_bytes_total{lane=\"bulk\"}": 51_200,
        "weir_uplink_events_left_out_total{lane=\"bulk\",reason=\"limit\"}": 7,
    ]

    @Test func `the way to the cloud is shown, the fullest lane first`() throws {
        let reading = ServerReading(try figures(cloud))
        #expect(reading.figures.uplink?.state == "degraded")
        #expect(reading.rates[.synced] == 10)
        let text = Screen(width: 100, height: 30).lines(reading, address: "x")
        let start = try #require(text.firstIndex { $0.hasPrefix("uplink") })
        #expect(text[start].contains("degraded  stored 10/s, 512 B/s"))
        #expect(
            text[start + 1].contains("bulk")
                && text[start + 1].contains("4,000  2.00 MiB, oldest 1 min 30 s, gone in 30 s")
        )
        #expect(text[start + 2].contains("alarms"))
        #expect(text.contains { $0.hasPrefix("not sent to the cloud: limit") })
        for height in [16, 24] {
            #expect(Screen(width: 80, height: height).lines(reading, address: "x").count <= height)
        }
        #expect(try reading.json(time: 5).contains(#""lane":"bulk""#))
        #expect(try ServerReading(try figures()).figures.uplink == nil)
    }

    @Test func `a line of JSON has the figures, the rates and what was lost`() throws {
        let line = try ServerReading(try figures()).json(time: 5)
        #expect(!line.contains("\n"))
        struct Line: Decodable {
            struct Loss: Decodable {
                var kind, reason: String
                var total: Double
            }
            var time, clients, waitingMessages, rateSeconds: Double
            var rates: [String: Double]
            var losses: [Loss]
        }
        let read = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
        #expect(read.time == 5 && read.clients == 3 && read.waitingMessages == 6 && read.rateSeconds == 100)
        #expect(read.rates["received"] == 3)
        #expect(read.losses.map(\.total) == [9, 2])
    }

    @Test(
        arguments: [
            (0, "0", "0 B"), (0.5, "0.50", "0.50 B"), (7, "7", "7 B"), (12.34, "12.3", "12.3 B"),
            (999, "999", "999 B"), (999.6, "1.00k", "1000 B"), (1_250_000, "1.25M", "1.19 MiB"),
            (1_023.7, "1.02k", "1.00 KiB"), (-3, "-3", "-3 B"), (.infinity, "-", "-"),
        ] as [(Double, String, String)]
    )
    func `numbers are short`(_ value: Double, _ short: String, _ bytes: String) {
        #expect(Screen.short(value) == short)
        #expect(Screen.bytes(value) == bytes)
    }

    @Test func `counts are in groups, times in two units`() {
        #expect(
            [0, 999, 1_000, 12_345_678, -1_234].map(Screen.whole) == [
                "0", "999", "1,000", "12,345,678", "-1,234",
            ]
        )
        #expect(
            [0.5, 10, 125, 7_260, 273_600].map(Screen.time) == [
                "0.5 s", "10 s", "2 min 5 s", "2 h 1 min", "3 d 4 h",
            ]
        )
    }
}
