import MECModel
import SwiftProtobuf

// What a client sends, as the bandwidth service takes it. Empty texts are absent members.

extension BwInfo {
    init(_ message: Weir_Bandwidth_V1_BwInfo) throws {
        self.init(
            appInsId: message.appInsID,
            requestType: try BwRequestType(message.requestType, "bw_info.request_type"),
            fixedAllocation: message.fixedAllocation,
            allocationDirection: try BwDirection(message.allocationDirection, "bw_info.allocation_direction")
        )
        if !message.appName.isEmpty { appName = message.appName }
        if !message.sessionFilter.isEmpty { sessionFilter = message.sessionFilter.map(BwSessionFilter.init) }
        if message.hasFixedBwPriority { fixedBWPriority = "\(message.fixedBwPriority)" }
        if message.hasExpiryDeadline { expiryDeadline = TimeStamp(message.expiryDeadline) }
    }
}

extension BwSessionFilter {
    init(_ message: Weir_Bandwidth_V1_SessionFilter) {
        self.init(
            sourceIp: message.sourceIp.isEmpty ? nil : message.sourceIp,
            dstAddress: message.dstAddress.isEmpty ? nil : message.dstAddress
        )
        if !message.sourcePort.isEmpty { sourcePort = message.sourcePort }
        if !message.dstPort.isEmpty { dstPort = message.dstPort }
        if !message.protocol.isEmpty { `protocol` = message.protocol }
    }
}

extension BwRequestType {
    /// Application specific where nothing is said.
    init(_ message: Weir_Bandwidth_V1_RequestType, _ field: String) throws {
        switch message {
        case .unspecified, .applicationSpecific: self = .applicationSpecific
        case .sessionSpecific: self = .sessionSpecific
        case .UNRECOGNIZED(let number): throw CallRefusal.bad(field, "found \(number), which is none")
        }
    }
}

extension BwDirection {
    init(_ message: Weir_Bandwidth_V1_AllocationDirection, _ field: String) throws {
        switch message {
        case .downlink: self = .downlink
        case .uplink: self = .uplink
        case .symmetrical: self = .symmetrical
        case .unspecified, .UNRECOGNIZED:
            throw CallRefusal.bad(
                field,
                "expected DOWNLINK, UPLINK or SYMMETRICAL, found \(message.rawValue)"
            )
        }
    }
}

extension BwQuery {
    init(_ message: Weir_Bandwidth_V1_ListRequest) {
        self.init()
        if !message.appInsID.isEmpty { appInsIds = message.appInsID }
        if !message.appName.isEmpty { appNames = message.appName }
        if !message.id.isEmpty { sessionIds = message.id }
    }
}

extension MtsSessionInfo {
    init(_ message: Weir_Bandwidth_V1_MtsSessionInfo) throws {
        guard let mode = MtsMode(rawValue: message.mtsMode) else {
            throw CallRefusal.bad("session.mts_mode", "expected 0 to 4, found \(message.mtsMode)")
        }
        self.init(
            appInsId: message.appInsID,
            requestType: try BwRequestType(message.requestType, "session.request_type"),
            flowFilter: message.flowFilter.map(MtsFlowFilter.init),
            qosD: MtsQosD(message.qosD),
            mtsMode: mode,
            trafficDirection: try BwDirection(message.trafficDirection, "session.traffic_direction")
        )
        if !message.appName.isEmpty { appName = message.appName }
    }
}

extension MtsFlowFilter {
    init(_ message: Weir_Bandwidth_V1_FlowFilter) {
        self.init(
            sourceIp: message.sourceIp.isEmpty ? nil : message.sourceIp,
            dstIp: message.dstIp.isEmpty ? nil : message.dstIp
        )
        if message.hasSourcePort { sourcePort = message.sourcePort }
        if message.hasDstPort { dstPort = message.dstPort }
        if message.hasProtocol { `protocol` = message.protocol }
        if message.hasDscp { dscp = message.dscp }
        if message.hasFlowlabel { flowlabel = message.flowlabel }
    }
}

extension MtsQosD {
    init(_ message: Weir_Bandwidth_V1_QosD) {
        self.init(
            minTpt: message.hasMinTpt ? message.minTpt : nil,
            maxLatency: message.hasMaxLatency ? message.maxLatency : nil
        )
        if message.hasMaxLoss { maxLoss = message.maxLoss }
        if message.hasMaxJitter { maxJitter = message.maxJitter }
        if message.hasPriority { priority = message.priority }
    }
}
