/// A piece of a log in memory, and the way through it.
struct ReadWindow {
    /// Notices kept until somebody takes them; later ones are counted into the last.
    static let noticesMax = 64

    private(set) var position: LogPosition
    var notices: [ReadNotice] = []

    private var buffer: UnsafeMutableRawBufferPointer?
    /// The bytes from `position` on are at `offset..<count` of the buffer.
    private var offset = 0
    private var count = 0
    /// The file they come from; `nil` for memory that was not written yet.
    private var segment: SegmentInfo?
    /// Bytes of that segment from the window's first byte on.
    private var room: UInt64 = 0
    private var openContext: SealContext?
    /// The segment that `openContext` belongs to.
    private var contextSegment: SegmentInfo?
    private let chunkBytes: Int

    init(position: LogPosition, chunkBytes: Int) {
        self.position = position
        self.chunkBytes = chunkBytes
    }

    mutating func deallocate() {
        buffer?.deallocate()
        buffer = nil
        segment = nil
        openContext = nil
        contextSegment = nil
        (offset, count) = (0, 0)
    }

    mutating func seek(to position: LogPosition) {
        if position >= self.position, position - self.position <= UInt64(count - offset) {
            offset += Int(position - self.position)
        } else {
            (offset, count) = (0, 0)
        }
        self.position = position
    }

    mutating func next(_ log: Log, upTo limit: LogPosition) throws(LogError) -> LogRecord? {
        while position < limit {
            guard let start = buffer?.baseAddress, offset < count else {
                guard try refill(log, atLeast: RecordHeader.byteCount) else { return nil }
                continue
            }
            let bytes = UnsafeRawBufferPointer(start: start + offset, count: count - offset)
            guard let segment else {
                // Memory of our own process: whole records under no checksum, and none torn. Only
                // the copy may end in the middle of one.
                var needed = RecordHeader.byteCount
                if bytes.count >= needed { needed = RecordHeader(record: start + offset).recordByteCount }
                guard bytes.count >= needed else {
                    guard try refill(log, atLeast: needed) else { return nil }
                    continue
                }
                let header = RecordHeader(record: start + offset)
                if let record = take(header, start + offset) { return record }
                continue
            }
            switch RecordCheck.examine(
                bytes,
                position: position,
                salt: segment.header.salt,
                room: room - UInt64(offset)
            ) {
            case .valid(let header):
                guard segment.allows(header) else {
                    passOver(header.recordByteCount, segment, "a record of a sealed log is not sealed")
                    continue
                }
                if header.isSealed, !RecordType.isInternal(header.type) {
                    guard try open(header, start + offset, segment) else {
                        passOver(
                            header.recordByteCount,
                            segment,
                            "a sealed record does not open with its key"
                        )
                        continue
                    }
                }
                if let record = take(header, start + offset) { return record }
            case .short(let needed):
                if try !refill(log, atLeast: needed) { return nil }
            case .badPayload(let header):
                passOver(
                    header.recordByteCount,
                    segment,
                    "the checksum of a record of type \(header.type) is wrong"
                )
            case .badHeader:
                try resynchronize(log, segment)
            }
        }
        return nil
    }

    /// Steps over a record; `nil` for one of the journal's own.
    @inline(__always)
    private mutating func take(_ header: RecordHeader, _ record: UnsafeMutableRawPointer) -> LogRecord? {
        let size = header.recordByteCount
        offset += size
        position += UInt64(size)
        guard !RecordType.isInternal(header.type) else { return nil }
        return LogRecord(
            position: header.position,
            next: position,
            type: header.type,
            payload: UnsafeRawBufferPointer(start: record + RecordHeader.byteCount, count: Int(header.length))
        )
    }

    /// Opens a sealed record in place. It is then no longer what its checksum says, but a window
    /// is never read twice.
    private mutating func open(
        _ header: RecordHeader,
        _ record: UnsafeMutableRawPointer,
        _ segment: SegmentInfo
    ) throws(LogError) -> Bool {
        guard let sealer = segment.sealer else { return false }
        let context: SealContext
        if let openContext, contextSegment === segment {
            context = openContext
        } else {
            context = try sealer.makeContext(forSealing: false)
            openContext = context
            contextSegment = segment
        }
        return context.open(
            record + RecordHeader.byteCount,
            length: Int(header.length),
            position: header.position,
            header: UnsafeRawPointer(record)
        )
    }

    /// Gets the bytes from `position` on.
    ///
    /// - Returns: False where the log ends.
    private mutating func refill(_ log: Log, atLeast: Int) throws(LogError) -> Bool {
        let size = max(chunkBytes, atLeast)
        if (buffer?.count ?? 0) < size {
            buffer?.deallocate()
            buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
        } else if let large = buffer, large.count > chunkBytes, atLeast <= chunkBytes {
            // One long record does not make every later read a long one.
            large.deallocate()
            buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
        }
        (offset, count) = (0, 0)
        guard let buffer else { return false }
        switch try log.fetch(from: position, into: buffer, atLeast: atLeast) {
        case .staged(let count):
            self.count = count
            segment = nil
        case .file(let file, let count, let room):
            segment = file.info
            self.room = room
            self.count = count
            if count < atLeast { endsEarly(file.info, missing: room) }
        case .jump(let next, let kind):
            passOver(kind, to: next, log)
            position = next
        case .unusable(let end, let error):
            note(
                .damaged(
                    DamageReport(
                        path: log.directory,
                        offset: 0,
                        length: end - position,
                        position: position,
                        reason: error.message
                    )
                )
            )
            position = end
        case .end:
            segment = nil
            return false
        }
        return true
    }

    // MARK: - Damage

    /// The file, or what it says it has, ends before its last record does.
    private mutating func endsEarly(_ file: SegmentInfo, missing: UInt64) {
        note(
            .damaged(
                DamageReport(
                    path: file.path,
                    offset: file.offset(of: position),
                    length: missing,
                    position: position,
                    reason: "the segment ends in the middle of a record"
                )
            )
        )
        position += missing
        (offset, count) = (0, 0)
    }

    private mutating func passOver(_ jump: FetchJump, to next: LogPosition, _ log: Log) {
        switch jump {
        case .unused: break
        case .dropped: note(.dropped(from: position, to: next))
        case .lost(let end):
            note(
                .damaged(
                    DamageReport(
                        path: log.directory,
                        offset: 0,
                        length: end - position,
                        position: position,
                        reason: "the file that held these records is gone or ends too early"
                    )
                )
            )
        }
    }

    private mutating func passOver(_ size: Int, _ segment: SegmentInfo, _ reason: String) {
        note(
            .damaged(
                DamageReport(
                    path: segment.path,
                    offset: segment.offset(of: position),
                    length: UInt64(size),
                    position: position,
                    reason: reason
                )
            )
        )
        offset += size
        position += UInt64(size)
    }

    /// Looks for the next record behind bytes that are none.
    private mutating func resynchronize(_ log: Log, _ segment: SegmentInfo) throws(LogError) {
        let from = position
        let end = position + (room - UInt64(offset))
        guard let file = try log.segmentFile(at: from), file.info === segment else {
            // Unlinked meanwhile: the next fetch tells.
            (offset, count) = (0, 0)
            return
        }
        let found: LogPosition
        do throws(DiskError) {
            let search = RecordSearch(segment: file, end: end)
            found = try search.next(from: from + UInt64(RecordHeader.alignment)) ?? end
        } catch {
            throw LogError(error)
        }
        note(
            .damaged(
                DamageReport(
                    path: segment.path,
                    offset: segment.offset(of: from),
                    length: found - from,
                    position: from,
                    reason: "no record begins here"
                )
            )
        )
        seek(to: found)
    }

    mutating func note(_ notice: ReadNotice) {
        if notices.count < Self.noticesMax { notices.append(notice) }
    }
}
