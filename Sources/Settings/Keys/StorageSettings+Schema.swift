import BusStorage
import Journal

extension StorageSettings {
    static let schema = Schema<StorageSettings> {
        Member.value(
            "durability",
            \.durability,
            .choice,
            """
            When something counts as kept, and is acknowledged: on the disk, so that it survives a power cut (fsync); \
            handed to the operating system, so that it survives kill -9 (write); in memory only.
            """
        )
        Member.value(
            "maximumBytes",
            \.bytesMaximum,
            .byteSize(in: (1 << 20)...(1 << 50)),
            "Bytes on the disk; when so much is still needed, whenFull decides."
        )
        Member.value(
            "whenFull",
            \.whenFull,
            .choice,
            "Refuse what is new (0x97), drop the oldest, or drop the newest; every drop is counted."
        )
        Member.value(
            "checkpointBytes",
            \.checkpointBytes,
            .byteSize(in: (1 << 20)...(1 << 40)),
            "Bytes written after which a checkpoint is made: what a restart must read."
        )
        Member.value(
            "commitDelay",
            \.commitDelay,
            .duration(in: .zero...(.seconds(1))),
            "How long one sync waits for company. 0s is right but for media that wear out by syncs."
        )
        Member.value(
            "commitBytes",
            \.commitBytes,
            .byteSize(in: 4_096...(8 << 20)),
            "With a commitDelay: so many bytes waiting make a sync start at once."
        )
        Member.value(
            "syncTime",
            \.syncTime,
            .duration(in: .zero...(.seconds(1))),
            "For measurements: each sync takes at least so long, as 20ms on a memory card. 0s: what the medium takes."
        )
        Member.value(
            "sealingKeys",
            \.sealingKeys,
            .list(.keySource, countMax: 16),
            """
            Seal every journal with AES-256-GCM. The first key seals what is written from now on, the others open what \
            older keys sealed: to change keys, put the new one in front and restart. Make one: openssl rand -hex 32.
            """,
            example: "[\"file:/etc/weir/journal.key\"]"
        )
    }
}

extension SettingType where Value == KeySource {
    /// Where a sealing key is.
    fileprivate static var keySource: SettingType {
        SettingType(
            name: "key",
            expectation: "file:PATH, environment:NAME or credential:NAME",
            text: KeySource.init,
            format: { "\"\($0.description)\"" }
        )
    }
}
