import Bandwidth
import Location
import MECModel
import MECServices
import RadioNetwork

extension ServicesSettings {
    static let schema = Schema<ServicesSettings> {
        Member.value(
            "enabled",
            \.isEnabled,
            .bool,
            "Whether the MEC services and the radio sources run; without them Weir is a plain broker."
        )
        Member.group(
            "radioNetwork",
            \.radioNetwork,
            RadioNetworkEntry.schema,
            "The radio network information service, ETSI GS MEC 012."
        )
        Member.group("location", \.location, LocationEntry.schema, "The location service, ETSI GS MEC 013.")
        Member.group(
            "bandwidth",
            \.bandwidth,
            BandwidthEntry.schema,
            "Bandwidth management and traffic steering, ETSI GS MEC 015."
        )
    }
}

extension ServicesSettings.RadioNetworkEntry {
    static let schema = Schema<ServicesSettings.RadioNetworkEntry> {
        Member.value("enabled", \.isEnabled, .bool, "Whether this service runs.")
        Member.value(
            "appInstanceId",
            \.configuration.appInstanceId,
            .text("an identifier", lengthMax: 256),
            "appInstanceId in the answers that no application asked for."
        )
        Member.value(
            "stateInterval",
            \.configuration.stateInterval,
            .duration(in: .milliseconds(10)...(.seconds(3_600))),
            "How often retained topics, …/state/…, follow what happened."
        )
        Member.value(
            "stateChangesPerInterval",
            \.configuration.stateChangesPerInterval,
            .integer(in: 1...1_000_000),
            "Retained topics written in one interval; what is beyond waits for the next, newest state only."
        )
        Member.value(
            "snapshotInterval",
            \.configuration.snapshotInterval,
            .duration(in: .milliseconds(100)...(.seconds(3_600))),
            "How often the query topics of Annex A are published while somebody listens."
        )
    }
}

extension ServicesSettings.LocationEntry {
    static let schema = Schema<ServicesSettings.LocationEntry> {
        Member.value("enabled", \.isEnabled, .bool, "Whether this service runs.")
        Member.value(
            "resourceBase",
            \.configuration.resourceBase,
            .text("a URL path", lengthMax: 1_024),
            "Precedes /queries and /subscriptions in the resource URLs of bodies."
        )
        Member.value(
            "stateInterval",
            \.configuration.stateInterval,
            .duration(in: .milliseconds(10)...(.seconds(3_600))),
            "How often retained topics, …/state/…, follow what happened, and time passes for subscriptions."
        )
        Member.value(
            "stateChangesPerInterval",
            \.configuration.stateChangesPerInterval,
            .integer(in: 1...1_000_000),
            "Retained topics of a kind written in one interval; what is beyond waits for the next, newest state only."
        )
        Member.value(
            "userStateInterval",
            \.configuration.userStateInterval,
            .duration(in: .milliseconds(100)...(.seconds(86_400))),
            "How often a user's retained state follows its moves; a change of access point is told at once."
        )
    }
}

extension ServicesSettings.BandwidthEntry {
    static let schema = Schema<ServicesSettings.BandwidthEntry> {
        Member.value("enabled", \.isEnabled, .bool, "Whether this service runs.")
        Member.list(
            "links",
            \.settings.links,
            of: BandwidthSettings.Link.schema,
            template: BandwidthSettings.Link(),
            countMax: 64,
            "Access networks, in the order in which allocations are tried on them. Without this list: one of 1 Gbit/s."
        )
        Member.list(
            "applications",
            \.settings.applications,
            of: BandwidthSettings.Application.schema,
            template: BandwidthSettings.Application(),
            countMax: 10_000,
            "Where applications send from: the allocations of those that are not named here are kept on the bus only, not on an interface."
        )
        Member.value(
            "volumeInterval",
            \.settings.volumeInterval,
            .duration(in: .milliseconds(100)...(.seconds(3_600))),
            "How often data that went through an interface by allocations is told of, while somebody listens."
        )
        Member.value(
            "maximumResources",
            \.settings.maximumResources,
            .integer(in: 1...1_000_000),
            "Allocations and steering sessions together; one more is refused."
        )
        Member.value(
            "maximumFilters",
            \.settings.maximumFilters,
            .integer(in: 1...1_000),
            "Session filters or flow filters of one of them."
        )
    }
}

extension BandwidthSettings.Link {
    fileprivate static let schema = Schema<BandwidthSettings.Link> {
        Member.value("id", \.id, .integer(in: 0...UInt32.max), "The accessId; unique.")
        Member.value(
            "accessType",
            \.accessType,
            .integer(in: 0...255),
            "MEC 015's number: 0 unknown, 1 WLAN, 2 cellular, 3 fixed, 11 to 15 and 31 to 33 in detail."
        )
        Member.value(
            "metered",
            \.isMetered,
            .bool,
            "Whether its traffic costs money; low-cost steering avoids it."
        )
        Member.value(
            "downlink",
            \.downlink,
            .integer(in: 0...1_000_000_000_000_000),
            "Bits per second towards the terminals that may be allocated."
        )
        Member.value(
            "uplink",
            \.uplink,
            .integer(in: 0...1_000_000_000_000_000),
            "Bits per second towards the applications that may be allocated."
        )
        Member.value(
            "latency",
            \.latency,
            .duration(in: .zero...(.seconds(10))),
            "One way, for steering by latency."
        )
        Member.value(
            "downlinkInterface",
            \.downlinkInterface,
            .optional(.text("a network interface", lengthMax: 15)),
            "The interface through which this machine sends to the terminals. Weir then makes an HTB queueing discipline on it, which holds allocations to their rates and everything together to downlink; needs CAP_NET_ADMIN and iproute2.",
            example: "eth1"
        )
        Member.value(
            "uplinkInterface",
            \.uplinkInterface,
            .optional(.text("a network interface", lengthMax: 15)),
            "The same towards the applications, and uplink.",
            example: "eth0"
        )
    }
}

extension BandwidthSettings.Application {
    fileprivate static let schema = Schema<BandwidthSettings.Application> {
        Member.value(
            "appInsId",
            \.appInsId,
            .text("an identifier", lengthMax: 256),
            "The application instance.",
            required: true,
            example: "video-wall"
        )
        Member.value(
            "addresses",
            \.addresses,
            .list(.ipAddress, countMax: 16),
            "Its addresses.",
            required: true,
            example: "[192.0.2.7]"
        )
    }
}

extension SettingType where Value == IPAddress {
    fileprivate static var ipAddress: SettingType {
        SettingType(
            name: "address",
            expectation: "an IPv4 or IPv6 address without port or prefix",
            text: { IPAddress($0) },
            format: { quoted($0.description) }
        )
    }
}
