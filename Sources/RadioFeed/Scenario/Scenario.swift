package import MECModel

/// A radio network and those who move in it, as values: what the simulation starts from.
///
/// It is read from Weir's own YAML (``ScenarioFile``) or an AdvantEDGE file (``AdvantEDGEFile``), or
/// generated (``SyntheticCity``). Positions in arrays are the links between its parts.
package struct Scenario: Sendable {
    package var name: String
    /// What the file asks for; the settings may ask for another.
    package var seed: UInt64?
    package var mobility = MobilitySettings()
    package var zones: [Zone] = []
    package var sites: [Site] = []
    package var cells: [Cell] = []
    package var terminals: [Terminal] = []
    /// What the file says that could not be used, each with its line.
    package var warnings: [FeedWarning] = []

    package init(name: String) {
        self.name = name
    }

    /// How many of each a scenario may have; a file with more is refused.
    package struct Limits: Sendable {
        package var zones = 10_000
        package var sites = 50_000
        package var cells = 100_000
        package var terminals = 200_000
        package var pointsInPath = 100_000
        /// Bytes of a scenario file.
        package var fileBytes = 64 * 1024 * 1024

        package init() {}
    }

    package struct Zone: Sendable, Hashable {
        /// zoneId of MEC 013.
        package var id: String

        package init(id: String) { self.id = id }
    }

    /// A mast, roof or pole: sectors on it share their shadow fading, TR 38.901 7.5 step 4.
    package struct Site: Sendable, Hashable {
        package var name: String
        package var position: GeoPoint
        /// Metres above ground.
        package var height: Float
        package var propagation: PropagationModel

        package init(name: String, position: GeoPoint, height: Float, propagation: PropagationModel) {
            self.name = name
            self.position = position
            self.height = height
            self.propagation = propagation
        }
    }

    /// A cell or a Wi-Fi access point.
    package struct Cell: Sendable, Hashable {
        package var name: String
        package var identity: CellIdentity
        /// Place in ``Scenario/sites``.
        package var site: Int
        /// Place in ``Scenario/zones``.
        package var zone: Int?
        package var carrier: Carrier
        package var arfcn: UInt32?
        package var physicalCellId: UInt16?
        /// Total transmit power in dBm.
        package var power: Float
        package var antenna: Antenna
        /// Planned reach in metres, only told to others.
        package var radius: Double?
        /// Terminals that it takes before it rejects a handover.
        package var terminalsMax: Int
        /// Share of resource blocks that users outside the scenario take, 0…1.
        package var backgroundLoad: Float

        package init(
            name: String,
            identity: CellIdentity,
            site: Int,
            zone: Int?,
            carrier: Carrier,
            power: Float,
            antenna: Antenna
        ) {
            self.name = name
            self.identity = identity
            self.site = site
            self.zone = zone
            self.carrier = carrier
            self.power = power
            self.antenna = antenna
            terminalsMax = 1_000
            backgroundLoad = 0.2
        }
    }

    package struct Terminal: Sendable {
        /// Unique in the scenario; one topic level.
        package var name: String
        package var addresses: [IPAddress] = []
        package var kind: TerminalKind
        /// Metres above ground.
        package var height: Float
        package var shelter: Shelter
        package var capabilities: Capabilities
        package var services: [TrafficService]
        /// One point stands still.
        package var path: [GeoPoint]
        package var halts: [TravelPath.Halt] = []
        package var pathEnd: PathEnd = .loop
        /// Metres per second.
        package var speed: Double
        /// Where on its way the terminal starts, as a share of one turn, 0..<1.
        package var start: Double = 0

        package init(name: String, kind: TerminalKind, path: [GeoPoint]) {
            self.name = name
            self.kind = kind
            self.path = path
            height = kind.height
            shelter = kind.shelter
            capabilities = [.eutra, .nr]
            services = kind.services
            speed = kind.speed
        }
    }

    /// What radio a terminal has.
    package struct Capabilities: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let eutra = Capabilities(rawValue: 1)
        package static let nr = Capabilities(rawValue: 2)
        package static let wifi = Capabilities(rawValue: 4)

        package func has(_ access: RadioAccess) -> Bool {
            switch access {
            case .eutra: contains(.eutra)
            case .nr: contains(.nr)
            case .wifi: contains(.wifi)
            }
        }
    }
}
