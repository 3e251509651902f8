package import MECModel

extension LocationState {
    /// Takes a batch of facts in and tells the outlet what followed, in the order of the facts.
    package mutating func apply(_ batch: RadioBatch, now: RadioTime, to outlet: inout some LocationOutlet) {
        for event in batch.events { apply(event, batch, now, &outlet) }
    }

    private mutating func apply(
        _ event: RadioEvent,
        _ batch: RadioBatch,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        switch event.fact {
        case .defined(let index): define(batch.definitions[index.offset], event.time, now, &outlet)
        case .zoneRemoved(let zone): remove(zone, event.time, now, &outlet)
        case .cellRemoved(let cell): remove(cell, event.time, now, &outlet)
        case .terminalRemoved(let terminal): remove(terminal, event.time, now, &outlet)
        case .cellStatus(let cell, let status): change(cell, to: status, event.time, now, &outlet)
        case .attached(let terminal, let cell):
            guard self[terminal] != nil, self[cell] != nil else { return counters.unknown += 1 }
            move(terminal, to: cell, event.time, now, &outlet)
        case .detached(let terminal):
            guard self[terminal] != nil else { return counters.unknown += 1 }
            move(terminal, to: nil, event.time, now, &outlet)
        case .handover(let fact):
            guard fact.status == .completed else { return }
            guard self[fact.terminal] != nil, self[fact.target] != nil else { return counters.unknown += 1 }
            move(fact.terminal, to: fact.target, event.time, now, &outlet)
        case .measurement(let fact):
            // A source that only measures, such as a drive test, never says that the terminal attached.
            guard fact.terminal.offset < users.count, users[fact.terminal.offset] != nil,
                users[fact.terminal.offset]?.cell == nil, self[fact.servingCell] != nil
            else { return }
            move(fact.terminal, to: fact.servingCell, event.time, now, &outlet)
        case .position(let fact): apply(fact, event.time, now, &outlet)
        case .timingAdvance, .carrierAggregation, .bearer, .s1Bearer, .bitRate, .cellLoad, .terminalLoad:
            break
        }
    }

    // MARK: - Definitions

    private mutating func define(
        _ definition: RadioDefinition,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        switch definition {
        case .zone(let zone):
            guard admit(zone.zone.offset, limit: limits.zones) else { return }
            Self.grow(&zones, to: zone.zone.offset)
            if zones[zone.zone.offset]?.zoneId != zone.zoneId {
                remove(zone.zone, time, now, &outlet)
                zones[zone.zone.offset] = Zone(zoneId: zone.zoneId)
            }
            markDirty(zone.zone)
        case .cell(let cell): define(cell, time, now, &outlet)
        case .terminal(let terminal): define(terminal, time, now, &outlet)
        }
    }

    private mutating func define(
        _ definition: CellDefinition,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        let offset = definition.cell.offset
        guard admit(offset, limit: limits.cells) else { return }
        Self.grow(&accessPoints, to: offset)
        if let known = accessPoints[offset] {
            guard known.definition.identity == definition.identity, known.definition.zone == definition.zone
            else {
                // Another cell, or another zone: its users leave the one and enter the other.
                let staying =
                    known.definition.identity == definition.identity ? users(of: definition.cell) : []
                remove(definition.cell, time, now, &outlet)
                insert(definition)
                for terminal in staying { move(terminal, to: definition.cell, time, now, &outlet) }
                return
            }
            let (before, after) = (known.status, definition.operationStatus)
            accessPoints[offset]?.definition = definition
            accessPoints[offset]?.definition.operationStatus = known.definition.operationStatus
            if let after, after != before { change(definition.cell, to: after, time, now, &outlet) }
            markDirty(definition.cell)
        } else {
            insert(definition)
        }
    }

    private mutating func insert(_ definition: CellDefinition) {
        accessPoints[definition.cell.offset] = AccessPoint(
            definition: definition,
            accessPointId: definition.identity.description
        )
        markDirty(definition.cell)
    }

    private mutating func define(
        _ definition: TerminalDefinition,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        let offset = definition.terminal.offset
        guard admit(offset, limit: limits.terminals) else { return }
        Self.grow(&users, to: offset)
        let address = Self.address(of: definition)
        let notified = NotifiedTerminal(
            name: definition.name,
            associateId: definition.associateIds,
            tempUeId: definition.tempUeId
        )
        if let known = users[offset], known.name == definition.name, known.address == address {
            users[offset]?.terminal = notified
        } else {
            remove(definition.terminal, time, now, &outlet)
            users[offset] = User(
                name: definition.name,
                address: address,
                terminal: notified,
                suffix: LocationTopics.suffix(zone: nil, user: definition.name)
            )
            usersByAddress[address] = definition.terminal
            users[offset]?.watches = distanceSlots[address] ?? []
            users[offset]?.namedIn = areaSlots[address] ?? []
        }
        markUrgent(definition.terminal)
    }

    /// `acr:` and the first IP address; the name where there is none.
    private static func address(of terminal: TerminalDefinition) -> String {
        let identifier = terminal.associateIds.first {
            $0.type == .ueIPv4Address || $0.type == .ueIPv6Address
        }
        return "acr:" + (identifier?.value ?? terminal.name)
    }

    private mutating func admit(_ offset: Int, limit: Int) -> Bool {
        if offset < limit { return true }
        counters.refused += 1
        return false
    }

    private static func grow<Element>(_ table: inout [Element?], to offset: Int) {
        while table.count <= offset { table.append(nil) }
    }

    // MARK: - Removals

    private func users(of cell: CellIndex) -> [TerminalIndex] {
        users.indices.filter { users[$0]?.cell == cell }.map { TerminalIndex(UInt32($0)) }
    }

    private mutating func remove(
        _ zone: ZoneIndex,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let zoneId = zoneId(zone) else { return }
        for offset in accessPoints.indices where accessPoints[offset]?.definition.zone == zone {
            guard var definition = accessPoints[offset]?.definition else { continue }
            definition.zone = nil
            define(definition, time, now, &outlet)
        }
        zones[zone.offset] = nil
        changes.append(.zoneRemoved(zoneId: zoneId))
    }

    private mutating func remove(
        _ cell: CellIndex,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let known = self[cell] else { return }
        if known.users > 0 {
            for terminal in users(of: cell) { move(terminal, to: nil, time, now, &outlet) }
        }
        if let zone = zone(of: cell) { markDirty(zone) }
        accessPoints[cell.offset] = nil
        let zoneId = zoneId(known.definition.zone) ?? LocationTopics.noZone
        changes.append(.accessPointRemoved(accessPointId: known.accessPointId, zoneId: zoneId))
    }

    private mutating func remove(
        _ terminal: TerminalIndex,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let known = self[terminal] else { return }
        move(terminal, to: nil, time, now, &outlet)
        leaveAreas(terminal, time, now, &outlet)
        users[terminal.offset] = nil
        if usersByAddress[known.address] == terminal { usersByAddress[known.address] = nil }
        watchDistances(of: known, time, now, &outlet)
        changes.append(.userRemoved(name: known.name))
    }

    // MARK: - Places

    private mutating func apply(
        _ fact: PositionFact,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        let offset = fact.terminal.offset
        guard offset < users.count, let user = users[offset] else { return counters.unknown += 1 }
        if let known = user.place, known.timestamp > time { return counters.stale += 1 }
        let place = LocationInfo(fact, at: time)
        users[offset]?.place = place
        users[offset]?.isDirty = true
        updateAreas(of: fact.terminal, user, place, time, now, &outlet)
        if !user.watches.isEmpty { watchDistances(of: user, time, now, &outlet) }
        let audience = outlet.audience(for: .userLocationPeriodic, suffix: user.suffix)
        guard !audience.isEmpty else { return }
        var body = UserLocationPeriodicNotification(
            timeStamp: time,
            name: user.name,
            address: user.address,
            result: .success
        )
        body.locationInfo = place
        body.zoneId = zoneId(zone(of: user.cell))
        body.accessPointId = user.cell.flatMap { self[$0]?.accessPointId }
        outlet.emit(.userLocationPeriodic(body), to: audience, suffix: user.suffix)
    }
}
