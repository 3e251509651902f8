/// What the bridge tells of the server and of its links to others.
package struct RPCHealth: Sendable {
    package struct Link: Sendable {
        package var name: String
        /// In the uplink's words.
        package var state: String
        package var isConnected: Bool
        package var backlogEvents: UInt64
        package var backlogBytes: UInt64

        package init(
            name: String,
            state: String,
            isConnected: Bool,
            backlogEvents: UInt64,
            backlogBytes: UInt64
        ) {
            self.name = name
            self.state = state
            self.isConnected = isConnected
            self.backlogEvents = backlogEvents
            self.backlogBytes = backlogBytes
        }
    }

    /// Journals and streams take what is written.
    package var isStorageWell: Bool
    package var links: [Link]

    package init(isStorageWell: Bool, links: [Link] = []) {
        self.isStorageWell = isStorageWell
        self.links = links
    }
}
