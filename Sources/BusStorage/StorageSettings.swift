package import Journal

/// How the broker keeps what it promised to keep.
package struct StorageSettings: Sendable {
    /// Directory of the journal, made where it is missing.
    package var directory: String
    /// `fsync` (default): an acknowledgement means on disk. `write`: it survives `kill -9`. `memory`: it does
    /// not survive the process.
    package var durability: Durability = .fsync
    /// Bytes of the journal; beyond it ``whenFull``.
    package var bytesMaximum: UInt64 = 4 << 30
    package var whenFull: FullPolicy = .refuse
    /// Bytes of journal behind a checkpoint after which the next one is made: what a restart must read.
    package var checkpointBytes: UInt64 = 64 << 20
    /// How long a group commit waits for company.
    package var commitDelay: Duration = .zero

    /// Bytes that end the waiting for company.
    package var commitBytes = 256 << 10
    /// For measurements: each sync takes at least so long.
    package var syncTime: Duration = .zero
    /// Keys that seal the journals; the first seals what is written, all of them open what is there. None: not
    /// sealed.
    package var sealingKeys: [KeySource] = []

    package init(directory: String) { self.directory = directory }

    package var disk: any Disk { syncTime > .zero ? SlowDisk(syncTime: syncTime) : POSIXDisk() }
}
