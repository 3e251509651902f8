package import MECModel

/// A live srsRAN gNB: its metrics from a UDP port or from a file that something writes them to.
package struct BaseStationSource: RadioSource {
    package enum Transport: Sendable {
        case udp(UDPReceiver)
        case file(FileTail, path: String)
    }

    package let name: String
    private var transport: Transport
    private var metrics: SRSRANMetrics
    private let pollSeconds: Double
    private let messageBytesMax: Int
    /// Reports in one call at the most, 1…100,000.
    private let reportsMax: Int
    private var next: RadioTime

    /// - Parameter pollSeconds: How often the socket or file is looked at, 0.01…60.
    package init(
        _ transport: Transport,
        settings: SRSRANMetrics.Settings,
        pollSeconds: Double = 0.1,
        reportsMax: Int = 1_000,
        start: RadioTime,
        inventory: RadioInventory
    ) {
        name = "base station \(settings.name)"
        self.transport = transport
        metrics = SRSRANMetrics(settings, inventory: inventory)
        messageBytesMax = settings.messageBytesMax
        self.pollSeconds = max(0.01, min(60, pollSeconds))
        self.reportsMax = max(1, min(100_000, reportsMax))
        next = start
    }

    package var nextTime: RadioTime? { next }

    package mutating func advance(
        to now: RadioTime,
        into batch: inout RadioBatch,
        warnings: inout FeedWarnings
    ) {
        guard next <= now else { return }
        next = now.advanced(bySeconds: pollSeconds)
        do {
            switch transport {
            case .udp(let receiver):
                for _ in 0..<reportsMax {
                    guard let (bytes, peer) = try receiver.receive(bytesMax: 65_535) else { break }
                    metrics.receive(bytes, place: "gnb \(peer)", at: now, into: &batch, warnings: &warnings)
                }
            case .file(var tail, let path):
                defer { transport = .file(tail, path: path) }
                for line in try tail.lines(atMost: reportsMax) {
                    let place = "\(path):\(line.number)"
                    if let bytes = line.bytes {
                        metrics.receive(bytes, place: place, at: now, into: &batch, warnings: &warnings)
                    } else {
                        warnings.report(
                            FeedWarning(
                                .tooLarge,
                                at: place,
                                "a line longer than \(messageBytesMax) bytes is skipped"
                            ),
                            at: now
                        )
                    }
                }
            }
        } catch {
            warnings.report(FeedWarning(.inputOutput, at: name, "\(error); it is tried again"), at: now)
            next = now.advanced(bySeconds: max(1, pollSeconds))
        }
        metrics.advance(to: now, into: &batch)
    }

    package mutating func retire(at now: RadioTime, into batch: inout RadioBatch) {
        metrics.retire(at: now, into: &batch)
    }
}
