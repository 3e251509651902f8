/// The topics of the bandwidth service: MEC 015 has none of its own, so they follow MEC 012's Annex A in style.
package enum BandwidthTopics {
    package static func root(_ encoding: BodyEncoding) -> String {
        encoding == .json ? "mec/v1/json/bwm/" : "mec/v1/pb/bwm/"
    }

    /// Something happened to an allocation.
    package static let allocationChange = "/bwm/allocation/change"

    package static func allocationChange(_ encoding: BodyEncoding, application: String, id: String) -> String
    {
        "\(root(encoding))allocation_change/\(LocationTopics.level(application))/\(id)"
    }

    /// The change event of MEC 015 V3.1.1.
    package static let changeEvent = "/bwm/bw_chg_event"

    package static func changeEvent(_ encoding: BodyEncoding, application: String) -> String {
        "\(root(encoding))bw_chg_event/\(LocationTopics.level(application))"
    }

    /// The allocation itself; retained in JSON, so that it is there after a restart.
    package static func allocationState(_ encoding: BodyEncoding, id: String) -> String {
        "\(root(encoding))state/allocation/\(id)"
    }

    package static func sessionState(_ encoding: BodyEncoding, id: String) -> String {
        "\(root(encoding))state/mts_session/\(id)"
    }

    package static func capabilityState(_ encoding: BodyEncoding) -> String {
        "\(root(encoding))state/mts_capability_info"
    }

    package enum Request: String, Sendable, CaseIterable {
        case allocationCreate = "allocation/create"
        case allocationUpdate = "allocation/update"
        case allocationDelete = "allocation/delete"
        case allocationList = "allocation/list"
        case sessionCreate = "mts_session/create"
        case sessionUpdate = "mts_session/update"
        case sessionDelete = "mts_session/delete"
        case sessionList = "mts_session/list"
        case capability = "mts_capability_info/get"

        package var topic: String { "mec/v1/json/bwm/request/" + rawValue }
    }

    package static let channels: [TopicChannel] =
        [
            TopicChannel(
                name: "bwAllocationChange",
                address: allocationChange,
                role: .event,
                encoding: .json,
                message: "BwAllocationEvent",
                summary: "A bandwidth allocation began, changed or ended.",
                reference: "ETSI GS MEC 015 V2.2.1, type BwInfo"
            ),
            TopicChannel(
                name: "bwChgEvent",
                address: changeEvent,
                role: .event,
                encoding: .json,
                message: "BwChgEventNotification",
                summary: "An application's bandwidth changed, or data was moved with it.",
                reference: "ETSI GS MEC 015 V3.1.1, type BwChgEventNotification"
            ),
        ] + BodyEncoding.allCases.flatMap(encodedChannels) + Request.allCases.map(requestChannel)

    private static func encodedChannels(_ encoding: BodyEncoding) -> [TopicChannel] {
        func channel(
            _ name: String,
            _ address: String,
            _ role: TopicChannel.Role,
            _ message: String,
            _ summary: String
        ) -> TopicChannel {
            TopicChannel(
                name: name + encoding.channelSuffix,
                address: address,
                role: role,
                encoding: encoding,
                message: encoding == .json ? message : "weir.bandwidth.v1.\(message)",
                summary: summary,
                reference: "ETSI GS MEC 015 V2.2.1, type \(message)"
            )
        }
        return [
            channel(
                "bwAllocationChange",
                root(encoding) + "allocation_change/{application}/{allocation}",
                .event,
                "BwAllocationEvent",
                "A bandwidth allocation began, changed or ended, by application."
            ),
            channel(
                "bwChgEvent",
                root(encoding) + "bw_chg_event/{application}",
                .event,
                "BwChgEventNotification",
                "An application's bandwidth changed, or data was moved with it, by application."
            ),
            channel(
                "bwAllocationState",
                allocationState(encoding, id: "{allocation}"),
                .state,
                "BwInfo",
                "A bandwidth allocation in force; cleared when it ends."
            ),
            channel(
                "mtsSessionState",
                sessionState(encoding, id: "{session}"),
                .state,
                "MtsSessionInfo",
                "A traffic steering session in force; cleared when it ends."
            ),
            channel(
                "mtsCapabilityState",
                capabilityState(encoding),
                .state,
                "MtsCapabilityInfo",
                "The access networks that traffic can be steered to, and how."
            ),
        ]
    }

    private static func requestChannel(_ request: Request) -> TopicChannel {
        let (name, message, summary, reference): (String, String, String, String) =
            switch request {
            case .allocationCreate:
                (
                    "bwAllocationCreate", "BwInfo", "Asks for an allocation; the answer has its identifier.",
                    "6.2.1"
                )
            case .allocationUpdate:
                ("bwAllocationUpdate", "BwInfoDeltas", "Changes an allocation.", "6.2.2")
            case .allocationDelete:
                ("bwAllocationDelete", "ResourceReference", "Ends an allocation.", "6.2.3")
            case .allocationList:
                ("bwAllocationList", "BwQuery", "Asks which allocations there are.", "6.2.5")
            case .sessionCreate:
                ("mtsSessionCreate", "MtsSessionInfo", "Asks for traffic to be steered.", "6.2.7")
            case .sessionUpdate:
                ("mtsSessionUpdate", "MtsSessionInfo", "Replaces a traffic steering session.", "6.2.8")
            case .sessionDelete:
                ("mtsSessionDelete", "ResourceReference", "Ends a traffic steering session.", "6.2.9")
            case .sessionList:
                ("mtsSessionList", "BwQuery", "Asks which traffic steering sessions there are.", "6.2.10")
            case .capability:
                ("mtsCapability", "Empty", "Asks what traffic can be steered to, and how.", "6.2.6")
            }
        return TopicChannel(
            name: name,
            address: request.topic,
            role: .request,
            encoding: .json,
            message: message,
            summary: summary,
            reference: "ETSI GS MEC 015 V2.2.1 clause \(reference)"
        )
    }
}
