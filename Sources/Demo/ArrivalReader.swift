import Collector
import FoundationEssentials
import SwiftProtobuf

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

    /// Whose message it is and which; `nil` for one of another run, or of somebody else.
    private func identify(_ event: StoredEvent) -> (device: String, number: UInt64)? {
        if event.topic.hasPrefix("telemetry/") {
            let message = try? Weir_Telemetry_V1_Telemetry(serializedBytes: event.payload)
            guard let message, message.deviceID.hasSuffix(run) else { return nil }
            return (message.deviceID, message.sequence)
        }
        let message = try? decoder.decode(TerminalFleet.Telemetry.self, from: Data(event.payload))
        guard let message, message.run == run else { return nil }
        return (message.device, message.number)
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
                    guard let (device, number) = identify(event) else { continue }
                    tally.with { $0.arrived(device, number) }
                }
            }
        }
    }
}
