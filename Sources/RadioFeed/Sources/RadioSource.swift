package import MECModel

/// Where radio facts come from: a machine without clock, thread or socket of its own.
package protocol RadioSource: Sendable {
    /// As the inventory and the log know it: "scenario monaco", "trace drive.csv".
    var name: String { get }

    /// When it has something to do next; `nil` when it has come to its end.
    var nextTime: RadioTime? { get }

    /// Does what is due by `now` and appends what happened, in the order of time.
    ///
    /// Never throws for what a source said: nonsense is reported to `warnings` and skipped.
    mutating func advance(to now: RadioTime, into batch: inout RadioBatch, warnings: inout FeedWarnings)

    /// Takes back what it said: terminals and, where nobody else speaks of them, cells and zones.
    ///
    /// For the end of a source while the service goes on.
    mutating func retire(at now: RadioTime, into batch: inout RadioBatch)
}
