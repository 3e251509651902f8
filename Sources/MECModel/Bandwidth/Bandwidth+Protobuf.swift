import SwiftProtobuf

extension Weir_Bandwidth_V1_BwInfo {
    package init(_ info: BwInfo) {
        self.init()
        allocationID = info.allocationId ?? ""
        if let time = info.timeStamp { timeStamp = Google_Protobuf_Timestamp(time.time) }
        appInsID = info.appInsId
        appName = info.appName ?? ""
        requestType = Weir_Bandwidth_V1_RequestType(info.requestType)
        sessionFilter = (info.sessionFilter ?? []).map { filter in
            var message = Weir_Bandwidth_V1_SessionFilter()
            message.sourceIp = filter.sourceIp ?? ""
            message.sourcePort = filter.sourcePort ?? ""
            message.dstAddress = filter.dstAddress ?? ""
            message.dstPort = filter.dstPort ?? ""
            message.protocol = filter.protocol ?? ""
            return message
        }
        if info.fixedBWPriority != nil, let priority = info.priority {
            fixedBwPriority = UInt32(clamping: priority)
        }
        fixedAllocation = info.bitsPerSecond ?? 0
        allocationDirection = Weir_Bandwidth_V1_AllocationDirection(info.allocationDirection)
        if let time = info.expiryDeadline { expiryDeadline = Google_Protobuf_Timestamp(time.time) }
    }
}

extension Weir_Bandwidth_V1_BwAllocationEvent {
    package init(_ event: BwAllocationEvent) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(event.timeStamp.time)
        change =
            switch event.change {
            case .created: .created
            case .updated: .updated
            case .deleted: .deleted
            case .expired: .expired
            case .preempted: .preempted
            }
        bwInfo = Weir_Bandwidth_V1_BwInfo(event.bwInfo)
    }
}

extension Weir_Bandwidth_V1_MtsSessionInfo {
    package init(_ session: MtsSessionInfo) {
        self.init()
        sessionID = session.sessionId ?? ""
        if let time = session.timeStamp { timeStamp = Google_Protobuf_Timestamp(time.time) }
        appInsID = session.appInsId
        appName = session.appName ?? ""
        requestType = Weir_Bandwidth_V1_RequestType(session.requestType)
        flowFilter = session.flowFilter.map { filter in
            var message = Weir_Bandwidth_V1_FlowFilter()
            message.sourceIp = filter.sourceIp ?? ""
            if let value = filter.sourcePort { message.sourcePort = value }
            message.dstIp = filter.dstIp ?? ""
            if let value = filter.dstPort { message.dstPort = value }
            if let value = filter.protocol { message.protocol = value }
            if let value = filter.dscp { message.dscp = value }
            if let value = filter.flowlabel { message.flowlabel = value }
            return message
        }
        var qos = Weir_Bandwidth_V1_QosD()
        if let value = session.qosD.minTpt { qos.minTpt = value }
        if let value = session.qosD.maxLatency { qos.maxLatency = value }
        if let value = session.qosD.maxLoss { qos.maxLoss = value }
        if let value = session.qosD.maxJitter { qos.maxJitter = value }
        if let value = session.qosD.priority { qos.priority = value }
        qosD = qos
        mtsMode = session.mtsMode.rawValue
        trafficDirection = Weir_Bandwidth_V1_AllocationDirection(session.trafficDirection)
        accessID = session.accessId ?? []
    }
}

extension Weir_Bandwidth_V1_MtsCapabilityInfo {
    package init(_ info: MtsCapabilityInfo) {
        self.init()
        if let time = info.timeStamp { timeStamp = Google_Protobuf_Timestamp(time.time) }
        mtsAccessInfo = info.mtsAccessInfo.map { access in
            var message = Weir_Bandwidth_V1_MtsAccessInfo()
            message.accessID = access.accessId
            message.accessType = access.accessType
            message.metered = access.metered
            return message
        }
        mtsMode = info.mtsMode.map(\.rawValue)
    }
}

extension Weir_Bandwidth_V1_RequestType {
    fileprivate init(_ type: BwRequestType) {
        self = type == .sessionSpecific ? .sessionSpecific : .applicationSpecific
    }
}

extension Weir_Bandwidth_V1_AllocationDirection {
    fileprivate init(_ direction: BwDirection) {
        self =
            switch direction {
            case .downlink: .downlink
            case .uplink: .uplink
            case .symmetrical: .symmetrical
            }
    }
}
