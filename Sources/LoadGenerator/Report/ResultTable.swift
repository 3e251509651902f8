/// Results as lines of text.
package struct ResultTable {
    private static let header = [
        "scenario", "messages", "per s", "cpu µs", "own µs", "p50 ms", "p99 ms", "p99.9 ms", "max ms",
        "memory",
        "lost", "late",
    ]

    package let text: String

    package init(_ results: [ScenarioResult]) {
        let rows = [Self.header] + results.map(Self.row)
        var widths = Array(repeating: 0, count: Self.header.count)
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
        }
        var lines = rows.map { row in
            row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + blanks : blanks + cell
            }.joined(separator: "  ")
        }
        for result in results {
            if result.threadShares.count > 1 {
                let shares = result.threadShares.map { "\(Int(($0 * 100).rounded())) %" }
                lines.append(
                    "\(result.scenario): the broker's threads were busy \(shares.joined(separator: ", "))"
                )
            }
            if result.foreign > 0 {
                lines.append("\(result.scenario): \(result.foreign) deliveries were not of this run")
            }
        }
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ result: ScenarioResult) -> [String] {
        let latency = result.latency
        let memory: String
        if let bytes = result.residentBytesPerConnection {
            memory = "\(Int(bytes.rounded())) B/conn"
        } else if let bytes = result.residentBytesPerSubscription {
            memory = "\(Int(bytes.rounded())) B/sub"
        } else if let bytes = result.residentBytesMax {
            memory = "\(number(Double(bytes) / 1_048_576, 1)) MiB"
        } else {
            memory = "-"
        }
        return [
            result.scenario, "\(result.units)", "\(Int(result.rate.rounded()))",
            result.cpuMicroseconds.map { number($0, 2) } ?? "-", number(result.generatorMicroseconds, 2),
            milliseconds(latency?.p50), milliseconds(latency?.p99), milliseconds(latency?.p999),
            milliseconds(latency?.max), memory, "\(result.lost)", "\(result.repeatedOrLate)",
        ]
    }

    private static func milliseconds(_ microseconds: Double?) -> String {
        microseconds.map { number($0 / 1000, 3) } ?? "-"
    }

    /// A number with a fixed number of decimals.
    static func number(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "-" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((abs(value) * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % Int(scale))
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return "\(sign)\(scaled / Int(scale)).\(zeros)\(fraction)"
    }
}
