/// What the generator writes at the start of every payload, so that a delivery says whose it is, which one and
/// how old.
///
/// Little-endian: magic (4 bytes), publisher (4), sequence (8), time of sending in nanoseconds (8).
package struct Stamp: Equatable, Sendable {
    /// The smallest payload of a run.
    package static let size = 24
    /// "WBn1": a delivery without it is not ours (another client's message, or a broker that mixes up bytes).
    static let magic: UInt32 = 0x316E_4257

    package var publisher: UInt32
    /// Counts from 0, without gaps, per publisher.
    package var sequence: UInt64
    package var sentNanoseconds: UInt64

    package init(publisher: UInt32, sequence: UInt64, sentNanoseconds: UInt64) {
        self.publisher = publisher
        self.sequence = sequence
        self.sentNanoseconds = sentNanoseconds
    }

    /// - Parameter bytes: at least `size` bytes.
    @inline(__always)
    package func write(to bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: Self.magic.littleEndian, as: UInt32.self)
        bytes.storeBytes(of: publisher.littleEndian, toByteOffset: 4, as: UInt32.self)
        bytes.storeBytes(of: sequence.littleEndian, toByteOffset: 8, as: UInt64.self)
        bytes.storeBytes(of: sentNanoseconds.littleEndian, toByteOffset: 16, as: UInt64.self)
    }

    /// - Returns: `nil` when the payload is too short or does not begin with the magic.
    @inline(__always)
    package static func read(_ payload: UnsafeRawBufferPointer) -> Stamp? {
        guard payload.count >= size,
            UInt32(littleEndian: payload.loadUnaligned(as: UInt32.self)) == magic
        else { return nil }
        return Stamp(
            publisher: UInt32(littleEndian: payload.loadUnaligned(fromByteOffset: 4, as: UInt32.self)),
            sequence: UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            sentNanoseconds: UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        )
    }
}
