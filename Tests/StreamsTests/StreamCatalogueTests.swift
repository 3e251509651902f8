import MQTTWire
import Streams
import Synchronization
import Testing

final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func increment() { count.add(1, ordering: .relaxed) }
}

@Suite struct StreamCatalogueTests {
    let harness = StreamHarness()

    @Test func streamsMadeAtRunTimeSurvive() async throws {
        let made = StreamConfiguration(name: "app-1", filters: ["x/+", "y"])
        do {
            let catalogue = try harness.open([StreamConfiguration(name: "events", filters: ["#"])])
            let told = Counter()
            catalogue.onChange { told.increment() }
            let stream = try await catalogue.create(made)
            #expect(stream.number == 2)
            #expect(told.value == 1)
            // The same again is the same stream.
            #expect(try await catalogue.create(made) === stream)
            #expect(told.value == 1)
            var other = made
            other.filters = ["z"]
            await #expect(throws: StreamError.exists(name: "app-1")) { try await catalogue.create(other) }
            _ = try harness.append(stream, "y", "1")
            harness.commit()
        }
        harness.disk.crash()
        let catalogue = try harness.open([StreamConfiguration(name: "events", filters: ["#"])])
        let stream = try #require(catalogue.stream(number: 2))
        #expect(stream.configuration == made)
        #expect(!stream.isConfigured)
        #expect(try stream.reader(from: .earliest).payloads() == ["1"])
        try await catalogue.remove(named: "app-1")
        #expect(catalogue.stream(named: "app-1") == nil)
        await #expect(throws: StreamError.unknown(name: "app-1")) {
            try await catalogue.remove(named: "app-1")
        }
        await #expect(throws: StreamError.self) { try await catalogue.remove(named: "events") }
        // A number is never given twice while the site runs.
        #expect(try await catalogue.create(StreamConfiguration(name: "b", filters: ["b"])).number == 3)
    }

    @Test func aStreamThatTheSettingsNoLongerNameStaysReadable() throws {
        do {
            let catalogue = try harness.open([StreamConfiguration(name: "old", filters: ["#"])])
            _ = try harness.append(try #require(catalogue.stream(named: "old")), "a", "1")
            harness.commit()
        }
        harness.disk.kill()
        let catalogue = try harness.open([])
        let stream = try #require(catalogue.stream(named: "old"))
        #expect(catalogue.stream(covering: [try TopicFilter("a")]) == nil)
        harness.commit()
        #expect(try stream.reader(from: .earliest).payloads() == ["1"])
    }

    @Test(arguments: [
        ("UPPER", ["a"], "stream name \"UPPER\""), ("", ["a"], "stream name \"\""), ("a", [], "no filters"),
        ("a", ["$share/g/a"], "without $share"), ("a", ["a/#/b"], "filter \"a/#/b\""), (".a", ["a"], "dot"),
    ])
    func mistakesAreNamed(_ name: String, _ filters: [String], _ expected: String) {
        do {
            _ = try harness.open([StreamConfiguration(name: name, filters: filters)])
            Issue.record("\(name) \(filters) was taken")
        } catch {
            #expect("\(error)".contains(expected), "\(error)")
        }
    }

    @Test(arguments: [
        ("#", "a/b", true), ("#", "#", true), ("#", "$SYS/a", false), ("+/a", "$SYS/a", false),
        ("a/#", "a", true), ("a/#", "a/+/c", true), ("a/+", "a/#", false), ("a/+", "a/+", true),
        ("a/+", "a/b", true), ("a/b", "a/+", false), ("a", "a/b", false), ("a/b", "a", false),
        ("+/+", "a/b", true), ("+", "/", false), ("/+", "/a", true), ("$SYS/#", "$SYS/a", true),
    ])
    func oneFilterCoversAnother(_ filter: String, _ other: String, _ expected: Bool) throws {
        #expect(try TopicFilter(filter).covers(TopicFilter(other)) == expected)
    }
}
