package import MECModel

/// The links of a site and what may be asked of them.
package struct BandwidthSettings: Sendable {
    /// An access network: a link with a capacity in each direction.
    package struct Link: Sendable, Hashable {
        /// MEC 015 `accessId`; unique.
        package var id: UInt32 = 1
        /// MEC 015 `accessType`: 0 unknown, 1 WLAN, 2 cellular, 3 fixed, 11 to 15 and 31 to 33 in detail.
        package var accessType: UInt32 = 3
        package var isMetered = false
        /// Bits per second towards the terminals that may be allocated.
        package var downlink: UInt64 = 1_000_000_000
        /// Bits per second towards the applications that may be allocated.
        package var uplink: UInt64 = 1_000_000_000
        /// One way, for steering by latency.
        package var latency: Duration = .milliseconds(1)
        /// The interface through which this machine sends towards the terminals: the kernel then holds the
        /// allocations, and all else that leaves it, to ``downlink``. `nil` leaves the kernel alone.
        package var downlinkInterface: String?
        /// The same towards the applications, and ``uplink``.
        package var uplinkInterface: String?

        package init() {}
    }

    /// Where an application instance sends from.
    package struct Application: Sendable, Hashable {
        package var appInsId = ""
        package var addresses: [IPAddress] = []

        package init() {}
    }

    /// In the order in which allocations are tried on them.
    package var links: [Link] = [Link()]
    /// Those whose packets the kernel is to tell by their addresses.
    package var applications: [Application] = []
    /// How often data that the kernel counted is told of, while somebody listens.
    package var volumeInterval: Duration = .seconds(10)
    /// Allocations and steering sessions together; one more is refused.
    package var maximumResources = 10_000
    /// Session filters or flow filters of one of them.
    package var maximumFilters = 16

    package init() {}

    /// Whether the kernel is to keep allocations on some interface.
    package var shapesTraffic: Bool {
        links.contains { $0.downlinkInterface != nil || $0.uplinkInterface != nil }
    }
}
