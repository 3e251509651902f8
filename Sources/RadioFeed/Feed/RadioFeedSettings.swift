package import MECModel

/// Which sources feed the site, and how. Any number may run beside each other.
package struct RadioFeedSettings: Sendable {
    /// A simulated radio network.
    package struct ScenarioFeed: Sendable, Hashable {
        /// A file in Weir's or AdvantEDGE's format; `nil` is the Monaco scenario that Weir carries.
        package var file: String?
        /// With ``syntheticTerminals`` above 0: a made-up city with so many cells instead of a file.
        package var syntheticCells = 1_000
        package var syntheticTerminals = 0
        /// Simulated seconds per second, 0.001…1,000. Times of events run at that pace too.
        package var speed = 1.0
        package var simulation = SimulationSettings()

        package init() {}
    }

    /// A drive test of one terminal.
    package struct DriveTestFeed: Sendable, Hashable {
        package var file: String
        package var replay: ReplaySettings

        package init(file: String, replay: ReplaySettings) {
            self.file = file
            self.replay = replay
        }
    }

    /// Measurements of a base station, a file for each terminal.
    package struct KPMFeed: Sendable, Hashable {
        package var files: [String]
        /// The base station's cell.
        package var cell: CellIdentity
        package var replay: ReplaySettings

        package init(files: [String], cell: CellIdentity, replay: ReplaySettings) {
            self.files = files
            self.cell = cell
            self.replay = replay
        }
    }

    /// A live gNB of srsRAN Project.
    package struct BaseStationFeed: Sendable, Hashable {
        package enum Transport: Sendable, Hashable {
            /// srsRAN sends to 127.0.0.1:55555 unless told otherwise.
            case udp(address: String, port: UInt16)
            /// A file that something appends the reports to, a line each.
            case file(String)
        }

        package var transport: Transport
        package var gnb: SRSRANMetrics.Settings
        /// How often the socket or file is looked at, 0.01…60.
        package var pollSeconds = 0.1

        package init(transport: Transport, gnb: SRSRANMetrics.Settings) {
            self.transport = transport
            self.gnb = gnb
        }
    }

    /// The Monaco scenario unless the configuration says otherwise; empty for none.
    package var scenarios: [ScenarioFeed] = [ScenarioFeed()]
    package var driveTests: [DriveTestFeed] = []
    package var kpms: [KPMFeed] = []
    package var baseStations: [BaseStationFeed] = []
    /// `nil` reads nothing from MQTT.
    package var ran: RanInput.Settings? = RanInput.Settings()
    package var warnings = FeedWarnings.Settings()
    package var limits = Scenario.Limits()
    package var inventory = RadioInventory.Limits()

    package init() {}
}

/// A feed that cannot start: the operator must act.
package struct RadioFeedError: Error, Sendable, Equatable, CustomStringConvertible {
    package var message: String

    package init(_ message: String) { self.message = message }
    package var description: String { message }
}
