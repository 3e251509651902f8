import SwiftProtobuf

/// Data that an application moved, MEC 015 V3.1.1 `dataVolDispersion`.
package struct DataVolDispersion: Sendable, Hashable {
    /// Bytes since the last notification, as the link counts them.
    package var dataVol: UInt64
    package var appInsId: String
    /// The terminal, where the allocation is for one session of one.
    package var ueIp: String?

    package init(dataVol: UInt64, appInsId: String, ueIp: String? = nil) {
        self.dataVol = dataVol
        self.appInsId = appInsId
        self.ueIp = ueIp
    }
}

/// The bandwidth of an application changed, or data was moved with it: MEC 015 V3.1.1.
package struct BwChgEventNotification: Sendable, Hashable {
    package var timeStamp: RadioTime
    /// Only what is measured: empty where nobody counts bytes.
    package var dataVolDispersion: [DataVolDispersion]

    package init(timeStamp: RadioTime, dataVolDispersion: [DataVolDispersion] = []) {
        self.timeStamp = timeStamp
        self.dataVolDispersion = dataVolDispersion
    }

    package func writeJSON(to writer: inout JSONWriter, subscription: String) {
        writer.beginObject()
        writer.member("notificationType", "BwChgEventNotification")
        writer.member("timeStamp", timeStamp)
        if !dataVolDispersion.isEmpty {
            writer.beginArray("dataVolDispersion")
            for entry in dataVolDispersion {
                writer.beginObject()
                writer.member("dataVol", entry.dataVol)
                writer.member("appInsId", entry.appInsId)
                writer.member("ueIp", entry.ueIp)
                writer.endObject()
            }
            writer.endArray()
        }
        NotificationLinks.write(subscription, to: &writer)
        writer.endObject()
    }
}

extension Weir_Bandwidth_V1_BwChgEventNotification {
    package init(_ notification: BwChgEventNotification) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(notification.timeStamp)
        dataVolDispersion = notification.dataVolDispersion.map { entry in
            var message = Weir_Bandwidth_V1_DataVolDispersion()
            message.dataVol = entry.dataVol
            message.appInsID = entry.appInsId
            message.ueIp = entry.ueIp ?? ""
            return message
        }
    }
}
