import Location
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
