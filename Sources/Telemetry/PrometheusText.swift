/// Writes a snapshot in the Prometheus text format, version 0.0.4.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package static func write(_ snapshot: MetricsSnapshot) -> String {
        var out = ""
        for family in snapshot.families {
            let metric = family.definition
            out += "# HELP \(metric.name) \(escapedHelp(metric.help))\n"
            out += "# TYPE \(metric.name) \(typeName(metric.kind))\n"
            for series in family.series {
                let labels = zip(metric.labels, series.labels).map { (name: $0, value: $1) }
                switch series.value {
                case .number(let value):
                    out += "\(metric.name)\(labelText(labels)) \(number(value))\n"
                case .histogram(let histogram):
                    guard case .histogram(let bounds) = metric.kind else { continue }
                    write(histogram, bounds: bounds, name: metric.name, labels: labels, into: &out)
                }
            }
        }
        return out
    }

    private static func write(
        _ histogram: Histogram,
        bounds: [Double],
        name: String,
        labels: [(name: String, value: String)],
        into out: inout String
    ) {
        var cumulative: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            cumulative &+= count
            let bound = index < bounds.count ? number(bounds[index]) : "+Inf"
            out += "\(name)_bucket\(labelText(labels + [("le", bound)])) \(cumulative)\n"
        }
        out += "\(name)_sum\(labelText(labels)) \(number(histogram.sum))\n"
        out += "\(name)_count\(labelText(labels)) \(cumulative)\n"
    }

    private static func typeName(_ kind: MetricDefinition.Kind) -> String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    private static func labelText(_ labels: [(name: String, value: String)]) -> String {
        if labels.isEmpty { return "" }
        return "{" + labels.map { "\($0.name)=\"\(escapedLabel($0.value))\"" }.joined(separator: ",") + "}"
    }

    private static func escapedHelp(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    private static func escapedLabel(_ text: String) -> String {
        escapedHelp(text).replacing("\"", with: "\\\"")
    }

    /// Whole numbers without a fraction, as people write them; everything else as Swift prints a Double.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) }
        return String(value)
    }
}
