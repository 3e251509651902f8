import Bandwidth
import Bus
import Foundation
import GRPCCore
import MECModel
import SwiftProtobuf

/// `weir.bandwidth.v1.BandwidthManagement`.
struct BandwidthCalls: Sendable {
    static let name = "weir.bandwidth.v1.BandwidthManagement"

    let bus: BusService
    let service: BandwidthService

    func register(with router: inout RPCRouter<RPCTransport>) {
        unary("CreateAllocation", .allocationCreate, &router, createAllocation)
        unary("UpdateAllocation", .allocationUpdate, &router, updateAllocation)
        unary("DeleteAllocation", .allocationDelete, &router, deleteAllocation)
        unary("ListAllocations", .allocationList, &router, listAllocations)
        unary("GetMtsCapability", .capability, &router, getMtsCapability)
        unary("CreateMtsSession", .sessionCreate, &router, createMtsSession)
        unary("UpdateMtsSession", .sessionUpdate, &router, updateMtsSession)
        unary("DeleteMtsSession", .sessionDelete, &router, deleteMtsSession)
        unary("ListMtsSessions", .sessionList, &router, listMtsSessions)
        bus.watch(
            MethodDescriptor(fullyQualifiedService: Self.name, method: "WatchAllocations"),
            &router,
            Weir_Bandwidth_V1_WatchAllocationsRequest.self
        ) { open, _ in try AllocationWatch(open).plan }
    }

    /// A call that needs the right to the same request over MQTT.
    private func unary<Input: ProtobufMessage, Output: ProtobufMessage>(
        _ method: String,
        _ request: BandwidthTopics.Request,
        _ router: inout RPCRouter<RPCTransport>,
        _ body: @escaping @Sendable (Input) async throws -> Output
    ) {
        bus.unary(MethodDescriptor(fullyQualifiedService: Self.name, method: method), &router) {
            (input: Input, caller) -> Output in
            try caller.checkPublish(request.topic)
            do {
                return try await body(input)
            } catch let fault as BandwidthFault {
                throw CallRefusal(fault)
            } catch let error as BusError {
                throw CallRefusal(error)
            }
        }
    }

    // MARK: - Allocations

    private func createAllocation(
        _ request: Weir_Bandwidth_V1_CreateAllocationRequest
    ) async throws -> Weir_Bandwidth_V1_BwInfo {
        guard request.bwInfo.allocationID.isEmpty else {
            throw CallRefusal.bad("bw_info.allocation_id", "expected none; the service gives it")
        }
        return Weir_Bandwidth_V1_BwInfo(try await service.allocate(BwInfo(request.bwInfo)))
    }

    private func updateAllocation(
        _ request: Weir_Bandwidth_V1_UpdateAllocationRequest
    ) async throws -> Weir_Bandwidth_V1_BwInfo {
        var deltas = BwInfoDeltas(allocationId: request.allocationID)
        if request.hasFixedBwPriority { deltas.fixedBWPriority = "\(request.fixedBwPriority)" }
        if request.hasFixedAllocation { deltas.fixedAllocation = "\(request.fixedAllocation)" }
        if request.hasAllocationDirection {
            deltas.allocationDirection = try BwDirection(request.allocationDirection, "allocation_direction")
        }
        if request.hasExpiryDeadline { deltas.expiryDeadline = TimeStamp(request.expiryDeadline) }
        if !request.sessionFilter.isEmpty {
            deltas.sessionFilter = request.sessionFilter.map(BwSessionFilter.init)
        }
        return Weir_Bandwidth_V1_BwInfo(try await service.change(deltas))
    }

    private func deleteAllocation(
        _ request: Weir_Bandwidth_V1_DeleteAllocationRequest
    ) async throws -> Weir_Bandwidth_V1_DeleteAllocationResponse {
        try await service.release(request.allocationID)
        return Weir_Bandwidth_V1_DeleteAllocationResponse()
    }

    private func listAllocations(
        _ request: Weir_Bandwidth_V1_ListRequest
    ) async throws -> Weir_Bandwidth_V1_ListAllocationsResponse {
        let found = await service.allocations(BwQuery(request))
        return .with { $0.bwInfo = found.map(Weir_Bandwidth_V1_BwInfo.init) }
    }

    // MARK: - Traffic steering

    private func getMtsCapability(
        _ request: Weir_Bandwidth_V1_GetMtsCapabilityRequest
    ) async throws -> Weir_Bandwidth_V1_MtsCapabilityInfo {
        Weir_Bandwidth_V1_MtsCapabilityInfo(await service.state.capability(at: RadioTime(wall: Date())))
    }

    private func createMtsSession(
        _ request: Weir_Bandwidth_V1_CreateMtsSessionRequest
    ) async throws -> Weir_Bandwidth_V1_MtsSessionInfo {
        guard request.session.sessionID.isEmpty else {
            throw CallRefusal.bad("session.session_id", "expected none; the service gives it")
        }
        return Weir_Bandwidth_V1_MtsSessionInfo(
            try await service.steer(MtsSessionInfo(request.session))
        )
    }

    private func updateMtsSession(
        _ request: Weir_Bandwidth_V1_UpdateMtsSessionRequest
    ) async throws -> Weir_Bandwidth_V1_MtsSessionInfo {
        let id = request.session.sessionID
        guard await service.state.session(id) != nil else {
            throw CallRefusal.unknownResource("steering session", id)
        }
        return Weir_Bandwidth_V1_MtsSessionInfo(
            try await service.steer(MtsSessionInfo(request.session), id: id)
        )
    }

    private func deleteMtsSession(
        _ request: Weir_Bandwidth_V1_DeleteMtsSessionRequest
    ) async throws -> Weir_Bandwidth_V1_DeleteMtsSessionResponse {
        try await service.unsteer(request.sessionID)
        return Weir_Bandwidth_V1_DeleteMtsSessionResponse()
    }

    private func listMtsSessions(
        _ request: Weir_Bandwidth_V1_ListRequest
    ) async throws -> Weir_Bandwidth_V1_ListMtsSessionsResponse {
        let found = await service.sessions(BwQuery(request))
        return .with { $0.sessions = found.map(Weir_Bandwidth_V1_MtsSessionInfo.init) }
    }
}

extension CallRefusal {
    fileprivate init(_ fault: BandwidthFault) {
        switch fault.status {
        case 404: self = .unknownResource("allocation or session", fault.detail)
        case 403: self.init(.resourceExhausted, .overQuota, "\(fault.title): \(fault.detail)")
        default: self = .bad("request", fault.detail)
        }
    }
}
