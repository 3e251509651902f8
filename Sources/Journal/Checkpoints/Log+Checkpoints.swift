import Synchronization

/// What a log knows of its checkpoints.
struct CheckpointState {
    struct Kept {
        var generation: UInt64
        var position: LogPosition
    }

    /// Oldest first.
    var kept: [Kept] = []
    var nextGeneration: UInt64 = 1
    var isWriting = false
}

extension Log {
    /// Begins a checkpoint: the owner's whole state as of `position`, in one file, so that recovery
    /// reads that file and the log from `position` on, not the whole log.
    ///
    /// Several generations are kept (``LogConfiguration/checkpointGenerations``), and the log keeps
    /// what lies behind the oldest of them whatever its retention says: should the newest turn out
    /// damaged, the one before it still recovers everything. Writing takes place on the caller's
    /// thread and holds up neither appends nor commits.
    ///
    /// - Parameters:
    ///   - position: Not beyond ``durablePosition``, so that a checkpoint never knows more than the log.
    ///   - now: Milliseconds since 1970.
    /// - Throws: ``LogError/Code/misuse`` for a position that is not durable, or while another
    ///   checkpoint is being written; ``LogError/Code/disk``.
    package func beginCheckpoint(
        covering position: LogPosition,
        now: UInt64
    ) throws(LogError) -> CheckpointWriter {
        guard position <= durablePosition else {
            throw LogError(
                .misuse,
                "a checkpoint of position \(position) would know more than is durable (\(durablePosition))"
            )
        }
        let generation = try checkpoints.withLock { checkpoints throws(LogError) -> UInt64 in
            guard !checkpoints.isWriting else {
                throw LogError(.misuse, "a checkpoint is being written already; wait for it")
            }
            checkpoints.isWriting = true
            defer { checkpoints.nextGeneration += 1 }
            return checkpoints.nextGeneration
        }
        let header = SegmentHeader(
            kind: .checkpoint,
            base: 0,
            previousEnd: position,
            recordsBefore: generation,
            createdAt: now,
            salt: salt,
            seal: nil
        )
        do {
            let key = shared.withLock { $0.keys.current }
            let file = try makeFile(path(ofCheckpoint: generation), header, key)
            return try CheckpointWriter(self, file, generation: generation)
        } catch {
            checkpoints.withLock { $0.isWriting = false }
            switch error {
            case let error as LogError: throw error
            case let error as DiskError: throw LogError(error)
            default: throw LogError(.disk, "\(error)")
            }
        }
    }

    /// The newest checkpoint that is whole, or `nil` where there is none.
    ///
    /// Each is read once to check it, before anything of it is handed out.
    ///
    /// - Throws: ``LogError/Code/wrongKey`` and ``LogError/Code/unknownVersion``, because falling back
    ///   to an older state would hide what the operator can put right; ``LogError/Code/disk``.
    package func newestCheckpoint() throws(LogError) -> CheckpointReader? {
        let generations = checkpoints.withLock { $0.kept.map(\.generation) }
        var skipped: [String] = []
        for generation in generations.reversed() {
            do throws(LogError) {
                let check = try openCheckpoint(generation)
                while try check.nextPiece() != nil {}
                let reader = try openCheckpoint(generation)
                reader.skipped = skipped
                return reader
            } catch {
                guard error.code == .damaged || error.cause?.isMissing == true else { throw error }
                skipped.append(error.message)
                setAside(generation)
            }
        }
        return nil
    }

    /// Takes a checkpoint that is damaged out of the count, so that it does not push out a whole one.
    private func setAside(_ generation: UInt64) {
        let path = path(ofCheckpoint: generation)
        try? disk.rename(path, to: path + LogFileName.quarantineSuffix)
        checkpoints.withLock { $0.kept.removeAll { $0.generation == generation } }
    }

    private func openCheckpoint(_ generation: UInt64) throws(LogError) -> CheckpointReader {
        let keys = shared.withLock { $0.keys }
        let path = path(ofCheckpoint: generation)
        let file = try SegmentFile.open(disk, path: path, kind: .checkpoint, keys: keys)
        do throws(DiskError) {
            return CheckpointReader(file, fileBytes: try file.file.size())
        } catch {
            throw LogError(error)
        }
    }

    func path(ofCheckpoint generation: UInt64) -> String {
        directory + "/" + LogFileName.checkpoint(generation)
    }

    /// Ends the writing of a checkpoint, and forgets those that are one too many.
    func endCheckpoint(_ file: SegmentFile, generation: UInt64, isKept: Bool) {
        let superfluous = checkpoints.withLock { checkpoints -> [CheckpointState.Kept] in
            checkpoints.isWriting = false
            guard isKept else { return [] }
            checkpoints.kept.append(.init(generation: generation, position: file.header.previousEnd))
            let count = max(0, checkpoints.kept.count - configuration.checkpointGenerations)
            defer { checkpoints.kept.removeFirst(count) }
            return Array(checkpoints.kept.prefix(count))
        }
        guard isKept else {
            try? disk.remove(file.path + LogFileName.temporarySuffix)
            return
        }
        for old in superfluous { try? disk.remove(path(ofCheckpoint: old.generation)) }
        setRecoveryFloor(checkpoints.withLock { $0.kept.first?.position })
    }
}
