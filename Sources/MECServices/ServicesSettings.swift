package import Bandwidth
package import Location
package import RadioNetwork

/// Which MEC services run, and how.
package struct ServicesSettings: Sendable {
    /// MEC 012.
    package struct RadioNetworkEntry: Sendable {
        package var isEnabled = true
        package var configuration = RadioNetworkService.Configuration()
    }

    /// MEC 013.
    package struct LocationEntry: Sendable {
        package var isEnabled = true
        package var configuration = LocationService.Configuration()
    }

    /// MEC 015.
    package struct BandwidthEntry: Sendable {
        package var isEnabled = true
        package var settings = BandwidthSettings()
    }

    /// Off turns off all of them, and the radio sources with them.
    package var isEnabled = true
    package var radioNetwork = RadioNetworkEntry()
    package var location = LocationEntry()
    package var bandwidth = BandwidthEntry()

    package init() {}

    /// Whether anybody wants to hear of radio facts.
    package var needsRadio: Bool { isEnabled && (radioNetwork.isEnabled || location.isEnabled) }
}
