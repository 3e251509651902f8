/// What one scenario measured.
///
/// What was not measured, or has no meaning in the scenario, is `nil`.
package struct ScenarioResult: Codable, Sendable, Equatable {
    /// The scenario's name with its variant, such as `fan-in QoS 1`.
    package var scenario: String
    package var published: UInt64 = 0
    package var delivered: UInt64 = 0
    package var acknowledged: UInt64 = 0
    /// Wall-clock seconds of the measured part.
    package var seconds: Double = 0
    /// What ``cpuMicroseconds`` and ``rate`` count: deliveries, acknowledgements or connects.
    package var unit: String = "delivery"
    /// Units in the measured part.
    package var units: UInt64 = 0
    /// Units per second of wall-clock time.
    package private(set) var rate: Double = 0
    /// CPU time of the broker per unit, in microseconds.
    package var cpuMicroseconds: Double?
    /// CPU time of the broker's busiest thread per unit, in microseconds.
    ///
    /// What bounds the broker's rate where each of its threads has a processor of its own: two shards serve as
    /// many times what one does as this falls.
    package var busiestThreadMicroseconds: Double?
    /// CPU time of each of the broker's threads as a share of ``seconds``, the busiest first.
    package var threadShares: [Double] = []
    /// CPU time of the generator per unit, in microseconds: well below the broker's, or the generator was the limit.
    package var generatorMicroseconds: Double = 0

    /// Microseconds from publish to delivery (or to acknowledgement, or from connect to CONNACK).
    package var latency: Latency?
    /// Resident memory of the broker per connection, in bytes.
    package var residentBytesPerConnection: Double?
    package var residentBytesPerSubscription: Double?
    /// Resident memory of the broker at its highest while the scenario ran, in bytes.
    package var residentBytesMax: UInt64?

    package var lost: UInt64 = 0
    package var repeatedOrLate: UInt64 = 0
    package var foreign: UInt64 = 0
    /// Messages per write of the generator and per read of it: how far the traffic was pipelined.
    package var messagesPerRead: Double?

    package struct Latency: Codable, Sendable, Equatable {
        package var p50: Double
        package var p99: Double
        package var p999: Double
        package var max: Double

        init?(_ histogram: LatencyHistogram) {
            guard let p50 = histogram.quantile(0.5), let p99 = histogram.quantile(0.99),
                let p999 = histogram.quantile(0.999)
            else { return nil }
            self.p50 = Double(p50) / 1000
            self.p99 = Double(p99) / 1000
            self.p999 = Double(p999) / 1000
            max = Double(histogram.maximum) / 1000
        }
    }

    package init(scenario: String) { self.scenario = scenario }

    /// Takes over what the measured part cost; ``units`` is set already.
    mutating func spend(seconds: Double, threads: BrokerProbe.Threads?, own: UInt64) {
        self.seconds = seconds
        rate = seconds > 0 ? Double(units) / seconds : 0
        guard units > 0 else { return }
        generatorMicroseconds = Double(own) / 1000 / Double(units)
        guard let threads else { return }
        cpuMicroseconds = Double(threads.total) / 1000 / Double(units)
        busiestThreadMicroseconds = threads.nanoseconds.values.max().map { Double($0) / 1000 / Double(units) }
        threadShares = threads.nanoseconds.values.sorted(by: >)
            .map { Clock.seconds($0) / max(seconds, 0.000_001) }
            .filter { $0 >= 0.01 }
    }

    /// Nothing was lost, came again, or came out of order.
    package var isClean: Bool { lost == 0 && repeatedOrLate == 0 && foreign == 0 }
}
