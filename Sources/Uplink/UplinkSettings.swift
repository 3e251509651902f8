package import Journal

/// The way to the cloud. Without ``url`` there is none, and nothing is kept for it.
package struct UplinkSettings: Sendable, Equatable {
    /// What goes over the wire.
    package enum Mode: String, Sendable, CaseIterable {
        /// Compressed batches for a collector, which says what it stored.
        case batches
        /// One MQTT message for each event, for brokers that feed something else. Stored is what the broker took.
        case messages
    }

    /// The site's name in the cloud; a second site of this name is refused there.
    package var site = "site"
    /// Of the cloud broker: mqtt://HOST:PORT or mqtts://HOST:PORT.
    package var url: String?
    package var mode = Mode.batches
    /// First levels of the topics that are spoken to the collector, and of unpacked messages.
    package var prefix = "weir/v1"
    package var connection = ConnectionSettings()
    /// Bytes of a batch on the wire, at most; the link may ask for less.
    package var batchBytes = 256 << 10
    /// Batches that may be on their way at once.
    package var inFlight = 8
    /// zstd's level.
    package var compressionLevel = 3
    /// Bytes per second; `nil` is no cap.
    package var rate: UInt64?
    /// The cap while the link is metered; `nil` is no other cap.
    package var meteredRate: UInt64?
    /// Caps by time of day, which replace ``rate`` while they hold.
    package var schedule: [RateWindow] = []
    /// Time between signs of life.
    package var heartbeat = Duration.seconds(10)
    package var offlineAfter = Duration.seconds(20)
    package var degradedRoundTrip = Duration.seconds(2)
    package var backoffShortest = Duration.seconds(1)
    package var backoffLongest = Duration.seconds(60)
    /// Bytes of batches kept that the far side refused for good; the oldest go first.
    package var deadLetterBytes: UInt64 = 64 << 20
    /// The site's own modem, as the radio network information service names it in topics.
    package var backhaulTerminal: String?
    package var lanes: [LaneSettings] = []
    package var downlink: [DownlinkSettings] = []

    package init() {}
}

/// How to reach the broker of a cloud.
package struct ConnectionSettings: Sendable, Equatable {
    package enum Version: String, Sendable, CaseIterable {
        case v5 = "5"
        case v311 = "3.1.1"
    }

    package var version = Version.v5
    /// Empty: one is made of the site's name.
    package var clientID = ""
    package var username: String?
    /// A file whose first line is the password.
    package var passwordFile: String?
    package var keepAlive = Duration.seconds(15)
    package var caFile: String?
    package var caDirectory: String?
    package var certificateFile: String?
    package var keyFile: String?

    package init() {}
}

/// A cap on the bytes per second between two times of day.
package struct RateWindow: Sendable, Equatable {
    /// Minutes after midnight, local time. `from` after `to` goes over midnight.
    package var from = 0
    package var to = 0
    package var rate: UInt64 = 0

    package init() {}

    package func contains(minute: Int) -> Bool {
        from <= to ? (from..<to).contains(minute) : minute >= from || minute < to
    }
}

/// A set of topics that goes to the cloud in order, with its own rules.
package struct LaneSettings: Sendable, Equatable {
    package var name = ""
    package var filters: [String] = []
    /// 0…9; higher goes first.
    package var priority = 4
    /// Percent of the link that the lane gets whatever others have to send.
    package var minimumShare = 5
    package var bytesMaximum: UInt64 = 1 << 30
    package var ageMaximum: Duration?
    package var whenFull = FullPolicy.dropOldest
    package var durability = Durability.fsync
    /// How long an event waits for company.
    package var linger = Duration.milliseconds(200)
    package var thinning = ThinningSettings()
    /// Reference signal received power of the backhaul cell, dBm, below which the lane waits; `nil` never waits.
    package var radioMinimum: Int?

    package init() {}
}

/// What is left out before sending.
package struct ThinningSettings: Sendable, Equatable {
    package enum Mode: String, Sendable, CaseIterable {
        case none
        /// Each ``every``-th event of a topic.
        case sample
        /// At most one event of a topic in ``interval``.
        case interval
        /// The last event of a topic in each window of ``interval``.
        case last
        /// Count, minimum, maximum and mean of a number in each window of ``interval``.
        case window
    }

    package enum Format: String, Sendable, CaseIterable {
        case json
        case protobuf
    }

    package var mode = Mode.none
    package var every = 10
    package var interval = Duration.seconds(10)
    /// What the payloads are, for ``Mode/window``.
    package var format = Format.json
    /// Where the number stands in a payload: names (JSON) or field numbers (protobuf) separated by dots; empty, a JSON
    /// payload is the number.
    package var field = ""

    package init() {}
}

/// Topics of the cloud that come down to the site's bus.
package struct DownlinkSettings: Sendable, Equatable {
    /// At the cloud broker.
    package var filter = ""
    /// Put in front of the topic on the site's bus.
    package var prefix = ""
    /// Taken from the front of the cloud's topic first.
    package var strip = ""

    package init() {}
}
