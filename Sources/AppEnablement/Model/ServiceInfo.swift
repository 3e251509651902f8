package import MECModel

/// ServiceState, MEC 011 8.1.6.2.
package enum ServiceState: String, Hashable, Sendable, Codable, CaseIterable {
    case active = "ACTIVE"
    case inactive = "INACTIVE"
    /// Only Weir says so: a heartbeat did not come.
    case suspended = "SUSPENDED"
}

/// LocalityType, MEC 011 8.1.6.5.
package enum LocalityType: String, Hashable, Sendable, Codable, CaseIterable {
    case mecSystem = "MEC_SYSTEM"
    case mecHost = "MEC_HOST"
    case nfviPop = "NFVI_POP"
    case zone = "ZONE"
    case zoneGroup = "ZONE_GROUP"
    case nfviNode = "NFVI_NODE"
}

/// ServiceInfo, MEC 011 8.1.2.2.
package struct ServiceInfo: Hashable, Sendable, Codable {
    package struct Links: Hashable, Sendable, Codable {
        package var resource: LinkType
        package var liveness: LinkType?

        private enum CodingKeys: String, CodingKey {
            case resource = "self"
            case liveness
        }

        package init(resource: LinkType, liveness: LinkType? = nil) {
            self.resource = resource
            self.liveness = liveness
        }
    }

    /// Chosen by Weir; what a request says is not taken.
    package var serInstanceId: String?
    package var serName: String
    package var serCategory: CategoryRef?
    package var version: String
    package var state: ServiceState
    package var transportId: String?
    package var transportInfo: TransportInfo?
    /// SerializerType, 8.1.6.3; extensible, so any text.
    package var serializer: String
    package var scopeOfLocality: LocalityType?
    package var consumedLocalOnly: Bool?
    package var isLocal: Bool?
    /// Seconds between heartbeats; 0 or none: there are none.
    package var livenessInterval: UInt32?
    /// Written by Weir; what a request says is not taken.
    package var _links: Links?

    package init(
        serInstanceId: String? = nil,
        serName: String,
        serCategory: CategoryRef? = nil,
        version: String,
        transportInfo: TransportInfo? = nil,
        serializer: String
    ) {
        self.serInstanceId = serInstanceId
        self.serName = serName
        self.serCategory = serCategory
        self.version = version
        self.state = .active
        self.transportInfo = transportInfo
        self.serializer = serializer
    }

    /// Heartbeats further apart than this say nothing.
    package static let livenessIntervalMax: UInt32 = 86_400

    package func check() throws(RequestFault) {
        try requireText(serName, "serName")
        try requireText(version, "version")
        try requireText(serializer, "serializer")
        switch (transportId, transportInfo) {
        case (nil, nil):
            throw .invalid("transportInfo", expected: "transportInfo or transportId", found: "neither")
        case (.some, .some):
            throw .invalid("transportId", expected: "transportInfo or transportId", found: "both")
        default: break
        }
        if let transportInfo {
            try requireText(transportInfo.id, "transportInfo.id")
            try requireText(transportInfo.type, "transportInfo.type")
            try transportInfo.endpoint.check("transportInfo.endpoint")
            if let info = transportInfo.implSpecificInfo, !info.isObject {
                throw .invalid(
                    "transportInfo.implSpecificInfo",
                    expected: "an object",
                    found: "another value"
                )
            }
        }
        if state == .suspended {
            throw .invalid(
                "state",
                expected: "ACTIVE or INACTIVE",
                found: "SUSPENDED, which only the platform says"
            )
        }
        if let livenessInterval, livenessInterval > Self.livenessIntervalMax {
            throw .invalid(
                "livenessInterval",
                expected: "seconds, at most \(Self.livenessIntervalMax)",
                found: "\(livenessInterval)"
            )
        }
    }
}

/// ServiceLivenessUpdate, MEC 011 8.1.2.5.
package struct ServiceLivenessUpdate: Hashable, Sendable, Codable {
    package var state: ServiceState

    package init(state: ServiceState) { self.state = state }
}

/// ServiceLivenessInfo, MEC 011 8.1.2.4.
package struct ServiceLivenessInfo: Hashable, Sendable, Codable {
    package var state: ServiceState
    /// Of the last heartbeat or change of state.
    package var timeStamp: TimeStamp
    package var interval: UInt32

    package init(state: ServiceState, timeStamp: TimeStamp, interval: UInt32) {
        self.state = state
        self.timeStamp = timeStamp
        self.interval = interval
    }
}

/// Which services, MEC 011 8.2.3.3.1. What is empty does not narrow; all that is given must hold.
package struct ServiceQuery: Hashable, Sendable {
    package var serInstanceIds: Set<String> = []
    package var serNames: Set<String> = []
    package var serCategoryId: String?
    package var scopeOfLocality: LocalityType?
    package var consumedLocalOnly: Bool?
    package var isLocal: Bool?

    package init() {}

    package func matches(_ service: ServiceInfo) -> Bool {
        (serInstanceIds.isEmpty || service.serInstanceId.map(serInstanceIds.contains) ?? false)
            && (serNames.isEmpty || serNames.contains(service.serName))
            && (serCategoryId == nil || serCategoryId == service.serCategory?.id)
            && (scopeOfLocality == nil || scopeOfLocality == service.scopeOfLocality)
            && (consumedLocalOnly == nil || consumedLocalOnly == service.consumedLocalOnly)
            && (isLocal == nil || isLocal == service.isLocal)
    }
}

/// What happened to a service, MEC 011 8.1.4.2.
package enum ServiceChange: String, Hashable, Sendable, Codable, CaseIterable {
    case added = "ADDED"
    case removed = "REMOVED"
    case stateChanged = "STATE_CHANGED"
    case attributesChanged = "ATTRIBUTES_CHANGED"
}
