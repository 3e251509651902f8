import CJournal

/// CRC-32C (Castagnoli): by the processor's instruction where there is one, else by tables.
package enum CRC32C {
    package static var usesHardware: Bool { cjournal_crc32c_is_hardware() != 0 }

    /// The checksum of `bytes` after those whose checksum is `seed`.
    @inline(__always)
    package static func checksum(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        cjournal_crc32c(seed, bytes.baseAddress, bytes.count)
    }

    /// The same by tables, for machines without the instruction and for comparison.
    package static func portableChecksum(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        cjournal_crc32c_portable(seed, bytes.baseAddress, bytes.count)
    }
}
