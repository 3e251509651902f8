import Collector
import FoundationEssentials

/// Reads what is new in the collector's database, and tells the tally.
package final class ArrivalReader {
    private let url: String
    private let run: String
    private let tally: SharedTally
    private var database: (any CollectorDatabase)?
    /// How far each lane was read.
    private var read: [Int64: UInt64] = [:]
    private let decoder = JSONDecoder()

    /// - Parameter url: of the database that the collector writes.
    package init(url: String, run: String, tally: SharedTally) {
        self.url = url
        self.run = run
        self.tally = tally
    }

    /// Whether a message is one of another run or none of the demo's.
    private struct Numbered: Decodable {
        var run: String
        var device: String
        var number: UInt64
    }

    /// Reads up to what is stored now.
    package func catchUp() throws {
        let database = try self.database ?? CollectorDatabases.open(url)
        self.database = database
        for lane in try database.status().flatMap(\.lanes) {
            while true {
                let after = read[lane.id] ?? 0
                let events = try database.events(
                    lane: lane.id,
                    after: after,
                    to: lane.coverage.watermark,
                    limit: 5_000
                )
                guard let last = events.last else { break }
                read[lane.id] = last.sequence
                for event in events {
                    guard let message = try? decoder.decode(Numbered.self, from: Data(event.payload)),
                        message.run == run
                    else { continue }
                    tally.with { $0.arrived(message.device, message.number) }
                }
            }
        }
    }
}
