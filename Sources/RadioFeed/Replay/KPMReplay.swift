package import MECModel

/// Key performance measurements of one base station played again: a file for each terminal.
///
/// The rows of all files are merged by time. The files name neither the cell nor anything that
/// identifies a terminal but its IMSI, which is not taken: the cell comes from the settings, the terminals
/// are called by the settings' name and the number of their file.
package struct KPMReplay: RadioSource {
    package struct File: Sendable {
        package var name: String
        package var bytes: any ByteSource

        package init(name: String, bytes: any ByteSource) {
            self.name = name
            self.bytes = bytes
        }
    }

    private struct Lane: Sendable {
        let file: String
        var reader: CSVReader
        var parser: KPMParser?
        var next: KPMRow?
        var lastTime = -Double.infinity
        var isEnded = false
        var isTold = false
        var rows = 0
        var terminal: TerminalIndex?
        var isAttached = false
        /// Seconds in the trace of the last row, to see a terminal go silent.
        var lastSeen = 0.0
        var lastDue: RadioTime
        var isActiveDown = false
        var isActiveUp = false
        /// Bits since it entered the cell.
        var volumeDown = 0.0
        var volumeUp = 0.0
    }

    package let name: String
    private let settings: ReplaySettings
    private let cell: CellIdentity
    private let inventory: RadioInventory
    private let start: RadioTime
    private var lanes: [Lane]
    private var clock: ReplayClock
    private var pending: (lane: Int, row: KPMRow, due: RadioTime)?
    private var cellIndex: CellIndex?
    private var nextCellReport: RadioTime
    private var isEnded = false

    /// Files of one replay, 1…1,000.
    package static let filesMax = 1_000
    /// Seconds of the trace without a row after which a terminal is gone.
    private static let silenceSeconds = 5.0

    /// - Parameters:
    ///   - cell: The base station's cell.
    ///   - start: When the first row is due.
    package init(
        _ files: [File],
        cell: CellIdentity,
        settings: ReplaySettings,
        start: RadioTime,
        inventory: RadioInventory
    ) throws(InputError) {
        if let problem = settings.problem { throw InputError("replay: \(problem)") }
        guard (1...Self.filesMax).contains(files.count) else {
            throw InputError("a replay has 1 to \(Self.filesMax) files, found \(files.count)")
        }
        self.settings = settings
        self.cell = cell
        self.inventory = inventory
        self.start = start
        name = "kpm \(cell)"
        lanes = files.map { Lane(file: $0.name, reader: CSVReader($0.bytes), lastDue: start) }
        clock = ReplayClock(start: start, settings: settings)
        nextCellReport = start
    }

    package var nextTime: RadioTime? {
        if isEnded { return nil }
        return pending?.due ?? start
    }

    package mutating func advance(
        to now: RadioTime,
        into batch: inout RadioBatch,
        warnings: inout FeedWarnings
    ) {
        var rows = 0
        while !isEnded, rows < settings.rowsMax {
            guard let (lane, row, due) = pending else {
                guard start <= now else { return }
                choose(at: now, into: &batch, &warnings)
                rows += 1
                continue
            }
            guard due <= now else { return }
            pending = nil
            tell(lane, row, at: due, now, into: &batch, &warnings)
        }
    }

    package mutating func retire(at now: RadioTime, into batch: inout RadioBatch) {
        isEnded = true
        for lane in lanes.indices {
            if let terminal = lanes[lane].terminal { batch.append(.terminalRemoved(terminal), at: now) }
            lanes[lane].terminal = nil
        }
        if let cellIndex { batch.append(.cellRemoved(cellIndex), at: now) }
        cellIndex = nil
    }

    // MARK: - Reading

    /// Makes the earliest row of all lanes the pending one.
    private mutating func choose(
        at now: RadioTime,
        into batch: inout RadioBatch,
        _ warnings: inout FeedWarnings
    ) {
        for lane in lanes.indices where lanes[lane].next == nil && !lanes[lane].isEnded {
            readRow(lane, at: now, &warnings)
        }
        var best: Int?
        for lane in lanes.indices {
            guard let row = lanes[lane].next else { continue }
            if let other = best.flatMap({ lanes[$0].next }), other.time <= row.time { continue }
            best = lane
        }
        guard let best, let row = lanes[best].next else { return turn(at: now, into: &batch, &warnings) }
        lanes[best].next = nil
        // Merged rows never go back; each lane was checked alone.
        if let due = clock.due(row.time) { pending = (best, row, due) }
    }

    private mutating func readRow(_ lane: Int, at now: RadioTime, _ warnings: inout FeedWarnings) {
        while lanes[lane].next == nil, !lanes[lane].isEnded {
            do {
                switch try lanes[lane].reader.next() {
                case .record(let record): try take(lane, record, at: now, &warnings)
                case .malformed(let line, let reason):
                    warnings.report(
                        FeedWarning(
                            .malformed,
                            at: "\(lanes[lane].file):\(line)",
                            "\(reason); the line is skipped"
                        ),
                        at: now
                    )
                case .end: lanes[lane].isEnded = true
                }
            } catch {
                lanes[lane].isEnded = true
                warnings.report(
                    FeedWarning(.inputOutput, at: lanes[lane].file, "\(error); the file is left out"),
                    at: now
                )
            }
        }
    }

    private mutating func take(
        _ lane: Int,
        _ record: CSVReader.Record,
        at now: RadioTime,
        _ warnings: inout FeedWarnings
    ) throws(InputError) {
        let place = "\(lanes[lane].file):\(record.line)"
        guard let parser = lanes[lane].parser else {
            let columns = try ColumnMap(
                header: record.fields,
                names: KPMColumns.names.merging(settings.columns) { _, chosen in chosen },
                known: KPMColumns.known,
                required: KPMColumns.required
            )
            if !columns.unknown.isEmpty, !lanes[lane].isTold {
                let names = columns.unknown.prefix(20).map { "\"\($0.prefix(40))\"" }.joined(separator: ", ")
                warnings.report(
                    FeedWarning(
                        .unknownColumn,
                        at: place,
                        "nothing is known of the columns \(names); they are not used"
                    ),
                    at: now
                )
            }
            lanes[lane].isTold = true
            lanes[lane].parser = KPMParser(columns: columns)
            return
        }
        var complaints: [FeedWarning] = []
        let row = parser.row(record) { complaints.append(FeedWarning($0, at: place, $1)) }
        for complaint in complaints { warnings.report(complaint, at: now) }
        guard let row else { return }
        guard row.time >= lanes[lane].lastTime else {
            warnings.report(
                FeedWarning(.timeBackwards, at: place, "the time goes back; the row is skipped"),
                at: now
            )
            return
        }
        lanes[lane].lastTime = row.time
        lanes[lane].rows += 1
        lanes[lane].next = row
    }

    /// All files are at their end.
    private mutating func turn(
        at now: RadioTime,
        into batch: inout RadioBatch,
        _ warnings: inout FeedWarnings
    ) {
        for lane in lanes.indices { detach(lane, at: lanes[lane].lastDue, into: &batch) }
        guard settings.loop, lanes.contains(where: { $0.rows > 0 }) else {
            isEnded = true
            return
        }
        for lane in lanes.indices where lanes[lane].rows > 0 {
            do {
                try lanes[lane].reader.rewind()
                lanes[lane].parser = nil
                lanes[lane].isEnded = false
                lanes[lane].lastTime = -.infinity
                lanes[lane].rows = 0
            } catch {
                warnings.report(
                    FeedWarning(.inputOutput, at: lanes[lane].file, "\(error); the file is left out"),
                    at: now
                )
            }
        }
        clock.turn()
    }

    // MARK: - Telling

    private mutating func tell(
        _ lane: Int,
        _ row: KPMRow,
        at time: RadioTime,
        _ now: RadioTime,
        into batch: inout RadioBatch,
        _ warnings: inout FeedWarnings
    ) {
        do throws(RadioInventory.InventoryError) {
            let cell = try cellIndex(at: time, into: &batch)
            let terminal = try terminalIndex(lane, at: time, into: &batch)
            for other in lanes.indices where row.time - lanes[other].lastSeen > Self.silenceSeconds {
                detach(other, at: time, into: &batch)
            }
            if !lanes[lane].isAttached {
                lanes[lane].isAttached = true
                lanes[lane].volumeDown = 0
                lanes[lane].volumeUp = 0
                batch.append(.attached(terminal, cell), at: time)
            } else {
                let seconds = min(row.time - lanes[lane].lastSeen, settings.gapMaxSeconds)
                lanes[lane].volumeDown += (row.downlink ?? 0) * seconds
                lanes[lane].volumeUp += (row.uplink ?? 0) * seconds
            }
            lanes[lane].lastSeen = row.time
            lanes[lane].lastDue = time
            lanes[lane].isActiveDown = row.isActiveDown
            lanes[lane].isActiveUp = row.isActiveUp
            tellRates(lane, row, terminal, cell, at: time, into: &batch)
            if nextCellReport <= time {
                tellCell(cell, at: time, into: &batch)
                nextCellReport = time.advanced(bySeconds: 1)
            }
        } catch {
            warnings.report(FeedWarning(.full, at: lanes[lane].file, "\(error); the row is skipped"), at: now)
        }
    }

    private func tellRates(
        _ lane: Int,
        _ row: KPMRow,
        _ terminal: TerminalIndex,
        _ cell: CellIndex,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        let rates = BitRateFact(
            terminal: terminal,
            downlink: row.downlink.map { UInt64($0) },
            uplink: row.uplink.map { UInt64($0) }
        )
        batch.append(.bitRate(rates), at: time)
        var load = TerminalLoadFact(terminal: terminal, cell: cell)
        // No bearer is said to have a guarantee, so all counts as not guaranteed.
        load.throughput.downlinkNonGBR = row.downlink.map { UInt32(clamping: Int64($0 / 1000)) }
        load.throughput.uplinkNonGBR = row.uplink.map { UInt32(clamping: Int64($0 / 1000)) }
        load.packetDiscardRate.downlinkNonGBR = row.downlinkErrors.map { UInt32($0.rounded()) }
        load.packetDiscardRate.uplinkNonGBR = row.uplinkErrors.map { UInt32($0.rounded()) }
        load.dataVolume.downlinkNonGBR = UInt32(clamping: Int64(lanes[lane].volumeDown / 1000))
        load.dataVolume.uplinkNonGBR = UInt32(clamping: Int64(lanes[lane].volumeUp / 1000))
        batch.append(load, at: time)
    }

    private func tellCell(_ cell: CellIndex, at time: RadioTime, into batch: inout RadioBatch) {
        var load = CellLoadFact(cell: cell)
        let there = lanes.filter(\.isAttached)
        load.activeUes.downlinkNonGBR = UInt32(clamping: there.count { $0.isActiveDown })
        load.activeUes.uplinkNonGBR = UInt32(clamping: there.count { $0.isActiveUp })
        batch.append(load, at: time)
    }

    private mutating func detach(_ lane: Int, at time: RadioTime, into batch: inout RadioBatch) {
        guard lanes[lane].isAttached, let terminal = lanes[lane].terminal else { return }
        lanes[lane].isAttached = false
        batch.append(.detached(terminal), at: time)
    }

    private mutating func terminalIndex(
        _ lane: Int,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) throws(RadioInventory.InventoryError) -> TerminalIndex {
        if let terminal = lanes[lane].terminal { return terminal }
        let label = "\(settings.terminal ?? "kpm-\(cell)")-\(lane + 1)"
        let index = try inventory.terminal(label)
        batch.append(.terminal(TerminalDefinition(terminal: index, name: label)), at: time)
        lanes[lane].terminal = index
        return index
    }

    private mutating func cellIndex(
        at time: RadioTime,
        into batch: inout RadioBatch
    ) throws(RadioInventory.InventoryError) -> CellIndex {
        if let cellIndex { return cellIndex }
        let index = try inventory.cell(cell)
        batch.append(.cell(CellDefinition(cell: index, identity: cell)), at: time)
        cellIndex = index
        return index
    }
}
