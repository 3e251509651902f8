package import MECModel

// Which retained topics are to be written.

extension LocationState {
    /// What changed since the last call.
    ///
    /// - Parameters:
    ///   - limit: How many states of each kind at most; the rest comes with the next call.
    ///   - hold: Calls for which a change of a zone or access point waits for others of the same.
    ///   - userInterval: Nanoseconds in which each user has one turn to have its moves told. The turns are
    ///     spread over the interval; a change of access point is told at once.
    package mutating func takeChanges(
        now: RadioTime,
        limit: Int = .max,
        hold: Int = 0,
        userInterval: Int64 = 0
    ) -> [LocationChange] {
        var taken = changes
        changes = []
        for zone in dirtyZones.take(hold: hold, limit: limit) {
            if zone.offset < zones.count { zones[zone.offset]?.isDirty = false }
            if let info = zoneInfo(zone) { taken.append(.zone(info)) }
        }
        for cell in dirtyAccessPoints.take(hold: hold, limit: limit) {
            guard let accessPoint = self[cell] else { continue }
            accessPoints[cell.offset]?.isDirty = false
            taken.append(.accessPoint(info(accessPoint)))
        }
        for terminal in urgentUsers.take(hold: 0, limit: limit) {
            if let change = written(terminal) { taken.append(change) }
        }
        for _ in 0..<turns(now: now, userInterval: userInterval) {
            if nextTurn >= users.count { nextTurn = 0 }
            let terminal = TerminalIndex(UInt32(nextTurn))
            nextTurn += 1
            guard users[terminal.offset]?.isDirty == true, let change = written(terminal) else { continue }
            taken.append(change)
        }
        return taken
    }

    /// The user's state as a change; it is not dirty any more.
    private mutating func written(_ terminal: TerminalIndex) -> LocationChange? {
        guard let user = self[terminal] else { return nil }
        users[terminal.offset]?.isDirty = false
        users[terminal.offset]?.isUrgent = false
        guard let info = userInfo(terminal), info.accessPointId != nil else {
            return .userRemoved(name: user.name)
        }
        return .user(info)
    }

    /// Users whose turn has come since the last call.
    private mutating func turns(now: RadioTime, userInterval: Int64) -> Int {
        guard userInterval > 0 else { return users.count }
        guard !users.isEmpty, let since = turnsCountedAt else {
            turnsCountedAt = now
            return 0
        }
        // A clock that was put back holds nothing up.
        guard now >= since else {
            turnsCountedAt = now
            return 0
        }
        let perUser = max(1, userInterval / Int64(users.count))
        let due = min(Int64(users.count), now.nanoseconds(since: since) / perUser)
        turnsCountedAt = due == users.count ? now : since.advanced(byNanoseconds: due * perUser)
        return Int(due)
    }
}
