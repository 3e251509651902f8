import MECModel
import RadioFeed

/// A source driven by a false clock, with what it said and what was warned of.
struct Replayed {
    let inventory: RadioInventory
    var batch: RadioBatch
    var warnings = FeedWarnings(
        {
            var settings = FeedWarnings.Settings()
            settings.burst = 1_000
            return settings
        }()
    )
    var warned: [FeedWarning] = []
    let text: EventText

    init() throws {
        let inventory = RadioInventory()
        self.inventory = inventory
        batch = RadioBatch(source: try inventory.source("test"))
        text = EventText(inventory: inventory)
    }

    /// Seconds since 1970 of the false clock's beginning.
    static let start = RadioTime(seconds: 2_000)

    mutating func run(_ source: inout some RadioSource, to seconds: Double, slice: Double = 0.25) {
        var at = 0.0
        while at <= seconds {
            source.advance(to: Self.start.advanced(bySeconds: at), into: &batch, warnings: &warnings)
            warned += warnings.take()
            at += slice
        }
    }

    /// Seconds after the start and the event without its time.
    var lines: [String] {
        zip(text.lines(batch), batch.events).map { line, event in
            let seconds = Double(event.time.nanoseconds(since: Self.start)) / 1e9
            return "\(seconds) " + line.split(separator: " ", maxSplits: 1)[1]
        }
    }

    /// Lines but definitions.
    var facts: [String] { lines.filter { !$0.contains(" defined ") } }

    var reasons: [FeedWarning.Reason] { warned.map(\.reason) }
}
