import Synchronization

extension Log {
    /// Appends a record that `fill` composes in place, and returns its position.
    ///
    /// The record can be read at once, and is durable when ``durablePosition`` has passed its
    /// position. Nothing is written before somebody commits: call ``CommitThread/requestCommit()``
    /// once after a burst of appends.
    ///
    /// - Parameters:
    ///   - type: Below ``RecordType/firstReserved``.
    ///   - size: Bytes of payload, at most ``LogConfiguration/recordBytesMax``.
    ///   - isControl: Whether the record may use the reserve that is left when the staging memory
    ///     or ``Retention/bytesMax`` is reached: for records that release others.
    ///   - fill: Must write all `size` bytes. Runs under the log's lock: it only copies, and calls
    ///     nothing of the log.
    /// - Throws: ``AppendRefusal``; then nothing was stored.
    @inline(__always)
    package func append(
        type: UInt16,
        size: Int,
        isControl: Bool = false,
        _ fill: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(AppendRefusal) -> LogPosition {
        try shared.withLock { (state: inout sending SharedState) throws(AppendRefusal) -> LogPosition in
            let position = state.active.end
            let record = try state.reserve(type: type, payload: size, isControl: isControl)
            fill(UnsafeMutableRawBufferPointer(start: record + RecordHeader.byteCount, count: size))
            finish(record, &state)
            return position
        }
    }

    /// Appends a record whose payload is `payload`; see ``append(type:size:isControl:_:)``.
    package func append(
        type: UInt16,
        _ payload: UnsafeRawBufferPointer,
        isControl: Bool = false
    ) throws(AppendRefusal) -> LogPosition {
        try append(type: type, size: payload.count, isControl: isControl) { $0.copyMemory(from: payload) }
    }

    /// Appends a record whose payload is `payload`; see ``append(type:size:isControl:_:)``.
    package func append(
        type: UInt16,
        _ payload: [UInt8],
        isControl: Bool = false
    ) throws(AppendRefusal) -> LogPosition {
        try append(type: type, size: payload.count, isControl: isControl) { buffer in
            payload.withUnsafeBytes { buffer.copyMemory(from: $0) }
        }
    }

    /// Makes a filled record valid and visible to readers.
    @inline(__always)
    func finish(_ record: UnsafeMutableRawPointer, _ state: inout SharedState) {
        // The checksum is taken here, where the bytes are in the first cache, and not at the
        // commit: there it would cost a second walk over memory of another core. A sealed
        // record's is over its sealed bytes, so that has to wait.
        if !isSealed {
            RecordHeader(record: UnsafeRawPointer(record)).storeChecksums(to: record, salt: salt)
        }
        end.store(state.active.end, ordering: .releasing)
    }
}
