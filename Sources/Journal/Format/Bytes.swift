/// Fixed-width little-endian fields of headers; offsets are constants of the format.
extension [UInt8] {
    func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
        withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
    }

    mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self) }
    }
}

extension ArraySlice<UInt8> {
    func crc32c(seed: UInt32 = 0) -> UInt32 {
        withUnsafeBytes { CRC32C.checksum($0, seed: seed) }
    }
}
