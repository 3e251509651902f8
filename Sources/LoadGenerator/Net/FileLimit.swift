import CLoadGenerator

/// The number of descriptors that this process may hold.
enum FileLimit {
    /// - Throws: when the system does not grant `wanted`.
    static func raise(to wanted: UInt) throws {
        var got: UInt = 0
        guard load_set_nofile(wanted, &got) == 0, got >= wanted else {
            throw LoadError(
                "\(wanted) open files are needed and the limit is \(got); raise it with ulimit -n, or use fewer clients"
            )
        }
    }
}
