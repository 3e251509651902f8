/// The values of all metrics at one moment. Values given twice for the same labels are added, so that each shard
/// can give its own.
package struct MetricsSnapshot: Sendable {
    /// One time series: the values of the labels, and the value.
    struct Series: Sendable {
        var labels: [String]
        var value: Value
    }

    enum Value: Sendable {
        case number(Double)
        case histogram(Histogram)
    }

    struct Family: Sendable {
        var definition: MetricDefinition
        var series: [Series]
    }

    private(set) var families: [Family] = []
    private var indexByName: [String: Int] = [:]

    package init() {}

    /// Adds `value` to the series of `metric` with these label values.
    package mutating func add(_ metric: MetricDefinition, _ value: Double, _ labels: String...) {
        update(metric, labels) { old in
            if case .number(let sum) = old { return .number(sum + value) }
            return .number(value)
        }
    }

    package mutating func add(_ metric: MetricDefinition, _ value: some BinaryInteger, _ labels: String...) {
        update(metric, labels) { old in
            if case .number(let sum) = old { return .number(sum + Double(value)) }
            return .number(Double(value))
        }
    }

    /// Adds the observations of `histogram`; its bounds are those of the metric's definition.
    package mutating func add(_ metric: MetricDefinition, _ histogram: Histogram, _ labels: String...) {
        update(metric, labels) { old in
            guard case .histogram(var sum) = old else { return .histogram(histogram) }
            sum.add(histogram)
            return .histogram(sum)
        }
    }

    private mutating func update(_ metric: MetricDefinition, _ labels: [String], _ change: (Value?) -> Value)
    {
        precondition(labels.count == metric.labels.count, "\(metric.name) has the labels \(metric.labels)")
        let family: Int
        if let known = indexByName[metric.name] {
            family = known
        } else {
            family = families.count
            indexByName[metric.name] = family
            families.append(Family(definition: metric, series: []))
        }
        if let index = families[family].series.firstIndex(where: { $0.labels == labels }) {
            families[family].series[index].value = change(families[family].series[index].value)
        } else {
            families[family].series.append(Series(labels: labels, value: change(nil)))
        }
    }
}

/// Counts of observations per bucket. One thread's own: shards keep theirs and hand out copies.
package struct Histogram: Sendable, Equatable {
    /// One count per bound, and one for what is above the last.
    package private(set) var counts: [UInt64]
    package private(set) var sum: Double = 0

    /// - Parameter boundCount: How many bounds the definition has.
    package init(boundCount: Int) {
        counts = Array(repeating: 0, count: boundCount + 1)
    }

    /// From counts kept elsewhere, one per bound and one for what is above the last.
    package init(counts: [UInt64], sum: Double) {
        self.counts = counts
        self.sum = sum
    }

    package mutating func observe(_ value: Double, bounds: [Double]) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        guard index < counts.count else { return }
        counts[index] &+= 1
        sum += value
    }

    package mutating func add(_ other: Histogram) {
        for index in 0..<min(counts.count, other.counts.count) { counts[index] &+= other.counts[index] }
        sum += other.sum
    }
}
