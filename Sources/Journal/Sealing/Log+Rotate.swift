import Synchronization

extension Log {
    /// Seals with the first of `keys` from the next group on. Old files keep their key.
    ///
    /// - Throws: ``LogError/Code/misuse`` for a log that is not sealed, or keys without one: sealing
    ///   is switched on and off where a log is opened, because sealed records are longer.
    package func rotate(to keys: KeyRing) throws(LogError) {
        guard isSealed, keys.current != nil else {
            throw LogError(.misuse, "journal \"\(directory)\": sealing is switched on or off at a restart")
        }
        committer.withLock { committer in
            shared.withLock { $0.keys = keys }
            committer.mustRoll = true
        }
    }
}
