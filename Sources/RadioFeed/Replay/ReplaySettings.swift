package import MECModel

/// How a trace is played.
package struct ReplaySettings: Sendable, Hashable {
    /// Trace seconds per second, 0.001…10,000.
    package var speed = 1.0
    /// Begins anew at the end.
    package var loop = false
    /// Seconds; a longer gap between two rows is cut to that, 0.001…86,400.
    package var gapMaxSeconds = 60.0
    /// Field to column name, for what differs from the tool's own names.
    package var columns: [String: String] = [:]
    /// The network of the cells, which such files do not name.
    package var plmn: Plmn
    /// The terminal's name; `nil` takes the file's.
    package var terminal: String?
    /// Its address, if any.
    package var address: IPAddress?
    /// Rows in one call at the most, 1…1,000,000.
    package var rowsMax = 10_000

    package init(plmn: Plmn) { self.plmn = plmn }

    /// What is out of range, in words; `nil` when all is well.
    package var problem: String? {
        if !(0.001...10_000).contains(speed) { return "speed is 0.001…10000, found \(speed)" }
        if !(0.001...86_400).contains(gapMaxSeconds) {
            return "gapMaxSeconds is 0.001…86400, found \(gapMaxSeconds)"
        }
        if !(1...1_000_000).contains(rowsMax) { return "rowsMax is 1…1000000, found \(rowsMax)" }
        return nil
    }
}

/// Maps the times of a trace to those of the clock.
struct ReplayClock: Sendable {
    private let speed: Double
    private let gapMax: Double
    /// By the clock, and in the trace, of the row before.
    private var last: RadioTime
    private var lastTrace: Double?

    init(start: RadioTime, settings: ReplaySettings) {
        speed = settings.speed
        gapMax = settings.gapMaxSeconds
        last = start
    }

    /// When a row of the trace is due.
    ///
    /// - Parameter trace: Seconds by the trace's own clock.
    /// - Returns: `nil` when the trace goes back in time.
    mutating func due(_ trace: Double) -> RadioTime? {
        defer { if trace >= lastTrace ?? trace { lastTrace = trace } }
        guard let lastTrace else { return last }
        guard trace >= lastTrace else { return nil }
        last = last.advanced(bySeconds: min(trace - lastTrace, gapMax) / speed)
        return last
    }

    /// A new turn begins, one second (by the trace) after the last row.
    mutating func turn() {
        lastTrace = nil
        last = last.advanced(bySeconds: min(1, gapMax) / speed)
    }
}
