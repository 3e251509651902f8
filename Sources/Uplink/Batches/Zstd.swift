import CZstd

/// Compresses bodies of batches, one after another, with one context.
final class Compressor {
    private let context: OpaquePointer
    private let level: Int32

    /// - Parameter level: 1 (fast) to 19 (small).
    init(level: Int) {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("zstd: out of memory") }
        self.context = context
        self.level = Int32(min(max(level, 1), 19))
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Compresses `source` into `target`, which has ``bound(_:)`` bytes; `nil` where that saves nothing.
    func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
        let count = ZSTD_compressCCtx(
            context,
            target.baseAddress,
            target.count,
            source.baseAddress,
            source.count,
            level
        )
        guard ZSTD_isError(count) == 0, count < source.count else { return nil }
        return count
    }

    static func bound(_ count: Int) -> Int { ZSTD_compressBound(count) }
}

/// The other direction. Output never grows beyond what the header of the batch promised.
final class Decompressor {
    private let context: OpaquePointer

    init() {
        guard let context = ZSTD_createDCtx() else { preconditionFailure("zstd: out of memory") }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// - Throws: ``BatchError/malformed(_:)`` unless `source` unfolds to exactly `target.count` bytes.
    func decompress(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(BatchError) {
        let count = ZSTD_decompressDCtx(
            context,
            target.baseAddress,
            target.count,
            source.baseAddress,
            source.count
        )
        guard ZSTD_isError(count) == 0 else {
            throw .malformed("zstd: \(String(cString: ZSTD_getErrorName(count)))")
        }
        guard count == target.count else {
            throw .malformed("the body has \(count) bytes, the header says \(target.count)")
        }
    }
}
