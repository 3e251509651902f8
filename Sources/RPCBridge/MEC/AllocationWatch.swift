import MECModel
import SwiftProtobuf

extension Weir_Bandwidth_V1_WatchAllocationsRequest.Open: WatchOpening {}

extension Weir_Bandwidth_V1_WatchAllocationsRequest: WatchRequest {
    var opening: Open? {
        guard case .open(let open) = request else { return nil }
        return open
    }
}

/// Which changes of bandwidth allocations one call wants.
package struct AllocationWatch: Sendable {
    private static let maximum = 100
    /// The field of `AllocationChange` that the event's payload is.
    private static let bodyField = 2

    private let applications: [String]
    private let allocations: Set<String>
    private let changes: Set<Weir_Bandwidth_V1_BwChange>

    /// - Throws: ``CallRefusal`` that names what is too long.
    package init(_ open: Weir_Bandwidth_V1_WatchAllocationsRequest.Open) throws {
        guard open.appInsID.count <= Self.maximum, open.allocationID.count <= Self.maximum else {
            throw CallRefusal.bad("app_ins_id", "expected at most 100, and at most 100 of allocation_id")
        }
        applications = open.appInsID
        allocations = Set(open.allocationID)
        changes = Set(open.change)
    }

    var plan: WatchPlan {
        WatchPlan(filters: topicFilters) { isWanted([UInt8]($0.payload)) ? Self.bodyField : nil }
    }

    package var topicFilters: [String] {
        guard !applications.isEmpty else {
            return [BandwidthTopics.root(.protobuf) + "allocation_change/#"]
        }
        return Set(applications).map {
            BandwidthTopics.allocationChange(.protobuf, application: $0, id: "+")
        }.sorted()
    }

    package func isWanted(_ payload: [UInt8]) -> Bool {
        guard let event = try? Weir_Bandwidth_V1_BwAllocationEvent(serializedBytes: payload) else {
            return false
        }
        return (applications.isEmpty || applications.contains(event.bwInfo.appInsID))
            && (allocations.isEmpty || allocations.contains(event.bwInfo.allocationID))
            && (changes.isEmpty || changes.contains(event.change))
    }
}
