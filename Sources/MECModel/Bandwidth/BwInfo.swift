/// Whom an allocation or a steering session is for, MEC 015 `requestType`.
package enum BwRequestType: Int, Sendable, Hashable, Codable {
    case applicationSpecific = 0
    case sessionSpecific = 1
}

/// MEC 015 `allocationDirection`: which way the bytes go.
package enum BwDirection: String, Sendable, Hashable, Codable, CaseIterable {
    /// Towards the terminal.
    case downlink = "00"
    /// Towards the application.
    case uplink = "01"
    case symmetrical = "10"

    package var usesDownlink: Bool { self != .uplink }
    package var usesUplink: Bool { self != .downlink }
}

/// What picks out one session, MEC 015. Absent members do not narrow.
package struct BwSessionFilter: Sendable, Hashable, Codable {
    package var sourceIp: String?
    package var sourcePort: String?
    package var dstAddress: String?
    package var dstPort: String?
    /// Protocol number.
    package var `protocol`: String?

    package init(sourceIp: String? = nil, dstAddress: String? = nil) {
        self.sourceIp = sourceIp
        self.dstAddress = dstAddress
    }
}

/// A bandwidth allocation, MEC 015.
package struct BwInfo: Sendable, Hashable, Codable {
    /// Given by the service.
    package var allocationId: String?
    package var timeStamp: TimeStamp?
    package var appInsId: String
    package var appName: String?
    package var requestType: BwRequestType
    package var sessionFilter: [BwSessionFilter]?
    /// The GS leaves the values open. Weir: "0", the first to yield, to "7", the last; "3" where absent.
    package var fixedBWPriority: String?
    /// Bits per second, decimal.
    package var fixedAllocation: String
    package var allocationDirection: BwDirection
    /// When the allocation ends by itself; Weir's own, the GS has none.
    package var expiryDeadline: TimeStamp?

    package init(
        appInsId: String,
        requestType: BwRequestType = .applicationSpecific,
        fixedAllocation: UInt64,
        allocationDirection: BwDirection
    ) {
        self.appInsId = appInsId
        self.requestType = requestType
        self.fixedAllocation = String(fixedAllocation)
        self.allocationDirection = allocationDirection
    }

    /// The terminal's address where the allocation is for one session in one direction: what goes down goes to it,
    /// what goes up comes from it.
    package var terminalAddress: String? {
        guard let filters = sessionFilter, filters.count == 1, let filter = filters.first else { return nil }
        return switch allocationDirection {
        case .downlink: filter.dstAddress
        case .uplink: filter.sourceIp
        case .symmetrical: nil
        }
    }

    /// Bits per second; `nil` where the text is no such number.
    package var bitsPerSecond: UInt64? { UInt64(fixedAllocation) }
    /// 0…7; `nil` where the text is no such number.
    package var priority: Int? {
        guard let fixedBWPriority else { return 3 }
        return Int(fixedBWPriority).flatMap { (0...7).contains($0) ? $0 : nil }
    }
}

/// What is to change of an allocation, MEC 015: what is absent stays. A whole BwInfo with its identifier
/// may be sent instead.
package struct BwInfoDeltas: Sendable, Hashable, Codable {
    package var allocationId: String
    package var appInsId: String?
    package var requestType: BwRequestType?
    package var sessionFilter: [BwSessionFilter]?
    package var fixedBWPriority: String?
    package var fixedAllocation: String?
    package var allocationDirection: BwDirection?
    package var expiryDeadline: TimeStamp?

    package init(allocationId: String) { self.allocationId = allocationId }

    package func applied(to info: BwInfo) -> BwInfo {
        var info = info
        if let appInsId { info.appInsId = appInsId }
        if let requestType { info.requestType = requestType }
        if let sessionFilter { info.sessionFilter = sessionFilter }
        if let fixedBWPriority { info.fixedBWPriority = fixedBWPriority }
        if let fixedAllocation { info.fixedAllocation = fixedAllocation }
        if let allocationDirection { info.allocationDirection = allocationDirection }
        if let expiryDeadline { info.expiryDeadline = expiryDeadline }
        return info
    }
}

/// Which resources a query is about. What is absent does not narrow.
package struct BwQuery: Sendable, Hashable, Codable {
    package var appInsIds: [String]?
    package var appNames: [String]?
    /// Identifiers of allocations, or of steering sessions.
    package var sessionIds: [String]?

    package init() {}

    package func matches(appInsId: String, appName: String?, id: String?) -> Bool {
        (appInsIds?.contains(appInsId) ?? true)
            && (appNames.map { names in appName.map(names.contains) ?? false } ?? true)
            && (sessionIds.map { ids in id.map(ids.contains) ?? false } ?? true)
    }
}

/// What happened to an allocation.
package enum BwChange: String, Sendable, Hashable, Codable, CaseIterable {
    case created = "CREATED"
    case updated = "UPDATED"
    case deleted = "DELETED"
    case expired = "EXPIRED"
    /// Taken back for an allocation of higher priority.
    case preempted = "PREEMPTED"
}

/// An allocation changed. Weir's own: MEC 015 V2.2.1 has no notifications.
package struct BwAllocationEvent: Sendable, Hashable, Codable {
    package var notificationType = "BwAllocationNotification"
    package var timeStamp: TimeStamp
    package var change: BwChange
    package var bwInfo: BwInfo

    package init(timeStamp: TimeStamp, change: BwChange, bwInfo: BwInfo) {
        self.timeStamp = timeStamp
        self.change = change
        self.bwInfo = bwInfo
    }
}
