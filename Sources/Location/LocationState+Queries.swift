package import MECModel

extension LocationState {
    /// Users at access points of the site, MEC 013 7.3. What is empty does not narrow.
    package func users(
        zoneIds: Set<String> = [],
        accessPointIds: Set<String> = [],
        addresses: Set<String> = []
    ) -> [UserInfo] {
        let candidates =
            addresses.isEmpty
            ? users.indices.map { TerminalIndex(UInt32($0)) }
            : addresses.compactMap { usersByAddress[$0] }.sorted()
        return candidates.compactMap { terminal in
            guard let info = userInfo(terminal), let accessPoint = info.accessPointId else { return nil }
            if !zoneIds.isEmpty, !(info.zoneId.map(zoneIds.contains) ?? false) { return nil }
            return accessPointIds.isEmpty || accessPointIds.contains(accessPoint) ? info : nil
        }
    }

    func userInfo(_ terminal: TerminalIndex) -> UserInfo? {
        guard let user = self[terminal] else { return nil }
        return UserInfo(
            name: user.name,
            address: user.address,
            terminal: user.terminal,
            accessPointId: user.cell.flatMap { self[$0]?.accessPointId },
            zoneId: zoneId(zone(of: user.cell)),
            timestamp: max(user.attachedAt, user.place?.timestamp ?? user.attachedAt),
            locationInfo: user.place
        )
    }

    /// Zones, MEC 013 7.4. An empty list is all of them.
    package func zoneList(zoneIds: Set<String> = []) -> [ZoneInfo] {
        zones.indices.compactMap { offset in
            guard let zoneId = zones[offset]?.zoneId, zoneIds.isEmpty || zoneIds.contains(zoneId) else {
                return nil
            }
            return zoneInfo(ZoneIndex(UInt32(offset)))
        }
    }

    func zoneInfo(_ zone: ZoneIndex) -> ZoneInfo? {
        guard zone.offset < zones.count, let known = zones[zone.offset] else { return nil }
        let members = accessPoints.lazy.compactMap { $0 }.filter { $0.definition.zone == zone }
        return ZoneInfo(
            zoneId: known.zoneId,
            numberOfAccessPoints: members.count { _ in true },
            numberOfUnserviceableAccessPoints: members.count { $0.status == .unserviceable },
            numberOfUsers: known.users
        )
    }

    /// Access points of a zone, MEC 013 7.6. `nil` when there is no such zone.
    package func accessPointList(zoneId: String, accessPointIds: Set<String> = []) -> [AccessPointInfo]? {
        guard let offset = zones.firstIndex(where: { $0?.zoneId == zoneId }) else { return nil }
        let zone = ZoneIndex(UInt32(offset))
        return accessPoints.compactMap { accessPoint in
            guard let accessPoint, accessPoint.definition.zone == zone else { return nil }
            guard accessPointIds.isEmpty || accessPointIds.contains(accessPoint.accessPointId) else {
                return nil
            }
            return info(accessPoint)
        }
    }

    func info(_ accessPoint: AccessPoint) -> AccessPointInfo {
        AccessPointInfo(
            accessPointId: accessPoint.accessPointId,
            zoneId: zoneId(accessPoint.definition.zone) ?? LocationTopics.noZone,
            access: accessPoint.definition.identity.access,
            operationStatus: accessPoint.status,
            numberOfUsers: accessPoint.users,
            position: accessPoint.definition.position
        )
    }

    /// Metres between two users, or a user and a place, MEC 013 7.2; `nil` where a place is unknown.
    package func distance(from address: String, to other: String) -> TerminalDistance? {
        guard let a = place(of: address), let b = place(of: other) else { return nil }
        return TerminalDistance(
            distance: Geodesy.distance(a.point, b.point),
            accuracy: Self.sum(a.accuracy, b.accuracy),
            timestamp: min(a.timestamp, b.timestamp)
        )
    }

    package func distance(from address: String, to point: GeoPoint) -> TerminalDistance? {
        guard let a = place(of: address) else { return nil }
        return TerminalDistance(
            distance: Geodesy.distance(a.point, point),
            accuracy: a.accuracy.map(Double.init),
            timestamp: a.timestamp
        )
    }

    private static func sum(_ a: Float?, _ b: Float?) -> Double? {
        guard let a, let b else { return nil }
        return Double(a) + Double(b)
    }
}

/// TerminalDistance, MEC 013 6.2.
package struct TerminalDistance: Hashable, Sendable {
    /// Metres.
    package var distance: Double
    /// Metres, where both places' accuracies are known.
    package var accuracy: Double?
    package var timestamp: RadioTime

    package func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("distance", Int(exactly: distance.rounded()) ?? 0)
        writer.member("accuracy", accuracy.flatMap { Int(exactly: $0.rounded(.up)) })
        writer.member("timestamp", timestamp)
        writer.endObject()
    }
}
