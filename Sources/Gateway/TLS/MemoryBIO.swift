internal import COpenSSL

/// What libssl reads from and writes to in place of a socket: the caller's own input and output, with no copy and
/// no memory of its own in between.
struct MemoryBIO: ~Copyable {
    /// Lives at a fixed address, since libssl's callbacks find it there.
    private struct Ends {
        var input: UnsafeRawBufferPointer
        var output: UnsafeMutablePointer<ByteQueue>?
    }

    private let ends: UnsafeMutablePointer<Ends>

    init() {
        ends = .allocate(capacity: 1)
        ends.initialize(to: Ends(input: UnsafeRawBufferPointer(start: nil, count: 0), output: nil))
    }

    deinit {
        ends.deallocate()
    }

    /// A new reference for `SSL_set_bio`, which takes it over; `nil` for want of memory.
    func attach(to ssl: OpaquePointer) -> Bool {
        guard let method = Self.method, let bio = BIO_new(method) else { return false }
        BIO_set_data(bio, ends)
        BIO_set_init(bio, 1)
        SSL_set_bio(ssl, bio, bio)
        return true
    }

    /// Runs `body`, during which libssl reads `input` and appends to `output`.
    ///
    /// - Returns: Bytes of `input` that were not read, and what `body` returned.
    func run<R>(
        _ input: UnsafeRawBufferPointer,
        _ output: inout ByteQueue,
        _ body: () -> R
    ) -> (unread: Int, R) {
        withUnsafeMutablePointer(to: &output) { pointer in
            ends.pointee = Ends(input: input, output: pointer)
            let result = body()
            let unread = ends.pointee.input.count
            ends.pointee = Ends(input: UnsafeRawBufferPointer(start: nil, count: 0), output: nil)
            return (unread, result)
        }
    }

    // MARK: - Callbacks

    private static nonisolated(unsafe) let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir") else {
            return nil
        }
        BIO_meth_set_read(method) { bio, target, count in
            guard let bio, let target, let data = BIO_get_data(bio) else { return -1 }
            weir_bio_clear_retry(bio)
            let ends = data.assumingMemoryBound(to: Ends.self)
            let taken = min(Int(count), ends.pointee.input.count)
            guard taken > 0, let start = ends.pointee.input.baseAddress else {
                weir_bio_set_retry_read(bio)
                return -1
            }
            UnsafeMutableRawPointer(target).copyMemory(from: start, byteCount: taken)
            ends.pointee.input = UnsafeRawBufferPointer(rebasing: ends.pointee.input[taken...])
            return Int32(taken)
        }
        BIO_meth_set_write(method) { bio, source, count in
            guard let bio, let source, count > 0, let data = BIO_get_data(bio) else { return -1 }
            weir_bio_clear_retry(bio)
            guard let output = data.assumingMemoryBound(to: Ends.self).pointee.output else { return -1 }
            output.pointee.append(UnsafeRawBufferPointer(start: source, count: Int(count)))
            return count
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in
            // Nothing is buffered here, so a flush is done at once.
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        return method
    }()
}
