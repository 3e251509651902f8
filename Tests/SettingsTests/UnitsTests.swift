import Settings
import Testing

@Suite struct UnitsTests {
    struct Case<Value: Sendable & Equatable>: CustomTestStringConvertible, Sendable {
        let text: String
        let value: Value?
        var testDescription: String { "\"\(text)\"" }
    }

    static let durations: [Case<Duration>] = [
        Case(text: "0", value: .zero),
        Case(text: "0s", value: .zero),
        Case(text: "250ms", value: .milliseconds(250)),
        Case(text: "5s", value: .seconds(5)),
        Case(text: "5 s", value: .seconds(5)),
        Case(text: "1.5s", value: .milliseconds(1_500)),
        Case(text: "0.1ms", value: .microseconds(100)),
        Case(text: "2m", value: .seconds(120)),
        Case(text: "1h", value: .seconds(3_600)),
        Case(text: "7d", value: .seconds(604_800)),
        Case(text: "10_000us", value: .milliseconds(10)),
        Case(text: "5", value: nil),
        Case(text: "", value: nil),
        Case(text: "s", value: nil),
        Case(text: "-5s", value: nil),
        Case(text: "5S", value: nil),
        Case(text: "5s5", value: nil),
        Case(text: "1.2.3s", value: nil),
        Case(text: ".5s", value: nil),
        Case(text: "5.s", value: nil),
        Case(text: "_5s", value: nil),
        Case(text: "٥s", value: nil),
        Case(text: "0.3ns", value: nil),
        Case(text: "9223372036854775807d", value: nil),
        Case(text: "36501d", value: nil),
        Case(text: "99999999999999999999s", value: nil),
    ]

    @Test(arguments: durations)
    func `durations need a unit and are exact`(_ testCase: Case<Duration>) {
        #expect(Units.parseDuration(testCase.text) == testCase.value)
    }

    static let sizes: [Case<Int64>] = [
        Case(text: "0", value: 0),
        Case(text: "512", value: 512),
        Case(text: "512B", value: 512),
        Case(text: "64KiB", value: 65_536),
        Case(text: "1.5GiB", value: 1_610_612_736),
        Case(text: "2MB", value: 2_000_000),
        Case(text: "1_000", value: 1_000),
        Case(text: "1.5", value: nil),
        Case(text: "0.3B", value: nil),
        Case(text: "64K", value: nil),
        Case(text: "64kib", value: nil),
        Case(text: "-1", value: nil),
        Case(text: "9000000TiB", value: nil),
    ]

    @Test(arguments: sizes)
    func `sizes are exact`(_ testCase: Case<Int64>) {
        #expect(Units.parseBytes(testCase.text) == testCase.value)
    }

    @Test func `what is written is read back`() {
        for nanoseconds in [
            0, 1, 999, 1_000, 1_500, 1_000_000, 90_000_000_000, 3_600_000_000_000, 86_400_000_000_000,
        ] {
            let duration = Duration.nanoseconds(Int64(nanoseconds))
            #expect(Units.parseDuration(Units.format(duration)) == duration)
        }
        for bytes: Int64 in [0, 1, 1_000, 1_024, 1_025, 1 << 20, 3 << 30, .max] {
            #expect(Units.parseBytes(Units.formatBytes(bytes)) == bytes)
        }
    }
}
