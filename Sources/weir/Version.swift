import EventBus

/// The version of this source tree; CHANGELOG.md tells what is in it.
enum Version {
    static var text: String { weirVersion }
}
