package import MECModel

/// A drive test played as it was driven: one terminal, its place, its cells and what it measured.
///
/// A row whose cell differs from the row before is a cell change: a completed handover while the phone
/// was connected, a reselection while it was idle (State `I`). Preparation and execution are not in such
/// a file and are not made up, nor are names or places of cells.
package struct DriveTestReplay: RadioSource {
    package let name: String
    private let file: String
    private let settings: ReplaySettings
    private let inventory: RadioInventory
    private var reader: CSVReader
    private var parser: DriveTestParser?
    private var clock: ReplayClock
    /// The row that is due next, and when.
    private var pending: (row: DriveTestRow, due: RadioTime)?
    private var isEnded = false
    private var isTold = false
    private let start: RadioTime
    private var rowsInTurn = 0

    private var terminal: TerminalIndex?
    private var cells: [CellIdentity: CellIndex] = [:]
    private var serving: CellIdentity?
    /// Cells of one file, 1…100,000.
    private static let cellsMax = 10_000

    /// - Parameters:
    ///   - file: The name, for messages and, without its folder and ending, for the terminal.
    ///   - start: When the first row is due.
    package init(
        _ bytes: any ByteSource,
        file: String,
        settings: ReplaySettings,
        start: RadioTime,
        inventory: RadioInventory
    ) throws(InputError) {
        if let problem = settings.problem { throw InputError("replay of \(file): \(problem)") }
        self.file = file
        self.settings = settings
        self.inventory = inventory
        self.start = start
        name = "trace \(file)"
        reader = CSVReader(bytes)
        clock = ReplayClock(start: start, settings: settings)
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
            if pending == nil {
                guard start <= now else { return }
                readRow(at: now, &warnings)
                rows += 1
                continue
            }
            guard let (row, due) = pending, due <= now else { return }
            pending = nil
            tell(row, at: due, now, into: &batch, &warnings)
        }
    }

    package mutating func retire(at now: RadioTime, into batch: inout RadioBatch) {
        isEnded = true
        if let terminal { batch.append(.terminalRemoved(terminal), at: now) }
        for cell in cells.values.sorted() { batch.append(.cellRemoved(cell), at: now) }
        terminal = nil
        cells = [:]
        serving = nil
    }

    // MARK: - Reading

    private mutating func readRow(at now: RadioTime, _ warnings: inout FeedWarnings) {
        do {
            switch try reader.next() {
            case .record(let record): try take(record, at: now, &warnings)
            case .malformed(let line, let reason):
                warnings.report(
                    FeedWarning(.malformed, at: "\(file):\(line)", "\(reason); the line is skipped"),
                    at: now
                )
            case .end: try turn(at: now, &warnings)
            }
        } catch {
            isEnded = true
            warnings.report(FeedWarning(.inputOutput, at: file, "\(error); the replay ends"), at: now)
        }
    }

    private mutating func turn(at now: RadioTime, _ warnings: inout FeedWarnings) throws(InputError) {
        guard settings.loop, rowsInTurn > 0 else {
            if parser == nil {
                warnings.report(
                    FeedWarning(.malformed, at: file, "the file is empty; expected a header"),
                    at: now
                )
            }
            isEnded = true
            return
        }
        try reader.rewind()
        parser = nil
        rowsInTurn = 0
        // From the last row to the first nobody was handed over.
        serving = nil
        clock.turn()
    }

    private mutating func take(
        _ record: CSVReader.Record,
        at now: RadioTime,
        _ warnings: inout FeedWarnings
    ) throws(InputError) {
        guard let parser else {
            let columns = try ColumnMap(
                header: record.fields,
                names: DriveTestColumns.names.merging(settings.columns) { _, chosen in chosen },
                known: DriveTestColumns.known,
                required: DriveTestColumns.required
            )
            if !columns.unknown.isEmpty, !isTold {
                let names = columns.unknown.prefix(20).map { "\"\($0.prefix(40))\"" }.joined(separator: ", ")
                warnings.report(
                    FeedWarning(
                        .unknownColumn,
                        at: "\(file):\(record.line)",
                        "nothing is known of the columns \(names); they are not used"
                    ),
                    at: now
                )
            }
            isTold = true
            self.parser = DriveTestParser(columns: columns, plmn: settings.plmn)
            return
        }
        let place = "\(file):\(record.line)"
        var complaints: [FeedWarning] = []
        let row = parser.row(record) { complaints.append(FeedWarning($0, at: place, $1)) }
        for complaint in complaints { warnings.report(complaint, at: now) }
        guard let row else { return }
        guard let due = clock.due(row.time) else {
            warnings.report(
                FeedWarning(.timeBackwards, at: place, "the time goes back; the row is skipped"),
                at: now
            )
            return
        }
        rowsInTurn += 1
        pending = (row, due)
    }

    // MARK: - Telling

    private mutating func tell(
        _ row: DriveTestRow,
        at time: RadioTime,
        _ now: RadioTime,
        into batch: inout RadioBatch,
        _ warnings: inout FeedWarnings
    ) {
        do throws(RadioInventory.InventoryError) {
            let terminal = try terminalIndex(at: time, into: &batch)
            if let point = row.point {
                batch.append(
                    .position(PositionFact(terminal: terminal, point: point, speed: row.speed)),
                    at: time
                )
            }
            try tellCell(row, terminal, at: time, into: &batch)
            if let serving, let cell = cells[serving] {
                let level = SignalLevel(rsrp: row.rsrp, rsrq: row.rsrq, sinr: row.snr, access: serving.access)
                if !level.isEmpty {
                    let fact = MeasurementFact(
                        terminal: terminal,
                        servingCell: cell,
                        level: level,
                        trigger: 1
                    )
                    batch.append(fact, neighbours: EmptyCollection<NeighbourMeasurement>(), at: time)
                }
                if row.downlink != nil || row.uplink != nil {
                    let fact = BitRateFact(terminal: terminal, downlink: row.downlink, uplink: row.uplink)
                    batch.append(.bitRate(fact), at: time)
                }
            }
        } catch {
            warnings.report(FeedWarning(.full, at: file, "\(error); the row is skipped"), at: now)
        }
    }

    private mutating func tellCell(
        _ row: DriveTestRow,
        _ terminal: TerminalIndex,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) throws(RadioInventory.InventoryError) {
        guard let identity = row.cell else {
            // On a network that has no place here the phone is served by nobody known.
            if row.mode == .other, serving != nil {
                serving = nil
                batch.append(.detached(terminal), at: time)
            }
            return
        }
        guard identity != serving else { return }
        let target = try cellIndex(identity, at: time, into: &batch)
        if let source = serving.flatMap({ cells[$0] }), !row.isIdle {
            batch.append(
                HandoverFact(terminal: terminal, source: source, target: target, status: .completed),
                at: time
            )
        } else {
            batch.append(.attached(terminal, target), at: time)
        }
        serving = identity
    }

    private mutating func terminalIndex(
        at time: RadioTime,
        into batch: inout RadioBatch
    ) throws(RadioInventory.InventoryError) -> TerminalIndex {
        if let terminal { return terminal }
        let label = settings.terminal ?? TraceName.terminal(file)
        let index = try inventory.terminal(label)
        let ids = settings.address.map { [AssociateId($0)] } ?? []
        batch.append(.terminal(TerminalDefinition(terminal: index, name: label, associateIds: ids)), at: time)
        terminal = index
        return index
    }

    private mutating func cellIndex(
        _ identity: CellIdentity,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) throws(RadioInventory.InventoryError) -> CellIndex {
        if let known = cells[identity] { return known }
        guard cells.count < Self.cellsMax else { throw .full(.cell, limit: Self.cellsMax) }
        let index = try inventory.cell(identity)
        cells[identity] = index
        batch.append(.cell(CellDefinition(cell: index, identity: identity)), at: time)
        return index
    }
}

/// Names from file names.
enum TraceName {
    /// The file without folder and ending, as one topic level.
    static func terminal(_ file: String) -> String {
        var name = file.split(separator: "/").last.map(String.init) ?? file
        if let dot = name.lastIndex(of: "."), dot != name.startIndex { name = String(name[..<dot]) }
        let bytes = name.utf8.map { byte -> UInt8 in
            byte <= 0x20 || byte == 0x7F || byte == 0x2F || byte == 0x2B || byte == 0x23 ? 0x2D : byte
        }
        let level = String(decoding: bytes.prefix(48), as: UTF8.self)
        return level.isEmpty ? "trace" : level
    }
}
