package import MECModel

/// The query parameters of MEC 012 7.3 to 7.6a. What is `nil` or empty does not narrow; all that is
/// given must hold.
package struct RniQuery: Hashable, Sendable {
    package var appInstanceIds: [String] = []
    /// `cell_id`: numbers of cells, without PLMN.
    package var cellIds: Set<UInt64> = []
    /// `ue_ipv4_address`, `ue_ipv6_address`, `nated_ip_address`, `gtp_teid`: any of them.
    package var associateIds: Set<AssociateId> = []
    /// `temp_ue_id`, for the S1 bearers: M-TMSI values.
    package var tempUeIds: Set<UInt32> = []
    package var erabIds: Set<UInt8> = []
    package var qci: UInt8?
    package var erabMbrDl: UInt64?
    package var erabMbrUl: UInt64?
    package var erabGbrDl: UInt64?
    package var erabGbrUl: UInt64?
    /// The measurement parameters of layer2_meas by name, each with the value to find.
    package var measurements: [String: UInt32] = [:]

    package init() {}
}

extension RadioNetworkState {
    /// Radio access bearers, MEC 012 7.3.3.1. Cells and terminals come in the order of their indices.
    ///
    /// - Parameter appInstanceId: Stands in the answer where the query names none.
    package func rabInfo(
        _ query: RniQuery = RniQuery(),
        appInstanceId: String,
        requestId: String,
        now: RadioTime
    ) -> RabInfo {
        let cells = terminalsByCell(query).compactMap { cell, terminals -> CellUserInfo? in
            let users = terminals.compactMap { terminal -> CellUserInfo.UeInfo? in
                let bearers = terminal.bearers.filter { matches($0, query) }
                // 6.2.2: erabInfo has at least one entry.
                guard !bearers.isEmpty else { return nil }
                return CellUserInfo.UeInfo(terminal: terminal.terminal, erabInfo: bearers)
            }
            return users.isEmpty ? nil : CellUserInfo(cell: cell, ueInfo: users)
        }
        return RabInfo(
            timeStamp: now,
            appInstanceId: query.appInstanceIds.first ?? appInstanceId,
            requestId: requestId,
            cellUserInfo: cells
        )
    }

    /// Networks of the site, MEC 012 7.4.3.1: one answer for each application instance asked for.
    package func plmnInfo(appInstanceIds: [String], now: RadioTime) -> [PlmnInfo] {
        let sorted = plmns.keys.sorted { $0.packedValue < $1.packedValue }
        return appInstanceIds.map { PlmnInfo(timeStamp: now, appInstanceId: $0, plmn: sorted) }
    }

    /// S1 bearers, MEC 012 7.5.3.1.
    package func s1BearerInfo(_ query: RniQuery = RniQuery(), now: RadioTime) -> S1BearerInfo {
        let terminals = terminalsByCell(query).flatMap { cell, terminals in
            terminals.compactMap { terminal -> S1BearerInfo.UeInfo? in
                let bearers = terminal.s1Bearers.filter {
                    (query.erabIds.isEmpty || query.erabIds.contains($0.erabId)) && $0.enb != nil
                        && $0.sgw != nil
                }
                guard !bearers.isEmpty else { return nil }
                return S1BearerInfo.UeInfo(terminal: terminal.terminal, cell: cell, bearers: bearers)
            }
        }
        return S1BearerInfo(timeStamp: now, s1UeInfo: terminals)
    }

    /// Layer 2 measurements, MEC 012 7.6a: a cell or terminal is told when each of its parameters in
    /// the query has the value asked for.
    package func layer2Meas(_ query: RniQuery = RniQuery(), now: RadioTime) -> L2Meas {
        let aboutCells = query.measurements.filter { $0.key.hasSuffix("_cell") }
        let aboutTerminals = query.measurements.filter { $0.key.hasSuffix("_ue") }
        // A terminal asked for narrows the cells to those that serve it.
        let serving = query.associateIds.isEmpty ? nil : Set(terminalsByCell(query).map(\.cell))
        let cellInfo = cells.compactMap { cell -> L2Meas.Cell? in
            guard let cell, let load = cell.load, wants(cell.definition.identity, query) else { return nil }
            guard serving?.contains(cell.definition.identity) ?? true else { return nil }
            guard aboutCells.allSatisfy({ load.value(ofParameter: $0.key) == .some($0.value) }) else {
                return nil
            }
            return L2Meas.Cell(cell: cell.definition.identity, load: load)
        }
        let cellUEInfo = terminalsByCell(query).flatMap { cell, terminals in
            terminals.compactMap { terminal -> L2Meas.CellUe? in
                guard let load = terminal.load,
                    aboutTerminals.allSatisfy({ load.value(ofParameter: $0.key) == .some($0.value) })
                else { return nil }
                return L2Meas.CellUe(cell: cell, terminal: terminal.terminal, load: load)
            }
        }
        return L2Meas(timeStamp: now, cellInfo: cellInfo, cellUEInfo: cellUEInfo)
    }

    // MARK: - Helpers

    private func terminalsByCell(_ query: RniQuery) -> [(cell: CellIdentity, terminals: [Terminal])] {
        var groups = [[Terminal]](repeating: [], count: cells.count)
        for terminal in terminals {
            guard let terminal, let cell = terminal.servingCell, cell.offset < groups.count else { continue }
            guard matches(terminal, query) else { continue }
            groups[cell.offset].append(terminal)
        }
        return zip(cells, groups).compactMap { cell, terminals in
            guard let cell, !terminals.isEmpty, wants(cell.definition.identity, query) else { return nil }
            return (cell.definition.identity, terminals)
        }
    }

    private func wants(_ cell: CellIdentity, _ query: RniQuery) -> Bool {
        cell.access != .wifi && (query.cellIds.isEmpty || query.cellIds.contains(cell.number))
    }

    private func matches(_ terminal: Terminal, _ query: RniQuery) -> Bool {
        if !query.associateIds.isEmpty,
            !terminal.terminal.associateId.contains(where: query.associateIds.contains)
        {
            return false
        }
        guard !query.tempUeIds.isEmpty else { return true }
        return terminal.terminal.tempUeId.map { query.tempUeIds.contains($0.mtmsi) } ?? false
    }

    private func matches(_ bearer: ErabInfo, _ query: RniQuery) -> Bool {
        func same<Value: Equatable>(_ wanted: Value?, _ found: Value?) -> Bool {
            wanted == nil || wanted == found
        }
        let rates = bearer.qosInformation
        return (query.erabIds.isEmpty || query.erabIds.contains(bearer.erabId)) && same(query.qci, bearer.qci)
            && same(query.erabMbrDl, rates?.erabMbrDl) && same(query.erabMbrUl, rates?.erabMbrUl)
            && same(query.erabGbrDl, rates?.erabGbrDl) && same(query.erabGbrUl, rates?.erabGbrUl)
    }
}
