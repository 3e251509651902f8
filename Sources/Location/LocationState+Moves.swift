import MECModel

// Users coming to and leaving access points and zones.

extension LocationState {
    /// The user's access point is `cell` from now on.
    mutating func move(
        _ terminal: TerminalIndex,
        to cell: CellIndex?,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let user = self[terminal], user.cell != cell else { return }
        let (oldZone, newZone) = (zone(of: user.cell), zone(of: cell))
        let suffix = LocationTopics.suffix(zone: zoneId(newZone), user: user.name)
        users[terminal.offset]?.cell = cell
        users[terminal.offset]?.attachedAt = time
        users[terminal.offset]?.suffix = suffix
        markUrgent(terminal)
        if let old = user.cell {
            count(old, -1, time, now, &outlet)
            tellEvent(.leaving, user, old, oldZone, time, &outlet)
        }
        if oldZone != newZone {
            count(oldZone, -1, time, now, &outlet)
            tellZone(.leaving, user, oldZone, time, now, &outlet)
            count(newZone, 1, time, now, &outlet)
        }
        if let cell {
            count(cell, 1, time, now, &outlet)
            tellEvent(.entering, user, cell, newZone, time, &outlet)
        }
        if oldZone != newZone { tellZone(.entering, user, newZone, time, now, &outlet) }
        for slot in eventSlots[user.address] ?? [] {
            watchEvent(slot, user, from: user.cell, to: cell, time, now, &outlet)
        }
    }

    // MARK: - To everybody

    private func tellEvent(
        _ event: LocationEventType,
        _ user: User,
        _ cell: CellIndex,
        _ zone: ZoneIndex?,
        _ time: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let accessPointId = self[cell]?.accessPointId else { return }
        let zoneId = zoneId(zone)
        let suffix = LocationTopics.suffix(zone: zoneId, accessPoint: accessPointId, user: user.name)
        let audience = outlet.audience(for: .userLocationEvent, suffix: suffix)
        guard !audience.isEmpty else { return }
        var body = UserLocationEventNotification(
            timeStamp: time,
            name: user.name,
            address: user.address,
            event: event
        )
        body.zoneId = zoneId
        body.accessPointId = accessPointId
        outlet.emit(.userLocationEvent(body), to: audience, suffix: suffix)
    }

    private mutating func tellZone(
        _ event: LocationEventType,
        _ user: User,
        _ zone: ZoneIndex?,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let zoneId = zoneId(zone) else { return }
        let body = ZoneLocationEventNotification(
            timeStamp: time,
            name: user.name,
            address: user.address,
            event: event,
            zoneId: zoneId
        )
        let suffix = LocationTopics.suffix(zone: zoneId, user: user.name)
        let audience = outlet.audience(for: .zoneLocationEvent, suffix: suffix)
        if !audience.isEmpty { outlet.emit(.zoneLocationEvent(body), to: audience, suffix: suffix) }
        for slot in zoneSlots[zoneId] ?? [] {
            guard case .zoneLocationEvent(let criteria)? = slots[slot]?.subscription.criteria else {
                continue
            }
            guard wants(event, criteria.locationEventCriteria) else { continue }
            if let addresses = criteria.addressList, !addresses.isEmpty, !addresses.contains(user.address) {
                continue
            }
            send(.zoneLocationEvent(body), slot, key: user.address, now, &outlet)
        }
    }

    func wants(_ event: LocationEventType, _ criteria: [LocationEventType]?) -> Bool {
        guard let criteria, !criteria.isEmpty else { return true }
        return criteria.contains(event)
    }

    // MARK: - UserLocationEvent subscriptions

    /// Whether `cell` is in what the subscription watches: access points, a zone, or any access point.
    func isWatched(_ cell: CellIndex?, _ criteria: UserLocationEventCriteria) -> Bool {
        guard let cell, let accessPoint = self[cell] else { return false }
        if let list = criteria.userEventPara?.accessPointList, !list.isEmpty {
            return list.contains(accessPoint.accessPointId)
        }
        if let zone = criteria.userEventPara?.zoneId { return zoneId(self.zone(of: cell)) == zone }
        return true
    }

    private mutating func watchEvent(
        _ slot: Int,
        _ user: User,
        from old: CellIndex?,
        to new: CellIndex?,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard case .userLocationEvent(let criteria)? = slots[slot]?.subscription.criteria,
            case .userLocationEvent(let wasInside)? = slots[slot]?.work
        else { return }
        let isInside = isWatched(new, criteria)
        guard isInside != wasInside else { return }
        slots[slot]?.work = .userLocationEvent(isInside: isInside)
        let event: LocationEventType = isInside ? .entering : .leaving
        guard wants(event, criteria.locationEventCriteria) else { return }
        // 6.4: on entering where the user is, on leaving where it used to be.
        let cell = isInside ? new : old
        var body = UserLocationEventNotification(
            timeStamp: time,
            name: user.name,
            address: user.address,
            event: event
        )
        body.zoneId = zoneId(zone(of: cell))
        body.accessPointId = cell.flatMap { self[$0]?.accessPointId }
        if criteria.userEventPara?.reportingLocationReq == true { body.locationInfo = user.place }
        send(.userLocationEvent(body), slot, key: user.address, now, &outlet)
        if criteria.userEventPara?.occurrenceInfo == .oneTime { end(slot, .complete) }
    }

    // MARK: - Numbers of users

    private mutating func count(
        _ cell: CellIndex,
        _ step: Int,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let accessPoint = self[cell] else { return }
        let users = accessPoint.users + step
        accessPoints[cell.offset]?.users = users
        markDirty(cell)
        guard let zoneId = zoneId(zone(of: cell)) else { return }
        for slot in zoneSlots[zoneId] ?? [] {
            guard case .zoneStatus(let criteria)? = slots[slot]?.subscription.criteria else { continue }
            var body = ZoneStatusNotification(timeStamp: time, zoneId: zoneId)
            body.accessPointId = accessPoint.accessPointId
            if crossed(up: criteria.upperNumberOfUsersAPThreshold, from: accessPoint.users, to: users) {
                body.userNumEvent = .overAccessPointUpperThreshold
            } else if crossed(
                down: criteria.lowerNumberOfUsersAPThreshold,
                from: accessPoint.users,
                to: users
            ) {
                body.userNumEvent = .underAccessPointLowerThreshold
            } else {
                continue
            }
            send(.zoneStatus(body), slot, key: "users of " + accessPoint.accessPointId, now, &outlet)
        }
    }

    private mutating func count(
        _ zone: ZoneIndex?,
        _ step: Int,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let zone, let known = zones[zone.offset] else { return }
        let users = known.users + step
        zones[zone.offset]?.users = users
        markDirty(zone)
        for slot in zoneSlots[known.zoneId] ?? [] {
            guard case .zoneStatus(let criteria)? = slots[slot]?.subscription.criteria else { continue }
            var body = ZoneStatusNotification(timeStamp: time, zoneId: known.zoneId)
            if crossed(up: criteria.upperNumberOfUsersZoneThreshold, from: known.users, to: users) {
                body.userNumEvent = .overZoneUpperThreshold
            } else if crossed(down: criteria.lowerNumberOfUsersZoneThreshold, from: known.users, to: users) {
                body.userNumEvent = .underZoneLowerThreshold
            } else {
                continue
            }
            send(.zoneStatus(body), slot, key: "users of the zone", now, &outlet)
        }
    }

    private func crossed(up threshold: Int?, from old: Int, to new: Int) -> Bool {
        threshold.map { old <= $0 && new > $0 } ?? false
    }

    private func crossed(down threshold: Int?, from old: Int, to new: Int) -> Bool {
        threshold.map { old >= $0 && new < $0 } ?? false
    }

    /// An access point works, or no longer does.
    mutating func change(
        _ cell: CellIndex,
        to status: OperationStatus,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let accessPoint = self[cell] else { return counters.unknown += 1 }
        guard accessPoint.status != status else { return }
        accessPoints[cell.offset]?.definition.operationStatus = status
        markDirty(cell)
        guard let zoneId = zoneId(zone(of: cell)) else { return }
        var body = ZoneStatusNotification(timeStamp: time, zoneId: zoneId)
        body.accessPointId = accessPoint.accessPointId
        body.operationStatus = status
        let suffix = LocationTopics.level(zoneId)
        let audience = outlet.audience(for: .zoneStatus, suffix: suffix)
        if !audience.isEmpty { outlet.emit(.zoneStatus(body), to: audience, suffix: suffix) }
        for slot in zoneSlots[zoneId] ?? [] {
            guard case .zoneStatus(let criteria)? = slots[slot]?.subscription.criteria,
                criteria.operationStatus?.contains(status) == true
            else { continue }
            send(.zoneStatus(body), slot, key: "status of " + accessPoint.accessPointId, now, &outlet)
        }
    }
}
