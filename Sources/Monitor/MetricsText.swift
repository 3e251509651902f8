/// The samples of a page in the Prometheus text format.
package struct MetricsText: Sendable {
    /// Series by the metric's name, in the page's order.
    private var series: [String: [(labels: [String: String], value: Double)]] = [:]

    /// Reads a page; lines that are none of a sample's are passed over, since pages may come to hold more.
    package init(_ page: String) {
        for line in page.split(whereSeparator: \.isNewline) where line.first != "#" {
            guard let (name, labels, value) = Self.sample(line) else { continue }
            series[name, default: []].append((labels, value))
        }
    }

    /// Whether anything was understood.
    package var isEmpty: Bool { series.isEmpty }

    /// The sum over all series of a metric; `nil` where there is none.
    package func sum(_ name: String) -> Double? {
        series[name].map { $0.reduce(0) { $0 + $1.value } }
    }

    /// The sums of a metric by the values of one label, in the page's order.
    package func sums(_ name: String, by label: String) -> [(label: String, value: Double)] {
        var sums: [(label: String, value: Double)] = []
        for (labels, value) in series[name] ?? [] {
            let key = labels[label] ?? ""
            if let index = sums.firstIndex(where: { $0.label == key }) {
                sums[index].value += value
            } else {
                sums.append((key, value))
            }
        }
        return sums
    }

    /// `name{label="value",…} number`
    private static func sample(_ line: Substring) -> (String, [String: String], Double)? {
        var rest = line
        let name = rest.prefix { $0 != "{" && $0 != " " }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            while let first = rest.first, first != "}" {
                let key = rest.prefix { $0 != "=" }
                rest = rest.dropFirst(key.count + 1)
                guard rest.first == "\"" else { return nil }
                rest.removeFirst()
                guard let value = quoted(&rest) else { return nil }
                labels[String(key)] = value
                if rest.first == "," { rest.removeFirst() }
            }
            guard rest.first == "}" else { return nil }
            rest.removeFirst()
        }
        // A time stamp may follow the value.
        guard !name.isEmpty, let text = rest.split(separator: " ").first, let value = number(text) else {
            return nil
        }
        return (String(name), labels, value)
    }

    /// The rest of a label's value, up to its quotation mark, which is taken too.
    private static func quoted(_ rest: inout Substring) -> String? {
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                value.append(escaped == "n" ? "\n" : escaped)
            default: value.append(character)
            }
        }
        return nil
    }

    private static func number(_ text: Substring) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: Double(text)
        }
    }
}
