/// What sort of thing a terminal is: it sets how it moves, where its antenna is and what it sends.
package enum TerminalKind: String, Sendable, Hashable, CaseIterable {
    case pedestrian
    case car
    case bus
    case train
    case boat
    case drone
    /// A measuring point that stands still.
    case sensor
    /// A fixed video camera.
    case camera

    /// Metres above ground, where the scenario does not say.
    package var height: Float {
        switch self {
        case .pedestrian, .car, .sensor: 1.5
        case .bus, .train, .boat: 3
        case .camera: 6
        case .drone: 60
        }
    }

    /// Metres per second, where the scenario does not say.
    package var speed: Double {
        switch self {
        case .pedestrian: 1.4
        case .car: 11
        case .bus: 8
        case .train: 20
        case .boat: 3
        case .drone: 8
        case .sensor, .camera: 0
        }
    }

    package var shelter: Shelter {
        switch self {
        case .car, .bus, .train: .vehicle
        default: .outdoor
        }
    }

    package var services: [TrafficService] {
        switch self {
        case .pedestrian: [.web, .voice]
        case .car: [.vehicleMessages, .web, .voice]
        case .bus: [.vehicleMessages, .web]
        case .train: [.web, .voice]
        case .boat: [.web, .voice]
        case .drone: [.control, .video]
        case .sensor: [.telemetry]
        case .camera: [.video]
        }
    }
}
