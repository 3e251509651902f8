/// A place in a log: it grows with every record, is never given to two records, and survives restarts.
///
/// A position is a byte offset: that of the record in its segment file, plus the segment's first
/// position, which its file name tells. So finding a record takes a binary search among segments
/// and one read, and no index has to be built, kept or recovered. The price is that positions are
/// not consecutive numbers, and that they jump between segments; see ``Log`` for when.
package typealias LogPosition = UInt64

/// What stands before every record, little-endian, at a multiple of eight bytes:
///
/// | offset | bytes | |
/// | --- | --- | --- |
/// | 0 | 8 | position |
/// | 8 | 4 | length of the payload |
/// | 12 | 2 | type, as its writer chose; see ``RecordType`` |
/// | 14 | 2 | flags; bit 0: sealed, a tag of 16 bytes follows the payload |
/// | 16 | 4 | CRC32C of the 16 bytes before, seeded with the salt of the segment |
/// | 20 | 4 | CRC32C of those 16 bytes and the payload as stored (with its tag), same seed |
///
/// The header has a checksum of its own so that its length can be trusted where the payload is
/// damaged: the damage then costs that one record. The position makes a record valid in one place
/// only, and the secret salt keeps a payload that imitates records from being taken for some when
/// a reader searches for the next record behind a damage.
package struct RecordHeader: Equatable, Sendable {
    package static let byteCount = 24
    /// Every record stands at a multiple of it.
    package static let alignment = 8
    /// AES-GCM's tag.
    static let tagByteCount = 16
    static let sealedFlag: UInt16 = 1

    package var position: LogPosition
    /// Of the payload as its writer gave it, without tag and padding.
    package var length: UInt32
    package var type: UInt16
    package var flags: UInt16

    @inline(__always)
    package var isSealed: Bool { flags & Self.sealedFlag != 0 }

    /// Bytes under the record's checksum that follow the header.
    @inline(__always)
    var storedByteCount: Int { Int(length) + (isSealed ? Self.tagByteCount : 0) }

    /// What the record takes in the file, padding included.
    @inline(__always)
    package var recordByteCount: Int { Self.recordByteCount(payload: Int(length), isSealed: isSealed) }

    @inline(__always)
    static func recordByteCount(payload: Int, isSealed: Bool) -> Int {
        (byteCount + payload + (isSealed ? tagByteCount : 0) + alignment - 1) & ~(alignment - 1)
    }

    /// Writes the header without its checksums.
    @inline(__always)
    func store(to record: UnsafeMutableRawPointer) {
        record.storeBytes(of: position.littleEndian, as: UInt64.self)
        record.storeBytes(of: length.littleEndian, toByteOffset: 8, as: UInt32.self)
        record.storeBytes(of: type.littleEndian, toByteOffset: 12, as: UInt16.self)
        record.storeBytes(of: flags.littleEndian, toByteOffset: 14, as: UInt16.self)
    }

    /// Writes both checksums of a record whose header and payload are in place.
    @inline(__always)
    func storeChecksums(to record: UnsafeMutableRawPointer, salt: UInt32) {
        let header = CRC32C.checksum(UnsafeRawBufferPointer(start: record, count: 16), seed: salt)
        let stored = UnsafeRawBufferPointer(start: record + Self.byteCount, count: storedByteCount)
        record.storeBytes(of: header.littleEndian, toByteOffset: 16, as: UInt32.self)
        record.storeBytes(
            of: CRC32C.checksum(stored, seed: header).littleEndian,
            toByteOffset: 20,
            as: UInt32.self
        )
    }

    /// Reads a header without judging it; `record` has at least ``byteCount`` bytes.
    @inline(__always)
    init(record: UnsafeRawPointer) {
        position = UInt64(littleEndian: record.loadUnaligned(as: UInt64.self))
        length = UInt32(littleEndian: record.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        type = UInt16(littleEndian: record.loadUnaligned(fromByteOffset: 12, as: UInt16.self))
        flags = UInt16(littleEndian: record.loadUnaligned(fromByteOffset: 14, as: UInt16.self))
    }

    init(position: LogPosition, length: UInt32, type: UInt16, flags: UInt16 = 0) {
        self.position = position
        self.length = length
        self.type = type
        self.flags = flags
    }
}

/// What a look at some bytes says about the record that should begin there.
enum RecordCheck {
    case valid(RecordHeader)
    /// The bytes end before the record does; it takes this many.
    case short(Int)
    /// No header of this position: where the next record begins is unknown.
    case badHeader
    /// The header is whole, so the next record is known, but the payload is not.
    case badPayload(RecordHeader)
}

extension RecordCheck {
    /// Examines the record that should begin at the first of `bytes`.
    ///
    /// - Parameter room: Bytes from here to the end of what the segment may hold; a header that
    ///   claims more is none.
    @inline(__always)
    static func examine(
        _ bytes: UnsafeRawBufferPointer,
        position: LogPosition,
        salt: UInt32,
        room: UInt64
    ) -> RecordCheck {
        guard let start = bytes.baseAddress, bytes.count >= RecordHeader.byteCount else {
            return .short(RecordHeader.byteCount)
        }
        let header = RecordHeader(record: start)
        guard header.position == position else { return .badHeader }
        let headerCheck = CRC32C.checksum(UnsafeRawBufferPointer(start: start, count: 16), seed: salt)
        guard UInt32(littleEndian: start.loadUnaligned(fromByteOffset: 16, as: UInt32.self)) == headerCheck,
            UInt64(header.recordByteCount) <= room
        else { return .badHeader }
        guard bytes.count >= header.recordByteCount else { return .short(header.recordByteCount) }
        let stored = UnsafeRawBufferPointer(
            start: start + RecordHeader.byteCount,
            count: header.storedByteCount
        )
        guard
            UInt32(littleEndian: start.loadUnaligned(fromByteOffset: 20, as: UInt32.self))
                == CRC32C.checksum(stored, seed: headerCheck)
        else { return .badPayload(header) }
        return .valid(header)
    }
}
