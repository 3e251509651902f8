package import MECModel

/// The JSON metrics of srsRAN Project's gNB as radio facts, one line or datagram at a time.
///
/// A gNB knows a terminal by its C-RNTI and a cell by its PCI: the settings say which NR cell a PCI is, and
/// terminals are called by the gNB's name, PCI and RNTI (`gnb-1-4601`). It tells bit rates, who is active and
/// who comes and goes. It does not tell what terminals hear (RSRP), so nothing of that is made up; its
/// `ta_ns` is what is left to correct, not the timing advance.
package struct SRSRANMetrics: Sendable {
    package struct Settings: Sendable, Hashable {
        /// Name of the gNB, part of its terminals' names.
        package var name = "gnb"
        /// PCI to NR cell identity.
        package var cells: [UInt16: CellIdentity]
        /// Seconds without a word after which a terminal is gone, 1…3,600.
        package var silenceSeconds = 10.0
        /// Terminals at once, 1…10,000.
        package var terminalsMax = 1_024
        /// Bytes of a line or datagram.
        package var messageBytesMax = 1024 * 1024

        package init(cells: [UInt16: CellIdentity]) { self.cells = cells }
    }

    private struct Key: Hashable {
        let pci: UInt16
        let rnti: UInt16
    }

    private struct UE: Sendable {
        let index: TerminalIndex
        var seen: RadioTime
        var volumeDown = 0.0
        var volumeUp = 0.0
    }

    private let settings: Settings
    private let inventory: RadioInventory
    private var ues: [Key: UE] = [:]
    private var cells: [UInt16: CellIndex] = [:]
    /// The gNB's clock at the last report of each cell, and of all.
    private var lastReport: [UInt16: Double] = [:]
    private var lastSweep: RadioTime?

    package init(_ settings: Settings, inventory: RadioInventory) {
        self.settings = settings
        self.inventory = inventory
    }

    /// Takes one report.
    ///
    /// - Parameters:
    ///   - bytes: One JSON object.
    ///   - place: Where it came from, for warnings: peer, or file and line.
    package mutating func receive(
        _ bytes: [UInt8],
        place: String,
        at now: RadioTime,
        into batch: inout RadioBatch,
        warnings: inout FeedWarnings
    ) {
        guard bytes.contains(where: { $0 > 0x20 }) else { return }
        guard bytes.count <= settings.messageBytesMax else {
            return warnings.report(
                FeedWarning(
                    .tooLarge,
                    at: place,
                    "a report of \(bytes.count) bytes; at most \(settings.messageBytesMax) are read"
                ),
                at: now
            )
        }
        let report: SRSRANReport
        do {
            report = try JSONReading.decode(SRSRANReport.self, from: bytes)
        } catch {
            return warnings.report(
                FeedWarning(.malformed, at: place, "\(error); the report is skipped"),
                at: now
            )
        }
        for cell in report.all {
            take(cell, time: report.timestamp?.value, place: place, at: now, into: &batch, &warnings)
        }
    }

    /// Lets terminals go that nothing was heard of.
    package mutating func advance(to now: RadioTime, into batch: inout RadioBatch) {
        guard lastSweep.map({ now.nanoseconds(since: $0) >= 1_000_000_000 }) ?? true else { return }
        lastSweep = now
        let limit = settings.silenceSeconds * 1e9
        for key in sorted(ues.keys) {
            guard let ue = ues[key], Double(now.nanoseconds(since: ue.seen)) > limit else { continue }
            remove(key, at: now, into: &batch)
        }
    }

    package mutating func retire(at now: RadioTime, into batch: inout RadioBatch) {
        for key in sorted(ues.keys) { remove(key, at: now, into: &batch) }
    }

    // MARK: - One cell's report

    private mutating func take(
        _ cell: SRSRANReport.Cell,
        time: Double?,
        place: String,
        at now: RadioTime,
        into batch: inout RadioBatch,
        _ warnings: inout FeedWarnings
    ) {
        let ues = cell.ue_list ?? []
        let named = cell.cell_metrics?.pci ?? ues.lazy.compactMap(\.pci).first
        guard let pci = pci(named), let identity = settings.cells[pci] else {
            // Before 25.04 an empty cell does not say which it is.
            guard let named else { return }
            return warnings.report(
                FeedWarning(
                    .unknownSubject,
                    at: place,
                    "no cell is known for the PCI \(named.value.map { "\($0)" } ?? "?"); name it in the configuration (cells)"
                ),
                at: now
            )
        }
        if let time {
            if let last = lastReport[pci], time < last {
                return warnings.report(
                    FeedWarning(
                        .timeBackwards,
                        at: place,
                        "the report is of \(time), the one before was of \(last); it is skipped"
                    ),
                    at: now
                )
            }
            lastReport[pci] = time
        }
        do throws(RadioInventory.InventoryError) {
            let index = try cellIndex(pci, identity, at: now, into: &batch)
            for event in cell.event_list ?? [] where event.event_type == "ue_rem" {
                if let rnti = rnti(event.rnti) { remove(Key(pci: pci, rnti: rnti), at: now, into: &batch) }
            }
            var active = (down: 0, up: 0)
            for ue in ues {
                guard let rnti = rnti(ue.rnti), self.pci(ue.pci) ?? pci == pci else {
                    warnings.report(
                        FeedWarning(
                            .valueOutOfRange,
                            at: place,
                            "rnti is 1 to 65535 and pci that of the cell; the entry is skipped"
                        ),
                        at: now
                    )
                    continue
                }
                let down = rate(ue.dl_brate, "dl_brate", place, now, &warnings)
                let up = rate(ue.ul_brate, "ul_brate", place, now, &warnings)
                active.down += (down ?? 0) > 0 || (ue.dl_bs?.value ?? 0) > 0 ? 1 : 0
                active.up += (up ?? 0) > 0 || (ue.bsr?.value ?? 0) > 0 ? 1 : 0
                try tell(Key(pci: pci, rnti: rnti), down, up, cell: index, at: now, into: &batch)
            }
            var load = CellLoadFact(cell: index)
            load.activeUes.downlinkNonGBR = UInt32(clamping: active.down)
            load.activeUes.uplinkNonGBR = UInt32(clamping: active.up)
            batch.append(load, at: now)
        } catch {
            warnings.report(
                FeedWarning(.full, at: place, "\(error); the rest of the report is skipped"),
                at: now
            )
        }
    }

    private mutating func tell(
        _ key: Key,
        _ down: Double?,
        _ up: Double?,
        cell: CellIndex,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(RadioInventory.InventoryError) {
        var ue: UE
        if let known = ues[key] {
            ue = known
            // A report speaks of the time since the one before.
            let seconds = min(settings.silenceSeconds, max(0, Double(now.nanoseconds(since: ue.seen)) / 1e9))
            ue.volumeDown += (down ?? 0) * seconds
            ue.volumeUp += (up ?? 0) * seconds
            ue.seen = now
        } else {
            guard ues.count < settings.terminalsMax else {
                throw .full(.terminal, limit: settings.terminalsMax)
            }
            let name = "\(settings.name)-\(key.pci)-\(String(key.rnti, radix: 16))"
            ue = UE(index: try inventory.terminal(name), seen: now)
            batch.append(.terminal(TerminalDefinition(terminal: ue.index, name: name)), at: now)
            batch.append(.attached(ue.index, cell), at: now)
        }
        ues[key] = ue
        batch.append(
            .bitRate(
                BitRateFact(
                    terminal: ue.index,
                    downlink: down.map { UInt64($0) },
                    uplink: up.map { UInt64($0) }
                )
            ),
            at: now
        )
        var load = TerminalLoadFact(terminal: ue.index, cell: cell)
        load.throughput.downlinkNonGBR = down.map { UInt32(clamping: Int64($0 / 1000)) }
        load.throughput.uplinkNonGBR = up.map { UInt32(clamping: Int64($0 / 1000)) }
        load.dataVolume.downlinkNonGBR = UInt32(clamping: Int64(ue.volumeDown / 1000))
        load.dataVolume.uplinkNonGBR = UInt32(clamping: Int64(ue.volumeUp / 1000))
        batch.append(load, at: now)
    }

    private mutating func remove(_ key: Key, at now: RadioTime, into batch: inout RadioBatch) {
        guard let ue = ues.removeValue(forKey: key) else { return }
        batch.append(.terminalRemoved(ue.index), at: now)
    }

    private mutating func cellIndex(
        _ pci: UInt16,
        _ identity: CellIdentity,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(RadioInventory.InventoryError) -> CellIndex {
        if let known = cells[pci] { return known }
        let index = try inventory.cell(identity)
        cells[pci] = index
        var definition = CellDefinition(cell: index, identity: identity)
        definition.name = "\(settings.name)-\(pci)"
        definition.physicalCellId = pci
        batch.append(.cell(definition), at: now)
        return index
    }

    private func pci(_ number: LooseNumber?) -> UInt16? {
        number?.value(in: 0...1007).flatMap { UInt16(exactly: $0) }
    }

    private func rnti(_ number: LooseNumber?) -> UInt16? {
        number?.value(in: 1...65_535).flatMap { UInt16(exactly: $0) }
    }

    /// At most 100 Gbit/s.
    private func rate(
        _ number: LooseNumber?,
        _ field: String,
        _ place: String,
        _ now: RadioTime,
        _ warnings: inout FeedWarnings
    ) -> Double? {
        guard let value = number?.value else { return nil }
        guard (0...1e11).contains(value) else {
            warnings.report(
                FeedWarning(.valueOutOfRange, at: place, "\(field) is 0 to 1e11 bit/s, found \(value)"),
                at: now
            )
            return nil
        }
        return value
    }

    /// In a fixed order, so that the same reports give the same events.
    private func sorted(_ keys: some Collection<Key>) -> [Key] {
        keys.sorted { ($0.pci, $0.rnti) < ($1.pci, $1.rnti) }
    }
}
