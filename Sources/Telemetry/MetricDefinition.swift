/// What one metric is: declared once, in the file that names all metrics of its area.
///
/// Names are a noun first, then base units (`seconds`, `bytes`), `_total` for counters. Label values come from
/// small fixed sets, never from a topic or a client identifier: anybody can invent those.
package struct MetricDefinition: Sendable, Hashable {
    /// How Prometheus treats the values.
    package enum Kind: Sendable, Hashable {
        /// Only grows, from 0 at the start of the process.
        case counter
        case gauge
        /// Upper bounds of the buckets, ascending, in the metric's unit; the last bucket, +Inf, is implied.
        case histogram(bounds: [Double])
    }

    package let name: String
    /// One sentence for the operator.
    package let help: String
    package let kind: Kind
    /// Names of the labels, in the order in which values are given.
    package let labels: [String]

    package init(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }
}
