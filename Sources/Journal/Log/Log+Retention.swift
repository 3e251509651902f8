import Synchronization

extension Log {
    func prepareRetention(_ committer: inout Committer, now: UInt64) {}
    func finishRetention(_ committer: inout Committer) {}
}
