/// Looks for the next whole record in a segment file behind bytes that are none.
///
/// Every eighth byte could begin one. The position that a record carries is compared first, which
/// all but never holds by chance; then both checksums are.
struct RecordSearch {
    private static let chunkBytes = 256 << 10

    let segment: SegmentFile
    /// Where the segment's records end.
    let end: LogPosition

    init(segment: SegmentFile, end: LogPosition) {
        self.segment = segment
        self.end = end
    }

    /// The position of the first whole record from `start` on, or `nil` where there is none.
    func next(from start: LogPosition) throws(DiskError) -> LogPosition? {
        var chunk = start
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkBytes, alignment: 8)
        defer { bytes.deallocate() }
        while chunk < end {
            let wanted = Int(min(UInt64(bytes.count), end - chunk))
            let count = try segment.file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]),
                at: segment.offset(of: chunk)
            )
            guard count >= RecordHeader.byteCount else { return nil }
            var offset = 0
            while offset + RecordHeader.byteCount <= count {
                let position = chunk + UInt64(offset)
                let candidate = UnsafeRawBufferPointer(rebasing: bytes[offset..<count])
                if try isRecord(candidate, at: position) { return position }
                offset += RecordHeader.alignment
            }
            chunk += UInt64(offset)
        }
        return nil
    }

    private func isRecord(_ bytes: UnsafeRawBufferPointer, at position: LogPosition) throws(DiskError) -> Bool
    {
        guard UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) == position else { return false }
        switch RecordCheck.examine(bytes, position: position, salt: segment.header.salt, room: end - position)
        {
        case .valid:
            return true
        case .badHeader, .badPayload:
            return false
        case .short(let needed):
            let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: needed, alignment: 8)
            defer { whole.deallocate() }
            let count = try segment.file.read(into: whole, at: segment.offset(of: position))
            let check = RecordCheck.examine(
                UnsafeRawBufferPointer(rebasing: whole[..<count]),
                position: position,
                salt: segment.header.salt,
                room: end - position
            )
            guard case .valid = check else { return false }
            return true
        }
    }
}
