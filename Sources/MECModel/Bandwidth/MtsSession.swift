/// An access network that traffic can be steered to, MEC 015.
package struct MtsAccessInfo: Sendable, Hashable, Codable {
    package var accessId: UInt32
    /// The GS's numbers: 0 unknown, 1 WLAN, 2 cellular, 3 fixed, 11 to 15 and 31 to 33 in detail.
    package var accessType: UInt32
    /// 0 not metered, 1 metered, 2 unknown.
    package var metered: UInt32

    package init(accessId: UInt32, accessType: UInt32, metered: UInt32) {
        self.accessId = accessId
        self.accessType = accessType
        self.metered = metered
    }
}

/// MEC 015 `mtsMode`: what steering looks for.
package enum MtsMode: UInt32, Sendable, Hashable, Codable, CaseIterable {
    /// The access that is not metered, where there is one.
    case lowCost = 0
    case lowLatency = 1
    /// The most room, several accesses together if need be.
    case highThroughput = 2
    /// Every access carries everything.
    case redundancy = 3
    /// The first access that has what `qosD` asks for.
    case qos = 4
}

/// What steering can do here, MEC 015.
package struct MtsCapabilityInfo: Sendable, Hashable, Codable {
    package var timeStamp: TimeStamp?
    package var mtsAccessInfo: [MtsAccessInfo]
    package var mtsMode: [MtsMode]

    package init(timeStamp: TimeStamp?, mtsAccessInfo: [MtsAccessInfo], mtsMode: [MtsMode]) {
        self.timeStamp = timeStamp
        self.mtsAccessInfo = mtsAccessInfo
        self.mtsMode = mtsMode
    }
}

/// What picks out one flow, MEC 015. Absent members do not narrow.
package struct MtsFlowFilter: Sendable, Hashable, Codable {
    package var sourceIp: String?
    package var sourcePort: UInt32?
    package var dstIp: String?
    package var dstPort: UInt32?
    package var `protocol`: UInt32?
    package var dscp: UInt32?
    package var flowlabel: UInt32?

    package init(sourceIp: String? = nil, dstIp: String? = nil) {
        self.sourceIp = sourceIp
        self.dstIp = dstIp
    }
}

/// What a steered flow needs, MEC 015.
package struct MtsQosD: Sendable, Hashable, Codable {
    /// kbit/s.
    package var minTpt: UInt32?
    /// Units of 10 nanoseconds, one way.
    package var maxLatency: UInt32?
    /// Exponent x of a loss rate of 1/10^x.
    package var maxLoss: UInt32?
    /// Units of 10 nanoseconds.
    package var maxJitter: UInt32?
    /// 0 low, 1 medium, 2 high, 3 critical.
    package var priority: UInt32?

    package init(minTpt: UInt32? = nil, maxLatency: UInt32? = nil) {
        self.minTpt = minTpt
        self.maxLatency = maxLatency
    }
}

/// A steered application or flow, MEC 015.
package struct MtsSessionInfo: Sendable, Hashable, Codable {
    /// Given by the service.
    package var sessionId: String?
    package var timeStamp: TimeStamp?
    package var appInsId: String
    package var appName: String?
    package var requestType: BwRequestType
    package var flowFilter: [MtsFlowFilter]
    package var qosD: MtsQosD
    package var mtsMode: MtsMode
    package var trafficDirection: BwDirection
    /// The accesses that the steering chose, in order; Weir's own, given by the service.
    package var accessId: [UInt32]?

    package init(
        appInsId: String,
        requestType: BwRequestType = .applicationSpecific,
        flowFilter: [MtsFlowFilter] = [],
        qosD: MtsQosD = MtsQosD(),
        mtsMode: MtsMode,
        trafficDirection: BwDirection
    ) {
        self.appInsId = appInsId
        self.requestType = requestType
        self.flowFilter = flowFilter
        self.qosD = qosD
        self.mtsMode = mtsMode
        self.trafficDirection = trafficDirection
    }
}

extension MtsSessionInfo {
    /// `flowFilter` is for FLOW_SPECIFIC only and `qosD` for mode 4, so what has no use for them may leave them out,
    /// although the official description lists both as required.
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        sessionId = try members.decodeIfPresent(String.self, forKey: .sessionId)
        timeStamp = try members.decodeIfPresent(TimeStamp.self, forKey: .timeStamp)
        appInsId = try members.decode(String.self, forKey: .appInsId)
        appName = try members.decodeIfPresent(String.self, forKey: .appName)
        requestType = try members.decode(BwRequestType.self, forKey: .requestType)
        flowFilter = try members.decodeIfPresent([MtsFlowFilter].self, forKey: .flowFilter) ?? []
        qosD = try members.decodeIfPresent(MtsQosD.self, forKey: .qosD) ?? MtsQosD()
        mtsMode = try members.decode(MtsMode.self, forKey: .mtsMode)
        trafficDirection = try members.decode(BwDirection.self, forKey: .trafficDirection)
        accessId = try members.decodeIfPresent([UInt32].self, forKey: .accessId)
    }
}
