/// One kind of traffic: which bearer it needs, how much it sends and how long it lasts.
///
/// Bursts and pauses are exponential. The QCI and its meaning are those of TS 23.203 Table 6.1.7-A; a
/// service whose QCI is a GBR one gets a dedicated bearer for each burst, every other shares the
/// default bearer.
package enum TrafficService: String, Sendable, Hashable, CaseIterable {
    /// Pages and feeds in bursts, default bearer.
    case web
    /// A call, QCI 1: EVS at 24.4 kbit/s each way, mean two minutes.
    case voice
    /// A camera's stream, QCI 2, that steps its rate down when the cell cannot carry it.
    case video
    /// Readings of a few hundred bytes, default bearer.
    case telemetry
    /// Remote control, QCI 3, both ways.
    case control
    /// Vehicle to network messages (CAM, DENM), default bearer.
    case vehicleMessages = "vehicle-messages"

    /// QCI 9 for what shares the default bearer.
    package var qci: UInt8 {
        switch self {
        case .voice: 1
        case .video: 2
        case .control: 3
        case .web, .telemetry, .vehicleMessages: 9
        }
    }

    /// TS 23.203 Table 6.1.7-A: 1 to 4 (and others not used here) have a guaranteed bit rate.
    package var isGBR: Bool { qci <= 4 }

    /// Bits per second down and up during a burst, best first. A GBR service whose guarantee the cell
    /// cannot keep asks for the next step (a bearer modification) and tries a better one later.
    package var rates: [(downlink: Float, uplink: Float)] {
        switch self {
        case .web: [(4_000_000, 400_000)]
        case .voice: [(24_400, 24_400)]
        case .video: [(50_000, 4_000_000), (50_000, 2_000_000), (50_000, 1_000_000), (50_000, 500_000)]
        case .telemetry: [(1_000, 2_000)]
        case .control: [(200_000, 200_000), (100_000, 100_000)]
        case .vehicleMessages: [(64_000, 64_000)]
        }
    }

    /// Mean length of a burst in seconds; `infinity` never ends.
    package var burstSeconds: Double {
        switch self {
        case .web: 12
        case .voice: 120
        case .video: 600
        case .telemetry: 1
        case .control, .vehicleMessages: .infinity
        }
    }

    /// Mean length of a pause in seconds.
    package var pauseSeconds: Double {
        switch self {
        case .web: 30
        case .voice: 600
        case .video: 60
        case .telemetry: 9
        case .control, .vehicleMessages: 0
        }
    }
}
