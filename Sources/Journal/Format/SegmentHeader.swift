/// The first 4096 bytes of a file: who wrote it, where it begins, and what reading it takes.
///
/// It is there twice, at 0 and at 2048, so that a bad sector of 512 bytes costs nothing. Fields,
/// little-endian:
///
/// | offset | bytes | |
/// | --- | --- | --- |
/// | 0 | 8 | "WEIRSEG1", or "WEIRCKP1" for a checkpoint |
/// | 8 | 4 | version, 1 |
/// | 12 | 4 | salt that seeds the records' checksums |
/// | 16 | 8 | base: the position of the first record; 0 in a checkpoint |
/// | 24 | 8 | where the segment before ended; what a checkpoint covers |
/// | 32 | 8 | user's records in the log before this segment; a checkpoint's generation |
/// | 40 | 8 | when it was made, milliseconds since 1970 |
/// | 48 | 1 | cipher: 0 none, 1 AES-256-GCM |
/// | 56 | 8 | id of the key |
/// | 64 | 32 | salt from which the segment's own key is derived |
/// | 124 | 4 | CRC32C of the 124 bytes before |
package struct SegmentHeader: Equatable, Sendable {
    /// Where records begin in the file. A page, so that writing them never touches the header.
    package static let byteCount = 4096
    static let fieldByteCount = 128
    static let copyOffset = 2048
    static let version: UInt32 = 1

    package enum Kind: String, Sendable, CaseIterable {
        case segment = "WEIRSEG1"
        case checkpoint = "WEIRCKP1"

        var magic: [UInt8] { Array(rawValue.utf8) }
    }

    package var kind: Kind
    package var base: LogPosition
    package var previousEnd: LogPosition
    package var recordsBefore: UInt64
    package var createdAt: UInt64
    var salt: UInt32
    package var seal: SealDescription?

    /// What a reader must know to find the key of a sealed file.
    package struct SealDescription: Equatable, Sendable {
        static let keySaltByteCount = 32
        package var keyID: UInt64
        var keySalt: [UInt8]
    }

    func encoded() -> [UInt8] {
        var fields = [UInt8](repeating: 0, count: Self.fieldByteCount)
        fields.replaceSubrange(0..<8, with: kind.magic)
        fields.store(Self.version, at: 8)
        fields.store(salt, at: 12)
        fields.store(base, at: 16)
        fields.store(previousEnd, at: 24)
        fields.store(recordsBefore, at: 32)
        fields.store(createdAt, at: 40)
        if let seal {
            fields[48] = 1
            fields.store(seal.keyID, at: 56)
            fields.replaceSubrange(64..<96, with: seal.keySalt)
        }
        fields.store(fields[0..<124].crc32c(), at: 124)
        var page = [UInt8](repeating: 0, count: Self.byteCount)
        page.replaceSubrange(0..<Self.fieldByteCount, with: fields)
        page.replaceSubrange(Self.copyOffset..<Self.copyOffset + Self.fieldByteCount, with: fields)
        return page
    }

    /// The header in the first bytes of a file, from either copy.
    ///
    /// - Throws: ``SegmentHeaderError/damaged`` where neither copy is whole;
    ///   ``SegmentHeaderError/unknownVersion(_:)`` where a later Weir wrote it.
    init(page: [UInt8]) throws(SegmentHeaderError) {
        do {
            try self.init(fields: page.prefix(Self.fieldByteCount))
        } catch .damaged {
            try self.init(fields: page.dropFirst(Self.copyOffset).prefix(Self.fieldByteCount))
        }
    }

    private init(fields: ArraySlice<UInt8>) throws(SegmentHeaderError) {
        let fields = Array(fields)
        guard fields.count == Self.fieldByteCount,
            let kind = Kind.allCases.first(where: { Array(fields[0..<8]) == $0.magic }),
            fields[0..<124].crc32c() == fields.load(UInt32.self, at: 124)
        else { throw .damaged }
        let version = fields.load(UInt32.self, at: 8)
        guard version == Self.version, fields[48] <= 1 else { throw .unknownVersion(version) }
        self.kind = kind
        salt = fields.load(UInt32.self, at: 12)
        base = fields.load(UInt64.self, at: 16)
        previousEnd = fields.load(UInt64.self, at: 24)
        recordsBefore = fields.load(UInt64.self, at: 32)
        createdAt = fields.load(UInt64.self, at: 40)
        if fields[48] == 1 {
            seal = SealDescription(
                keyID: fields.load(UInt64.self, at: 56),
                keySalt: Array(fields[64..<96])
            )
        }
    }

    init(
        kind: Kind = .segment,
        base: LogPosition,
        previousEnd: LogPosition,
        recordsBefore: UInt64,
        createdAt: UInt64,
        salt: UInt32,
        seal: SealDescription?
    ) {
        self.kind = kind
        self.base = base
        self.previousEnd = previousEnd
        self.recordsBefore = recordsBefore
        self.createdAt = createdAt
        self.salt = salt
        self.seal = seal
    }
}

enum SegmentHeaderError: Error, Equatable {
    case damaged
    case unknownVersion(UInt32)
}
